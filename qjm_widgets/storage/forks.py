"""Handle forks of a process that has open stores; the files remain the parent's.

SQLite keeps a list of the open files of a process and their locks. A child process has a copy of this
list, but not the locks. So it must not use a connection of its parent, and must close that connection
before it opens the same file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from typing import Protocol


class Forked(Protocol):
    """A store whose methods are called before and after forks."""

    def before_fork(self) -> None:
        """Wait for the end of the open transaction, and allow no other."""

    def after_fork(self) -> sqlite3.Connection | None:
        """Allow transactions again; in a child, give up the parent's connection and return it."""


_stores: weakref.WeakSet[Forked] = weakref.WeakSet()
_waiting_stores: list[Forked] = []
_inherited: list[sqlite3.Connection] = []
_fork_lock = threading.Lock()


def register(store: Forked) -> None:
    """Register a store, so that it is called before and after forks."""
    _stores.add(store)


def close_inherited() -> None:
    """Close the connections that this process inherited; the parent keeps its locks.

    They have no open transaction, because the parent waited for its end before the fork.
    """
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
            # Closing it here is not safe: another thread may have been inside SQLite at the fork.
            _inherited.append(connection)
    _fork_lock.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
