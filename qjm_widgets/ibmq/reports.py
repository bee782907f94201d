"""Reports in the form of the retired manager."""

from __future__ import annotations

from collections.abc import Sequence

from qiskit.providers import JobStatus

from qjm_widgets.core.records import JobRecord, Status

_PENDING = (Status.NOT_SENT, Status.SENDING, Status.QUEUED)


def summary(jobs: Sequence[JobRecord]) -> list[str]:
    """Return lines with the number of jobs in each state; they add up to the number of jobs.

    If there are held jobs, they have a line of their own: they may have been submitted.
    """

    def number(*statuses: Status) -> int:
        return sum(job.status in statuses for job in jobs)

    lines = [
        ("Total", len(jobs)),
        ("Successful", number(Status.DONE)),
        ("Failed", number(Status.ERROR)),
        ("Cancelled", number(Status.CANCELLED)),
        ("Running", number(Status.RUNNING)),
        ("Pending", number(*_PENDING)),
    ]
    unknown = number(Status.HELD)
    if unknown:
        lines.append(("Unknown", unknown))
    return [f"{word + ' jobs':>17}: {count}" for word, count in lines]


def details(jobs: Sequence[JobRecord], set_name: str, refused: Sequence[bool]) -> list[str]:
    """Return some lines for each job.

    Args:
        jobs: the jobs in the order of their experiments.
        set_name: the set's name, from which the jobs' names are made.
        refused: for each job whether its submission failed.
    """
    lines = []
    for index, (job, failed) in enumerate(zip(jobs, refused, strict=True)):
        lines += [
            f"  experiments: {job.span.start}-{job.span.stop - 1}",
            f"    job index: {index}",
        ]
        if failed:
            lines.append(f"    status: job submit failed: {job.error}")
        elif job.status in (Status.NOT_SENT, Status.SENDING):
            lines.append(f"    status: {JobStatus.INITIALIZING.value}")
        else:
            lines += [
                f"    job ID: {job.job_id}",
                f"    name: {set_name}_{index}_",
                f"    status: {_status_text(job)}",
            ]
            if job.status is Status.ERROR:
                lines.append("    error_message:")
                lines += [f"      {line}" for line in (job.error or "").split("\n")]
    return lines


def _status_text(job: JobRecord) -> str:
    return "Unknown" if job.status is Status.HELD else str(JobStatus[job.status.name].value)
