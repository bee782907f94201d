"""What becomes of each job when a set is driven again after its kernel died: pure."""

from __future__ import annotations

import enum

from qjm_widgets.core.budget import OVER_BUDGET
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.records import JobRecord, Status

#: What a held row says where nobody knows whether its job has outlived the kernel: for a backend that
#: computes in the kernel, run takes this.
RERUN_HINT = "rerun_on_resume=True in run does it unasked"


class Recovery(enum.Enum):
    """What to do with one job."""

    KEEP = "keep"
    """It has ended, is held for good, or was never sent: leave it as it is."""
    SEND = "send"
    """It is certain that nothing of it lives: send it (again)."""
    FETCH = "fetch"
    """It was sent: have it back by its id."""
    FIND = "find"
    """It may have been sent: look for the tag of this attempt."""
    HOLD = "hold"
    """It may have been sent, and nobody can tell: the user decides."""


def recover(job: JobRecord, *, lifetime: JobLifetime, finds: bool, rerun: bool | None) -> Recovery:
    """What to do with a job.

    Args:
        job: as the store has it.
        lifetime: whether the backend's jobs outlive the kernel that submitted them.
        finds: whether the adapter can look for the tag of an attempt.
        rerun: the user said that jobs which may be lost are run again without asking.
    """
    if job.status is Status.HELD:
        # The user decides, unless it turns up meanwhile.
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
