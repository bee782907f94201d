"""``%qjm`` in a real kernel, and its completions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jupyter_client.blocking import BlockingKernelClient
from jupyter_client.manager import KernelManager

from tests.fakes import LIMIT

SETUP = """
from qiskit import QuantumCircuit
from qjm_widgets import JobManager
from qjm_widgets.classroom import ClassroomBackend
coin = QuantumCircuit(1, 1, name="coin")
coin.h(0)
coin.measure(0, 0)
backend = ClassroomBackend(speed=0)
manager = JobManager()
job_set = manager.run([coin] * 2, backend, shots=10, name="waits", max_circuits_per_job=1)
assert job_set.wait(30, until="submitted")
%load_ext qjm_widgets
job_set.job_set_id()
"""


class Kernel:
    """A kernel with one set that waits in a queue; ``id`` is the set's."""

    def __init__(self, client: BlockingKernelClient) -> None:
        self.client = client
        self.id = self.run(SETUP)["text/plain"].strip("'")

    def run(self, code: str) -> dict[str, str]:
        """Run a cell; return its outputs by kind, errors as ``error``, prints as ``stdout``."""
        found: dict[str, str] = {}

        def collect(message: Any) -> None:
            content = message["content"]
            if message["msg_type"] in ("display_data", "execute_result"):
                found.update(content["data"])
            elif message["msg_type"] == "stream":
                found[content["name"]] = found.get(content["name"], "") + content["text"]

        reply = self.client.execute_interactive(
            code, timeout=LIMIT, output_hook=collect, store_history=False
        )["content"]
        if reply["status"] == "error":
            found["error"] = f"{reply['ename']}: {reply['evalue']}"
        return found

    def tab(self, code: str) -> list[str]:
        """Return the completions at the end of a line."""
        message = self.client.complete(code, reply=True, timeout=LIMIT)
        return list(message["content"]["matches"])


@pytest.fixture(scope="module")
def kernel(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Kernel]:
    home = tmp_path_factory.mktemp("magics")
    manager = KernelManager(kernel_name="python3")
    manager.start_kernel(cwd=str(home), env={**os.environ, "QJM_STORE": str(home / "store")})
    client = manager.blocking_client()
    client.start_channels()
    try:
        client.wait_for_ready(timeout=LIMIT)
        yield Kernel(client)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)


def test_it_lists_the_sets(kernel: Kernel) -> None:
    shown = kernel.run("%qjm")
    assert "application/vnd.jupyter.widget-view+json" in shown
    assert kernel.id in shown["text/html"]


def test_it_shows_a_set_by_id_beginning_or_name(kernel: Kernel) -> None:
    for text in (kernel.id, kernel.id[:8], "waits"):
        shown = kernel.run(f"%qjm show {text}")
        assert "waits" in shown["text/plain"]
        assert "<table" in shown["text/html"]


def test_it_shows_a_group_by_its_name(kernel: Kernel) -> None:
    kernel.run("manager.run(coin, backend, shots=10, group='many coins')")
    shown = kernel.run("%qjm show many coins")
    assert "Group: many coins" in shown["text/plain"]
    assert "application/vnd.jupyter.widget-view+json" in shown


def test_tab_completes_words_and_ids(kernel: Kernel) -> None:
    assert kernel.tab("%qjm sh") == ["show"]
    assert {"show", "cancel", "teaching"} <= set(kernel.tab("%qjm "))
    assert kernel.tab(f"%qjm show {kernel.id[:3]}") == [kernel.id]
    assert kernel.id in kernel.tab("%qjm cancel ")
    assert {"on", "off"} <= set(kernel.tab("%qjm teaching o"))


def test_teaching_is_a_flag_of_the_kernel(kernel: Kernel) -> None:
    kernel.run("from qjm_widgets.widgets import settings")
    for word, state in (("on", "True"), ("off", "False")):
        kernel.run(f"%qjm teaching {word}")
        assert kernel.run("settings.get()")["text/plain"] == state


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("%qjm sing", "%qjm has no command 'sing'"),
        ("%qjm show", "which set?"),
        ("%qjm show nothing", "no job set 'nothing'"),
        ("%qjm teaching maybe", "%qjm teaching is on or off, not 'maybe'"),
    ],
)
def test_a_wrong_line_fails_in_one_line(kernel: Kernel, line: str, message: str) -> None:
    answer = kernel.run(line)
    assert answer["error"].startswith("UsageError")
    assert message in answer["error"]


def test_it_cancels_what_a_manager_of_the_notebook_drives(kernel: Kernel) -> None:
    assert kernel.run("%qjm cancel waits")["stdout"] == "cancelling 2 jobs of 'waits'\n"
    kernel.run("assert job_set.wait(30)")
    assert "2 cancelled" in kernel.run("print(job_set.report(False))")["stdout"]


def test_it_can_be_unloaded(kernel: Kernel) -> None:
    kernel.run("%unload_ext qjm_widgets")
    assert "UsageError" in kernel.run("%qjm")["stderr"]
    assert kernel.tab(f"%qjm show {kernel.id[:3]}") == []
    kernel.run("%load_ext qjm_widgets")
    assert kernel.tab(f"%qjm show {kernel.id[:3]}") == [kernel.id]


def test_without_a_manager_the_users_own_store_is_used(kernel: Kernel, tmp_path: Path) -> None:
    kernel.run("manager.close()")
    assert kernel.id in kernel.run("%qjm")["text/html"]
