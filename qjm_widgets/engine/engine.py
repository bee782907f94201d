"""The engine: one thread that decides and alone writes statuses.

Everything reaches it as a message: wishes of users, replies of backends, circuits that were transpiled.
Each turn it takes all messages, decides (``decisions``), writes every change of the turn in one
transaction (``ledger``), and only then tells others and lets calls go out. It never makes a call that
could block.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from typing import Any

from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.ports import BackendAdapter, Clock, JobStore
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.recovery import RERUN_HINT, Recovery, recover
from qjm_widgets.engine.engine_set import SetState
from qjm_widgets.engine.submitter import Driver
from qjm_widgets.engine.transitions import FOUND, FRESH, Decisions
from qjm_widgets.engine.unit_of_work import Ledger
from qjm_widgets.errors import ClosedError, InvalidStateError, JobSetNotFoundError, StoreError
from qjm_widgets.state.job_set_state import LiveSet

_LOG = logging.getLogger(__name__)

_LONGEST_SLEEP = 3600.0
"""Threads cannot wait for as many seconds as a server may ask for."""
BEAT_SECONDS = 15.0
"""How often the store is told that this kernel lives."""


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
        self._ledger = Ledger(store, clock, self._sets, self._give_up, self._refuse)
        self._turn = Decisions(store, clock, self._ledger, self.post)
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
                self._ledger.after_commit(lambda: reply.set_result(result))

        self.post(message)
        try:
            return reply.result(timeout)
        except FutureTimeoutError:
            when = "it can" if self._ledger.retry_at is None else "the store can be written again"
            raise StoreError(
                f"not written within {timeout:.0f} s: {self._ledger.trouble} It is kept, and done as "
                f"soon as {when}; there is no need to ask once more."
            ) from None

    def add(self, live: LiveSet, *, ready: int) -> None:
        """Drive a new set from now on.

        Args:
            live: the set.
            ready: circuits before this one are as they are sent; ``circuits_ready`` says of the others.
        """
        adapter = live.adapter
        assert adapter is not None

        def message() -> None:
            self._add(live, adapter, ready)

        self.post(message)

    def resume(self, live: LiveSet, *, ready: int) -> None:
        """Drive a set on that another kernel left; what may be lost, or is held, is looked for."""
        adapter = live.adapter
        assert adapter is not None
        self.ask(lambda: self._resume(live, adapter, ready))

    def look_again(self, live: LiveSet) -> None:
        """Look for the held jobs of a set that is driven."""

        def message() -> None:
            state = self._state(live)
            for job in list(state.jobs):
                if job.status is Status.HELD:
                    self._recover(state, job, state.driver.adapter)

        self.ask(message)

    def circuits_ready(self, live: LiveSet, upto: int) -> None:
        """The circuits before ``upto`` are transpiled and on disk: their jobs may be sent."""

        def message() -> None:
            state = self._sets.get(live.set_id)
            if state is not None:
                state.ready = max(state.ready, upto)

        self.post(message)

    def fail_rows(self, live: LiveSet, rows: Sequence[int], text: str) -> None:
        """Jobs that can never be sent, and why."""

        def message() -> None:
            state = self._sets.get(live.set_id)
            for row in rows if state is not None else ():
                if state is not None and state.jobs[row].status is Status.NOT_SENT:
                    error = f"{text}\nIt cannot be sent again: run its circuits as a new set."
                    self._turn.change(state, row, Status.ERROR, error=error, retryable=False)

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

    def keep_outcome(self, live: LiveSet, row: int, outcome: JobOutcome) -> None:
        """Store what a job that is done gave; it is on disk when this returns."""
        self.ask(lambda: self._turn.keep(self._state(live), row, outcome))

    def fill(self, live: LiveSet, jobs: Sequence[JobRecord]) -> None:
        """Take over jobs that a provider knows for rows that have none: followed, never sent."""

        def message() -> None:
            state = self._state(live)
            for job in jobs:
                known = state.jobs[job.row]
                if known.job_id is None and known.status in (Status.ERROR, Status.HELD):
                    fields = {name: getattr(job, name) for name in FOUND}
                    self._turn.change(state, job.row, job.status, text="found", **fields)
                    if job.status.remote:
                        state.driver.recover(state, job.row, Recovery.FETCH)

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

    def halt(self) -> None:
        """Send and ask nothing more; jobs at a backend go on."""
        with self._starting:
            self._stopping = True
        for driver in list(self._drivers.values()):
            driver.halt()

    def join(self, deadline: float) -> None:
        """End all threads, at the latest at the deadline (monotonic seconds), after ``halt``.

        A submission under way is waited for until then, so that its job id is not lost.
        """
        for driver in list(self._drivers.values()):
            driver.join(deadline)
        self._inbox.put(self._end)
        thread = self._thread
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.1, deadline - time.monotonic()))

    @property
    def unwritten(self) -> str | None:
        """Why something is not on disk, after ``join``; None where all is."""
        return self._ledger.trouble if self._ledger.unwritten else None

    def _end(self) -> None:
        self._ended = True
        for driver in self._drivers.values():
            driver.unsend()

    # -- on the engine's thread ----------------------------------------------------------------------

    def _add(self, live: LiveSet, adapter: BackendAdapter, ready: int) -> SetState:
        state = self._sets[live.set_id] = SetState(live, self._driver(adapter), ready=ready)
        if self._beat_due is None:
            self._beat_due = self._clock.monotonic() + BEAT_SECONDS
        return state

    def _resume(self, live: LiveSet, adapter: BackendAdapter, ready: int) -> None:
        state = self._add(live, adapter, ready)
        for job in list(state.jobs):
            self._recover(state, job, adapter)

    def _recover(self, state: SetState, job: JobRecord, adapter: BackendAdapter) -> None:
        recovery = recover(
            job,
            survives=adapter.survives_kernel,
            finds=adapter.finds,
            rerun=state.live.record.rerun_on_resume,
        )
        if recovery is Recovery.SEND:
            self._turn.unsend(state, job.row, "the kernel that ran it died")
        elif recovery is Recovery.HOLD:
            text = f"may have been sent when the kernel died: submit again? ({RERUN_HINT})"
            self._turn.hold(state, job.row, text)
        elif recovery is not Recovery.KEEP:
            state.driver.recover(state, job.row, recovery)

    def _forget(self, set_id: str) -> None:
        state = self._sets.pop(set_id, None)
        self._ledger.drop(set_id)
        if state is not None:
            state.driver.forget(state)
            state.live.waiting = None

    def _state(self, live: LiveSet) -> SetState:
        state = self._sets.get(live.set_id)
        if state is None:
            raise InvalidStateError("this job set is not driven by this kernel any more")
        return state

    def _driver(self, adapter: BackendAdapter) -> Driver:
        driver = self._drivers.get(id(adapter))
        if driver is None:
            driver = self._drivers[id(adapter)] = Driver(adapter, self._turn)
        return driver

    def _loop(self) -> None:
        while True:
            self._take_messages()
            if self._ended:
                self._ledger.write(last=True)
                return
            try:
                self._ledger.try_again()
                if self._ledger.retry_at is None and not self._stopping:
                    for driver in self._drivers.values():
                        driver.step([s for s in self._sets.values() if s.driver is driver])
            except BaseException:  # whatever a third party's object raises: the engine lives on
                _LOG.exception("the engine met an error of its own")
            self._ledger.write()
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
            except BaseException:  # whatever a third party's object raises: the engine lives on
                _LOG.exception("the engine could not handle a message")
            try:
                message = self._inbox.get_nowait()
            except queue.Empty:
                return

    def _wait(self) -> float | None:
        due = [driver.due() for driver in self._drivers.values()]
        due += [self._ledger.due(), self._beat_due]
        times = [time for time in due if time is not None]
        return min(_LONGEST_SLEEP, max(0.0, min(times) - self._clock.monotonic())) if times else None

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

    def _refuse(self, state: SetState, row: int, why: str) -> None:
        """What is to be written of a job can never be: it fails with what is known for certain."""
        state.driver.drop(state, row)
        fields = {**FRESH, "job_id": state.jobs[row].job_id, "finished_at": self._clock.time()}
        error = f"what it gave, or what was said of it, cannot be stored and is not kept: {why}"
        self._turn.change(state, row, Status.ERROR, error=error, **fields)

    def _beat(self) -> None:
        """Other hosts have to see that this kernel drives its sets."""
        if self._beat_due is None or self._clock.monotonic() < self._beat_due:
            return
        self._beat_due = self._clock.monotonic() + BEAT_SECONDS
        try:
            self._store.beat()
        except StoreError as error:
            self._ledger.fail(str(error))

    def _cancel(self, state: SetState, rows: Sequence[int]) -> int:
        wished = 0
        for row in dict.fromkeys(rows):
            job = state.jobs[row]
            if job.status.final:
                continue
            wished += 1
            if job.status is Status.HELD:
                state.driver.cancel(state, row)  # where it may be with the backend
            if job.status in (Status.NOT_SENT, Status.HELD) or state.driver.revoke(state, row):
                self._turn.change(
                    state, row, Status.CANCELLED, cancel_requested=True, finished_at=self._clock.time()
                )
                state.driver.drop(state, row)
            else:
                self._turn.amend(state, row, cancel_requested=True)
                state.driver.cancel(state, row)
        return wished

    def _retry(self, state: SetState, rows: Sequence[int], statuses: Sequence[Status]) -> int:
        wished = [
            row
            for row in dict.fromkeys(rows)
            if (state.jobs[row].status in statuses and not state.jobs[row].cancel_requested)
            or (state.jobs[row].flawed and Status.ERROR in statuses)
        ]
        chosen = [row for row in wished if state.jobs[row].retryable]
        if wished and not chosen:
            some = ", ".join(map(str, wished[:5])) + (", …" if len(wished) > 5 else "")
            first = state.jobs[wished[0]]
            raise InvalidStateError(
                f"job{'s'[: len(wished) - 1]} {some} cannot be sent again: {first.error or first.note}"
            )
        flawed = [row for row in chosen if state.jobs[row].flawed]
        failed = [row for row in chosen if not state.jobs[row].flawed]
        for row in failed:
            state.driver.drop(state, row)
            job = state.jobs[row]
            fields = {**FRESH, "attempt": job.attempt + 1, "cancel_requested": False, "error": None}
            fields["spent_seconds"] = job.all_qpu_seconds
            self._turn.change(state, row, Status.NOT_SENT, text="retry", **fields)
        state.add_unsent(failed)
        return len(failed) + sum(self._turn.rerun_failed(state, row) for row in flawed)
