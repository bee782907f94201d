"""Repeated displays of a set add no watchers."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.widgets import display
from qjm_widgets.widgets.panel import Panel
from tests.fakes import LIMIT, ScriptedBackend, marked


@pytest.fixture
def manager(monkeypatch: pytest.MonkeyPatch) -> Iterator[JobManager]:
    """A manager in a process that looks like a kernel."""
    monkeypatch.setattr(display, "_in_kernel", lambda: True)
    monkeypatch.setattr(display, "_publish", lambda bundle: None)
    with JobManager(":memory:") as manager:
        yield manager


@pytest.fixture
def job_set(manager: JobManager) -> JobSet:
    job_set = manager.run([marked(1)], ScriptedBackend(hold=True), shots=10)
    assert job_set.wait(LIMIT, until="submitted")
    return job_set


def watchers(manager: JobManager, job_set: JobSet) -> tuple[int, int]:
    return len(manager._session.watchers), len(job_set._state.watchers)


def test_displays_of_a_set_share_their_watchers(
    manager: JobManager, job_set: JobSet, capsys: pytest.CaptureFixture[str]
) -> None:
    manager._ipython_display_()
    job_set._ipython_display_()
    before = watchers(manager, job_set)
    shown = manager._shown, job_set._shown
    for _ in range(50):
        manager._ipython_display_()
        job_set._ipython_display_()
        job_set._shown._ipython_display_()  # type: ignore[union-attr]
    assert watchers(manager, job_set) == before
    assert (manager._shown, job_set._shown) == shown
    assert capsys.readouterr().out.count("text/html") == 101


def test_a_closed_widget_is_made_again(manager: JobManager, job_set: JobSet) -> None:
    for _ in range(3):
        manager._ipython_display_()
        job_set._ipython_display_()
        shown: list[Any] = [manager._shown, job_set._shown]
        for widget in shown:
            assert widget.comm is not None
            widget.close()
    assert watchers(manager, job_set) == (0, 2)  # the manager itself, and the static output


def test_a_panel_without_views_watches_nothing(manager: JobManager, job_set: JobSet) -> None:
    _, before = watchers(manager, job_set)
    panels = [job_set.panel() for _ in range(50)]
    for panel in panels:
        assert isinstance(panel, Panel)
        for view in ("a", "b"):
            panel._receive(None, {"v": 1, "kind": "hello", "view": view}, [])
        panel._receive(None, {"v": 1, "kind": "bye", "view": "a"}, [])
    assert watchers(manager, job_set)[1] == before + 50
    for panel in panels:
        panel._receive(None, {"v": 1, "kind": "bye", "view": "b"}, [])
    assert watchers(manager, job_set)[1] == before
    panels[0]._receive(None, {"v": 1, "kind": "hello", "view": "c"}, [])
    assert watchers(manager, job_set)[1] == before + 1
