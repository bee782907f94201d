"""Stores that are open while the process is forked: the file stays the parent's.

SQLite keeps what it knows of open files and of their locks for the whole process. A child has a copy of
that, but none of the locks: it may not use a connection of its parent, and has to close it before it
opens the same file.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import weakref
from typing import Protocol


class Forked(Protocol):
    """A store that hears of forks."""

    def before_fork(self) -> None:
        """Come to rest."""

    def after_fork(self) -> sqlite3.Connection | None:
        """Go on; in a child: the parent's connection, which it does not use any more."""


_stores: weakref.WeakSet[Forked] = weakref.WeakSet()
_resting: list[Forked] = []
_inherited: list[sqlite3.Connection] = []
_one_at_a_time = threading.Lock()


def register(store: Forked) -> None:
    """Tell a store of forks from now on."""
    _stores.add(store)


def close_inherited() -> None:
    """Close what this process got by a fork. No transaction is open in it; the parent's locks stay."""
    while _inherited:
        _inherited.pop().close()


def _before() -> None:
    _one_at_a_time.acquire()
    for store in list(_stores):
        store.before_fork()
        _resting.append(store)


def _after() -> None:
    while _resting:
        connection = _resting.pop().after_fork()
        if connection is not None:
            # Not closed here: another thread may have been inside SQLite at the fork.
            _inherited.append(connection)
    _one_at_a_time.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before, after_in_parent=_after, after_in_child=_after)
