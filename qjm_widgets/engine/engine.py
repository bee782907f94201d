"""The engine: one thread that makes all changes of jobs. No other thread writes statuses.

It receives everything as a message: requests of users, answers of backends, transpiled circuits. In
each turn it runs all messages that wait, lets each backend's worker take a step, and commits the changes
in one transaction (``unit_of_work``). Only then it publishes the changes and makes calls. It never makes
a call that could block.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import replace
from typing import Any

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.clock_port import Clock
from qjm_widgets.core.formatting import Taking
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.engine import user_requests
from qjm_widgets.engine.backend_worker import BackendWorker
from qjm_widgets.engine.engine_set import EngineSet, Growth
from qjm_widgets.engine.message_loop import MessageLoop
from qjm_widgets.engine.transitions import FRESH, Transitions
from qjm_widgets.engine.unit_of_work import UnitOfWork
from qjm_widgets.errors import ClosedError, InvalidStateError, JobSetNotFoundError, StoreError
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)

#: Seconds between two beats, by which other hosts see in the store that this kernel lives.
BEAT_SECONDS = 15.0


class Engine:
    """The engine of one manager, which drives the manager's job sets.

    Args:
        store: has the job sets.
        clock: gives the time.
    """

    def __init__(self, store: JobStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        #: Called with a set that another kernel has taken over.
        self.lost: Callable[[JobSetState], None] = lambda state: None
        self._sets: dict[str, EngineSet] = {}
        # Those of the sets whose jobs have not all ended: a session may have thousands of others.
        self._active: dict[str, EngineSet] = {}
        self._workers: dict[int, BackendWorker] = {}
        self._unit_of_work = UnitOfWork(
            store,
            clock,
            self._sets,
            changed=self._activate,
            patient=lambda job_set: self._worker(job_set).patient,
            give_up=self._give_up,
            refuse=self._refuse,
        )
        self._loop = MessageLoop(
            "qjm-engine", wait=self._wait, step=self._step, last_step=self._last_step
        )
        self.post = self._loop.post
        self._transitions = Transitions(store, clock, self._unit_of_work, self.post)
        self._beat_due: float | None = None
        self._stopping = False

    # -- from any thread -----------------------------------------------------------------------------

    def execute(self, function: Callable[[], Any], timeout: float = 30.0) -> Any:
        """Run a function on the engine's thread, and wait until its changes are committed.

        Args:
            function: changes jobs; it must not block.
            timeout: seconds.

        Raises:
            ClosedError: the engine was stopped.
            StoreError: the changes were not committed in time.
        """
        if self._stopping:
            raise ClosedError("the manager is closed")
        if self._loop.is_current():
            return function()
        reply: Future[Any] = Future()

        def message() -> None:
            try:
                result = function()
            except BaseException as error:
                reply.set_exception(error)
            else:
                self._unit_of_work.after_commit(lambda: reply.set_result(result))

        self.post(message)
        try:
            return reply.result(timeout)
        except FutureTimeoutError:
            retry_at = self._unit_of_work.retry_at
            when = "it can" if retry_at is None else "the store can be written again"
            raise StoreError(
                f"not written within {timeout:.0f} s: {self._unit_of_work.trouble} It is kept, and done "
                f"as soon as {when}; there is no need to repeat the request."
            ) from None

    def add(self, state: JobSetState, *, ready: int) -> None:
        """Drive a new set from now on.

        Args:
            state: the set.
            ready: circuits before this index are final; ``circuits_ready`` reports the others later.
        """
        adapter = state.adapter
        assert adapter is not None

        def message() -> None:
            self._add(state, adapter, ready).taking = state.is_taking

        self.post(message)

    def begin_taking(self, state: JobSetState, taking: Taking) -> None:
        """Let a set that is driven here grow again."""

        def message() -> None:
            job_set = self._driven(state)
            job_set.taking = True
            self._unit_of_work.amend_set(job_set, taken=True)
            state.set_taking(taking)

        self.execute(message)

    def extend(self, state: JobSetState, growth: Growth) -> None:
        """Add circuits to a set, unless its taking has ended.

        They are committed soon; ``growth.published`` is called then. Their jobs are submitted after
        ``circuits_ready``.
        """

        def message() -> None:
            job_set = self._sets.get(state.set_id)
            if job_set is not None and job_set.taking:
                self._unit_of_work.extend(job_set, growth)

        self.post(message)

    def end_taking(self, state: JobSetState, ended: Taking, *, complete: bool) -> None:
        """Let a set grow no more; no-op if its taking has ended.

        Args:
            state: the set.
            ended: how its taking ended; it is published after the last circuits.
            complete: whether the set has all circuits of the iterator.
        """

        def message() -> None:
            job_set = self._sets.get(state.set_id)
            if job_set is not None and job_set.taking:
                if complete:
                    self._unit_of_work.amend_set(job_set, complete=True)
                self._end_taking(job_set, ended)

        self.post(message)

    def resume(self, state: JobSetState, *, ready: int) -> None:
        """Drive a set that another kernel left, and recover its jobs."""
        adapter = state.adapter
        assert adapter is not None

        def message() -> None:
            job_set = self._add(state, adapter, ready)
            user_requests.recover_jobs(*self._parts(job_set), list(job_set.jobs))

        self.execute(message)

    def reconcile_held(self, state: JobSetState) -> None:
        """Find out whether the held jobs of a driven set reached the backend."""

        def message() -> None:
            job_set = self._driven(state)
            held = [job for job in job_set.jobs if job.status is Status.HELD]
            user_requests.recover_jobs(*self._parts(job_set), held)

        self.execute(message)

    def circuits_ready(self, state: JobSetState, upto: int) -> None:
        """Allow the submission of jobs whose circuits are all before ``upto``: these are final now."""

        def message() -> None:
            job_set = self._sets.get(state.set_id)
            if job_set is not None:
                job_set.ready = max(job_set.ready, upto)

        self.post(message)

    def fail_rows(self, state: JobSetState, rows: Sequence[int], text: str) -> None:
        """Make jobs errors that are Not sent and can never be submitted.

        Args:
            state: the set.
            rows: the jobs.
            text: the reason.
        """

        def message() -> None:
            job_set = self._sets.get(state.set_id)
            for row in rows if job_set is not None else ():
                if job_set is not None and job_set.jobs[row].status is Status.NOT_SENT:
                    error = f"{text}\nIt cannot be sent again: run its circuits as a new set."
                    self._transitions.change(job_set, row, Status.ERROR, error=error, retryable=False)

        self.post(message)

    def cancel(self, state: JobSetState, rows: Sequence[int] | None) -> int:
        """Cancel jobs; return how many had not ended.

        Args:
            state: the set.
            rows: the jobs; None for all, and to take no more circuits.
        """

        def message() -> int:
            job_set = self._driven(state)
            if rows is None and job_set.taking:
                self._end_taking(job_set, state.taking_ended("it was cancelled"))
            chosen = range(len(job_set.jobs)) if rows is None else rows
            return user_requests.cancel_jobs(*self._parts(job_set), chosen)

        return int(self.execute(message))

    def retry(self, state: JobSetState, rows: Sequence[int], statuses: Sequence[Status]) -> int:
        """Submit the jobs again that are in one of the statuses; return how many are submitted."""

        def message() -> int:
            return user_requests.retry_jobs(*self._parts(self._driven(state)), rows, statuses)

        return int(self.execute(message))

    def amend_set(self, state: JobSetState, **fields: Any) -> None:
        """Change fields of a set's record, also if the set is not driven here.

        The change is committed when this returns.
        """

        def message() -> None:
            record = replace(state.record, **fields)
            self._store.update_set(record)
            state.set_record(record)
            self._unit_of_work.amend_pending(state.set_id, **fields)
            state.notify()

        self.execute(message)

    def amend_job(self, state: JobSetState, row: int, **fields: Any) -> None:
        """Change fields of a job other than its status. The change is committed when this returns."""
        self.execute(lambda: self._transitions.amend(self._driven(state), row, **fields))

    def keep_outcome(self, state: JobSetState, row: int, outcome: JobOutcome) -> None:
        """Store the outcome of a job that is done. It is committed when this returns."""
        self.execute(lambda: self._transitions.set_outcome(self._driven(state), row, outcome))

    def fill(self, state: JobSetState, jobs: Sequence[JobRecord]) -> None:
        """Follow jobs of a provider for rows that are an error or held and have no job id."""

        def message() -> None:
            user_requests.fill_rows(*self._parts(self._driven(state)), jobs)

        self.execute(message)

    def forget(self, state: JobSetState) -> None:
        """Stop driving a set."""
        self.execute(lambda: self._forget(state.set_id))

    def pause(self, state: JobSetState, paused: bool) -> None:
        """Submit no more jobs of a set if ``paused``; otherwise submit them again."""

        def message() -> None:
            self._driven(state).paused = paused
            state.set_paused(paused)

        self.execute(message)

    def poll(self, state: JobSetState) -> Future[None]:
        """Poll the jobs of a driven set now, with all others of its backend.

        Returns:
            A future, done when the answers are committed; ``state`` is notified then. It is done at once
            if the set is not driven any more.
        """
        reply: Future[None] = Future()

        def polled() -> None:
            reply.set_result(None)
            state.notify()

        def message() -> None:
            job_set = self._sets.get(state.set_id)
            if job_set is None:
                polled()
            else:
                self._worker(job_set).poll_now(polled)

        self.post(message)
        return reply

    def halt(self) -> None:
        """Submit and poll nothing more. Jobs at a backend continue."""
        self._stopping = True
        for worker in list(self._workers.values()):
            worker.halt()

    def join(self, deadline: float) -> None:
        """Wait for the end of all threads after ``halt``, until the deadline (monotonic seconds).

        A submission under way is waited for, so that its job id is not lost.
        """
        for worker in list(self._workers.values()):
            worker.join(deadline)
        self._loop.join(deadline)

    @property
    def unwritten(self) -> str | None:
        """The reason why changes are not committed, after ``join``; None if all are."""
        return self._unit_of_work.trouble if self._unit_of_work.unwritten else None

    # -- the turns, on the engine's thread -----------------------------------------------------------

    def _wait(self) -> float | None:
        """Return the seconds until the next step is due; None if it waits for a message."""
        due = [worker.due() for worker in self._workers.values()]
        due += [self._unit_of_work.due(), self._beat_due]
        times = [time for time in due if time is not None]
        return min(times) - self._clock.monotonic() if times else None

    def _step(self) -> None:
        try:
            self._unit_of_work.try_again()
            if self._unit_of_work.retry_at is None and not self._stopping:
                active = list(self._active.values())
                for worker in self._workers.values():
                    worker.step([job_set for job_set in active if job_set.adapter is worker.adapter])
        except BaseException:  # third parties' objects may raise anything: the engine continues
            _LOG.exception("the engine raised an error")
        self._unit_of_work.commit()
        for job_set in list(self._active.values()):
            if job_set.state.over and job_set.state.waiting is None:
                del self._active[job_set.set_id]
        self._beat()

    def _last_step(self) -> None:
        for worker in self._workers.values():
            worker.unsend()
        self._unit_of_work.commit(last=True)

    def _beat(self) -> None:
        """Show other hosts that this kernel drives its sets."""
        if self._beat_due is None or self._clock.monotonic() < self._beat_due:
            return
        self._beat_due = self._clock.monotonic() + BEAT_SECONDS
        try:
            self._store.beat()
        except StoreError as error:
            self._unit_of_work.fail(str(error))

    # -- the sets, on the engine's thread ------------------------------------------------------------

    def _add(self, state: JobSetState, adapter: BackendAdapter, ready: int) -> EngineSet:
        job_set = self._sets[state.set_id] = EngineSet(state, adapter, ready=ready)
        self._activate(job_set)
        if id(adapter) not in self._workers:
            self._workers[id(adapter)] = BackendWorker(adapter, self._transitions)
        if self._beat_due is None:
            self._beat_due = self._clock.monotonic() + BEAT_SECONDS
        return job_set

    def _activate(self, job_set: EngineSet) -> None:
        self._active[job_set.set_id] = job_set

    def _driven(self, state: JobSetState) -> EngineSet:
        job_set = self._sets.get(state.set_id)
        if job_set is None:
            raise InvalidStateError("this job set is not driven by this kernel any more")
        return job_set

    def _worker(self, job_set: EngineSet) -> BackendWorker:
        return self._workers[id(job_set.adapter)]

    def _parts(self, job_set: EngineSet) -> tuple[Transitions, BackendWorker, EngineSet]:
        """Return the first arguments of the functions in ``user_requests``."""
        return self._transitions, self._worker(job_set), job_set

    def _end_taking(self, job_set: EngineSet, ended: Taking) -> None:
        """Let a set grow no more, and publish that after its last circuits."""
        job_set.taking = False
        self._unit_of_work.after_commit(lambda: job_set.state.set_taking(ended))

    def _forget(self, set_id: str) -> None:
        job_set = self._sets.pop(set_id, None)
        self._active.pop(set_id, None)
        self._unit_of_work.drop(set_id)
        if job_set is not None:
            self._worker(job_set).forget(job_set)
            job_set.state.set_waiting(None)
            if job_set.taking:
                job_set.taking = False
                job_set.state.set_taking(job_set.state.taking_ended("another kernel drives it now"))

    def _give_up(self, set_id: str) -> None:
        """Write and submit nothing more of a set that another kernel has taken over or deleted."""
        job_set = self._sets.get(set_id)
        self._forget(set_id)
        if job_set is not None:
            job_set.state.release()
            try:
                self.lost(job_set.state)
            except (StoreError, JobSetNotFoundError):
                _LOG.exception("a set that another kernel took over cannot be followed")
            job_set.state.notify()

    def _refuse(self, job_set: EngineSet, row: int, why: str) -> None:
        """Make a job an error if its record or outcome can never be stored; keep only its id."""
        self._worker(job_set).drop(job_set, row)
        fields = {**FRESH, "job_id": job_set.jobs[row].job_id, "finished_at": self._clock.time()}
        error = f"its result or its status details cannot be stored, and are not kept: {why}"
        self._transitions.change(job_set, row, Status.ERROR, error=error, **fields)
