"""Iterate over the jobs of a set as they end or are held."""

from __future__ import annotations

import time
from collections.abc import Iterator

from qjm_widgets.core import formatting
from qjm_widgets.errors import WaitTimeoutError
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.wait import wait_until


def iterate_settled(state: JobSetState, timeout: float | None) -> Iterator[int]:
    """Yield the row of each job when it has ended or is held. Jobs that have ended already come first.

    Args:
        state: the set.
        timeout: seconds for all jobs together; None waits without limit.

    Raises:
        WaitTimeoutError: the time was over before all jobs had ended or were held.
        ClosedError: the manager was closed before.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    yielded: set[int] = set()
    new: list[int] = []

    def found() -> bool:
        new[:] = [job.row for job in state.jobs if job.status.settled and job.row not in yielded]
        return bool(new) or len(yielded) == len(state.jobs) or state.settled

    while True:
        left = None if deadline is None else max(0.0, deadline - time.monotonic())
        if not wait_until(state, found, left):
            raise WaitTimeoutError(f"only {len(yielded)} of {len(state.jobs)} jobs ended in time")
        if not new:
            return
        for row in new:
            yielded.add(row)
            yield row


def unfinished_text(state: JobSetState, timeout: float | None) -> str:
    """Return the message for a wait that was too short: how many jobs have not ended, and which."""
    unfinished = [job for job in state.jobs if not job.status.settled]
    some = ", ".join(f"{job.row} ({formatting.status_text(job.status)})" for job in unfinished[:5])
    more = ", …" if len(unfinished) > 5 else ""
    return (
        f"after {timeout} s {len(unfinished):,} of {formatting.plural(len(state.jobs), 'job')} "
        f"had not ended: {some}{more}. They go on: call it again, or give partial=True"
    )
