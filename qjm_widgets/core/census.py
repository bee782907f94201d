"""What the jobs of a set add up to.

It is kept job by job, so that a change in a set of ten thousand jobs does not go through them all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from qjm_widgets.core.records import JobRecord, Status

ORDER = tuple(Status)
"""Statuses in the order of a job's life; a job's code begins with an index into it."""
CANCEL_REQUESTED = 0x10
"""The bit of a code that says that a cancellation is under way."""
_T = TypeVar("_T")
_CODES = {status: code for code, status in enumerate(ORDER)}


class Told(NamedTuple):
    """What backends told beside the statuses.

    Attributes:
        columns: which of ``queue``, ``attempts``, ``qpu`` and ``id`` say anything of any job.
        qpu_seconds: the sum over all attempts of all jobs; None where nobody tells.
        unheard: why asking fails, where it fails for every job that a backend has now.
        known_at: with ``unheard``, when (seconds since 1970) the newest news of one of those jobs came.
    """

    columns: tuple[str, ...]
    qpu_seconds: float | None
    unheard: str | None
    known_at: float | None


class Census:
    """The sums over a set's jobs.

    Attributes:
        numbers: how many jobs are in each status.
        codes: a byte a row: its status, and whether a cancellation is under way.
        ended: the jobs that have ended, by row.
        remote: the jobs that a backend has now, by row.
    """

    def __init__(self, jobs: Iterable[JobRecord]) -> None:
        self.numbers: Counter[Status] = Counter()
        self.codes = bytearray()
        self.ended: dict[int, JobRecord] = {}
        self.remote: dict[int, JobRecord] = {}
        self._queued = 0
        self._retried = 0
        self._named = 0
        self._used: dict[int, float] = {}
        self._asked = 0
        self._unheard = 0
        for job in jobs:
            self.put(None, job)

    def put(self, before: JobRecord | None, job: JobRecord) -> None:
        """Take a job in another's place, or (None) as the next row."""
        if before is None:
            self.codes.append(code(job))
        else:
            self.codes[job.row] = code(job)
            self._add(before, -1)
        self._add(job, 1)
        row, status = job.row, job.status
        _keep(self.ended, row, job if job.finished_at is not None else None)
        _keep(self.remote, row, job if status.remote else None)
        _keep(self._used, row, job.all_qpu_seconds)

    def _add(self, job: JobRecord, by: int) -> None:
        status = job.status
        self.numbers[status] += by
        if job.attempt > 1:
            self._retried += by
        if job.job_id is not None:
            self._named += by
        if job.queue_position is not None and not status.final:
            self._queued += by
        if status.remote and not job.cancel_requested:  # else it may be the cancellation that failed
            self._asked += by
            if job.last_error is not None:
                self._unheard += by

    def told(self) -> Told:
        """What backends told of all of them."""
        there = {
            "queue": self._queued,
            "attempts": self._retried,
            "qpu": len(self._used),
            "id": self._named,
        }
        columns = tuple(name for name, jobs in there.items() if jobs)
        used = sum(list(self._used.values())) if self._used else None
        # Seldom, and then all of them at once: only here are they gone through.
        remote = list(self.remote.values()) if self._unheard and self._unheard == self._asked else []
        asked = [job for job in remote if not job.cancel_requested]
        if not asked:
            return Told(columns, used, None, None)
        known_at = max(job.checked_at or job.sent_at or 0.0 for job in remote)
        return Told(columns, used, min(asked, key=lambda job: job.row).last_error, known_at or None)


def code(job: JobRecord) -> int:
    """A job in a byte: its status, and whether a cancellation is under way."""
    asked = job.cancel_requested and not job.status.final
    return _CODES[job.status] | (CANCEL_REQUESTED if asked else 0)


def _keep(kept: dict[int, _T], row: int, value: _T | None) -> None:
    if value is None:
        kept.pop(row, None)
    else:
        kept[row] = value
