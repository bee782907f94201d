"""The protocol of an account at a provider, and a job as the provider lists it."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from qjm_widgets.core.observation import Observation


class RemoteJob(NamedTuple):
    """A job as a provider lists it.

    Attributes:
        created_at: seconds since 1970, UTC.
        batch_id: the provider's id of the batch in which it runs; None if there is no batch.
        adapter: the kind of the adapter for it; empty if it is unknown.
        estimates: whether it gives expectation values, and no counts.
        instance: the provider's id of the instance of the account that has it; None if it is unknown.
    """

    job_id: str
    backend: str
    tags: tuple[str, ...]
    created_at: float
    observation: Observation
    batch_id: str | None = None
    adapter: str = ""
    estimates: bool = False
    instance: str | None = None


class Provider(Protocol):
    """An account at a provider, which may have several instances.

    Attributes:
        several: whether jobs are looked for in several instances.
        limit: which instances are never asked, and how to ask them, as a phrase; empty if all are.
        refused: which instances refused the last request, and why, as a phrase; empty if none did.
    """

    several: bool
    limit: str
    refused: str

    def jobs(self, tag: str) -> list[RemoteJob]:
        """Return all jobs with a tag, oldest first, without their circuits.

        Raises:
            ProviderError: no instance could list its jobs.
        """

    def job(self, job_id: str) -> tuple[RemoteJob, int]:
        """Return a job and its number of circuits.

        Raises:
            NotFoundError: the account has no such job.
            InputError: jobs of this kind have neither counts nor expectation values.
            ProviderError: the job could not be read.
        """

    def backend_of(self, name: str, kind: str, instance: str | None) -> Any:
        """Return the backend of that name for an adapter of that kind, as ``run`` accepts it.

        Args:
            name: the backend's name.
            kind: the kind of the adapter.
            instance: the instance that has the jobs; None if it is unknown.
        """
