"""The store fails under a running engine: it keeps its changes, says so, and submits nothing."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from qiskit.circuit import Instruction

from qjm_widgets import JobManager, JobSet
from qjm_widgets.engine.user_requests import cancel_jobs
from qjm_widgets.errors import StoreError, StoreFullError
from tests.clocks import JumpingClock
from tests.contract.store_fixtures import python
from tests.fakes import LIMIT, marked, reach
from tests.job_sets import check_done, start, statuses, wait_until_idle
from tests.scripted_adapter import ScriptedAdapter
from tests.store_failures import (
    adapter,
    can_mount,
    check_recovery,
    check_trouble,
    manager,
    start_half,
    store,
)

__all__ = ["adapter", "manager", "store"]


@contextmanager
def full_file(store: Path, manager: JobManager) -> Iterator[None]:
    """Let SQLite use no further page."""
    connection = manager._store._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")  # no less than it has
    yield
    if manager._store._connection is connection:  # not closed meanwhile
        connection.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def full_disk(store: Path, manager: JobManager) -> Iterator[None]:
    """Fill the disk."""
    filler = store.with_name("filler")
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):  # noqa: PT012
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


@pytest.mark.parametrize("full", [full_file] + [full_disk] * (sys.platform == "linux" and can_mount()))
def test_a_full_disk_stops_submissions_and_loses_nothing(
    full: Any, adapter: ScriptedAdapter, clock: JumpingClock, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    small = full is full_disk
    if small:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        with JobManager(disk / "store") as manager:
            job_set = start_half(manager, adapter)
            with full(disk / "store", manager):
                check_trouble(manager, job_set, adapter, clock, "No space is left")
                sets = len(manager.job_sets())
                with pytest.raises(StoreFullError, match="Free some space"):
                    start(manager, ScriptedAdapter(name="other"), 3000)
                assert len(manager.job_sets()) - sets == len(manager.history()) - 1
                with pytest.raises(StoreFullError):
                    job_set.update_name("another " * 10_000)
            check_recovery(manager, job_set, adapter, clock, disk / "store")
    finally:
        if small:
            subprocess.run(["umount", disk], check=True)


def test_a_circuit_that_cannot_be_written_is_named_and_runs(manager: JobManager) -> None:
    odd = [marked(value) for value in range(3)]
    odd[1].append(Unwritten(), [0])
    with pytest.warns(UserWarning, match="circuit 1"):
        job_set = start(manager, ScriptedAdapter(), 0, circuits=odd)
    assert job_set._state.record.unstored_circuits == (1,)
    check_done(job_set, 3)


class Unwritten(Instruction):
    """An instruction that cannot be written to a file."""

    def __init__(self) -> None:
        super().__init__("unwritten", 1, 0, [])

    @property
    def definition(self) -> Any:
        raise RuntimeError("nobody can write this")


def test_closing_while_the_store_is_full_names_unstored_changes(
    manager: JobManager, adapter: ScriptedAdapter, clock: JumpingClock, store: Path
) -> None:
    job_set = start_half(manager, adapter)
    with full_file(store, manager):
        check_trouble(manager, job_set, adapter, clock, "No space is left")
        with (
            pytest.warns(UserWarning, match="3 jobs not sent yet"),
            pytest.warns(UserWarning, match="could not be stored: No space is left"),
        ):
            manager.close()
    adapter.hold = False
    for job in adapter.sent:
        job.finish()
    with JobManager(store) as other:
        again = other.retrieve_job_set(job_set.job_set_id())
        again.resume(adapter)
        check_done(again, 6)
    assert sorted(value for job in adapter.sent for value in job.values) == list(range(6))


# -- locked ------------------------------------------------------------------------------------------

HOLD = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN " + sys.argv[2])
print("held", flush=True)
sys.stdin.readline()
file.execute("COMMIT")
"""


def test_a_locked_store_stops_submissions_and_loses_nothing(
    manager: JobManager, adapter: ScriptedAdapter, clock: JumpingClock, store: Path
) -> None:
    job_set = start_half(manager, adapter)
    holder = python(HOLD, store, "EXCLUSIVE")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    check_trouble(manager, job_set, adapter, clock, "Another process held the job store")
    engine = manager._engine
    parts = engine._parts(state_of(manager, job_set))
    with pytest.raises(StoreError, match="no need to repeat the request"):
        engine.execute(lambda: cancel_jobs(*parts, [5]), 0.1)
    holder.communicate("\n", timeout=LIMIT)
    clock.skip(5)
    manager._engine.post(lambda: None)
    reach(job_set, lambda: statuses(job_set)[5] == "cancelled")
    adapter.hold = False
    for job in list(adapter.sent):
        job.finish()
    for _ in range(10):
        wait_until_idle(manager)
        clock.skip(5)
    assert statuses(job_set) == ["done"] * 5 + ["cancelled"]
    assert sorted(value for job in adapter.sent for value in job.values) == list(range(5))


def state_of(manager: JobManager, job_set: JobSet) -> Any:
    return manager._engine._sets[job_set.job_set_id()]


def test_circuits_that_cannot_be_read_from_the_store_are_sent_later(
    store: Path, adapter: ScriptedAdapter, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = JobManager(store)
    job_set = start_half(first, adapter)
    first._shut_down()
    with JobManager(store) as manager:
        real = manager._store.get_circuits
        failures = iter([StoreError("the store failed")] * 3)

        def get_circuits(set_id: str, span: Any) -> Any:
            for error in failures:
                raise error
            return real(set_id, span)

        monkeypatch.setattr(manager._store, "get_circuits", get_circuits)
        again = manager.retrieve_job_set(job_set.job_set_id())
        adapter.hold = False
        for job in adapter.sent:
            job.finish()
        again.resume(adapter)
        for _ in range(10):
            wait_until_idle(manager)
            clock.skip(5)
        check_done(again, 6)
    assert sorted(value for job in adapter.sent for value in job.values) == list(range(6))
