"""The kernel's part of the live panel of a group; the page's part is in ``js/src/group``."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets

from qjm_widgets._threads import CallQueue
from qjm_widgets.core.set_groups import has_failed
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.core.validation import as_integer
from qjm_widgets.errors import QJMError
from qjm_widgets.widgets import assets, group_wire, wire_answers
from qjm_widgets.widgets.ipykernel_compat import serve_while_cells_run
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP

if TYPE_CHECKING:
    from qjm_widgets.manager import JobSetGroup

#: Seconds between two updates while a page shows the panel, and while none does.
_SECONDS, _HIDDEN_SECONDS = 0.5, 5.0
#: Reading a group of thousands of sets takes longer: at most this share of the time.
_SHARE = 0.05
#: Seconds for values that are read within an update.
_AT_ONCE_SECONDS = 0.05
#: Seconds between two updates while the values of stored sets are read.
_READING_SECONDS = 0.5
#: Seconds without a call after which the panel's thread ends.
_IDLE_SECONDS = 5.0


class _GroupView(anywidget.AnyWidget):
    """The widget of the panel without the opened set. Its trait is what all its views show."""

    _esm = assets.text("group.js")
    _css = assets.text("group.css")
    group = traitlets.Dict().tag(sync=True)


class GroupPanel(ipywidgets.VBox):  # type: ignore[misc]
    """A widget that shows a loop while it runs; made by ``group.panel()``. An opened set is below it.

    Args:
        group: the group.
    """

    def __init__(self, group: JobSetGroup) -> None:
        self._group = group
        self._view = _GroupView()
        self._views: set[str] = set()
        self._calls = CallQueue("qjm-group", idle=_IDLE_SECONDS)
        self._lock = threading.RLock()
        self._reading = False
        self._due = 0.0
        self._went = False  # whether the last update found the loop going
        self._opened: Any = None
        self._opened_id: str | None = None
        group._followed = True
        super().__init__([self._view])
        serve_while_cells_run(self._view)
        self._view.on_msg(self._receive)
        self._update()
        self._group._library._session.watchers.add(self._request_repaint)

    def close(self) -> None:
        """Remove the panel from the page and stop following the group."""
        self._group._library._session.watchers.remove(self._request_repaint)
        self._calls.stop()
        super().close()

    def _ipython_display_(self) -> None:
        from qjm_widgets.widgets.display import show_group_panel

        show_group_panel(self, self._group)

    def _request_repaint(self) -> None:
        REPAINT_LOOP.request(self.repaint)

    def repaint(self) -> bool:
        """Update the trait; return True if this is due later."""
        ended = self._went and not self._group._entered
        if time.monotonic() < self._due and not ended:
            return True
        self._update()
        return False

    def _update(self) -> None:
        with self._lock:
            began = time.monotonic()
            self._view.group = self._state()
            pause = _SECONDS if self._views else _HIDDEN_SECONDS
            now = time.monotonic()
            self._due = now + max(pause, (now - began) / _SHARE)

    def _state(self) -> dict[str, Any]:
        group = self._group
        try:
            sets = group._sets()
            values = group._values
            missing = self._read_values(sets)
            self._went = group._entered
            going = group._entered or any(each.under_way for each in sets)
            return group_wire.state(
                group.name(),
                sets,
                values.of(sets),
                going=going,
                elapsed=_elapsed(sets, time.time() if going or not sets else values.ended_at(sets[-1])),
                unread=len(missing),
                error_of=values.error_of,
                opened=self._opened_id,
            )
        except QJMError as error:  # the store cannot be read: what is known stays
            return {**self._view.group, "trouble": str(error), "going": False}

    def _read_values(self, sets: list[SetSummary]) -> list[SetSummary]:
        """Read the values of sets that have ended; return the sets whose values will be read later."""
        values = self._group._values
        missing = values.missing(sets)
        until = time.monotonic() + _AT_ONCE_SECONDS
        while missing and values.quick and time.monotonic() < until:
            values.read(missing.pop(0))
        if missing and not self._reading and self._group._last is None:
            self._reading = True
            self._calls.call(lambda: self._read(missing))
        return missing

    def _read(self, missing: list[SetSummary]) -> None:
        """Read values on the panel's thread, because there are thousands, or the function is slow."""
        due = time.monotonic() + _READING_SECONDS
        for each in missing:
            self._group._values.read(each)
            if time.monotonic() >= due:
                self._request_repaint()
                due = time.monotonic() + _READING_SECONDS
        self._reading = False
        self._request_repaint()

    # -- from the page -------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Handle a message of the page, perhaps on a subshell's thread. Ignore what is malformed."""
        if not isinstance(content, dict) or content.get("v") != group_wire.VERSION:
            return
        kind = content.get("kind")
        if kind == "hello":
            self._views.add(str(content.get("view")))
            self._group._library._session.watchers.add(self._request_repaint)
            self._update()
            self._view.send({"kind": "welcome", "v": group_wire.VERSION})
        elif kind == "bye":
            self._views.discard(str(content.get("view")))
            if not self._views:  # the next view begins with "hello"
                self._group._library._session.watchers.remove(self._request_repaint)
        elif kind == "set":
            self._send_set(as_integer(content.get("number")))
        elif kind == "do":
            self._execute(content)

    def _send_set(self, number: int | None) -> None:
        try:
            sets = self._group._sets()
            if number is None or not 1 <= number <= len(sets):
                return
            found, values = sets[number - 1], self._group._values
            error = values.error_of(found) if has_failed(found) else ""
            self._view.send(group_wire.answer(number, found, values.of(sets).values[number - 1], error))
        except QJMError:  # the trait says what is wrong with the store
            self._request_repaint()

    def _execute(self, content: dict[str, Any]) -> None:
        command, set_id = str(content.get("id")), str(content.get("set"))
        try:
            if content.get("do") == "open":
                self._open(set_id)
            elif content.get("do") == "close":
                self._open(None)
            else:
                raise QJMError(f"unknown command {content.get('do')!r}")
        except QJMError as error:
            self._view.send(wire_answers.ack(command, False, str(error)))
            return
        self._view.send(wire_answers.ack(command, True, ""))

    def _open(self, set_id: str | None) -> None:
        """Show the panel of one set below, in place of another."""
        job_set = None if set_id is None else self._group._library.retrieve_job_set(set_id)
        with self._lock:
            before, self._opened = self._opened, None if job_set is None else job_set.panel()
            self._opened_id = set_id
            self.children = (self._view,) if self._opened is None else (self._view, self._opened)
            self._update()
        if before is not None:
            before.close()


def _elapsed(sets: list[SetSummary], until: float) -> float:
    return max(0.0, until - sets[0].record.created_at) if sets else 0.0
