"""The manager's panel: all sets of its store, and commands for each."""

from __future__ import annotations

import datetime
import threading
import time
from html import escape
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets

from qjm_widgets.core import formatting
from qjm_widgets.core.set_groups import SetGroup, folded
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.errors import QJMError
from qjm_widgets.widgets import assets, wire_answers
from qjm_widgets.widgets.commands import CommandResult, Commands
from qjm_widgets.widgets.ipykernel_compat import serve_while_cells_run
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP
from qjm_widgets.widgets.set_query import VERSION, SetQuery, listing, query_from
from qjm_widgets.widgets.static_html import static, table

if TYPE_CHECKING:
    from qjm_widgets.manager import JobManager

#: The number of rows in the trait.
_FIRST_ROWS = 30
#: Seconds between two listings.
_SECONDS = 1.0
_MOST_VIEWS = 20
_STATIC_ROWS = 50
_NONE: frozenset[str] = frozenset()


class _View:
    """One view of the list: its query, its lines, its unfolded groups, and the last message to it."""

    def __init__(self, query: SetQuery, first: int, last: int, unfolded: frozenset[str] = _NONE) -> None:
        self.query, self.first, self.last, self.unfolded = query, first, last, unfolded
        self.sent: dict[str, Any] | None = None


class _SetList(anywidget.AnyWidget):
    """The widget of the list. Its one trait has the first rows, for views that are opened later."""

    _esm = assets.text("history.js")
    _css = assets.text("history.css")
    listing = traitlets.Dict().tag(sync=True)


class History(ipywidgets.VBox):  # type: ignore[misc]
    """The list of sets, with the panels of opened sets below it."""

    def __init__(self, manager: JobManager) -> None:
        self._manager = manager
        self._list = _SetList()
        self._lock = threading.RLock()
        self._views: dict[str, _View] = {}
        self._panels: dict[str, Any] = {}
        self._commands = Commands(manager)
        self._due = 0.0
        super().__init__([self._list])
        serve_while_cells_run(self._list)
        self._list.on_msg(self._receive)
        self._list.listing = self._listing(_View(SetQuery(), 0, _FIRST_ROWS))
        manager._session.watchers.add(self._request_repaint)

    def close(self) -> None:
        """Remove the list from the page and stop following the manager."""
        self._manager._session.watchers.remove(self._request_repaint)
        super().close()

    def _request_repaint(self) -> None:
        REPAINT_LOOP.request(self.repaint)

    def repaint(self) -> bool:
        """Send each view its listing if it changed; return True if this is due later."""
        now = time.monotonic()
        if now < self._due:
            return True
        self._due = now + _SECONDS
        with self._lock:
            views = list(self._views.values())
        for view in views:
            self._send_listing(view, always=False)
        return False

    def _send_listing(self, view: _View, *, always: bool) -> None:
        try:
            message = self._listing(view)
        except QJMError as error:
            message = {"kind": "trouble", "v": VERSION, "text": str(error)}
        if always or message != view.sent:
            view.sent = message
            self._list.send(message)

    def _listing(self, view: _View) -> dict[str, Any]:
        manager = self._manager
        return listing(
            manager.history(),
            view.query,
            view.first,
            view.last,
            opened=self._panels,
            size=manager._store_size(),
            unfolded=view.unfolded,
        )

    # -- from the page -------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """Handle a message of the page, perhaps on a subshell's thread. Ignore what is malformed."""
        if not isinstance(content, dict) or content.get("v") != VERSION:
            return
        kind, name = content.get("kind"), str(content.get("view"))
        if kind == "list":
            first, last = content.get("first"), content.get("last")
            if isinstance(first, int) and isinstance(last, int):
                unfolded = _names(content.get("groups"))
                view = _View(query_from(content.get("query")), first, last, unfolded)
                with self._lock:
                    if name not in self._views and len(self._views) >= _MOST_VIEWS:
                        self._views.pop(next(iter(self._views)))  # its page was closed without a message
                    self._views[name] = view
                self._send_listing(view, always=True)
        elif kind == "bye":
            with self._lock:
                self._views.pop(name, None)
        elif kind == "do":
            self._execute(content)

    def _execute(self, content: dict[str, Any]) -> None:
        command = str(content.get("id"))
        try:
            answer = self._commands.execute(content)
            self._show(answer)
        except QJMError as error:
            self._list.send(wire_answers.ack(command, False, str(error)))
            return
        if answer.file is not None:
            name, data = answer.file
            self._list.send({"kind": "file", "v": VERSION, "id": command, "name": name}, buffers=[data])
        self._list.send(wire_answers.ack(command, True, answer.text))
        if answer.changed:
            self._due = 0.0
            self._request_repaint()

    def _show(self, answer: CommandResult) -> None:
        """Open and close panels below the list."""
        with self._lock:
            if answer.opened is not None and answer.key not in self._panels:
                self._panels[answer.key] = answer.opened.panel()
            closed = [self._panels.pop(set_id) for set_id in answer.closed & self._panels.keys()]
            self.children = (self._list, *self._panels.values())
        for panel in closed:
            panel.close()


def _names(value: Any) -> frozenset[str]:
    """Return the page's list of names; what is malformed is left out."""
    return (
        frozenset(name for name in value if isinstance(name, str)) if isinstance(value, list) else _NONE
    )


def history_html(manager: JobManager) -> str:
    """Return the newest sets as static HTML, for pages without a kernel; a group is one row."""
    lines = folded(manager.history())
    rows = "".join(map(_static_row, lines[:_STATIC_ROWS]))
    if len(lines) >= _STATIC_ROWS:
        rows += f'<tr><td colspan="5">These are the newest {_STATIC_ROWS}.</td></tr>'
    return static(table("sets", rows, ("Name", "What", "State", "Begun", "Id")))


def _static_row(line: SetSummary | SetGroup) -> str:
    if isinstance(line, SetGroup):
        name, title, state, newest = line.name, line.title, str(line.summary), line.sets[0].record
        set_id = ""
    else:
        newest = line.record
        name, title = newest.name, formatting.title(newest, sum(line.jobs.values()))
        state = str(formatting.summary(line.jobs, flawed=line.flawed))
        set_id = f"<code>{newest.set_id}</code>"
    return (
        f"<tr><td>{escape(formatting.first_line(name))}</td><td>{escape(title)}</td>"
        f"<td>{escape(state)}</td>"
        f"<td>{datetime.datetime.fromtimestamp(newest.created_at):%Y-%m-%d %H:%M}</td>"
        f"<td>{set_id}</td></tr>"
    )
