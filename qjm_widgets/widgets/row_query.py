"""Which jobs a view wants to see and in which order: the kernel knows what the page was not sent."""

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


class Query(NamedTuple):
    """What a view asks for.

    Attributes:
        text: part of an id or error, or circuits ("17", "100-199"), or a job ("job 3"); "" for all.
        statuses: only jobs in one of them; empty for all.
        sort: by which column; jobs that are equal stay in the order of their circuits.
        down: the largest first. What is not known comes last either way.
    """

    text: str
    statuses: frozenset[Status]
    sort: str
    down: bool

    @classmethod
    def read(cls, content: Any) -> Query | None:
        """What the page says; None for all jobs as circuits go, and for what cannot be read."""
        if not isinstance(content, dict):
            return None
        text, named, sort = content.get("text"), content.get("statuses"), content.get("sort")
        if not isinstance(text, str) or not isinstance(named, list) or sort not in _KEYS:
            return None
        wanted = frozenset(status for status in Status if status.value in named)
        return cls(text[:_LONGEST].strip().lower(), wanted, sort, content.get("down") is True)

    def rows(self, jobs: Sequence[JobRecord], now: float) -> list[int]:
        """The places of the jobs that fit, in the order asked for.

        Args:
            jobs: as circuits go.
            now: seconds since 1970; what goes on is as long as it has taken until then.
        """
        fits = _search(self.text) if self.text else None
        found = [
            place
            for place, job in enumerate(jobs)
            if (not self.statuses or job.status in self.statuses) and (fits is None or fits(place, job))
        ]
        if self.sort == "job":
            return found[::-1] if self.down else found
        key = _KEYS[self.sort]
        keyed = [(place, key(jobs[place], now)) for place in found]
        known = [pair for pair in keyed if pair[1] is not None]
        known.sort(key=lambda pair: pair[1], reverse=self.down)
        return [place for place, _ in known] + [place for place, value in keyed if value is None]


def _search(text: str) -> Callable[[int, JobRecord], bool]:
    if number := _JOB.fullmatch(text):
        wanted = int(number[1])
        return lambda place, _: place == wanted
    span = _SPAN.fullmatch(text)
    if span is None:
        return lambda _, job: _says(job, text)
    first = int(span[1])
    last = int(span[2] or first)
    # Short numbers are part of most ids: they name a circuit.
    anywhere = text.isdigit() and len(text) >= 4

    def holds(_: int, job: JobRecord) -> bool:
        return (job.span.start <= last and first < job.span.stop) or (anywhere and _says(job, text))

    return holds


def _says(job: JobRecord, text: str) -> bool:
    texts = (job.job_id, job.error, job.last_error, job.note)
    return any(text in each.lower() for each in texts if each is not None)
