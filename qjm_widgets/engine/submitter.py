"""Choose the next jobs of one backend, and submit them.

Every method runs on the engine's thread, except the submission itself, which runs on a call queue.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any

from qjm_widgets._threads import CallQueue
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.budget import OVER_BUDGET, Decision, advise
from qjm_widgets.core.error_policy import Refusal, judge, readable
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.submission import Submission
from qjm_widgets.engine import cuts
from qjm_widgets.engine.engine_set import EngineSet, Key
from qjm_widgets.engine.transitions import Transitions
from qjm_widgets.errors import QJMError, StoreError
from qjm_widgets.serialization.pub_points import input_of_points

#: If so many threads hang, nothing is submitted until the last one returns.
_MOST_HANGING = 4
#: Refusals after which nothing else is submitted for a while.
_HALTING = (
    *(Refusal.ACCOUNT, Refusal.BUSY, Refusal.PENDING_LIMIT, Refusal.TOO_MANY_SHOTS, Refusal.UNSURE),
)


class _Sending:
    """A submission that is queued or under way.

    ``generation`` is the number of refusals before it was announced.
    """

    __slots__ = ("_claimed", "attempt", "generation", "job_set", "row")

    def __init__(self, job_set: EngineSet, row: int, generation: int) -> None:
        self.job_set = job_set
        self.row = row
        self.attempt = job_set.jobs[row].attempt
        self.generation = generation
        self._claimed = threading.Lock()

    @property
    def key(self) -> Key:
        return self.job_set.set_id, self.row

    def claim(self) -> bool:
        """Return True to the first caller only, which decides whether the job is submitted."""
        return self._claimed.acquire(blocking=False)


class Submitter:
    """The submissions to one adapter.

    Args:
        take: takes a token of the backend's pace; False if there is none.
        answered: called with the seconds that a submission took.
        accepted: called with the set, the row and the handle of an accepted job, and whether its id is
            still unknown.
        accepted_late: called in the place of ``accepted`` for a job whose submission had been given up.
        refused: called with the set, the row and the error of a job that was not accepted.
        cancel_unfollowed: cancels a job that no row follows, by its handle.
    """

    def __init__(
        self,
        adapter: BackendAdapter,
        transitions: Transitions,
        *,
        take: Callable[[], bool],
        answered: Callable[[float], None],
        accepted: Callable[[EngineSet, int, Any, bool], None],
        accepted_late: Callable[[EngineSet, int, Any, bool], None],
        refused: Callable[[EngineSet, int, BaseException], None],
        cancel_unfollowed: Callable[[Any], None],
    ) -> None:
        self._adapter = adapter
        self._transitions = transitions
        self._take = take
        self._answered = answered
        self._accepted = accepted
        self._accepted_late = accepted_late
        self._report_refused = refused
        self._cancel_unfollowed = cancel_unfollowed
        self.call_queue = CallQueue(f"qjm-send-{adapter.name}", most=_MOST_HANGING)
        self._sending: dict[Key, _Sending] = {}
        self._given_up: set[_Sending] = set()
        self._order: deque[str] = deque()
        self._generation = 0
        self._halted = -1
        #: Whether a set has a job that can be submitted.
        self.has_ready = False

    def __len__(self) -> int:
        """Return how many submissions are queued or under way."""
        return len(self._sending)

    @property
    def hangs(self) -> bool:
        """Whether the submission under way has exceeded its deadline."""
        return not self._adapter.runs_inside_submit and self.call_queue.hangs(self._deadline())

    def sent_all(self, job_set: EngineSet) -> bool:
        """Return whether no job of a set is Not sent, queued, being submitted, or still to come."""
        if job_set.unsent or job_set.taking:
            return False
        return all(sending.job_set is not job_set for sending in self._sending.values())

    def due(self) -> float | None:
        """Return when the submission under way exceeds its deadline, in monotonic seconds.

        None if no submission is under way or has a deadline.
        """
        if not self._sending or self._adapter.runs_inside_submit:
            return None
        left = self._deadline() - self.call_queue.busy_for()
        return self._transitions.now() + (left if left > 0 else self._deadline())

    def step(self, job_sets: Sequence[EngineSet], room: int) -> None:
        """Submit at most ``room`` jobs."""
        for job_set, row in self._choose(job_sets, room):
            self._announce(job_set, row)

    def revoke(self, job_set: EngineSet, row: int) -> bool:
        """Take back a submission that was announced but has not begun.

        Return True if the job will not be submitted.
        """
        sending = self._sending.get((job_set.set_id, row))
        if sending is None or not sending.claim():
            return False
        del self._sending[sending.key]
        return True

    def revoke_all(self, job_set: EngineSet) -> list[int]:
        """Take back the submissions of a set that have not begun, or were halted; return their rows."""
        taken = [
            sending
            for sending in self._sending.values()
            if sending.job_set is job_set and (sending.claim() or sending.generation == self._halted)
        ]
        for sending in taken:
            del self._sending[sending.key]
        return [sending.row for sending in taken]

    def forget(self, job_set: EngineSet) -> None:
        """Forget a set. Its announced submissions are not made."""
        for key in [key for key, sending in self._sending.items() if sending.job_set is job_set]:
            self._sending.pop(key).claim()
        self._given_up = {sending for sending in self._given_up if sending.job_set is not job_set}

    def unsend(self) -> None:
        """Mark jobs as Not sent if their submission was announced but has not begun."""
        for key, sending in list(self._sending.items()):
            if sending.claim():
                del self._sending[key]
                self._transitions.unsend(sending.job_set, sending.row, "the manager was closed first")

    def give_up_hanging_call(self) -> None:
        """Give up a submission that exceeded its deadline.

        Its job may have been accepted. Jobs that were announced after it are marked as Not sent.
        """
        if not self.hangs or not self._sending:
            return
        self.call_queue.relieve(0)
        error = TimeoutError(f"{self._adapter.name} has not answered for {self._deadline():g} s")
        for key, sending in list(self._sending.items()):
            del self._sending[key]
            if sending.claim():
                self._transitions.unsend(sending.job_set, sending.row, "a submission before it hangs")
            else:
                self._given_up.add(sending)
                self._refused(sending, error)

    def _deadline(self) -> float:
        return self._adapter.submit_seconds

    # -- choosing ------------------------------------------------------------------------------------

    def _choose(self, job_sets: Sequence[EngineSet], room: int) -> list[tuple[EngineSet, int]]:
        """Return the next jobs, at most ``room``, one of each set in turn."""
        ready = {job_set.set_id: job_set for job_set in job_sets if job_set.next() is not None}
        self.has_ready = bool(ready)
        if not ready or room <= 0:
            return []
        kept = [set_id for set_id in self._order if set_id in ready]
        self._order = deque([*kept, *(set_id for set_id in ready if set_id not in kept)])
        chosen = []
        while room > 0 and self._order:
            job_set = ready[self._order[0]]
            if not self._can_pay(job_set):
                self._order.popleft()
                continue
            if not self._take():
                break
            row = job_set.unsent.pop()
            most, shots = self._adapter.limits.shots, job_set.jobs[row].shots
            if most is not None and shots is not None and shots > most and self._may_cut(job_set, row):
                cuts.cut_shots(self._transitions, job_set, row, most)  # the limit was learned meanwhile
            chosen.append((job_set, row))
            room -= 1
            self._order.rotate(-1)
            # Under a budget, submit one job at a time: its cost decides about the next.
            if job_set.next() is None or job_set.state.record.max_qpu_seconds is not None:
                self._order.remove(job_set.set_id)
        return chosen

    def _can_pay(self, job_set: EngineSet) -> bool:
        """Return whether the set's budget allows its next job; hold all unsent jobs if it is used up."""
        budget = job_set.state.record.max_qpu_seconds
        job_set.budget_wait = None
        if budget is None:
            return True
        advice = advise(job_set.jobs, job_set.jobs[job_set.unsent[-1]], budget)
        if advice.decision is Decision.WAIT:
            job_set.budget_wait = advice.text
        elif advice.decision is Decision.STOP:
            self._transitions.hold_unsent(job_set, f"{OVER_BUDGET}: {advice.text}")
        return advice.decision is Decision.SEND

    def _may_cut(self, job_set: EngineSet, row: int) -> bool:
        """Return whether the shots of a job can be cut; else it is submitted uncut."""
        span = job_set.jobs[row].span
        try:
            self._adapter.check_cut(job_set.state.circuits.get(span), span.start, job_set.state.options)
        except QJMError:  # the results cannot be merged, or the submission reports unreadable circuits
            return False
        return True

    # -- submitting ----------------------------------------------------------------------------------

    def _announce(self, job_set: EngineSet, row: int) -> None:
        """Mark a job as Sending, and submit it after the commit.

        A job that ends with the kernel is submitted at once: a lost one is run again in any case.
        """
        job = self._transitions.change(job_set, row, Status.SENDING, sent_at=self._transitions.wall())
        sending = _Sending(job_set, row, self._generation)
        self._sending[sending.key] = sending
        call = functools.partial(self._submit, sending, job)
        if self._adapter.lifetime is JobLifetime.KERNEL:
            self.call_queue.call(call)
        else:
            self._transitions.after_commit(lambda: self.call_queue.call(call), job_set)

    def _submit(self, sending: _Sending, job: JobRecord) -> None:
        """Submit a job; runs on the call queue."""
        if not sending.claim():
            return
        if sending.generation == self._halted:
            self._transitions.post(lambda: self._put_back(sending))
            return
        if self._adapter.runs_inside_submit:
            self._transitions.post(lambda: self._began(sending))
        began = time.monotonic()
        handle, error, job_id = None, None, None
        try:
            handle = self._adapter.submit(_submission(sending.job_set, job, self._adapter))
            job_id = self._adapter.job_id(handle)
        except BaseException as caught:
            error = readable(caught)
            halts = isinstance(error, StoreError) or judge(error).refusal in _HALTING
            if handle is None and halts:
                self._halted = sending.generation
        seconds = time.monotonic() - began
        self._transitions.post(lambda: self._returned(sending, handle, job_id, error, seconds))

    def _began(self, sending: _Sending) -> None:
        job_set, row = sending.job_set, sending.row
        if job_set.jobs[row].status is Status.SENDING:
            at = self._transitions.wall()
            self._transitions.change(job_set, row, Status.RUNNING, running_at=at)

    def _returned(
        self,
        sending: _Sending,
        handle: Any,
        job_id: str | None,
        error: BaseException | None,
        seconds: float,
    ) -> None:
        job_set, row = sending.job_set, sending.row
        if self._sending.get(sending.key) is not sending:
            if sending in self._given_up:
                self._returned_late(sending, handle, job_id, error)
            return
        del self._sending[sending.key]
        self._answered(seconds)
        if handle is None:
            self._refused(sending, error or RuntimeError("the backend returned no job"))
            return
        batch_id = self._adapter.batch_id(handle)
        if batch_id is not None and batch_id != job_set.state.record.batch_id:
            self._transitions.amend_set(job_set, batch_id=batch_id)
        if job_set.jobs[row].status is Status.SENDING:
            self._transitions.change(job_set, row, Status.QUEUED, job_id=job_id)
        else:
            self._transitions.amend(job_set, row, job_id=job_id)
        self._accepted(job_set, row, handle, error is not None)

    def _returned_late(
        self, sending: _Sending, handle: Any, job_id: str | None, error: BaseException | None
    ) -> None:
        """Follow a job whose submission had been given up.

        Cancel it at the backend if its attempt was superseded or the job is Cancelled.
        """
        self._given_up.remove(sending)
        if handle is None:
            return
        job_set, row = sending.job_set, sending.row
        job = job_set.jobs[row]
        lacking = job.status in (Status.NOT_SENT, Status.SENDING, Status.HELD)
        if job.attempt != sending.attempt or job.status is Status.CANCELLED:
            self._cancel_unfollowed(handle)
        elif lacking and sending.key not in self._sending:
            self._transitions.change(job_set, row, Status.QUEUED, job_id=job_id, last_error=None)
            self._accepted_late(job_set, row, handle, error is not None)

    def _refused(self, sending: _Sending, error: BaseException) -> None:
        self._generation += 1
        self._report_refused(sending.job_set, sending.row, error)

    def _put_back(self, sending: _Sending) -> None:
        """Mark a job as Not sent, because a submission that was announced with it was refused first."""
        if self._sending.get(sending.key) is sending:
            del self._sending[sending.key]
            text = "a submission before it was refused"
            self._transitions.unsend(sending.job_set, sending.row, text)


def _submission(job_set: EngineSet, job: JobRecord, adapter: BackendAdapter) -> Submission:
    state = job_set.state
    block, inputs = None, []
    if job.points is not None:
        inputs = [input_of_points(state.circuits.keep(job.span.start), job.points)]
    else:
        block = state.circuits.block(job.span) if adapter.sends_blocks else None
        inputs = state.circuits.get(job.span) if block is None else []
    return Submission(
        inputs=inputs,
        shots=job.shots,
        seed=job.seed,
        options=state.options,
        identity=identity_of(state.record, job),
        name=state.record.name,
        tags=state.record.tags,
        block=block,
        batch_id=state.record.batch_id,
        row=job.row,
    )
