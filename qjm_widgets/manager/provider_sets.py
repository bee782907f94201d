"""Retrieve and adopt job sets whose jobs are at a provider, and fetch their results."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from qjm_widgets.core.adapter_port import BackendAdapter, RemoteAdapter
from qjm_widgets.core.job_tags import set_tag
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.provider_jobs import adopt, assemble
from qjm_widgets.core.provider_port import Provider
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.engine.engine import Engine
from qjm_widgets.errors import (
    ClosedError,
    InputError,
    JobSetNotFoundError,
    NotAvailableError,
    StoreError,
)
from qjm_widgets.job_set import JobSet
from qjm_widgets.state.job_set_state import JobSetState


class ProviderSets:
    """The part of one manager that retrieves and adopts sets from providers.

    Args:
        store: the store that gets the sets.
        engine: polls their jobs.
        adapter: returns the adapter of a backend.
        enlist: adds a set to the session.
    """

    def __init__(
        self,
        store: JobStore,
        engine: Engine,
        adapter: Callable[[Any], BackendAdapter],
        enlist: Callable[[JobSetState], JobSet],
    ) -> None:
        self._store = store
        self._engine = engine
        self._adapter = adapter
        self._enlist = enlist

    def retrieve(
        self, provider: Provider, job_set_id: str, known: Callable[[], JobSet], *, refresh: bool
    ) -> JobSet:
        """Return a set, and poll the jobs of it that a provider has.

        If the provider fails, nothing is changed.

        Args:
            provider: the account.
            job_set_id: the id of the set.
            known: returns the set from the session or from the store.
            refresh: whether to find jobs that are missing or held.

        Raises:
            JobSetNotFoundError: neither the store nor the provider has the set.
            ProviderError: the provider refused the request or did not answer.
        """
        try:
            job_set = known()
        except JobSetNotFoundError:
            found = provider.jobs(set_tag(job_set_id))
            return self._store_set(provider, *assemble(job_set_id, found, time.time()))
        state = job_set._state
        found = provider.jobs(set_tag(job_set_id)) if refresh else []
        if not state.driven and not state.record.unstored_options:
            # Poll, but submit nothing until ``unpause`` or ``resume``.
            unsent = any(not job.status.settled and not job.status.remote for job in state.jobs)
            backend = provider.backend_of(state.record.backend, state.record.adapter)
            job_set.resume(backend, paused=unsent)
        if found and state.adapter is not None:
            self._add_found(state, found)
        return job_set

    def adopt(self, provider: Provider, job_ids: Sequence[str], name: str) -> JobSet:
        """Make a set of jobs that were submitted without this package.

        Raises:
            InputError: there are no ids, an id is repeated, the jobs are of several backends, some give
                counts and others expectation values, or a job is of a kind that gives neither.
            NotFoundError: the provider does not have one of the jobs.
            ProviderError: the provider refused the request or did not answer.
        """
        are_texts = all(isinstance(job_id, str) and job_id for job_id in job_ids)
        if not job_ids or not are_texts or len(set(job_ids)) < len(job_ids):
            raise InputError("job_ids must be one or more different strings")
        found = [provider.job(job_id) for job_id in job_ids]
        return self._store_set(provider, *adopt(found, name, time.time()))

    def fetch(self, state: JobSetState, row: int) -> JobOutcome | None:
        """Fetch and store the outcome of a job; None if it is not done or has no remote adapter here.

        Raises:
            NotAvailableError: the provider has no result of the job, or the result cannot be read.
            ProviderError: the provider refused the request or did not answer.
        """
        job, adapter = state.jobs[row], state.adapter
        if job.status is not Status.DONE or not job.job_id or not isinstance(adapter, RemoteAdapter):
            return None
        names = state.circuits.names()[job.span.start : job.span.stop]
        try:
            outcome = adapter.outcome(job.job_id, names)
        except ValueError as error:
            raise NotAvailableError(f"the result of job {row} cannot be read: {error}") from error
        if outcome is None:
            raise NotAvailableError(
                f"the provider has no result of job {row} ({job.job_id}); "
                "private results can be read once"
            )
        state.outcomes.put({row: outcome})
        with contextlib.suppress(StoreError, ClosedError):  # it is written later
            self._engine.keep_outcome(state, row, outcome)
        return outcome

    def _store_set(self, provider: Provider, record: JobSetRecord, jobs: Sequence[JobRecord]) -> JobSet:
        """Store a set of jobs that a provider has, and start to poll them."""
        adapter = self._adapter(provider.backend_of(record.backend, record.adapter))
        record = replace(record, adapter=adapter.kind, backend=adapter.name)
        self._store.create_set(record, jobs)
        state = JobSetState(record, jobs, self._store, adapter=adapter)
        job_set = self._enlist(state)
        self._engine.resume(state, ready=record.circuits)
        return job_set

    def _add_found(self, state: JobSetState, found: Sequence[Any]) -> None:
        """Follow the provider's jobs that belong to rows without a job here."""
        rows = {_place(job): job.row for job in state.jobs}
        _, assembled = assemble(state.set_id, found, time.time())
        known = [
            replace(job, row=row)
            for job in assembled
            if job.job_id is not None and (row := rows.get(_place(job))) is not None
        ]
        self._engine.fill(state, known)


def _place(job: JobRecord) -> tuple[Span, Span | None, int, int]:
    return job.span, job.points, job.piece, job.pieces
