"""A store that fails while a set is under way: fixtures and checks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.engine.engine import BEAT_SECONDS
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, reach
from tests.job_sets import check_done, start, wait_until_idle
from tests.scripted_adapter import ScriptedAdapter


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def adapter() -> ScriptedAdapter:
    return ScriptedAdapter(hold=True, max_pending=3)


@pytest.fixture
def manager(store: Path, clock: JumpingClock) -> Iterator[JobManager]:
    manager = JobManager(store)
    manager._store._connection.execute("PRAGMA busy_timeout = 50")  # type: ignore[union-attr]
    yield manager
    manager._shut_down()


def start_half(manager: JobManager, adapter: ScriptedAdapter) -> JobSet:
    """Return a set of six jobs of which three are at the backend."""
    job_set = start(manager, adapter, 6)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 3)
    wait_until_idle(manager)
    return job_set


def check_trouble(
    manager: JobManager, job_set: JobSet, adapter: ScriptedAdapter, clock: JumpingClock, text: str
) -> None:
    """End a job while the store fails; check that the set says so and submits nothing meanwhile."""
    knocks = len(adapter.knocks)
    adapter.sent[0].finish()
    adapter.sent[0].outcome = large(adapter.sent[0].outcome)
    clock.skip(20)
    manager._engine.post(lambda: None)
    reach(job_set, lambda: text in (job_set._state.trouble or ""))
    assert text in repr(job_set)
    assert text in job_set.report()
    for _ in range(3):
        clock.skip(BEAT_SECONDS)
        handled = threading.Event()
        manager._engine.post(handled.set)
        assert handled.wait(LIMIT)
    assert len(adapter.knocks) == knocks
    assert job_set._state.finished == 0
    assert text in (job_set._state.trouble or "")


def large(outcome: JobOutcome | None) -> JobOutcome:
    """Return the same result with a large header."""
    assert outcome is not None
    (circuit,) = outcome.circuits
    noise = os.urandom(400_000).hex()
    return JobOutcome([replace(circuit, header={"metadata": {"noise": noise}})])


def check_recovery(
    manager: JobManager, job_set: JobSet, adapter: ScriptedAdapter, clock: JumpingClock, store: Path
) -> None:
    """Check that the set continues, loses nothing, and can be read by another manager."""
    adapter.sent[0].finish()
    clock.skip(20)
    manager._engine.post(lambda: None)
    reach(job_set, lambda: job_set._state.trouble is None and job_set._state.finished == 1)
    adapter.hold = False
    for job in list(adapter.sent):
        job.finish()
    finished = 0
    while not job_set.wait(0):
        finished += 1
        assert finished < 1000, job_set.report()
        wait_until_idle(manager)
        clock.skip(5)
    check_done(job_set, 6)
    assert sorted(value for job in adapter.sent for value in job.values) == list(range(6))
    with JobManager(store) as other:
        check_done(other.retrieve_job_set(job_set.job_set_id()), 6)
        assert [len(job.history()) for job in other.job_sets()[0].managed_jobs()] == [
            len(job.history()) for job in job_set.managed_jobs()
        ]
    file = sqlite3.connect(store)
    assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    file.close()


# -- full --------------------------------------------------------------------------------------------


def can_mount() -> bool:
    """Return whether this user may mount a small disk."""
    with tempfile.TemporaryDirectory() as place:
        made = (
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True).returncode == 0
        )
        if made:
            subprocess.run(["umount", place], check=True)
        return made
