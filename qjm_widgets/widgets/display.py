"""Showing a set or a manager in whatever front end there is.

A set makes two outputs: the widget alone, then static HTML and text under a display id of its own, which
is updated when the set pauses or finishes, and once a minute while it goes on. The page's CSS hides the
second while the first is alive.
"""

from __future__ import annotations

import sys
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.widgets.ipykernel_compat import update_display, warn_of_deaf_kernels
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP
from qjm_widgets.widgets.static_html import html_of, text_of

if TYPE_CHECKING:
    from qjm_widgets.job_set import JobSet
    from qjm_widgets.manager import JobManager

_SECONDS = 60.0
"""The page makes static output anew each time it is updated, though hidden: not more often than that."""
_WIDGET = "application/vnd.jupyter.widget-view+json"


def show_job_set(job_set: JobSet) -> None:
    """The set's own panel; on a terminal, text."""
    if not _in_kernel():
        _publish({"text/plain": repr(job_set)})
        return
    if not _is_open(job_set._shown):
        job_set._shown = job_set.panel()
    show_panel(job_set._shown, job_set._state)


def show_panel(panel: Any, state: JobSetState) -> None:
    """A live panel and its static twin; on a terminal, text."""
    if not _in_kernel():
        _publish({"text/plain": text_of(state)})
        return
    warn_of_deaf_kernels()
    _show_widget(panel)
    _twin_of(state).show()


def show_manager(manager: JobManager) -> None:
    """The list of the store's sets; on a terminal, text."""
    if not _in_kernel():
        _publish({"text/plain": repr(manager)})
        return
    from qjm_widgets.widgets.history import History, history_html

    warn_of_deaf_kernels()
    if not _is_open(manager._shown):
        manager._shown = History(manager)
    _show_widget(manager._shown)
    _publish({"text/html": history_html(manager), "text/plain": repr(manager)})


def text_line() -> Callable[[str], None] | None:
    """A line in the output of the cell, which each call replaces; None where no kernel shows it."""
    if not _in_kernel():
        return None
    from IPython.display import display

    bundle = {"text/plain": ""}
    handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def show(text: str) -> None:
        handle.update({"text/plain": text}, raw=True)

    return show


class _StaticTwin:
    """The static output of a set, the same in all its displays; it follows the set while that lives."""

    def __init__(self, state: JobSetState) -> None:
        from IPython.display import DisplayHandle

        self._set = weakref.ref(state)
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._shown = self._key()
        self._due = 0.0
        state.watch(self._look)

    def show(self) -> None:
        """Display it, once more perhaps: all its displays are updated together."""
        self._shown, self._due = self._key(), time.monotonic() + _SECONDS
        self._handle.display(self._bundle(), raw=True)  # type: ignore[no-untyped-call]

    @property
    def _state(self) -> JobSetState:
        state = self._set()
        assert state is not None  # it is the set that calls
        return state

    def _key(self) -> tuple[bool, int]:
        return self._state.settled, self._state.finished

    def _look(self) -> None:
        if self._key() != self._shown:
            REPAINT_LOOP.mark_between(self.paint)

    def paint(self) -> bool:
        """Update the output in its place; True when that is still due, though nothing else changes."""
        if self._set() is None:
            return False
        key, now = self._key(), time.monotonic()
        if key == self._shown:
            return False
        if now < self._due and not self._state.settled:
            return True
        self._shown, self._due = key, now + _SECONDS
        update_display(self._handle.display_id, self._bundle())
        return False

    def _bundle(self) -> dict[str, str]:
        return {"text/html": html_of(self._state), "text/plain": text_of(self._state)}


_twins: weakref.WeakKeyDictionary[JobSetState, _StaticTwin] = weakref.WeakKeyDictionary()


def _twin_of(state: JobSetState) -> _StaticTwin:
    if state not in _twins:
        _twins[state] = _StaticTwin(state)
    return _twins[state]


def _is_open(widget: Any) -> bool:
    """Whether a widget is there, and nobody has closed it."""
    return widget is not None and widget.comm is not None


def _show_widget(widget: Any) -> None:
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    _publish({_WIDGET: view})


def _publish(bundle: dict[str, Any]) -> None:
    from IPython.display import display

    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _in_kernel() -> bool:
    """Whether a Jupyter kernel shows what we display; a terminal does not."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    return getattr(shell, "kernel", None) is not None
