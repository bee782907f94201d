"""Blocking until a set has changed, while what the page says is still heard."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext

from qjm_widgets.errors import ClosedError
from qjm_widgets.state.job_set_state import JobSetState

_LISTENING = 0.5
"""Waiting looks up so often (seconds), so that an interrupt is heard on every platform."""
_HEARING = 0.05
"""And so often where a page may click."""

Hear = Callable[[], None]
Ear = Callable[[], AbstractContextManager[Hear | None]]
"""Opened for as long as somebody waits; gives what is called again and again, or None."""


class _Waiting:
    ear: Ear = nullcontext


def listen_with(ear: Ear) -> None:
    """Hear the page while waiting. Said by what shows sets; without a page nothing is loaded for it."""
    _Waiting.ear = ear


def wait_until(
    state: JobSetState,
    reached: Callable[[], bool],
    timeout: float | None,
    meanwhile: Callable[[], None] | None = None,
) -> bool:
    """Wait until a set is as it should be; an interrupt stops the waiting, never the jobs.

    Args:
        live: the set.
        reached: whether it is so; asked after every publication, with ``live.changed`` held.
        timeout: seconds; None waits without limit.
        meanwhile: called again and again.

    Returns:
        False when the time was over before.

    Raises:
        ClosedError: the manager was closed before.
    """
    deadline = None if timeout is None else time.monotonic() + timeout
    with _Waiting.ear() as hear:
        pause = _LISTENING if hear is None else _HEARING
        while True:
            with state.changed:
                if reached():
                    return True
                left = pause if deadline is None else min(pause, deadline - time.monotonic())
                if left <= 0:
                    return False
                if state.closed:
                    raise ClosedError(
                        "the manager of this set was closed, so nobody asks for its jobs any more: "
                        "retrieve it with another one"
                    )
                state.changed.wait(left)
            # Without the lock: what is heard may act on the set.
            if hear is not None:
                hear()
            if meanwhile is not None:
                meanwhile()
