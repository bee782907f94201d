"""The functions that the rest of the package calls through its port ``_display``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qjm_widgets.widgets.display import show_group, show_job_set, show_manager, text_line

if TYPE_CHECKING:
    from qjm_widgets.job_set import JobSet
    from qjm_widgets.manager import JobSetGroup
    from qjm_widgets.widgets.group import GroupPanel
    from qjm_widgets.widgets.panel import Panel

__all__ = ["group_panel", "panel", "show_group", "show_job_set", "show_manager", "text_line"]


def panel(job_set: JobSet, expected: Any, teaching: bool | None) -> Panel:
    """Return a new live panel of a set."""
    from qjm_widgets.widgets.panel import Panel

    return Panel(job_set, expected, teaching)


def group_panel(group: JobSetGroup) -> GroupPanel:
    """Return a new live panel of a group of sets."""
    from qjm_widgets.widgets.group import GroupPanel

    return GroupPanel(group)
