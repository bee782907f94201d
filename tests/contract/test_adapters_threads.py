"""Background work does not block the caller, fails job by job, and prints nothing."""

import functools
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from qiskit.providers import JobStatus

from qjm_widgets import JobManager
from qjm_widgets.errors import NotAvailableError
from tests.contract.adapter_kinds import Kind, coins, ended, every
from tests.fakes import LIMIT, ScriptedBackend, reach


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def guarded(thing: Any, before: Callable[[], None]) -> Any:
    """Return the backend or sampler with a ``run`` that first calls ``before``."""
    run = thing.run

    @functools.wraps(run)
    def guarded_run(*args: Any, **options: Any) -> Any:
        before()
        return run(*args, **options)

    thing.run = guarded_run
    return thing


def unguarded(thing: Any) -> None:
    del thing.run


@every
def test_a_run_that_computes_never_blocks_the_caller(kind: Kind, manager: JobManager) -> None:
    gate, entered = threading.Event(), threading.Event()

    def wait() -> None:
        entered.set()
        assert gate.wait(LIMIT)

    backend = guarded(kind.make(None), wait)
    try:
        job_set = manager.run(coins(3), backend, shots=10, max_circuits_per_job=1)
        assert entered.wait(LIMIT)
        assert not job_set.wait(0)
        assert not job_set.wait(0, until="submitted")
        assert job_set.counts() == {}
        assert job_set.cancel(2) == 1
        assert job_set.statuses()[2] is JobStatus.CANCELLED
        gate.set()
        assert job_set.wait(LIMIT)
        assert [word.name for word in job_set.statuses()] == ["DONE", "DONE", "CANCELLED"]
        assert sum(job_set.counts().values()) == 20
    finally:
        gate.set()
        unguarded(backend)


@every
def test_a_submission_that_fails_marks_only_its_job(
    kind: Kind, manager: JobManager, capfd: pytest.CaptureFixture[str]
) -> None:
    calls = iter(range(100))

    def fail_second() -> None:
        if next(calls) == 1:
            raise RuntimeError("the queue is full today")

    backend = guarded(kind.make(None), fail_second)
    try:
        job_set = manager.run(coins(6), backend, shots=10, max_circuits_per_job=2)
        assert job_set.wait(LIMIT)
        words = [getattr(status, "name", None) for status in job_set.statuses()]
        assert words == ["DONE", "ERROR", "DONE"]
        messages = job_set.error_messages()
        assert messages is not None
        for text in ("Job 1", "circuits 2–3", "RuntimeError: the queue is full today"):
            assert text in messages
        results = job_set.results()
        assert not results.success
        assert sum(results.get_counts("coin 5").values()) == 10
        with pytest.raises(NotAvailableError, match="the queue is full today"):
            results.get_counts("coin 3")
        assert job_set.jobs()[1] is None
        assert job_set.retry() == 1
        assert ended(job_set).results().success
    finally:
        unguarded(backend)
    assert capfd.readouterr() == ("", "")


@every
def test_nothing_is_printed_without_errors(kind: Kind, capfd: pytest.CaptureFixture[str]) -> None:
    with JobManager(":memory:") as manager:
        job_set = manager.run(coins(3), kind.make(None), shots=10, max_circuits_per_job=1)
        ended(job_set).results().get_counts(0)
    assert capfd.readouterr() == ("", "")


def test_nothing_is_printed_after_errors(capfd: pytest.CaptureFixture[str]) -> None:
    backend = ScriptedBackend(hold=True, refuse={0: RuntimeError("refused")})
    manager = JobManager(":memory:")
    job_set = manager.run(coins(5), backend, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")

    def broken(*_: Any) -> Any:
        raise OSError("the network is gone")

    def raises(_: Any) -> None:
        raise RuntimeError("a callback's mistake")

    subscription = job_set.subscribe(raises)
    failing, unreadable, mute, uncancellable = backend.sent
    mute.status = broken  # type: ignore[method-assign]
    uncancellable.cancel = broken  # type: ignore[method-assign]
    reach(job_set, lambda: job_set._state.jobs[3].last_error)
    assert "the network is gone" in job_set.report()
    assert job_set.cancel(4) == 1
    reach(job_set, lambda: job_set._state.jobs[4].last_error)
    assert "cancelling failed: OSError" in job_set.report()
    unreadable.result = lambda: object()  # type: ignore[method-assign,assignment,return-value]
    for job in (failing, unreadable, mute, uncancellable):
        job.finish()
    failing.fail("no coupling\nbetween 0 and 4")
    del mute.status
    assert job_set.wait(LIMIT)
    names = [getattr(status, "name", None) for status in job_set.statuses()]
    assert names == ["ERROR", "ERROR", "ERROR", "DONE", "DONE"]
    messages = job_set.error_messages() or ""
    for text in ("RuntimeError: refused", "no coupling\nbetween 0 and 4", "cannot be read"):
        assert text in messages
    manager.close()
    subscription.join(LIMIT)
    assert capfd.readouterr() == ("", "")


def test_polls_that_failed_do_not_fail_a_job(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = manager.run(coins(1), backend, shots=10)
    assert job_set.wait(LIMIT, until="submitted")
    (job,) = backend.sent
    answers: Iterator[Any] = iter([OSError("down"), "no such word", JobStatus.RUNNING])
    raised = threading.Event()

    def status() -> Any:
        answer = next(answers, None)
        if answer is None:
            raised.set()
            return JobStatus.DONE
        if isinstance(answer, Exception):
            raise answer
        return answer

    job.status = status  # type: ignore[method-assign]
    job.finish()
    assert raised.wait(LIMIT)
    assert sum(ended(job_set).results().get_counts(0).values()) == 10
    assert job_set._state.jobs[0].last_error is None
    assert [change.status.value for change in job_set.managed_jobs()[0].history()] == [
        "sending",
        "queued",
        "running",
        "done",
    ]


def test_a_result_that_is_not_available_yet_is_polled_again(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = manager.run(coins(1), backend, shots=10)
    assert job_set.wait(LIMIT, until="submitted")
    (job,) = backend.sent
    result, failures = job.result, iter([OSError("down"), TimeoutError("slow")])

    def flaky() -> Any:
        for error in failures:
            raise error
        return result()

    job.result = flaky  # type: ignore[method-assign]
    job.finish()
    assert sum(ended(job_set).results().get_counts(0).values()) == 10
    assert len(backend.sent) == 1


def test_a_result_with_missing_circuits_fails_those_only(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = manager.run(coins(3), backend, shots=10)
    assert job_set.wait(LIMIT, until="submitted")
    (job,) = backend.sent
    del job.circuits[1:]  # type: ignore[attr-defined]
    job.finish()
    results = job_set.results(LIMIT)
    assert "2 of 3 circuits missing in its result" in job_set.report()
    assert sum(results.get_counts("coin 0").values()) == 10
    for circuit in (1, "coin 2"):
        with pytest.raises(NotAvailableError, match="missing in the result of job 0"):
            results.get_counts(circuit)
    assert not results.success
