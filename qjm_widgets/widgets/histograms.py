"""The histograms that a panel's views look at: which are news, and when."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Collection
from typing import Any

from qjm_widgets.core.histogram import NO_BARS
from qjm_widgets.errors import explain
from qjm_widgets.plotting.aggregate import Aggregate
from qjm_widgets.plotting.expected import Expected
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.widgets import wire

_LOG = logging.getLogger(__name__)
_SECONDS = 0.2
_PART = 4
"""A pause is at least so many times as long as the work before it: large sums leave the kernel alone."""
_MOST_TALLIES = 8


class Histograms:
    """A sum a choice that is looked at, told five times a second at most. Safe from any thread."""

    def __init__(
        self,
        state: JobSetState,
        expected: Expected | None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._live = state
        self._clock = clock
        self._expected = expected
        self._lock = threading.RLock()
        self._tallies: dict[Selection, Aggregate] = {}
        self._told: dict[Selection, tuple[int, dict[str, Any]]] = {}
        self._again: set[Selection] = set()
        self._due = 0.0

    def news(self, choices: Collection[Selection]) -> list[dict[str, Any]]:
        """The histograms that changed since they were told, once their time has come."""
        with self._lock:
            began = self._clock()
            if began < self._due or not self._late(choices):
                return []
            changed = []
            for choice in self._late(choices):
                again = choice in self._again
                self._again.discard(choice)
                finished, told = self._live.finished, self._told.get(choice)
                made = self.of(choice)
                self._told[choice] = finished, made
                if again or told is None or told[1] != made:
                    changed.append(made)
            for choice in [choice for choice in self._told if choice not in choices]:
                del self._told[choice]
            ended = self._clock()
            self._due = ended + max(_SECONDS, _PART * (ended - began))
            return changed

    def behind(self, choices: Collection[Selection]) -> bool:
        """Whether one of them waits for its time."""
        return bool(self._late(choices))

    def forget(self, choice: Selection | None) -> None:
        """A view does not have this one yet. Never waits for a sum that is being made."""
        if choice is not None:
            self._again.add(choice)

    def of(self, choice: Selection) -> dict[str, Any]:
        """One histogram as it is now."""
        with self._lock:
            try:
                tally = self._tally(choice.whose())
                tally.refresh()
                bars = tally.histogram(choice.top)
                return wire.histogram(choice.wire(), bars, tally.jobs, tally.of, tally.notes())
            except Exception as error:  # the panel shows all else, whatever a backend has given
                _LOG.exception("counts could not be shown")
                self._tallies.pop(choice.whose(), None)
                note = f"These counts cannot be shown: {explain(error)}"
                return wire.histogram(choice.wire(), NO_BARS, 0, len(self._live.jobs), [note])

    def _late(self, choices: Collection[Selection]) -> list[Selection]:
        finished = self._live.finished
        told = self._told
        return [c for c in choices if c in self._again or told.get(c, (-1,))[0] != finished]

    def _tally(self, whose: Selection) -> Aggregate:
        tally = self._tallies.pop(whose, None) or Aggregate(self._live, whose, self._expected)
        self._tallies[whose] = tally
        while len(self._tallies) > _MOST_TALLIES:
            oldest = next(known for known in self._tallies if known != Selection())
            del self._tallies[oldest]
        return tally
