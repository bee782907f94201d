"""One thread that runs messages in turns: all messages that wait, then one step."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable

from qjm_widgets._threads import join_until, start_thread

_LOG = logging.getLogger(__name__)

#: The longest wait in seconds: a server may request more than a thread can wait.
_LONGEST_WAIT = 3600.0


class MessageLoop:
    """A thread that runs the functions that any thread posts. The first ``post`` starts it.

    Args:
        name: the name of the thread.
        wait: returns the seconds until the next step is due without a message; None if none is due.
        step: called after the messages of each turn; it must not raise.
        last_step: called in the place of ``step`` after the last messages, when the loop ends.
    """

    def __init__(
        self,
        name: str,
        *,
        wait: Callable[[], float | None],
        step: Callable[[], None],
        last_step: Callable[[], None],
    ) -> None:
        self._name = name
        self._wait = wait
        self._step = step
        self._last_step = last_step
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._ended = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    def post(self, message: Callable[[], None]) -> None:
        """Run a function on the loop's thread; it must not block. No-op after the end."""
        with self._starting:
            if self._ended:
                return
            if self._thread is None:
                self._thread = start_thread(self._run, self._name)
        self._inbox.put(message)

    def is_current(self) -> bool:
        """Return whether this is the loop's thread."""
        return threading.current_thread() is self._thread

    def join(self, deadline: float) -> None:
        """End the thread after the messages that wait; wait for that until the deadline.

        The deadline is in monotonic seconds. The wait takes at least 0.1 seconds if the thread goes on.
        """
        self._inbox.put(self._end)
        if self._thread is not None and not self.is_current():
            join_until(self._thread, deadline, least=0.1)

    def _end(self) -> None:
        self._ended = True

    def _run(self) -> None:
        while True:
            self._take_messages()
            if self._ended:
                self._last_step()
                return
            self._step()

    def _take_messages(self) -> None:
        """Wait for a message until the next step is due; run it and all others that wait."""
        seconds = self._wait()
        try:
            timeout = None if seconds is None else min(_LONGEST_WAIT, max(0.0, seconds))
            message = self._inbox.get(timeout=timeout)
        except queue.Empty:
            return
        while True:
            try:
                message()
            except BaseException:  # third parties' objects may raise anything: the loop continues
                _LOG.exception("the engine could not handle a message")
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                return
