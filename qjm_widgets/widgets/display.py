"""Display of sets and managers in notebooks and terminals.

A set has two outputs: the widget, then static HTML and text under a display id of its own. The second is
updated when the set settles, and once a minute while jobs finish. The page's CSS hides it while the
widget is alive.
"""

from __future__ import annotations

import sys
import time
import weakref
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.widgets.ipykernel_compat import update_display, warn_about_unsupported_ipykernel
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP
from qjm_widgets.widgets.static_html import html_of, text_of

if TYPE_CHECKING:
    from qjm_widgets.job_set import JobSet
    from qjm_widgets.manager import JobManager

#: Seconds between two updates of static output, which the page renders although the output is hidden.
_SECONDS = 60.0
_WIDGET = "application/vnd.jupyter.widget-view+json"


def show_job_set(job_set: JobSet) -> None:
    """Display the set's panel; in a terminal, text."""
    if not _in_kernel():
        _publish({"text/plain": repr(job_set)})
        return
    if not _is_open(job_set._shown):
        job_set._shown = job_set.panel()
    show_panel(job_set._shown, job_set._state)


def show_panel(panel: Any, state: JobSetState) -> None:
    """Display a live panel and its static output; in a terminal, text."""
    if not _in_kernel():
        _publish({"text/plain": text_of(state)})
        return
    warn_about_unsupported_ipykernel()
    _show_widget(panel)
    _static_output_of(state).show()


def show_manager(manager: JobManager) -> None:
    """Display the list of the store's sets; in a terminal, text."""
    if not _in_kernel():
        _publish({"text/plain": repr(manager)})
        return
    from qjm_widgets.widgets.history import History, history_html

    warn_about_unsupported_ipykernel()
    if not _is_open(manager._shown):
        manager._shown = History(manager)
    _show_widget(manager._shown)
    _publish({"text/html": history_html(manager), "text/plain": repr(manager)})


def text_line() -> Callable[[str], None] | None:
    """Return a function that shows and replaces one line of the cell's output; None in a terminal."""
    if not _in_kernel():
        return None
    from IPython.display import display

    bundle = {"text/plain": ""}
    handle = display(bundle, raw=True, display_id=True)  # type: ignore[no-untyped-call]

    def show(text: str) -> None:
        handle.update({"text/plain": text}, raw=True)

    return show


class _StaticOutput:
    """The static output of a set, the same in all its displays. It is updated while the set exists."""

    def __init__(self, state: JobSetState) -> None:
        from IPython.display import DisplayHandle

        self._set = weakref.ref(state)
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._displayed_key = self._key()
        self._due = 0.0
        state.watchers.add(self._on_change)

    def show(self) -> None:
        """Display the output. It may be displayed several times; all displays are updated together."""
        self._displayed_key, self._due = self._key(), time.monotonic() + _SECONDS
        self._handle.display(self._bundle(), raw=True)  # type: ignore[no-untyped-call]

    @property
    def _state(self) -> JobSetState:
        state = self._set()
        assert state is not None  # every caller holds the set
        return state

    def _key(self) -> tuple[bool, int]:
        return self._state.settled, self._state.finished

    def _on_change(self) -> None:
        if self._key() != self._displayed_key:
            REPAINT_LOOP.request_idle(self.repaint)

    def repaint(self) -> bool:
        """Update the output in place; return True if an update is due later."""
        if self._set() is None:
            return False
        key, now = self._key(), time.monotonic()
        if key == self._displayed_key:
            return False
        if now < self._due and not self._state.settled:
            return True
        self._displayed_key, self._due = key, now + _SECONDS
        update_display(self._handle.display_id, self._bundle())
        return False

    def _bundle(self) -> dict[str, str]:
        return {"text/html": html_of(self._state), "text/plain": text_of(self._state)}


_static_outputs: weakref.WeakKeyDictionary[JobSetState, _StaticOutput] = weakref.WeakKeyDictionary()


def _static_output_of(state: JobSetState) -> _StaticOutput:
    if state not in _static_outputs:
        _static_outputs[state] = _StaticOutput(state)
    return _static_outputs[state]


def _is_open(widget: Any) -> bool:
    """Return whether a widget exists and is not closed."""
    return widget is not None and widget.comm is not None


def _show_widget(widget: Any) -> None:
    view = {"version_major": 2, "version_minor": 0, "model_id": widget.model_id}
    _publish({_WIDGET: view})


def _publish(bundle: dict[str, Any]) -> None:
    from IPython.display import display

    display(bundle, raw=True)  # type: ignore[no-untyped-call]


def _in_kernel() -> bool:
    """Return whether this process is a Jupyter kernel; in a terminal it is not."""
    get_ipython = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = get_ipython() if get_ipython is not None else None
    return getattr(shell, "kernel", None) is not None
