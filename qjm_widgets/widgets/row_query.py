"""The query of a view: which jobs it shows, and in which order.

The kernel answers it, because the page has only some of the rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from qjm_widgets.core import formatting
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.totals import ORDER

_LONGEST = 200
_SPAN = re.compile(r"(?:circuits?\s+)?(\d{1,9})(?:\s*[-–]\s*(\d{1,9}))?")
_JOB = re.compile(r"job\s+(\d{1,9})")

Key = Callable[[JobRecord, float], Any]

_KEYS: dict[str, Key] = {
    "job": lambda job, now: None,
    "status": lambda job, now: ORDER.index(job.status),
    "note": lambda job, now: formatting.note(job) or None,
    "queue": lambda job, now: None if job.status.final else job.queue_position,
    "since": lambda job, now: now - job.since,
    "waited": lambda job, now: formatting.times(job, now)[0],
    "ran": lambda job, now: formatting.times(job, now)[1],
    "attempt": lambda job, now: job.attempt,
    "qpu": lambda job, now: job.qpu_seconds,
    "id": lambda job, now: job.job_id,
}


class RowQuery(NamedTuple):
    """A view's query.

    Attributes:
        text: part of an id, error or note, circuits ("17", "100-199"), or a job ("job 3"); "" for all.
        statuses: the statuses of the jobs to show; empty for all.
        sort: the column to sort by; equal jobs stay in the order of their circuits.
        descending: whether the largest comes first. Unknown values come last in either direction.
    """

    text: str
    statuses: frozenset[Status]
    sort: str
    descending: bool

    @classmethod
    def read(cls, content: Any) -> RowQuery | None:
        """Return the page's query; None for all jobs in the order of circuits, or if malformed."""
        if not isinstance(content, dict):
            return None
        text, named, sort = content.get("text"), content.get("statuses"), content.get("sort")
        if not isinstance(text, str) or not isinstance(named, list) or sort not in _KEYS:
            return None
        wanted = frozenset(status for status in Status if status.value in named)
        return cls(text[:_LONGEST].strip().lower(), wanted, sort, content.get("down") is True)

    def rows(self, jobs: Sequence[JobRecord], now: float) -> list[int]:
        """Return the places of the jobs that match, in the order of the query.

        Args:
            jobs: the jobs in the order of their circuits.
            now: seconds since 1970; durations of unfinished jobs end at this time.
        """
        fits = _search(self.text) if self.text else None
        found = [
            place
            for place, job in enumerate(jobs)
            if (not self.statuses or job.status in self.statuses) and (fits is None or fits(place, job))
        ]
        if self.sort == "job":
            return found[::-1] if self.descending else found
        key = _KEYS[self.sort]
        keyed = [(place, key(jobs[place], now)) for place in found]
        known = [pair for pair in keyed if pair[1] is not None]
        known.sort(key=lambda pair: pair[1], reverse=self.descending)
        return [place for place, _ in known] + [place for place, value in keyed if value is None]


def _search(text: str) -> Callable[[int, JobRecord], bool]:
    if number := _JOB.fullmatch(text):
        wanted = int(number[1])
        return lambda place, _: place == wanted
    span = _SPAN.fullmatch(text)
    if span is None:
        return lambda _, job: _mentions(job, text)
    first = int(span[1])
    last = int(span[2] or first)
    # A number of fewer than four digits is not searched in texts, because most ids contain it.
    anywhere = text.isdigit() and len(text) >= 4

    def holds(_: int, job: JobRecord) -> bool:
        return (job.span.start <= last and first < job.span.stop) or (anywhere and _mentions(job, text))

    return holds


def _mentions(job: JobRecord, text: str) -> bool:
    texts = (job.job_id, job.error, job.last_error, job.note)
    return any(text in value.lower() for value in texts if value is not None)
