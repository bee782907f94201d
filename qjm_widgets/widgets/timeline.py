"""When each job waited and ran; of very many jobs, how many did at which time."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.totals import ORDER
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.widgets import wire

MOST_BARS = 500
"""Of more jobs the numbers over time are told, not each job's times."""
_POINTS = 400
_SECONDS = 1.0


class Try(NamedTuple):
    """One attempt of one job: times in seconds since 1970, None where that has not happened."""

    job: int
    attempt: int
    sent: float
    running: float | None
    ended: float | None
    status: Status


class Timeline:
    """The tries of a set, told at most once a second. Safe from any thread."""

    def __init__(self, state: JobSetState) -> None:
        self._live = state
        self._lock = threading.Lock()
        self._earlier: dict[tuple[int, int], list[Try]] = {}
        self._told = -1
        self._due = 0.0

    def forget(self) -> None:
        """A view does not have it yet."""
        with self._lock:
            self._told = -1

    @property
    def behind(self) -> bool:
        """Whether something waits for its time."""
        return self._told != self._live.sequence

    def news(self) -> dict[str, Any] | None:
        """The timeline, where it changed and its time has come."""
        with self._lock:
            now, sequence = time.monotonic(), self._live.sequence
            if now < self._due or self._told == sequence:
                return None
            self._due, self._told = now + _SECONDS, sequence
            return self.now()

    def now(self) -> dict[str, Any]:
        """The timeline as it is."""
        jobs = self._live.ordered()
        tries = [one for index, job in enumerate(jobs) for one in self._tries(index, job)]
        if len(jobs) <= MOST_BARS:
            return wire.timeline(len(jobs), bars=[_bar(one) for one in tries])
        return wire.timeline(len(jobs), steps=steps(tries, time.time()))

    def _tries(self, index: int, job: JobRecord) -> Iterable[Try]:
        if job.attempt > 1:
            yield from (one._replace(job=index) for one in self._before(job))
        if job.sent_at is not None:
            ended = job.finished_at if job.status is not Status.HELD else job.since
            yield Try(index, job.attempt, job.sent_at, job.running_at, ended, job.status)

    def _before(self, job: JobRecord) -> list[Try]:
        """The attempts before this one: only the history has them, and they change no more."""
        key = job.row, job.attempt
        if key not in self._earlier:
            found: dict[int, Try] = {}
            for change in self._live.store.job_history(self._live.set_id, job.row):
                if change.attempt >= job.attempt:
                    continue
                known = found.get(change.attempt)
                if change.status is Status.SENDING:
                    found[change.attempt] = Try(0, change.attempt, change.at, None, None, change.status)
                elif known is not None and known.ended is None:
                    running = change.at if change.status is Status.RUNNING else known.running
                    ended = change.at if change.status.settled else None
                    found[change.attempt] = known._replace(
                        running=running, ended=ended, status=change.status
                    )
            self._earlier[key] = [one for one in found.values() if one.ended is not None]
        return self._earlier[key]


def steps(tries: Iterable[Try], now: float) -> dict[str, list[float]]:
    """How many tries waited and how many ran, at the times when that changed, and now.

    Of very many times each point tells the most until the next.
    """
    waiting: list[tuple[float, int]] = []
    running: list[tuple[float, int]] = []
    going = False
    for one in tries:
        begun = one.ended if one.running is None else one.running
        waiting.append((one.sent, 1))
        waiting += [] if begun is None else [(begun, -1)]
        if one.running is not None:
            running.append((one.running, 1))
            running += [] if one.ended is None else [(one.ended, -1)]
        going = going or one.ended is None
    changes = sorted({at for at, _ in (*waiting, *running)} | ({now} if going else set()))
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


def _bar(one: Try) -> tuple[int, int, float, float | None, float | None, int]:
    return one.job, one.attempt, one.sent, one.running, one.ended, ORDER.index(one.status)
