"""A result that the store can never hold fails only its job; a large one is cut into rows."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.engine import transitions
from qjm_widgets.errors import StoreFullError
from qjm_widgets.storage import large_values
from tests.clocks import JumpingClock
from tests.contract.store_fixtures import answer
from tests.fakes import LIMIT, reach
from tests.job_sets import check_done, start, statuses
from tests.scripted_adapter import ScriptedAdapter

LARGEST = 200_000


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "store")
    yield manager
    manager._shut_down()


def small(manager: JobManager) -> None:
    """Limit the size of stored values from now on, as SQLite does at 10^9 bytes."""
    connection = manager._store._connection
    assert connection is not None
    connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, LARGEST)


def large(adapter: ScriptedAdapter, number: int) -> None:
    """End a job with a result beyond that limit."""
    job = adapter.sent[number]
    job.finish()
    assert job.outcome is not None
    (circuit,) = job.outcome.circuits
    job.outcome = JobOutcome([replace(circuit, header={"noise": os.urandom(LARGEST).hex()})])


def test_a_result_that_can_never_be_stored_fails_only_its_job(
    manager: JobManager, tmp_path: Path
) -> None:
    adapter, other = ScriptedAdapter(hold=True), ScriptedAdapter(hold=True, name="other")
    odd, good = start(manager, adapter, 4), start(manager, other, 3)
    for job_set in (odd, good):
        assert job_set.wait(LIMIT, until="submitted")
    small(manager)
    large(adapter, 1)
    for job in [*adapter.sent, *other.sent[:2]]:
        if job is not adapter.sent[1]:
            job.finish()
    reach(odd, lambda: odd._state.settled)
    assert statuses(odd) == ["done", "error", "done", "done"]
    assert "cannot be stored" in (odd._state.jobs[1].error or "")
    assert "too big" in (odd._state.jobs[1].error or "")
    assert good.cancel(2) == 1  # answered at once
    assert good.wait(LIMIT)
    assert statuses(good) == ["done", "done", "cancelled"]
    check_done(start(manager, ScriptedAdapter(name="third"), 2), 2)
    for job_set in manager.job_sets():
        assert job_set._state.trouble is None
    with JobManager(tmp_path / "store") as reader:
        again = reader.retrieve_job_set(odd.job_set_id())
        assert statuses(again) == statuses(odd)
        assert again._state.jobs[1].error == odd._state.jobs[1].error
        assert again.results(partial=True).get_counts(2) == {format(2, "010b"): 10}
    assert len(adapter.sent) == 4


def test_a_job_that_could_not_be_stored_is_run_again_by_a_retry(manager: JobManager) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 2)
    assert job_set.wait(LIMIT, until="submitted")
    small(manager)
    large(adapter, 0)
    adapter.sent[1].finish()
    reach(job_set, lambda: statuses(job_set) == ["error", "done"])
    adapter.hold = False
    assert job_set.retry() == 1
    check_done(job_set, 2)


def test_a_full_store_is_not_taken_for_a_value_that_cannot_be_stored(
    manager: JobManager, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 2)
    assert job_set.wait(LIMIT, until="submitted")
    real, failures = manager._store.commit, iter([StoreFullError("No space is left.")] * 3)

    def commit(changes: Any) -> None:
        for error in failures:
            raise error
        real(changes)

    monkeypatch.setattr(manager._store, "commit", commit)
    for job in adapter.sent:
        job.finish()
    check_done(job_set, 2)


def test_a_result_for_which_there_is_no_memory_fails_its_job_alone(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 3)
    assert job_set.wait(LIMIT, until="submitted")
    real = transitions.encode_outcome_in_pieces

    def encode(outcome: JobOutcome, *beside: Any) -> Any:
        if outcome is adapter.sent[1].outcome:
            raise MemoryError
        return real(outcome, *beside)

    monkeypatch.setattr(transitions, "encode_outcome_in_pieces", encode)
    for job in adapter.sent:
        job.finish()
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["done", "error", "done"]
    assert "MemoryError" in (job_set._state.jobs[1].error or "")


READ = """
import sys
from qjm_widgets import JobManager
with JobManager(sys.argv[1]) as manager:
    print(manager.retrieve_job_set(sys.argv[2]).results().get_counts(1))
"""


def test_a_result_in_many_rows_is_read_by_another_process(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(large_values, "PART_BYTES", 50_000)
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 3)
    assert job_set.wait(LIMIT, until="submitted")
    for number in range(3):
        large(adapter, number)
    check_done(job_set, 3)
    assert job_set._state.numbers()[Status.DONE] == 3
    found = manager._store._connection.execute("SELECT min(parts) FROM outcomes").fetchone()  # type: ignore[union-attr]
    assert found[0] >= 8
    assert answer(READ, tmp_path / "store", job_set.job_set_id()) == "{'0000000001': 10}"
    job_set.results(refresh=True)
    check_done(job_set, 3)
    path = tmp_path / "set.qjm"
    manager.export(job_set, path)
    with JobManager(tmp_path / "elsewhere") as elsewhere:
        check_done(elsewhere.load(path), 3)
