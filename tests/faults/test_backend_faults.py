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
from tests.job_sets import check_done, circuits, pass_time, start, statuses, wait_until_idle
from tests.scripted_adapter import ScriptedAdapter

TIMES = {"once": 1, "always": 10**6}
NUMBER = 3


@pytest.fixture
def manager(clock: JumpingClock) -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    for job_set in manager.job_sets():
        job_set.cancel()
    manager._shut_down()


def runs(adapter: ScriptedAdapter) -> Counter[int]:
    """Return how often the backend accepted each circuit."""
    return Counter(value for job in adapter.sent for value in job.values)


def check_error_text(job: JobRecord, error: BaseException) -> None:
    """Check that the row says what happened, and what the user may do."""
    note = formatting.note(job)
    if job.status is Status.HELD:
        assert "submit again" in note, note
        assert type(error).__name__ in str(job.last_error)
    elif job.status is Status.ERROR:
        assert type(error).__name__ in note, note
        assert type(error).__name__ in str(job.error)
    else:
        assert job.status is Status.DONE


def settled_and_once(job_set: JobSet, adapter: ScriptedAdapter, error: BaseException) -> None:
    assert max(runs(adapter).values(), default=0) <= 1, job_set.report()
    for job in job_set._state.jobs:
        check_error_text(job, error)


def check_recovery(
    clock: JumpingClock, manager: JobManager, job_set: JobSet, adapter: ScriptedAdapter
) -> None:
    """Let the backend work again; check that every circuit gets its result."""
    adapter.raises.clear()
    job_set.resume()
    wait_until_idle(manager)
    assert max(runs(adapter).values(), default=0) <= 1, "resume() sent something"
    job_set.retry()
    job_set.retry(held=True)
    pass_time(clock, manager, lambda: job_set._state.settled)
    check_done(job_set, NUMBER)


# -- sending -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("finds", [True, False], ids=["tags", "no tags"])
def test_a_submission_that_raises_is_never_repeated_blindly(
    times: str, finds: bool, manager: JobManager, clock: JumpingClock
) -> None:
    for name, make in KINDS.items():
        adapter = ScriptedAdapter(name=name, finds=finds)
        adapter.raises["submit"], adapter.times["submit"] = make(), TIMES[times]
        job_set = start(manager, adapter, NUMBER)
        pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled)
        settled_and_once(job_set, adapter, make())
        states = Counter(statuses(job_set))
        if name in WAITS and times == "once":
            assert states == {"done": NUMBER}, name
        elif name in DOUBTFUL:
            odd = finds and name in ODD
            assert states["error" if odd else "held"] == (1 if times == "once" else NUMBER), name
        elif name == "http 401":
            assert states == {"held": NUMBER}, "the account is refused"
        elif name not in WAITS:
            assert states["error"] == (1 if times == "once" else NUMBER), name
        check_recovery(clock, manager, job_set, adapter)
        assert set(runs(adapter).values()) == {1}, name


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("finds", [True, False], ids=["tags", "no tags"])
def test_a_job_with_an_unanswered_submission_runs_once(
    times: str, finds: bool, manager: JobManager, clock: JumpingClock
) -> None:
    for name in DOUBTFUL:
        adapter = ScriptedAdapter(name=name, finds=finds)
        adapter.raises["lose"], adapter.times["lose"] = KINDS[name](), TIMES[times]
        job_set = start(manager, adapter, NUMBER)
        pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled)
        settled_and_once(job_set, adapter, KINDS[name]())
        held = 0 if finds else 1 if times == "once" else NUMBER
        assert Counter(statuses(job_set)) == Counter(held=held, done=NUMBER - held), name
        assert sorted(runs(adapter)) == list(range(NUMBER))


@pytest.mark.parametrize("name", DOUBTFUL)
def test_a_job_that_fails_inside_the_kernel_cannot_run_elsewhere(
    name: str, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(name=name, lifetime=JobLifetime.KERNEL)
    adapter.raises["submit"], adapter.times["submit"] = KINDS[name](), 1
    job_set = start(manager, adapter, NUMBER)
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert statuses(job_set)[0] == ("error" if name in ODD else "done")
    assert statuses(job_set)[1:] == ["done"] * (NUMBER - 1)
    check_recovery(clock, manager, job_set, adapter)


@pytest.mark.parametrize("times", TIMES)
def test_a_job_id_that_raises_is_requested_again(
    times: str, manager: JobManager, clock: JumpingClock
) -> None:
    for name, make in KINDS.items():
        adapter = ScriptedAdapter(name=name, hold=True)
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
        check_done(job_set, NUMBER)
        assert set(runs(adapter).values()) == {1}


# -- asking ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("call", ["observe", "job", "part"])
def test_a_poll_that_raises_changes_no_status_and_the_set_ends(
    call: str, times: str, manager: JobManager, clock: JumpingClock
) -> None:
    for name, make in KINDS.items():
        adapter = ScriptedAdapter(name=name)
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
            assert set(statuses(job_set)) <= {"held", "done"}, name
            assert "held" in statuses(job_set)
            adapter.raises.clear()
            pass_time(clock, manager, lambda job_set=job_set: job_set._state.finished == NUMBER)
        check_done(job_set, NUMBER)
        assert set(runs(adapter).values()) == {1}


def test_a_job_that_is_held_after_failed_polls_is_cancelled_at_the_backend_too(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(hold=True)
    adapter.raises["observe"] = answered(404)
    job_set = start(manager, adapter, 2)
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert statuses(job_set) == ["held"] * 2
    assert job_set.cancel() == 2
    wait_until_idle(manager)
    assert statuses(job_set) == ["cancelled"] * 2
    assert [job.cancels for job in adapter.sent] == [1, 1]
    adapter.raises.clear()
    clock.skip(86400)
    wait_until_idle(manager)
    assert statuses(job_set) == ["cancelled"] * 2


def test_polling_waits_for_the_retry_after_of_the_server(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(hold=True)
    adapter.raises["observe"] = answered(429, "900")
    job_set = start(manager, adapter, 1)
    reach(job_set, lambda: job_set._state.jobs[0].last_error)
    wait_until_idle(manager)
    polls = adapter.calls["observe"]
    clock.skip(800)
    wait_until_idle(manager)
    assert adapter.calls["observe"] == polls
    clock.skip(101)
    wait_until_idle(manager)
    assert adapter.calls["observe"] == polls + 1
    assert job_set.cancel() == 1


def test_an_unknown_state_is_shown_and_polled_less_often(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 1)
    reach(job_set, lambda: adapter.sent)
    adapter.sent[0].status = None
    for _ in range(20):
        clock.skip(20)
        wait_until_idle(manager)
    assert "unknown" in formatting.note(job_set._state.jobs[0])
    polls = adapter.calls["observe"]
    for _ in range(10):
        clock.skip(1)
        wait_until_idle(manager)
    assert adapter.calls["observe"] <= polls + 2
    adapter.sent[0].finish()
    pass_time(clock, manager, lambda: job_set._state.settled)
    check_done(job_set, 1)


# -- looking for lost jobs ---------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
@pytest.mark.parametrize("call", ["retrieve", "find"])
def test_a_lookup_that_raises_holds_the_job_with_the_reason(
    call: str, times: str, tmp_path: Path, clock: JumpingClock
) -> None:
    # Both ways are judged alike: one with every kind, the other with some.
    for name in list(KINDS) if call == "retrieve" else list(KINDS)[::4]:
        make = KINDS[name]
        adapter = ScriptedAdapter(name=name, finds=True, hold=True)
        store = tmp_path / name.replace("/", " ")
        first = JobManager(store)
        job_set = start(first, adapter, NUMBER)
        assert job_set.wait(LIMIT, until="submitted")
        wait_until_idle(first)
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
                assert statuses(again) == ["held"] * NUMBER, name
                assert hours < 2 or (hours > 10 and name in TEMPORARY), (name, hours)
                adapter.raises.clear()
                if name in TEMPORARY:  # by itself
                    pass_time(clock, manager, lambda again=again: again._state.finished == NUMBER)
                else:
                    again.resume()
                    pass_time(clock, manager, lambda again=again: again._state.finished == NUMBER, 0.5)
            check_done(again, NUMBER)
        assert set(runs(adapter).values()) == {1}, name


def test_a_held_job_that_was_sent_is_retrieved_by_another_kernel(
    tmp_path: Path, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(hold=True)
    first = JobManager(tmp_path / "store")
    job_set = start(first, adapter, 2)
    assert job_set.wait(LIMIT, until="submitted")
    adapter.raises["observe"] = answered(401)
    pass_time(clock, first, lambda: job_set._state.settled)
    assert statuses(job_set) == ["held"] * 2
    assert "401" in str(job_set._state.jobs[0].last_error)
    first._shut_down()
    adapter.raises.clear()
    for job in adapter.sent:
        job.finish()
    with JobManager(tmp_path / "store") as manager:
        again = manager.retrieve_job_set(job_set.job_set_id())
        again.resume(adapter)
        pass_time(clock, manager, lambda: again._state.finished == 2)
        check_done(again, 2)
    assert set(runs(adapter).values()) == {1}


def test_a_job_that_the_backend_deleted_is_held_at_once(tmp_path: Path, clock: JumpingClock) -> None:
    adapter = ScriptedAdapter(hold=True)
    first = JobManager(tmp_path / "store")
    job_set = start(first, adapter, 3)
    assert job_set.wait(LIMIT, until="submitted")
    wait_until_idle(first)
    first._shut_down()
    del adapter.sent[1]
    with JobManager(tmp_path / "store") as manager:
        again = manager.retrieve_job_set(job_set.job_set_id())
        again.resume(adapter)
        reach(again, lambda: again._state.numbers()[Status.HELD] == 1)
        for job in adapter.sent:
            job.finish()
        pass_time(clock, manager, lambda: again._state.settled)
        assert statuses(again) == ["done", "held", "done"], "the others are there"
        assert "submit again" in formatting.note(again._state.jobs[1])
        adapter.hold = False
        assert again.retry(held=True) == 1
        check_done(again, 3)


def forget_ids(store: Path) -> None:
    """Remove the job ids, as if the kernel had died before it got them."""
    file = sqlite3.connect(store)
    file.execute("UPDATE jobs SET status = 'sending', job_id = NULL")
    file.commit()
    file.close()


# -- cancelling --------------------------------------------------------------------------------------


@pytest.mark.parametrize("times", TIMES)
def test_a_cancellation_that_raises_is_repeated_if_that_may_help(
    times: str, manager: JobManager, clock: JumpingClock
) -> None:
    for name, make in KINDS.items():
        adapter = ScriptedAdapter(name=name, hold=True)
        job_set = start(manager, adapter, NUMBER)
        assert job_set.wait(LIMIT, until="submitted")
        adapter.raises["cancel"], adapter.times["cancel"] = make(), TIMES[times]
        assert job_set.cancel(1) == 1
        wait_until_idle(manager)
        note = formatting.note(job_set._state.jobs[1])
        if name in TEMPORARY and times == "once":
            pass_time(
                clock, manager, lambda job_set=job_set: statuses(job_set)[1] == "cancelled", hours=1
            )
        else:
            assert note == "cancellation requested" or "cancel" in note
            tries = backoff.TRIES if name in TEMPORARY else 1
            pass_time(clock, manager, lambda job=adapter.sent[1], n=tries: job.cancels == n, hours=3)
            clock.skip(3600)
            wait_until_idle(manager)
            assert adapter.sent[1].cancels == tries, name
            adapter.raises.clear()
            assert statuses(job_set)[1] == "queued"
            assert job_set.cancel(1) == 1
            pass_time(
                clock, manager, lambda job_set=job_set: statuses(job_set)[1] == "cancelled", hours=1
            )
        for job in adapter.sent:
            job.finish()
        pass_time(clock, manager, lambda job_set=job_set: job_set._state.settled)
        assert statuses(job_set) == ["done", "cancelled", "done"]
        assert job_set.retry() == job_set.retry(held=True) == 0


# -- a cell that waits -------------------------------------------------------------------------------


def test_errors_of_a_backend_raise_nothing_in_the_users_cell(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter()
    for call in ("submit", "observe", "cancel", "job_id"):
        adapter.raises[call] = KeyboardInterrupt()
    job_set = manager.run(circuits(NUMBER), adapter, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    assert job_set.cancel() == NUMBER
    assert job_set.results().success is False
