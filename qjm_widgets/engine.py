"""The engine: one thread that decides and alone writes statuses.

Everything reaches it as a message: wishes of users, replies of backends, circuits that were written.
Each turn it takes all messages, decides, writes every change of the turn in one transaction, and only
then tells others and lets calls go out. It never makes a call that could block.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

from qjm_widgets.core.errors import ClosedError, StoreError
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.ports import BackendAdapter, Changes, Clock, JobStore
from qjm_widgets.core.records import JobRecord, Status, StatusChange
from qjm_widgets.driver import Driver
from qjm_widgets.live import LiveSet
from qjm_widgets.set_state import SetState

_LOG = logging.getLogger(__name__)

_STORE_RETRY = 1.0
"""Seconds until a store that could not be written is tried again."""


class Engine:
    """Drives the job sets of one manager."""

    def __init__(self, store: JobStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._sets: dict[str, SetState] = {}
        self._drivers: dict[int, Driver] = {}
        self._changes: dict[str, Changes] = {}
        self._outcomes: dict[str, dict[int, JobOutcome]] = {}
        self._after: list[Callable[[], None]] = []
        self._store_retry: float | None = None
        self._stopping = False
        self._ended = False
        self._thread: threading.Thread | None = None
        self._starting = threading.Lock()

    # -- from any thread -----------------------------------------------------------------------------

    def post(self, message: Callable[[], None]) -> None:
        """Run a function on the engine's thread; it must not block."""
        with self._starting:
            if self._ended:
                return
            if self._thread is None:
                self._thread = threading.Thread(target=self._loop, name="qjm-engine", daemon=True)
                self._thread.start()
        self._inbox.put(message)

    def ask(self, function: Callable[[], Any], timeout: float = 30.0) -> Any:
        """Run a function on the engine's thread and wait until what it changed is on disk.

        Args:
            function: decides and changes; it must not block.
            timeout: seconds.

        Raises:
            ClosedError: the engine was stopped.
        """
        if self._stopping:
            raise ClosedError("the manager is closed")
        if threading.current_thread() is self._thread:
            return function()
        reply: Future[Any] = Future()

        def message() -> None:
            try:
                result = function()
            except BaseException as error:
                reply.set_exception(error)
            else:
                self._after.append(lambda: reply.set_result(result))

        self.post(message)
        return reply.result(timeout)

    def add(self, live: LiveSet) -> None:
        """Drive a set from now on."""
        assert live.adapter is not None
        adapter = live.adapter

        def message() -> None:
            self._sets[live.set_id] = SetState(live, self._driver(adapter))

        self.post(message)

    def circuits_written(self, live: LiveSet, upto: int) -> None:
        """The circuits before ``upto`` are on disk: their jobs may be sent."""

        def message() -> None:
            state = self._sets.get(live.set_id)
            if state is not None:
                state.written = max(state.written, upto)

        self.post(message)

    def fail_rows(self, live: LiveSet, rows: Sequence[int], text: str) -> None:
        """Jobs that can never be sent, and why."""

        def message() -> None:
            state = self._sets.get(live.set_id)
            for row in rows if state is not None else ():
                if state is not None and state.jobs[row].status is Status.NOT_SENT:
                    state.unsendable.add(row)
                    self.change(state, row, Status.ERROR, error=text)

        self.post(message)

    def cancel(self, live: LiveSet, rows: Sequence[int]) -> int:
        """Cancel jobs; how many were not over yet."""
        return int(self.ask(lambda: self._cancel(self._state(live), rows)))

    def retry(self, live: LiveSet, rows: Sequence[int], statuses: Sequence[Status]) -> int:
        """Send jobs in one of the statuses again; how many there were."""
        return int(self.ask(lambda: self._retry(self._state(live), rows, statuses)))

    def amend_set(self, live: LiveSet, **fields: Any) -> None:
        """Change what is known of a set, driven or not; it is on disk when this returns."""

        def message() -> None:
            record = replace(live.record, **fields)
            self._store.update_set(record)
            live.record = record
            live.notify()

        self.ask(message)

    def forget(self, live: LiveSet) -> None:
        """Stop driving a set."""
        self.ask(lambda: self._sets.pop(live.set_id, None))

    def stop(self, timeout: float = 5.0) -> None:
        """Stop all threads in bounded time (seconds); jobs at a backend go on.

        A submission under way is waited for within that time, so that its job id is not lost.
        """
        with self._starting:
            if self._stopping:
                return
            self._stopping = True
            thread = self._thread
        deadline = time.monotonic() + timeout
        for driver in list(self._drivers.values()):
            driver.stop(deadline)
        self._inbox.put(self._end)
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.1, deadline - time.monotonic()))

    def _end(self) -> None:
        self._ended = True
        for driver in self._drivers.values():
            driver.unsend()

    # -- on the engine's thread ----------------------------------------------------------------------

    def now(self) -> float:
        """Seconds on the monotonic clock."""
        return self._clock.monotonic()

    def wall(self) -> float:
        """Seconds since 1970, UTC."""
        return self._clock.time()

    def change(
        self,
        state: SetState,
        row: int,
        status: Status,
        *,
        outcome: JobOutcome | None = None,
        text: str | None = None,
        **fields: Any,
    ) -> JobRecord:
        """Give a job another status; it is written at the end of the turn."""
        at = self._clock.time()
        job = replace(state.jobs[row], status=status, since=at, **fields)
        changes = self._note(state, job)
        changes.history.append(
            StatusChange(row, job.attempt, status, at, job.job_id, text or fields.get("error"))
        )
        if outcome is not None:
            changes.outcomes[row] = outcome.encode()
            self._outcomes.setdefault(state.live.set_id, {})[row] = outcome
        return job

    def amend(self, state: SetState, row: int, **fields: Any) -> JobRecord:
        """Change what is known of a job, not its status."""
        job = replace(state.jobs[row], **fields)
        self._note(state, job)
        return job

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once this turn's changes are on disk."""
        self._after.append(action)

    def _note(self, state: SetState, job: JobRecord) -> Changes:
        state.jobs[job.row] = job
        changes = self._changes.setdefault(state.live.set_id, Changes())
        changes.jobs.append(job)
        return changes

    def _state(self, live: LiveSet) -> SetState:
        state = self._sets.get(live.set_id)
        if state is None:
            raise ClosedError("this job set is not driven by this manager")
        return state

    def _driver(self, adapter: BackendAdapter) -> Driver:
        driver = self._drivers.get(id(adapter))
        if driver is None:
            driver = self._drivers[id(adapter)] = Driver(adapter, self)
        return driver

    def _loop(self) -> None:
        while True:
            self._take_messages()
            if self._ended:
                self._write()
                return
            try:
                if self._store_retry is None and not self._stopping:
                    for driver in self._drivers.values():
                        driver.step([s for s in self._sets.values() if s.driver is driver])
            except Exception:
                _LOG.exception("the engine met an error of its own")
            self._write()

    def _take_messages(self) -> None:
        """All messages that are there; waits for one until something is due."""
        try:
            message = self._inbox.get(timeout=self._wait())
        except queue.Empty:
            return
        while True:
            try:
                message()
            except Exception:
                _LOG.exception("the engine could not handle a message")
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                return

    def _wait(self) -> float | None:
        due = [driver.due() for driver in self._drivers.values()]
        due.append(self._store_retry)
        times = [time for time in due if time is not None]
        return max(0.0, min(times) - self.now()) if times else None

    def _write(self) -> None:
        """One transaction for the whole turn; then tell others."""
        if self._changes:
            if self._store_retry is not None and self.now() < self._store_retry and not self._ended:
                return
            try:
                self._store.commit(self._changes)
            except StoreError as error:
                self._trouble(str(error))
                return
            if self._store_retry is not None:
                self._store_retry = None
                self._tell_trouble(None)
            changes, self._changes = self._changes, {}
            outcomes, self._outcomes = self._outcomes, {}
            for set_id, changed in changes.items():
                state = self._sets.get(set_id)
                if state is not None:
                    newest = {job.row: job for job in changed.jobs}
                    state.live.publish(list(newest.values()), outcomes.get(set_id, {}))
        after, self._after = self._after, []
        for action in after:
            action()

    def _trouble(self, text: str) -> None:
        """The store cannot be written: keep the changes, send nothing, try again."""
        first = self._store_retry is None
        self._store_retry = self.now() + _STORE_RETRY
        if first:
            _LOG.error("%s", text)
            self._tell_trouble(text)

    def _tell_trouble(self, text: str | None) -> None:
        for state in self._sets.values():
            state.live.trouble = text
            state.live.notify()

    def _cancel(self, state: SetState, rows: Sequence[int]) -> int:
        wished = 0
        for row in rows:
            job = state.jobs[row]
            if job.status.final:
                continue
            wished += 1
            if job.status in (Status.NOT_SENT, Status.HELD) or state.driver.revoke(state, row):
                self.change(state, row, Status.CANCELLED, cancel_requested=True, finished_at=self.wall())
            else:
                self.amend(state, row, cancel_requested=True)
                state.driver.cancel(state, row)
        return wished

    def _retry(self, state: SetState, rows: Sequence[int], statuses: Sequence[Status]) -> int:
        chosen = [
            row
            for row in dict.fromkeys(rows)
            if state.jobs[row].status in statuses and row not in state.unsendable
        ]
        for row in chosen:
            state.driver.drop(state, row)
            self.change(
                state,
                row,
                Status.NOT_SENT,
                text="retry",
                attempt=state.jobs[row].attempt + 1,
                cancel_requested=False,
                job_id=None,
                sent_at=None,
                running_at=None,
                finished_at=None,
                checked_at=None,
                error=None,
                last_error=None,
            )
        state.unsent = sorted({*state.unsent, *chosen}, reverse=True)
        return len(chosen)
