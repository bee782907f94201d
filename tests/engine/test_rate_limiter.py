"""Submissions follow the pace and the limits of their backend, and wait as long as it asks."""

import re
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.backoff import TRIES, Pace
from qjm_widgets.core.records import Status
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, reach
from tests.job_sets import busy, check_done, refusing, run_turn, start, wait_until_waiting
from tests.ledger import Refused
from tests.scripted_adapter import ScriptedAdapter

# -- pace and limits ---------------------------------------------------------------------------------


def test_two_managers_share_one_pace(tmp_path: Path, clock: JumpingClock) -> None:
    sent = [ScriptedAdapter(pace=Pace(2, 1000.0)) for _ in range(2)]
    managers = [JobManager(tmp_path / "store") for _ in sent]
    sets = [start(*pair, 9) for pair in zip(managers, sent, strict=True)]
    for job_set in sets:
        reach(job_set, lambda job_set=job_set: job_set._state.waiting)
    expected = 2
    for _ in range(3):
        for manager, job_set in zip(managers, sets, strict=True):
            reach(job_set, lambda job_set=job_set: not job_set._state.numbers()[Status.SENDING])
            assert job_set._state.waiting is not None
            assert "submitted" in job_set._state.waiting.text
            run_turn(manager)
        assert sum(len(adapter.sent) for adapter in sent) == expected
        clock.skip(1001)
        for manager, job_set in zip(managers, sets, strict=True):
            run_turn(manager)
            wait_until_waiting(job_set)
        expected += 2
    for manager, job_set in zip(managers, sets, strict=True):
        assert job_set.cancel() > 0
        manager.close()


def test_a_pending_limit_is_learned_and_kept(manager: JobManager) -> None:
    refused = []

    def full(number: int, submission: object) -> None:
        if sum(job.status is Status.QUEUED for job in adapter.sent) >= 2:
            refused.append(number)
            raise Refused("you have reached the maximum number of pending jobs", 400)

    adapter = ScriptedAdapter(refuse=full, hold=True)
    job_set = start(manager, adapter, 6)
    wait_until_waiting(job_set)
    for ended in range(6):
        waiting = min(ended + 2, 6)
        reach(job_set, lambda waiting=waiting: len(adapter.sent) == waiting)
        adapter.sent[ended].finish()
    check_done(job_set, 6)
    assert refused == [2]


def test_a_pending_limit_that_others_filled_is_tried_again(
    manager: JobManager, clock: JumpingClock
) -> None:
    others = [2]

    def full(number: int, submission: object) -> None:
        if others[0] + sum(job.status is Status.QUEUED for job in adapter.sent) >= 3:
            raise Refused("you have reached the maximum number of pending jobs", 400)

    adapter = ScriptedAdapter(refuse=full, hold=True)
    job_set = start(manager, adapter, 6)
    wait_until_waiting(job_set)
    adapter.sent[0].finish()
    reach(job_set, lambda: len(adapter.sent) == 2)
    wait_until_waiting(job_set)
    assert job_set._state.waiting is not None
    assert "takes 1 at a time" in job_set._state.waiting.text

    others[0] = 0
    run_turn(manager)
    assert len(adapter.sent) == 2, "it is believed for a while"
    clock.skip(601)
    run_turn(manager)
    reach(job_set, lambda: len(adapter.sent) == 4)
    adapter.hold = False
    for job in adapter.sent:
        job.finish()
    check_done(job_set, 6)


def test_cancelled_jobs_that_were_never_sent_do_not_count_as_submitted(manager: JobManager) -> None:
    adapter = ScriptedAdapter(hold=True, max_pending=2)
    job_set = start(manager, adapter, 10)
    reach(job_set, lambda: len(adapter.sent) == 2)
    job_set.pause()
    assert job_set.cancel([5, 6, 7]) == 3
    wait_until_waiting(job_set)
    run_turn(manager)
    assert job_set._state.waiting is not None
    assert job_set._state.waiting.text == "2 of 10 submitted (paused)"


# -- retry after ------------------------------------------------------------------------------


def test_submissions_wait_for_the_retry_after_of_the_server(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(refuse=refusing(lambda: busy(60), 1))
    job_set = start(manager, adapter, 5)
    wait_until_waiting(job_set)
    waiting = job_set._state.waiting
    assert waiting is not None
    assert waiting.text.startswith("1 of 5 submitted")
    assert waiting.until is not None
    assert 50 < waiting.until - clock.time() <= 61
    assert re.search(r"\n  1 of 5 submitted .*, next in \d\d s\n", job_set.report())
    assert adapter.knocks == [[0], [1]], "those behind the refused one wait with it"
    clock.skip(50)
    run_turn(manager)
    assert not job_set._state.numbers()[Status.SENDING]
    assert len(adapter.knocks) == 2
    clock.skip(11)
    run_turn(manager)
    check_done(job_set, 5)
    assert adapter.knocks[2:] == [[1], [2], [3], [4]]


def test_a_job_that_ends_does_not_shorten_the_wait(manager: JobManager, clock: JumpingClock) -> None:
    def refuse(number: int, submission: object) -> None:
        if number == 1:
            raise Refused("too many pending jobs", 400)
        if number == 2:
            raise busy(600)

    adapter = ScriptedAdapter(refuse=refuse, hold=True)
    job_set = start(manager, adapter, 4)
    wait_until_waiting(job_set)
    adapter.sent[0].finish()
    reach(job_set, lambda: len(adapter.knocks) == 3 and job_set._state.waiting)
    run_turn(manager)
    assert len(adapter.knocks) == 3
    adapter.hold = False
    clock.skip(601)
    run_turn(manager)
    check_done(job_set, 4)


@pytest.mark.parametrize("after", [float("inf"), float("nan"), "soon", b"\0", 1e300])
def test_an_odd_retry_after_stops_no_other_set(manager: JobManager, after: Any) -> None:
    adapter = ScriptedAdapter(refuse=refusing(lambda: busy(after), 0))
    job_set = start(manager, adapter, 1)
    wait_until_waiting(job_set)
    other = start(manager, ScriptedAdapter(name="other"), 2)
    check_done(other, 2)
    assert job_set.cancel() == 1


def test_a_job_that_is_refused_too_often_is_an_error_that_says_so(manager: JobManager) -> None:
    adapter = ScriptedAdapter(refuse=refusing(lambda: busy(0)))
    job_set = start(manager, adapter, 1)
    assert job_set.wait(LIMIT)
    assert f"refused {TRIES} times" in str(job_set.error_messages())
    assert len(adapter.knocks) == TRIES
    adapter.refuse = lambda number, submission: None
    assert job_set.retry() == 1
    check_done(job_set, 1)
