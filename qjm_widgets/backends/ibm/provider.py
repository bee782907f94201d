"""An account at IBM Quantum, from which job sets are retrieved."""

from __future__ import annotations

from typing import Any

from qjm_widgets.backends.ibm.account import account_of
from qjm_widgets.backends.ibm.adapter import IBMEstimator, IBMQuantum
from qjm_widgets.backends.ibm.client import client_of
from qjm_widgets.backends.ibm.jobs import ESTIMATES, read_job
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.errors import InputError

_PROGRAMS = ("sampler", ESTIMATES)


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
            InputError: the job is not of a sampler or an estimator, or does not show its circuits.
            NotFoundError: there is no such job.
            ProviderError: the job could not be read.
        """
        found = self._rest.job(job_id, params=True)
        program = (found.get("program") or {}).get("id")
        if program not in _PROGRAMS:
            raise InputError(
                f"job {job_id} ran the program {program!r}, which is neither a sampler nor an estimator"
            )
        pubs = (found.get("params") or {}).get("pubs")
        if not isinstance(pubs, list) or not pubs:
            raise InputError(
                f"job {job_id} does not show its circuits (it may be private): it cannot be adopted"
            )
        return read_job(found), len(pubs)

    def backend_of(self, name: str, *, estimates: bool) -> Any:
        """Return the adapter of the service's backend with this name; it may be retired."""
        from qiskit.providers import QiskitBackendNotFoundError

        try:
            backend = self._service.backend(name)
        except QiskitBackendNotFoundError:
            backend = _RetiredBackend(name, self._service)
        return IBMEstimator(backend) if estimates else IBMQuantum(backend)


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
