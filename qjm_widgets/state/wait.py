"""Block until a set has changed, and handle the messages of its page meanwhile."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from typing import TypeAlias

from qjm_widgets.errors import ClosedError
from qjm_widgets.state.job_set_state import JobSetState

#: Seconds between two wake-ups, so that an interrupt ends the wait on every platform.
_INTERVAL = 0.5
#: Seconds between two wake-ups if a page may send messages.
_PAGE_INTERVAL = 0.05

#: Handles the messages that have arrived.
Pump: TypeAlias = Callable[[], None]
#: Returns a context manager for the time of a wait. It gives a pump to call repeatedly, or None.
OpenPump: TypeAlias = Callable[[], AbstractContextManager[Pump | None]]


class _Waiting:
    open_pump: OpenPump = nullcontext


def set_pump(open_pump: OpenPump) -> None:
    """Set the function that opens a pump for each wait; the widgets call this in an ipykernel."""
    _Waiting.open_pump = open_pump


def wait_until(
    state: JobSetState,
    reached: Callable[[], bool],
    timeout: float | None,
    meanwhile: Callable[[], None] | None = None,
) -> bool:
    """Wait until a condition of a set is true. An interrupt ends the waiting, not the jobs.

    Args:
        state: the set.
        reached: the condition; called after every publication, with ``state.changed`` held.
        timeout: seconds; None waits without limit.
        meanwhile: called repeatedly.

    Returns:
        True if the condition is true; False if the time was over before.

    Raises:
        ClosedError: the manager was closed before.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with _Waiting.open_pump() as pump:
        pause = _INTERVAL if pump is None else _PAGE_INTERVAL
        while True:
            with state.changed:
                if reached():
                    return True
                left = pause if deadline is None else min(pause, deadline - time.monotonic())
                if left <= 0:
                    return False
                if state.closed:
                    raise ClosedError(
                        "the manager of this set was closed, so its jobs are not polled any more: "
                        "retrieve it with another one"
                    )
                state.changed.wait(left)
            # Without the lock: a message may change the set.
            if pump is not None:
                pump()
            if meanwhile is not None:
                meanwhile()
