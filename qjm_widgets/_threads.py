"""Daemon threads, and queues of calls that run on them. A call may take long or never return.

``ThreadPoolExecutor`` is not used: Python joins its threads at exit, so a call that hangs would keep the
interpreter from ending.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from qjm_widgets._warnings import log_warnings

T = TypeVar("T")

_LOG = logging.getLogger(__name__)

#: Seconds after which a call hangs: other calls no longer wait for it.
STALL = 5.0
#: Seconds after which a call that was not answered has failed.
DEADLINE = 60.0
#: The most threads of a queue that may be left hanging; if so many hang, further calls wait.
MOST_HANGING = 8


def start_thread(target: Callable[[], object], name: str) -> threading.Thread:
    """Start a daemon thread, which does not keep the interpreter from ending.

    Args:
        target: the function that it runs.
        name: the thread's name. It begins with "qjm-", so that the thread's warnings are logged.
    """
    thread = threading.Thread(target=target, name=name, daemon=True)
    thread.start()
    return thread


def join_until(thread: threading.Thread | None, deadline: float, *, least: float = 0.0) -> None:
    """Wait for the end of a thread until a deadline (monotonic seconds), or for ``least`` seconds.

    The later of both times counts.
    """
    if thread is not None:
        thread.join(max(least, deadline - time.monotonic()))


class Call:
    """A call that knows how long it has taken so far."""

    def __init__(self, work: Callable[[], object]) -> None:
        self._work = work
        self._since: float | None = None

    def __call__(self) -> None:
        """Make the call."""
        self._since = time.monotonic()
        try:
            self._work()
        finally:
            self._since = None

    def busy_for(self) -> float:
        """Return how many seconds it has taken so far; 0 before it begins, and after its end."""
        since = self._since
        return 0.0 if since is None else time.monotonic() - since


class _Worker:
    """A thread of a call queue.

    ``since`` is when its call began, in monotonic seconds; None between calls.
    """

    def __init__(self) -> None:
        self.thread: threading.Thread | None = None
        self.since: float | None = None


class CallQueue:
    """A queue of calls, which a thread makes one after another.

    While a call hangs, another thread can make the next calls (``relieve``).

    Args:
        name: the name of its threads.
        most: the most threads that may be left hanging; if so many hang, further calls wait.
        idle: seconds without a call after which the thread ends; the next call starts another. None
            keeps the thread until ``stop``.
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
        """Queue a call, which must catch its own errors. No-op after ``stop``."""
        with self._lock:
            if self._stopped:
                return
            self._waiting += 1
            if self._worker is None:
                self._start()
        self._calls.put(work)

    @property
    def backlog(self) -> int:
        """The number of calls that are queued or under way, without calls that were left hanging."""
        return self._waiting

    def busy_for(self) -> float:
        """Return how many seconds the call under way has taken so far; 0 if there is none."""
        worker = self._worker
        since = None if worker is None else worker.since
        return 0.0 if since is None else time.monotonic() - since

    def hangs(self, seconds: float) -> bool:
        """Return whether the call under way has taken at least so many seconds."""
        return self.busy_for() >= seconds

    def relieve(self, seconds: float) -> bool:
        """Leave the call under way hanging if it has taken so many seconds; start another thread.

        The new thread makes the next calls.

        Returns:
            True if that was done. False if no call has taken so long, if too many threads hang already,
            or after ``stop``.
        """
        with self._lock:
            worker = self._worker
            if worker is None or worker.since is None or not self.hangs(seconds) or self._stopped:
                return False
            self._hanging = [worker for worker in self._hanging if _is_alive(worker)]
            if len(self._hanging) >= self._most:
                return False
            self._hanging.append(worker)
            self._waiting -= 1
            self._start()
            return True

    @property
    def hanging(self) -> bool:
        """Whether any call that was left hanging has not returned yet."""
        return any(map(_is_alive, self._hanging))

    def stop(self) -> None:
        """Make no further call."""
        with self._lock:
            self._stopped = True
            self._calls.put(None)

    def join(self, timeout: float) -> bool:
        """Wait ``timeout`` seconds for the thread to end after ``stop``; return whether it has ended.

        A thread that was left hanging is not waited for.
        """
        worker = self._worker
        if worker is None or worker.thread is None or worker.thread is threading.current_thread():
            return True
        worker.thread.join(timeout)
        return not worker.thread.is_alive()

    def _start(self) -> None:
        worker = self._worker = _Worker()
        worker.thread = start_thread(lambda: self._run(worker), self._name)

    def _run(self, worker: _Worker) -> None:
        while (work := self._next(worker)) is not None:
            log_warnings()
            try:
                work()
            except BaseException:  # backends may raise anything: the thread continues
                _LOG.exception("a call to a backend raised outside its guard")
            del work  # frees what it holds now: handles, and on a cluster their results
            with self._lock:
                if self._worker is not worker:  # another thread has replaced this one
                    return
                worker.since = None
                self._waiting -= 1

    def _next(self, worker: _Worker) -> Callable[[], None] | None:
        """Return the next call; None if the thread is to end. One thread at a time runs this."""
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


def _is_alive(worker: _Worker) -> bool:
    return worker.thread is not None and worker.thread.is_alive()


def run_concurrently(
    calls: Sequence[Callable[[], T]], *, threads: int = 4, within: float | None = None
) -> Iterator[tuple[int, T | Exception]]:
    """Make calls on a few daemon threads; yield each call's index and its result or error when it ends.

    Args:
        calls: each is made once.
        threads: how many run at a time.
        within: seconds after which no further call begins; calls that have begun are waited for. None
            makes all calls.
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
        start_thread(work, f"qjm-several-{number}")
    while running:
        answer = answers.get()
        if answer is None:
            running -= 1
        else:
            yield answer
