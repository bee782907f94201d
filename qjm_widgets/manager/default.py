"""The default manager, on the user's own store, and the list of open managers."""

from __future__ import annotations

import os
import threading

from qjm_widgets.manager.manager import JobManager
from qjm_widgets.manager.shutdown import OPEN

_default: JobManager | None = None
_making_default = threading.Lock()


def default_manager() -> JobManager:
    """Return the manager on the user's own store. The first call makes it.

    If it was closed, this call makes another one.

    Raises:
        StoreError: the store cannot be opened.
    """
    global _default
    with _making_default:
        if _default is None or _default._closed:
            _default = JobManager()
        return _default


def open_managers() -> list[JobManager]:
    """Return the managers of this process that were not closed, in no order."""
    return [manager for manager in OPEN if isinstance(manager, JobManager)]


def _forget_default() -> None:
    """Forget the default manager in a forked child, where its threads do not run."""
    global _default, _making_default
    _default, _making_default = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_default)
