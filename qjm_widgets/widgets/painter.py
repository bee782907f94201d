"""What a panel tells the page: only what changed since it was told last."""

from __future__ import annotations

import threading
import time
from typing import Any

from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.job_set import JobSet
from qjm_widgets.widgets import wire

TOP = 64
"""Outcomes that a page asks for first, and that a saved notebook keeps."""
_HISTOGRAM_SECONDS = 0.2
_TRAIT_ROWS = 30
_MOST_ROWS = 500
_MOST_VIEWS = 50


class View:
    """What one view of a panel looks at: rows ``first:last``, and one circuit's counts or all (None)."""

    def __init__(self) -> None:
        self.first = 0
        self.last = _TRAIT_ROWS
        self.circuit: int | None = None
        self.top = TOP


class Message:
    """An Update and the statuses that go beside it."""

    def __init__(self, content: dict[str, Any], statuses: bytes) -> None:
        self.content = content
        self.statuses = statuses


class Painter:
    """Builds the updates of one panel. Safe from any thread.

    The page numbers rows by the order of the circuits; records have a row that never changes.
    """

    def __init__(self, job_set: JobSet) -> None:
        self._set = job_set
        self._live = job_set.live
        self._lock = threading.RLock()
        self._views: dict[str, View] = {}
        self._seq = 0
        self._order: list[JobRecord] = []
        self._sent: dict[int, JobRecord] = {}
        self._told_sequence = -1
        self._told_jobs = 0
        self._told_driven = False
        self._histogram_due = 0.0
        self._told_histograms: Any = None

    # -- views ---------------------------------------------------------------------------------------

    def hello(self, name: str) -> Message:
        """Everything, for a view that begins."""
        with self._lock:
            self._view(name)
            self._sent.clear()
            return self._message(self._changed_rows(), self._histograms(), full=True)

    def look(self, name: str, first: int, last: int, circuit: int | None, top: int) -> None:
        """A view looks somewhere else: what it has not seen yet goes with the next update."""
        if circuit is not None and not 0 <= circuit < self._live.record.circuits:
            return
        with self._lock:
            view = self._view(name)
            view.first = max(0, first)
            view.last = min(max(view.first, last), view.first + _MOST_ROWS)
            view.circuit, view.top = circuit, max(1, min(top, 4096))
            for index in range(view.first, view.last):
                self._sent.pop(index, None)
            self._histogram_due = 0.0
            self._told_histograms = None

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

    def _view(self, name: str) -> View:
        if name not in self._views and len(self._views) >= _MOST_VIEWS:
            self._views.pop(next(iter(self._views)))  # pages that were closed never said bye
        return self._views.setdefault(name, View())

    # -- updates -------------------------------------------------------------------------------------

    def update(self) -> Message | None:
        """What changed since the last update; None when nothing did or nobody looks."""
        with self._lock:
            live = self._live
            fresh = live.sequence != self._told_sequence
            driven = live.adapter is not None
            if driven != self._told_driven:
                self._told_driven = driven
                self._sent.clear()  # what can be done with each row has changed
            now = time.monotonic()
            histograms = []
            wanted = self._wanted()
            if wanted != self._told_histograms and (now >= self._histogram_due or live.settled):
                self._histogram_due = now + _HISTOGRAM_SECONDS
                histograms = self._histograms()
            rows = self._changed_rows()
            if not self._views or not (fresh or rows or histograms):
                return None
            return self._message(rows, histograms)

    @property
    def behind(self) -> bool:
        """Whether histograms wait for their time."""
        return bool(self._views) and self._wanted() != self._told_histograms

    def trait(self) -> dict[str, Any]:
        """The state as a saved notebook keeps it: the first rows and the first that failed."""
        with self._lock:
            jobs = self._live.ordered()
            failed = [i for i, job in enumerate(jobs) if i >= _TRAIT_ROWS and job.error is not None]
            shown = [*range(min(_TRAIT_ROWS, len(jobs))), *failed[:_TRAIT_ROWS]]
            rows = [self._row(index, jobs[index]) for index in shown]
            histograms = [self._histogram(None, TOP)]
            layout = wire.runs(jobs)
            content = wire.update(
                self._seq, self._head(), rows=rows, histograms=histograms, layout=layout
            )
            return {**content, "statuses": wire.statuses(jobs)}

    def _message(self, rows: list[Any], histograms: list[Any], *, full: bool = False) -> Message:
        self._seq += 1
        self._told_sequence = self._live.sequence
        jobs = self._live.ordered()
        recut = len(jobs) != self._told_jobs
        self._told_jobs = len(jobs)
        content = wire.update(
            self._seq,
            self._head(),
            rows=rows,
            histograms=histograms,
            layout=wire.runs(jobs) if full or recut else None,
            full=full,
        )
        return Message(content, wire.statuses(jobs))

    def _head(self) -> dict[str, Any]:
        live = self._live
        return wire.head(
            live.record,
            live.numbers(),
            settled=live.settled,
            trouble=live.trouble,
            driven=live.adapter is not None,
            now=time.time(),
            interrupted=live.interrupted,
            paused=live.paused,
            waiting=live.waiting,
            owner=live.owner,
        )

    def _row(self, index: int, job: JobRecord) -> dict[str, Any]:
        return wire.row(index, job, time.time(), driven=self._live.adapter is not None)

    def _changed_rows(self) -> list[dict[str, Any]]:
        """Rows in sight that differ from what the page was told; records are replaced, never changed."""
        jobs = self._live.ordered()
        in_sight: set[int] = set()
        for view in self._views.values():
            in_sight.update(range(view.first, min(view.last, len(jobs))))
        changed = []
        for index in sorted(in_sight):
            job = jobs[index]
            if self._sent.get(index) is not job:
                self._sent[index] = job
                changed.append(self._row(index, job))
        return changed

    # -- histograms ----------------------------------------------------------------------------------

    def _choices(self) -> set[tuple[int | None, int]]:
        return {(view.circuit, view.top) for view in self._views.values()}

    def _wanted(self) -> Any:
        return frozenset(self._choices()), self._live.finished

    def _histograms(self) -> list[dict[str, Any]]:
        self._told_histograms = self._wanted()
        return [self._histogram(circuit, top) for circuit, top in self._choices()]

    def _histogram(self, circuit: int | None, top: int) -> dict[str, Any]:
        live = self._live
        if circuit is None:
            counts, jobs = live.outcomes.total()
            return wire.histogram(counts, None, top, jobs, len(live.jobs))
        rows = live.rows_of(circuit)
        done = sum(live.jobs[row].status is Status.DONE for row in rows)
        return wire.histogram(self._set.counts(circuit), circuit, top, done, len(rows))
