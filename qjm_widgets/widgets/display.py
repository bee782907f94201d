"""Display of sets, groups and managers in notebooks and terminals.

A set or a group has two outputs: the widget, then static HTML and text under a display id of its own.
The second is updated when the set settles or the loop ends, and meanwhile once in a while. The page's
CSS hides it while the widget is alive.
"""

from __future__ import annotations

import sys
import time
import weakref
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Generic, TypeVar

from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.watchers import Watchers
from qjm_widgets.widgets.ipykernel_compat import update_display, warn_about_unsupported_ipykernel
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP
from qjm_widgets.widgets.static_group import group_html, group_text
from qjm_widgets.widgets.static_html import html_of, text_of

if TYPE_CHECKING:
    from qjm_widgets.job_set import JobSet
    from qjm_widgets.manager import JobManager, JobSetGroup

T = TypeVar("T")
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
    _output_of(state, _SetOutput).show()


def show_group(group: JobSetGroup) -> None:
    """Display the group's panel; in a terminal, text."""
    if not _in_kernel():
        _publish({"text/plain": repr(group)})
        return
    if not _is_open(group._shown):
        group._shown = group.panel()
    show_group_panel(group._shown, group)


def show_group_panel(panel: Any, group: JobSetGroup) -> None:
    """Display a live panel of a group and its static output; in a terminal, text."""
    if not _in_kernel():
        _publish({"text/plain": repr(group)})
        return
    warn_about_unsupported_ipykernel()
    _show_widget(panel)
    _output_of(group, _GroupOutput).show()


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


class _StaticOutput(ABC, Generic[T]):
    """The static output of a set or a group, the same in all its displays, updated while that exists.

    Args:
        shown: the set or group.
        watchers: its watchers.
    """

    #: Seconds between two updates, which the page renders although the output is hidden.
    _pause: float

    def __init__(self, shown: T, watchers: Watchers) -> None:
        from IPython.display import DisplayHandle

        self._reference = weakref.ref(shown)
        self._handle = DisplayHandle()  # type: ignore[no-untyped-call]
        self._displayed_key: tuple[bool, int] = (False, -1)
        self._due = 0.0
        watchers.add(self._on_change)

    def show(self) -> None:
        """Display the output. It may be displayed several times; all displays are updated together."""
        shown = self._reference()
        assert shown is not None  # every caller holds it
        self._displayed_key, self._due = self._key(shown), time.monotonic() + self._pause
        self._handle.display(self._bundle(shown), raw=True)  # type: ignore[no-untyped-call]

    def _on_change(self) -> None:
        shown = self._reference()
        if shown is not None and self._key(shown) != self._displayed_key:
            REPAINT_LOOP.request_idle(self.repaint)

    def repaint(self) -> bool:
        """Update the output in place; return True if an update is due later."""
        shown = self._reference()
        if shown is None:
            return False
        key, now = self._key(shown), time.monotonic()
        if key == self._displayed_key:
            return False
        if now < self._due and not self._settled(shown):
            return True
        self._displayed_key, self._due = key, now + self._pause
        update_display(self._handle.display_id, self._bundle(shown))
        return False

    @abstractmethod
    def _key(self, shown: T) -> tuple[bool, int]:
        """Return what changes when the output has to; this is called after each change of a job."""

    @abstractmethod
    def _settled(self, shown: T) -> bool:
        """Return whether the output may be updated at once, because no other change will follow soon."""

    @abstractmethod
    def _bundle(self, shown: T) -> dict[str, str]:
        """Return the output as HTML and as text."""


class _SetOutput(_StaticOutput[JobSetState]):
    _pause = 60.0

    def __init__(self, state: JobSetState) -> None:
        super().__init__(state, state.watchers)

    def _key(self, state: JobSetState) -> tuple[bool, int]:
        return state.settled, state.finished

    def _settled(self, state: JobSetState) -> bool:
        return state.settled

    def _bundle(self, state: JobSetState) -> dict[str, str]:
        return {"text/html": html_of(state), "text/plain": text_of(state)}


class _GroupOutput(_StaticOutput["JobSetGroup"]):
    # A library that runs the loop opens no block, and nothing else says that the loop has ended.
    _pause = 5.0

    def __init__(self, group: JobSetGroup) -> None:
        super().__init__(group, group._library._session.watchers)

    def _key(self, group: JobSetGroup) -> tuple[bool, int]:
        return group._entered, group._changes

    def _settled(self, group: JobSetGroup) -> bool:
        # The end of a block: the cell may end next, and the notebook be saved.
        return not group._entered and self._displayed_key[0]

    def _bundle(self, group: JobSetGroup) -> dict[str, str]:
        return {"text/html": group_html(group), "text/plain": group_text(group)}


_outputs: weakref.WeakKeyDictionary[Any, Any] = weakref.WeakKeyDictionary()


def _output_of(shown: T, make: Callable[[T], _StaticOutput[T]]) -> _StaticOutput[T]:
    if shown not in _outputs:
        _outputs[shown] = make(shown)
    output: _StaticOutput[T] = _outputs[shown]
    return output


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
