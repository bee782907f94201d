"""How sets and managers show themselves: the widgets stand behind this port, known to nobody else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from anywidget import AnyWidget

_LOG = logging.getLogger(__name__)


class Display(Protocol):
    """What shows sets and managers."""

    def panel(self, job_set: Any, expected: Any, teaching: bool | None) -> AnyWidget:
        """The live panel of a set."""

    def show_job_set(self, job_set: Any) -> None:
        """Display a set in whatever front end there is."""

    def text_line(self) -> Callable[[str], None] | None:
        """A line in the cell's output, which each call replaces; None where no notebook shows it."""

    def show_manager(self, manager: Any) -> None:
        """Display the list of a manager's sets."""


load: Callable[[], Display]
"""What shows; the package puts it here, so that the widgets are loaded when something is first shown."""


def show(how: Callable[[], None], text: Callable[[], str]) -> None:
    """Display something; where that fails, its text with a line that says so, never a traceback.

    Args:
        how: displays it.
        text: what stands for it.
    """
    try:
        how()
    except Exception as error:  # of whatever is shown, or of the front end
        _LOG.exception("a set or a manager could not be shown")
        from IPython.display import display

        words = f"{text()}\nThe panel cannot be shown: {type(error).__name__}: {error}"
        display({"text/plain": words}, raw=True)  # type: ignore[no-untyped-call]
