"""The port through which sets and managers display themselves without importing the widgets."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from anywidget import AnyWidget

_LOG = logging.getLogger(__name__)


class Display(Protocol):
    """The functions by which the widgets display sets and managers."""

    def panel(self, job_set: Any, expected: Any, teaching: bool | None) -> AnyWidget:
        """Return the live panel of a set."""

    def show_job_set(self, job_set: Any) -> None:
        """Display a set in the current front end."""

    def group_panel(self, group: Any) -> AnyWidget:
        """Return the live panel of a group of sets."""

    def show_group(self, group: Any) -> None:
        """Display a group in the current front end."""

    def text_line(self) -> Callable[[str], None] | None:
        """Return a function that replaces a line in the cell's output; None outside a notebook."""

    def show_manager(self, manager: Any) -> None:
        """Display the list of a manager's sets."""


#: Loads the widgets, which are imported when something is first displayed; ``__init__.py`` sets it.
load: Callable[[], Display]


def show(how: Callable[[], None], text: Callable[[], str]) -> None:
    """Display something; if that fails, display its text and the error instead of raising.

    Args:
        how: displays it.
        text: returns its text.
    """
    try:
        how()
    except Exception as error:  # the widgets or the front end may raise anything
        _LOG.exception("a set or a manager could not be shown")
        from IPython.display import display

        fallback = f"{text()}\nThe panel cannot be shown: {type(error).__name__}: {error}"
        display({"text/plain": fallback}, raw=True)  # type: ignore[no-untyped-call]
