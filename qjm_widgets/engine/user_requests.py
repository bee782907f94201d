"""Handle users' requests: cancel jobs, retry them, and recover jobs of a kernel that died.

Every function runs on the engine's thread.
"""

from __future__ import annotations

from collections.abc import Sequence

from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.recovery import RERUN_HINT, Recovery, recover
from qjm_widgets.engine import cuts
from qjm_widgets.engine.backend_worker import BackendWorker
from qjm_widgets.engine.engine_set import EngineSet
from qjm_widgets.engine.transitions import FOUND, FRESH, Transitions
from qjm_widgets.errors import InvalidStateError


def cancel_jobs(
    transitions: Transitions, worker: BackendWorker, job_set: EngineSet, rows: Sequence[int]
) -> int:
    """Cancel jobs; return how many had not ended."""
    unfinished = [row for row in dict.fromkeys(rows) if not job_set.jobs[row].status.final]
    for row in unfinished:
        status = job_set.jobs[row].status
        if status is Status.HELD:
            worker.cancel(job_set, row)  # the backend may have it
        if status in (Status.NOT_SENT, Status.HELD) or worker.revoke(job_set, row):
            at = transitions.wall()
            transitions.change(job_set, row, Status.CANCELLED, cancel_requested=True, finished_at=at)
            worker.drop(job_set, row)
        else:
            transitions.amend(job_set, row, cancel_requested=True)
            worker.cancel(job_set, row)
    return len(unfinished)


def retry_jobs(
    transitions: Transitions,
    worker: BackendWorker,
    job_set: EngineSet,
    rows: Sequence[int],
    statuses: Sequence[Status],
) -> int:
    """Submit the jobs again that are in one of the statuses.

    If Error is one of them, also submit the failed circuits of done jobs, as jobs of their own.

    Returns:
        How many jobs will be submitted.

    Raises:
        InvalidStateError: there are such jobs, but none of them can be submitted again.
    """
    requested = [
        job
        for job in (job_set.jobs[row] for row in dict.fromkeys(rows))
        if (job.status in statuses and not job.cancel_requested)
        or (job.cancelled and Status.CANCELLED in statuses)
        or (job.flawed and Status.ERROR in statuses)
    ]
    chosen = [job for job in requested if job.retryable]
    if requested and not chosen:
        first = requested[0]
        some = ", ".join(str(job.row) for job in requested[:5])
        some += ", …" if len(requested) > 5 else ""
        some = f"job{'s'[: len(requested) - 1]} {some}"
        raise InvalidStateError(f"{some} cannot be sent again: {first.error or first.note}")
    failed = [job for job in chosen if not job.flawed]
    for job in failed:
        worker.drop(job_set, job.row)
        fields = {**FRESH, "attempt": job.attempt + 1, "cancel_requested": False, "error": None}
        fields["spent_seconds"] = job.all_qpu_seconds
        transitions.change(job_set, job.row, Status.NOT_SENT, text="retry", **fields)
    job_set.add_unsent(job.row for job in failed)
    flawed = [job.row for job in chosen if job.flawed]
    return len(failed) + sum(cuts.rerun_failed(transitions, job_set, row) for row in flawed)


def recover_jobs(
    transitions: Transitions, worker: BackendWorker, job_set: EngineSet, jobs: Sequence[JobRecord]
) -> None:
    """Recover jobs of a kernel that died, or that are held, as ``core.recovery`` decides for each."""
    adapter = job_set.adapter
    for job in jobs:
        recovery = recover(
            job,
            lifetime=adapter.lifetime,
            finds=adapter.finds,
            rerun=job_set.state.record.rerun_on_resume,
        )
        if recovery is Recovery.SEND:
            transitions.unsend(job_set, job.row, "the kernel that ran it died")
        elif recovery is Recovery.HOLD:
            text = f"may have been sent when the kernel died: submit again? ({RERUN_HINT})"
            transitions.hold(job_set, job.row, text)
        elif recovery is not Recovery.KEEP:
            worker.recover(job_set, job.row, recovery)


def fill_rows(
    transitions: Transitions, worker: BackendWorker, job_set: EngineSet, jobs: Sequence[JobRecord]
) -> None:
    """Follow jobs of a provider for rows that are an error or held and have no job id."""
    for job in jobs:
        known = job_set.jobs[job.row]
        if known.job_id is None and known.status in (Status.ERROR, Status.HELD):
            fields = {name: getattr(job, name) for name in FOUND}
            transitions.change(job_set, job.row, job.status, text="found", **fields)
            if job.status.remote:
                worker.recover(job_set, job.row, Recovery.FETCH)
