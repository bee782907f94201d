"""The end of managers' threads: in bounded time, of many managers within the time that one may take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from qjm_widgets.engine import Engine
from qjm_widgets.follower import Follower
from qjm_widgets.journal import Journal

_SECONDS = 5.0
"""So long for the journals, and then for the calls that are under way."""


class Threads(NamedTuple):
    """What runs for one manager."""

    follower: Follower
    journal: Journal
    engine: Engine


def end(all_threads: Sequence[Threads]) -> None:
    """End the threads of managers; jobs at a backend go on."""
    deadline = time.monotonic() + _SECONDS
    for threads in all_threads:
        threads.follower.halt()
        threads.journal.halt(deadline)
    for threads in all_threads:
        threads.follower.join(deadline)
        threads.journal.join()
    # The journals need the engines to the last.
    deadline = time.monotonic() + _SECONDS
    for threads in all_threads:
        threads.engine.halt()
    for threads in all_threads:
        threads.engine.join(deadline)
