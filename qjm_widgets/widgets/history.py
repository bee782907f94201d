"""The manager in a notebook: a plain list of the store's sets, each with Retrieve."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING, Any

import anywidget
import ipywidgets
import traitlets

from qjm_widgets.core import snapshot
from qjm_widgets.core.errors import QJMError
from qjm_widgets.core.ports import SetSummary
from qjm_widgets.widgets import assets, wire
from qjm_widgets.widgets.kernel import hear_while_cells_run

if TYPE_CHECKING:
    from qjm_widgets.manager import JobManager

_MOST = 200


class _SetList(anywidget.AnyWidget):
    _esm = assets.text("history.js")
    _css = assets.text("history.css")
    sets: traitlets.List[dict[str, Any]] = traitlets.List().tag(sync=True)


class History(ipywidgets.VBox):  # type: ignore[misc]
    """The list; a retrieved set's panel opens below it."""

    def __init__(self, manager: JobManager) -> None:
        self._manager = manager
        self._list = _SetList()
        self._panels: dict[str, Any] = {}
        super().__init__([self._list])
        hear_while_cells_run(self._list)
        self._list.on_msg(self._receive)
        self._refresh()

    def _refresh(self) -> None:
        self._list.sets = [_entry(s, s.record.set_id in self._panels) for s in _summaries(self._manager)]

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        if not isinstance(content, dict) or content.get("kind") not in ("retrieve", "resume"):
            return
        set_id = str(content.get("id"))
        try:
            job_set = self._manager.retrieve_job_set(set_id)
            if content["kind"] == "resume":
                job_set.resume()
        except QJMError as error:
            self._list.send(wire.ack(set_id, False, str(error)))
            return
        if set_id not in self._panels:
            self._panels[set_id] = job_set.panel()
            self.children = (self._list, *self._panels.values())
        self._refresh()
        self._list.send(wire.ack(set_id, True, f"{snapshot.first_line(job_set.name())} is open below"))


def _summaries(manager: JobManager) -> list[SetSummary]:
    return manager.history(limit=_MOST)


def _entry(summary: SetSummary, opened: bool) -> dict[str, Any]:
    record = summary.record
    return {
        "id": record.set_id,
        "name": snapshot.first_line(record.name),
        "backend": snapshot.first_line(record.backend),
        "circuits": record.circuits,
        "jobs": sum(summary.jobs.values()),
        "line": str(snapshot.summary(summary.jobs)),
        "created": round(record.created_at * 1000),
        "open": opened,
        "interrupted": summary.interrupted,
        "note": "" if summary.owner in (None, "this kernel") else f"driven by {summary.owner}",
    }


def history_html(manager: JobManager) -> str:
    """The list as static HTML, for where no kernel runs."""
    rows = "".join(
        f"<tr><td>{escape(snapshot.first_line(s.record.name))}</td>"
        f"<td>{escape(snapshot.title(s.record, sum(s.jobs.values())))}</td>"
        f"<td>{escape(str(snapshot.summary(s.jobs)))}</td><td><code>{s.record.set_id}</code></td></tr>"
        for s in _summaries(manager)
    )
    return f'<div class="qjm-static"><table><tbody>{rows}</tbody></table></div>'
