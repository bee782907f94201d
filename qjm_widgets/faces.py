"""How sets and managers show themselves: the widgets stand behind this port, known to nobody else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from anywidget import AnyWidget


class Faces(Protocol):
    """What shows sets and managers."""

    def panel(self, job_set: Any, expected: Any, teaching: bool | None) -> AnyWidget:
        """The live panel of a set."""

    def show_job_set(self, job_set: Any) -> None:
        """Display a set in whatever front end there is."""

    def text_line(self) -> Callable[[str], None] | None:
        """A line in the cell's output, which each call replaces; None where no notebook shows it."""

    def show_manager(self, manager: Any) -> None:
        """Display the list of a manager's sets."""


load: Callable[[], Faces]
"""What shows; the package puts it here, so that the widgets are loaded when something is first shown."""
