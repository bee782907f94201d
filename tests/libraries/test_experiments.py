"""qiskit-experiments over a manager: equal results, a cancellation, a kernel that was killed."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from qiskit.primitives import BackendSamplerV2
from qiskit.providers import JobStatus
from qiskit_experiments.framework import ExperimentData, ExperimentStatus, ParallelExperiment
from qiskit_experiments.library import StandardRB

from qjm_widgets import JobManager
from qjm_widgets.classroom import ClassroomBackend
from tests.fakes import LIMIT
from tests.libraries.makers import SEED, SHOTS, fake, noisy, seeded, t1

EXPERIMENTS = {
    "T1": t1,
    "StandardRB": lambda: StandardRB([0], [1, 10, 50], num_samples=3, seed=5),
    "ParallelExperiment": lambda: ParallelExperiment([t1(0, 6), t1(2, 6)], flatten_results=True),
}


def values(data: ExperimentData) -> list[tuple[str, str]]:
    data.block_for_results()
    assert data.status() is ExperimentStatus.DONE, data.errors()
    return [(found.name, str(found.value)) for found in data.analysis_results(dataframe=False)]


@pytest.mark.parametrize("make", [noisy, fake])
@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_an_experiment_on_a_backend(manager: JobManager, experiment: Any, make: Any) -> None:
    options = {"backend_run": True, "shots": SHOTS, "seed_simulator": SEED}
    plain = values(experiment().run(make(), **options))
    data = experiment().run(manager.backend(make(), max_circuits_per_job=5), **options)
    assert values(data) == plain
    (job_set,) = manager.job_sets()
    assert data.job_ids == [job_set.job_set_id()]
    assert len(job_set.statuses()) > 1
    assert all(each["shots"] == SHOTS for each in data.data())


@pytest.mark.parametrize("experiment", EXPERIMENTS.values(), ids=EXPERIMENTS)
def test_an_experiment_on_a_sampler(manager: JobManager, experiment: Any) -> None:
    def sampler() -> BackendSamplerV2:
        return BackendSamplerV2(backend=noisy(), options={"seed_simulator": SEED})

    plain = values(experiment().run(sampler=sampler(), shots=SHOTS))
    data = experiment().run(sampler=manager.sampler(sampler()), shots=SHOTS)
    assert values(data) == plain
    assert data.job_ids == [manager.job_sets()[0].job_set_id()]


def test_an_experiment_as_the_runtime_runs_it(manager: JobManager) -> None:
    """Without backend_run and sampler, the library makes the runtime's sampler over the backend."""
    options = {"shots": SHOTS, "seed_simulator": SEED}
    assert values(t1().run(manager.backend(noisy()), **options)) == values(t1().run(noisy(), **options))
    assert len(manager.job_sets()) == 1


def test_it_is_cancelled_while_it_runs(manager: JobManager) -> None:
    backend = ClassroomBackend(noisy(), preset="busy-morning", speed=1)
    data = t1().run(manager.backend(backend, max_circuits_per_job=3), backend_run=True, shots=SHOTS)
    (job,) = data.jobs()
    assert job.status() in (JobStatus.INITIALIZING, JobStatus.QUEUED, JobStatus.RUNNING)
    data.cancel()
    data.block_for_results(LIMIT)
    job.wait_for_final_state(LIMIT)
    assert data.job_status() is JobStatus.CANCELLED
    assert data.status() is ExperimentStatus.CANCELLED
    assert job.cancelled()


def test_a_job_that_failed_is_named(manager: JobManager) -> None:
    backend = ClassroomBackend(noisy(), failure=1.0, speed=100_000, seed=1)
    data = t1().run(manager.backend(backend), backend_run=True, shots=SHOTS)
    data.block_for_results(LIMIT)
    assert data.job_status() is JobStatus.ERROR
    assert manager.job_sets()[0].name() in data.job_errors()


def test_a_kernel_is_killed_and_the_job_had_back(tmp_path: Path) -> None:
    store = str(tmp_path / "killed")
    code = f"from tests.libraries.makers import begin; begin({store!r})"
    command = [sys.executable, "-W", "ignore", "-c", code]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        job_id = child.stdout.readline().strip()
        child.kill()
    with JobManager(store) as manager:
        backend = manager.backend(seeded())
        data = ExperimentData(experiment=t1(), backend=backend)
        data.add_jobs([backend.retrieve_job(job_id)])
        found = values(t1().analysis.run(data))
    expected = values(t1().run(seeded(), backend_run=True, shots=SHOTS))
    assert found == expected


def test_jobs_of_a_sampler_are_had_back(manager: JobManager) -> None:
    plain = BackendSamplerV2(backend=noisy(), options={"seed_simulator": SEED})
    sampler = manager.sampler(plain)
    first = t1().run(sampler=sampler, shots=SHOTS)
    expected = values(first)
    data = ExperimentData(experiment=t1(), backend=sampler._backend)
    data.add_jobs([sampler.retrieve_job(first.job_ids[0])])
    assert values(t1().analysis.run(data)) == expected
