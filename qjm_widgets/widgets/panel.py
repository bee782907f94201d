"""The live panel of one job set: the kernel's side of ``js/src``."""

from __future__ import annotations

import datetime
import functools
import logging
import threading
import time
from collections.abc import Callable
from typing import Any

import anywidget
import traitlets

from qjm_widgets._threads import CallQueue
from qjm_widgets.core.formatting import plural
from qjm_widgets.core.records import JobRecord, Span
from qjm_widgets.errors import QJMError, explain
from qjm_widgets.job_set import JobSet
from qjm_widgets.plotting.expected import Expected
from qjm_widgets.plotting.groups import NO_GROUPS, groups
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.results import JobSetResults
from qjm_widgets.widgets import assets, circuit_drawing, settings, wire
from qjm_widgets.widgets.display import show_panel
from qjm_widgets.widgets.ipykernel_compat import hear_while_cells_run
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP
from qjm_widgets.widgets.row_query import Query
from qjm_widgets.widgets.view_updates import Message, ViewUpdates

_LOG = logging.getLogger(__name__)

_TRAIT_SECONDS = 5.0
_IDLE_SECONDS = 5.0
"""Nobody may ever close a panel: without work for so long its thread ends."""


class Panel(anywidget.AnyWidget):
    """A widget that shows a job set while it runs; made by ``job_set.panel()``.

    Its one trait is what a reload, a late view and a saved notebook need; everything else goes as
    numbered messages, at most ten a second.
    """

    _esm = assets.text("panel.js")
    _css = assets.text("panel.css")
    snapshot = traitlets.Dict().tag(sync=True)

    def __init__(
        self, job_set: JobSet, expected: Expected | None = None, explains: bool | None = None
    ) -> None:
        self._set = job_set
        self._live = job_set._state
        self._painter = ViewUpdates(job_set, expected, explains)
        self._saying = threading.Lock()
        self._aside = CallQueue("qjm-aside", idle=_IDLE_SECONDS)
        self._trait_due = 0.0
        self._kept = self._live.sequence
        super().__init__(snapshot=self._painter.trait())
        hear_while_cells_run(self)
        self.on_msg(self._receive)
        self._live.watch(self._mark)
        settings.follow(self)
        self._mark()

    def close(self) -> None:
        """Take the panel off the page and stop following the set."""
        self._live.unwatch(self._mark)
        self._aside.stop()
        super().close()

    def _ipython_display_(self) -> None:
        show_panel(self, self._live)

    def teach(self) -> None:
        """The default of teaching has changed."""
        self._kept, self._trait_due = -1, 0.0
        self._mark()

    def _mark(self) -> None:
        REPAINT_LOOP.mark(self.paint)

    def paint(self) -> bool:
        """Send what changed since the last beat; True when a histogram or an order is still due."""
        self._painter.count()
        self._say(self._painter.update)
        timeline = self._painter.timeline()
        if timeline is not None:
            self.send(timeline)
        if self._live.sequence != self._kept:
            REPAINT_LOOP.mark_between(self._keep)
        return self._painter.behind

    def _keep(self) -> bool:
        """Keep the newest state in the trait, which is large: seldom; True when that is still due."""
        sequence, now = self._live.sequence, time.monotonic()
        if sequence == self._kept:
            return False
        if now < self._trait_due and not self._live.settled:
            return True
        self._kept, self._trait_due = sequence, now + _TRAIT_SECONDS
        self.snapshot = self._painter.trait()
        return False

    def _say(self, build: Callable[[], Message | None]) -> None:
        """Send a message in the order of its number, whichever thread builds the next one."""
        with self._saying:
            message = build()
            if message is not None:
                self.send(message.content, buffers=message.buffers)

    # -- from the page -------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """A message of the page; it may come on a subshell's thread. What is malformed is ignored."""
        if not isinstance(content, dict) or content.get("v") != wire.VERSION:
            return
        kind, view = content.get("kind"), str(content.get("view"))
        if kind in ("hello", "look"):
            self._live.watch(self._mark)
        if kind == "hello":
            self._say(functools.partial(self._painter.hello, view))
            self._mark()
        elif kind == "look":
            self._look(view, content)
        elif kind == "bye":
            self._painter.bye(view)
            if not self._painter.seen:  # whoever comes says hello
                self._live.unwatch(self._mark)
        elif kind == "detail":
            self._detail(content.get("row"))
        elif kind == "circuits":
            self._circuits(content)
        elif kind == "groups":
            self._aside.call(self._groups)
        elif kind == "command":
            self._command(content)
        elif kind == "plotly":
            self.send({"kind": "plotly", "v": wire.VERSION}, buffers=[assets.plotly_gz()])

    def _look(self, view: str, content: dict[str, Any]) -> None:
        first, last = _whole(content.get("first")), _whole(content.get("last"))
        if first is not None and last is not None:
            query, asked = Query.read(content.get("query")), _whole(content.get("asked")) or 0
            choice = Selection.read(content.get("choice"), self._live.record.circuits)
            self._painter.look(view, first, last, choice, query, asked)
            self._mark()

    def _detail(self, index: Any) -> None:
        rows = self._painter.rows([index])
        if rows:
            try:
                history = self._live.store.job_history(self._live.set_id, rows[0])
            except QJMError:  # its manager was closed: the page shows what is known
                history = []
            job = self._live.jobs[rows[0]]
            failures = self._failures(job) if job.flawed else None
            self.send(wire.detail(index, job, history, _clock, failures))

    def _failures(self, job: JobRecord) -> str:
        """Which circuits of a done job failed, and why."""
        try:
            return "\n".join(JobSetResults(self._live).failures_in(job))
        except QJMError as error:  # what the store has of it is damaged
            return str(error)

    def _circuits(self, content: dict[str, Any]) -> None:
        """Circuits of a job are drawn on a thread of their own: it may take long."""
        index, first = _whole(content.get("row")), _whole(content.get("first"))
        rows, columns = self._painter.rows([index]), _whole(content.get("columns"))
        if rows and index is not None and first is not None and columns is not None:
            span = self._live.jobs[rows[0]].span
            self._aside.call(functools.partial(self._draw, index, span, max(0, first), columns))

    def _groups(self) -> None:
        try:
            found = groups(self._live)
        except QJMError:
            _LOG.warning("the groups of the circuits cannot be read", exc_info=True)
            found = NO_GROUPS
        self.send(wire.groups(found))

    def _draw(self, index: int, span: Span, first: int, columns: int) -> None:
        start = span.start + first
        part = Span(start, min(start + circuit_drawing.MOST, span.stop))
        try:
            works = self._live.circuits.get(part) if len(part) > 0 else []
            drawn = circuit_drawing.draw(works, start, min(max(columns, 30), 400))
        except Exception as error:  # the page waits for an answer, whatever the circuits are made of
            self.send(wire.drawings(index, span, first, [], explain(error)))
        else:
            self.send(wire.drawings(index, span, first, drawn))

    def _command(self, content: dict[str, Any]) -> None:
        name, indices = str(content.get("id")), content.get("rows")
        try:
            rows = self._painter.rows(indices if isinstance(indices, list) else None)
            text = self._do(content.get("do"), rows)
        except QJMError as error:
            self.send(wire.ack(name, False, str(error)))
        else:
            self.send(wire.ack(name, True, text))

    def _do(self, action: Any, rows: list[int] | None) -> str:
        if action == "cancel":
            return f"cancelling {plural(self._set.cancel(rows), 'job')}"
        if action == "retry":
            return f"sending {plural(self._set.retry(rows), 'job')} again"
        if action == "retry_held":
            return f"sending {plural(self._set.retry(rows, held=True), 'job')} again"
        if action == "pause":
            self._set.pause()
            return "paused"
        if action == "proceed":
            self._set.unpause()
            return "going on"
        if action == "resume":
            self._set.resume()
            return "resumed"
        raise QJMError(f"unknown command {action!r}")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _clock(at: float) -> str:
    return f"{datetime.datetime.fromtimestamp(at):%H:%M:%S}"
