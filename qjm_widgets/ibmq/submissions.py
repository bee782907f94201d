"""How a set's submissions stand: a future for each job, and a warning where they wait."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future

from qjm_widgets._printable import printable
from qjm_widgets.core.records import Status
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)


def warn_of_waiting(state: JobSetState) -> None:
    """Log a warning each time that sending begins to wait for something: a job limit, the store."""
    told: str | None = None

    def look() -> None:
        nonlocal told
        why = state.trouble or _reason(state)
        if why != told:
            told = why
            if why is not None:
                _LOG.warning("%s", printable(f"Job set {state.record.name} waits: {why}"))

    state.watch(look)


def _reason(state: JobSetState) -> str | None:
    """What a backend makes the set wait for; None where nothing does, or only its pace or the user."""
    if state.waiting is None:
        return None
    _, found, reason = state.waiting.text.partition(" (")
    return reason.removesuffix(")") if found else None


class Submissions:
    """A ``Future`` for each job of a set that is driven here; made when it is first asked for."""

    def __init__(self, state: JobSetState) -> None:
        self._live = state
        self._lock = threading.Lock()
        self._futures: dict[int, Future[None]] = {}
        self._open: set[int] = set()

    def future(self, row: int) -> Future[None]:
        """Running until the job was sent, failed to be, or was cancelled before."""
        with self._lock:
            future = self._futures.get(row)
            if future is None:
                future = self._futures[row] = Future()
                future.set_running_or_notify_cancel()
                if not self._open:
                    self._live.watch(self._look)
                self._open.add(row)
        self._look()
        return future

    def _look(self) -> None:
        with self._lock:
            over = [row for row in self._open if self._is_over(row)]
            self._open.difference_update(over)
            if over and not self._open:
                self._live.unwatch(self._look)
        for row in over:
            self._futures[row].set_result(None)

    def _is_over(self, row: int) -> bool:
        return self._live.closed or self._live.jobs[row].status not in (Status.NOT_SENT, Status.SENDING)
