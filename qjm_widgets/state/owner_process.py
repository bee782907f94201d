"""The process that a manager belongs to: a fork copies its objects, but not its threads."""

from __future__ import annotations

import os

from qjm_widgets.errors import ClosedError


def check_process(process: int) -> None:
    """Refuse to act in a forked child, which has none of the manager's threads.

    Args:
        process: the id of the process that made the manager.

    Raises:
        ClosedError: this is another process.
    """
    current = os.getpid()
    if current != process:
        raise ClosedError(
            f"this manager belongs to process {process}, from which this process ({current}) was forked:"
            " its jobs go on there. Make a JobManager of its own here, and retrieve the set with it"
        )
