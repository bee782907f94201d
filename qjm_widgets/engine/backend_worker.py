"""Use one backend for all sets: connect the six parts that submit, poll, cancel and reconcile.

The parts do not import each other. Every method runs on the engine's thread, unless its docstring says
otherwise.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from qjm_widgets import _threads
from qjm_widgets._threads import MOST_HANGING, CallQueue
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.error_policy import Verdict
from qjm_widgets.core.formatting import Waiting
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.recovery import Recovery
from qjm_widgets.engine.canceller import Canceller
from qjm_widgets.engine.engine_set import EngineSet
from qjm_widgets.engine.poller import Poller
from qjm_widgets.engine.rate_limiter import RateLimiter
from qjm_widgets.engine.reconciler import Reconciler
from qjm_widgets.engine.submit_errors import SubmitErrorHandler
from qjm_widgets.engine.submitter import Submitter
from qjm_widgets.engine.transitions import Transitions


class BackendWorker:
    """The worker of one adapter, which submits, polls, cancels and reconciles the jobs of all sets."""

    def __init__(self, adapter: BackendAdapter, transitions: Transitions) -> None:
        self.adapter = adapter
        self._transitions = transitions
        self._calls = CallQueue(f"qjm-call-{adapter.name}", most=MOST_HANGING)
        self._rate_limiter = RateLimiter(adapter, transitions)
        self._poller = Poller(adapter, transitions, ended=self._ended, held=self._held)
        self._canceller = Canceller(
            adapter, transitions, call=self._call, answered=self._poller.cancel_answered
        )
        self._reconciler = Reconciler(
            adapter,
            transitions,
            call=self._call,
            found=self._found,
            ended=self._rate_limiter.ended,
        )
        self._submit_errors = SubmitErrorHandler(
            adapter,
            transitions,
            hold_back=self._rate_limiter.hold_back,
            back_off=self._rate_limiter.back_off,
            meet_limit=self._meet_limit,
            revoke=lambda job_set: self._submitter.revoke_all(job_set),
            find=self._find,
        )
        self._submitter = Submitter(
            adapter,
            transitions,
            take=self._rate_limiter.take,
            answered=self._rate_limiter.answered,
            accepted=self._accepted,
            accepted_late=self._accepted_late,
            refused=self._submit_errors.refused,
            cancel_unfollowed=self._canceller.cancel_unfollowed,
        )

    # -- for the engine ------------------------------------------------------------------------------

    @property
    def patient(self) -> bool:
        """Whether changes may wait, to be committed together with later ones.

        They may wait only if the jobs end with the kernel anyway, and if more changes will come because
        jobs are ready, are being sent or are pending. Otherwise a user may be waiting for this change.
        """
        busy = self._submitter.has_ready or len(self._submitter) or self._pending
        return self.adapter.lifetime is JobLifetime.KERNEL and bool(busy)

    def due(self) -> float | None:
        """Return when the next step is due, in monotonic seconds; None if it waits for a message."""
        parts = (self._poller, self._reconciler, self._canceller, self._submitter)
        times = [part.due() for part in parts]
        if self._calls.backlog or self._calls.hanging:
            times.append(self._transitions.now() + _threads.STALL)
        if self._submitter.has_ready and self._rate_limiter.blocked:
            times.append(self._rate_limiter.block[0])
        known = [time for time in times if time is not None]
        return min(known) if known else None

    def step(self, job_sets: Sequence[EngineSet]) -> None:
        """Submit, poll, cancel and reconcile what is due."""
        self._submitter.give_up_hanging_call()
        self._submitter.step(job_sets, self._room())
        self._give_up_hanging_calls()
        self._reconciler.step()
        self._poller.step()
        self._canceller.step()
        next_poll = self._next_poll()
        for job_set in job_sets:
            self._end_submission(job_set)
            job_set.state.set_waiting(self._waiting(job_set))
            job_set.state.set_next_poll(next_poll)

    def revoke(self, job_set: EngineSet, row: int) -> bool:
        """Take back a submission that was announced but has not begun.

        Return True if the job will not be submitted.
        """
        return self._submitter.revoke(job_set, row)

    def cancel(self, job_set: EngineSet, row: int) -> None:
        """Cancel a job if it is followed and does not run inside ``submit``.

        A job that is Sending is cancelled when the backend has accepted it.
        """
        followed = self._poller.find(job_set, row)
        if followed is not None and not self.adapter.runs_inside_submit:
            self._canceller.cancel(job_set, row, followed.handle)

    def poll_now(self, polled: Callable[[], None]) -> None:
        """Poll all jobs now; call back after the commit of the answers."""
        self._poller.poll_now(polled)

    def drop(self, job_set: EngineSet, row: int) -> None:
        """Forget the calls and the refusals of a job, which has ended or begins a new attempt."""
        self._drop_calls(job_set, row)
        self._submit_errors.forget(job_set, row)

    def forget(self, job_set: EngineSet) -> None:
        """Forget a set. Its announced submissions are not made."""
        self._submitter.forget(job_set)
        for row in range(len(job_set.jobs)):
            self._drop_calls(job_set, row)

    def recover(self, job_set: EngineSet, row: int, recovery: Recovery) -> None:
        """Retrieve or find a held job, or a job of a kernel that died; no-op if the job is followed."""
        if self._poller.find(job_set, row) is None:
            self._reconciler.reconcile(job_set, row, recovery)

    @property
    def call_queues(self) -> tuple[CallQueue, ...]:
        """The queues of its calls; the queue of submissions is the first."""
        return self._submitter.call_queue, *self._poller.call_queues, self._calls

    def halt(self) -> None:
        """Make no further call. Any thread may call this."""
        for call_queue in self.call_queues:
            call_queue.stop()

    def join(self, deadline: float) -> None:
        """Wait until the deadline (monotonic seconds) for the calls under way.

        Any thread may call this.
        """
        for call_queue in self.call_queues:
            call_queue.join(max(0.0, deadline - time.monotonic()))

    def unsend(self) -> None:
        """Mark jobs as Not sent if their submission was announced but has not begun."""
        self._submitter.unsend()

    # -- between the parts ---------------------------------------------------------------------------

    @property
    def _pending(self) -> int:
        """The number of jobs that the backend has, or may have."""
        return len(self._poller) + len(self._reconciler)

    def _room(self) -> int:
        """Return how many jobs may be submitted now."""
        if self._submitter.hangs or self._rate_limiter.blocked:
            return 0
        return self._rate_limiter.room(len(self._submitter), self._pending)

    def _end_submission(self, job_set: EngineSet) -> None:
        """Tell the adapter that all jobs of a set were sent, if they were."""
        call = self.adapter.sent_all(job_set.set_id) if self._submitter.sent_all(job_set) else None
        if call is not None:
            self._call(call)

    def _call(self, work: Callable[[], None]) -> None:
        """Make a call after the commit."""
        self._transitions.after_commit(lambda: self._calls.call(work))

    def _give_up_hanging_calls(self) -> None:
        self._calls.relieve(_threads.STALL)
        if self._calls.hanging or self._calls.hangs(_threads.STALL):
            self._reconciler.give_up()
            self._canceller.give_up()

    def _follow(self, job_set: EngineSet, row: int, handle: Any, *, nameless: bool) -> None:
        """Poll a job from now on; cancel it if that was requested."""
        self._poller.follow(job_set, row, handle, nameless=nameless)
        if job_set.jobs[row].cancel_requested:
            self.cancel(job_set, row)

    def _accepted(self, job_set: EngineSet, row: int, handle: Any, nameless: bool) -> None:
        self._submit_errors.forget(job_set, row)
        self._rate_limiter.accepted()
        self._follow(job_set, row, handle, nameless=nameless)

    def _accepted_late(self, job_set: EngineSet, row: int, handle: Any, nameless: bool) -> None:
        self._drop_calls(job_set, row)
        self._follow(job_set, row, handle, nameless=nameless)

    def _found(self, job_set: EngineSet, row: int, handles: list[Any]) -> None:
        """Follow a job that was found, by its first handle.

        If there are more handles, the provider accepted the job several times: cancel these duplicates.
        """
        self._follow(job_set, row, handles[0], nameless=job_set.jobs[row].job_id is None)
        for handle in handles[1:]:
            self._canceller.cancel_unfollowed(handle)

    def _find(self, job_set: EngineSet, row: int, reason: str, fails: bool) -> None:
        if self._poller.find(job_set, row) is None:
            self._reconciler.reconcile(job_set, row, Recovery.FIND, reason=reason, fails=fails)

    def _meet_limit(self, verdict: Verdict) -> None:
        self._rate_limiter.meet_limit(self._pending, verdict)

    def _ended(self, job_set: EngineSet, row: int) -> None:
        self._canceller.drop((job_set.set_id, row))
        self._rate_limiter.ended()

    def _held(self, job_set: EngineSet, row: int) -> None:
        if job_set.jobs[row].status.final:  # its cancellation was requested
            self._drop_calls(job_set, row)
        self._rate_limiter.ended()

    def _drop_calls(self, job_set: EngineSet, row: int) -> None:
        """Forget a job's handle, lookup and cancellation.

        If the job is Cancelled, its cancellation is sent once more before, unless it is under way.
        """
        key = job_set.set_id, row
        self._poller.drop(key)
        self._reconciler.drop(key)
        self._canceller.drop(key, last=job_set.jobs[row].status is Status.CANCELLED)

    # -- the set's lines -----------------------------------------------------------------------------

    def _next_poll(self) -> float | None:
        """Return when the next poll is, in seconds since 1970; None if polls do not fail."""
        at = self._poller.retry_at()
        return None if at is None else self._transitions.wall() + at - self._transitions.now()

    def _waiting(self, job_set: EngineSet) -> Waiting | None:
        """Return the reason why a set waits; None if it does not wait."""
        if not job_set.unsent:
            why = self._poller.silent(job_set) or self._notice(job_set)
            return Waiting(why, None) if why else None
        until, why = None, ""
        blocked_until, blocked_by = self._rate_limiter.block
        left = blocked_until - self._transitions.now()
        if job_set.paused:
            why = "paused"
        elif left > 0:
            until, why = self._transitions.wall() + left, blocked_by
        elif job_set.budget_wait is not None:
            why = job_set.budget_wait
        elif self._submitter.hangs:
            why = f"{self.adapter.name} does not answer"
        else:
            why = self._rate_limiter.full(len(self._submitter), self._pending)
            why = why or self._poller.silent(job_set) or self._notice(job_set)
            if not why:
                return None
        # Count the engine's own jobs: the published ones lack the changes of this turn, and the next
        # turn may be much later.
        text = f"{sum(map(_submitted, job_set.jobs)):,} of {len(job_set.jobs):,} submitted"
        return Waiting(f"{text} ({why})" if why else text, until)

    def _notice(self, job_set: EngineSet) -> str:
        """Return why the provider runs none of the set's jobs, if it has jobs of the set; else ""."""
        notice = self.adapter.notice
        return notice if notice and any(job.status.remote for job in job_set.jobs) else ""


def _submitted(job: JobRecord) -> bool:
    """Return whether the backend has or had a job.

    It never had a job that it refused, or that was cancelled before its submission.
    """
    return job.job_id is not None or job.status in (Status.QUEUED, Status.RUNNING, Status.DONE)
