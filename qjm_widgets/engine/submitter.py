"""One backend as the engine drives it: what to send next.

Every method runs on the engine's thread, except the submission itself, which goes out on a lane of its
own; ``throttle`` says how fast, and ``asking`` does all that is asked about jobs once they are sent.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from qjm_widgets._threads import CallQueue
from qjm_widgets.core.budget import OVER_BUDGET, Answer, advise
from qjm_widgets.core.error_policy import Refusal, judge, readable
from qjm_widgets.core.formatting import Waiting
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.ports import BackendAdapter, Submission
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.recovery import Recovery
from qjm_widgets.engine.engine_set import EngineSet, Turn
from qjm_widgets.engine.poller import Poller
from qjm_widgets.engine.rate_limiter import RateLimiter
from qjm_widgets.engine.submit_errors import SubmitErrorHandler
from qjm_widgets.errors import QJMError, StoreError

_MOST_HANGING = 4
"""With so many threads hanging, nothing is sent until the last one comes back."""
_HALTING = (Refusal.BUSY, Refusal.PENDING_LIMIT, Refusal.TOO_MANY_SHOTS, Refusal.UNSURE)
"""Refusals after which nothing else is sent for a while."""


class _Sending:
    """A submission that is queued or under way; those of one generation were announced together."""

    __slots__ = ("_claimed", "attempt", "generation", "job_set", "row")

    def __init__(self, job_set: EngineSet, row: int, generation: int) -> None:
        self.job_set = job_set
        self.row = row
        self.attempt = job_set.jobs[row].attempt
        self.generation = generation
        self._claimed = threading.Lock()

    def claim(self) -> bool:
        """True once only: whoever claims it decides whether it goes out."""
        return self._claimed.acquire(blocking=False)


class Driver:
    """Drives one adapter for all sets on it."""

    def __init__(self, adapter: BackendAdapter, turn: Turn) -> None:
        self.adapter = adapter
        self._turn = turn
        self._lane = CallQueue(f"qjm-send-{adapter.name}", most=_MOST_HANGING)
        self._throttle = RateLimiter(adapter, turn)
        self._asker = Poller(adapter, turn, self._throttle.ended)
        self._refusals = SubmitErrorHandler(adapter, turn, self._throttle, self._asker)
        self._sending: dict[tuple[str, int], _Sending] = {}
        self._given_up: set[_Sending] = set()
        self._order: deque[str] = deque()
        self._generation = 0
        self._halted = -1
        self._wanting = False

    # -- what the engine asks for --------------------------------------------------------------------

    @property
    def patient(self) -> bool:
        """Whether changes may be written together with later ones: what they tell ends with the kernel.

        While nothing else is under way, somebody may wait for just this one.
        """
        busy = self._wanting or self._sending or self._asker.pending
        return self.adapter.lifetime is JobLifetime.KERNEL and bool(busy)

    def due(self) -> float | None:
        """When this driver wants its next turn, monotonic seconds; None: only when a message comes."""
        times = [self._asker.due()]
        if self._sending and not self.adapter.runs_inside_submit:
            left = self._deadline() - self._lane.busy_for()
            times.append(self._turn.now() + (left if left > 0 else self._deadline()))
        if self._wanting and self._throttle.blocked:
            times.append(self._throttle.block[0])
        known = [time for time in times if time is not None]
        return min(known) if known else None

    def step(self, job_sets: Sequence[EngineSet]) -> None:
        """Send what may be sent and ask what is due."""
        self._give_up_hanging_call()
        for job_set, row in self._choose(job_sets):
            self._dispatch(job_set, row)
        self._asker.step()
        for job_set in job_sets:
            self._tell_waiting(job_set)

    def revoke(self, job_set: EngineSet, row: int) -> bool:
        """Take back a submission that was marked but has not begun; True when it never goes out."""
        sending = self._sending.get((job_set.state.set_id, row))
        if sending is None or not sending.claim():
            return False
        del self._sending[job_set.state.set_id, row]
        return True

    def cancel(self, job_set: EngineSet, row: int) -> None:
        """Ask the backend to stop a job; one that is being sent is asked as soon as it is known."""
        self._asker.cancel(job_set, row)

    def drop(self, job_set: EngineSet, row: int) -> None:
        """Forget what is known of a job: a new attempt begins."""
        self._asker.drop(job_set, row)
        self._refusals.forget(job_set, row)

    def forget(self, job_set: EngineSet) -> None:
        """Forget a set; of what was announced, nothing goes out any more."""
        for key in [key for key, sending in self._sending.items() if sending.job_set is job_set]:
            self._sending.pop(key).claim()
        self._given_up = {sending for sending in self._given_up if sending.job_set is not job_set}
        self._asker.forget(job_set)

    def recover(self, job_set: EngineSet, row: int, recovery: Recovery) -> None:
        """Have back or look for a job of a kernel that died, or one that is held."""
        self._asker.look_for(job_set, row, recovery)

    @property
    def call_queues(self) -> tuple[CallQueue, ...]:
        """Where its calls go out."""
        return self._lane, *self._asker.call_queues

    def halt(self) -> None:
        """Make no further call."""
        self._lane.stop()
        self._asker.stop()

    def join(self, deadline: float) -> None:
        """Wait until the deadline (monotonic) for the calls under way."""
        self._lane.join(max(0.0, deadline - time.monotonic()))
        self._asker.join(deadline)

    def unsend(self) -> None:
        """Mark submissions that were announced and never began as not sent."""
        for key, sending in list(self._sending.items()):
            if sending.claim():
                del self._sending[key]
                self._turn.unsend(sending.job_set, sending.row, "the manager was closed first")

    def _may_cut(self, job_set: EngineSet, row: int) -> bool:
        """Whether the shots of a job can be cut; else it goes whole, and the refusal says all of it."""
        span = job_set.jobs[row].span
        try:
            self.adapter.check_cut(job_set.state.circuits.of(span), span.start, job_set.state.options)
        except QJMError:  # not to be merged, or the circuits cannot be read, as sending them will say
            return False
        return True

    # -- choosing ------------------------------------------------------------------------------------

    def _choose(self, job_sets: Sequence[EngineSet]) -> list[tuple[EngineSet, int]]:
        """The next jobs, one set after another, as many as may go out together."""
        ready = {job_set.state.set_id: job_set for job_set in job_sets if job_set.next() is not None}
        self._wanting = bool(ready)
        room = self._room()
        if not ready or room <= 0 or self._throttle.blocked:
            return []
        kept = [set_id for set_id in self._order if set_id in ready]
        self._order = deque([*kept, *(set_id for set_id in ready if set_id not in kept)])
        chosen = []
        while room > 0 and self._order:
            job_set = ready[self._order[0]]
            if not self._can_pay(job_set):
                self._order.popleft()
                continue
            if not self._throttle.take():
                break
            row = job_set.unsent.pop()
            most, shots = self.adapter.limits.shots, job_set.jobs[row].shots
            if most is not None and shots is not None and shots > most and self._may_cut(job_set, row):
                self._turn.cut_shots(job_set, row, most)  # the limit was learned meanwhile
            chosen.append((job_set, row))
            room -= 1
            self._order.rotate(-1)
            # Under a budget one at a time: what it costs decides about the next.
            if job_set.next() is None or job_set.state.record.max_qpu_seconds is not None:
                self._order.remove(job_set.state.set_id)
        return chosen

    def _can_pay(self, job_set: EngineSet) -> bool:
        """Whether the set's budget allows its next job; where it is used up, the rest is held."""
        budget = job_set.state.record.max_qpu_seconds
        job_set.budget_wait = None
        if budget is None:
            return True
        advice = advise(job_set.jobs, job_set.jobs[job_set.unsent[-1]], budget)
        if advice.answer is Answer.WAIT:
            job_set.budget_wait = advice.text
        elif advice.answer is Answer.STOP:
            for row in [job.row for job in job_set.jobs if job.status is Status.NOT_SENT]:
                self._turn.hold(job_set, row, f"{OVER_BUDGET}: {advice.text}")
        return advice.answer is Answer.SEND

    def _deadline(self) -> float:
        return self.adapter.submit_seconds

    def _hangs(self) -> bool:
        return not self.adapter.runs_inside_submit and self._lane.hangs(self._deadline())

    def _room(self) -> int:
        return 0 if self._hangs() else self._throttle.room(len(self._sending), self._asker.pending)

    def _tell_waiting(self, job_set: EngineSet) -> None:
        state = job_set.state
        waiting = self._waiting(job_set)
        known = state.waiting
        if known is not None and waiting is not None and known.is_about(waiting):
            return
        if known != waiting:
            state.waiting = waiting
            state.notify()

    def _waiting(self, job_set: EngineSet) -> Waiting | None:
        if not job_set.unsent:
            silent = self._asker.silent(job_set)
            return Waiting(silent, None) if silent else None
        until, why = None, ""
        blocked_until, blocked_by = self._throttle.block
        left = blocked_until - self._turn.now()
        if job_set.paused:
            why = "paused"
        elif left > 0:
            until, why = self._turn.wall() + left, blocked_by
        elif job_set.budget_wait is not None:
            why = job_set.budget_wait
        elif self._hangs():
            why = f"{self.adapter.name} does not answer"
        else:
            why = self._throttle.full(len(self._sending), self._asker.pending)
            why = why or self._asker.silent(job_set)
            if not why:
                return None
        jobs = len(job_set.jobs)
        # Not what is published: that is older by this turn, and there may be no other for long.
        text = f"{sum(map(_submitted, job_set.jobs)):,} of {jobs:,} submitted"
        return Waiting(f"{text} ({why})" if why else text, until)

    # -- sending -------------------------------------------------------------------------------------

    def _dispatch(self, job_set: EngineSet, row: int) -> None:
        job = self._turn.change(job_set, row, Status.SENDING, sent_at=self._turn.wall())
        sending = _Sending(job_set, row, self._generation)
        self._sending[job_set.state.set_id, row] = sending
        call = functools.partial(self._submit_call, sending, job)
        self._turn.after_commit(lambda: self._lane.call(call), job_set)

    def _submit_call(self, sending: _Sending, job: JobRecord) -> None:
        """On the lane."""
        if not sending.claim():
            return
        if sending.generation == self._halted:
            self._turn.post(lambda: self._put_back(sending))
            return
        if self.adapter.runs_inside_submit:
            self._turn.post(lambda: self._began(sending))
        began = time.monotonic()
        handle, error, job_id = None, None, None
        try:
            handle = self.adapter.submit(_submission(sending.job_set, job, self.adapter))
            job_id = self.adapter.job_id(handle)
        except BaseException as caught:
            error = readable(caught)
            halts = isinstance(error, StoreError) or judge(error).refusal in _HALTING
            if handle is None and halts:
                self._halted = sending.generation
        took = time.monotonic() - began
        self._turn.post(lambda: self._submitted(sending, handle, job_id, error, took))

    def _began(self, sending: _Sending) -> None:
        job_set, row = sending.job_set, sending.row
        if job_set.jobs[row].status is Status.SENDING:
            self._turn.change(job_set, row, Status.RUNNING, running_at=self._turn.wall())

    def _submitted(
        self,
        sending: _Sending,
        handle: Any,
        job_id: str | None,
        error: BaseException | None,
        took: float,
    ) -> None:
        job_set, row = sending.job_set, sending.row
        key = job_set.state.set_id, row
        if self._sending.get(key) is not sending:
            if sending in self._given_up:
                self._answered_late(sending, handle, job_id, error)
            return
        del self._sending[key]
        self._throttle.answered(took)
        if handle is None:
            self._refused(sending, error or RuntimeError("the backend gave no job"))
            return
        self._refusals.forget(job_set, row)
        self._throttle.accepted()
        batch_id = self.adapter.batch_id(handle)
        if batch_id is not None and batch_id != job_set.state.record.batch_id:
            self._turn.amend_set(job_set, batch_id=batch_id)
        if job_set.jobs[row].status is Status.SENDING:
            self._turn.change(job_set, row, Status.QUEUED, job_id=job_id)
        else:
            self._turn.amend(job_set, row, job_id=job_id)
        self._asker.add(job_set, row, handle, nameless=error is not None)

    def _give_up_hanging_call(self) -> None:
        """What is under way may have been sent; what was announced behind it was not."""
        if not self._hangs() or not self._sending:
            return
        self._lane.relieve(0)
        error = TimeoutError(f"{self.adapter.name} has not answered for {self._deadline():g} s")
        for key, sending in list(self._sending.items()):
            del self._sending[key]
            if sending.claim():
                self._turn.unsend(sending.job_set, sending.row, "one before it hangs")
            else:
                self._given_up.add(sending)
                self._refused(sending, error)

    def _answered_late(
        self, sending: _Sending, handle: Any, job_id: str | None, error: BaseException | None
    ) -> None:
        """A submission that was given up has come back: the job is there, wanted or not."""
        self._given_up.remove(sending)
        if handle is None:
            return
        job_set, row = sending.job_set, sending.row
        job = job_set.jobs[row]
        lacking = job.status in (Status.NOT_SENT, Status.SENDING, Status.HELD)
        if job.attempt != sending.attempt or job.status is Status.CANCELLED:
            self._asker.cancel_spare(handle)
        elif lacking and (job_set.state.set_id, row) not in self._sending:
            self._asker.drop(job_set, row)
            self._turn.change(job_set, row, Status.QUEUED, job_id=job_id, last_error=None)
            self._asker.add(job_set, row, handle, nameless=error is not None)

    def _refused(self, sending: _Sending, error: BaseException) -> None:
        self._generation += 1
        self._refusals.refused(sending.job_set, sending.row, error)

    def _put_back(self, sending: _Sending) -> None:
        """It was announced, but one before it was refused: it waits with that one."""
        key = sending.job_set.state.set_id, sending.row
        if self._sending.get(key) is sending:
            del self._sending[key]
            self._turn.unsend(sending.job_set, sending.row, "one before it was refused")


def _submitted(job: JobRecord) -> bool:
    """Whether the backend has, or had, it: some are refused, or cancelled before they are sent."""
    return job.job_id is not None or job.status in (Status.QUEUED, Status.RUNNING, Status.DONE)


def _submission(job_set: EngineSet, job: JobRecord, adapter: BackendAdapter) -> Submission:
    state = job_set.state
    block = state.circuits.block(job.span) if adapter.sends_blocks else None
    return Submission(
        works=state.circuits.of(job.span) if block is None else (),
        shots=job.shots,
        seed=job.seed,
        options=state.options,
        identity=identity_of(state.record, job),
        name=state.record.name,
        tags=state.record.tags,
        block=block,
        batch_id=state.record.batch_id,
    )
