"""Two managers on one store: each set is driven by one of them, and followed by the other."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.cli import main as cli
from qjm_widgets.core.records import Status
from qjm_widgets.errors import DrivenElsewhereError, InvalidStateError
from qjm_widgets.widgets.set_query import SetQuery, listing
from qjm_widgets.widgets.view_updates import ViewUpdates
from tests.fakes import LIMIT, reach
from tests.job_sets import check_done, circuits, run_turn, start
from tests.ledger import Refused
from tests.scripted_adapter import ScriptedAdapter


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def managers(store: Path) -> Iterator[list[JobManager]]:
    """Two managers of this process."""
    managers = [JobManager(store), JobManager(store)]
    yield managers
    for manager in managers:
        manager._shut_down()


# -- following ---------------------------------------------------------------------------------------


def test_another_manager_sees_the_progress_live_and_cannot_interfere(
    managers: list[JobManager],
) -> None:
    first, second = managers
    adapter = ScriptedAdapter(hold=True, max_pending=1)
    job_set = start(first, adapter, 3)
    seen = second.retrieve_job_set(job_set.job_set_id())
    assert seen._state.owner == "another manager of this kernel"
    assert not seen._state.interrupted
    assert "driven by another manager of this kernel" in repr(second.history())
    for call in (
        seen.cancel,
        lambda: seen.resume(adapter),
        seen.pause,
        seen.unpause,
    ):
        with pytest.raises(DrivenElsewhereError, match="another manager"):
            call()
    with pytest.raises(InvalidStateError, match="under way"):
        second.delete(seen.job_set_id())
    assert second.prune(0) == 0
    for number in range(3):
        reach(job_set, lambda number=number: len(adapter.sent) == number + 1)
        adapter.sent[number].finish()
        reach(seen, lambda number=number: seen._state.finished == number + 1)
        assert seen.results(partial=True).get_counts(number) == {format(number, "010b"): 10}
    check_done(job_set, 3)
    check_done(seen, 3)
    assert [job.cancels for job in adapter.sent] == [0, 0, 0]


def test_a_set_of_a_closed_manager_is_resumed_by_another_one(
    managers: list[JobManager],
) -> None:
    first, second = managers
    adapter = ScriptedAdapter(hold=True, max_pending=1)
    job_set = start(first, adapter, 3)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED])
    seen = second.retrieve_job_set(job_set.job_set_id())
    with pytest.warns(UserWarning, match="2 jobs not sent"):
        first.close()
    reach(seen, lambda: seen._state.interrupted)
    assert second.history()[0].interrupted
    assert "1 queued, 2 not sent; interrupted" in repr(second.history())
    assert "interrupted: nobody drives it, resume() does" in seen.report()
    assert "its manager was closed" in job_set.report()
    with pytest.raises(InvalidStateError, match="resume"):
        seen.cancel()
    adapter.sent[0].finish()
    adapter.hold = False
    seen.resume(adapter)
    check_done(seen, 3)
    assert adapter.knocks == [[0], [1], [2]]


def test_halves_made_by_another_manager_are_followed(managers: list[JobManager]) -> None:
    def refuse(number: int, submission: object) -> None:
        if len(adapter.knocks[-1]) > 2:
            raise Refused("payload too large", 413)

    first, second = managers
    adapter = ScriptedAdapter(refuse=refuse, hold=True)
    job_set = first.run(circuits(7), adapter, shots=10)
    seen = second.retrieve_job_set(job_set.job_set_id())
    assert job_set.wait(LIMIT, until="submitted")
    for job in adapter.sent:
        job.finish()
    check_done(job_set, 7)
    check_done(seen, 7)


# -- a lease that is lost ----------------------------------------------------------------------------


def take_over(store: Path, job_set: JobSet, other: JobManager, adapter: ScriptedAdapter) -> JobSet:
    """Another manager claims a set whose lock file somebody removed."""
    for lock in Path(f"{store}.owners").glob("*.lock"):
        lock.unlink()
    taken = other.retrieve_job_set(job_set.job_set_id())
    taken.resume(adapter)
    return taken


def test_a_set_that_was_claimed_elsewhere_is_neither_written_nor_submitted_here(
    store: Path, managers: list[JobManager]
) -> None:
    first, second = managers
    mine, theirs = ScriptedAdapter(hold=True, max_pending=2), ScriptedAdapter(hold=True)
    job_set = start(first, mine, 4)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 2)
    theirs.sent = list(mine.sent)
    taken = take_over(store, job_set, second, theirs)
    reach(taken, lambda: len(theirs.sent) == 4)
    mine.sent[0].finish()  # the first would send another one now
    reach(job_set, lambda: job_set._state.adapter is None)
    run_turn(first)
    assert len(mine.knocks) == 2
    assert job_set._state.owner == "another manager of this kernel"
    with pytest.raises(DrivenElsewhereError):
        job_set.cancel()
    for job in theirs.sent:
        job.finish()
    check_done(taken, 4)
    check_done(job_set, 4)  # which follows now
    assert [len(taken.managed_jobs()[row].history()) for row in (2, 3)] == [3, 3]


def test_jobs_claimed_before_the_lease_was_lost_are_not_submitted(
    store: Path, managers: list[JobManager]
) -> None:
    first, second = managers
    mine = ScriptedAdapter(hold=True)
    job_set = start(first, mine, 8)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 8)
    mine.gates["submit"] = threading.Event()
    mine.entered["submit"].clear()
    for job in mine.sent:
        job.status = Status.ERROR
    assert job_set.wait(LIMIT)
    assert job_set.retry() == 8
    assert mine.entered["submit"].wait(LIMIT)
    theirs = ScriptedAdapter(hold=True)
    taken = take_over(store, job_set, second, theirs)
    first._engine.execute(
        lambda: first._engine._transitions.amend(first._engine._sets[job_set.job_set_id()], 0)
    )
    reach(job_set, lambda: job_set._state.adapter is None)
    mine.gates["submit"].set()
    for worker in first._engine._workers.values():
        worker.call_queues[0].stop()
        assert worker.call_queues[0].join(LIMIT)
    assert len(mine.knocks) == 9, "only the call that was under way"
    assert taken.cancel() == 8


def test_only_a_finished_set_of_another_manager_can_be_deleted(
    managers: list[JobManager],
) -> None:
    first, second = managers
    adapter = ScriptedAdapter(hold=True)
    job_set, other = start(first, adapter, 1), start(first, adapter, 1)
    for each in (job_set, other):
        assert each.wait(LIMIT, until="submitted")
    with pytest.raises(DrivenElsewhereError, match="another manager"):
        second.delete(job_set.job_set_id())
    seen = second.retrieve_job_set(job_set.job_set_id())
    still = second.retrieve_job_set(other.job_set_id())
    adapter.sent[0].finish()
    check_done(job_set, 1)
    check_done(seen, 1)
    first.delete(job_set.job_set_id())
    reach(seen, lambda: seen._state.owner is None)
    adapter.sent[1].finish()
    check_done(still, 1)
    assert second.prune(0) == 1
    assert first.history() == []


def test_deleting_a_set_elsewhere_stops_no_other_set(store: Path, managers: list[JobManager]) -> None:
    first, _ = managers
    adapter = ScriptedAdapter(hold=True)
    gone, stays = start(first, adapter, 2), start(first, adapter, 2)
    for job_set in (gone, stays):
        assert job_set.wait(LIMIT, until="submitted")
    file = sqlite3.connect(store)
    file.execute("PRAGMA foreign_keys = ON")
    file.execute("DELETE FROM job_sets WHERE set_id = ?", (gone.job_set_id(),))
    file.commit()
    file.close()
    for job in adapter.sent:
        job.finish()
    check_done(stays, 2)
    reach(gone, lambda: gone._state.adapter is None)
    check_done(start(first, ScriptedAdapter(name="other"), 2), 2)


# -- what is over ------------------------------------------------------------------------------------


def test_a_finished_set_has_no_owner(
    store: Path, managers: list[JobManager], capsys: pytest.CaptureFixture[str]
) -> None:
    first, second = managers
    adapter = ScriptedAdapter(hold=True)
    job_set = start(first, adapter, 2)
    assert job_set.wait(LIMIT, until="submitted")
    seen = second.retrieve_job_set(job_set.job_set_id())
    command = ["--store", str(store), job_set.job_set_id()]

    def shown() -> str:
        cli(["list", *command[:2]])
        cli(["list", *command[:2], "--json"])
        cli(["show", *command])
        cli(["show", *command, "--json"])
        said = capsys.readouterr().out
        return f"{said} {second.history()} {ViewUpdates(seen).trait()} {seen!r} {listing_of(second)}"

    assert shown().count("another manager of this kernel") == 7
    adapter.sent[0].finish()
    adapter.sent[1].status = Status.ERROR
    for each in (job_set, seen):
        assert each.wait(LIMIT)
        reach(each, lambda each=each: each._state.over)
    assert "another manager" not in shown()
    assert "driven by" not in shown()
    assert [summary.owner for summary in second.history()] == [None]
    with pytest.raises(DrivenElsewhereError, match="another manager"):
        seen.retry()  # it is the other's to do
    assert job_set.retry() == 1


def listing_of(manager: JobManager) -> object:
    return listing(manager.history(), SetQuery(), 0, 10, opened=(), size=0)
