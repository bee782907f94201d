"""Serving the page during a wait depends on internals of ipykernel; without them a wait still works."""

from types import SimpleNamespace
from typing import Any

import IPython
import pytest

from qjm_widgets.widgets import comm_pump


class Widget:
    """A widget with a comm."""


@pytest.fixture(autouse=True)
def _widget(monkeypatch: pytest.MonkeyPatch) -> Any:
    widget = Widget()
    # A separate mapping, because another test's panel may still exist.
    monkeypatch.setattr(comm_pump, "COMMS", {"a comm": widget})
    return widget


def _runs_in(kernel: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(IPython, "get_ipython", lambda: SimpleNamespace(kernel=kernel))


KERNELS = {
    "none": None,
    "a kernel that has no queue": SimpleNamespace(),
    "a queue without a stream": SimpleNamespace(shell_stream=None),
    "a stream without what we need": SimpleNamespace(shell_stream=SimpleNamespace(socket=None)),
    "another socket": SimpleNamespace(
        shell_stream=SimpleNamespace(socket=SimpleNamespace(), _recv_callback=print)
    ),
    "subshells of another kind": SimpleNamespace(
        shell_channel_thread=SimpleNamespace(manager=SimpleNamespace())
    ),
}


@pytest.mark.parametrize("name", KERNELS)
def test_an_unknown_kernel_is_left_alone(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    _runs_in(KERNELS[name], monkeypatch)
    with comm_pump.pump_messages() as pump:
        assert pump is None


def test_without_a_widget_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(comm_pump.COMMS, "a comm")
    stream = SimpleNamespace(socket=SimpleNamespace(recv_multipart=print), _recv_callback=print)
    _runs_in(SimpleNamespace(shell_stream=stream), monkeypatch)
    with comm_pump.pump_messages() as pump:
        assert pump is None
