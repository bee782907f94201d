"""A job with a status, a result or a cancellation that hangs delays no other job."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from qiskit.providers import JobStatus
from qiskit.result import Result

from qjm_widgets import JobManager
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, reach
from tests.job_sets import check_done, start, statuses


class HangingJob(ScriptedJob):
    """A job with calls that wait until a test releases them."""

    calls: Counter[str]
    doors: dict[str, threading.Event]
    begun: dict[str, threading.Event]

    def status(self) -> JobStatus:
        self._enter("status")
        return super().status()

    def result(self) -> Result:
        self._enter("result")
        return super().result()

    def cancel(self) -> bool:
        self._enter("cancel")
        return super().cancel()

    def _enter(self, call: str) -> None:
        self.calls[call] += 1
        if call in self.doors:
            self.begun[call].set()
            assert self.doors[call].wait(LIMIT)


class HangingBackend(ScriptedBackend):
    """A remote backend; ``hang`` names the job and the call that hangs."""

    def __init__(self, number: int, *hang: str) -> None:
        super().__init__(hold=True)
        self.number = number
        self.doors = {call: threading.Event() for call in hang}
        self.begun = {call: threading.Event() for call in hang}

    def run(self, *arguments: object, **options: object) -> ScriptedJob:
        job = super().run(*arguments, **options)  # type: ignore[arg-type]
        job.__class__ = HangingJob
        job.calls = Counter()  # type: ignore[attr-defined]
        mine = len(self.sent) - 1 == self.number
        job.doors = self.doors if mine else {}  # type: ignore[attr-defined]
        job.begun = self.begun if mine else {}  # type: ignore[attr-defined]
        return job


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let calls count as hanging, and be abandoned, after a short time."""
    monkeypatch.setattr("qjm_widgets._threads.STALL", 0.05)
    monkeypatch.setattr("qjm_widgets._threads.DEADLINE", 0.5)


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "store")
    yield manager
    manager._shut_down()


@pytest.mark.parametrize("number", [0, 3, 6])
def test_a_status_that_hangs_delays_no_other_job_of_any_set(number: int, manager: JobManager) -> None:
    backend = HangingBackend(number, "status")
    hanging = start(manager, backend, 7)
    assert hanging.wait(LIMIT, until="submitted")
    other = start(manager, backend, 3)
    assert other.wait(LIMIT, until="submitted")
    for job in backend.sent:
        job.finish()
    check_done(other, 3)
    reach(hanging, lambda: hanging._state.finished == 6)
    reach(hanging, lambda: "does not answer" in (hanging._state.jobs[number].last_error or ""))
    reach(hanging, lambda: f"job {number} (job-{number})" in repr(hanging))
    assert other._state.waiting is None
    reach(hanging, lambda: "has not answered for" in (hanging._state.jobs[number].last_error or ""))
    backend.doors["status"].set()
    check_done(hanging, 7)
    assert hanging._state.jobs[number].last_error is None
    assert hanging._state.waiting is None


def test_a_late_status_is_used_and_the_job_is_polled_again(manager: JobManager) -> None:
    backend = HangingBackend(1, "status")
    job_set = start(manager, backend, 3)
    assert backend.begun["status"].wait(LIMIT)
    reach(job_set, lambda: job_set._state.jobs[1].last_error)
    backend.doors["status"].set()  # queued still
    reach(job_set, lambda: job_set._state.jobs[1].last_error is None)
    for job in backend.sent:
        job.finish()
    check_done(job_set, 3)


def test_a_result_that_hangs_delays_no_other_job_and_is_requested_once(manager: JobManager) -> None:
    backend = HangingBackend(0, "result")
    job_set = start(manager, backend, 6)
    assert job_set.wait(LIMIT, until="submitted")
    for job in backend.sent:
        job.finish()
    reach(job_set, lambda: job_set._state.finished == 5)
    reach(job_set, lambda: "not returned its result" in (job_set._state.jobs[0].last_error or ""))
    reach(job_set, lambda: "job 0 (job-0)" in repr(job_set))
    check_done(start(manager, ScriptedBackend(name="other"), 2), 2)
    backend.doors["result"].set()
    check_done(job_set, 6)
    assert [job.calls["result"] for job in backend.sent] == [1] * 6  # type: ignore[attr-defined]


def test_a_job_with_a_status_that_hangs_is_cancelled(manager: JobManager) -> None:
    backend = HangingBackend(0, "status")
    job_set = start(manager, backend, 2)
    reach(job_set, lambda: job_set._state.jobs[0].last_error)
    assert job_set.cancel() == 2
    reach(job_set, lambda: statuses(job_set)[1] == "cancelled")
    assert backend.sent[0].now is JobStatus.CANCELLED
    backend.doors["status"].set()
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["cancelled"] * 2


def test_a_cancellation_that_hangs_delays_no_other(manager: JobManager) -> None:
    backend = HangingBackend(0, "cancel")
    job_set = start(manager, backend, 3)
    assert job_set.wait(LIMIT, until="submitted")
    assert job_set.cancel() == 3
    reach(job_set, lambda: statuses(job_set)[1:] == ["cancelled"] * 2)
    backend.doors["cancel"].set()
    assert job_set.wait(LIMIT)
    assert statuses(job_set) == ["cancelled"] * 3


def test_more_jobs_hang_than_there_are_threads_and_all_end(manager: JobManager) -> None:
    backend = HangingBackend(0, "status")
    job_set = start(manager, backend, 30)
    assert job_set.wait(LIMIT, until="submitted")
    for job in backend.sent:
        job.doors, job.begun = backend.doors, backend.begun  # type: ignore[attr-defined]
        job.finish()
    reach(job_set, lambda: all("answer" in (job.last_error or "") for job in job_set._state.jobs))
    ours = [thread for thread in threading.enumerate() if thread.name.endswith("-scripted")]
    assert len(ours) < 30
    backend.doors["status"].set()
    check_done(job_set, 30)


def test_calls_that_hang_do_not_delay_closing_the_manager(manager: JobManager) -> None:
    backend = HangingBackend(0, "status")
    job_set = start(manager, backend, 2)
    reach(job_set, lambda: job_set._state.jobs[0].last_error)
    manager._shut_down()
    backend.doors["status"].set()
