"""When a set will have ended, from how its jobs went so far."""

from __future__ import annotations

import itertools
import statistics

from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.totals import Totals

_LATEST = 50
"""Jobs that say how fast it goes now; older ones may have run under another load."""
_BREAK = 60.0
"""A gap (seconds) from which on nothing may have been going on at all, as over night."""


def end_of(jobs: Totals, now: float) -> float | None:
    """When (seconds since 1970) the last job will probably have ended.

    The unfinished jobs are taken to end at the pace of the latest finished ones, whatever that pace
    comes from: a queue, a limit on submissions, workers side by side.

    Returns:
        None until two jobs have finished, and when none is left. Held jobs are left to the user.
    """
    left = sum(jobs.numbers[status] for status in Status if not status.settled)
    finished = [(_ended(job), _began(job)) for job in jobs.latest(_LATEST)]
    if left == 0 or len(finished) < 2:
        return None
    first, began = finished[0]
    steps = [first - began]
    for (before, _), (end, began) in itertools.pairwise(finished):
        steps.append(_step(end - before, end - began, statistics.median(steps)))
    each = max(0.0, statistics.fmean(steps))
    running = [
        (job.running_at or now) + job.estimated_seconds
        for job in list(jobs.remote.values())
        if job.estimated_seconds is not None
    ]
    # A pause since the last end is no reason to promise an end in the past.
    return max(finished[-1][0] + left * each, now + min(each, _BREAK), *running)


def _ended(job: JobRecord) -> float:
    assert job.finished_at is not None
    return job.finished_at


def _began(job: JobRecord) -> float:
    ended = _ended(job)
    return min(ended, job.running_at or job.sent_at or ended)


def _step(gap: float, took: float, usual: float) -> float:
    """What one end after another adds; a break in which nothing ran adds no more than its job."""
    broken = gap > took and gap > _BREAK and gap > 10 * usual
    return took if broken else gap
