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
    """

    job_id: str
    backend: str
    tags: tuple[str, ...]
    created_at: float
    observation: Observation
    batch_id: str | None = None
    adapter: str = ""
    estimates: bool = False


class Provider(Protocol):
    """An account at a provider."""

    def jobs(self, tag: str) -> list[RemoteJob]:
        """Return all jobs with a tag, oldest first, without their circuits.

        Raises:
            ProviderError: the jobs could not be listed.
        """

    def job(self, job_id: str) -> tuple[RemoteJob, int]:
        """Return a job and its number of circuits.

        Raises:
            NotFoundError: the account has no such job.
            InputError: jobs of this kind have neither counts nor expectation values.
            ProviderError: the job could not be read.
        """

    def backend_of(self, name: str, kind: str) -> Any:
        """Return the backend of that name for an adapter of that kind, as ``run`` accepts it."""
