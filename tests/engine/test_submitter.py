"""Which jobs are submitted: never one that was cancelled, and none of a set that waits or is paused."""

import threading

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, reach
from tests.job_sets import (
    busy,
    check_done,
    circuits,
    refusing,
    run_turn,
    start,
    statuses,
    wait_until_waiting,
)
from tests.ledger import Refused
from tests.scripted_adapter import ScriptedAdapter


def test_a_cancel_during_the_wait_returns_at_once_and_nothing_is_sent_later(
    manager: JobManager, clock: JumpingClock
) -> None:
    adapter = ScriptedAdapter(refuse=refusing(lambda: busy(3000), 1))
    job_set = start(manager, adapter, 5)
    wait_until_waiting(job_set)
    assert job_set.cancel() >= 4
    assert statuses(job_set)[1:] == ["cancelled"] * 4
    assert job_set.wait(LIMIT)
    clock.skip(4000)
    run_turn(manager)
    assert job_set.retry() == 0
    assert len(adapter.knocks) == 2


def test_a_set_that_waits_delays_no_other_backend(manager: JobManager) -> None:
    waiting = start(manager, ScriptedAdapter(refuse=refusing(lambda: busy(3000))), 3)
    wait_until_waiting(waiting)
    check_done(start(manager, ScriptedAdapter(name="other"), 20), 20)
    assert statuses(waiting) == ["not_sent"] * 3


def test_pause_stops_submissions_and_unpause_continues_them(manager: JobManager) -> None:
    adapter = ScriptedAdapter(hold=True, max_pending=1)
    job_set = start(manager, adapter, 3)
    reach(job_set, lambda: adapter.sent and job_set._state.numbers()[Status.QUEUED])
    job_set.pause()
    adapter.sent[0].finish()
    reach(job_set, lambda: job_set._state.finished == 1)
    run_turn(manager)
    assert len(adapter.knocks) == 1
    assert job_set._state.waiting is not None
    assert "paused" in job_set._state.waiting.text
    assert repr(job_set).endswith("1 of 3 done, 2 not sent; 1 of 3 submitted (paused)>")
    assert not job_set.wait(0)
    adapter.hold = False
    job_set.unpause()
    check_done(job_set, 3)
    assert job_set._state.waiting is None


# -- never what was cancelled ------------------------------------------------------------------------


def test_a_job_that_was_cancelled_while_it_was_refused_is_never_sent_again(
    manager: JobManager,
) -> None:
    answers = [busy(0), RuntimeError("bad circuit"), ConnectionResetError("gone"), Refused("large", 413)]
    for answer in answers:
        adapter = ScriptedAdapter(refuse=refusing(lambda answer=answer: answer), name=str(answer))
        adapter.gates["submit"] = threading.Event()
        job_set = manager.run(circuits(2), adapter, shots=10)
        assert adapter.entered["submit"].wait(LIMIT)
        assert job_set.cancel() == 1
        adapter.gates["submit"].set()
        assert job_set.wait(LIMIT)
        assert statuses(job_set) == ["cancelled"], answer
        assert job_set.retry() == job_set.retry(held=True) == 0
        run_turn(manager)
        assert len(adapter.knocks) == 1
