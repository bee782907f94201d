"""``qjm`` as a process of its own: what it loads, its table in a real terminal, and an interrupt."""

from __future__ import annotations

import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.classroom import ClassroomBackend
from tests.classroom.lessons import coins, lesson
from tests.fakes import LIMIT, reach

QJM = [sys.executable, "-m", "qjm_widgets.cli"]
LOADED = """
import sys
from qjm_widgets.cli import main
main(["list"])
print([name for name in ("qiskit", "anywidget", "plotly", "rich", "pandas") if name in sys.modules])
"""


def test_listing_loads_neither_qiskit_nor_widgets() -> None:
    done = subprocess.run([sys.executable, "-c", LOADED], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_command_is_installed_with_the_package() -> None:
    from importlib.metadata import entry_points

    (entry,) = [each for each in entry_points(group="console_scripts") if each.name == "qjm"]
    assert entry.value == "qjm_widgets.cli:main"


def test_another_process_gets_the_owner_of_the_set(store_path: Path) -> None:
    with JobManager(store_path) as manager:
        job_set = manager.run(coins(1), lesson(), shots=10, name="mine")
        assert job_set.wait(LIMIT, until="submitted")
        words = [*QJM, "cancel", "mine"]
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        assert done.returncode == 4
        assert f"another kernel (process {os.getpid()} on " in done.stderr


FOUND = """
import sys
from qjm_widgets.cli.parser import backend_of
print(*backend_of("lab:found"), sep="\\n")
"""


@pytest.mark.parametrize("first", [True, False])
def test_installed_packages_come_before_the_current_folder(tmp_path: Path, first: bool) -> None:
    (tmp_path / "lab.py").write_text("import pandas, mine\ndef found(): return pandas, mine\n")
    for name in ("pandas", "mine"):
        (tmp_path / f"{name}.py").write_text("")
    path = [str(Path.cwd()), *sys.path[1:]]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([""] * first + path)}
    done = subprocess.run(
        [sys.executable, *["-P"][first:], "-c", FOUND],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    pandas, mine = done.stdout.splitlines()
    assert "site-packages" in pandas
    assert str(tmp_path / "mine.py") in mine


class Terminal:
    """A process in a pseudo-terminal of 12 lines."""

    def __init__(self, *words: str, columns: int = 80) -> None:
        self._ours, theirs = pty.openpty()
        environment = {**os.environ, "TERM": "xterm", "COLUMNS": str(columns), "LINES": "12"}
        self.process = subprocess.Popen(
            [*QJM, *words], stdin=theirs, stdout=theirs, stderr=theirs, env=environment
        )
        os.close(theirs)
        self.text = ""

    def read_until(self, pattern: str) -> None:
        """Read its output until a pattern matches."""
        deadline = time.monotonic() + LIMIT
        while not re.search(pattern, self.text):
            left = deadline - time.monotonic()
            assert left > 0, self.text
            assert select.select([self._ours], [], [], left)[0], self.text
            self._read()

    def end(self) -> int:
        """Read the rest, and return the exit code."""
        deadline = time.monotonic() + LIMIT
        while self.process.poll() is None:
            assert time.monotonic() < deadline, self.text
            if select.select([self._ours], [], [], 0.1)[0]:
                self._read()
        os.close(self._ours)
        return self.process.returncode

    def _read(self) -> None:
        try:
            self.text += os.read(self._ours, 65536).decode()
        except OSError:  # the other side has closed it
            self.process.wait(LIMIT)


@pytest.fixture
def warm(store_path: Path) -> JobManager:
    """A kernel that drives a set of 30 jobs with a stopped clock."""
    manager = JobManager(store_path)
    backend = lesson(fail={0: "it got [bold]too[/bold] warm"})
    job_set = manager.run(coins(30), backend, shots=10, max_circuits_per_job=1, name="warm")
    reach(job_set, lambda: job_set._state.jobs[29].queue_position == 29)
    return manager


def test_the_table_in_a_terminal_follows_the_kernel(warm: JobManager) -> None:
    (job_set,) = warm.job_sets()
    backend = job_set.jobs()[0].backend()
    terminal = Terminal("watch", "warm")
    terminal.read_until(r"Running[\s\S]*24 more jobs · 0 of 30 done, 1 running, 29 queued")
    backend.clock.advance(10)
    terminal.read_until(r"\[bold\]too\[/bold\] warm")
    backend.clock.advance(1000)
    assert job_set.wait(LIMIT)
    assert terminal.end() == 1
    assert "29 of 30 done, 1 error" in terminal.text
    warm.close()


def test_a_narrow_terminal_gets_fewer_columns_and_whole_words(warm: JobManager) -> None:
    terminal = Terminal("watch", "warm", columns=32)
    terminal.read_until("29\\s+queued")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    plain = re.sub(r"\x1b\[[\d;?]*\w", "", terminal.text).split("\r\n")
    assert plain[1].split() == ["job", "status", "queue", "ran"]
    assert plain[2].split()[:2] == ["0", "Running"]
    assert plain[3].split() == ["1", "Queued", "1", "–"]
    warm.close()


def test_an_interrupt_ends_watching_and_no_job(warm: JobManager) -> None:
    (job_set,) = warm.job_sets()
    terminal = Terminal("watch", "warm")
    terminal.read_until("1 running, 29 queued")
    terminal.process.send_signal(signal.SIGINT)
    assert terminal.end() == 130
    assert "interrupted; jobs that were sent continue" in terminal.text
    assert not job_set.wait(0)
    warm.close()


def test_a_pipe_that_closes_early_is_no_error(store_path: Path) -> None:
    with JobManager(store_path) as manager:
        for _ in range(3):
            assert manager.run(coins(1), ClassroomBackend(speed=1000), shots=1).wait(LIMIT)
    command = f"{' '.join(QJM)} list | head -n 1"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, check=False
    )
    assert done.stderr == ""
    assert len(done.stdout.splitlines()) == 1
