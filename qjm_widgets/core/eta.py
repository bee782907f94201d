"""Estimate when a set will end from the pace of its finished jobs."""

from __future__ import annotations

import itertools
import statistics

from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.totals import Totals

#: Number of the latest jobs that give the pace; older jobs may have run under another load.
_LATEST = 50
#: Seconds between two ends above which there may have been a pause in which nothing ran, as overnight.
_BREAK = 60.0


def end_of(jobs: Totals, now: float) -> float | None:
    """Estimate when the last job will end.

    The unfinished jobs are assumed to end at the pace of the latest finished ones. This holds whether a
    queue, a limit on submissions or parallel workers determine the pace. Held jobs do not count.

    Returns:
        Seconds since 1970. None until two jobs have finished, and if no job is unfinished.
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
    # The estimate must not be in the past, even if no job has ended for a long time.
    return max(finished[-1][0] + left * each, now + min(each, _BREAK), *running)


def _ended(job: JobRecord) -> float:
    assert job.finished_at is not None
    return job.finished_at


def _began(job: JobRecord) -> float:
    ended = _ended(job)
    return min(ended, job.running_at or job.sent_at or ended)


def _step(gap: float, took: float, usual: float) -> float:
    """Return the seconds from one job's end to the next; after a pause, only those of the job itself."""
    broken = gap > took and gap > _BREAK and gap > 10 * usual
    return took if broken else gap
