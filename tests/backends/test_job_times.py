"""When the jobs of local simulators ran is known of every one, and adds up."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from tests.fakes import LIMIT

JOBS = 20


def busy(qubits: int = 8) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits)
    for layer in range(20):
        for qubit in range(qubits):
            circuit.rx(0.1 * layer, qubit)
            circuit.cx(qubit, (qubit + 1) % qubits)
    circuit.measure_all()
    return circuit


def aer_sampler() -> Any:
    from qiskit_aer.primitives import SamplerV2

    return SamplerV2()


def statevector_sampler() -> Any:
    from qiskit.primitives import StatevectorSampler

    return StatevectorSampler()


@pytest.mark.parametrize("make", [BasicSimulator, AerSimulator, aer_sampler, statevector_sampler])
@pytest.mark.newer_qiskit
def test_every_job_of_a_local_simulator_says_when_it_ran(make: Callable[[], Any]) -> None:
    circuit = transpile(busy(), basis_gates=["rx", "cx"], optimization_level=0)
    with JobManager(":memory:") as manager:
        began = time.time()
        job_set = manager.run([circuit] * JOBS, make(), shots=200, max_circuits_per_job=1)
        assert job_set.wait(LIMIT)
        over = time.time()
        jobs = job_set._state.ordered()
    assert [job.status.value for job in jobs] == ["done"] * JOBS
    ran = 0.0
    for job in jobs:
        assert job.running_at is not None
        assert job.finished_at is not None
        assert began <= job.running_at < job.finished_at <= over
        ran += job.finished_at - job.running_at
    # They compute one after another.
    assert ran <= over - began
    ends = sorted((job.running_at, job.finished_at) for job in jobs)
    assert all(first[1] <= second[0] + 0.01 for first, second in itertools.pairwise(ends))


def test_a_job_that_failed_says_when_it_ran() -> None:
    class Fails(BasicSimulator):
        def run(self, run_input: Any, **options: Any) -> Any:
            job = super().run(run_input, **options)
            job.result = lambda: (_ for _ in ()).throw(RuntimeError("no memory"))
            return job

    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    with JobManager(":memory:") as manager:
        job_set = manager.run([circuit], Fails())
        assert job_set.wait(LIMIT)
        (job,) = job_set._state.jobs
    assert job.status.value == "error"
    assert job.running_at is not None
    assert job.finished_at is not None
    assert job.running_at <= job.finished_at
