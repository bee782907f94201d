"""The measured quantities of all points of a set, collected job by job."""

from __future__ import annotations

import logging
from collections.abc import Sequence

import numpy as np

from qjm_widgets.core.formatting import plural
from qjm_widgets.core.outcomes import CircuitOutcome, ItemOutcome
from qjm_widgets.core.records import JobRecord, Span
from qjm_widgets.plotting.points import Points
from qjm_widgets.plotting.quantities import Kind, Quantity, kind_of, measure
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)


class Collected:
    """One quantity of all points, added job by job.

    Attributes:
        weight, total, variance: as in ``Measured``, summed for each point; shape ``(points,)``.
        seen: how many rows of ``totals.done`` were visited.
        rows: the rows of these jobs.
        without: how many results lack the quantity.
    """

    def __init__(self, points: int) -> None:
        self.weight, self.total, self.variance = np.zeros((3, points))
        self.seen = 0
        self.rows: set[int] = set()
        self.without = 0

    def add(self, points: Span, outcome: CircuitOutcome, quantity: Quantity) -> None:
        """Add an outcome of points.

        All that it has is added to a single point, such as an item with a samplex, whose randomizations
        are not points.
        """
        found = measure(outcome, quantity)
        if found is None or (len(points) > 1 and len(found.weight) != len(points)):
            self.without += 1
            return
        part = slice(*points)
        alone = len(points) == 1
        self.weight[part] += found.weight.sum() if alone else found.weight
        self.total[part] += found.total.sum() if alone else found.total
        self.variance[part] += found.variance.sum() if alone else found.variance


class Collector:
    """The collected quantities of a set. Each finished job is read once for a quantity.

    Args:
        state: the set.
        points: its points.
    """

    def __init__(self, state: JobSetState, points: Points) -> None:
        self._state = state
        self._points = points
        self._kind: Kind | None = None
        self._collected: dict[Quantity, Collected] = {}
        self._damaged: set[int] = set()
        self._uncounted = False

    def kind(self) -> Kind | None:
        """Return what the outcomes hold; None before the first."""
        for row in self._state.totals.done if self._kind is None else ():
            for outcome in self._outcomes(row):
                if outcome is not None and outcome.success and self._kind is None:
                    self._kind = kind_of(outcome)
                    self._uncounted |= isinstance(outcome, ItemOutcome) and self._kind is None
            if self._kind is not None:
                break
        return self._kind

    def collect(self, quantity: Quantity) -> Collected:
        """Return a quantity, with the jobs that have finished since the last call."""
        found = self._collected.setdefault(quantity, Collected(len(self._points)))
        done = self._state.totals.done
        while found.seen < len(done):
            row = done[found.seen]
            found.seen += 1
            if row in found.rows:
                continue
            found.rows.add(row)
            job = self._state.jobs[row]
            try:
                self._add(job, found, quantity)
            except Exception:  # an outcome that does not fit its circuits
                _LOG.warning("the result of job %d cannot be shown", row, exc_info=True)
                self._damaged.add(row)
        return found

    def notes(self, collected: Sequence[Collected]) -> list[str]:
        """Return which results were left out, a sentence each."""
        without, damaged = max((each.without for each in collected), default=0), len(self._damaged)
        notes = [f"Left out: {plural(without, 'result')} without this quantity"] if without else []
        if self._kind is None and self._uncounted:
            notes.append(
                "No counts: these items have no classified bits; results.program_result has their arrays"
            )
        return notes + [f"Left out: {plural(damaged, 'job')} with unreadable results"] * bool(damaged)

    def _outcomes(self, row: int) -> Sequence[CircuitOutcome | None]:
        try:
            found = self._state.outcomes.get(row)
            return () if found is None else found.circuits
        except Exception:  # damaged or malformed: the other jobs are shown
            _LOG.warning("the result of job %d cannot be read", row, exc_info=True)
            self._damaged.add(row)
            return ()

    def _add(self, job: JobRecord, found: Collected, quantity: Quantity) -> None:
        for circuit, outcome in enumerate(self._outcomes(job.row), job.span.start):
            if outcome is not None and outcome.success and circuit < job.span.stop:
                first, end = map(int, self._points.offsets[circuit : circuit + 2])
                points = job.points or Span(0, end - first)
                found.add(Span(first + points.start, first + points.stop), outcome, quantity)
