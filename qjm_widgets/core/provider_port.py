"""The protocol of an account at a provider, and a job as the provider lists it."""

from __future__ import annotations

from typing import Any, NamedTuple, Protocol

from qjm_widgets.core.observation import Observation


class RemoteJob(NamedTuple):
    """A job as a provider lists it; ``created_at`` is in seconds since 1970, UTC."""

    job_id: str
    backend: str
    tags: tuple[str, ...]
    created_at: float
    observation: Observation
    batch_id: str | None = None


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
            InputError: jobs of this kind have no counts.
            ProviderError: the job could not be read.
        """

    def backend_of(self, name: str) -> Any:
        """Return the backend of that name, as ``run`` accepts it."""
