"""Job sets on the classroom's backend: its queue, limits and failures."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager, JobSet
from qjm_widgets.classroom import ClassroomBackend
from qjm_widgets.core.records import Status
from qjm_widgets.errors import CircuitError
from tests.classroom.lessons import coins, lesson
from tests.fakes import LIMIT, reach


@pytest.fixture
def manager() -> Iterator[JobManager]:
    with JobManager() as manager:
        yield manager


def observed(job_set: JobSet, see: Callable[[Any], Any]) -> list[Any]:
    return [see(job) for job in job_set._state.jobs]


def test_the_queue_position_is_shown_until_the_job_runs(manager: JobManager) -> None:
    backend = lesson(queue=(2, 2), others_seconds=(10, 10))
    job_set = manager.run(coins(3), backend, shots=10, max_circuits_per_job=1)
    reach(job_set, lambda: observed(job_set, lambda job: job.queue_position) == [2, 3, 4])
    backend.clock.advance(21)
    reach(job_set, lambda: observed(job_set, lambda job: job.queue_position) == [None, 1, 2])
    assert observed(job_set, lambda job: job.status)[0] is Status.RUNNING
    backend.clock.advance(60)
    assert job_set.wait(LIMIT)
    assert sum(job_set.counts().values()) == 30


def test_times_are_the_machines_own(manager: JobManager) -> None:
    backend = ClassroomBackend(speed=1000, queue=(3, 3), others_seconds=(100, 100), start_seconds=200)
    job_set = manager.run(coins(1), backend, shots=10)
    assert job_set.wait(LIMIT)
    (job,) = job_set._state.jobs
    assert job.sent_at is not None and job.running_at is not None and job.finished_at is not None  # noqa: PT018
    assert job.running_at - job.sent_at >= 0.29
    assert job.finished_at - job.running_at == pytest.approx(0.2, abs=0.1)


def test_limits_are_met_and_learned_and_everything_runs(manager: JobManager) -> None:
    backend = ClassroomBackend(preset="busy-morning", speed=600)
    job_set = manager.run(coins(8), backend, shots=10, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    assert {job.state for job in job_set.managed_jobs()} == {Status.DONE}
    assert len(backend.jobs()) == 8
    texts = [line.text for job in job_set.managed_jobs() for line in job.history() if line.text]
    assert any("takes 5 jobs in 1:00" in text for text in texts)


def test_the_usage_of_a_failed_job_is_reported(manager: JobManager) -> None:
    backend = ClassroomBackend(speed=1000, start_seconds=100.0, circuit_seconds=0.0, fail={0: "warm"})
    job_set = manager.run(coins(2), backend, shots=1, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    failed, done = observed(job_set, lambda job: job.qpu_seconds)
    assert 20 <= failed <= 80
    assert done == pytest.approx(100, abs=0.1)


def test_an_outage_is_waited_for(manager: JobManager) -> None:
    backend = lesson(outages=[(5, 60)])
    before = manager.run(coins(2), backend, shots=10, max_circuits_per_job=1)
    reach(before, lambda: observed(before, lambda job: job.queue_position) == [None, 1])
    backend.clock.advance(6)
    reach(before, lambda: observed(before, lambda job: job.status) == [Status.ERROR, Status.QUEUED])
    assert "broke down while the job ran" in str(before.error_messages())
    later = manager.run(coins(1), backend, shots=10)
    reach(later, lambda: later._state.waiting is not None)
    backend.clock.advance(70)
    assert before.wait(LIMIT)
    assert before.retry() == 1
    assert before.wait(LIMIT, until="submitted")
    assert later.wait(LIMIT, until="submitted")
    backend.clock.advance(60)
    assert before.wait(LIMIT)
    assert later.wait(LIMIT)
    assert before.error_messages() is later.error_messages() is None


def test_one_lesson_gives_one_picture(manager: JobManager) -> None:
    def picture() -> Any:
        backend = ClassroomBackend(preset="flaky", speed=500, pending_limit=3)
        job_set = manager.run(coins(12), backend, shots=100, max_circuits_per_job=1)
        assert job_set.wait(LIMIT)
        return job_set.statuses(), job_set.error_messages(), job_set.counts()

    first = picture()
    assert first == picture()
    assert first[1] is not None


def test_a_job_that_runs_is_cancelled_and_the_next_one_starts(manager: JobManager) -> None:
    backend = lesson()
    job_set = manager.run(coins(2), backend, shots=10, max_circuits_per_job=1)
    reach(job_set, lambda: observed(job_set, lambda job: job.queue_position) == [None, 1])
    job_set.cancel(0)
    reach(
        job_set, lambda: observed(job_set, lambda job: job.status) == [Status.CANCELLED, Status.RUNNING]
    )
    backend.clock.advance(10)
    assert job_set.wait(LIMIT)


def test_too_many_circuits_a_job_are_cut_by_the_backends_own_limit(manager: JobManager) -> None:
    job_set = manager.run(coins(7), ClassroomBackend(speed=600, max_circuits=3), shots=10)
    assert [len(job.span) for job in job_set.managed_jobs()] == [3, 3, 1]
    assert job_set.wait(LIMIT)


def test_what_the_simulator_would_refuse_is_refused_at_the_call(manager: JobManager) -> None:
    with pytest.raises(CircuitError, match="30 qubits"):
        manager.run(QuantumCircuit(30, 1, name="wide"), ClassroomBackend())
    assert manager.history() == []


def test_the_set_of_a_dead_kernel_runs_again(tmp_path: Path) -> None:
    backend = lesson()
    with JobManager(tmp_path / "store") as manager:
        job_set = manager.run(coins(2), backend, shots=10, max_circuits_per_job=1)
        assert job_set.wait(LIMIT, until="submitted")
    with JobManager(tmp_path / "store") as manager:
        again = manager.retrieve_job_set(job_set.job_set_id())
        again.resume(ClassroomBackend(speed=1000))
        assert again.wait(LIMIT)
        assert sum(again.counts().values()) == 20


def test_results_time_out_and_name_the_running_jobs(manager: JobManager) -> None:
    job_set = manager.run(coins(2), lesson(), shots=10, max_circuits_per_job=1)
    reach(job_set, lambda: observed(job_set, lambda job: job.queue_position) == [None, 1])
    began = time.monotonic()
    with pytest.raises(TimeoutError, match=r"2 of 2 jobs had not ended: 0 \(running\), 1 \(queued\)"):
        job_set.results(timeout=0.2)
    assert time.monotonic() - began < LIMIT / 2
