"""The result of a PUB that is cut along its points, from what its jobs gave."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.merging import merge
from qjm_widgets.core.outcomes import JobOutcome, PubOutcome
from qjm_widgets.core.point_ranges import cut_points, fill_points, join_points, point_at, points_text
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.core.span_index import HeldRange
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.state.job_set_state import JobSetState


class PointResults:
    """What the jobs of one circuit gave that is cut along its points.

    Args:
        state: the set.
        index: of the circuit.
        reason: why a job has no result, as text.
    """

    def __init__(self, state: JobSetState, index: int, reason: Callable[[JobRecord], str]) -> None:
        self._state = state
        self._index = index
        self._reason = reason
        self._ranges: Sequence[HeldRange] = state.ranges_of(index)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the PUB, of its circuit or of the tags of its jobs; flat if neither fits."""
        points = self._ranges[-1].points.stop
        known = self._state.circuits.shape(self._index)
        shapes = (known, *(self._state.jobs[row].pub_shape for row in self._ranges[0].rows))
        return next((shape for shape in shapes if shape and math.prod(shape) == points), (points,))

    def whole(self) -> PubOutcome:
        """Return the result of all points.

        Raises:
            NotAvailableError: some have none (yet), or not with all their shots; they are named.
        """
        lacking = [held for held in self._ranges if not self._is_there(held)]
        if lacking:
            raise NotAvailableError(self._why(lacking))
        return join_points(((held.points, self._merged(held)) for held in self._ranges), self.shape)

    def at(self, loc: Any) -> tuple[PubOutcome, int]:
        """Return the result of the range that holds a point, and the point's place in it.

        Args:
            loc: index of the point along each axis of the PUB's shape.

        Raises:
            InputError: there is no such point.
            NotAvailableError: it has no result (yet), or not with all its shots.
        """
        place = point_at(self._index, self.shape, loc)
        held = next(held for held in self._ranges if place in held.points)
        if not self._is_there(held):
            raise NotAvailableError(self._why([held]))
        return self._merged(held), place - held.points.start

    def so_far(self) -> Iterator[tuple[Span, PubOutcome]]:
        """Yield each range with the finished pieces of its shots, in the order of the points."""
        for held in self._ranges:
            pieces = [piece for row in held.rows if (piece := self._here(row, held.points)) is not None]
            merged = merge(pieces) if pieces else None
            if isinstance(merged, PubOutcome):
                yield held.points, merged

    def complete(self) -> Iterator[tuple[Span, PubOutcome]]:
        """Yield each range that has all its shots, in the order of the points."""
        for held in self._ranges:
            if self._is_there(held):
                with suppress(NotAvailableError):  # its result is still at the provider, or lacks points
                    yield held.points, self._merged(held)

    def filled(self, name: str) -> npt.NDArray[np.float64]:
        """Return one array of the result's data in the PUB's shape, NaN at points without a result."""
        return fill_points(self.complete(), self.shape, name)

    def missing(self) -> npt.NDArray[np.bool_]:
        """Return which points have no result yet, or not with all their shots, in the PUB's shape."""
        mask = np.ones(self._ranges[-1].points.stop, dtype=bool)
        for held in self._ranges:
            mask[held.points.start : held.points.stop] = not self._is_there(held)
        return mask.reshape(self.shape)

    # -- inside --------------------------------------------------------------------------------------

    def _is_there(self, held: HeldRange) -> bool:
        pieces = self._state.jobs[held.rows[0]].pieces if held.rows else 0
        return len(held.rows) >= max(1, pieces) and all(
            self._state.jobs[row].status is Status.DONE and not self._failed(row) for row in held.rows
        )

    def _failed(self, row: int) -> bool:
        return self._index in self._state.jobs[row].failed_circuits

    def _merged(self, held: HeldRange) -> PubOutcome:
        pieces = []
        for row in held.rows:
            piece = self._part(row, held.points, self._state.outcomes.get(row))
            if piece is None:
                raise NotAvailableError(self._why([held]))
            pieces.append(piece)
        merged = merge(pieces, [self._state.jobs[row].shots for row in held.rows])
        assert isinstance(merged, PubOutcome)
        return merged

    def _here(self, row: int, points: Span) -> PubOutcome | None:
        """Return what a job gave for points, without a request to its provider; or None."""
        if self._state.jobs[row].status is not Status.DONE:
            return None
        return self._part(row, points, self._state.outcomes.get_local(row))

    def _part(self, row: int, points: Span, outcome: JobOutcome | None) -> PubOutcome | None:
        """Return what a job gave for points; None if it gave nothing, or failed.

        Raises:
            NotAvailableError: it gave another number of points.
        """
        job = self._state.jobs[row]
        place = self._index - job.span.start
        given = None if outcome is None or place >= len(outcome.circuits) else outcome.circuits[place]
        if given is None or not given.success:
            return None
        held = job.points or Span(0, self._ranges[-1].points.stop)
        if not isinstance(given, PubOutcome) or math.prod(given.shape) != len(held):
            shape = given.shape if isinstance(given, PubOutcome) else "none"
            raise NotAvailableError(
                f"circuit {self._index} ({given.name}): job {row} was sent {len(held):,} points and "
                f"gave a result of shape {shape}"
            )
        return cut_points(given, Span(points.start - held.start, points.stop - held.start))

    def _why(self, lacking: Sequence[HeldRange]) -> str:
        text = points_text([held.points for held in lacking])
        rows = [row for row in lacking[0].rows if self._state.jobs[row].status is not Status.DONE]
        rows = rows or list(lacking[0].rows)
        why = self._reason(self._state.jobs[rows[0]]) if rows else "no job holds them"
        return f"circuit {self._index} has no result of {text}: {why}"
