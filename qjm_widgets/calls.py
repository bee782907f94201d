"""Calls to a backend, which may take long or never return: on daemon threads of their own.

No ``ThreadPoolExecutor``: Python joins its threads at exit, and a call that hangs would hold the
interpreter.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
import warnings
from collections.abc import Callable
from typing import Any

_LOG = logging.getLogger(__name__)

_PREFIX = "qjm-"
"""How the names of our threads begin."""


class Lane:
    """One thread that makes calls one after another.

    A lane whose call hangs is abandoned: its thread ends after that call, if ever, and makes no other.

    Args:
        name: of the thread.
        idle: without a call for so many seconds the thread ends, and the next call starts another; None
            keeps it until ``stop``.
    """

    def __init__(self, name: str, idle: float | None = None) -> None:
        self._name = name
        self._idle = idle
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        self._stopped = False
        self._lock = threading.Lock()
        self._waiting = 0
        self._since: float | None = None

    def call(self, work: Callable[[], None]) -> None:
        """Queue a call; it has to catch what it raises."""
        with self._lock:
            if self._stopped:
                return
            self._waiting += 1
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._thread.start()
        self._calls.put(work)

    @property
    def backlog(self) -> int:
        """Calls queued or under way."""
        return self._waiting

    def busy_for(self) -> float:
        """Seconds that the call under way has taken so far; 0 when there is none."""
        since = self._since
        return 0.0 if since is None else time.monotonic() - since

    def stop(self) -> None:
        """Make no further call."""
        with self._lock:
            self._stopped = True
            self._calls.put(None)

    def join(self, timeout: float) -> bool:
        """Wait (seconds) for the thread to end; True when it has."""
        thread = self._thread
        if thread is None or thread is threading.current_thread():
            return True
        thread.join(timeout)
        return not thread.is_alive()

    def _next(self) -> Callable[[], None] | None:
        """The next call; None at the end."""
        while True:
            try:
                return self._calls.get(timeout=self._idle)
            except queue.Empty:
                with self._lock:
                    if self._waiting == 0:
                        self._thread = None
                        return None

    def _run(self) -> None:
        while (work := self._next()) is not None:
            if self._stopped:
                return
            self._since = time.monotonic()
            log_warnings()
            try:
                work()
            except BaseException:  # the lane lives on, whatever a backend raises
                _LOG.exception("a call to a backend raised outside its guard")
            finally:
                del work  # what it holds (handles, and on a cluster their results) is let go of now
                self._since = None
                with self._lock:
                    self._waiting -= 1


class SteadyLane:
    """A lane that goes on with another thread when a call hangs.

    Args:
        name: of its threads.
        most: with so many threads hanging, calls wait behind the last one.
    """

    def __init__(self, name: str, most: int) -> None:
        self._name = name
        self._most = most
        self._lane = Lane(name)
        self._hanging: list[Lane] = []

    @property
    def backlog(self) -> int:
        """Calls queued or under way, but for those that were given up."""
        return self._lane.backlog

    def call(self, work: Callable[[], None]) -> None:
        """Queue a call; it has to catch what it raises."""
        self._lane.call(work)

    def busy_for(self) -> float:
        """Seconds that the call under way has taken so far; 0 when there is none."""
        return self._lane.busy_for()

    def hangs(self, seconds: float) -> bool:
        """Whether the call under way has taken so long."""
        return self.busy_for() >= seconds

    def give_up(self) -> None:
        """Leave the call under way alone: what was queued behind it is not made, others are."""
        self._hanging = [lane for lane in self._hanging if not lane.join(0)]
        if len(self._hanging) < self._most:
            self._hanging.append(self._lane)
            self._lane.stop()
            self._lane = Lane(self._name)

    def stop(self) -> None:
        """Make no further call."""
        self._lane.stop()

    def join(self, timeout: float) -> bool:
        """Wait (seconds) for the call under way, if it is not given up; True when it has ended."""
        return self._lane.join(timeout)


class _Show:
    """Shows warnings as before, except those of our threads, which are logged.

    What a thread prints lands in whatever cell runs at that moment, or after the prompt of a script.
    Only the showing is changed: ``catch_warnings`` would change the filters of all threads.
    """

    def __init__(self, before: Callable[..., Any]) -> None:
        self._before = before

    def __call__(self, message: Any, category: Any, filename: Any, lineno: Any, *more: Any) -> None:
        if threading.current_thread().name.startswith(_PREFIX):
            _LOG.info("%s", warnings.formatwarning(message, category, filename, lineno))
        else:
            self._before(message, category, filename, lineno, *more)


def log_warnings() -> None:
    """Log the warnings of our threads; looked at before each call, as anybody may show them anew."""
    if not isinstance(warnings.showwarning, _Show):
        warnings.showwarning = _Show(warnings.showwarning)  # type: ignore[assignment]
