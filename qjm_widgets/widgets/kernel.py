"""What depends on the inside of ipykernel, guarded: where it has changed, things work as they come."""

from __future__ import annotations

import warnings
from importlib import metadata
from typing import Any

from qjm_widgets.waiting import listen_with
from qjm_widgets.widgets import hearing


def hear_while_cells_run(widget: Any) -> None:
    """Let a widget's messages be answered while a cell runs.

    Since 7.4 ipykernel answers a comm on the main shell, which a running cell blocks; before, from 7.1
    on, on the subshell that the page chose. The page's choice is taken again, so handlers may run on a
    subshell's thread. Other releases are left as they are: there, and in front ends that know no
    subshells, the widget is heard while a cell sits in one of our waits.
    """
    comm: Any = getattr(widget, "comm", None)
    if comm is not None:
        hearing.COMMS[comm.comm_id] = comm
        listen_with(hearing.ear)
    if hasattr(comm, "_reply_subshell_for"):
        comm._reply_subshell_for = _as_the_page_chose


def _as_the_page_chose(_data: Any, default: Any) -> Any:
    return default


def warn_of_deaf_kernels() -> None:
    """Warn where ipykernel 7.0 runs: it ends the thread that updates a panel."""
    version = metadata.version("ipykernel")
    if version.startswith("7.0."):
        warnings.warn(
            f"ipykernel {version} ends threads that update a panel: install 7.1 or newer (or 6.31)",
            stacklevel=3,
        )
