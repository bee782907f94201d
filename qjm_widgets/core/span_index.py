"""Find the jobs that hold a circuit without a search of all jobs, also after jobs were cut in halves.

A newer job may rerun circuits that failed in a done job. Its span is inside that of the done job, and it
then holds these circuits.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from qjm_widgets.core.records import JobRecord, Span


def runs_of(circuits: Sequence[int]) -> list[Span]:
    """Return ascending indices of circuits as spans of consecutive indices."""
    spans: list[Span] = []
    for circuit in circuits:
        if spans and spans[-1].stop == circuit:
            spans[-1] = Span(spans[-1].start, circuit + 1)
        else:
            spans.append(Span(circuit, circuit + 1))
    return spans


def may_run_again(span: Span, attempt: int, earlier: Span, earlier_attempt: int) -> bool:
    """Return whether a job may rerun failed circuits of an earlier job of the same shot piece."""
    inside = earlier.start <= span.start and span.stop <= earlier.stop
    return inside and span != earlier and attempt > earlier_attempt


class HeldRange(NamedTuple):
    """Points that the same jobs hold: a row for each piece of the shots, in their order."""

    points: Span
    rows: tuple[int, ...]


def held_ranges(jobs: Sequence[JobRecord]) -> list[HeldRange]:
    """Return which jobs hold which points of one circuit, in the order of the points.

    Of several jobs that hold one piece of the same points the newest counts. Points that no job holds
    have no rows.

    Args:
        jobs: all jobs of the circuit, at least one of them with a range.
    """
    points = max(job.pub_points or job.points.stop for job in jobs if job.points is not None)
    bounds = sorted({0, points, *(bound for job in jobs for bound in job.points or ())})
    places = {bound: place for place, bound in enumerate(bounds)}
    held: list[dict[int, int]] = [{} for _ in bounds[1:]]
    for job in sorted(jobs, key=lambda job: (job.attempt, job.row)):
        first, stop = job.points or (0, points)
        for place in range(places[first], places[stop]):
            held[place][job.piece] = job.row
    return [
        HeldRange(Span(*pair), tuple(rows[piece] for piece in sorted(rows)))
        for pair, rows in zip(itertools.pairwise(bounds), held, strict=True)
    ]


def _newest(jobs: Sequence[JobRecord]) -> list[JobRecord]:
    """Return the newest job of each shot piece, in the order of pieces."""
    newest: dict[int, JobRecord] = {}
    for job in sorted(jobs, key=lambda job: (job.attempt, job.row)):
        newest[job.piece] = job
    return [newest[piece] for piece in sorted(newest)]


#: The rows of a circuit are a set, too, if there are more.
_MANY = 8


class Cover:
    """An index of the spans of a set's jobs.

    Attributes:
        order: the rows, sorted by the spans of their jobs, then by the points, then by the shot pieces.
        plain: whether ``order`` is ascending, as it is until a job is cut in halves.
    """

    def __init__(self, jobs: Sequence[JobRecord]) -> None:
        self.order: list[int] = []
        self.plain = True
        self._parts: list[Span] = []
        self._starts: list[int] = []
        self._rows: list[tuple[int, ...]] = []
        self._ranges: dict[int, list[HeldRange]] = {}
        self._many: dict[int, frozenset[int]] = {}
        self.extend(jobs)

    def extend(self, jobs: Sequence[JobRecord]) -> None:
        """Add jobs whose circuits come after those of all jobs so far."""
        ordered = sorted(jobs, key=lambda job: job.place)
        rows = [job.row for job in ordered]
        at = len(self.order)
        self.plain = self.plain and rows == list(range(at, at + len(rows)))
        self.order += rows
        bounds = sorted({bound for job in jobs for bound in job.span})
        parts = [Span(*pair) for pair in itertools.pairwise(bounds)]
        starts = {part.start: index for index, part in enumerate(parts)}
        held: list[list[JobRecord]] = [[] for _ in parts]
        for job in ordered:
            index = starts[job.span.start]
            while index < len(parts) and parts[index].start < job.span.stop:
                held[index].append(job)
                index += 1
        for index, holders in enumerate(held, len(self._parts)):
            found = self._holders(index, holders)
            self._rows.append(found)
            if len(found) > _MANY:
                self._many[index] = frozenset(found)
        self._parts += parts
        # Last, because other threads find the parts by these.
        self._starts += (part.start for part in parts)

    @property
    def stop(self) -> int:
        """The end of the last span."""
        return self._parts[-1].stop if self._parts else 0

    def _index(self, circuit: int) -> int:
        """Return the index of the part with a circuit."""
        return max(0, bisect.bisect_right(self._starts, circuit) - 1)

    def _holders(self, index: int, jobs: Sequence[JobRecord]) -> tuple[int, ...]:
        if all(job.points is None for job in jobs):
            return tuple(job.row for job in _newest(jobs))
        ranges = self._ranges[index] = held_ranges(jobs)
        return tuple(dict.fromkeys(row for each in ranges for row in each.rows))

    def rows_of(self, circuit: int) -> tuple[int, ...]:
        """Return the rows of the jobs that hold a circuit, in the order of its points, then pieces."""
        return self._rows[self._index(circuit)]

    def holds(self, row: int, circuit: int) -> bool:
        """Return whether a job holds a circuit, or some of its points."""
        index = self._index(circuit)
        return row in (self._many.get(index) or self._rows[index])

    def ranges_of(self, circuit: int) -> Sequence[HeldRange]:
        """Return which jobs hold which points of a circuit; empty if it is not cut along its points."""
        return self._ranges.get(self._index(circuit), ())

    def parts(self, span: Span) -> Iterator[Span]:
        """Yield the parts of a span within which all circuits are held by the same jobs.

        The last part may end after the span, and the first may begin before it.
        """
        at = span.start
        while at < span.stop:
            part = self._parts[self._index(at)]
            yield part
            at = part.stop
