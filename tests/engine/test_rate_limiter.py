"""Submission that paces itself, waits when told to, and sorts errors: nothing is repeated blindly."""

import re
import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.backoff import TRIES, Pace
from qjm_widgets.core.records import Status
from qjm_widgets.widgets import wire
from tests.fakes import LIMIT, reach
from tests.faults.scenes import (
    JumpingClock,
    circuits,
    clock,
    done,
    refusing,
    start,
    turn,
    waits,
    words,
)
from tests.faults.scripted import Scripted
from tests.faults.server import Refused

__all__ = ["clock"]


@pytest.fixture
def manager(clock: JumpingClock) -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    for job_set in manager.job_sets():
        job_set.cancel()
    manager.close()


def busy(retry_after: float | None = None) -> Refused:
    return Refused("too many requests", 429, retry_after)


# -- pace and limits ---------------------------------------------------------------------------------


def test_two_managers_share_one_pace(tmp_path: Path, clock: JumpingClock) -> None:
    sent = [Scripted(pace=Pace(2, 1000.0)) for _ in range(2)]
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
            turn(manager)
        assert sum(len(adapter.sent) for adapter in sent) == expected
        clock.skip(1001)
        for manager, job_set in zip(managers, sets, strict=True):
            turn(manager)
            waits(job_set)
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

    adapter = Scripted(refuse=full, hold=True)
    job_set = start(manager, adapter, 6)
    waits(job_set)
    for ended in range(6):
        waiting = min(ended + 2, 6)
        reach(job_set, lambda waiting=waiting: len(adapter.sent) == waiting)
        adapter.sent[ended].finish()
    done(job_set, 6)
    assert refused == [2]


def test_a_pending_limit_that_others_filled_is_tried_again(
    manager: JobManager, clock: JumpingClock
) -> None:
    others = [2]

    def full(number: int, submission: object) -> None:
        if others[0] + sum(job.status is Status.QUEUED for job in adapter.sent) >= 3:
            raise Refused("you have reached the maximum number of pending jobs", 400)

    adapter = Scripted(refuse=full, hold=True)
    job_set = start(manager, adapter, 6)
    waits(job_set)
    adapter.sent[0].finish()
    reach(job_set, lambda: len(adapter.sent) == 2)
    waits(job_set)
    assert job_set._state.waiting is not None
    assert "takes 1 at a time" in job_set._state.waiting.text

    others[0] = 0
    turn(manager)
    assert len(adapter.sent) == 2, "it is believed for a while"
    clock.skip(601)
    turn(manager)
    reach(job_set, lambda: len(adapter.sent) == 4)
    adapter.hold = False
    for job in adapter.sent:
        job.finish()
    done(job_set, 6)


def test_what_was_never_sent_is_not_told_as_submitted(manager: JobManager) -> None:
    adapter = Scripted(hold=True, max_pending=2)
    job_set = start(manager, adapter, 10)
    reach(job_set, lambda: len(adapter.sent) == 2)
    job_set.pause()
    assert job_set.cancel([5, 6, 7]) == 3
    waits(job_set)
    turn(manager)
    assert job_set._state.waiting is not None
    assert job_set._state.waiting.text == "2 of 10 submitted (paused)"


# -- being told to wait ------------------------------------------------------------------------------


def test_what_the_server_asks_to_wait_is_waited(manager: JobManager, clock: JumpingClock) -> None:
    adapter = Scripted(refuse=refusing(lambda: busy(60), 1))
    job_set = start(manager, adapter, 5)
    waits(job_set)
    waiting = job_set._state.waiting
    assert waiting is not None
    assert waiting.text.startswith("1 of 5 submitted")
    assert waiting.until is not None
    assert 50 < waiting.until - clock.time() <= 61
    assert re.search(r"\n  1 of 5 submitted .*, next in \d\d s\n", job_set.report())
    assert adapter.knocks == [[0], [1]], "those behind the refused one wait with it"
    clock.skip(50)
    turn(manager)
    assert not job_set._state.numbers()[Status.SENDING]
    assert len(adapter.knocks) == 2
    clock.skip(11)
    turn(manager)
    done(job_set, 5)
    assert adapter.knocks[2:] == [[1], [2], [3], [4]]


def test_an_ending_job_does_not_shorten_the_wait(manager: JobManager, clock: JumpingClock) -> None:
    def refuse(number: int, submission: object) -> None:
        if number == 1:
            raise Refused("too many pending jobs", 400)
        if number == 2:
            raise busy(600)

    adapter = Scripted(refuse=refuse, hold=True)
    job_set = start(manager, adapter, 4)
    waits(job_set)
    adapter.sent[0].finish()
    reach(job_set, lambda: len(adapter.knocks) == 3 and job_set._state.waiting)
    turn(manager)
    assert len(adapter.knocks) == 3
    adapter.hold = False
    clock.skip(601)
    turn(manager)
    done(job_set, 4)


@pytest.mark.parametrize("after", [float("inf"), float("nan"), "soon", b"\0", 1e300])
def test_an_odd_answer_to_how_long_stops_nothing(manager: JobManager, after: Any) -> None:
    adapter = Scripted(refuse=refusing(lambda: busy(after), 0))
    job_set = start(manager, adapter, 1)
    waits(job_set)
    other = start(manager, Scripted(name="other"), 2)
    done(other, 2)
    assert job_set.cancel() == 1


def test_refused_too_often_is_an_error_that_says_so(manager: JobManager) -> None:
    adapter = Scripted(refuse=refusing(lambda: busy(0)))
    job_set = start(manager, adapter, 1)
    assert job_set.wait(LIMIT)
    assert f"refused {TRIES} times" in str(job_set.error_messages())
    assert len(adapter.knocks) == TRIES
    adapter.refuse = lambda number, submission: None
    assert job_set.retry() == 1
    done(job_set, 1)


def test_a_cancel_during_the_wait_returns_at_once_and_nothing_is_sent_later(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(refuse=refusing(lambda: busy(3000), 1))
    job_set = start(manager, adapter, 5)
    waits(job_set)
    assert job_set.cancel() >= 4
    assert words(job_set)[1:] == ["cancelled"] * 4
    assert job_set.wait(LIMIT)
    clock.skip(4000)
    turn(manager)
    assert job_set.retry() == 0
    assert len(adapter.knocks) == 2


def test_a_set_that_waits_holds_up_no_other_backend(manager: JobManager) -> None:
    waiting = start(manager, Scripted(refuse=refusing(lambda: busy(3000))), 3)
    waits(waiting)
    done(start(manager, Scripted(name="other"), 20), 20)
    assert words(waiting) == ["not_sent"] * 3


def test_pause_holds_back_what_is_not_sent_and_unpause_sends_it(manager: JobManager) -> None:
    adapter = Scripted(hold=True, max_pending=1)
    job_set = start(manager, adapter, 3)
    reach(job_set, lambda: adapter.sent and job_set._state.numbers()[Status.QUEUED])
    job_set.pause()
    adapter.sent[0].finish()
    reach(job_set, lambda: job_set._state.finished == 1)
    turn(manager)
    assert len(adapter.knocks) == 1
    assert job_set._state.waiting is not None
    assert "paused" in job_set._state.waiting.text
    assert repr(job_set).endswith("1 of 3 done, 2 not sent; 1 of 3 submitted (paused)>")
    assert not job_set.wait(0)
    adapter.hold = False
    job_set.unpause()
    done(job_set, 3)
    assert job_set._state.waiting is None


# -- answers that were lost --------------------------------------------------------------------------

BROKEN = {
    "connection": lambda: ConnectionResetError("gone"),
    "time-out": lambda: TimeoutError("no answer"),
    "server": lambda: Refused("bad gateway", 502),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_lost_answer_is_looked_up_where_jobs_have_tags(
    how: str, manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(lose=refusing(BROKEN[how], 0), finds=True)
    job_set = start(manager, adapter, 3)
    reach(job_set, lambda: job_set._state.finished == 1)
    clock.skip(60)
    turn(manager)
    done(job_set, 3)
    assert adapter.knocks == [[0], [1], [2]]


@pytest.mark.parametrize("how", BROKEN)
@pytest.mark.parametrize("accepted", [True, False])
def test_a_lost_answer_is_held_where_nobody_can_look(
    how: str, accepted: bool, manager: JobManager, clock: JumpingClock
) -> None:
    fault = refusing(BROKEN[how], 0)
    adapter = Scripted(lose=fault) if accepted else Scripted(refuse=fault)
    job_set = start(manager, adapter, 3)
    waits(job_set)
    clock.skip(60)
    turn(manager)
    assert job_set.wait(LIMIT)
    assert words(job_set) == ["held", "done", "done"]
    assert adapter.knocks == [[0], [1], [2]]
    assert job_set.retry() == 0
    assert job_set.retry(held=True) == 1
    done(job_set, 3)
    assert adapter.knocks == [[0], [1], [2], [0]]


def test_a_network_that_is_down_makes_one_job_unsure_not_all(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(refuse=refusing(BROKEN["connection"]))
    job_set = start(manager, adapter, 50)
    waits(job_set)
    assert job_set._state.numbers()[Status.HELD] == 1
    adapter.refuse = lambda number, submission: None
    clock.skip(60)
    turn(manager)
    assert job_set.wait(LIMIT)
    assert words(job_set).count("done") == 49


def test_a_server_that_refuses_the_connection_has_nothing(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = Scripted(refuse=refusing(lambda: ConnectionRefusedError("nobody there"), 0))
    job_set = start(manager, adapter, 2)
    waits(job_set)
    clock.skip(60)
    turn(manager)
    done(job_set, 2)
    assert adapter.knocks == [[0], [0], [1]]


# -- too large ---------------------------------------------------------------------------------------


def small(most: int) -> Scripted:
    def refuse(number: int, submission: object) -> None:
        if len(adapter.knocks[-1]) > most:
            raise Refused("payload too large", 413)

    adapter = Scripted(refuse=refuse)
    return adapter


@pytest.mark.parametrize("most", [1, 3])
@pytest.mark.parametrize("pieces", [1, 3])
def test_a_job_that_is_too_large_is_cut_in_halves_until_it_fits(
    most: int, pieces: int, manager: JobManager
) -> None:
    adapter = small(most)
    job_set = manager.run(
        circuits(21), adapter, shots=30, max_circuits_per_job=13, max_shots_per_job=30 // pieces
    )
    done(job_set, 21, shots=30)
    ran = Counter(value for job in adapter.sent for value in job.values)
    assert ran == dict.fromkeys(range(21), pieces)
    first = [job.span.start for job in job_set._state.ordered() if job.piece == 0]
    assert first == sorted(first)
    assert [job.row for job in job_set._state.jobs] == list(range(len(job_set._state.jobs)))
    for circuit in range(21):
        jobs = [job_set._state.jobs[job.row] for job in job_set.jobs_of(circuit)]
        assert [job.piece for job in jobs] == list(range(pieces))
        assert all(circuit in job.span for job in jobs)
    assert manager.history()[0].jobs == {Status.DONE: len(job_set._state.jobs)}


def test_the_page_hears_which_rows_a_half_has_when_other_shots_are_whole(manager: JobManager) -> None:
    def refuse(number: int, submission: object) -> None:
        if number in (0, 4):
            raise Refused("payload too large", 413)

    adapter = Scripted(refuse=refuse)
    job_set = manager.run(circuits(9), adapter, shots=30, max_circuits_per_job=4, max_shots_per_job=15)
    done(job_set, 9, shots=30)
    ordered = job_set._state.ordered()
    assert len({len(job.span) for job in ordered}) > 1
    page = [
        (start + index * size, start + (index + 1) * size)
        for start, size, pieces, spans in wire.runs(ordered)
        for index in range(spans)
        for _ in range(pieces)
    ]
    assert page == [tuple(job.span) for job in ordered]


def test_one_circuit_that_is_too_large_is_an_error_and_the_others_run(manager: JobManager) -> None:
    def refuse(number: int, submission: object) -> None:
        if 2 in adapter.knocks[-1]:
            raise Refused("payload too large", 413)

    adapter = Scripted(refuse=refuse)
    job_set = manager.run(circuits(8), adapter, shots=10)
    assert job_set.wait(LIMIT)
    numbers = job_set._state.numbers()
    assert numbers[Status.ERROR] == 1
    assert "circuits 2: " in str(job_set.error_messages())
    results = job_set.results()
    for value in (0, 1, 3, 4, 5, 6, 7):
        assert results.get_counts(value) == {format(value, "010b"): 10}


# -- never what was cancelled ------------------------------------------------------------------------


def test_a_job_that_was_cancelled_while_it_was_refused_is_never_sent_again(
    manager: JobManager,
) -> None:
    answers = [busy(0), RuntimeError("bad circuit"), ConnectionResetError("gone"), Refused("large", 413)]
    for answer in answers:
        adapter = Scripted(refuse=refusing(lambda answer=answer: answer), name=str(answer))
        adapter.gates["submit"] = threading.Event()
        job_set = manager.run(circuits(2), adapter, shots=10)
        assert adapter.entered["submit"].wait(LIMIT)
        assert job_set.cancel() == 1
        adapter.gates["submit"].set()
        assert job_set.wait(LIMIT)
        assert words(job_set) == ["cancelled"], answer
        assert job_set.retry() == job_set.retry(held=True) == 0
        turn(manager)
        assert len(adapter.knocks) == 1
