"""Backends and jobs that a test scripts, and waits for their effects."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qiskit import QuantumCircuit
from qiskit.circuit import Measure
from qiskit.providers import BackendV2, JobStatus, JobV1, Options
from qiskit.result import Result
from qiskit.result.models import ExperimentResult, ExperimentResultData
from qiskit.transpiler import Target

from qjm_widgets import JobSet
from qjm_widgets._compat import backend_name, experiment_header

LIMIT = 30.0
"""Seconds after which a test that waits for something fails; nothing takes nearly as long."""


def marked(value: int, bits: int = 10, name: str | None = None) -> QuantumCircuit:
    """Return a circuit for which a scripted backend gives ``value`` in every shot."""
    circuit = QuantumCircuit(1, bits, name=name or f"c{value}", metadata={"value": value})
    circuit.measure(0, 0)
    return circuit


def reach(job_set: JobSet, condition: Callable[[], object]) -> None:
    """Wait until a condition holds; it is checked after each change of a job of the set."""
    with job_set._state.changed:
        assert job_set._state.changed.wait_for(condition, LIMIT), repr(job_set)


def until(condition: Callable[[], object]) -> None:
    """Wait for a condition that other threads or processes fulfil without a notification."""
    deadline = time.monotonic() + LIMIT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


class ScriptedJob(JobV1):
    """A job that a test ends."""

    def __init__(self, backend: ScriptedBackend, number: int, circuits: Sequence[Any], shots: int):
        super().__init__(backend, f"job-{number}")
        self.circuits = circuits
        self.shots = shots
        self.now = JobStatus.QUEUED
        self.cancels = 0
        self._error = ""

    def submit(self) -> None:
        """Jobs are sent when they are made."""

    def start(self) -> None:
        self.now = JobStatus.RUNNING

    def finish(self) -> None:
        self.now = JobStatus.DONE

    def fail(self, text: str) -> None:
        self._error = text
        self.now = JobStatus.ERROR

    def status(self) -> JobStatus:
        return self.now

    def cancel(self) -> bool:
        self.cancels += 1
        if self.now not in (JobStatus.QUEUED, JobStatus.RUNNING):
            return False
        self.now = JobStatus.CANCELLED
        return True

    def result(self) -> Result:
        if self.now is JobStatus.ERROR:
            raise RuntimeError(self._error)
        return Result(
            backend_name=backend_name(self.backend()),
            backend_version="1",
            qobj_id=None,
            job_id=self.job_id(),
            success=True,
            results=[_experiment(circuit, self.shots) for circuit in self.circuits],
        )


class ScriptedBackend(BackendV2):
    """The minimum of a third party's backend.

    Args:
        hold: jobs stay queued until the test ends them; else they are done at once.
        refuse: by number of the submission (from 0), what submitting raises.
        fail: by number of the submission, the error with which its job ends.

    Attributes:
        sent: the jobs in the order in which they were sent.
        gate: submissions wait while it is not set; open at first.
        entered: set when a submission was begun.
    """

    def __init__(
        self,
        *,
        name: str = "scripted",
        hold: bool = False,
        refuse: Mapping[int, Exception] | None = None,
        fail: Mapping[int, str] | None = None,
    ) -> None:
        super().__init__(name=name)
        self._target = Target(num_qubits=5)
        self._target.add_instruction(Measure())
        self._numbers = itertools.count()
        self.hold = hold
        self.refuse = dict(refuse or {})
        self.fail = dict(fail or {})
        self.sent: list[ScriptedJob] = []
        self.gate = threading.Event()
        self.gate.set()
        self.entered = threading.Event()

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    def run(self, run_input: Any, shots: int = 1024, **options: Any) -> ScriptedJob:
        number = next(self._numbers)
        self.entered.set()
        assert self.gate.wait(LIMIT)
        if number in self.refuse:
            raise self.refuse[number]
        job = ScriptedJob(self, number, list(run_input), shots)
        if number in self.fail:
            job.fail(self.fail[number])
        elif not self.hold:
            job.finish()
        self.sent.append(job)
        return job


def _experiment(circuit: QuantumCircuit, shots: int) -> ExperimentResult:
    header = {
        "name": circuit.name,
        "creg_sizes": [[register.name, register.size] for register in circuit.cregs],
        "memory_slots": circuit.num_clbits,
        "metadata": dict(circuit.metadata),
    }
    value = hex(circuit.metadata.get("value", 0))
    data = ExperimentResultData(counts={value: shots}, memory=[value] * shots)
    return ExperimentResult(shots, True, data, header=experiment_header(header))
