"""What old programs do with the jobs of the account themselves, beside the methods of their set."""

import datetime
from typing import Any

import pytest
from qiskit.providers import JobStatus

from qjm_widgets import JobManager
from qjm_widgets.ibmq import IBMQJobManager, IBMQManagedResultDataNotAvailable
from tests.fakes import LIMIT, marked
from tests.ibmq.account import AccountBackend, AccountJob


def circuits(number: int) -> list[Any]:
    return [marked(index) for index in range(number)]


def labels(backend: AccountBackend, name: str) -> list[Any]:
    return [job.labels[name] for job in backend.sent if isinstance(job, AccountJob)]


@pytest.mark.parametrize("each", [1, 3, 5])
def test_the_results_of_the_jobs_are_those_of_the_set(jobs: IBMQJobManager, each: int) -> None:
    backend = AccountBackend()
    job_set = jobs.run(circuits(10), backend, max_experiments_per_job=each)
    results = job_set.results()
    natives = job_set.jobs()
    for index in range(10):
        native = natives[index // each].result()
        assert results.get_counts(index) == native.get_counts(index % each)
        assert results.get_counts(f"c{index}") == native.get_counts(f"c{index}")
    assert {job.fetches for job in backend.sent if isinstance(job, AccountJob)} == {1}


def test_times_are_those_of_the_job(jobs: IBMQJobManager) -> None:
    job_set = jobs.run(circuits(1), AccountBackend())
    job_set.results()
    job = job_set.job_set._state.jobs[0]
    begun = datetime.datetime(2026, 3, 1, 12, tzinfo=datetime.UTC).timestamp()
    assert (job.running_at, job.finished_at) == (begun, begun + 8)


def test_jobs_get_the_name_of_their_set_and_its_tags(jobs: IBMQJobManager) -> None:
    backend = AccountBackend()
    job_set = jobs.run(
        circuits(5), backend, name="foo", max_experiments_per_job=2, job_tags=["mine", "today"]
    )
    job_set.results()
    jobs.run(circuits(1), backend, name="other").results()
    assert job_set.tags() == ["mine", "today"]
    assert backend.jobs(job_tags=["mine"]) == job_set.jobs()
    assert labels(backend, "name") == ["foo_0_", "foo_1_", "foo_2_", "other_0_"]
    assert labels(backend, "tags")[-1] is None
    report = job_set.report()
    assert all(f"name: {name}" in report for name in ("foo_0_", "foo_1_", "foo_2_"))


def test_every_manager_hands_names_and_tags_on() -> None:
    backend = AccountBackend()
    with JobManager(":memory:") as manager:
        manager.run(circuits(2), backend, name="bar", tags=["x"], max_circuits_per_job=1).wait(LIMIT)
        manager.run(circuits(1), backend, tags=["x"], job_name="given", job_tags=["y"]).wait(LIMIT)
    assert labels(backend, "name") == ["bar_0_", "bar_1_", "given"]
    assert labels(backend, "tags") == [["x"], ["x"], ["y"]]


@pytest.mark.parametrize(("level", "handed"), [("project", "project"), ("HUB", "hub"), (None, None)])
def test_a_share_level_reaches_a_backend_that_takes_it(
    jobs: IBMQJobManager, level: str | None, handed: str | None, recwarn: pytest.WarningsRecorder
) -> None:
    backend = AccountBackend()
    jobs.run(circuits(2), backend, max_experiments_per_job=1, job_share_level=level).results()
    assert labels(backend, "share_level") == [handed, handed]
    assert not recwarn.list


def test_the_status_of_a_job_with_an_unknown_id_is_none_at_once(jobs: IBMQJobManager) -> None:
    backend = AccountBackend(hold=True)
    job_set = jobs.run(circuits(2), backend, max_experiments_per_job=1)
    first, second = job_set.jobs()
    assert job_set.statuses() == [JobStatus.QUEUED, JobStatus.QUEUED]
    second.known_as = "another"
    assert job_set.statuses() == [JobStatus.QUEUED, None]
    second.known_as = second.job_id()
    assert job_set.statuses() == [JobStatus.QUEUED, JobStatus.QUEUED]
    first.start()
    assert job_set.statuses() == [JobStatus.RUNNING, JobStatus.QUEUED]
    first.finish()
    second.finish()
    assert job_set.results(LIMIT).success


def test_the_circuits_of_a_job_that_its_own_cancel_ended_have_no_data(jobs: IBMQJobManager) -> None:
    backend = AccountBackend(hold=True)
    job_set = jobs.run(circuits(4), backend, max_experiments_per_job=2)
    first, second = job_set.jobs()
    assert second.cancel()
    first.finish()
    results = job_set.results(LIMIT)
    assert sum(results.get_counts(1).values()) == 1024
    with pytest.raises(IBMQManagedResultDataNotAvailable):
        results.get_counts(2)
