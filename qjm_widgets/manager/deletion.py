"""Delete job sets from the store: one, or all that are old enough."""

from __future__ import annotations

import datetime
import time
from collections.abc import Callable, Iterable

from qjm_widgets.core.store_port import JobStore, SetSummary
from qjm_widgets.engine.engine import Engine
from qjm_widgets.errors import (
    DrivenElsewhereError,
    InputError,
    InvalidStateError,
    JobSetNotFoundError,
)
from qjm_widgets.manager.session import Session


def delete_set(store: JobStore, session: Session, engine: Engine, job_set_id: str) -> None:
    """Delete a set that has no unfinished jobs from the store and from the session.

    Raises:
        JobSetNotFoundError: the store does not have the set.
        InvalidStateError: the set has jobs under way here, or another kernel drives it.
    """
    with session.lock:
        known = session.get(job_set_id)
        if known is not None and not known._state.settled:
            raise InvalidStateError(
                f"{known.name()!r} still has jobs under way: cancel them or wait before deleting it"
            )
        owner = store.owner(job_set_id)
        _, jobs = store.load_set(job_set_id)
        if owner is not None and any(not job.status.settled for job in jobs):
            raise DrivenElsewhereError(f"{owner} drives job set {job_set_id}: end it there first")
        store.delete_set(job_set_id)
        if known is not None:
            engine.forget(known._state)
        session.remove(job_set_id)
    session.watchers.notify()


def prune_sets(
    history: Callable[[], Iterable[SetSummary]],
    delete: Callable[[str], None],
    older_than: float | datetime.timedelta,
    *,
    dry_run: bool,
) -> int:
    """Delete all sets that are older than an age and not under way.

    Args:
        history: returns all sets of the store.
        delete: deletes one set.
        older_than: the age in seconds, or a timedelta.
        dry_run: whether to count the sets without deleting them.

    Returns:
        How many sets were deleted, or would be.

    Raises:
        InputError: the age is negative.
    """
    age = older_than.total_seconds() if isinstance(older_than, datetime.timedelta) else older_than
    if age < 0:
        raise InputError(f"older_than must be at least 0 seconds, not {older_than}")
    before = time.time() - age
    deleted = 0
    for summary in history():
        if summary.record.created_at >= before or summary.under_way:
            continue
        if not dry_run:
            try:
                delete(summary.record.set_id)
            except (InvalidStateError, JobSetNotFoundError):  # another kernel resumed or deleted it
                continue
        deleted += 1
    return deleted
