"""Decide how each job is recovered when a set is resumed, as a pure function."""

from __future__ import annotations

import enum

from qjm_widgets.core.budget import OVER_BUDGET
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.records import JobRecord, Status

#: The hint for a held job that may or may not have outlived its kernel.
RERUN_HINT = "rerun_on_resume=True in run does it automatically"


class Recovery(enum.Enum):
    """The ways to recover one job."""

    #: The job has ended or was never sent, or it is held and cannot be looked up: leave it as it is.
    KEEP = "keep"
    #: The job does not exist any more, or the user allowed to run it again: submit it.
    SEND = "send"
    #: The job was sent: retrieve it by its id.
    FETCH = "fetch"
    #: The job may have been sent: find it by the tag of its attempt.
    FIND = "find"
    #: The job may have been sent, and cannot be found by a tag: hold it until the user decides.
    HOLD = "hold"


def recover(job: JobRecord, *, lifetime: JobLifetime, finds: bool, rerun: bool | None) -> Recovery:
    """Return how to recover a job.

    Args:
        job: the job as the store has it.
        lifetime: whether the backend's jobs outlive the kernel that submitted them.
        finds: whether the adapter can search for the tag of an attempt.
        rerun: whether jobs that may be lost are submitted again without a decision of the user.
    """
    if job.status is Status.HELD:
        # The job remains held until the user decides, or until it is found.
        if lifetime is JobLifetime.KERNEL or (job.last_error or "").startswith(OVER_BUDGET):
            return Recovery.KEEP
        if job.job_id is not None:
            return Recovery.FETCH
        return Recovery.FIND if finds else Recovery.KEEP
    if job.status not in (Status.SENDING, Status.QUEUED, Status.RUNNING):
        return Recovery.KEEP
    if lifetime is JobLifetime.KERNEL:
        return Recovery.SEND
    if job.status is not Status.SENDING and job.job_id is not None:
        return Recovery.FETCH
    if finds:
        return Recovery.FIND
    return Recovery.SEND if rerun else Recovery.HOLD
