"""Retrieve and adopt job sets whose jobs are at a provider, and fetch their results."""

from __future__ import annotations

import contextlib
import time
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from qjm_widgets.core.adapter_port import BackendAdapter, RemoteAdapter
from qjm_widgets.core.job_tags import set_tag
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.provider_jobs import adopt, assemble
from qjm_widgets.core.provider_port import Provider, RemoteJob
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
            found = _jobs_of(provider, job_set_id)
            try:
                record, rows = assemble(job_set_id, found, time.time())
            except JobSetNotFoundError as error:
                reasons = filter(None, (str(error), provider.limit, provider.refused))
                raise JobSetNotFoundError("; ".join(reasons)) from None
            return self._store_set(provider, record, rows, found)
        state = job_set._state
        polls = not state.driven and not state.record.unstored_options
        # Only the provider knows in which of several instances the jobs are.
        found = _jobs_of(provider, job_set_id) if refresh or (polls and provider.several) else []
        if not found and provider.refused:
            polls = False  # another instance would answer that it has no such jobs
        if polls:
            # Poll, but submit nothing until ``unpause`` or ``resume``.
            unsent = any(not job.status.settled and not job.status.remote for job in state.jobs)
            record = state.record
            backend = provider.backend_of(record.backend, record.adapter, _instance_of(found))
            job_set.resume(backend, paused=unsent)
        if found and state.adapter is not None:
            self._add_found(state, found)
        return job_set

    def adopt(self, provider: Provider, job_ids: Sequence[str], name: str) -> JobSet:
        """Make a set of jobs that were submitted without this package.

        Raises:
            InputError: there are no ids, an id is repeated, the jobs are of several backends or
                instances, some give counts and others expectation values, or a job is of a kind that
                gives neither.
            NotFoundError: the provider does not have one of the jobs.
            ProviderError: the provider refused the request or did not answer.
        """
        are_texts = all(isinstance(job_id, str) and job_id for job_id in job_ids)
        if not job_ids or not are_texts or len(set(job_ids)) < len(job_ids):
            raise InputError("job_ids must be one or more different strings")
        found = [provider.job(job_id) for job_id in job_ids]
        record, rows = adopt(found, name, time.time())
        return self._store_set(provider, record, rows, [job for job, _ in found])

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

    def _store_set(
        self,
        provider: Provider,
        record: JobSetRecord,
        jobs: Sequence[JobRecord],
        found: Sequence[RemoteJob],
    ) -> JobSet:
        """Store a set of jobs that a provider has, and start to poll them."""
        backend = provider.backend_of(record.backend, record.adapter, _instance_of(found))
        adapter = self._adapter(backend)
        record = replace(record, adapter=adapter.kind, backend=adapter.name)
        self._store.create_set(record, jobs)
        state = JobSetState(record, jobs, self._store, adapter=adapter)
        job_set = self._enlist(state)
        self._engine.resume(state, ready=record.circuits)
        return job_set

    def _add_found(self, state: JobSetState, found: Sequence[RemoteJob]) -> None:
        """Follow the provider's jobs that belong to rows without a job here."""
        rows = {_place(job): job.row for job in state.jobs}
        _, assembled = assemble(state.set_id, found, time.time())
        known = [
            replace(job, row=row)
            for job in assembled
            if job.job_id is not None and (row := rows.get(_place(job))) is not None
        ]
        self._engine.fill(state, known)


def _jobs_of(provider: Provider, job_set_id: str) -> list[RemoteJob]:
    """Return a provider's jobs of a set; warn if an instance refused."""
    found = provider.jobs(set_tag(job_set_id))
    if provider.refused:
        warnings.warn(f"jobs of {job_set_id} may be missing: {provider.refused}", stacklevel=4)
    return found


def _instance_of(found: Sequence[RemoteJob]) -> str | None:
    """Return the instance that has most of the jobs; None if it is unknown."""
    known = Counter(job.instance for job in found if job.instance is not None).most_common(1)
    return known[0][0] if known else None


def _place(job: JobRecord) -> tuple[Span, Span | None, int, int]:
    return job.span, job.points, job.piece, job.pieces
