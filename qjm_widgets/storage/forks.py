"""Stores that are open while the process is forked: the file remains the parent's.

SQLite keeps a process-wide list of open files and their locks. A child has a copy of this list, but not
the locks: it must not use a connection of its parent, and must close it before it opens the same file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from typing import Protocol


class Forked(Protocol):
    """A store that is called before and after forks."""

    def before_fork(self) -> None:
        """Wait for the open transaction, and allow no other."""

    def after_fork(self) -> sqlite3.Connection | None:
        """Allow transactions; in a child, return the parent's connection, which is no longer used."""


_stores: weakref.WeakSet[Forked] = weakref.WeakSet()
_waiting_stores: list[Forked] = []
_inherited: list[sqlite3.Connection] = []
_fork_lock = threading.Lock()


def register(store: Forked) -> None:
    """Call a store before and after forks from now on."""
    _stores.add(store)


def close_inherited() -> None:
    """Close inherited connections, which have no open transaction; the parent's locks remain."""
    while _inherited:
        _inherited.pop().close()


def _before() -> None:
    _fork_lock.acquire()
    for store in list(_stores):
        store.before_fork()
        _waiting_stores.append(store)


def _after() -> None:
    while _waiting_stores:
        connection = _waiting_stores.pop().after_fork()
        if connection is not None:
            # Not closed here: another thread may have been inside SQLite at the fork.
            _inherited.append(connection)
    _fork_lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
