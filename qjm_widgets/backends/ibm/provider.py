"""An account at IBM Quantum as a place where job sets are found again."""

from __future__ import annotations

from typing import Any

from qjm_widgets.backends.ibm.account import account_of
from qjm_widgets.backends.ibm.adapter import IBMQuantum
from qjm_widgets.backends.ibm.client import client_of
from qjm_widgets.backends.ibm.jobs import read_job
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.errors import InputError

_PROGRAMS = ("sampler",)


class IBMProvider:
    """The jobs of a ``QiskitRuntimeService``'s active instance."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self._rest = client_of(account_of(service))

    def jobs(self, tag: str) -> list[RemoteJob]:
        """All jobs that carry a tag: one request for 200."""
        return [read_job(job) for job in self._rest.jobs(tag)]

    def job(self, job_id: str) -> tuple[RemoteJob, int]:
        """A job and how many circuits it holds; they are counted, not read."""
        found = self._rest.job(job_id, params=True)
        program = (found.get("program") or {}).get("id")
        if program not in _PROGRAMS:
            raise InputError(f"job {job_id} ran the program {program!r}, which gives no counts")
        pubs = (found.get("params") or {}).get("pubs")
        if not isinstance(pubs, list) or not pubs:
            raise InputError(
                f"job {job_id} does not tell its circuits (it is private, perhaps): it cannot be adopted"
            )
        return read_job(found), len(pubs)

    def backend_of(self, name: str) -> Any:
        """The service's backend of that name; for one that was retired, what can follow its jobs."""
        from qiskit.providers import QiskitBackendNotFoundError

        try:
            return self._service.backend(name)
        except QiskitBackendNotFoundError:
            return IBMQuantum(_RetiredBackend(name, self._service))


class _RetiredBackend:
    """Stands for a device that is no more: its jobs can be read, and nothing runs on it."""

    target = None

    def __init__(self, name: str, service: Any) -> None:
        self.name = name
        self.service = service

    def check_faulty(self, circuit: Any) -> None:
        """Nothing fits it.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.name} is not there any more")
