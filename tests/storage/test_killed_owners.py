"""The kernel that drives a set is killed: one other kernel resumes the set."""

from __future__ import annotations

import fcntl
import os
import signal
import sqlite3
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.errors import DrivenElsewhereError
from tests.contract.store_fixtures import python
from tests.fakes import LIMIT, reach
from tests.job_sets import statuses
from tests.ledger import Ledger, TaggedAdapter

Kernel = Callable[..., "subprocess.Popen[str]"]

KERNEL = """
import sys
from qjm_widgets import JobManager
from tests.job_sets import circuits
from tests.ledger import TaggedAdapter, Ledger
store, ledger = sys.argv[1:3]
manager = JobManager(store)
adapter = TaggedAdapter(Ledger(ledger))
"""
"""What every other kernel begins with."""
RUN = """
adapter.max_pending = 1
def event(name):
    if name == "before submit":
        sys.stdin.readline()  # one job for each line
adapter.event = event
job_set = manager.run(circuits(4), adapter, shots=10, max_circuits_per_job=1)
print(job_set.job_set_id(), flush=True)
job_set.wait(30)
sys.stdin.read()
"""
FORK = """
import os, signal
adapter.max_pending = 0
job_set = manager.run(circuits(2), adapter)
child = os.fork()  # as a pool of multiprocessing does
if child == 0:
    os.closerange(0, 3)
    signal.pause()
print(job_set.job_set_id(), flush=True)
print(child, flush=True)
sys.stdin.read()
"""
RESUME = """
job_set = manager.retrieve_job_set(sys.argv[3])
print("ready", flush=True)
sys.stdin.readline()
try:
    job_set.resume(adapter)
except Exception as error:
    print(type(error).__name__, flush=True)
else:
    print("won", flush=True)
    job_set.wait(30)
sys.stdin.read()
"""


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def kernel() -> Iterator[Kernel]:
    """Starts another kernel that runs some code; all are killed in the end."""
    started = []

    def start(code: str, *arguments: str | Path) -> subprocess.Popen[str]:
        started.append(python(KERNEL + code, *arguments))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    text = process.stdout.readline().strip()
    assert text, process.stderr.read() if process.stderr else ""
    return text


def send_line(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def dead(kernel: Kernel, store: Path, ledger: Path) -> str:
    """A set whose kernel was killed after two of its four jobs."""
    process = kernel(RUN, store, ledger)
    set_id = line(process)
    with JobManager(store) as manager:
        job_set = manager.retrieve_job_set(set_id)
        for finished in (1, 2):
            send_line(process)
            reach(job_set, lambda finished=finished: job_set._state.finished == finished)
        process.kill()
        process.wait(LIMIT)
    return set_id


def test_a_killed_kernel_leaves_a_set_that_another_one_resumes(
    kernel: Kernel, store: Path, tmp_path: Path
) -> None:
    process = kernel(RUN, store, tmp_path / "ledger")
    set_id = line(process)
    with JobManager(store) as manager:
        job_set = manager.retrieve_job_set(set_id)
        assert job_set._state.owner is not None
        assert f"process {process.pid} on" in job_set._state.owner
        send_line(process)
        reach(job_set, lambda: statuses(job_set)[:2] == ["done", "sending"])
        adapter = TaggedAdapter(Ledger(tmp_path / "ledger"))
        with pytest.raises(DrivenElsewhereError, match=str(process.pid)):
            job_set.resume(adapter)
        os.kill(process.pid, signal.SIGSTOP)  # a laptop that sleeps keeps its sets
        with pytest.raises(DrivenElsewhereError):
            job_set.resume(adapter)
        process.kill()
        process.wait(LIMIT)
        reach(job_set, lambda: job_set._state.interrupted)
        assert manager.history()[0].interrupted
        job_set.resume(adapter)
        assert job_set.wait(LIMIT)
        if job_set._state.numbers()[Status.HELD]:
            job_set.retry(held=True)
        assert job_set.wait(LIMIT)
        assert statuses(job_set) == ["done"] * 4
    assert set(adapter.ledger.circuit_runs().values()) == {1}


def test_a_process_that_a_killed_kernel_had_forked_does_not_keep_its_sets(
    kernel: Kernel, store: Path, tmp_path: Path
) -> None:
    process = kernel(FORK, store, tmp_path / "ledger")
    set_id, child = line(process), int(line(process))
    try:
        with JobManager(store) as manager:
            assert not manager.history()[0].interrupted
            process.kill()
            process.wait(LIMIT)
            assert manager.history()[0].interrupted
            job_set = manager.retrieve_job_set(set_id)
            job_set.resume(TaggedAdapter(Ledger(tmp_path / "ledger")))
            assert not job_set._state.interrupted
            job_set.cancel()
    finally:
        os.kill(child, signal.SIGKILL)


# -- two at once -------------------------------------------------------------------------------------


def test_only_one_of_several_kernels_resumes_a_set(kernel: Kernel, store: Path, tmp_path: Path) -> None:
    set_id = dead(kernel, store, tmp_path / "ledger")
    ledger = Ledger(tmp_path / "ledger")
    racers = [kernel(RESUME, store, ledger.path, set_id) for _ in range(3)]
    assert [line(racer) for racer in racers] == ["ready"] * 3
    for racer in racers:
        send_line(racer)
    assert sorted(line(racer) for racer in racers) == ["DrivenElsewhereError"] * 2 + ["won"]
    with JobManager(store) as manager:
        job_set = manager.retrieve_job_set(set_id)
        assert job_set.wait(LIMIT)
        assert job_set._state.finished + job_set._state.numbers()[Status.HELD] == 4
    assert set(ledger.circuit_runs().values()) == {1}


def test_checking_owners_does_not_make_them_look_alive(
    kernel: Kernel, store: Path, tmp_path: Path
) -> None:
    """Two that look at the same moment: neither takes the other for the owner."""
    set_id = dead(kernel, store, tmp_path / "ledger")
    file = sqlite3.connect(store)
    ((owner,),) = file.execute("SELECT owner FROM job_sets").fetchall()
    file.close()
    directory = Path(f"{store}.owners")
    directory.mkdir(exist_ok=True)
    with (directory / f"{owner}.lock").open("w") as looking, JobManager(store) as manager:
        fcntl.flock(looking, fcntl.LOCK_SH | fcntl.LOCK_NB)
        job_set = manager.retrieve_job_set(set_id)
        assert job_set._state.interrupted
        job_set.resume(TaggedAdapter(Ledger(tmp_path / "ledger")))
        assert job_set.wait(LIMIT)
