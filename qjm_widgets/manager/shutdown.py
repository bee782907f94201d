"""The end of managers' threads: in bounded time, of many managers within the time that one may take."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import NamedTuple

from qjm_widgets.engine.engine import Engine
from qjm_widgets.engine.follower import Follower
from qjm_widgets.engine.transpiler import Transpiler

# For the circuit and the calls that are under way.
_SECONDS = 5.0


class Threads(NamedTuple):
    """What runs for one manager."""

    follower: Follower
    transpiler: Transpiler
    engine: Engine


def end(all_threads: Sequence[Threads]) -> None:
    """End the threads of managers; jobs at a backend go on."""
    deadline = time.monotonic() + _SECONDS
    for threads in all_threads:
        threads.follower.halt()
        threads.transpiler.halt()
        threads.engine.halt()
    for threads in all_threads:
        threads.follower.join(deadline)
        threads.transpiler.join(deadline)
        threads.engine.join(deadline)
