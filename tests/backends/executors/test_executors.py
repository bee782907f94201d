"""Jobs on the workers of executors: the same samples, states, cancelling, and workers that die."""

import os
import signal
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction
from qiskit.primitives import StatevectorSampler
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import SamplerV2

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.errors import CircuitError, InputError
from tests.backends.executors.slow_backends import Gated
from tests.contract.adapter_kinds import coins, ended
from tests.fakes import LIMIT, ScriptedBackend, reach

SEED = 11


def counts(job_set: JobSet) -> list[dict[str, int]]:
    results = ended(job_set).results()
    return [results.get_counts(circuit) for circuit in range(job_set._state.record.circuits)]


def row(job_set: JobSet, number: int) -> Any:
    return job_set._state.jobs[number]


# -- results -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("backend", "options"),
    [
        (BasicSimulator(), {"seed_simulator": SEED, "max_shots_per_job": 40}),
        (AerSimulator(), {"seed_simulator": SEED}),
        (StatevectorSampler(seed=SEED), {}),
        (SamplerV2(seed=SEED), {}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_the_samples_are_those_of_the_kernel_itself(
    manager: JobManager, executor: Any, backend: Any, options: dict[str, Any]
) -> None:
    arguments = {"shots": 100, "max_circuits_per_job": 2, **options}
    here = manager.run(coins(7), backend, **arguments)
    there = manager.run(coins(7), backend, executor=executor, **arguments)
    assert counts(there) == counts(here)
    assert there.counts() == here.counts()
    assert [job.seed for job in there._state.jobs] == [job.seed for job in here._state.jobs]


def test_parameter_values_shots_and_metadata_travel(manager: JobManager) -> None:
    from qiskit.circuit import Parameter

    angle = Parameter("angle")
    circuit = QuantumCircuit(1, metadata={"of": "mine"})
    circuit.rx(angle, 0)
    circuit.measure_all()
    pubs = [(circuit, [[0.0], [np.pi]], 10), (circuit, [0.0], 20)]
    job_set = ended(manager.run(pubs, StatevectorSampler(seed=SEED), executor="processes"))
    results = job_set.results()
    assert [results.get_counts(0, loc=at) for at in (0, 1)] == [{"0": 10}, {"1": 10}]
    assert results.get_counts(1) == {"0": 20}
    assert results.primitive_result(0).metadata["circuit_metadata"] == {"of": "mine"}


def test_unseeded_workers_of_one_parent_do_not_draw_the_same(manager: JobManager) -> None:
    circuit = coins(1, qubits=8)[0]
    with ProcessPoolExecutor(2, mp_context=get_context("forkserver")) as pool:
        job_set = manager.run(
            [circuit] * 4, BasicSimulator(), executor=pool, shots=200, max_circuits_per_job=1
        )
        found = counts(job_set)
    assert all(found[a] != found[b] for a in range(4) for b in range(a))


def test_a_backend_travels_as_it_is_when_the_set_is_run(manager: JobManager) -> None:
    backend = AerSimulator(seed_simulator=1)
    found = []
    for seed in (1, 2, 1):
        backend.set_options(seed_simulator=seed)
        found.append(counts(manager.run(coins(2), backend, executor="processes", shots=500)))
    assert found[0] == found[2] != found[1]


def test_a_failing_job_says_why(manager: JobManager) -> None:
    circuit = QuantumCircuit(2, 2, name="split")
    circuit.measure(0, 0)
    job_set = manager.run(
        [circuit], BasicSimulator(), executor="processes", initial_statevector=[1.0, 1.0], shots=10
    )
    assert job_set.wait(LIMIT)
    assert row(job_set, 0).status is Status.ERROR
    assert "norm" in str(row(job_set, 0).error)


# -- states and cancelling ---------------------------------------------------------------------------


def test_a_job_is_queued_then_runs_then_is_done(
    manager: JobManager, executor: Any, gated: Gated
) -> None:
    job_set = manager.run(coins(8), gated, executor=executor, max_circuits_per_job=1, shots=10)
    reach(job_set, lambda: job_set._state.numbers()[Status.RUNNING] == 2)
    running = row(job_set, 0)
    assert running.status is Status.RUNNING
    (process,) = gated.began("coin 0", times=1)
    assert running.note.startswith("on tcp://") or running.note == f"in process {process}"
    assert running.note in job_set.report()
    reach(job_set, lambda: row(job_set, 4).status is Status.QUEUED)
    gated.open()
    counts(job_set)
    assert [change.status for change in job_set.managed_jobs()[0].history()] == [
        Status.SENDING,
        Status.QUEUED,
        Status.RUNNING,
        Status.DONE,
    ]
    assert row(job_set, 0).note is None
    assert row(job_set, 0).finished_at >= row(job_set, 0).running_at


def test_the_result_of_a_running_job_is_discarded_and_the_row_says_so(
    manager: JobManager, executor: Any, gated: Gated
) -> None:
    job_set = manager.run(coins(6), gated, executor=executor, max_circuits_per_job=1, shots=10)
    reach(job_set, lambda: row(job_set, 0).status is Status.RUNNING)
    assert job_set.cancel([0, 5]) == 2
    reach(job_set, lambda: row(job_set, 0).status is row(job_set, 5).status is Status.CANCELLED)
    assert row(job_set, 0).note == "it was running: its result is discarded"
    assert row(job_set, 5).note is None
    assert "discarded" in job_set.report()
    gated.open()
    assert job_set.wait(LIMIT)
    words = [str(job.status) for job in job_set._state.jobs]
    assert words == ["cancelled", "done", "done", "done", "done", "cancelled"]


def test_an_executor_without_states_shows_its_jobs(manager: JobManager, gated: Gated) -> None:
    class Foreign:
        """Third parties' executors have ``submit`` and little else."""

        def __init__(self) -> None:
            self.given: list[Callable[[], None]] = []

        def submit(self, function: Any, *arguments: Any) -> Any:
            from concurrent.futures import Future

            future: Future[Any] = Future()
            self.given.append(lambda: future.set_result(function(*arguments)))
            return future

    executor = Foreign()
    gated.open()
    job_set = manager.run(coins(2), gated, executor=executor, max_circuits_per_job=1, shots=10)
    reach(job_set, lambda: row(job_set, 1).note == "with the executor")
    assert row(job_set, 1).status is Status.QUEUED
    for task in executor.given:
        task()
    counts(job_set)


# -- workers that die --------------------------------------------------------------------------------


def kill(pid: int) -> None:
    os.kill(pid, signal.SIGKILL)


@pytest.mark.parametrize("kind", ["processes", "process pool", "dask client"])
def test_nothing_is_lost_when_a_worker_is_killed_in_mid_job(
    manager: JobManager, gated: Gated, kind: str, request: pytest.FixtureRequest, executors: Any
) -> None:
    # A pool that breaks is of no use to the other tests.
    pool = ProcessPoolExecutor(2, mp_context=get_context("forkserver"))
    with pool:
        executor = pool if kind == "process pool" else executors(kind, request)
        job_set = manager.run(
            coins(6), gated, executor=executor, max_circuits_per_job=1, shots=50, seed_simulator=SEED
        )
        reach(job_set, lambda: row(job_set, 1).status is Status.RUNNING)
        (process,) = gated.began("coin 1", times=1)
        kill(process)
        gated.open()
        there = counts(job_set)
    assert len(gated.began("coin 1")) == 2
    here = manager.run(coins(6), BasicSimulator(), max_circuits_per_job=1, shots=50, seed_simulator=SEED)
    assert there == counts(here)


def test_only_the_job_of_the_killed_process_runs_again(manager: JobManager, gated: Gated) -> None:
    job_set = manager.run(coins(4), gated, executor="processes", max_circuits_per_job=1, shots=10)
    reach(job_set, lambda: row(job_set, 0).status is row(job_set, 1).status is Status.RUNNING)
    gated.began("coin 1", times=1)
    kill(gated.began("coin 0", times=1)[0])
    reach(job_set, lambda: "its worker died" in (row(job_set, 0).note or ""))
    gated.open()
    counts(job_set)
    assert [len(gated.began(f"coin {index}")) for index in range(4)] == [2, 1, 1, 1]


def test_a_job_that_ends_every_worker_is_an_error_and_the_others_are_done(
    manager: JobManager, tmp_path: Path
) -> None:
    backend = Gated(tmp_path, deadly="coin 1")
    backend.open()
    job_set = manager.run(coins(4), backend, executor="processes", max_circuits_per_job=1, shots=10)
    assert job_set.wait(LIMIT)
    assert [str(job.status) for job in job_set._state.jobs] == ["done", "error", "done", "done"]
    text = str(row(job_set, 1).error)
    assert "died 3 times" in text
    assert "ended with code 3" in text
    assert "fewer circuits in a job" in text
    assert len(backend.began("coin 1")) == 3


def test_an_executor_that_was_shut_down_too_early(manager: JobManager, gated: Gated) -> None:
    with ThreadPoolExecutor(1) as pool:
        job_set = manager.run(coins(8), gated, executor=pool, max_circuits_per_job=1, shots=10)
        reach(job_set, lambda: row(job_set, 0).status is Status.RUNNING)
        gated.open()
    assert job_set.wait(LIMIT)
    assert row(job_set, 0).status is Status.DONE
    assert row(job_set, 7).status is Status.ERROR
    assert "keep it open until job_set.wait() returns" in str(row(job_set, 7).error)
    job_set.resume(executor="processes")
    assert job_set.retry() > 0
    assert len(counts(job_set)) == 8


# -- what is refused ---------------------------------------------------------------------------------


def test_what_is_no_executor_is_refused(manager: JobManager) -> None:
    for executor in ("threads", 3, ThreadPoolExecutor):
        with pytest.raises(InputError, match="executor must be 'processes'"):
            manager.run(coins(1), BasicSimulator(), executor=executor)
        with pytest.raises(InputError, match="executor must be 'processes'"):
            manager.plan(coins(1), BasicSimulator(), executor=executor)


def test_a_backend_whose_jobs_may_outlive_the_kernel_is_refused(manager: JobManager) -> None:
    with pytest.raises(InputError, match=r"scripted may run on a server.*rerun_on_resume=True"):
        manager.run(coins(1), ScriptedBackend(), executor="processes")


def test_a_simulator_of_ones_own_runs_where_the_user_says_that_it_may(manager: JobManager) -> None:
    from tests.backends.executors.own_backend import OwnBackend

    job_set = manager.run(
        coins(3), OwnBackend(), executor="processes", rerun_on_resume=True, max_circuits_per_job=1
    )
    assert counts(job_set) == [{"11": 1024}] * 3


def test_what_cannot_travel_is_refused_and_named(manager: JobManager) -> None:
    import threading

    from tests.backends.executors.own_backend import OwnBackend

    class Odd(Instruction):
        """An instruction of an unknown class with data of its own."""

        def __init__(self) -> None:
            super().__init__("odd", 1, 0, [])
            self.more = 1

    circuit = QuantumCircuit(1, 1, name="odd one")
    circuit.append(Odd(), [0])
    with pytest.raises(CircuitError, match=r"circuit 1 \(odd one\).*without an executor"):
        manager.run([coins(1)[0], circuit], OwnBackend(), executor="processes", rerun_on_resume=True)
    with pytest.raises(InputError, match=r"run options cannot be sent.*lock"):
        manager.run(coins(1), AerSimulator(), executor="processes", noise_model=threading.Lock())


def test_a_generator_as_seed_is_refused(manager: JobManager) -> None:
    sampler = StatevectorSampler(seed=np.random.default_rng(1))
    with pytest.raises(InputError, match="draw the same samples"):
        manager.run(coins(2), sampler, executor="processes")
