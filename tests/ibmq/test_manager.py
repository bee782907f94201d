"""Running, listing, reporting and retrieving by the retired names."""

import logging
from pathlib import Path
from typing import Any

import pytest
from qiskit.providers import JobStatus

from qjm_widgets import JobManager, JobSet, QJMError, default_manager
from qjm_widgets.ibmq import (
    IBMQJobManager,
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerUnknownJobSet,
    ManagedJob,
    ManagedJobSet,
    ManagedResults,
)
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, marked, reach


def circuits(number: int) -> list[Any]:
    return [marked(index) for index in range(number)]


def test_an_old_notebook_changes_its_import_line_only(jobs: IBMQJobManager) -> None:
    job_set_foo = jobs.run(circuits(1000), backend=ScriptedBackend(), name="foo")
    results = job_set_foo.results()
    assert results.get_counts(5) == {"0000000101": 1024}
    assert job_set_foo.statuses() == [JobStatus.DONE] * 10
    assert job_set_foo.error_messages() is None
    retrieved_foo = jobs.retrieve_job_set(job_set_id=job_set_foo.job_set_id(), provider=None)
    assert retrieved_foo.results().get_counts(999) == {"1111100111": 1024}


def test_what_the_methods_give_is_of_the_retired_kinds(jobs: IBMQJobManager) -> None:
    job_set = jobs.run(circuits(4), ScriptedBackend(), max_experiments_per_job=2)
    assert type(job_set) is ManagedJobSet
    assert type(job_set.results()) is ManagedResults
    assert {type(job) for job in job_set.managed_jobs()} == {ManagedJob}
    assert type(job_set.tags()) is list
    assert job_set.cancel() is None
    assert job_set.job(3) == (job_set.jobs()[1], 1)
    assert job_set.job("c2") == (job_set.jobs()[1], 0)
    assert job_set.job(marked(1)) == (job_set.jobs()[0], 1)


def test_it_uses_the_default_manager(jobs: IBMQJobManager) -> None:
    job_set = jobs.run(circuits(2), ScriptedBackend(), name="one")
    other = default_manager().run(circuits(2), ScriptedBackend(), name="other")
    assert [s.name() for s in jobs.job_sets()] == ["one", "other"]
    assert jobs.job_sets("one") == [job_set]
    assert IBMQJobManager().job_sets()[0] is job_set
    assert jobs.job_sets("other")[0].job_set is other
    assert isinstance(job_set.job_set, JobSet)
    assert jobs.manager is default_manager()


def test_sets_of_earlier_sessions_are_not_listed(jobs: IBMQJobManager, store_path: Path) -> None:
    with JobManager(store_path) as earlier:
        before = earlier.run(circuits(2), ScriptedBackend())
        before.wait(LIMIT)
    assert jobs.job_sets() == []
    retrieved = jobs.retrieve_job_set(before.job_set_id(), None)
    assert jobs.job_sets() == [retrieved]
    assert retrieved.results().get_counts("c1") == {"0000000001": 1024}
    assert retrieved.managed_jobs()[0].future is None


def test_jobs_leave_in_order(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend()
    jobs.run(circuits(50), backend, max_experiments_per_job=1).results()
    assert [job.circuits[0].name for job in backend.sent] == [f"c{index}" for index in range(50)]


def test_a_refused_job_is_not_sent_again(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(refuse={0: RuntimeError("no")})
    job_set = jobs.run(circuits(3), backend, max_experiments_per_job=1)
    job_set.results()
    assert [job.circuits[0].name for job in backend.sent] == ["c1", "c2"]
    assert job_set.statuses() == [None, JobStatus.DONE, JobStatus.DONE]


def test_a_name_is_given_or_it_is_the_time(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend()
    assert jobs.run(circuits(1), backend, name="mine").name() == "mine"
    assert jobs.run(circuits(1), backend).name()[:2] == "20"


def test_the_set_is_renamed_and_tagged(jobs: IBMQJobManager) -> None:
    job_set = jobs.run(circuits(1), ScriptedBackend(), name="a", job_tags=["x", "y"])
    assert job_set.tags() == ["x", "y"]
    assert job_set.update_name("b") == job_set.name() == "b"
    assert job_set.update_tags(
        replacement_tags=["p"], additional_tags=["q", "r"], removal_tags=["q"]
    ) == [
        "p",
        "r",
    ]
    again = jobs.retrieve_job_set(job_set.job_set_id(), None, refresh=True)
    assert (again.name(), again.tags()) == ("b", ["p", "r"])


@pytest.mark.parametrize("tags", ["x", ("x",), [1], {"x": 1}])
def test_wrong_tags_are_refused_at_the_call(jobs: IBMQJobManager, tags: Any) -> None:
    with pytest.raises(IBMQJobManagerInvalidStateError, match="list of strings"):
        jobs.run(circuits(1), ScriptedBackend(), job_tags=tags)
    job_set = jobs.run(circuits(1), ScriptedBackend(), job_tags=["kept"])
    with pytest.raises(IBMQJobManagerInvalidStateError, match="list of strings"):
        job_set.update_tags(additional_tags=tags)
    with pytest.raises(IBMQJobManagerInvalidStateError, match="nothing to change"):
        job_set.update_tags()
    assert job_set.tags() == ["kept"]


@pytest.mark.parametrize("level", ["everybody", "projects", 3, ["hub"]])
def test_an_unknown_share_level_is_refused_at_the_call(jobs: IBMQJobManager, level: Any) -> None:
    with pytest.raises(IBMQJobManagerInvalidStateError, match="global, hub, group, project, none"):
        jobs.run(circuits(1), ScriptedBackend(), job_share_level=level)
    assert jobs.job_sets() == []


def test_a_share_level_is_ignored_with_a_warning(jobs: IBMQJobManager) -> None:
    with pytest.warns(Warning, match="job_share_level is ignored") as caught:
        jobs.run(circuits(1), ScriptedBackend(), job_share_level="project").results()
    assert caught[0].filename == __file__


def test_run_options_reach_the_backend(jobs: IBMQJobManager) -> None:
    results = jobs.run(circuits(2), ScriptedBackend(), shots=7, memory=True).results()
    assert results.get_counts(1) == {"0000000001": 7}
    assert results.get_memory(1) == ["0000000001"] * 7


def test_an_unknown_set_is_not_found(jobs: IBMQJobManager) -> None:
    with pytest.raises(IBMQJobManagerUnknownJobSet, match="0" * 32) as caught:
        jobs.retrieve_job_set("0" * 32, provider=None)
    assert isinstance(caught.value, QJMError)


def test_jobs_were_submitted_when_the_set_was_made(jobs: IBMQJobManager) -> None:
    job_set = jobs.run(circuits(1), ScriptedBackend())
    with pytest.raises(IBMQJobManagerInvalidStateError, match="already"):
        job_set.run([circuits(1)], ScriptedBackend(), None)
    with pytest.raises(IBMQJobManagerInvalidStateError, match="already"):
        job_set.managed_jobs()[0].submit(circuits(1), "name", ScriptedBackend(), None, None)


REPORT = """\
Job set name: foo
          ID: {id}
        tags: ['x']
Summary report:
       Total jobs: 5
  Successful jobs: 1
      Failed jobs: 2
   Cancelled jobs: 1
     Running jobs: 1
     Pending jobs: 0

Detail report:
  experiments: 0-1
    job index: 0
    status: job submit failed: RuntimeError: refused
  experiments: 2-3
    job index: 1
    job ID: job-1
    name: foo_1_
    status: job incurred error
    error_message:
      RuntimeError: broke
  experiments: 4-5
    job index: 2
    job ID: job-2
    name: foo_2_
    status: job has successfully run
  experiments: 6-7
    job index: 3
    job ID: job-3
    name: foo_3_
    status: job has been cancelled
  experiments: 8-8
    job index: 4
    job ID: job-4
    name: foo_4_
    status: job is actively running"""


def test_reports_have_the_retired_form(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(hold=True, refuse={0: RuntimeError("refused")}, fail={1: "broke"})
    job_set = jobs.run(circuits(9), backend, name="foo", max_experiments_per_job=2, job_tags=["x"])
    job_set.jobs()
    backend.sent[1].finish()
    backend.sent[2].cancel()
    backend.sent[3].start()
    expected = REPORT.format(id=job_set.job_set_id())
    reach(job_set.job_set, lambda: job_set.job_set._state.numbers()["running"])
    reach(job_set.job_set, lambda: job_set.report() == expected)
    assert job_set.report(detailed=False) == expected[: expected.index("\n\nDetail")]
    lines = expected.splitlines()
    head = ["Summary report:", *lines[4:10]]
    assert jobs.report(detailed=False).splitlines() == head
    assert jobs.report().splitlines() == [
        *head,
        "",
        "Detail report:",
        f"  Job set name: foo, ID: {job_set.job_set_id()}",
        *lines[12:],
    ]
    backend.sent[3].finish()


def test_sets_and_the_manager_show_themselves(
    jobs: IBMQJobManager, capsys: pytest.CaptureFixture[str]
) -> None:
    job_set = jobs.run(circuits(1), ScriptedBackend(), name="shown")
    job_set.results()
    job_set._ipython_display_()
    assert repr(job_set.job_set) in capsys.readouterr().out
    jobs._ipython_display_()
    assert repr(default_manager()) in capsys.readouterr().out
    assert repr(job_set).startswith("<ManagedJobSet 'shown' ")


@pytest.mark.parametrize(
    "reason", [ConnectionRefusedError("busy"), RuntimeError("429"), ValueError("x")]
)
def test_what_the_backend_refuses_is_refused(jobs: IBMQJobManager, reason: Exception) -> None:
    backend = ScriptedBackend(refuse={0: reason})
    job_set = jobs.run(circuits(2), backend, max_experiments_per_job=1)
    job_set.results(LIMIT)
    assert job_set.managed_jobs()[0].submit_error is reason
    assert [job.circuits[0].name for job in backend.sent] == ["c1"]


class JobLimitError(Exception):
    """As a provider says it."""


class Limited(ScriptedBackend):
    """Takes two jobs at a time and refuses the third."""

    def run(self, run_input: Any, shots: int = 1024, **options: Any) -> ScriptedJob:
        if sum(job.now is JobStatus.QUEUED for job in self.sent) >= 2:
            raise JobLimitError("Error 3458: the limit of pending jobs is reached")
        return super().run(run_input, shots, **options)


def test_at_a_job_limit_it_waits_with_a_warning(
    jobs: IBMQJobManager, caplog: pytest.LogCaptureFixture
) -> None:
    backend = Limited(hold=True)
    with caplog.at_level(logging.WARNING, "qjm_widgets.ibmq"):
        job_set = jobs.run(circuits(5), backend, name="slow", max_experiments_per_job=1)
        for finished in range(5):
            reach(job_set.job_set, lambda: len(backend.sent) > finished)  # noqa: B023
            backend.sent[finished].finish()
        assert job_set.results(LIMIT).success
    assert [job.circuits[0].name for job in backend.sent] == [f"c{index}" for index in range(5)]
    messages = [r.getMessage() for r in caplog.records if r.name.startswith("qjm_widgets.ibmq")]
    assert messages
    assert messages[0].startswith("Job set slow waits: scripted ")


def test_cancel_at_a_job_limit_returns_and_nothing_more_is_sent(jobs: IBMQJobManager) -> None:
    backend = Limited(hold=True)
    job_set = jobs.run(circuits(5), backend, max_experiments_per_job=1)
    state = job_set.job_set._state
    reach(job_set.job_set, lambda: state.waiting is not None and state.numbers()["queued"] == 2)
    job_set.cancel()
    assert job_set.statuses()[2:] == [JobStatus.CANCELLED] * 3
    assert job_set.job_set.wait(LIMIT)
    assert len(backend.sent) == 2


def test_waiting_logs_a_warning(jobs: IBMQJobManager, caplog: pytest.LogCaptureFixture) -> None:
    job_set = jobs.run(circuits(1), ScriptedBackend(), name="slow")
    state = job_set.job_set._state
    with caplog.at_level(logging.WARNING, "qjm_widgets"):
        state.set_trouble("5 jobs are pending, which is the limit")
        state.notify()
        state.notify()
    assert [r.getMessage() for r in caplog.records] == [
        "Job set slow waits: 5 jobs are pending, which is the limit"
    ]
    state.set_trouble(None)


class Account:
    """A provider as it was: backends by name."""

    def __init__(self, backend: ScriptedBackend) -> None:
        self.known = backend

    def get_backend(self, name: str) -> ScriptedBackend:
        if name != self.known.name:
            raise LookupError(f"no backend {name}")
        return self.known


class Remembering(ScriptedBackend):
    """A backend that retrieves its jobs by their ids."""

    def retrieve_job(self, job_id: str) -> ScriptedJob:
        return next(job for job in self.sent if job.job_id() == job_id)


def test_a_set_is_resumed_in_another_kernel_with_the_provider(
    jobs: IBMQJobManager, store_path: Path
) -> None:
    backend = Remembering(hold=True)
    with JobManager(store_path) as earlier:
        before = earlier.run(circuits(4), backend, max_circuits_per_job=2)
    job_set = jobs.retrieve_job_set(before.job_set_id(), Account(backend))
    assert job_set.statuses() == [JobStatus.QUEUED] * 2
    for job in backend.sent:
        job.finish()
    assert job_set.results(LIMIT).get_counts(3) == {"0000000011": 1024}
    assert len(backend.sent) == 2


def test_a_provider_without_the_backend_leaves_the_set_as_it_is(
    jobs: IBMQJobManager, store_path: Path
) -> None:
    backend = Remembering(hold=True)
    with JobManager(store_path) as earlier:
        before = earlier.run(circuits(2), backend)
    job_set = jobs.retrieve_job_set(before.job_set_id(), Account(ScriptedBackend(name="other")))
    assert job_set.statuses() == [JobStatus.QUEUED]
    assert job_set.job_set._state.interrupted


class RememberingLimited(Remembering, Limited):
    """Both."""


def test_retrieving_sends_nothing(jobs: IBMQJobManager, store_path: Path) -> None:
    backend = RememberingLimited(hold=True)
    earlier = JobManager(store_path)
    before = earlier.run(circuits(4), backend, max_circuits_per_job=1)
    reach(before, lambda: before._state.waiting is not None and before._state.numbers()["queued"] == 2)
    with pytest.warns(UserWarning, match="2 jobs not sent yet"):
        earlier.close()
    for job in backend.sent:
        job.finish()
    job_set = jobs.retrieve_job_set(before.job_set_id(), Account(backend))
    assert job_set.job_set._state.interrupted
    assert len(backend.sent) == 2
