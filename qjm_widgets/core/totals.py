"""Totals over the jobs of a set.

They are updated job by job. So a change in a set of ten thousand jobs does not visit all jobs.
"""

from __future__ import annotations

import bisect
from collections import Counter
from collections.abc import Iterable
from typing import NamedTuple, TypeVar

from qjm_widgets.core.records import JobRecord, Status

#: The statuses in the order of a job's life; the low bits of a job's code are an index into this tuple.
ORDER = tuple(Status)
#: The bit of a code for a requested cancellation.
CANCEL_REQUESTED = 0x10
#: The bit of a code for a job that can never be submitted again.
UNRETRYABLE = 0x20
#: The bit of a code for a done job with failed circuits.
FLAWED = 0x40
# The bits of a job's facts: it has a place in a queue, was retried, used quantum processor time, has an
# id, is polled, or the last poll of it failed.
_PLACED, _RETRIED, _USED, _NAMED, _POLLED, _UNANSWERED = (1 << bit for bit in range(6))
_COLUMNS = {"queue": _PLACED, "attempts": _RETRIED, "qpu": _USED, "id": _NAMED}
_T = TypeVar("_T")
_CODES = {status: code for code, status in enumerate(ORDER)}


class BackendFacts(NamedTuple):
    """The facts that backends report about a set's jobs, except their statuses.

    Attributes:
        columns: the names of the optional columns (``queue``, ``attempts``, ``qpu``, ``id``) in which at
            least one job has a value.
        qpu_seconds: quantum processor time of all attempts of all jobs, in seconds; None if it is
            unknown.
        poll_error: why polling fails, if it fails for every job that a backend has now; else None.
        known_at: if ``poll_error`` is given, the time (seconds since 1970) of the last answer for one of
            those jobs, or of its submission; else None.
    """

    columns: tuple[str, ...]
    qpu_seconds: float | None
    poll_error: str | None
    known_at: float | None


class Totals:
    """Totals over a set's jobs.

    Attributes:
        numbers: number of jobs in each status.
        unretryable: number of jobs in each status that can never be submitted again.
        codes: a byte for each row, made by ``code``.
        done: rows in the order in which their jobs became done; a row is added again if its job becomes
            done again, and none is removed.
        remote: the jobs that a backend has now, by row.
        flawed: the rows of done jobs with failed circuits.
    """

    def __init__(self, jobs: Iterable[JobRecord]) -> None:
        self.numbers: Counter[Status] = Counter()
        self.unretryable: Counter[Status] = Counter()
        self.codes = bytearray()
        self.done: list[int] = []
        self.remote: dict[int, JobRecord] = {}
        self.flawed: set[int] = set()
        self._ends: list[tuple[float, int]] = []  # in order
        self._ended: dict[int, JobRecord] = {}
        self._facts: list[int] = []
        self._sharing: Counter[int] = Counter()  # number of jobs by their facts
        self._used: dict[int, float] = {}
        for job in jobs:
            self.put(None, job)

    def put(self, before: JobRecord | None, job: JobRecord) -> None:
        """Replace a job's record ``before`` by another; if it is None, add the job as the next row."""
        row, status, facts = job.row, job.status, _facts_of(job)
        if before is None:
            self.codes.append(0)
            self._facts.append(facts)
            self._sharing[facts] += 1
            self._count(row, status)
        elif before.status is not status:
            self.numbers[before.status] -= 1
            self._count(row, status)
        self.codes[row] = code(job)
        if before is not None and not before.retryable:
            self.unretryable[before.status] -= 1
        if not job.retryable:
            self.unretryable[status] += 1
        if (known := self._facts[row]) != facts:
            self._sharing[known] -= 1
            self._sharing[facts] += 1
            self._facts[row] = facts
        self._end(before, job)
        (self.flawed.add if job.flawed else self.flawed.discard)(row)
        _keep(self.remote, row, job if status.remote else None)
        _keep(self._used, row, job.all_qpu_seconds)

    def _count(self, row: int, status: Status) -> None:
        self.numbers[status] += 1
        if status is Status.DONE:
            self.done.append(row)

    def _end(self, before: JobRecord | None, job: JobRecord) -> None:
        row, ends = job.row, job.finished_at
        ended = None if before is None else before.finished_at
        if ends is not None:
            self._ended[row] = job
        if ends == ended:
            return
        if ended is not None:
            del self._ends[bisect.bisect_left(self._ends, (ended, row))]
        if ends is not None:
            bisect.insort(self._ends, (ends, row))
        else:
            del self._ended[row]

    def latest(self, most: int) -> list[JobRecord]:
        """Return the jobs that ended last, in the order of their ends."""
        found = [self._ended.get(row) for _, row in self._ends[-most:]]
        return [job for job in found if job is not None]

    def facts(self) -> BackendFacts:
        """Return the facts that backends report about the set's jobs."""
        shared = [facts for facts, jobs in list(self._sharing.items()) if jobs]
        columns = tuple(name for name, fact in _COLUMNS.items() if any(facts & fact for facts in shared))
        used = sum(list(self._used.values())) if self._used else None
        silent = all(facts & _UNANSWERED for facts in shared if facts & _POLLED)
        # All remote jobs are visited only in this case, which is rare.
        remote = list(self.remote.values()) if silent else []
        polled = [job for job in remote if not job.cancel_requested]
        if not polled:
            return BackendFacts(columns, used, None, None)
        known_at = max(job.checked_at or job.sent_at or 0.0 for job in remote)
        return BackendFacts(
            columns, used, min(polled, key=lambda job: job.row).last_error, known_at or None
        )


def code(job: JobRecord) -> int:
    """Return a byte for a job: the index of its status, and further bits."""
    cancelling = job.cancel_requested and not job.status.final
    bits = (CANCEL_REQUESTED if cancelling else 0) | (0 if job.retryable else UNRETRYABLE)
    return _CODES[job.status] | bits | (FLAWED if job.flawed else 0)


def _facts_of(job: JobRecord) -> int:
    facts = _USED if job.all_qpu_seconds is not None else 0
    if job.attempt > 1:
        facts |= _RETRIED
    if job.job_id is not None:
        facts |= _NAMED
    if job.queue_position is not None and not job.status.final:
        facts |= _PLACED
    if job.status.remote and not job.cancel_requested:  # last_error may be that of a cancellation
        facts |= _POLLED if job.last_error is None else _POLLED | _UNANSWERED
    return facts


def _keep(kept: dict[int, _T], row: int, value: _T | None) -> None:
    if value is None:
        kept.pop(row, None)
    else:
        kept[row] = value
