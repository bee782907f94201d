"""Decide, as a pure function, how each job is recovered when a set is resumed."""

from __future__ import annotations

import enum

from qjm_widgets.core.budget import OVER_BUDGET
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.records import JobRecord, Status

#: The hint of a held job if it is not known whether it outlived the kernel.
RERUN_HINT = "rerun_on_resume=True in run does it automatically"


class Recovery(enum.Enum):
    """The ways to recover one job."""

    #: It has ended, is held, or was never sent: leave it as it is.
    KEEP = "keep"
    #: It no longer exists for certain: submit it (again).
    SEND = "send"
    #: It was sent: retrieve it by its id.
    FETCH = "fetch"
    #: It may have been sent: search for the tag of this attempt.
    FIND = "find"
    #: It may have been sent, and cannot be searched for: the user decides.
    HOLD = "hold"


def recover(job: JobRecord, *, lifetime: JobLifetime, finds: bool, rerun: bool | None) -> Recovery:
    """Return how to recover a job.

    Args:
        job: as the store has it.
        lifetime: whether the backend's jobs outlive the kernel that submitted them.
        finds: whether the adapter can look for the tag of an attempt.
        rerun: whether to run jobs that may be lost again without the user's confirmation.
    """
    if job.status is Status.HELD:
        # The user decides, unless the job is found meanwhile.
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
