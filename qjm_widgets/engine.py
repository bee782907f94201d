"""The engine: one thread that decides and alone writes statuses.

Everything reaches it as a message: wishes of users, replies of backends, circuits that were written.
Each turn it takes all messages, decides, writes every change of the turn in one transaction, and only
then tells others and lets calls go out. It never makes a call that could block.
"""

from __future__ import annotations

import logging
import queue
import random
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from typing import Any

from qjm_widgets.core.errors import (
    ClosedError,
    InvalidStateError,
    JobSetNotFoundError,
    LeaseLostError,
    StoreError,
    explain,
)
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.pacing import Pace
from qjm_widgets.core.ports import BackendAdapter, Changes, Clock, JobStore
from qjm_widgets.core.records import JobRecord, Span, Status, StatusChange
from qjm_widgets.core.recovery import Recovery, recover
from qjm_widgets.driver import Driver
from qjm_widgets.live import LiveSet
from qjm_widgets.set_state import SetState

_LOG = logging.getLogger(__name__)

_STORE_RETRY = 1.0
"""Seconds until a store that could not be written is tried again."""
_LONGEST_SLEEP = 3600.0
"""Threads cannot wait for as many seconds as a server may ask for."""
BEAT_SECONDS = 15.0
"""How often the store is told that this kernel lives."""
_FRESH: dict[str, Any] = {
    "job_id": None,
    "sent_at": None,
    "running_at": None,
    "finished_at": None,
    "checked_at": None,
    "last_error": None,
    "queue_position": None,
    "estimated_seconds": None,
    "qpu_seconds": None,
    "note": None,
}
"""What a job that is not sent has not."""


class Engine:
    """Drives the job sets of one manager."""

    def __init__(self, store: JobStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self.lost: Callable[[LiveSet], None] = lambda live: None
        """Called with a set that another kernel has taken over."""
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._sets: dict[str, SetState] = {}
        self._drivers: dict[int, Driver] = {}
        self._changes: dict[str, Changes] = {}
        self._outcomes: dict[str, dict[int, JobOutcome]] = {}
        self._after: list[tuple[str | None, Callable[[], None]]] = []
        self._store_retry: float | None = None
        self._trouble_text = "the engine is busy"
        self._beat_due: float | None = None
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
                self._after.append((None, lambda: reply.set_result(result)))

        self.post(message)
        try:
            return reply.result(timeout)
        except FutureTimeoutError:
            raise StoreError(f"not written within {timeout:.0f} s: {self._trouble_text}") from None

    def add(self, live: LiveSet) -> None:
        """Drive a new set from now on; its circuits follow by ``circuits_written``."""
        adapter = live.adapter
        assert adapter is not None

        def message() -> None:
            self._add(live, adapter, written=0)

        self.post(message)

    def resume(self, live: LiveSet) -> None:
        """Drive a set on that another kernel left; what may be lost is looked for."""
        adapter = live.adapter
        assert adapter is not None
        self.ask(lambda: self._resume(live, adapter))

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
        self.ask(lambda: self._forget(live.set_id))

    def pause(self, live: LiveSet, paused: bool) -> None:
        """Hold back what is not sent yet, or let it go."""

        def message() -> None:
            state = self._state(live)
            state.paused = live.paused = paused
            live.notify()

        self.ask(message)

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
        encoded = None
        if outcome is not None:
            try:
                encoded = outcome.encode()
            except Exception as error:  # a third party's result may hold anything
                status = Status.ERROR
                fields["error"] = f"its result cannot be stored: {explain(error)}"
        job = replace(state.jobs[row], status=status, since=at, **fields)
        changes = self._note(state, job)
        changes.history.append(
            StatusChange(row, job.attempt, status, at, job.job_id, text or fields.get("error"))
        )
        if outcome is not None and encoded is not None and self._is_driven(state):
            changes.outcomes[row] = encoded
            self._outcomes.setdefault(state.live.set_id, {})[row] = outcome
        return job

    def amend(self, state: SetState, row: int, **fields: Any) -> JobRecord:
        """Change what is known of a job, not its status."""
        job = replace(state.jobs[row], **fields)
        self._note(state, job)
        return job

    def after_commit(self, action: Callable[[], None], state: SetState | None = None) -> None:
        """Do something once this turn's changes are on disk, if the set is still driven here."""
        self._after.append((None if state is None else state.live.set_id, action))

    def _note(self, state: SetState, job: JobRecord) -> Changes:
        state.jobs[job.row] = job
        if not self._is_driven(state):
            return Changes()  # late words about a set that another kernel has taken over
        changes = self._changes.setdefault(state.live.set_id, Changes())
        changes.jobs.append(job)
        return changes

    def _is_driven(self, state: SetState) -> bool:
        return self._sets.get(state.live.set_id) is state

    def chance(self) -> float:
        """A random number in [0, 1)."""
        return random.random()

    def take_token(self, key: str, pace: Pace) -> float:
        """Take a token of a bucket that all kernels share; seconds to wait, 0 when it was taken."""
        try:
            return self._store.take_token(key, pace, self.wall())
        except StoreError as error:
            self._trouble(str(error))
            return _STORE_RETRY

    def unsend(self, state: SetState, row: int, text: str) -> None:
        """A job was certainly not accepted: it is not sent, or cancelled where that was wished."""
        if state.jobs[row].cancel_requested:
            self.change(state, row, Status.CANCELLED, text=text, finished_at=self.wall())
            return
        self.change(state, row, Status.NOT_SENT, text=text, **{**_FRESH, "last_error": text})
        state.add_unsent([row])

    def hold(self, state: SetState, row: int, text: str) -> None:
        """Nobody can tell whether a job was accepted: the user decides, or has by a cancellation."""
        if state.jobs[row].cancel_requested:
            self.change(state, row, Status.CANCELLED, text=text, finished_at=self.wall())
        else:
            self.change(state, row, Status.HELD, text=text, last_error=text)

    def halve(self, state: SetState, row: int, text: str) -> None:
        """Cut a job of several circuits into two; the second half gets a row of its own."""
        job = state.jobs[row]
        if job.cancel_requested:
            self.unsend(state, row, text)
            return
        start, stop = job.span
        middle = (start + stop) // 2
        second = replace(
            job,
            row=len(state.jobs),
            span=Span(middle, stop),
            status=Status.NOT_SENT,
            since=self.wall(),
            **_FRESH,
        )
        state.jobs[row] = replace(job, span=Span(start, middle))
        self.unsend(state, row, f"too large, cut in halves: {text}")
        state.jobs.append(second)
        self.change(state, second.row, Status.NOT_SENT, text=f"second half of job {row}")
        state.add_unsent([second.row])

    def _add(self, live: LiveSet, adapter: BackendAdapter, *, written: int) -> SetState:
        state = self._sets[live.set_id] = SetState(live, self._driver(adapter), written=written)
        if self._beat_due is None:
            self._beat_due = self.now() + BEAT_SECONDS
        return state

    def _resume(self, live: LiveSet, adapter: BackendAdapter) -> None:
        state = self._add(live, adapter, written=live.record.circuits)
        for job in list(state.jobs):
            recovery = recover(
                job,
                survives=adapter.survives_kernel,
                finds=adapter.finds,
                rerun=live.record.rerun_on_resume,
            )
            if recovery is Recovery.SEND:
                self.unsend(state, job.row, "the kernel that ran it died")
            elif recovery is Recovery.HOLD:
                self.hold(state, job.row, "may have been sent when the kernel died: submit again?")
            elif recovery is not Recovery.KEEP:
                state.driver.recover(state, job.row, recovery)

    def _forget(self, set_id: str) -> None:
        state = self._sets.pop(set_id, None)
        self._changes.pop(set_id, None)
        self._outcomes.pop(set_id, None)
        if state is not None:
            state.driver.forget(state)

    def _state(self, live: LiveSet) -> SetState:
        state = self._sets.get(live.set_id)
        if state is None:
            raise InvalidStateError("this job set is not driven by this kernel any more")
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
                if (
                    not self._changes
                    and self._store_retry is not None
                    and self.now() >= self._store_retry
                ):
                    self._end_trouble()
                if self._store_retry is None and not self._stopping:
                    for driver in self._drivers.values():
                        driver.step([s for s in self._sets.values() if s.driver is driver])
            except Exception:
                _LOG.exception("the engine met an error of its own")
            self._write()
            self._beat()

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
        due += [self._store_retry, self._beat_due]
        times = [time for time in due if time is not None]
        return min(_LONGEST_SLEEP, max(0.0, min(times) - self.now())) if times else None

    def _write(self) -> None:
        """One transaction for the whole turn; then tell others."""
        if self._changes:
            if self._store_retry is not None and self.now() < self._store_retry and not self._ended:
                return
            try:
                self._store.commit(self._changes)
            except LeaseLostError as error:
                self._give_up(error.set_id)
                self._write()
                return
            except JobSetNotFoundError:
                for deleted_id in self._deleted(list(self._changes)):
                    self._give_up(deleted_id)
                self._write()
                return
            except StoreError as error:
                self._trouble(str(error))
                return
            except Exception as error:  # the engine lives on: what is not written is tried again
                self._trouble(f"the job store failed: {explain(error)}")
                return
            self._end_trouble()
            changes, self._changes = self._changes, {}
            outcomes, self._outcomes = self._outcomes, {}
            for changed_id, changed in changes.items():
                state = self._sets.get(changed_id)
                if state is not None:
                    newest = {job.row: job for job in changed.jobs}
                    state.live.publish(list(newest.values()), outcomes.get(changed_id, {}))
        after, self._after = self._after, []
        for set_id, action in after:
            if set_id is None or set_id in self._sets:
                action()

    def _give_up(self, set_id: str) -> None:
        """Another kernel has taken over: write and send nothing more of that set."""
        state = self._sets.get(set_id)
        self._forget(set_id)
        if state is not None:
            state.live.adapter = None
            try:
                self.lost(state.live)
            except (StoreError, JobSetNotFoundError):
                _LOG.exception("a set that another kernel took over cannot be followed")
            state.live.notify()

    def _deleted(self, set_ids: Sequence[str]) -> list[str]:
        """Those of some sets that another kernel has deleted; all where nobody can tell."""
        gone = []
        for set_id in set_ids:
            try:
                self._store.owner(set_id)
            except JobSetNotFoundError:
                gone.append(set_id)
        return gone or list(set_ids)

    def _beat(self) -> None:
        """Other hosts have to see that this kernel drives its sets."""
        if self._beat_due is None or self.now() < self._beat_due:
            return
        self._beat_due = self.now() + BEAT_SECONDS
        try:
            self._store.beat()
        except StoreError as error:
            self._trouble(str(error))

    def _trouble(self, text: str) -> None:
        """The store cannot be written: keep the changes, send nothing, try again."""
        first = self._store_retry is None
        self._store_retry = self.now() + _STORE_RETRY
        self._trouble_text = text
        if first:
            _LOG.error("%s", text)
            self._tell_trouble(text)

    def _end_trouble(self) -> None:
        if self._store_retry is not None:
            self._store_retry = None
            self._tell_trouble(None)

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
            if state.jobs[row].status in statuses
            and row not in state.unsendable
            and not state.jobs[row].cancel_requested
        ]
        for row in chosen:
            state.driver.drop(state, row)
            attempt = state.jobs[row].attempt + 1
            fields = {**_FRESH, "attempt": attempt, "cancel_requested": False, "error": None}
            self.change(state, row, Status.NOT_SENT, text="retry", **fields)
        state.add_unsent(chosen)
        return len(chosen)
