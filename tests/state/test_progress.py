"""The progress line on a terminal."""

import io
import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from qjm_widgets import JobManager
from qjm_widgets.state import progress as module
from tests.fakes import LIMIT, ScriptedBackend, marked, reach


class Terminal(io.StringIO):
    """A stream that claims to be a terminal."""

    def isatty(self) -> bool:
        return True

    def lines(self) -> list[str]:
        """What was seen of it, one text for each time it was written."""
        return [line.rstrip() for line in re.split(r"[\r\n]+", self.getvalue()) if line.strip()]


@pytest.fixture
def manager() -> Iterator[JobManager]:
    with JobManager(":memory:") as manager:
        yield manager


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Print at each update, so that the tests do not wait."""
    for name in ("_SILENT", "_REDRAW", "_LOG_EVERY"):
        monkeypatch.setattr(module, name, 0.0)


def _run(
    manager: JobManager, stream: io.StringIO, progress: bool | None, patch: pytest.MonkeyPatch
) -> None:
    """Wait for three jobs: each ends after the progress of the one before was printed."""
    backend = ScriptedBackend(hold=True)
    job_set = manager.run([marked(i) for i in range(3)], backend, name="sweep", max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted", progress=False)
    patch.setattr(sys, "stderr", stream)
    backend.sent[0].finish()
    reach(job_set, lambda: job_set._state.finished == 1)
    assert job_set.wait(0.01, progress=progress) is False
    for job in backend.sent[1:]:
        job.finish()
    assert job_set.wait(LIMIT, progress=progress) is True


def test_a_terminal_gets_one_line(manager: JobManager, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "100")
    _run(manager, terminal, None, monkeypatch)
    printed = terminal.lines()
    assert printed[0].startswith("[######..............] sweep: 1 of 3 done, 2 queued · ")
    assert printed[-1].startswith("[####################] sweep: 3 of 3 done · ")
    assert terminal.getvalue().endswith("\n")


def test_a_narrow_terminal_gets_a_line_that_fits(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "40")
    _run(manager, terminal, None, monkeypatch)
    assert max(map(len, terminal.lines())) == 39


def test_a_log_gets_no_progress_unless_it_is_requested(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = io.StringIO()
    _run(manager, log, None, monkeypatch)
    assert log.getvalue() == ""
    _run(manager, log, True, monkeypatch)
    assert "\r" not in log.getvalue()
    assert re.match(r"sweep: 1 of 3 done, 2 queued · \d", log.getvalue())
    assert re.search(r"\nsweep: 3 of 3 done · [\d.]+ s\n$", log.getvalue())


def test_a_terminal_may_be_left_alone(manager: JobManager, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    _run(manager, terminal, False, monkeypatch)
    assert terminal.getvalue() == ""


def test_a_stream_that_is_closed_does_not_end_the_wait(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    terminal.close()
    _run(manager, terminal, True, monkeypatch)


def test_a_terminal_shows_how_far_run_is_with_saving(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Terminal()
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.setattr(sys, "stderr", terminal)
    manager.run([marked(i) for i in range(6)], ScriptedBackend(), max_circuits_per_job=2)
    shown = terminal.lines()
    assert shown[0].startswith("[######..............] saving 2 of 6 circuits · ")
    assert shown[-1].startswith("[####################] saved 6 circuits · ")


def test_a_script_on_a_terminal_shows_the_line_and_loads_nothing_of_the_notebook() -> None:
    code = """
import sys, threading
from qiskit import QuantumCircuit
from qiskit.providers.basic_provider import BasicSimulator
from qjm_widgets import JobManager

class Slow(BasicSimulator):
    printed = threading.Event()
    def run(self, circuits, **options):
        self.printed.wait(30)
        return super().run(circuits, **options)

class Listening:
    def __init__(self, terminal):
        self.terminal = terminal
    def __getattr__(self, name):
        return getattr(self.terminal, name)
    def write(self, text):
        Slow.printed.set()  # the job ends when progress was printed
        return self.terminal.write(text)

sys.stderr = Listening(sys.stderr)
circuit = QuantumCircuit(1, 1)
circuit.measure(0, 0)
job_set = JobManager(":memory:").run(circuit, Slow(), name="slow", shots=10)
job_set.results()
job_set.report()
loaded = {"IPython", "anywidget", "ipywidgets", "plotly", "ipykernel"} & set(sys.modules)
print("loaded:", sorted(loaded), file=sys.__stdout__)
"""
    reader, terminal = pty.openpty()
    seen = bytearray()

    def read() -> None:
        try:
            while piece := os.read(reader, 4096):
                seen.extend(piece)
        except OSError:  # the last writer has closed it
            pass

    listening = threading.Thread(target=read)
    listening.start()
    try:
        done = subprocess.run(
            [sys.executable, "-c", code],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=terminal,
            text=True,
            timeout=120,
            check=True,
        )
    finally:
        os.close(terminal)
        listening.join(LIMIT)
        os.close(reader)
    assert done.stdout == "loaded: []\n"
    printed = seen.decode()
    assert "slow: 0 of 1 done" in printed
    assert "slow: 1 of 1 done" in printed
    assert printed.endswith("\r\n")
