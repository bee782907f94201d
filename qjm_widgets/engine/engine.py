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
from qjm_widgets.engine.engine_set import EngineSet
from qjm_widgets.engine.submitter import Driver
from qjm_widgets.engine.transitions import FOUND, FRESH, Transitions
from qjm_widgets.engine.unit_of_work import UnitOfWork
from qjm_widgets.errors import ClosedError, InvalidStateError, JobSetNotFoundError, StoreError
from qjm_widgets.state.job_set_state import JobSetState

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
        self.lost: Callable[[JobSetState], None] = lambda state: None
        """Called with a set that another kernel has taken over."""
        self._inbox: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._sets: dict[str, EngineSet] = {}
        self._drivers: dict[int, Driver] = {}
        self._ledger = UnitOfWork(store, clock, self._sets, self._give_up, self._refuse)
        self._turn = Transitions(store, clock, self._ledger, self.post)
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

    def add(self, state: JobSetState, *, ready: int) -> None:
        """Drive a new set from now on.

        Args:
            live: the set.
            ready: circuits before this one are as they are sent; ``circuits_ready`` says of the others.
        """
        adapter = state.adapter
        assert adapter is not None

        def message() -> None:
            self._add(state, adapter, ready)

        self.post(message)

    def resume(self, state: JobSetState, *, ready: int) -> None:
        """Drive a set on that another kernel left; what may be lost, or is held, is looked for."""
        adapter = state.adapter
        assert adapter is not None
        self.ask(lambda: self._resume(state, adapter, ready))

    def look_again(self, state: JobSetState) -> None:
        """Look for the held jobs of a set that is driven."""

        def message() -> None:
            job_set = self._state(state)
            for job in list(job_set.jobs):
                if job.status is Status.HELD:
                    self._recover(job_set, job, job_set.driver.adapter)

        self.ask(message)

    def circuits_ready(self, state: JobSetState, upto: int) -> None:
        """The circuits before ``upto`` are transpiled and on disk: their jobs may be sent."""

        def message() -> None:
            job_set = self._sets.get(state.set_id)
            if job_set is not None:
                job_set.ready = max(job_set.ready, upto)

        self.post(message)

    def fail_rows(self, state: JobSetState, rows: Sequence[int], text: str) -> None:
        """Jobs that can never be sent, and why."""

        def message() -> None:
            job_set = self._sets.get(state.set_id)
            for row in rows if job_set is not None else ():
                if job_set is not None and job_set.jobs[row].status is Status.NOT_SENT:
                    error = f"{text}\nIt cannot be sent again: run its circuits as a new set."
                    self._turn.change(job_set, row, Status.ERROR, error=error, retryable=False)

        self.post(message)

    def cancel(self, state: JobSetState, rows: Sequence[int]) -> int:
        """Cancel jobs; how many were not over yet."""
        return int(self.ask(lambda: self._cancel(self._state(state), rows)))

    def retry(self, state: JobSetState, rows: Sequence[int], statuses: Sequence[Status]) -> int:
        """Send jobs in one of the statuses again; how many there were."""
        return int(self.ask(lambda: self._retry(self._state(state), rows, statuses)))

    def amend_set(self, state: JobSetState, **fields: Any) -> None:
        """Change what is known of a set, driven or not; it is on disk when this returns."""

        def message() -> None:
            record = replace(state.record, **fields)
            self._store.update_set(record)
            state.record = record
            state.notify()

        self.ask(message)

    def keep_outcome(self, state: JobSetState, row: int, outcome: JobOutcome) -> None:
        """Store what a job that is done gave; it is on disk when this returns."""
        self.ask(lambda: self._turn.keep(self._state(state), row, outcome))

    def fill(self, state: JobSetState, jobs: Sequence[JobRecord]) -> None:
        """Take over jobs that a provider knows for rows that have none: followed, never sent."""

        def message() -> None:
            job_set = self._state(state)
            for job in jobs:
                known = job_set.jobs[job.row]
                if known.job_id is None and known.status in (Status.ERROR, Status.HELD):
                    fields = {name: getattr(job, name) for name in FOUND}
                    self._turn.change(job_set, job.row, job.status, text="found", **fields)
                    if job.status.remote:
                        job_set.driver.recover(job_set, job.row, Recovery.FETCH)

        self.ask(message)

    def forget(self, state: JobSetState) -> None:
        """Stop driving a set."""
        self.ask(lambda: self._forget(state.set_id))

    def pause(self, state: JobSetState, paused: bool) -> None:
        """Hold back what is not sent yet, or let it go."""

        def message() -> None:
            job_set = self._state(state)
            job_set.paused = state.paused = paused
            state.notify()

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

    def _add(self, state: JobSetState, adapter: BackendAdapter, ready: int) -> EngineSet:
        job_set = self._sets[state.set_id] = EngineSet(state, self._driver(adapter), ready=ready)
        if self._beat_due is None:
            self._beat_due = self._clock.monotonic() + BEAT_SECONDS
        return job_set

    def _resume(self, state: JobSetState, adapter: BackendAdapter, ready: int) -> None:
        job_set = self._add(state, adapter, ready)
        for job in list(job_set.jobs):
            self._recover(job_set, job, adapter)

    def _recover(self, job_set: EngineSet, job: JobRecord, adapter: BackendAdapter) -> None:
        recovery = recover(
            job,
            lifetime=adapter.lifetime,
            finds=adapter.finds,
            rerun=job_set.state.record.rerun_on_resume,
        )
        if recovery is Recovery.SEND:
            self._turn.unsend(job_set, job.row, "the kernel that ran it died")
        elif recovery is Recovery.HOLD:
            text = f"may have been sent when the kernel died: submit again? ({RERUN_HINT})"
            self._turn.hold(job_set, job.row, text)
        elif recovery is not Recovery.KEEP:
            job_set.driver.recover(job_set, job.row, recovery)

    def _forget(self, set_id: str) -> None:
        job_set = self._sets.pop(set_id, None)
        self._ledger.drop(set_id)
        if job_set is not None:
            job_set.driver.forget(job_set)
            job_set.state.waiting = None

    def _state(self, state: JobSetState) -> EngineSet:
        job_set = self._sets.get(state.set_id)
        if job_set is None:
            raise InvalidStateError("this job set is not driven by this kernel any more")
        return job_set

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
        job_set = self._sets.get(set_id)
        self._forget(set_id)
        if job_set is not None:
            job_set.state.adapter = None
            try:
                self.lost(job_set.state)
            except (StoreError, JobSetNotFoundError):
                _LOG.exception("a set that another kernel took over cannot be followed")
            job_set.state.notify()

    def _refuse(self, job_set: EngineSet, row: int, why: str) -> None:
        """What is to be written of a job can never be: it fails with what is known for certain."""
        job_set.driver.drop(job_set, row)
        fields = {**FRESH, "job_id": job_set.jobs[row].job_id, "finished_at": self._clock.time()}
        error = f"what it gave, or what was said of it, cannot be stored and is not kept: {why}"
        self._turn.change(job_set, row, Status.ERROR, error=error, **fields)

    def _beat(self) -> None:
        """Other hosts have to see that this kernel drives its sets."""
        if self._beat_due is None or self._clock.monotonic() < self._beat_due:
            return
        self._beat_due = self._clock.monotonic() + BEAT_SECONDS
        try:
            self._store.beat()
        except StoreError as error:
            self._ledger.fail(str(error))

    def _cancel(self, job_set: EngineSet, rows: Sequence[int]) -> int:
        wished = 0
        for row in dict.fromkeys(rows):
            job = job_set.jobs[row]
            if job.status.final:
                continue
            wished += 1
            if job.status is Status.HELD:
                job_set.driver.cancel(job_set, row)  # where it may be with the backend
            if job.status in (Status.NOT_SENT, Status.HELD) or job_set.driver.revoke(job_set, row):
                self._turn.change(
                    job_set, row, Status.CANCELLED, cancel_requested=True, finished_at=self._clock.time()
                )
                job_set.driver.drop(job_set, row)
            else:
                self._turn.amend(job_set, row, cancel_requested=True)
                job_set.driver.cancel(job_set, row)
        return wished

    def _retry(self, job_set: EngineSet, rows: Sequence[int], statuses: Sequence[Status]) -> int:
        wished = [
            row
            for row in dict.fromkeys(rows)
            if (job_set.jobs[row].status in statuses and not job_set.jobs[row].cancel_requested)
            or (job_set.jobs[row].flawed and Status.ERROR in statuses)
        ]
        chosen = [row for row in wished if job_set.jobs[row].retryable]
        if wished and not chosen:
            some = ", ".join(map(str, wished[:5])) + (", …" if len(wished) > 5 else "")
            first = job_set.jobs[wished[0]]
            raise InvalidStateError(
                f"job{'s'[: len(wished) - 1]} {some} cannot be sent again: {first.error or first.note}"
            )
        flawed = [row for row in chosen if job_set.jobs[row].flawed]
        failed = [row for row in chosen if not job_set.jobs[row].flawed]
        for row in failed:
            job_set.driver.drop(job_set, row)
            job = job_set.jobs[row]
            fields = {**FRESH, "attempt": job.attempt + 1, "cancel_requested": False, "error": None}
            fields["spent_seconds"] = job.all_qpu_seconds
            self._turn.change(job_set, row, Status.NOT_SENT, text="retry", **fields)
        job_set.add_unsent(failed)
        return len(failed) + sum(self._turn.rerun_failed(job_set, row) for row in flawed)
