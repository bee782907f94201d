"""Calls that hang, and clocks that jump."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core import formatting
from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.records import Status
from qjm_widgets.engine.single_poller import _MOST_HANGING_POLLS
from qjm_widgets.engine.submitter import _MOST_HANGING as _MOST_SENDING
from qjm_widgets.errors import DrivenElsewhereError
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, reach
from tests.job_sets import (
    check_done,
    pass_time,
    refusing,
    run_turn,
    start,
    statuses,
    wait_until_idle,
    wait_until_waiting,
)
from tests.ledger import Refused
from tests.scripted_adapter import ScriptedAdapter

DAY = 86400.0
YEAR = 365 * DAY
JUMPS = {"back a day": -DAY, "forward a year": YEAR, "to 1970": -1.7e9}


@pytest.fixture
def manager(clock: JumpingClock) -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    for job_set in manager.job_sets():
        job_set.cancel()
    manager._shut_down()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls count as hanging after a short time."""
    monkeypatch.setattr("qjm_widgets._threads.STALL", 0.02)
    monkeypatch.setattr("qjm_widgets._threads.DEADLINE", 0.05)


def hang(adapter: ScriptedAdapter, call: str) -> Callable[[], None]:
    """Let a call hang from now on; return a function that releases it."""
    gate = adapter.gates[call] = threading.Event()
    adapter.entered[call].clear()
    return gate.set


def until(
    clock: JumpingClock, manager: JobManager, condition: Callable[[], object], step: float
) -> None:
    """Let time pass while calls hang, until a condition holds."""
    never = threading.Event()
    for _ in range(int(LIMIT / 0.01)):
        run_turn(manager)
        if condition():
            return
        never.wait(0.01)
        clock.skip(step)
    raise AssertionError(f"not so in time: {manager.report()}")


# -- hanging -----------------------------------------------------------------------------------------


def test_a_poll_that_hangs_is_abandoned_and_the_set_continues(
    manager: JobManager, clock: JumpingClock, impatient: None
) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 3)
    assert job_set.wait(LIMIT, until="submitted")
    end = hang(adapter, "observe")
    clock.skip(60)
    run_turn(manager)
    reach(job_set, lambda: "has not answered" in (job_set._state.jobs[0].last_error or ""))
    del adapter.gates["observe"]
    adapter.sent[0].finish()
    clock.skip(60)
    run_turn(manager)
    reach(job_set, lambda: statuses(job_set)[0] == "done")
    assert job_set.cancel(1) == 1
    reach(job_set, lambda: statuses(job_set)[1] == "cancelled")
    check_done(start(manager, ScriptedAdapter(name="other"), 2), 2)
    assert job_set.retry() == 0
    end()  # late words
    adapter.sent[2].finish()
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert statuses(job_set) == ["done", "cancelled", "done"]
    assert len(adapter.knocks) == 3


def test_a_backend_that_always_hangs_takes_a_bounded_number_of_threads(
    manager: JobManager, clock: JumpingClock, impatient: None
) -> None:
    adapter = ScriptedAdapter(hold=True, name="hanging")
    job_set = start(manager, adapter, 2)
    assert job_set.wait(LIMIT, until="submitted")
    end = hang(adapter, "observe")
    assert adapter.entered["observe"].wait(LIMIT)
    assert not job_set._state.settled
    until(clock, manager, lambda: job_set._state.settled, step=3600)
    names = [thread.name for thread in threading.enumerate() if thread.name.endswith("-hanging")]
    assert names.count("qjm-poll-hanging") <= 3, "one for each job, and one that waits for others"
    assert names.count("qjm-fetch-hanging") <= _MOST_HANGING_POLLS + 1
    assert statuses(job_set) == ["held", "held"]
    end()
    for job in adapter.sent:
        job.finish()
    pass_time(clock, manager, lambda: job_set._state.finished == 2)
    assert len(adapter.knocks) == 2


def test_a_cancellation_that_hangs_delays_no_poll_and_is_repeated(
    manager: JobManager, clock: JumpingClock, impatient: None
) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 3)
    assert job_set.wait(LIMIT, until="submitted")
    wait_until_idle(manager)
    end = hang(adapter, "cancel")
    assert job_set.cancel(0) == 1
    assert adapter.entered["cancel"].wait(LIMIT)
    adapter.sent[1].finish()
    reach(job_set, lambda: statuses(job_set)[1] == "done")
    del adapter.gates["cancel"]
    pass_time(clock, manager, lambda: statuses(job_set)[0] == "cancelled")
    end()
    adapter.sent[2].finish()
    pass_time(clock, manager, lambda: job_set._state.settled)
    assert statuses(job_set) == ["cancelled", "done", "done"]


def test_a_lookup_that_hangs_is_repeated(clock: JumpingClock, impatient: None, tmp_path: Path) -> None:
    adapter = ScriptedAdapter(hold=True)
    first = JobManager(tmp_path / "store")
    job_set = start(first, adapter, 2)
    assert job_set.wait(LIMIT, until="submitted")
    wait_until_idle(first)
    first._shut_down()
    with JobManager(tmp_path / "store") as manager:
        again = manager.retrieve_job_set(job_set.job_set_id())
        end = hang(adapter, "retrieve")
        again.resume(adapter)
        reach(again, lambda: "has not answered" in (again._state.jobs[0].last_error or ""))
        del adapter.gates["retrieve"]
        for job in adapter.sent:
            job.finish()
        pass_time(clock, manager, lambda: again._state.settled)
        end()
        check_done(again, 2)
    assert len(adapter.knocks) == 2


@pytest.mark.parametrize("finds", [True, False], ids=["tags", "no tags"])
def test_a_submission_that_hangs_delays_no_other_and_its_late_answer_is_used(
    finds: bool, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(finds=finds)
    adapter.submit_seconds = 0.05
    adapter.settling = 1e6  # not found before it was accepted
    end = hang(adapter, "submit")
    job_set = start(manager, adapter, 3)
    assert adapter.entered["submit"].wait(LIMIT)
    del adapter.gates["submit"]  # the first alone hangs
    lost = "sending" if finds else "held"
    until(clock, manager, lambda: statuses(job_set)[0] == lost and job_set._state.jobs[0].last_error, 1)
    until(clock, manager, lambda: statuses(job_set) == [lost, "done", "done"], 1)
    assert finds or "may have been sent" in formatting.note(job_set._state.jobs[0])
    end()
    until(clock, manager, lambda: job_set._state.finished == 3, 1)
    check_done(job_set, 3)
    assert adapter.knocks == [[0], [1], [2]]


def test_a_submission_that_hangs_and_was_cancelled_is_cancelled_when_it_returns(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(hold=True)
    adapter.submit_seconds = 0.05
    end = hang(adapter, "submit")
    job_set = start(manager, adapter, 2)
    assert adapter.entered["submit"].wait(LIMIT)
    assert job_set.cancel() == 2
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["cancelled"] * 2
    end()
    until(clock, manager, lambda: adapter.sent and adapter.sent[0].cancels == 1, 1)
    assert statuses(job_set) == ["cancelled"] * 2
    assert adapter.knocks == [[0]]


def test_a_backend_that_hangs_at_every_submission_is_left_alone_after_a_few(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(name="hanging")
    adapter.submit_seconds = 0.05
    end = hang(adapter, "submit")
    job_set = start(manager, adapter, 20)
    until(clock, manager, lambda: job_set._state.numbers()[Status.HELD] == _MOST_SENDING + 1, 400)
    until(clock, manager, lambda: "does not answer" in str(job_set._state.waiting), 400)
    assert len(adapter.knocks) == _MOST_SENDING + 1
    end()
    pass_time(clock, manager, lambda: job_set._state.finished == 20)
    check_done(job_set, 20)
    assert sorted(adapter.knocks) == [[value] for value in range(20)]


# -- jumping -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("jump", JUMPS)
def test_a_paced_set_keeps_its_pace_when_the_clock_is_set(
    jump: str, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(pace=Pace(2, 100.0))
    job_set = start(manager, adapter, 12)
    wait_until_waiting(job_set)
    wait_until_idle(manager)
    sent = len(adapter.sent)
    assert sent == 2
    clock.jump(JUMPS[jump])
    for _ in range(3):
        wait_until_idle(manager)
    assert len(adapter.sent) <= sent + 2, "the bucket is full at most"
    sent = len(adapter.sent)
    for _ in range(3):
        clock.skip(101)
        wait_until_idle(manager)
    assert sent + 4 <= len(adapter.sent) <= sent + 7, "neither stalled nor let go"
    hours = pass_time(clock, manager, lambda: job_set._state.settled)
    assert hours < 1
    check_done(job_set, 12)


@pytest.mark.parametrize("jump", JUMPS)
def test_a_wait_is_as_long_as_it_was_when_the_clock_is_set(
    jump: str, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(refuse=refusing(lambda: Refused("slow down", 429, 60), 0))
    job_set = start(manager, adapter, 2)
    wait_until_waiting(job_set)
    clock.jump(JUMPS[jump])
    wait_until_idle(manager)
    assert len(adapter.knocks) == 1
    waiting = job_set._state.waiting
    assert waiting is not None
    assert waiting.until is not None
    assert 50 < waiting.until - clock.time() <= 61, "the panel counts down from what is left"
    clock.skip(61)
    wait_until_idle(manager)
    check_done(job_set, 2)


@pytest.mark.parametrize("jump", JUMPS)
def test_jobs_are_polled_and_their_times_are_in_order_when_the_clock_is_set(
    jump: str, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = start(manager, adapter, 2)
    assert job_set.wait(LIMIT, until="submitted")
    adapter.sent[0].status = Status.RUNNING
    pass_time(clock, manager, lambda: statuses(job_set)[0] == "running")
    clock.jump(JUMPS[jump])
    for job in adapter.sent:
        job.finish()
    pass_time(clock, manager, lambda: job_set._state.settled)
    check_done(job_set, 2)
    table = job_set.to_dataframe()
    assert (table["waited"] >= 0).all()
    assert (table["ran"].dropna() >= 0).all()
    assert [change.status for change in job_set.managed_jobs()[0].history()] == [
        Status.SENDING,
        Status.QUEUED,
        Status.RUNNING,
        Status.DONE,
    ]
    assert "done" in job_set.report()


def test_after_a_year_of_sleep_a_set_continues_with_few_calls(
    manager: JobManager, clock: JumpingClock
) -> None:
    sets = []
    for number in range(3):
        adapter = ScriptedAdapter(name=f"backend {number}", pace=Pace(1, 1000.0), hold=True)
        sets.append((adapter, start(manager, adapter, 5)))
    for _, job_set in sets:
        wait_until_waiting(job_set)
    polls = [adapter.calls["observe"] for adapter, _ in sets]
    clock.skip(YEAR)
    wait_until_idle(manager)
    for (adapter, _), before in zip(sets, polls, strict=True):
        assert len(adapter.knocks) <= 3
        assert adapter.calls["observe"] <= before + 12


@pytest.mark.parametrize("jump", JUMPS)
def test_a_set_is_still_driven_by_its_kernel_when_the_clock_is_set(
    jump: str, clock: JumpingClock, tmp_path: Path
) -> None:
    with JobManager(tmp_path / "store") as manager, JobManager(tmp_path / "store") as other:
        adapter = ScriptedAdapter(hold=True)
        job_set = start(manager, adapter, 2)
        assert job_set.wait(LIMIT, until="submitted")
        clock.jump(JUMPS[jump])
        clock.skip(3600)
        wait_until_idle(manager)
        with pytest.raises(DrivenElsewhereError):
            other.retrieve_job_set(job_set.job_set_id()).resume(adapter)
        for job in adapter.sent:
            job.finish()
        pass_time(clock, manager, lambda: job_set._state.settled)
        check_done(job_set, 2)
