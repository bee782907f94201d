"""Wait for a job set, and subscribe to it."""

import _thread
import itertools
import threading
from collections.abc import Callable

import pytest
from qiskit.providers import JobStatus

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.errors import NotAvailableError, WaitTimeoutError
from qjm_widgets.state.events import JobEvent
from tests.fakes import LIMIT, ScriptedBackend, reach
from tests.held_sets import held, start

# -- waiting -----------------------------------------------------------------------------------------


def test_waiting_zero_seconds_returns_the_present_state(manager: JobManager) -> None:
    backend, job_set = held(manager)
    assert job_set.wait(0) is False
    assert job_set.wait(0, until="submitted") is True
    for job in backend.sent:
        job.finish()
    assert job_set.wait(LIMIT) is True
    assert job_set.wait(0) is True


def test_results_of_a_finished_set_never_time_out(manager: JobManager) -> None:
    job_set = start(manager, ScriptedBackend(fail={1: "broken"}))
    assert job_set.wait(LIMIT)
    for timeout in (0, 0.0, 1e-9, None):
        assert job_set.results(timeout=timeout).get_counts(0) == {"0000": 10}
    assert job_set.results(timeout=0, refresh=True).get_counts(2) == {"0010": 10}


def test_results_time_out_naming_the_jobs_and_the_jobs_continue(manager: JobManager) -> None:
    backend, job_set = held(manager, 7)
    backend.sent[0].finish()
    reach(job_set, lambda: job_set._state.finished == 1)
    with pytest.raises(WaitTimeoutError, match=r"6 of 7 jobs .* 1 \(queued\), 2 .*partial") as caught:
        job_set.results(timeout=0)
    assert isinstance(caught.value, TimeoutError)
    for job in backend.sent:
        assert not job.cancels
        job.finish()
    assert job_set.results(timeout=LIMIT).success


def test_an_interrupt_ends_wait_and_no_job(manager: JobManager) -> None:
    backend, job_set = held(manager, 1)
    waiting: list[Callable[[], object]] = [job_set.wait, job_set.results]
    for wait in waiting:
        interrupt = threading.Thread(target=_thread.interrupt_main)
        with pytest.raises(KeyboardInterrupt):
            interrupted(wait, interrupt)
        interrupt.join(LIMIT)
    assert backend.sent[0].cancels == 0
    backend.sent[0].finish()
    assert job_set.results(timeout=LIMIT).success


def interrupted(wait: Callable[[], object], interrupt: threading.Thread) -> None:
    interrupt.start()
    wait()


def test_partial_results_are_what_is_there(manager: JobManager) -> None:
    backend, job_set = held(manager)
    backend.sent[2].finish()
    reach(job_set, lambda: job_set._state.finished == 1)
    for results in (job_set.results(partial=True), job_set.results(timeout=0, partial=True)):
        assert results.get_counts(2) == {"0010": 10}
        with pytest.raises(NotAvailableError, match=r"job 3 .* is queued"):
            results.get_counts(3)
    assert job_set.counts() == {"0010": 10}
    assert job_set.counts(3) == {}
    backend.sent[3].finish()
    reach(job_set, lambda: job_set._state.finished == 2)
    assert results.get_counts(3) == {"0011": 10}
    assert job_set.counts() == {"0010": 10, "0011": 10}


def test_jobs_are_yielded_as_they_end(manager: JobManager) -> None:
    backend, job_set = held(manager)
    ended = job_set.as_completed(timeout=LIMIT)
    order = [2, 0, 3, 1]
    for row in order:
        backend.sent[row].finish()
        job = next(ended)
        assert job.row == row
        assert job.status() is JobStatus.DONE
        assert job.job is backend.sent[row]
    assert list(ended) == []
    assert [job.row for job in job_set.as_completed(timeout=0)] == [0, 1, 2, 3]


def test_as_completed_yields_failed_jobs_too_and_times_out(manager: JobManager) -> None:
    backend, job_set = held(manager, 3)
    backend.sent[0].fail("broken")
    assert job_set.cancel(1) == 1
    reach(job_set, lambda: job_set._state.jobs[1].status.final and job_set._state.jobs[0].status.final)
    ended = job_set.as_completed(timeout=0)
    rows = [next(ended).row, next(ended).row]
    with pytest.raises(WaitTimeoutError, match="2 of 3"):
        next(ended)
    assert rows == [0, 1]


# -- hearing -----------------------------------------------------------------------------------------


def test_a_subscriber_gets_every_change_in_order_and_after_its_commit(
    manager: JobManager,
) -> None:
    backend = ScriptedBackend()
    backend.gate.clear()
    job_set = start(manager, backend, 5)
    events: list[JobEvent] = []
    stored: list[Status] = []

    def callback(event: JobEvent) -> None:
        events.append(event)
        stored.append(job_set.managed_jobs()[event.job.row].history()[-1].status)

    subscription = job_set.subscribe(callback)
    assert backend.entered.wait(LIMIT)
    backend.gate.set()
    assert job_set.wait(LIMIT)
    subscription.unsubscribe()
    subscription.join(LIMIT)
    order = list(Status)
    for row in range(5):
        of_job = [event for event in events if event.job.row == row]
        statuses = [event.job.status for event in of_job]
        assert statuses[-1] is Status.DONE
        assert statuses == sorted(statuses, key=order.index)
        for before, after in itertools.pairwise(of_job):
            assert after.previous is before.job.status
    assert all(event.job_set_id == job_set.job_set_id() for event in events)
    pairs = zip(events, stored, strict=True)
    assert all(order.index(there) >= order.index(event.job.status) for event, there in pairs)


def test_a_slow_and_a_raising_subscriber_delay_no_other(manager: JobManager) -> None:
    backend, job_set = held(manager, 3)
    go_on = threading.Event()
    events: list[int] = []

    def slow(event: JobEvent) -> None:
        assert go_on.wait(LIMIT)

    def raises(event: JobEvent) -> None:
        raise RuntimeError("a mistake of the user's")

    subscriptions = [job_set.subscribe(c) for c in (slow, raises, lambda e: events.append(e.job.row))]
    for job in backend.sent:
        job.finish()
    assert job_set.wait(LIMIT)
    subscriptions[2].unsubscribe()
    subscriptions[2].join(LIMIT)
    assert sorted(events) == [0, 1, 2]
    go_on.set()
