"""The kernel's part of the live panel of one job set; the page's part is in ``js/src``."""

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
from qjm_widgets.core.validation import as_integer
from qjm_widgets.errors import QJMError, explain
from qjm_widgets.job_set import JobSet
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.expected_curve import AnyExpected
from qjm_widgets.plotting.groups import NO_GROUPS, groups
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.state.outcome_reader import OutcomeReader
from qjm_widgets.widgets import assets, circuit_drawing, settings, wire, wire_answers
from qjm_widgets.widgets.display import show_panel
from qjm_widgets.widgets.ipykernel_compat import serve_while_cells_run
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP
from qjm_widgets.widgets.results_file import results_file
from qjm_widgets.widgets.row_query import RowQuery
from qjm_widgets.widgets.view_updates import Message, ViewUpdates

_LOG = logging.getLogger(__name__)

#: Seconds between two updates of the trait, which is large.
_TRAIT_SECONDS = 5.0
#: Seconds without a call after which the panel's thread ends, since a user may never close a panel.
_IDLE_SECONDS = 5.0


class Panel(anywidget.AnyWidget):
    """A widget that shows a job set while it runs; made by ``job_set.panel()``.

    Its one trait has the state for a reload, for views that are opened later and for a saved notebook.
    Changes of the set are sent as numbered updates, at most ten a second. The timeline and answers to
    the page are messages without a number.

    Args:
        job_set: the set.
        expected: what to compare the histograms or the sweep with, or None.
        teaching: whether the panel explains itself; None follows the default of the process.
    """

    _esm = assets.text("panel.js")
    _css = assets.text("panel.css")
    snapshot = traitlets.Dict().tag(sync=True)

    def __init__(
        self, job_set: JobSet, expected: AnyExpected | None = None, teaching: bool | None = None
    ) -> None:
        self._set = job_set
        self._state = job_set._state
        self._updates = ViewUpdates(job_set, expected, teaching)
        self._send_lock = threading.Lock()
        self._calls = CallQueue("qjm-panel", idle=_IDLE_SECONDS)
        self._trait_due = 0.0
        self._trait_sequence = self._state.sequence
        super().__init__(snapshot=self._updates.trait())
        serve_while_cells_run(self)
        self.on_msg(self._receive)
        self._state.watchers.add(self._request_repaint)
        settings.subscribe(self)
        self._request_repaint()

    def close(self) -> None:
        """Remove the panel from the page and stop following the set."""
        self._state.watchers.remove(self._request_repaint)
        self._calls.stop()
        super().close()

    def _ipython_display_(self) -> None:
        show_panel(self, self._state)

    def teaching_changed(self) -> None:
        """Repaint at once, with a new trait, after the default of teaching has changed."""
        self._trait_sequence, self._trait_due = -1, 0.0
        self._request_repaint()

    def _request_repaint(self) -> None:
        REPAINT_LOOP.request(self.repaint)

    def repaint(self) -> bool:
        """Send the changes since the last repaint.

        Return True if a histogram, the timeline or an order is due later.
        """
        self._updates.update_counts()
        self._send_update(self._updates.update)
        timeline = self._updates.timeline()
        if timeline is not None:
            self.send(timeline)
        if self._state.sequence != self._trait_sequence:
            REPAINT_LOOP.request_idle(self._update_trait)
        return self._updates.pending

    def _update_trait(self) -> bool:
        """Put the newest state into the trait, at most every five seconds; return True if due later."""
        sequence, now = self._state.sequence, time.monotonic()
        if sequence == self._trait_sequence:
            return False
        if now < self._trait_due and not self._state.settled:
            return True
        self._trait_sequence, self._trait_due = sequence, now + _TRAIT_SECONDS
        self.snapshot = self._updates.trait()
        return False

    def _send_update(self, build: Callable[[], Message | None]) -> None:
        """Build and send one update at a time, so that they arrive in the order of their numbers."""
        with self._send_lock:
            message = build()
            if message is not None:
                self.send(message.content, buffers=message.buffers)

    # -- from the page -------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Handle a message of the page, perhaps on a subshell's thread. Ignore what is malformed."""
        if not isinstance(content, dict) or content.get("v") != wire.VERSION:
            return
        kind, view = content.get("kind"), str(content.get("view"))
        if kind in ("hello", "look"):
            self._state.watchers.add(self._request_repaint)
        if kind == "hello":
            self._send_update(functools.partial(self._updates.open_view, view))
            self._request_repaint()
        elif kind == "look":
            self._update_view(view, content)
        elif kind == "bye":
            self._updates.close_view(view)
            if not self._updates.has_views:  # the next view begins with "hello"
                self._state.watchers.remove(self._request_repaint)
        elif kind == "detail":
            self._send_detail(content.get("row"))
        elif kind == "circuits":
            self._draw_circuits(content)
        elif kind == "groups":
            self._calls.call(self._send_groups)
        elif kind == "command":
            self._execute_command(content)
        elif kind == "plotly":
            self.send(wire_answers.plotly(), buffers=[assets.plotly_gz()])

    def _update_view(self, view: str, content: dict[str, Any]) -> None:
        first, last = as_integer(content.get("first")), as_integer(content.get("last"))
        if first is not None and last is not None:
            query, number = RowQuery.read(content.get("query")), as_integer(content.get("asked")) or 0
            sweep = Axes.read(content.get("sweep"))
            selection = sweep or Selection.read(content.get("choice"), self._state.record.circuits)
            self._updates.update_view(view, first, last, selection, query, number)
            self._request_repaint()

    def _send_detail(self, index: Any) -> None:
        rows = self._updates.rows([index])
        if rows:
            try:
                history = self._state.store.job_history(self._state.set_id, rows[0])
            except QJMError:  # its manager was closed: the page shows the job without its history
                history = []
            job = self._state.jobs[rows[0]]
            failures = self._failures(job) if job.flawed else None
            self.send(wire_answers.detail(index, job, history, _clock, failures))

    def _failures(self, job: JobRecord) -> str:
        """Return which circuits of a done job failed, and why."""
        try:
            return "\n".join(OutcomeReader(self._state).failures_in(job))
        except QJMError as error:  # its result in the store is damaged
            return str(error)

    def _draw_circuits(self, content: dict[str, Any]) -> None:
        """Draw circuits of a job on the panel's thread, because it may take long."""
        index, first = as_integer(content.get("row")), as_integer(content.get("first"))
        rows, columns = self._updates.rows([index]), as_integer(content.get("columns"))
        if rows and index is not None and first is not None and columns is not None:
            span = self._state.jobs[rows[0]].span
            self._calls.call(functools.partial(self._send_drawings, index, span, max(0, first), columns))

    def _send_groups(self) -> None:
        try:
            found = groups(self._state)
        except QJMError:
            _LOG.warning("the groups of the circuits cannot be read", exc_info=True)
            found = NO_GROUPS
        self.send(wire_answers.groups(found))

    def _send_drawings(self, index: int, span: Span, first: int, columns: int) -> None:
        start = span.start + first
        part = Span(start, min(start + circuit_drawing.MOST_CIRCUITS, span.stop))
        try:
            inputs = self._state.circuits.get(part) if len(part) > 0 else []
            drawn = circuit_drawing.draw(inputs, start, min(max(columns, 30), 400))
        except Exception as error:  # the page waits for an answer, whatever fails
            self.send(wire_answers.drawings(index, span, first, [], explain(error)))
        else:
            self.send(wire_answers.drawings(index, span, first, drawn))

    def _execute_command(self, content: dict[str, Any]) -> None:
        name, indices = str(content.get("id")), content.get("rows")
        if content.get("do") == "save_results":
            self._calls.call(functools.partial(self._send_results, name))
            return
        try:
            rows = self._updates.rows(indices if isinstance(indices, list) else None)
            text = self._execute(content.get("do"), rows)
        except QJMError as error:
            self.send(wire_answers.ack(name, False, str(error)))
        else:
            self.send(wire_answers.ack(name, True, text))

    def _send_results(self, command: str) -> None:
        """Send all results as a file, on the panel's thread, because it may take long."""
        try:
            pieces = results_file(self._state)
        except Exception as error:  # the page waits for an answer, whatever fails
            text = str(error) if isinstance(error, QJMError) else explain(error)
            self.send(wire_answers.ack(command, False, text))
            return
        for piece in pieces:
            self.send(wire_answers.file(command), buffers=[piece])
        self.send(wire_answers.ack(command, True, ""))

    def _execute(self, action: Any, rows: list[int] | None) -> str:
        if action == "cancel":
            return f"cancelling {plural(self._set.cancel(rows), 'job')}"
        if action == "retry":
            return f"sending {plural(self._set.retry(rows), 'job')} again"
        if action == "retry_held":
            return f"sending {plural(self._set.retry(rows, held=True), 'job')} again"
        if action == "pause":
            self._set.pause()
            return "paused"
        if action == "unpause":
            self._set.unpause()
            return "unpaused"
        if action == "ask":
            self._set.poll()
            return "asking"
        if action == "resume":
            self._set.resume()
            return "resumed"
        raise QJMError(f"unknown command {action!r}")


def _clock(at: float) -> str:
    return f"{datetime.datetime.fromtimestamp(at):%H:%M:%S}"
