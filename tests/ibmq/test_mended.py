"""Where the retired manager was at fault, the drop-in shows the opposite behaviour."""

import threading
from concurrent.futures import wait
from pathlib import Path
from typing import Any

import pytest
from qiskit.providers import JobStatus

from qjm_widgets import JobManager
from qjm_widgets.errors import StoreError
from qjm_widgets.ibmq import (
    IBMQJobManager,
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerJobNotFound,
    IBMQJobManagerUnknownJobSet,
)
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, marked, reach


def circuits(number: int) -> list[Any]:
    return [marked(index, bits=12) for index in range(number)]


class CountingJob(ScriptedJob):
    """A job that counts the calls of ``result``, and gives a result at the first one only."""

    reads = 0

    def result(self) -> Any:
        self.reads += 1
        if self.reads > 1:
            raise RuntimeError("the result was read before")
        return super().result()


class ReadOnce(ScriptedBackend):
    """Gives each result once."""

    def run(self, run_input: Any, shots: int = 1024, **options: Any) -> ScriptedJob:
        job = CountingJob(self, len(self.sent), list(run_input), shots)
        job.finish()
        self.sent.append(job)
        return job


def test_a_single_circuit_runs_as_one_circuit(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend()
    results = jobs.run(marked(3), backend).results()
    assert [len(job.circuits) for job in backend.sent] == [1]
    assert results.get_counts(0) == {"0000000011": 1024}


@pytest.mark.parametrize(
    ("option", "meant"),
    [
        ({"max_circuits_per_job": 2}, "max_experiments_per_job"),
        ({"max_experiment_per_job": 2}, "max_experiments_per_job"),
        ({"tags": ["a"]}, "job_tags"),
        ({"shot": 2}, "shots"),
    ],
)
def test_a_name_of_another_interface_is_refused_with_the_right_one(
    jobs: IBMQJobManager, option: Any, meant: str
) -> None:
    with pytest.raises(IBMQJobManagerInvalidStateError, match=f"did you mean {meant}=?"):
        jobs.run(marked(3), ScriptedBackend(), **option)


def test_when_the_first_job_is_refused_cancel_still_cancels_the_others(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(hold=True, refuse={0: RuntimeError("no")})
    job_set = jobs.run(circuits(3), backend, max_experiments_per_job=1)
    job_set.jobs()
    job_set.cancel()
    assert job_set.job_set.wait(LIMIT)
    assert job_set.statuses() == [None, JobStatus.CANCELLED, JobStatus.CANCELLED]


def test_when_the_first_job_is_refused_later_circuits_are_found_by_name(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(refuse={0: RuntimeError("no")})
    job_set = jobs.run(circuits(3), backend, max_experiments_per_job=1)
    results = job_set.results()
    assert results.get_counts("c2") == {"000000000010": 1024}
    assert job_set.job("c2") == (backend.sent[1], 0)
    assert job_set.job("c0") == (None, 0)


def test_error_messages_include_refused_submissions(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(refuse={0: RuntimeError("not today")}, fail={1: "broke\nbadly"})
    job_set = jobs.run(circuits(6), backend, max_experiments_per_job=2)
    assert str(job_set.error_messages()).splitlines() == [
        "Experiments 0-1, job index=0, job submit failed:",
        "  RuntimeError: not today",
        "Experiments 2-3, job index=1, job ID=job-1:",
        "  RuntimeError: broke",
        "  badly",
    ]


def test_the_numbers_of_a_report_add_up(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(refuse={0: RuntimeError("no")}, fail={1: "broke"})
    job_set = jobs.run(circuits(5), backend, max_experiments_per_job=1)
    job_set.results()
    lines = job_set.report(detailed=False).splitlines()[4:]
    total, *parts = [int(line.split(":")[1]) for line in lines]
    assert total == sum(parts) == 5


def test_cancel_returns_at_once_and_what_was_not_sent_is_never_sent(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(hold=True)
    backend.gate.clear()
    job_set = jobs.run(circuits(5), backend, max_experiments_per_job=1)
    assert backend.entered.wait(LIMIT)
    job_set.cancel()
    assert job_set.statuses()[1:] == [JobStatus.CANCELLED] * 4
    backend.gate.set()
    assert job_set.job_set.wait(LIMIT)
    assert [job.circuits[0].name for job in backend.sent] == ["c0"]


def test_a_set_that_waits_delays_no_set_on_another_backend(jobs: IBMQJobManager) -> None:
    stuck, free = ScriptedBackend(name="stuck"), ScriptedBackend(name="free")
    stuck.gate.clear()
    waiting = [jobs.run(circuits(5), stuck, max_experiments_per_job=1) for _ in range(10)]
    assert jobs.run(circuits(5), free, max_experiments_per_job=1).results(LIMIT).success
    stuck.gate.set()
    for job_set in waiting:
        job_set.results(LIMIT)


def test_a_retrieval_that_fails_keeps_the_set_that_was_there(
    jobs: IBMQJobManager, store_path: Path
) -> None:
    with JobManager(store_path) as earlier:
        set_id = earlier.run(circuits(2), ScriptedBackend(), name="kept").job_set_id()
        earlier.job_sets()[0].wait(LIMIT)
    job_set = jobs.retrieve_job_set(set_id, None)
    with JobManager(store_path) as other:
        other.delete(set_id)
    with pytest.raises(IBMQJobManagerUnknownJobSet):
        jobs.retrieve_job_set(set_id, None, refresh=True)
    with pytest.raises(IBMQJobManagerUnknownJobSet):
        job_set.retrieve_jobs(None, refresh=True)
    assert jobs.job_sets("kept") == [job_set]
    job_set.retrieve_jobs(None)


def test_a_newline_in_the_name_breaks_no_retrieval(jobs: IBMQJobManager) -> None:
    job_set = jobs.run(circuits(2), ScriptedBackend(), name="two\nlines_1_")
    job_set.results()
    again = jobs.retrieve_job_set(job_set.job_set_id(), None, refresh=True)
    assert again.name() == "two\nlines_1_"
    assert again.results().get_counts(1) == {"000000000001": 1024}


def test_a_name_is_updated_all_or_nothing(jobs: IBMQJobManager, monkeypatch: pytest.MonkeyPatch) -> None:
    job_set = jobs.run(circuits(20), ScriptedBackend(), name="before", max_experiments_per_job=1)
    job_set.results()

    def broken(*_: Any) -> None:
        raise StoreError("the disk is gone")

    with monkeypatch.context() as patch:
        patch.setattr(type(job_set.job_set._state.store), "update_set", broken)
        with pytest.raises(StoreError):
            job_set.update_name("after")
    assert job_set.name() == "before"
    assert job_set.update_name("after") == job_set.name() == "after"
    with pytest.raises(IBMQJobManagerInvalidStateError):
        job_set.update_name("")


@pytest.mark.parametrize("number", [11, 101, 1001])
def test_sets_of_many_jobs_are_retrieved_in_order(
    number: int, jobs: IBMQJobManager, store_path: Path
) -> None:
    with JobManager(store_path) as earlier:
        before = earlier.run(circuits(number), ScriptedBackend(), max_circuits_per_job=1, shots=1)
        assert before.wait(LIMIT)
    job_set = jobs.retrieve_job_set(before.job_set_id(), None)
    results = job_set.results()
    assert [job.start_index for job in job_set.managed_jobs()] == list(range(number))
    assert [next(iter(results.get_counts(index))) for index in range(number)] == [
        f"{index:012b}" for index in range(number)
    ]


@pytest.mark.parametrize("timeout", [0, 1e-9, 0.001, -1])
def test_a_finished_set_never_runs_out_of_time(jobs: IBMQJobManager, timeout: float) -> None:
    job_set = jobs.run(circuits(100), ScriptedBackend(), max_experiments_per_job=1)
    job_set.results()
    assert job_set.results(timeout=timeout, refresh=True).success


def test_partial_results_give_the_circuits_that_succeeded(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(fail={1: "broke"})
    job_set = jobs.run(circuits(4), backend, max_experiments_per_job=2)
    results = job_set.results(partial=True)
    assert not results.success
    assert results.get_counts(1) == {"000000000001": 1024}


def test_retrieval_reads_no_circuits(
    jobs: IBMQJobManager, store_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with JobManager(store_path) as earlier:
        before = earlier.run(circuits(30), ScriptedBackend(), max_circuits_per_job=3)
        assert before.wait(LIMIT)
    monkeypatch.setattr("qiskit.qpy.load", None)
    job_set = jobs.retrieve_job_set(before.job_set_id(), None)
    assert [(job.start_index, job.end_index) for job in job_set.managed_jobs()][-1] == (27, 29)
    assert job_set.results().get_counts("c29") == {"000000011101": 1024}


def test_a_name_that_circuits_share_is_an_error_that_says_so(jobs: IBMQJobManager) -> None:
    same = [marked(index, name="same") for index in range(3)]
    job_set = jobs.run(same, ScriptedBackend())
    with pytest.raises(IBMQJobManagerJobNotFound, match="3 circuits are named 'same'"):
        job_set.results().get_counts("same")
    with pytest.raises(IBMQJobManagerJobNotFound, match="3 circuits are named 'same'"):
        job_set.job(same[0])


@pytest.mark.parametrize(
    ("experiments", "backend", "options"),
    [
        ([], ScriptedBackend(), {}),
        (circuits(1), ScriptedBackend(), {"max_experiments_per_job": 0}),
        (circuits(1), ScriptedBackend(), {"max_experiments_per_job": -3}),
        (circuits(1), ScriptedBackend(), {"shots": 0}),
        (circuits(1), object(), {}),
        (circuits(1), None, {}),
        (circuits(1), ScriptedBackend, {}),
        (["no circuit"], ScriptedBackend(), {}),
        (7, ScriptedBackend(), {}),
    ],
)
def test_wrong_input_is_an_error_at_the_call(
    jobs: IBMQJobManager, experiments: Any, backend: Any, options: dict[str, Any]
) -> None:
    with pytest.raises(IBMQJobManagerInvalidStateError):
        jobs.run(experiments, backend, **options)
    assert jobs.job_sets() == []


def test_indices_are_the_same_live_and_retrieved(jobs: IBMQJobManager, store_path: Path) -> None:
    with JobManager(store_path) as earlier:
        before = earlier.run(circuits(5), ScriptedBackend(), max_circuits_per_job=2)
        assert before.wait(LIMIT)
    state = jobs.run(circuits(5), ScriptedBackend(), max_experiments_per_job=2)
    retrieved = jobs.retrieve_job_set(before.job_set_id(), None)
    for index in range(5):
        assert state.results().get_counts(index) == retrieved.results().get_counts(index)
        assert state.job(index)[1] == retrieved.job(index)[1] == index % 2
    for job_set in (state, retrieved):
        for wrong in (5, -1):
            with pytest.raises(IBMQJobManagerJobNotFound):
                job_set.job(wrong)


def test_a_result_is_read_once_and_kept(jobs: IBMQJobManager, store_path: Path) -> None:
    backend = ReadOnce()
    job_set = jobs.run(circuits(4), backend, max_experiments_per_job=2)
    for _ in range(3):
        results = job_set.results(refresh=True)
        assert [sum(results.get_counts(index).values()) for index in range(4)] == [1024] * 4
        assert len(results.combine_results().results) == 4
        assert job_set.managed_jobs()[0].result() is not None
    with JobManager(store_path) as other:
        again = other.retrieve_job_set(job_set.job_set_id())
        assert again.results().get_counts(3) == {"000000000011": 1024}
    assert [job.reads for job in backend.sent if isinstance(job, CountingJob)] == [1, 1]


def test_sixty_jobs_are_sixty_rows_and_one_poller(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(hold=True)
    before = threading.active_count()
    job_set = jobs.run(circuits(60), backend, max_experiments_per_job=1)
    futures = [job.future for job in job_set.managed_jobs()]
    assert all(future is not None for future in futures)
    wait([future for future in futures if future is not None], LIMIT)
    assert job_set.statuses() == [JobStatus.QUEUED] * 60
    assert job_set.report().count("experiments:") == 60
    assert threading.active_count() - before < 10
    for job in backend.sent:
        job.finish()
    job_set.results(LIMIT)


def test_cancelling_a_finished_job_makes_no_call(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend()
    job_set = jobs.run(circuits(3), backend, max_experiments_per_job=1)
    job_set.results()
    job_set.cancel()
    for job in job_set.managed_jobs():
        job.cancel()
    assert [job.cancels for job in backend.sent] == [0, 0, 0]


def test_a_status_that_is_not_available_is_none_until_it_is(
    jobs: IBMQJobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = jobs.run(circuits(1), backend)
    job_set.jobs()

    def gone(_: Any) -> JobStatus:
        raise ConnectionError("no route")

    with monkeypatch.context() as patch:
        patch.setattr(ScriptedJob, "status", gone)
        reach(job_set.job_set, lambda: job_set.statuses() == [None])
    reach(job_set.job_set, lambda: job_set.statuses() == [JobStatus.QUEUED])
    backend.sent[0].finish()
    assert job_set.results(LIMIT).success
