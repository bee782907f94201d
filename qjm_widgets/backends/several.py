"""Calls that wait for a network, several at a time."""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

T = TypeVar("T")


def several(
    calls: Sequence[Callable[[], T]], *, threads: int = 4, within: float | None = None
) -> Iterator[tuple[int, T | Exception]]:
    """Make calls on a few daemon threads; yields their index and what they gave or raised, as it comes.

    Args:
        calls: each is made once.
        threads: so many at a time.
        within: seconds after which no further call is begun; what was begun is waited for.
    """
    waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
    answers: queue.SimpleQueue[tuple[int, T | Exception] | None] = queue.SimpleQueue()
    for index in range(len(calls)):
        waiting.put(index)
    deadline = None if within is None else time.monotonic() + within

    def work() -> None:
        while deadline is None or time.monotonic() < deadline:
            try:
                index = waiting.get_nowait()
            except queue.Empty:
                break
            try:
                answers.put((index, calls[index]()))
            except Exception as error:
                answers.put((index, error))
        answers.put(None)

    running = min(threads, len(calls))
    for number in range(running):
        # No ThreadPoolExecutor: Python joins its threads at exit, and a call may hang.
        threading.Thread(target=work, name=f"qjm-several-{number}", daemon=True).start()
    while running:
        answer = answers.get()
        if answer is None:
            running -= 1
        else:
            yield answer
