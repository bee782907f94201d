"""Which jobs hold which circuit, found in constant time, also after jobs were cut in halves."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

from qjm_widgets.core.records import JobRecord, Span


class Cover:
    """The spans of a set's jobs.

    Attributes:
        order: rows in the order of the circuits, then of the shot pieces.
        plain: whether that is the order of their numbers, as it is until a job is cut in halves.
    """

    def __init__(self, jobs: Sequence[JobRecord], circuits: int) -> None:
        ordered = sorted(jobs, key=lambda job: (job.span, job.piece))
        self.order = [job.row for job in ordered]
        self.plain = self.order == list(range(len(ordered)))
        bounds = sorted({bound for job in jobs for bound in job.span})
        self._parts = [Span(*pair) for pair in itertools.pairwise(bounds)]
        starts = {part.start: index for index, part in enumerate(self._parts)}
        held: list[list[JobRecord]] = [[] for _ in self._parts]
        self._at = np.zeros(circuits, dtype=np.int64)
        for job in ordered:
            index = starts[job.span.start]
            while index < len(self._parts) and self._parts[index].start < job.span.stop:
                held[index].append(job)
                index += 1
        for index, part in enumerate(self._parts):
            self._at[part.start : part.stop] = index
        self._rows = [
            tuple(job.row for job in sorted(holders, key=lambda job: job.piece)) for holders in held
        ]

    def rows_of(self, circuit: int) -> tuple[int, ...]:
        """The rows of all jobs that hold a circuit, in the order of its shot pieces."""
        return self._rows[int(self._at[circuit])]

    def parts(self, span: Span) -> Iterator[Span]:
        """A span in parts, the circuits of each of which are held by the same jobs."""
        at = span.start
        while at < span.stop:
            part = self._parts[int(self._at[at])]
            yield part
            at = part.stop
