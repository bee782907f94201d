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
    """An account at a provider, as far as job sets are concerned."""

    def jobs(self, tag: str) -> list[RemoteJob]:
        """All jobs that carry a tag, oldest first, without their circuits.

        Raises:
            ProviderError: they could not be listed.
        """

    def job(self, job_id: str) -> tuple[RemoteJob, int]:
        """A job, and how many circuits it holds.

        Raises:
            NotFoundError: there is none.
            InputError: it is of a kind that gives no counts.
            ProviderError: it could not be read.
        """

    def backend_of(self, name: str) -> Any:
        """The backend of that name, as ``run`` takes it."""
