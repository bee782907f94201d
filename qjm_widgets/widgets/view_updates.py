"""The updates of a panel for its page, each with the changes since the one before."""

from __future__ import annotations

import threading
import time
from typing import Any, NamedTuple

from qjm_widgets.core import eta, formatting
from qjm_widgets.core.records import JobRecord
from qjm_widgets.job_set import JobSet
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.expected_curve import AnyExpected
from qjm_widgets.plotting.first_view import selection_of
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.widgets import settings, wire
from qjm_widgets.widgets.histograms import Histograms, Shown
from qjm_widgets.widgets.row_query import RowQuery
from qjm_widgets.widgets.timeline import Timeline
from qjm_widgets.widgets.views import FIRST_ROWS, Views
from qjm_widgets.widgets.wire_head import head

#: Seconds between two estimates of the set's end.
_ESTIMATE_SECONDS = 1.0


class Message(NamedTuple):
    """An Update, and its buffers: the statuses, then the rows of each order."""

    content: dict[str, Any]
    buffers: list[bytes]


class ViewUpdates:
    """A builder of the updates of one panel. Thread-safe.

    The page numbers jobs in the order of their circuits. This number may differ from the ``row`` of a
    ``JobRecord``, which never changes.

    Args:
        job_set: the set.
        expected: what to compare the histograms or the sweep with, or None.
        teaching: whether the panel explains itself; None follows the default of the process.
    """

    def __init__(
        self, job_set: JobSet, expected: AnyExpected | None = None, teaching: bool | None = None
    ) -> None:
        self._state = job_set._state
        self._teaching = teaching
        self._histograms = Histograms(job_set._state, expected)
        self._first = self._histograms.first
        self._changed_histograms: list[dict[str, Any]] = []
        self._timeline = Timeline(job_set._state)
        self._lock = threading.RLock()
        axes = self._first == "sweep"
        self._views = Views(job_set._state, Axes() if axes else selection_of(self._first))
        self._message_number = 0
        self._layout: tuple[int, list[list[int]]] = (0, [])
        self._end_estimate: float | None = None
        self._end_estimate_due = 0.0
        # What the page has.
        self._sent_rows: dict[int, JobRecord] = {}
        self._sent_sequence = -1
        self._sent_job_count = 0
        self._sent_driven = False
        self._sent_teaching = False

    # -- views ---------------------------------------------------------------------------------------

    def open_view(self, name: str) -> Message:
        """Return a full update for a new view. Its counts follow with the next update."""
        with self._lock:
            view = self._views[name]
            self._histograms.invalidate(view.selection)
            view.order_sent = False
            self._timeline.invalidate()
            self._sent_rows.clear()
            self._views.update_orders()
            return self._message(self._changed_rows(), [], full=True)

    def update_view(
        self,
        name: str,
        first: int,
        last: int,
        selection: Shown | None,
        query: RowQuery | None = None,
        query_number: int = 0,
    ) -> None:
        """Change the rows, the chart or the query of a view. The next update has the data that it lacks.

        Args:
            name: the view.
            first, last: the rows ``first:last``.
            selection: the circuits of its histogram, or its sweep; None for the timeline.
            query: which jobs to show in which order; None for all in the order of their circuits.
            query_number: the view's number for the query; an unchanged number leaves the query as it is.
        """
        with self._lock:
            view = self._views[name]
            view.set_rows(first, last)
            if selection != view.selection:
                view.selection = selection
                self._histograms.invalidate(selection)
                self._timeline.invalidate()
            if query_number != view.query_number:
                view.set_query(query, query_number)

    @property
    def has_views(self) -> bool:
        """Whether the panel has a view now."""
        with self._lock:
            return len(self._views) > 0

    def close_view(self, name: str) -> None:
        """Forget a view that has ended."""
        with self._lock:
            self._views.remove(name)

    def rows(self, indices: Any) -> list[int] | None:
        """Return the rows of jobs that the page names by their place in the order of the circuits.

        None means all jobs. Unknown places are left out.
        """
        if indices is None:
            return None
        ordered = self._state.ordered()
        return [
            ordered[index].row
            for index in indices
            if isinstance(index, int) and 0 <= index < len(ordered)
        ]

    # -- updates -------------------------------------------------------------------------------------

    def update_counts(self) -> None:
        """Sum the counts of all views for the next update.

        This may take long. The lock is held only to keep the result, so views are served meanwhile.
        """
        changed = self._histograms.changed(self._selections())
        with self._lock:
            self._changed_histograms += changed

    def update(self) -> Message | None:
        """Return the changes since the last update; None without a change or without a view."""
        with self._lock:
            state = self._state
            histograms, self._changed_histograms = self._changed_histograms, []
            head_changed = (
                state.sequence != self._sent_sequence or self._sent_teaching != self._is_teaching()
            )
            driven = state.adapter is not None
            if driven != self._sent_driven:
                self._sent_driven = driven
                self._sent_rows.clear()  # the actions of each row have changed
            self._views.update_orders()
            rows = self._changed_rows()
            changed = head_changed or rows or histograms or self._views.have_unsent_orders
            return self._message(rows, histograms) if len(self._views) and changed else None

    def timeline(self) -> dict[str, Any] | None:
        """Return the timeline if a view shows it and it changed."""
        return self._timeline.changed() if self._shows_timeline() else None

    @property
    def pending(self) -> bool:
        """Whether histograms, the timeline or orders are due later."""
        with self._lock:
            stale_orders = self._views.have_stale_orders
        stale_timeline = self._shows_timeline() and self._timeline.pending
        return stale_orders or stale_timeline or self._histograms.pending(self._selections())

    def trait(self) -> dict[str, Any]:
        """Return the state for a saved notebook.

        It has the first 12 rows, and the first 12 later rows with an error or failed circuits.
        """
        counts = Selection() if self._first == "sweep" else selection_of(self._first)
        histograms = [self._histograms.build(counts)]
        if self._first == "sweep":
            histograms.append(self._histograms.build(Axes(), saved=True))
        with self._lock:
            jobs = self._state.ordered()
            errors = (i for i, job in enumerate(jobs) if job.error is not None or job.flawed)
            later_errors = [i for i in errors if i >= FIRST_ROWS]
            shown = [*range(min(FIRST_ROWS, len(jobs))), *later_errors[:FIRST_ROWS]]
            rows = [self._row(index, jobs[index]) for index in shown]
            content = wire.update(
                self._message_number,
                self._head(),
                rows=rows,
                histograms=histograms,
                layout=self._runs(jobs),
            )
            return {**content, "statuses": self._state.codes()}

    def _is_teaching(self) -> bool:
        return settings.get() if self._teaching is None else self._teaching

    def _message(self, rows: list[Any], histograms: list[Any], *, full: bool = False) -> Message:
        self._message_number += 1
        statuses_known = not full and self._sent_sequence == self._state.sequence
        self._sent_sequence = self._state.sequence
        self._sent_teaching = self._is_teaching()
        jobs = self._state.ordered()
        recut = len(jobs) != self._sent_job_count
        self._sent_job_count = len(jobs)
        orders, buffers = self._views.take_orders()
        content = wire.update(
            self._message_number,
            self._head(),
            rows=rows,
            histograms=histograms,
            orders=orders,
            layout=self._runs(jobs) if full or recut else None,
            full=full,
        )
        return Message(content, [b"" if statuses_known else self._state.codes(), *buffers])

    def _runs(self, jobs: list[JobRecord]) -> list[list[int]]:
        """Return the map of rows to spans (``wire.runs``). It changes only if a job is cut in halves."""
        if self._layout[0] != len(jobs):
            self._layout = len(jobs), wire.runs(jobs)
        return self._layout[1]

    def _head(self) -> dict[str, Any]:
        state = self._state
        return head(
            state.record,
            state.numbers(),
            settled=state.settled,
            trouble=state.trouble,
            driven=state.adapter is not None,
            now=time.time(),
            interrupted=state.interrupted,
            paused=state.paused,
            waiting=state.waiting,
            usage=None if state.settled or state.adapter is None else state.adapter.usage,
            found=state.found_text(time.time()),
            taking=state.taking,
            owner=None if state.over else state.owner,
            facts=state.totals.facts(),
            answered_at=state.answered_at,
            next_poll=state.next_poll,
            end_estimate=self._estimate_end(),
            took=formatting.took(state.jobs) if state.settled else None,
            teaching=self._is_teaching(),
            flawed=len(state.totals.flawed),
            rerunnable=sum(state.jobs[row].retryable for row in list(state.totals.flawed)),
            unretryable=state.totals.unretryable,
            first=self._first,
        )

    def _estimate_end(self) -> float | None:
        """Return the probable end of the set in seconds since 1970, estimated at most once a second.

        It is None if the end is not known, and while the set is paused or settled or takes circuits.
        """
        state = self._state
        if state.settled or state.paused or state.is_taking:
            return None
        now = time.monotonic()
        if now >= self._end_estimate_due:
            self._end_estimate_due = now + _ESTIMATE_SECONDS
            self._end_estimate = eta.end_of(state.totals, time.time())
        return self._end_estimate

    def _row(self, index: int, job: JobRecord) -> dict[str, Any]:
        return wire.row(index, job, time.time(), driven=self._state.adapter is not None)

    def _changed_rows(self) -> list[dict[str, Any]]:
        """Return the visible rows that the page lacks. A job that changed has a new record."""
        jobs = self._state.ordered()
        changed = []
        for index in self._views.visible_rows(len(jobs)):
            job = jobs[index]
            if self._sent_rows.get(index) is not job:
                self._sent_rows[index] = job
                changed.append(self._row(index, job))
        return changed

    def _shows_timeline(self) -> bool:
        with self._lock:
            return self._views.show_timeline

    def _selections(self) -> set[Shown]:
        with self._lock:
            return self._views.selections()
