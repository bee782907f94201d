"""A managed job: what the retired one offered."""

from concurrent.futures import Future, wait
from typing import Any

import pytest
from qiskit.providers import JobStatus
from qiskit.result import Result

from qjm_widgets.ibmq import (
    IBMQJobManager,
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerTimeoutError,
    ManagedJobSet,
)
from tests.fakes import LIMIT, ScriptedBackend, marked, reach


def started(
    jobs: IBMQJobManager, backend: ScriptedBackend, number: int = 4, each: int = 2
) -> ManagedJobSet:
    circuits = [marked(index) for index in range(number)]
    return jobs.run(circuits, backend, max_experiments_per_job=each, shots=8)


def futures(job_set: ManagedJobSet) -> list[Future[None]]:
    found = [job.future for job in job_set.managed_jobs()]
    assert all(isinstance(future, Future) for future in found)
    return [future for future in found if future is not None]


def test_it_knows_its_experiments(jobs: IBMQJobManager) -> None:
    job_set = started(jobs, ScriptedBackend(), 5)
    assert [(job.start_index, job.end_index) for job in job_set.managed_jobs()] == [
        (0, 1),
        (2, 3),
        (4, 4),
    ]


def test_its_future_is_done_when_it_was_sent(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(hold=True, refuse={0: RuntimeError("no")})
    backend.gate.clear()
    job_set = started(jobs, backend)
    assert all(future.running() for future in futures(job_set))
    backend.gate.set()
    done, open_ = wait(futures(job_set), LIMIT)
    assert (len(done), len(open_)) == (2, 0)
    first, second = job_set.managed_jobs()
    assert (first.job, str(first.submit_error)) == (None, "no")
    assert (second.job, second.submit_error) == (backend.sent[0], None)
    assert (first.status(), second.status()) == (None, JobStatus.QUEUED)
    backend.sent[0].finish()


def test_before_it_was_sent_it_is_initializing(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend()
    backend.gate.clear()
    job_set = started(jobs, backend)
    assert job_set.statuses() == [JobStatus.INITIALIZING] * 2
    assert [job.job for job in job_set.managed_jobs()] == [None, None]
    backend.gate.set()
    job_set.results()


def test_its_result_is_a_result_of_its_experiments(jobs: IBMQJobManager) -> None:
    job_set = started(jobs, ScriptedBackend())
    result = job_set.managed_jobs()[1].result()
    assert type(result) is Result
    assert [result.get_counts(index) for index in range(2)] == [{"0000000010": 8}, {"0000000011": 8}]
    assert result.job_id == "job-1"
    assert job_set.managed_jobs()[1].error_message() is None


def test_a_failed_job_has_no_result_but_a_message(jobs: IBMQJobManager) -> None:
    job_set = started(jobs, ScriptedBackend(fail={0: "broke"}, refuse={1: RuntimeError("no")}))
    failed, refused = job_set.managed_jobs()
    with pytest.warns(UserWarning, match="experiments 0-1, job ID=job-0: .*broke"):
        assert failed.result() is None
    assert "broke" in str(failed.error_message())
    assert refused.result() is None
    assert "no" in str(refused.error_message())


def test_waiting_for_one_job_ends_in_time(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = started(jobs, backend)
    job_set.jobs()
    with pytest.raises(IBMQJobManagerTimeoutError, match="experiments 0-1"):
        job_set.managed_jobs()[0].result(timeout=0)
    backend.sent[0].finish()
    assert job_set.managed_jobs()[0].result(timeout=LIMIT) is not None
    backend.sent[1].finish()


def test_one_job_is_cancelled(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = started(jobs, backend)
    job_set.jobs()
    assert job_set.managed_jobs()[1].cancel() is None
    reach(job_set.job_set, lambda: job_set.statuses() == [JobStatus.QUEUED, JobStatus.CANCELLED])
    backend.sent[0].finish()


def test_a_retrieved_job_answers_without_a_backend(jobs: IBMQJobManager, store_path: Any) -> None:
    from qjm_widgets import JobManager

    backend = ScriptedBackend(fail={0: "broke"})
    with JobManager(store_path) as earlier:
        before = earlier.run([marked(0), marked(1)], backend, max_circuits_per_job=1)
        before.wait(LIMIT)
    failed, done = jobs.retrieve_job_set(before.job_set_id(), None).managed_jobs()
    assert (failed.future, failed.job, failed.status()) == (None, None, JobStatus.ERROR)
    assert done.result().get_counts(0) == {"0000000001": 1024}
    assert "broke" in str(failed.error_message())
    done.cancel()


def test_cancelling_a_set_without_an_owner_is_an_error(jobs: IBMQJobManager, store_path: Any) -> None:
    from qjm_widgets import JobManager

    backend = ScriptedBackend(hold=True)
    with JobManager(store_path) as earlier:
        before = earlier.run([marked(0)], backend)
        before.wait(LIMIT, until="submitted")
    job_set = jobs.retrieve_job_set(before.job_set_id(), None)
    with pytest.raises(IBMQJobManagerInvalidStateError):
        job_set.cancel()
    with pytest.raises(IBMQJobManagerInvalidStateError):
        job_set.managed_jobs()[0].cancel()
