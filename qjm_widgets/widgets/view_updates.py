"""What a panel tells the page: only what changed since it was told last."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any, NamedTuple

from qjm_widgets.core import eta, formatting
from qjm_widgets.core.records import JobRecord
from qjm_widgets.job_set import JobSet
from qjm_widgets.plotting.expected import Expected
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.widgets import settings, wire
from qjm_widgets.widgets.histograms import Histograms
from qjm_widgets.widgets.row_query import Query
from qjm_widgets.widgets.timeline import Timeline

_ORDER_SECONDS = 0.5
"""Rows that change places more often cannot be followed."""
_ESTIMATE_SECONDS = 1.0
_TRAIT_ROWS = 12
"""As many as are seen at once, and as many that failed: a saved notebook keeps no more rows."""
_MOST_ROWS = 500
_MOST_VIEWS = 50


class View:
    """What one view looks at: rows ``first:last``, and the counts of a choice or (None) the timeline.

    Attributes:
        query: which jobs it shows and in which order; None for all as circuits go.
        asked: the view's own number for its query, told with the answer.
        order: the answer; None where there is no query.
        due: when (monotonic) the order may be looked at again.
        seen: the publication that the order was made of; -1 asks for a new one.
        told: whether the page has the order.
    """

    def __init__(self) -> None:
        self.first = 0
        self.last = _TRAIT_ROWS
        self.choice: Selection | None = Selection()
        self.query: Query | None = None
        self.asked = 0
        self.order: list[int] | None = None
        self.due = 0.0
        self.seen = -1
        self.told = True

    def in_sight(self, jobs: int) -> Sequence[int]:
        """The rows that it looks at."""
        if self.order is None:
            return range(self.first, min(self.last, jobs))
        return [row for row in self.order[self.first : self.last] if row < jobs]


class Message(NamedTuple):
    """An Update, and what goes beside it: the statuses, then the rows of each order."""

    content: dict[str, Any]
    buffers: list[bytes]


class ViewUpdates:
    """Builds the updates of one panel. Safe from any thread.

    The page numbers rows by the order of the circuits; records have a row that never changes.
    """

    def __init__(
        self, job_set: JobSet, expected: Expected | None = None, explains: bool | None = None
    ) -> None:
        self._live = job_set._state
        self._explains = explains
        self._histograms = Histograms(job_set._state, expected)
        self._counted: list[dict[str, Any]] = []
        self._timeline = Timeline(job_set._state)
        self._lock = threading.RLock()
        self._views: dict[str, View] = {}
        self._seq = 0
        self._sent: dict[int, JobRecord] = {}
        self._told_sequence = -1
        self._told_jobs = 0
        self._layout: tuple[int, list[list[int]]] = (0, [])
        self._told_driven = False
        self._ends: float | None = None
        self._ends_due = 0.0
        self._told_teaching = False

    # -- views ---------------------------------------------------------------------------------------

    def hello(self, name: str) -> Message:
        """Everything but the counts, for a view that begins: those go with the next update."""
        with self._lock:
            self._histograms.forget(self._view(name).choice)
            self._view(name).told = False
            self._timeline.forget()
            self._sent.clear()
            self._reorder()
            return self._message(self._changed_rows(), [], full=True)

    def look(
        self,
        name: str,
        first: int,
        last: int,
        choice: Selection | None,
        query: Query | None = None,
        asked: int = 0,
    ) -> None:
        """A view looks somewhere else: what it has not seen yet goes with the next update."""
        with self._lock:
            view = self._view(name)
            view.first = max(0, first)
            view.last = min(max(view.first, last), view.first + _MOST_ROWS)
            if choice != view.choice:
                view.choice = choice
                self._histograms.forget(choice)
                self._timeline.forget()
            if asked != view.asked:
                view.query, view.asked, view.order = query, asked, None
                view.due, view.seen, view.told = 0.0, -1, False

    @property
    def seen(self) -> bool:
        """Whether a page shows the set now."""
        with self._lock:
            return bool(self._views)

    def bye(self, name: str) -> None:
        """A view has ended."""
        with self._lock:
            self._views.pop(name, None)

    def rows(self, indices: Any) -> list[int] | None:
        """The rows of jobs that the page names by their place; None for all. Unknown ones go."""
        if indices is None:
            return None
        ordered = self._live.ordered()
        return [
            ordered[index].row
            for index in indices
            if isinstance(index, int) and 0 <= index < len(ordered)
        ]

    def _reorder(self) -> None:
        """Answer the views' queries anew where the set has changed since."""
        now = time.monotonic()
        for view in self._views.values():
            if view.query is None or view.seen == self._live.sequence:
                continue
            if now < view.due and not self._live.settled:
                continue
            view.due, view.seen = now + _ORDER_SECONDS, self._live.sequence
            order = view.query.rows(self._live.ordered(), time.time())
            if order != view.order:
                view.order, view.told = order, False

    def _orders(self) -> tuple[list[dict[str, Any]], list[bytes]]:
        """What the views have not been told of their queries' answers."""
        orders, buffers = [], []
        for name, view in self._views.items():
            if not view.told and (view.query is None or view.order is not None):
                view.told = True
                orders.append(wire.order(name, view.asked, view.order is not None))
                if view.order is not None:
                    buffers.append(wire.order_rows(view.order))
        return orders, buffers

    def _view(self, name: str) -> View:
        if name not in self._views and len(self._views) >= _MOST_VIEWS:
            self._views.pop(next(iter(self._views)))  # pages that were closed never said bye
        return self._views.setdefault(name, View())

    # -- updates -------------------------------------------------------------------------------------

    def count(self) -> None:
        """Sum what the views look at for the next update; it may take long, so no view waits for it."""
        news = self._histograms.news(self._choices())
        with self._lock:
            self._counted += news

    def update(self) -> Message | None:
        """What changed since the last update; None when nothing did or nobody looks."""
        with self._lock:
            state = self._live
            histograms, self._counted = self._counted, []
            fresh = state.sequence != self._told_sequence or self._told_teaching != self._teaches()
            driven = state.adapter is not None
            if driven != self._told_driven:
                self._told_driven = driven
                self._sent.clear()  # what can be done with each row has changed
            self._reorder()
            rows = self._changed_rows()
            untold = any(not view.told for view in self._views.values())
            if not self._views or not (fresh or rows or histograms or untold):
                return None
            return self._message(rows, histograms)

    def timeline(self) -> dict[str, Any] | None:
        """The timeline, where a view looks at it and it changed."""
        return self._timeline.news() if self._shows_timeline() else None

    @property
    def behind(self) -> bool:
        """Whether histograms, the timeline or orders wait for their time."""
        with self._lock:
            views = self._views.values()
            disordered = any(v.query is not None and v.seen != self._live.sequence for v in views)
        late = self._shows_timeline() and self._timeline.behind
        return disordered or late or self._histograms.behind(self._choices())

    def trait(self) -> dict[str, Any]:
        """The state as a saved notebook keeps it: the first rows and the first that failed."""
        histograms = [self._histograms.of(Selection())]
        with self._lock:
            jobs = self._live.ordered()
            flaws = (i for i, job in enumerate(jobs) if job.error is not None or job.flawed)
            failed = [i for i in flaws if i >= _TRAIT_ROWS]
            shown = [*range(min(_TRAIT_ROWS, len(jobs))), *failed[:_TRAIT_ROWS]]
            rows = [self._row(index, jobs[index]) for index in shown]
            content = wire.update(
                self._seq, self._head(), rows=rows, histograms=histograms, layout=self._runs(jobs)
            )
            return {**content, "statuses": self._live.codes()}

    def _teaches(self) -> bool:
        return settings.get() if self._explains is None else self._explains

    def _message(self, rows: list[Any], histograms: list[Any], *, full: bool = False) -> Message:
        self._seq += 1
        known = not full and self._told_sequence == self._live.sequence
        self._told_sequence = self._live.sequence
        self._told_teaching = self._teaches()
        jobs = self._live.ordered()
        recut = len(jobs) != self._told_jobs
        self._told_jobs = len(jobs)
        orders, buffers = self._orders()
        content = wire.update(
            self._seq,
            self._head(),
            rows=rows,
            histograms=histograms,
            orders=orders,
            layout=self._runs(jobs) if full or recut else None,
            full=full,
        )
        return Message(content, [b"" if known else self._live.codes(), *buffers])

    def _runs(self, jobs: list[JobRecord]) -> list[list[int]]:
        """How rows map to spans: another way only after a job was cut in halves."""
        if self._layout[0] != len(jobs):
            self._layout = len(jobs), wire.runs(jobs)
        return self._layout[1]

    def _head(self) -> dict[str, Any]:
        state = self._live
        return wire.head(
            state.record,
            state.numbers(),
            settled=state.settled,
            trouble=state.trouble,
            driven=state.adapter is not None,
            now=time.time(),
            interrupted=state.interrupted,
            paused=state.paused,
            waiting=state.waiting,
            owner=None if state.over else state.owner,
            told=state.totals.told(),
            heard_at=state.answered_at,
            ends=self._end(),
            took=formatting.took(state.jobs) if state.settled else None,
            teaching=self._teaches(),
            flawed=len(state.totals.flawed),
            rerunnable=sum(state.jobs[row].retryable for row in list(state.totals.flawed)),
            unretryable=state.totals.unretryable,
        )

    def _end(self) -> float | None:
        """When the set will have ended; thought about again once a second."""
        state = self._live
        if state.settled or state.paused:
            return None
        now = time.monotonic()
        if now >= self._ends_due:
            self._ends_due = now + _ESTIMATE_SECONDS
            self._ends = eta.end_of(state.totals, time.time())
        return self._ends

    def _row(self, index: int, job: JobRecord) -> dict[str, Any]:
        return wire.row(index, job, time.time(), driven=self._live.adapter is not None)

    def _changed_rows(self) -> list[dict[str, Any]]:
        """Rows in sight that differ from what the page was told; records are replaced, never changed."""
        jobs = self._live.ordered()
        in_sight: set[int] = set()
        for view in self._views.values():
            in_sight.update(view.in_sight(len(jobs)))
        changed = []
        for index in sorted(in_sight):
            job = jobs[index]
            if self._sent.get(index) is not job:
                self._sent[index] = job
                changed.append(self._row(index, job))
        return changed

    def _shows_timeline(self) -> bool:
        with self._lock:
            return any(view.choice is None for view in self._views.values())

    def _choices(self) -> set[Selection]:
        with self._lock:
            return {view.choice for view in self._views.values() if view.choice is not None}
