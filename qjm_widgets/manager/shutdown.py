"""The open managers of this process, and the end of their threads in bounded time."""

from __future__ import annotations

import atexit
import contextlib
import os
import time
import weakref
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from qjm_widgets.engine.engine import Engine
from qjm_widgets.engine.follower import Follower
from qjm_widgets.engine.transpiler import Transpiler
from qjm_widgets.manager.taker import Taker

#: Seconds that the threads have to end the circuit and the calls under way, for all managers together.
_SECONDS = 5.0


class Threads(NamedTuple):
    """The threads of one manager."""

    taker: Taker
    follower: Follower
    transpiler: Transpiler
    engine: Engine


class OpenManager(Protocol):
    """A manager that can be closed at the end of the process."""

    _threads: Threads
    _closed: bool

    def _release(self) -> int:
        """Release everything after the threads have ended."""


#: The managers of this process that were not closed.
OPEN: weakref.WeakSet[OpenManager] = weakref.WeakSet()


def end_threads(all_threads: Sequence[Threads]) -> None:
    """End the threads of managers, all together in the time for one. Jobs at a backend go on."""
    deadline = time.monotonic() + _SECONDS
    for threads in all_threads:
        threads.taker.halt()
        threads.follower.halt()
        threads.transpiler.halt()
        threads.engine.halt()
    for threads in all_threads:
        threads.taker.join(deadline)
        threads.follower.join(deadline)
        threads.transpiler.join(deadline)
        threads.engine.join(deadline)


@atexit.register
def _close_all() -> None:
    """Close all managers when the interpreter ends, without printing; unsent jobs stay in the store."""
    managers = list(OPEN)
    for manager in managers:
        manager._closed = True
        OPEN.discard(manager)
    end_threads([manager._threads for manager in managers])
    for manager in managers:
        with contextlib.suppress(Exception):
            manager._release()


if hasattr(os, "register_at_fork"):
    # In a forked child the managers belong to the parent, and their threads are not running.
    os.register_at_fork(after_in_child=OPEN.clear)
