"""An account at IBM Quantum, from which job sets are retrieved."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qjm_widgets.backends.ibm.account import account_of
from qjm_widgets.backends.ibm.client import client_of
from qjm_widgets.backends.ibm.jobs import ESTIMATES, SAMPLES, quantum_program, read_job
from qjm_widgets.backends.ibm.primitive_adapters import ADAPTERS
from qjm_widgets.backends.ibm.primitives import SAMPLER
from qjm_widgets.backends.ibm.program_executor import EXECUTOR
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.errors import InputError


class IBMProvider:
    """The jobs of a ``QiskitRuntimeService``'s active instance."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._rest = client_of(account_of(service))

    def jobs(self, tag: str) -> list[RemoteJob]:
        """Return all jobs that have a tag, with one request for each 200 jobs."""
        return [read_job(job) for job in self._rest.jobs(tag)]

    def job(self, job_id: str) -> tuple[RemoteJob, int]:
        """Return a job and its number of circuits, which are counted but not read.

        Raises:
            InputError: the job is of no sampler, estimator or Executor, or does not show its circuits.
            NotFoundError: there is no such job.
            ProviderError: the job could not be read.
        """
        found = self._rest.job(job_id, params=True)
        job = read_job(found)
        circuits = _circuits(found, job.adapter)
        if not job.adapter or circuits is None:
            program = (found.get("program") or {}).get("id")
            raise InputError(
                f"job {job_id} ran the program {program!r}, for neither a sampler nor an estimator nor "
                "an Executor: it cannot be adopted"
            )
        if not circuits:
            raise InputError(
                f"job {job_id} does not show its circuits (it may be private): it cannot be adopted"
            )
        return job, circuits

    def backend_of(self, name: str, kind: str) -> Any:
        """Return the service's backend with this name, or an adapter of it for jobs of that kind.

        A retired backend has an adapter for its jobs.
        """
        from qiskit.providers import QiskitBackendNotFoundError

        adapter = ADAPTERS.get(kind, ADAPTERS[SAMPLER.kind])
        try:
            backend = self._service.backend(name)
        except QiskitBackendNotFoundError:
            return adapter(_RetiredBackend(name, self._service))
        # A primitive on a backend runs each job by itself, without a batch.
        return backend if adapter.kind == SAMPLER.kind else adapter(backend, batch=False)


def _circuits(job: Mapping[str, Any], adapter: str) -> int | None:
    """Return a job's number of circuits; 0 if they are not shown; None for a program of another kind.

    Args:
        job: the job.
        adapter: the kind of the adapter for it.
    """
    params = job.get("params") or {}
    program = quantum_program(job)
    if not program:
        pubs = params.get("pubs")
        return len(pubs) if isinstance(pubs, list) else 0
    role = program.get("semantic_role")
    if role == SAMPLES or adapter == EXECUTOR.kind:
        return len(program.get("items") or ())
    if role == ESTIMATES:
        # Its program has further items, with which the device's noise is measured.
        return int(program["passthrough_data"]["post_processor"]["num_pubs"])
    return None


class _RetiredBackend:
    """A retired device: its jobs can be read, but nothing runs on it."""

    target = None

    def __init__(self, name: str, service: Any) -> None:
        self.name = name
        self.service = service

    def check_faulty(self, circuit: Any) -> None:
        """Refuse all circuits.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.name} is retired")
