"""Find the jobs that hold a circuit in constant time, also after jobs were cut in halves.

A newer job may rerun circuits that failed in a done job. Its span is inside that of the done job, and it
then holds these circuits.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence

import numpy as np

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


def _newest(jobs: Sequence[JobRecord]) -> list[JobRecord]:
    """Return the newest job of each shot piece, in the order of pieces."""
    newest: dict[int, JobRecord] = {}
    for job in sorted(jobs, key=lambda job: (job.attempt, job.row)):
        newest[job.piece] = job
    return [newest[piece] for piece in sorted(newest)]


class Cover:
    """An index of the spans of a set's jobs.

    Attributes:
        order: the rows, sorted by the spans of their jobs, then by the shot pieces.
        plain: whether ``order`` is ascending, as it is until a job is cut in halves.
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
        self._rows = [tuple(job.row for job in _newest(holders)) for holders in held]

    def rows_of(self, circuit: int) -> tuple[int, ...]:
        """Return the rows of the jobs that hold a circuit, one for each of its shot pieces, in order."""
        return self._rows[int(self._at[circuit])]

    def parts(self, span: Span) -> Iterator[Span]:
        """Yield the parts of a span within which all circuits are held by the same jobs.

        The last part may end after the span, and the first may begin before it.
        """
        at = span.start
        while at < span.stop:
            part = self._parts[int(self._at[at])]
            yield part
            at = part.stop
