"""The circuits, results and backends of the benchmarks, the same in every run."""

from __future__ import annotations

import io
import itertools
import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, qpy, transpile
from qiskit.circuit import CircuitInstruction, Measure
from qiskit.circuit.library import CXGate, HGate
from qiskit.circuit.random import random_circuit
from qiskit.providers import BackendV2, JobStatus, JobV1, Options
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData
from qiskit.transpiler import Target

from benchmarks.timing import Stopwatch
from qjm_widgets import JobManager
from qjm_widgets._compat import experiment_header

QUBITS = 5
SHOTS = 1024


def random_circuits(circuits: int, backend: Any) -> list[QuantumCircuit]:
    """Return random measured circuits of depth 4, transpiled to about 130 instructions each."""
    made = [random_circuit(QUBITS, 4, measure=True, seed=seed) for seed in range(circuits)]
    for index, circuit in enumerate(made):
        circuit.name = f"random {index}"
    transpiled: list[QuantumCircuit] = transpile(made, backend, optimization_level=0, seed_transpiler=7)
    return transpiled


def small_circuits(circuits: int) -> list[QuantumCircuit]:
    """Return GHZ circuits with measurements, ten instructions each."""
    return [ghz(f"ghz {index}") for index in range(circuits)]


def ghz(name: str, qubits: int = QUBITS) -> QuantumCircuit:
    """Return a GHZ circuit with measurements."""
    circuit = QuantumCircuit(qubits, qubits, name=name)
    circuit.append(CircuitInstruction(HGate(), [circuit.qubits[0]]))
    for a, b in itertools.pairwise(circuit.qubits):
        circuit.append(CircuitInstruction(CXGate(), [a, b]))
    circuit.measure(range(qubits), range(qubits))
    return circuit


def cut(items: Sequence[Any], jobs: int) -> list[list[Any]]:
    """Cut a sequence into one equal part for each job."""
    size = len(items) // jobs
    return [list(items[start : start + size]) for start in range(0, len(items), size)]


@contextmanager
def fresh_manager() -> Iterator[JobManager]:
    """Open a manager on a new store file."""
    with (
        tempfile.TemporaryDirectory() as directory,
        JobManager(Path(directory, "store.sqlite")) as manager,
    ):
        yield manager


@contextmanager
def set_variables(variables: dict[str, str]) -> Iterator[None]:
    """Set environment variables for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def run_with_manager(
    stopwatch: Stopwatch, circuits: list[QuantumCircuit], backend: Any, jobs: int
) -> None:
    """Measure from ``run`` until the results are complete."""
    with fresh_manager() as manager:
        with stopwatch.timed():
            job_set = manager.run(
                circuits, backend, shots=SHOTS, max_circuits_per_job=len(circuits) // jobs
            )
            stopwatch.lap("run returned")
            results = job_set.results()
        assert results.success, job_set.report()


def run_with_loop(stopwatch: Stopwatch, parts: list[list[QuantumCircuit]], backend: Any) -> None:
    """Measure the loop that a user writes without a manager."""
    with stopwatch.timed():
        jobs = [backend.run(part, shots=SHOTS) for part in parts]
        results = [job.result() for job in jobs]
    assert all(result.success for result in results)


def write_qpy(stopwatch: Stopwatch, parts: list[list[QuantumCircuit]]) -> None:
    """Measure writing the circuits of each job as QPY to memory, which every store needs."""
    with stopwatch.timed():
        for part in parts:
            qpy.dump(part, io.BytesIO())


class InstantBackend(BackendV2):
    """A backend whose jobs are done when they are submitted, with results made before.

    It is treated as a provider's backend, not as a simulator: the manager paces its requests.
    """

    def __init__(self, results: Sequence[Result]) -> None:
        super().__init__(name="instant")
        self._target = Target(num_qubits=QUBITS)
        self._target.add_instruction(Measure())
        self._results = results
        self._runs = itertools.count()

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=SHOTS)

    def run(self, run_input: Any, **options: Any) -> JobV1:
        number = next(self._runs) % len(self._results)
        return _InstantJob(self, f"job-{number}", self._results[number])


class _InstantJob(JobV1):
    def __init__(self, backend: InstantBackend, job_id: str, result: Result) -> None:
        super().__init__(backend, job_id)
        self._result = result

    def submit(self) -> None:
        """Do nothing: a job is sent when it is made."""

    def status(self) -> JobStatus:
        return JobStatus.DONE

    def result(self) -> Result:
        return self._result


def ready_results(circuits: Sequence[QuantumCircuit], jobs: int, qubits: int = QUBITS) -> list[Result]:
    """Return a result for each job with uniformly sampled outcomes for each circuit."""
    random = np.random.default_rng(11)
    return [
        Result(
            backend_name="instant",
            backend_version="1",
            qobj_id=None,
            job_id=f"job-{number}",
            success=True,
            results=[_experiment(circuit, random, qubits) for circuit in part],
        )
        for number, part in enumerate(cut(circuits, jobs))
    ]


def _experiment(circuit: QuantumCircuit, random: np.random.Generator, qubits: int) -> ExperimentResult:
    seen = random.multinomial(SHOTS, np.full(1 << qubits, 2.0**-qubits)).tolist()
    header = {
        "name": circuit.name,
        "creg_sizes": [[register.name, register.size] for register in circuit.cregs],
        "memory_slots": circuit.num_clbits,
        "metadata": {},
    }
    data = ExperimentResultData(counts={hex(value): count for value, count in enumerate(seen) if count})
    return ExperimentResult(SHOTS, True, data, header=experiment_header(header))
