"""An account at IBM Quantum, from which job sets are retrieved."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Any

from qjm_widgets._threads import run_concurrently
from qjm_widgets.backends.ibm.account import account_of
from qjm_widgets.backends.ibm.client import Job, client_of
from qjm_widgets.backends.ibm.jobs import ESTIMATES, SAMPLES, quantum_program, read_job
from qjm_widgets.backends.ibm.primitive_adapters import ADAPTERS
from qjm_widgets.backends.ibm.primitives import SAMPLER
from qjm_widgets.backends.ibm.program_executor import EXECUTOR
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.errors import InputError, NotFoundError, ProviderError, explain

#: How a service that was made for one instance is made for all.
_ASK_ALL = 'QiskitRuntimeService(instance="auto") asks all'
#: The most instances that a text names.
_NAMED = 5


class IBMProvider:
    """The jobs of a ``QiskitRuntimeService``: in all instances that its account sees.

    A service that was made for one instance has the jobs of this instance only.

    Raises:
        InputError: the service has no usable account.
    """

    def __init__(self, service: Any) -> None:
        self._service = service
        chosen = (service.active_account() or {}).get("instance")
        seen = [each for each in service.instances() if each.get("crn")]
        self._names = {each["crn"]: str(each.get("name") or each["crn"]) for each in seen}
        crns = [chosen] if chosen else list(self._names) or [service.active_instance()]
        self._clients = {crn: client_of(account_of(service, crn)) for crn in crns}
        self.several = len(crns) > 1
        self.refused = ""
        others = [name for crn, name in self._names.items() if crn not in self._clients]
        self.limit = ""
        if others:
            more = f" and {len(others) - _NAMED} more" if len(others) > _NAMED else ""
            self.limit = (
                f"only the instance {self._name(crns[0])} was asked, for which this service was made, "
                f"and not {', '.join(others[:_NAMED])}{more}: {_ASK_ALL}"
            )

    def jobs(self, tag: str) -> list[RemoteJob]:
        """Return all jobs that have a tag, with one request to each instance for each 200 jobs."""
        calls = [functools.partial(client.jobs, tag) for client in self._clients.values()]
        crns = list(self._clients)
        found: list[RemoteJob] = []
        failed: dict[str, Exception] = {}
        for index, answer in run_concurrently(calls):
            if isinstance(answer, Exception):
                failed[crns[index]] = answer
            else:
                found += [read_job(job)._replace(instance=crns[index]) for job in answer]
        self._note_refusals(failed)
        if self.several:
            found.sort(key=lambda job: job.created_at)
        return found

    def job(self, job_id: str) -> tuple[RemoteJob, int]:
        """Return a job and its number of circuits, which are counted but not read.

        Raises:
            InputError: the job is of no sampler, estimator or Executor, or does not show its circuits.
            NotFoundError: there is no such job.
            ProviderError: the job could not be read.
        """
        crn, found = self._find(job_id)
        job = read_job(found)._replace(instance=crn)
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

    def _find(self, job_id: str) -> tuple[str, Job]:
        """Return the CRN of the instance that has a job, and the job with its circuits."""
        failed: dict[str, Exception] = {}
        for crn, client in self._clients.items():
            try:
                found = client.job(job_id, params=True)
            except (NotFoundError, ProviderError) as error:
                failed[crn] = error
            else:
                # Further jobs are probably there, too.
                self._clients = {crn: client, **self._clients}
                self.refused = ""
                return crn, found
        refusals = {crn: error for crn, error in failed.items() if not isinstance(error, NotFoundError)}
        missing = [error for error in failed.values() if isinstance(error, NotFoundError)]
        self._note_refusals(refusals if missing else failed)
        reasons = "; ".join(filter(None, (str(missing[0]), self.limit, self.refused)))
        raise NotFoundError(reasons) from missing[0]

    def _note_refusals(self, failed: Mapping[str, Exception]) -> None:
        """Note which instances refused a request.

        Raises:
            ProviderError: all of them did.
        """
        if len(failed) == len(self._clients):
            raise next(iter(failed.values()))
        reasons = [f"{self._name(crn)} ({explain(error)})" for crn, error in failed.items()]
        self.refused = f"not asked, because they refused: {', '.join(reasons)}" if reasons else ""

    def _name(self, crn: str) -> str:
        return self._names.get(crn, crn)

    def backend_of(self, name: str, kind: str, instance: str | None) -> Any:
        """Return the service's backend with this name, or an adapter of it for jobs of that kind.

        A retired backend has an adapter for its jobs.
        """
        from qiskit.providers import QiskitBackendNotFoundError

        adapter = ADAPTERS.get(kind, ADAPTERS[SAMPLER.kind])
        try:
            backend = self._service.backend(name, instance=instance if self.several else None)
        except QiskitBackendNotFoundError:
            return adapter(_RetiredBackend(name, self._service, instance))
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

    def __init__(self, name: str, service: Any, instance: str | None) -> None:
        self.name = name
        self.service = service
        self._instance = instance

    def check_faulty(self, circuit: Any) -> None:
        """Refuse all circuits.

        Raises:
            ValueError: always.
        """
        raise ValueError(f"{self.name} is retired")
