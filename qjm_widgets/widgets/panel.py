"""The live panel of one job set: the kernel's side of ``js/src``."""

from __future__ import annotations

import datetime
import time
from typing import Any

import anywidget
import traitlets

from qjm_widgets.core.errors import QJMError
from qjm_widgets.core.snapshot import plural
from qjm_widgets.job_set import JobSet
from qjm_widgets.widgets import assets, wire
from qjm_widgets.widgets.kernel import hear_while_cells_run
from qjm_widgets.widgets.painter import Message, Painter
from qjm_widgets.widgets.pulse import PULSE

_TRAIT_SECONDS = 2.0


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
        self._live = job_set.live
        self._painter = Painter(job_set)
        self._trait_due = 0.0
        super().__init__(snapshot=self._painter.trait())
        hear_while_cells_run(self)
        self.on_msg(self._receive)
        self._live.watch(self._mark)
        self._mark()

    def close(self) -> None:
        """Take the panel off the page and stop following the set."""
        self._live.unwatch(self._mark)
        super().close()

    def __hash__(self) -> int:
        return id(self)

    def __eq__(self, other: object) -> bool:
        return self is other

    def _mark(self) -> None:
        PULSE.mark(self)

    def paint(self) -> bool:
        """Send what changed since the last beat; True when the histogram or the trait is still due."""
        message = self._painter.update()
        if message is not None:
            self._say(message)
        now = time.monotonic()
        due = now >= self._trait_due or self._live.settled
        if due:
            self._trait_due = now + _TRAIT_SECONDS
            self.snapshot = self._painter.trait()
        return not due or self._painter.behind

    def _say(self, message: Message) -> None:
        self.send(message.content, buffers=[message.statuses])

    # -- from the page -------------------------------------------------------------------------------

    def _receive(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """A message of the page; it may come on a subshell's thread. What is malformed is ignored."""
        if not isinstance(content, dict) or content.get("v") != wire.VERSION:
            return
        kind, view = content.get("kind"), str(content.get("view"))
        if kind == "hello":
            self._say(self._painter.hello(view))
        elif kind == "look":
            self._look(view, content)
        elif kind == "bye":
            self._painter.bye(view)
        elif kind == "detail":
            self._detail(content.get("row"))
        elif kind == "command":
            self._command(content)
        elif kind == "plotly":
            self.send({"kind": "plotly", "v": wire.VERSION}, buffers=[assets.plotly_gz()])

    def _look(self, view: str, content: dict[str, Any]) -> None:
        first, last = _whole(content.get("first")), _whole(content.get("last"))
        top = _whole(content.get("top"))
        if first is not None and last is not None and top is not None:
            self._painter.look(view, first, last, _whole(content.get("circuit")), top)
            self._mark()

    def _detail(self, index: Any) -> None:
        rows = self._painter.rows([index])
        if rows:
            history = self._live.store.job_history(self._live.set_id, rows[0])
            self.send(wire.detail(index, self._live.jobs[rows[0]], history, _clock))

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
            self._set.proceed()
            return "going on"
        if action == "resume":
            self._set.resume()
            return "resumed"
        raise QJMError(f"unknown command {action!r}")


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _clock(at: float) -> str:
    return f"{datetime.datetime.fromtimestamp(at):%H:%M:%S}"
