"""The live panel of one job set: the kernel's side of ``js/src``."""

from __future__ import annotations

import datetime
import threading
import time
from typing import Any

import anywidget
import traitlets

from qjm_widgets.core.errors import QJMError
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.job_set import JobSet
from qjm_widgets.live import LiveSet
from qjm_widgets.widgets import assets, wire
from qjm_widgets.widgets.pulse import PULSE

_HISTOGRAM_SECONDS = 0.2
_TRAIT_SECONDS = 2.0
_TRAIT_ROWS = 30
_TOP = 64
_MOST_ROWS = 500
_MOST_VIEWS = 50


class _View:
    """What one view of the panel looks at."""

    def __init__(self) -> None:
        self.first = 0
        self.last = _TRAIT_ROWS
        self.circuit: int | None = None
        self.top = _TOP


class Panel(anywidget.AnyWidget):
    """A widget that shows a job set while it runs; made by ``job_set.panel()``.

    Its one trait is what a reload, a late view and a saved notebook need; everything else goes as
    numbered messages, at most ten a second.
    """

    _esm = assets.text("panel.js")
    _css = assets.text("panel.css")
    snapshot = traitlets.Dict().tag(sync=True)

    def __init__(self, job_set: JobSet) -> None:
        self._set = job_set
        self._live: LiveSet = job_set.live
        self._lock = threading.RLock()
        self._views: dict[str, _View] = {}
        self._seq = 0
        self._sent: dict[int, JobRecord] = {}
        self._histogram_due = 0.0
        self._histogram_state: Any = None
        self._trait_due = 0.0
        self._painted_sequence = -1
        super().__init__(snapshot=self._trait())
        self.on_msg(self._receive)
        self._live.watch(self._mark)
        self._mark()

    def close(self) -> None:
        """Take the panel off the page and stop following the set."""
        self._live.unwatch(self._mark)
        super().close()

    def _mark(self) -> None:
        PULSE.mark(self)

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    # -- to the page ---------------------------------------------------------------------------------

    def paint(self) -> bool:
        """Send what changed since the last beat; True when the histogram or the trait is still due."""
        now = time.monotonic()
        with self._lock:
            live = self._live
            fresh = live.sequence != self._painted_sequence
            self._painted_sequence = live.sequence
            histograms = []
            state = self._histogram_key()
            if state != self._histogram_state and (now >= self._histogram_due or live.settled):
                self._histogram_due = now + _HISTOGRAM_SECONDS
                self._histogram_state = state
                histograms = self._histograms()
            rows = self._changed_rows()
            if self._views and (fresh or rows or histograms):
                self._say(rows=rows, histograms=histograms)
            if now >= self._trait_due or live.settled:
                self._trait_due = now + _TRAIT_SECONDS
                trait = self._trait()
            else:
                trait = None
            left = trait is None or self._histogram_key() != self._histogram_state
        if trait is not None:
            self.snapshot = trait
        return left

    def _say(self, *, full: bool = False, rows: list[Any], histograms: list[Any]) -> None:
        self._seq += 1
        layout = wire.runs(self._live.jobs) if full else None
        message = wire.update(self._seq, self._head(), rows=rows, histograms=histograms, layout=layout)
        self.send(message, buffers=[wire.statuses(self._live.jobs)])

    def _head(self) -> dict[str, Any]:
        live = self._live
        return wire.head(
            live.record,
            live.numbers(),
            settled=live.settled,
            trouble=live.trouble,
            driven=live.adapter is not None,
            now=time.time(),
        )

    def _row(self, job: JobRecord) -> dict[str, Any]:
        return wire.row(job, time.time(), driven=self._live.adapter is not None)

    def _trait(self) -> dict[str, Any]:
        """The state as the saved notebook keeps it: the first rows and the first that failed."""
        jobs = self._live.jobs
        failed = [job for job in jobs[_TRAIT_ROWS:] if job.error is not None][:_TRAIT_ROWS]
        rows = [self._row(job) for job in [*jobs[:_TRAIT_ROWS], *failed]]
        histograms = [self._histogram(None, _TOP)]
        trait = wire.update(
            self._seq, self._head(), rows=rows, histograms=histograms, layout=wire.runs(jobs)
        )
        return {**trait, "statuses": wire.statuses(jobs)}

    def _in_sight(self) -> set[int]:
        rows: set[int] = set()
        for view in self._views.values():
            rows.update(range(view.first, min(view.last, len(self._live.jobs))))
        return rows

    def _changed_rows(self) -> list[dict[str, Any]]:
        """Rows in sight that differ from what the page was told; records are replaced, never changed."""
        changed = []
        for row in sorted(self._in_sight()):
            job = self._live.jobs[row]
            if self._sent.get(row) is not job:
                self._sent[row] = job
                changed.append(self._row(job))
        return changed

    def _histogram_key(self) -> Any:
        wanted = {(view.circuit, view.top) for view in self._views.values()}
        return frozenset(wanted), self._live.finished

    def _histograms(self) -> list[dict[str, Any]]:
        wanted = sorted(
            {(view.circuit, view.top) for view in self._views.values()},
            key=lambda pair: (-1 if pair[0] is None else pair[0], pair[1]),
        )
        return [self._histogram(circuit, top) for circuit, top in wanted]

    def _histogram(self, circuit: int | None, top: int) -> dict[str, Any]:
        live = self._live
        if circuit is None:
            counts, jobs = live.total()
            return wire.histogram(counts, None, top, jobs, len(live.jobs))
        rows = live.rows_of(circuit)
        jobs = sum(live.jobs[row].status is Status.DONE for row in rows)
        return wire.histogram(self._set.counts(circuit), circuit, top, jobs, len(rows))

    # -- from the page -------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """A message of the page; it may come on a subshell's thread. What is malformed is ignored."""
        if not isinstance(content, dict) or content.get("v") != wire.VERSION:
            return
        kind = content.get("kind")
        if kind == "hello":
            self._hello(str(content.get("view")))
        elif kind == "look":
            self._look(content)
        elif kind == "bye":
            with self._lock:
                self._views.pop(str(content.get("view")), None)
        elif kind == "detail":
            self._detail(content.get("row"))
        elif kind == "command":
            self._command(content)
        elif kind == "plotly":
            self.send({"kind": "plotly", "v": wire.VERSION}, buffers=[assets.plotly_gz()])

    def _view(self, name: str) -> _View:
        if name not in self._views and len(self._views) >= _MOST_VIEWS:
            self._views.pop(next(iter(self._views)))  # pages that were closed never said bye
        return self._views.setdefault(name, _View())

    def _hello(self, name: str) -> None:
        with self._lock:
            self._view(name)
            jobs = self._live.jobs
            rows = []
            for row in sorted(self._in_sight()):
                self._sent[row] = jobs[row]
                rows.append(self._row(jobs[row]))
            self._say(full=True, rows=rows, histograms=self._histograms())

    def _look(self, content: dict[str, Any]) -> None:
        first, last = _whole(content.get("first")), _whole(content.get("last"))
        circuit, top = _whole(content.get("circuit")), _whole(content.get("top"))
        if first is None or last is None or top is None:
            return
        if circuit is not None and not 0 <= circuit < self._live.record.circuits:
            return
        with self._lock:
            view = self._view(str(content.get("view")))
            view.first = max(0, first)
            view.last = min(max(view.first, last), view.first + _MOST_ROWS)
            view.circuit, view.top = circuit, max(1, min(top, 4096))
            # What this view did not see yet has to be told even if it did not change.
            for row in range(view.first, view.last):
                self._sent.pop(row, None)
            self._histogram_due = 0.0
            self._histogram_state = None
        self._mark()

    def _detail(self, wanted: Any) -> None:
        row = _whole(wanted)
        if row is None or not 0 <= row < len(self._live.jobs):
            return
        history = self._live.store.job_history(self._live.set_id, row)
        self.send(wire.detail(self._live.jobs[row], history, _clock))

    def _command(self, content: dict[str, Any]) -> None:
        name, rows = str(content.get("id")), content.get("rows")
        try:
            text = self._do(content.get("do"), rows)
        except QJMError as error:
            self.send(wire.ack(name, False, str(error)))
        else:
            self.send(wire.ack(name, True, text))

    def _do(self, action: Any, rows: Any) -> str:
        if action == "cancel":
            return f"cancelling {_jobs(self._set.cancel(rows))}"
        if action == "retry":
            return f"sending {_jobs(self._set.retry(rows))} again"
        if action == "retry_held":
            return f"sending {_jobs(self._set.retry(rows, held=True))} again"
        raise QJMError(f"unknown command {action!r}")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _jobs(number: int) -> str:
    return "1 job" if number == 1 else f"{number:,} jobs"


def _clock(at: float) -> str:
    return f"{datetime.datetime.fromtimestamp(at):%H:%M:%S}"
