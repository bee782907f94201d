"""The submissions of a set: a future for each job, and a logged warning when they wait."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future

from qjm_widgets._printable import printable
from qjm_widgets.core.records import Status
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)


def warn_of_waiting(state: JobSetState) -> None:
    """Log a warning each time that submission starts to wait for the backend or the store."""
    logged: str | None = None

    def log_reason() -> None:
        nonlocal logged
        reason = state.trouble or _reason(state)
        if reason != logged:
            logged = reason
            if reason is not None:
                _LOG.warning("%s", printable(f"Job set {state.record.name} waits: {reason}"))

    state.watchers.add(log_reason)


def _reason(state: JobSetState) -> str | None:
    """Return why submission waits, such as a job limit; None if it only keeps its pace."""
    if state.waiting is None:
        return None
    _, found, reason = state.waiting.text.partition(" (")
    return reason.removesuffix(")") if found else None


class Submissions:
    """A ``Future`` for each job of a set that is driven here, made when it is first read."""

    def __init__(self, state: JobSetState) -> None:
        self._state = state
        self._lock = threading.Lock()
        self._futures: dict[int, Future[None]] = {}
        self._open: set[int] = set()

    def future(self, row: int) -> Future[None]:
        """Return the future of a job.

        It is done when the job was submitted, failed, was cancelled or is held, or the set was closed.
        """
        with self._lock:
            future = self._futures.get(row)
            if future is None:
                future = self._futures[row] = Future()
                future.set_running_or_notify_cancel()
                if not self._open:
                    self._state.watchers.add(self._finish_futures)
                self._open.add(row)
        self._finish_futures()
        return future

    def _finish_futures(self) -> None:
        with self._lock:
            finished = [row for row in self._open if self._is_finished(row)]
            self._open.difference_update(finished)
            if finished and not self._open:
                self._state.watchers.remove(self._finish_futures)
        for row in finished:
            self._futures[row].set_result(None)

    def _is_finished(self, row: int) -> bool:
        return self._state.closed or self._state.jobs[row].status not in (
            Status.NOT_SENT,
            Status.SENDING,
        )
