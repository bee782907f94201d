"""The histograms and sweeps that a panel's views show, and when each is sent again."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any, TypeAlias

from qjm_widgets.core.histogram import NO_BARS
from qjm_widgets.errors import explain
from qjm_widgets.plotting.aggregate import Aggregate
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.expected_curve import AnyExpected, ExpectedCurve
from qjm_widgets.plotting.points import FirstView
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.state.estimates import first_estimates
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.widgets import wire
from qjm_widgets.widgets.sweep_messages import SweepMessages

_LOG = logging.getLogger(__name__)
#: Seconds between two updates of histograms.
_SECONDS = 0.2
#: A pause is at least this many times as long as the update before it, so that large sums leave the
#: kernel time for other work.
_PAUSE_FACTOR = 4
#: The maximum number of sums that are kept.
_MOST_AGGREGATES = 8

#: What a chart shows: the counts of a selection, or a sweep.
Shown: TypeAlias = Selection | Axes


class Histograms:
    """The charts of the visible selections, updated at most five times a second. Thread-safe.

    Args:
        state: the set.
        expected: what to compare the histograms or the sweep with, or None.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        state: JobSetState,
        expected: AnyExpected | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._state = state
        self._clock = clock
        curve = expected if isinstance(expected, ExpectedCurve) else None
        self._expected = None if isinstance(expected, ExpectedCurve) else expected
        self._sweeps = SweepMessages(state, curve)
        self._lock = threading.RLock()
        self._aggregates: dict[Selection, Aggregate] = {}
        # For each selection the last chart that was returned, and how many jobs were done then.
        self._sent: dict[Shown, tuple[int, dict[str, Any]]] = {}
        self._invalid: set[Shown] = set()
        self._due = 0.0

    def changed(self, selections: Collection[Shown]) -> list[dict[str, Any]]:
        """Return the charts that changed since they were last returned.

        The list is empty until the next update is due.
        """
        with self._lock:
            began = self._clock()
            stale = self._stale(selections)
            if began < self._due or not stale:
                return []
            changed = []
            for selection in stale:
                invalid = selection in self._invalid
                self._invalid.discard(selection)
                finished, sent = self._state.finished, self._sent.get(selection)
                histogram = self.build(selection)
                self._sent[selection] = finished, histogram
                if invalid or sent is None or sent[1] != histogram:
                    changed.append(histogram)
            for selection in [known for known in self._sent if known not in selections]:
                del self._sent[selection]
            ended = self._clock()
            self._due = ended + max(_SECONDS, _PAUSE_FACTOR * (ended - began))
            return changed

    def pending(self, selections: Collection[Shown]) -> bool:
        """Return whether one of these charts may have changed, so that an update is due later."""
        return bool(self._stale(selections))

    def invalidate(self, selection: Shown | None) -> None:
        """Make ``changed`` return a chart again, because a view lacks it.

        This takes no lock, so it never waits for a sum in progress.
        """
        if selection is not None:
            self._invalid.add(selection)

    @property
    def first(self) -> FirstView:
        """What the panel shows first: counts if they are compared with an expected distribution."""
        with self._lock:
            return "sum" if self._expected is not None else self._sweeps.first_view

    def build(self, selection: Shown, *, saved: bool = False) -> dict[str, Any]:
        """Return one histogram or sweep as it is now.

        Args:
            selection: what it shows.
            saved: whether it is for a saved notebook.
        """
        with self._lock:
            if isinstance(selection, Axes):
                return self._sweeps.build(selection, saved=saved)
            try:
                if self._state.record.estimates:
                    return self._estimates(selection)
                aggregate = self._aggregate(selection.without_limit())
                aggregate.refresh()
                bars = aggregate.histogram(selection.top)
                return wire.histogram(
                    selection.to_wire(), bars, aggregate.jobs, aggregate.of, aggregate.notes()
                )
            except Exception as error:  # the panel shows all else, whatever a backend returned
                _LOG.exception("counts could not be shown")
                self._aggregates.pop(selection.without_limit(), None)
                note = f"These counts cannot be shown: {explain(error)}"
                return wire.histogram(selection.to_wire(), NO_BARS, 0, len(self._state.jobs), [note])

    def _estimates(self, selection: Selection) -> dict[str, Any]:
        """Return what a set of expectation values has in place of bars."""
        jobs, lines = len(self._state.jobs), first_estimates(self._state)
        return wire.histogram(selection.to_wire(), NO_BARS, self._state.finished, jobs, estimates=lines)

    def _stale(self, selections: Collection[Shown]) -> list[Shown]:
        """Return the selections that are invalid or lack jobs that have finished."""
        finished = self._state.finished
        sent = self._sent
        return [s for s in selections if s in self._invalid or sent.get(s, (-1,))[0] != finished]

    def _aggregate(self, selection: Selection) -> Aggregate:
        """Return the sum of a selection: the kept one, or a new one.

        If too many are kept, drop the one that was used longest ago, but never that of all circuits.
        """
        aggregate = self._aggregates.pop(selection, None) or Aggregate(
            self._state, selection, self._expected
        )
        self._aggregates[selection] = aggregate
        while len(self._aggregates) > _MOST_AGGREGATES:
            oldest = next(known for known in self._aggregates if known != Selection())
            del self._aggregates[oldest]
        return aggregate
