"""The times at which jobs waited and ran; for many jobs, their numbers at each time."""

from __future__ import annotations

import itertools
import threading
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.totals import ORDER
from qjm_widgets.errors import QJMError
from qjm_widgets.serialization.execution_spans import ExecutionSpan, execution_spans
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.widgets import wire

#: With more jobs than this, the timeline has the numbers of jobs over time instead of each job's times.
MOST_BARS = 500
#: The maximum number of points of the numbers over time.
_POINTS = 400
#: Seconds between two timelines.
_SECONDS = 1.0
#: Seconds for which one timeline reads results; the next one reads further ones.
_READING = 0.2
#: The most execution spans of one job: those with the shortest breaks between them are drawn as one.
MOST_SPANS = 20


class Attempt(NamedTuple):
    """One attempt of one job. Times are seconds since 1970; None if not reached yet."""

    job: int
    attempt: int
    sent: float
    running: float | None
    ended: float | None
    status: Status


class Timeline:
    """The timeline of a set, updated at most once a second. Thread-safe.

    The execution spans are in the results of the jobs, which are read little by little.
    """

    def __init__(self, state: JobSetState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._earlier: dict[tuple[int, int], list[Attempt]] = {}
        self._spans: dict[tuple[int, int], list[ExecutionSpan]] = {}
        self._sent_sequence = -1
        self._due = 0.0

    def invalidate(self) -> None:
        """Make ``changed`` return the timeline again, because a view lacks it."""
        with self._lock:
            self._sent_sequence = -1

    @property
    def pending(self) -> bool:
        """Whether the set changed since the last timeline."""
        return self._sent_sequence != self._state.sequence

    def changed(self) -> dict[str, Any] | None:
        """Return the timeline if the set changed and an update is due; otherwise None."""
        with self._lock:
            now, sequence = time.monotonic(), self._state.sequence
            if now < self._due or self._sent_sequence == sequence:
                return None
            self._due, self._sent_sequence = now + _SECONDS, sequence
            return self.build()

    def build(self) -> dict[str, Any]:
        """Return the timeline as it is now."""
        jobs = self._state.ordered()
        if len(jobs) <= MOST_BARS and not self._read_spans(jobs):
            self._sent_sequence = -1  # the next one has more
        attempts = [one for index, job in enumerate(jobs) for one in self._attempts(index, job)]
        if len(jobs) > MOST_BARS:
            return wire.timeline(len(jobs), steps=steps(attempts, time.time()))
        spans = [
            (index, *span)
            for index, job in enumerate(jobs)
            for span in self._spans.get((job.row, job.attempt), ())
        ]
        return wire.timeline(len(jobs), bars=[_bar(one) for one in attempts], spans=spans)

    def _read_spans(self, jobs: Iterable[JobRecord]) -> bool:
        """Read the execution spans of done jobs for a short time; return whether all were read."""
        until = time.monotonic() + _READING
        for job in jobs:
            key = job.row, job.attempt
            if job.status is not Status.DONE or key in self._spans:
                continue
            if time.monotonic() >= until:
                return False
            try:
                outcome = self._state.outcomes.get_local(job.row)
            except QJMError:  # the result is damaged, or the manager was closed
                outcome, self._spans[key] = None, []
            if outcome is not None:  # if not, it may be fetched from the provider later
                self._spans[key] = joined(execution_spans(outcome.info))
        return True

    def _attempts(self, index: int, job: JobRecord) -> Iterable[Attempt]:
        if job.attempt > 1:
            yield from (one._replace(job=index) for one in self._earlier_attempts(job))
        ended = job.finished_at if job.status is not Status.HELD else job.since
        spans = self._spans.get((job.row, job.attempt))
        if spans:
            # Polls see later that it runs; of a job that was found at its provider, they never do.
            start, stop = spans[0].start, max(span.stop for span in spans)
            running, ended = min(job.running_at or start, start), max(ended or stop, stop)
            sent = min(job.sent_at or running, running)
            yield Attempt(index, job.attempt, sent, running, ended, job.status)
        elif job.sent_at is not None:
            yield Attempt(index, job.attempt, job.sent_at, job.running_at, ended, job.status)

    def _earlier_attempts(self, job: JobRecord) -> list[Attempt]:
        """Return the attempts before the current one, from the history. They do not change any more."""
        key = job.row, job.attempt
        if key not in self._earlier:
            found: dict[int, Attempt] = {}
            for change in self._state.store.job_history(self._state.set_id, job.row):
                if change.attempt >= job.attempt:
                    continue
                known = found.get(change.attempt)
                if change.status is Status.SENDING:
                    found[change.attempt] = Attempt(
                        0, change.attempt, change.at, None, None, change.status
                    )
                elif known is not None and known.ended is None:
                    running = change.at if change.status is Status.RUNNING else known.running
                    ended = change.at if change.status.settled else None
                    found[change.attempt] = known._replace(
                        running=running, ended=ended, status=change.status
                    )
            self._earlier[key] = [one for one in found.values() if one.ended is not None]
        return self._earlier[key]


def joined(spans: list[ExecutionSpan], most: int = MOST_SPANS) -> list[ExecutionSpan]:
    """Join execution spans that overlap, and those with the shortest breaks between them.

    Args:
        spans: the spans, in order.
        most: how many are left at most.
    """
    apart: list[ExecutionSpan] = []
    for span in spans:
        if apart and span.start <= apart[-1].stop:
            apart[-1] = apart[-1]._replace(stop=max(apart[-1].stop, span.stop))
        else:
            apart.append(span)
    breaks = [after.start - before.stop for before, after in itertools.pairwise(apart)]
    longest = set(sorted(range(len(breaks)), key=breaks.__getitem__, reverse=True)[: most - 1])
    found: list[ExecutionSpan] = []
    for number, span in enumerate(apart):
        if number and number - 1 not in longest:
            found[-1] = found[-1]._replace(stop=span.stop)
        else:
            found.append(span)
    return found


def steps(attempts: Iterable[Attempt], now: float) -> dict[str, list[float]]:
    """Return how many attempts waited and how many ran, at each time at which a number changed.

    If an attempt has not ended, the last point is ``now``. With more than 400 times, each point has the
    largest number until the next point.

    Args:
        attempts: the attempts, in any order.
        now: seconds since 1970.
    """
    waiting: list[tuple[float, int]] = []
    running: list[tuple[float, int]] = []
    unfinished = False
    for one in attempts:
        begun = one.ended if one.running is None else one.running
        waiting.append((one.sent, 1))
        waiting += [] if begun is None else [(begun, -1)]
        if one.running is not None:
            running.append((one.running, 1))
            running += [] if one.ended is None else [(one.ended, -1)]
        unfinished = unfinished or one.ended is None
    changes = sorted({at for at, _ in (*waiting, *running)} | ({now} if unfinished else set()))
    if not changes:
        return {"at": [], "waiting": [], "running": []}
    at = np.array(changes)
    numbers = [_number(at, waiting), _number(at, running)]
    if len(at) > _POINTS:
        grid = np.linspace(at[0], at[-1], _POINTS)
        first = np.unique(np.minimum(np.searchsorted(at, grid), len(at) - 1))
        numbers = [np.maximum.reduceat(number, first) for number in numbers]
        at = at[first]
    return {
        "at": at.tolist(),
        "waiting": numbers[0].tolist(),
        "running": numbers[1].tolist(),
    }


def _number(at: npt.NDArray[np.float64], changes: list[tuple[float, int]]) -> npt.NDArray[np.int64]:
    total = np.zeros(len(at), dtype=np.int64)
    if changes:
        times, by = zip(*changes, strict=True)
        np.add.at(total, np.searchsorted(at, times), by)
    return np.cumsum(total)


def _bar(one: Attempt) -> tuple[int, int, float, float | None, float | None, int]:
    return one.job, one.attempt, one.sent, one.running, one.ended, ORDER.index(one.status)
