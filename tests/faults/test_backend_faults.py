"""A backend raises anything at any call: no circuit is lost, none runs twice, and each row says so."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core import backoff, formatting
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.records import JobRecord, Status
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, reach
from tests.faults.backend_errors import DOUBTFUL, KINDS, ODD, TEMPORARY, WAITS, answered
from tests.job_sets import circuits, done, idle, pass_time, start, words
from tests.scripted_adapter import Scripted

TIMES = {"once": 1, "always": 10**6}
NUMBER = 3


@pytest.fixture
def manager(clock: JumpingClock) -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    for job_set in manager.job_sets():
        job_set.cancel()
    manager._shut_down()


def runs(adapter: Scripted) -> Counter[int]:
    """How often the backend took each circuit."""
    return Counter(value for job in adapter.sent for value in job.values)


def says_what_to_do(job: JobRecord, error: BaseException) -> None:
    """The row tells what happened, and what the user may do."""
    note = formatting.note(job)
    if job.status is Status.HELD:
        assert "submit again" in note, note
        assert type(error).__name__ in str(job.last_error)
    elif job.status is Status.ERROR:
        assert type(error).__name__ in note, note
        assert type(error).__name__ in str(job.error)
    else:
        assert job.status is Status.DONE


def settled_and_once(job_set: JobSet, adapter: Scripted, error: BaseException) -> None:
    assert max(runs(adapter).values(), default=0) <= 1, job_set.report()
    for job in job_set._state.jobs:
        says_what_to_do(job, error)


def well_again(clock: JumpingClock, manager: JobManager, job_set: JobSet, adapter: Scripted) -> None:
    """The backend works again: every circuit can be had."""
    adapter.raises.clear()
    job_set.resume()
    idle(manager)
    assert max(runs(adapter).values(), default=0) <= 1, "resume() sent something"
    job_set.retry()
    job_set.retry(held=True)
    pass_time(clock, manager, lambda: job_set._state.settled)
    done(job_set, NUMBER)


# -- sending -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("finds", [True, False], ids=["tags", "no tags"])
def test_a_submission_that_raises_is_never_repeated_blindly(
    times: str, finds: bool, manager: JobManager, clock: JumpingClock
) -> None:
    for name, make in KINDS.items():
        adapter = Scripted(name=name, finds=finds)
        adapter.raises["submit"], adapter.times["submit"] = make(), TIMES[times]
        job_set = start(manager, adapter, NUMBER)
        pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled)
        settled_and_once(job_set, adapter, make())
        states = Counter(words(job_set))
        if name in WAITS and times == "once":
            assert states == {"done": NUMBER}, name
        elif name in DOUBTFUL:
            odd = finds and name in ODD
            assert states["error" if odd else "held"] == (1 if times == "once" else NUMBER), name
        elif name not in WAITS:
            assert states["error"] == (1 if times == "once" else NUMBER), name
        well_again(clock, manager, job_set, adapter)
        assert set(runs(adapter).values()) == {1}, name


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("finds", [True, False], ids=["tags", "no tags"])
def test_a_job_whose_answer_is_lost_runs_once(
    times: str, finds: bool, manager: JobManager, clock: JumpingClock
) -> None:
    for name in DOUBTFUL:
        adapter = Scripted(name=name, finds=finds)
        adapter.raises["lose"], adapter.times["lose"] = KINDS[name](), TIMES[times]
        job_set = start(manager, adapter, NUMBER)
        pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled)
        settled_and_once(job_set, adapter, KINDS[name]())
        held = 0 if finds else 1 if times == "once" else NUMBER
        assert Counter(words(job_set)) == Counter(held=held, done=NUMBER - held), name
        assert sorted(runs(adapter)) == list(range(NUMBER))


@pytest.mark.parametrize("name", DOUBTFUL)
def test_what_breaks_off_inside_the_kernel_cannot_run_elsewhere(
    name: str, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(name=name, lifetime=JobLifetime.KERNEL)
    adapter.raises["submit"], adapter.times["submit"] = KINDS[name](), 1
    job_set = start(manager, adapter, NUMBER)
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert words(job_set)[0] == ("error" if name in ODD else "done")
    assert words(job_set)[1:] == ["done"] * (NUMBER - 1)
    well_again(clock, manager, job_set, adapter)


@pytest.mark.parametrize("times", TIMES)
def test_an_id_that_cannot_be_had_is_asked_for_again(
    times: str, manager: JobManager, clock: JumpingClock
) -> None:
    for name, make in KINDS.items():
        adapter = Scripted(name=name, hold=True)
        adapter.raises["job_id"], adapter.times["job_id"] = make(), TIMES[times]
        job_set = start(manager, adapter, NUMBER)
        pass_time(
            clock, manager, lambda job_set=job_set: job_set._state.numbers()[Status.QUEUED] == NUMBER
        )
        known = [job.job_id for job in job_set._state.jobs]
        assert known == (["0", "1", "2"] if times == "once" else [None] * NUMBER), name
        adapter.raises.clear()
        pass_time(clock, manager, lambda job_set=job_set: job_set._state.jobs[0].job_id == "0")
        for job in adapter.sent:
            job.finish()
        pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled)
        done(job_set, NUMBER)
        assert set(runs(adapter).values()) == {1}


# -- asking ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("call", ["observe", "job", "part"])
def test_a_poll_that_raises_is_no_status_and_the_set_settles(
    call: str, times: str, manager: JobManager, clock: JumpingClock
) -> None:
    for name, make in KINDS.items():
        adapter = Scripted(name=name)
        adapter.raises[call], adapter.times[call] = make(), TIMES[times]
        job_set = start(manager, adapter, NUMBER)
        assert job_set.wait(LIMIT, until="submitted")
        if times == "once" or call == "part":  # each question has an answer for one job
            pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled, hours=1)
        else:
            jobs = job_set._state.jobs
            pass_time(clock, manager, lambda jobs=jobs: jobs[-1].last_error)
            assert jobs[-1].status is Status.QUEUED
            assert type(make()).__name__ in str(jobs[-1].last_error)
            hours = pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled)
            assert hours < 2 or (hours > 10 and name in TEMPORARY), (name, hours)
            settled_and_once(job_set, adapter, make())
            assert set(words(job_set)) <= {"held", "done"}, name
            assert "held" in words(job_set)
            adapter.raises.clear()
            pass_time(clock, manager, lambda job_set=job_set: job_set._state.finished == NUMBER)
        done(job_set, NUMBER)
        assert set(runs(adapter).values()) == {1}


def test_a_job_that_is_held_after_failed_polls_is_cancelled_at_the_backend_too(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(hold=True)
    adapter.raises["observe"] = answered(404)
    job_set = start(manager, adapter, 2)
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert words(job_set) == ["held"] * 2
    assert job_set.cancel() == 2
    idle(manager)
    assert words(job_set) == ["cancelled"] * 2
    assert [job.cancels for job in adapter.sent] == [1, 1]
    adapter.raises.clear()
    clock.skip(86400)
    idle(manager)
    assert words(job_set) == ["cancelled"] * 2


def test_polling_waits_as_long_as_the_server_asks(manager: JobManager, clock: JumpingClock) -> None:
    adapter = Scripted(hold=True)
    adapter.raises["observe"] = answered(429, "900")
    job_set = start(manager, adapter, 1)
    reach(job_set, lambda: job_set._state.jobs[0].last_error)
    idle(manager)
    asked = adapter.calls["observe"]
    clock.skip(800)
    idle(manager)
    assert adapter.calls["observe"] == asked
    clock.skip(101)
    idle(manager)
    assert adapter.calls["observe"] == asked + 1
    assert job_set.cancel() == 1


def test_a_state_that_nobody_understands_is_shown_and_asked_for_at_leisure(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(hold=True)
    job_set = start(manager, adapter, 1)
    reach(job_set, lambda: adapter.sent)
    adapter.sent[0].status = None
    for _ in range(20):
        clock.skip(20)
        idle(manager)
    assert "unknown" in formatting.note(job_set._state.jobs[0])
    asked = adapter.calls["observe"]
    for _ in range(10):
        clock.skip(1)
        idle(manager)
    assert adapter.calls["observe"] <= asked + 2
    adapter.sent[0].finish()
    pass_time(clock, manager, lambda: job_set._state.settled)
    done(job_set, 1)


# -- looking for lost jobs ---------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("call", ["retrieve", "find"])
def test_a_look_up_that_raises_ends_in_words_and_loses_nothing(
    call: str, times: str, tmp_path: Path, clock: JumpingClock
) -> None:
    # Both ways are judged alike: one with every kind, the other with some.
    for name in list(KINDS) if call == "retrieve" else list(KINDS)[::4]:
        make = KINDS[name]
        adapter = Scripted(name=name, finds=True, hold=True)
        store = tmp_path / name.replace("/", " ")
        first = JobManager(store)
        job_set = start(first, adapter, NUMBER)
        assert job_set.wait(LIMIT, until="submitted")
        idle(first)
        first._shut_down()
        if call == "find":
            forget_ids(store)
        adapter.raises[call], adapter.times[call] = make(), TIMES[times]
        with JobManager(store) as manager:
            again = manager.retrieve_job_set(job_set.job_set_id())
            again.resume(adapter)
            for job in adapter.sent:
                job.finish()
            hours = pass_time(clock, manager, lambda again=again: again._state.settled)
            settled_and_once(again, adapter, make())
            if times == "always":
                assert words(again) == ["held"] * NUMBER, name
                assert hours < 2 or (hours > 10 and name in TEMPORARY), (name, hours)
                adapter.raises.clear()
                if name in TEMPORARY:  # by itself
                    pass_time(clock, manager, lambda again=again: again._state.finished == NUMBER)
                else:
                    again.resume()
                    pass_time(clock, manager, lambda again=again: again._state.finished == NUMBER, 0.5)
            done(again, NUMBER)
        assert set(runs(adapter).values()) == {1}, name


def test_a_held_job_that_was_sent_is_had_back_by_another_kernel(
    tmp_path: Path, clock: JumpingClock
) -> None:
    adapter = Scripted(hold=True)
    first = JobManager(tmp_path / "store")
    job_set = start(first, adapter, 2)
    assert job_set.wait(LIMIT, until="submitted")
    adapter.raises["observe"] = answered(401)
    pass_time(clock, first, lambda: job_set._state.settled)
    assert words(job_set) == ["held"] * 2
    assert "401" in str(job_set._state.jobs[0].last_error)
    first._shut_down()
    adapter.raises.clear()
    for job in adapter.sent:
        job.finish()
    with JobManager(tmp_path / "store") as manager:
        again = manager.retrieve_job_set(job_set.job_set_id())
        again.resume(adapter)
        pass_time(clock, manager, lambda: again._state.finished == 2)
        done(again, 2)
    assert set(runs(adapter).values()) == {1}


def test_a_job_that_the_backend_has_no_more_is_held_at_once(tmp_path: Path, clock: JumpingClock) -> None:
    adapter = Scripted(hold=True)
    first = JobManager(tmp_path / "store")
    job_set = start(first, adapter, 3)
    assert job_set.wait(LIMIT, until="submitted")
    idle(first)
    first._shut_down()
    del adapter.sent[1]
    with JobManager(tmp_path / "store") as manager:
        again = manager.retrieve_job_set(job_set.job_set_id())
        again.resume(adapter)
        reach(again, lambda: again._state.numbers()[Status.HELD] == 1)
        for job in adapter.sent:
            job.finish()
        pass_time(clock, manager, lambda: again._state.settled)
        assert words(again) == ["done", "held", "done"], "the others are there"
        assert "submit again" in formatting.note(again._state.jobs[1])
        adapter.hold = False
        assert again.retry(held=True) == 1
        done(again, 3)


def forget_ids(store: Path) -> None:
    """As if the kernel had died before it heard them."""
    file = sqlite3.connect(store)
    file.execute("UPDATE jobs SET status = 'sending', job_id = NULL")
    file.commit()
    file.close()


# -- cancelling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
def test_a_cancellation_that_raises_is_tried_again_where_that_may_help(
    times: str, manager: JobManager, clock: JumpingClock
) -> None:
    for name, make in KINDS.items():
        adapter = Scripted(name=name, hold=True)
        job_set = start(manager, adapter, NUMBER)
        assert job_set.wait(LIMIT, until="submitted")
        adapter.raises["cancel"], adapter.times["cancel"] = make(), TIMES[times]
        assert job_set.cancel(1) == 1
        idle(manager)
        note = formatting.note(job_set._state.jobs[1])
        if name in TEMPORARY and times == "once":
            pass_time(clock, manager, lambda job_set=job_set: words(job_set)[1] == "cancelled", hours=1)
        else:
            assert note == "cancellation requested" or "cancel" in note
            tries = backoff.TRIES if name in TEMPORARY else 1
            pass_time(clock, manager, lambda job=adapter.sent[1], n=tries: job.cancels == n, hours=3)
            clock.skip(3600)
            idle(manager)
            assert adapter.sent[1].cancels == tries, name
            adapter.raises.clear()
            assert words(job_set)[1] == "queued"
            assert job_set.cancel(1) == 1
            pass_time(clock, manager, lambda job_set=job_set: words(job_set)[1] == "cancelled", hours=1)
        for job in adapter.sent:
            job.finish()
        pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled)
        assert words(job_set) == ["done", "cancelled", "done"]
        assert job_set.retry() == job_set.retry(held=True) == 0


# -- a cell that waits -------------------------------------------------------------------------------


def test_nothing_is_raised_in_the_cell_of_the_user(manager: JobManager, clock: JumpingClock) -> None:
    adapter = Scripted()
    for call in ("submit", "observe", "cancel", "job_id"):
        adapter.raises[call] = KeyboardInterrupt()
    job_set = manager.run(circuits(NUMBER), adapter, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    assert job_set.cancel() == NUMBER
    assert job_set.results().success is False
