"""Job sets whose jobs stay queued until a test ends them."""

from typing import Any

from qiskit import QuantumCircuit

from qjm_widgets import JobManager, JobSet
from tests.fakes import LIMIT, ScriptedBackend, marked


def circuits(number: int) -> list[QuantumCircuit]:
    return [marked(value, bits=4) for value in range(number)]


def start(manager: JobManager, backend: Any, number: int = 4, **arguments: Any) -> JobSet:
    """Run a set of jobs of one circuit each."""
    arguments = {"max_circuits_per_job": 1, "shots": 10} | arguments
    return manager.run(circuits(number), backend, **arguments)


def held(manager: JobManager, number: int = 4) -> tuple[ScriptedBackend, JobSet]:
    """Run a set of jobs that are queued until the test ends them."""
    backend = ScriptedBackend(hold=True)
    job_set = start(manager, backend, number)
    assert job_set.wait(LIMIT, until="submitted")
    return backend, job_set


def status_names(job_set: JobSet) -> list[str | None]:
    return [getattr(status, "name", None) for status in job_set.statuses()]
