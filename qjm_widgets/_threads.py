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
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

_PREFIX = "qjm-"
"""How the names of our threads begin."""

#: Seconds after which other calls no longer wait for one.
STALL = 5.0
#: Seconds after which a call has not been answered: what it was about is asked again.
DEADLINE = 60.0


class Call:
    """A call that knows how long it has taken so far."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._since: float | None = None

    def __call__(self) -> None:
        """Make it."""
        self._since = time.monotonic()
        try:
            self._work()
        finally:
            self._since = None

    def busy_for(self) -> float:
        """Seconds since it began; 0 while it has not, and when it is over."""
        since = self._since
        return 0.0 if since is None else time.monotonic() - since


class _Worker:
    """A thread of a lane; ``since`` is when its call began, None between calls."""

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.since: float | None = None


class CallQueue:
    """Makes calls one after another on a thread, and on another one while a call hangs.

    Args:
        name: of its threads.
        most: with so many threads hanging, calls wait behind the last one.
        idle: without a call for so many seconds the thread ends, and the next call starts another; None
            keeps it until ``stop``.
    """

    def __init__(self, name: str, *, most: int = 0, idle: float | None = None) -> None:
        self._name = name
        self._most = most
        self._idle = idle
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._worker: _Worker | None = None
        self._hanging: list[_Worker] = []
        self._stopped = False
        self._lock = threading.Lock()
        self._waiting = 0

    def call(self, work: Callable[[], None]) -> None:
        """Queue a call; it has to catch what it raises."""
        with self._lock:
            if self._stopped:
                return
            self._waiting += 1
            if self._worker is None:
                self._start()
        self._calls.put(work)

    @property
    def backlog(self) -> int:
        """Calls queued or under way, but for those that were left alone."""
        return self._waiting

    def busy_for(self) -> float:
        """Seconds that the call under way has taken so far; 0 when there is none."""
        worker = self._worker
        since = None if worker is None else worker.since
        return 0.0 if since is None else time.monotonic() - since

    def hangs(self, seconds: float) -> bool:
        """Whether the call under way has taken so long."""
        return self.busy_for() >= seconds

    def relieve(self, seconds: float) -> bool:
        """Leave a call alone that has taken so long: what waits behind it goes out on another thread.

        Returns:
            Whether that was done: not where nothing hangs, nor where too many threads hang already.
        """
        with self._lock:
            worker = self._worker
            if worker is None or worker.since is None or not self.hangs(seconds) or self._stopped:
                return False
            self._hanging = [each for each in self._hanging if _lives(each)]
            if len(self._hanging) >= self._most:
                return False
            self._hanging.append(worker)
            self._waiting -= 1
            self._start()
            return True

    @property
    def hanging(self) -> bool:
        """Whether calls that were left alone have not come back."""
        return any(map(_lives, self._hanging))

    def stop(self) -> None:
        """Make no further call."""
        with self._lock:
            self._stopped = True
            self._calls.put(None)

    def join(self, timeout: float) -> bool:
        """Wait (seconds) for the call under way, if it is not left alone; True when it has ended."""
        worker = self._worker
        if worker is None or worker.thread is None or worker.thread is threading.current_thread():
            return True
        worker.thread.join(timeout)
        return not worker.thread.is_alive()

    def _start(self) -> None:
        worker = self._worker = _Worker()
        worker.thread = threading.Thread(target=self._run, args=(worker,), name=self._name, daemon=True)
        worker.thread.start()

    def _run(self, worker: _Worker) -> None:
        while (work := self._next(worker)) is not None:
            log_warnings()
            try:
                work()
            except BaseException:  # the lane lives on, whatever a backend raises
                _LOG.exception("a call to a backend raised outside its guard")
            del work  # what it holds (handles, and on a cluster their results) is let go of now
            with self._lock:
                if self._worker is not worker:  # another goes on
                    return
                worker.since = None
                self._waiting -= 1

    def _next(self, worker: _Worker) -> Callable[[], None] | None:
        """The next call; None at the end. It is asked for by one thread at a time."""
        while True:
            try:
                work = self._calls.get(timeout=self._idle)
            except queue.Empty:
                with self._lock:
                    if self._waiting == 0:
                        self._worker = None
                        return None
            else:
                with self._lock:
                    worker.since = time.monotonic()
                    return None if self._stopped else work


def _lives(worker: _Worker) -> bool:
    return worker.thread is not None and worker.thread.is_alive()


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


def run_concurrently(
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
