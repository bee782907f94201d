"""Wait until sets have changed, and handle the messages of their pages meanwhile."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, ExitStack, nullcontext, suppress
from typing import Self, TypeAlias

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


class Changes:
    """The changes of some sets, as a context manager. An interrupt ends the waiting, not the jobs.

    Args:
        states: the sets.
        deadline: the end of all waits, in monotonic seconds; None for no limit.
        meanwhile: called after each wait.
    """

    def __init__(
        self,
        states: Iterable[JobSetState],
        deadline: float | None,
        meanwhile: Callable[[], None] | None = None,
    ) -> None:
        self._states = list(states)
        self._deadline = deadline
        self._meanwhile = meanwhile
        self._changed = threading.Event()
        # Wakes a wait on an event loop.
        self._wake: Callable[[], object] | None = None
        self._stack = ExitStack()
        self._pump: Pump | None = None

    def __enter__(self) -> Self:
        self._pump = self._stack.enter_context(_Waiting.open_pump())
        for state in self._states:
            state.watchers.add(self._notice)
        return self

    def __exit__(self, *_: object) -> None:
        for state in self._states:
            state.watchers.remove(self._notice)
        self._stack.close()

    def wait(self) -> bool:
        """Return after a change, or after a pause; False if the time is over.

        Raises:
            ClosedError: the manager of a set was closed.
        """
        left = self._pause()
        if left is None:
            return False
        self._changed.wait(left)
        self._handle()
        return True

    async def wait_async(self) -> bool:
        """Wait on the event loop of the caller; otherwise as ``wait``."""
        left = self._pause()
        if left is None:
            return False
        loop, changed = asyncio.get_running_loop(), asyncio.Event()
        self._wake = lambda: loop.call_soon_threadsafe(changed.set)
        if not self._changed.is_set():
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(changed.wait(), left)
        self._wake = None
        self._handle()
        return True

    def _pause(self) -> float | None:
        """Return how many seconds to wait; None if the time is over."""
        pause = _INTERVAL if self._pump is None else _PAGE_INTERVAL
        left = pause if self._deadline is None else min(pause, self._deadline - time.monotonic())
        if left <= 0:
            return None
        if any(state.closed for state in self._states):
            raise ClosedError(
                "the manager of this set was closed, so its jobs are not polled any more: "
                "retrieve it with another one"
            )
        return left

    def _handle(self) -> None:
        # Cleared before the caller looks at the sets: a change after that is not missed.
        self._changed.clear()
        if self._pump is not None:
            self._pump()
        if self._meanwhile is not None:
            self._meanwhile()

    def _notice(self) -> None:
        self._changed.set()
        if (wake := self._wake) is not None:
            wake()


def deadline_after(timeout: float | None) -> float | None:
    """Return the time ``timeout`` seconds from now, in monotonic seconds; None stays None."""
    return None if timeout is None else time.monotonic() + timeout


def wait_until(
    state: JobSetState,
    reached: Callable[[], bool],
    timeout: float | None,
    meanwhile: Callable[[], None] | None = None,
) -> bool:
    """Wait until a condition of a set is true. An interrupt ends the waiting, not the jobs.

    Args:
        state: the set.
        reached: the condition; called after every publication.
        timeout: seconds; None waits without limit.
        meanwhile: called repeatedly.

    Returns:
        True if the condition is true; False if the time was over before.

    Raises:
        ClosedError: the manager was closed before.
    """
    with Changes([state], deadline_after(timeout), meanwhile) as changes:
        while not reached():
            if not changes.wait():
                return False
        return True


async def wait_until_settled(state: JobSetState) -> None:
    """Wait on the event loop of the caller until no job of a set changes by itself.

    Raises:
        ClosedError: the manager was closed before.
    """
    with Changes([state], None) as changes:
        while not state.settled:
            await changes.wait_async()
