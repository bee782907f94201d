"""Asking one backend for the states of its jobs; ``cancelling`` stops them, ``looking`` finds lost ones.

All are asked in one question. One that does not answer holds up no other: it is asked by itself from
then on (``single_calls``), as is one whose result has to be fetched. Every method runs on the engine's
thread; calls go out on lanes, so that a submission that computes or hangs holds up no cancellation.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from qjm_widgets import _threads
from qjm_widgets._threads import CallQueue
from qjm_widgets.core import backoff
from qjm_widgets.core.backoff import Silence
from qjm_widgets.core.error_policy import judge
from qjm_widgets.core.formatting import duration
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.ports import BackendAdapter, Observation, RemoteAdapter
from qjm_widgets.core.records import Status
from qjm_widgets.core.recovery import Recovery
from qjm_widgets.engine.canceller import Canceller
from qjm_widgets.engine.engine_set import EngineSet, Key, Turn
from qjm_widgets.engine.reconciler import UNTOLD, Doubt, Reconciler
from qjm_widgets.engine.single_poller import SinglePoller
from qjm_widgets.engine.status_query import Followed, Replies, StatusQuery, said

#: With so many threads hanging, what is asked waits behind the last one.
_MOST_HANGING = 8
#: So many rows are named in a set's line.
_NAMED = 3


class Poller:
    """Asks one adapter for all sets on it.

    Args:
        ended: called when a job that the backend had has ended.
    """

    def __init__(self, adapter: BackendAdapter, turn: Turn, ended: Callable[[], None]) -> None:
        self._adapter = adapter
        self._turn = turn
        self._ended = ended
        self._together = adapter.lists
        self._questions = CallQueue(f"qjm-ask-{adapter.name}", most=_MOST_HANGING)
        self._calls = CallQueue(f"qjm-call-{adapter.name}", most=_MOST_HANGING)
        self._followed: dict[Key, Followed] = {}
        self._singles = SinglePoller(adapter, turn, self._observed)
        self._cancellations = Canceller(adapter, turn, self._call, self._ask_soon)
        self._lookups = Reconciler(adapter, turn, self._call, self._found, ended)
        self._polling = backoff.Polling.start(turn.now(), local=adapter.lifetime is JobLifetime.KERNEL)
        if isinstance(adapter, RemoteAdapter):
            self._polling = self._polling.between(*adapter.poll_seconds)
        self._unanswered = 0
        self._question: StatusQuery | None = None

    @property
    def call_queues(self) -> tuple[CallQueue, ...]:
        """Where its calls go out."""
        return self._questions, self._singles.call_queue, self._calls

    @property
    def pending(self) -> int:
        """How many jobs the backend has, or may have."""
        return len(self._followed) + len(self._lookups)

    def silent(self, job_set: EngineSet) -> str:
        """Which jobs of a set do not answer, in words; empty where all do."""
        rows = self._singles.slow(job_set)
        if not rows:
            return ""
        names = [f"{row} ({job_set.jobs[row].job_id or 'no id'})" for row in rows[:_NAMED]]
        more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
        return f"waiting for an answer of job{'s'[: len(rows) - 1]} {', '.join(names)}{more}"

    def due(self) -> float | None:
        """When there is something to ask, monotonic seconds; None: nothing by itself."""
        times = [self._lookups.due(), self._cancellations.due(), self._singles.due()]
        now = self._turn.now()
        if self._question is not None:
            late = self._together or self._busy_for() >= _threads.STALL
            limit = _threads.DEADLINE if late else _threads.STALL
            times.append(now + max(0.0, limit - self._busy_for()))
        elif len(self._followed) > len(self._singles):
            times.append(self._polling.due)
        if self._calls.backlog or self._calls.hanging:
            times.append(now + _threads.STALL)
        known = [time for time in times if time is not None]
        return min(known) if known else None

    def step(self) -> None:
        """Ask what is due."""
        self._go_on_without_those_that_hang()
        self._lookups.step()
        self._singles.step()
        asked = self._question is not None or self._turn.now() < self._polling.due
        if not asked and len(self._followed) > len(self._singles):
            self._ask()
        self._cancellations.step()

    def add(self, job_set: EngineSet, row: int, handle: Any, *, nameless: bool = False) -> None:
        """Follow a job from now on; ``nameless``: its id could not be had yet."""
        others = len(self._followed)
        self._followed[job_set.state.set_id, row] = Followed(job_set, row, handle, nameless)
        job_set.state.natives[row] = self._adapter.native_job(handle)
        self._polling = self._polling.sent(self._turn.now(), others)
        if job_set.jobs[row].cancel_requested:
            self.cancel(job_set, row)

    def look_for(self, job_set: EngineSet, row: int, recovery: Recovery, doubt: Doubt = UNTOLD) -> None:
        """Have a job back by its id, or look for it by its tag; nothing happens where it is followed."""
        if (job_set.state.set_id, row) not in self._followed:
            self._lookups.look_for(job_set, row, recovery, doubt)

    def cancel(self, job_set: EngineSet, row: int) -> None:
        """Ask the backend to stop a job, if it has it and has not computed it already."""
        followed = self._followed.get((job_set.state.set_id, row))
        if followed is not None and not self._adapter.runs_inside_submit:
            self._cancellations.wish(job_set, row, followed.handle)

    def cancel_spare(self, handle: Any) -> None:
        """Ask the backend to stop a job that nobody follows."""
        self._cancellations.spare(handle)

    def drop(self, job_set: EngineSet, row: int) -> None:
        """Forget a job: a new attempt gets its own handle. Its cancellation, if wished, is asked for."""
        key = job_set.state.set_id, row
        self._followed.pop(key, None)
        self._singles.drop(key)
        self._lookups.drop(key)
        self._cancellations.drop(key, last=job_set.jobs[row].status is Status.CANCELLED)

    def forget(self, job_set: EngineSet) -> None:
        """Forget all jobs of a set."""
        for row in range(len(job_set.jobs)):
            self.drop(job_set, row)

    def stop(self) -> None:
        """Make no further call."""
        for call_queue in self.call_queues:
            call_queue.stop()

    def join(self, deadline: float) -> None:
        """Wait until the deadline (monotonic) for the calls under way."""
        for call_queue in self.call_queues:
            call_queue.join(max(0.0, deadline - time.monotonic()))

    def _ask_soon(self) -> None:
        self._polling = self._polling.soon(self._turn.now())
        self._singles.ask_soon()

    def _call(self, work: Callable[[], None]) -> None:
        self._turn.after_commit(lambda: self._calls.call(work))

    def _found(self, job_set: EngineSet, row: int, handles: list[Any]) -> None:
        """A lost job is there."""
        self.add(job_set, row, handles[0], nameless=job_set.jobs[row].job_id is None)
        for handle in handles[1:]:  # the provider took one submission twice: one is enough
            self.cancel_spare(handle)

    # -- states --------------------------------------------------------------------------------------

    def _ask(self) -> None:
        jobs = [job for key, job in self._followed.items() if key not in self._singles]
        post = self._turn.post
        replies = Replies(
            lambda job, found: post(lambda: self._observed(job, found)),
            lambda job, job_id: post(lambda: self._named(job, job_id)),
            lambda question: post(lambda: self._answered(question)),
            self._turn.wall,
        )
        self._question = StatusQuery(self._adapter, jobs, replies, together=self._together)
        # Asking changes nothing: it need not wait until what was decided is on disk.
        self._questions.call(self._question.run)

    def _busy_for(self) -> float:
        """Seconds that the question waits for an answer, or for the thread."""
        found = None if self._question is None else self._question.busy_for()
        return self._questions.busy_for() if found is None else found

    def _go_on_without_those_that_hang(self) -> None:
        self._calls.relieve(_threads.STALL)
        if self._calls.hanging or self._calls.hangs(_threads.STALL):
            self._lookups.give_up()
            self._cancellations.give_up()
        question = self._question
        waited = self._busy_for()
        if question is None or waited < (_threads.DEADLINE if self._together else _threads.STALL):
            return
        begun = question.busy_for() is not None
        if self._questions.relieve(0) and not self._together:
            if not begun:
                return  # it goes out now
            for job in question.split():
                if self._is_followed(job):
                    self._singles.hangs(job)
            if question.left:
                self._questions.call(question.run)
            else:
                self._answered(question)
        elif self._together or waited >= _threads.DEADLINE:
            question.silent = question.close()
            question.error = TimeoutError(f"{self._adapter.name} has not answered for {waited:.0f} s")
            self._answered(question)

    def _named(self, followed: Followed, job_id: str | None) -> None:
        if self._is_followed(followed):
            followed.nameless = False
            self._turn.amend(followed.job_set, followed.row, job_id=job_id)

    def _is_followed(self, job: Followed) -> bool:
        return self._followed.get(job.key) is job

    def _answered(self, question: StatusQuery) -> None:
        if question is not self._question:
            return
        self._question = None
        now = self._turn.now()
        self._polling = self._polling.asked(
            now, took=question.took, news=question.news, ended=question.ended, left=len(self._followed)
        )
        if question.error is None:
            self._unanswered = 0
            return
        if not question.told:
            self._unanswered += 1
            asked_for = judge(question.error).retry_after
            wait = backoff.back_off(self._unanswered, asked_for, self._turn.chance())
            self._polling = self._polling.failed(now, min(wait, backoff.HELD_INTERVAL))
        for job in question.silent:
            self._observed(job, question.error)

    def _observed(self, followed: Followed, found: Observation | BaseException) -> None:
        """What the backend said of one job; late words about an older attempt are ignored."""
        if not self._is_followed(followed):
            return
        alone = followed.key in self._singles
        slow = self._singles.drop(followed.key)
        if isinstance(found, BaseException):
            self._not_observed(followed, found)
            if alone and followed.silence is not None and self._is_followed(followed):
                wait = backoff.back_off(
                    followed.silence.tries, judge(found).retry_after, self._turn.chance()
                )
                self._singles.ask_later(followed, wait, silent=slow)
            return
        if found.fetch is not None:
            self._singles.fetch(followed, found.fetch)
            return
        followed.silence = None
        if slow and (found.status is None or found.status.remote):
            self._singles.ask_later(followed, _threads.STALL)
        self._take(followed, found)

    def _take(self, followed: Followed, found: Observation) -> None:
        job_set, row = followed.job_set, followed.row
        job = followed.job
        now = self._turn.wall()
        if found.status is None:
            self._turn.amend(job_set, row, checked_at=now, last_error=found.text)
            return
        if found.status.remote:
            fields = {"checked_at": now, "last_error": None, **said(found)}
            if found.status is job.status:
                self._turn.amend(job_set, row, **fields)
            else:
                running_at = (found.running_at or now) if found.status is Status.RUNNING else None
                self._turn.change(job_set, row, found.status, running_at=running_at, **fields)
            return
        del self._followed[followed.key]
        self._cancellations.drop(followed.key)
        self._turn.change(
            job_set,
            row,
            found.status,
            outcome=found.outcome,
            failed=found.failed,
            error=found.text if found.status is Status.ERROR else None,
            running_at=found.running_at or job.running_at,
            finished_at=found.finished_at or now,
            checked_at=now,
            last_error=None,
            **said(found),
        )
        self._ended()

    def _not_observed(self, followed: Followed, error: BaseException) -> None:
        """A failed poll is no status; after long silence the user decides, and may still be answered."""
        job_set, row = followed.job_set, followed.row
        job = followed.job
        now = self._turn.now()
        followed.silence = followed.silence.again() if followed.silence else Silence(now)
        verdict = judge(error)
        if job.status is Status.HELD:
            return
        if not followed.silence.is_over(now, temporary=verdict.refusal.temporary):
            if job.last_error != verdict.text:
                self._turn.amend(job_set, row, last_error=verdict.text)
            return
        silent = duration(now - followed.silence.since)
        text = f"no word of it for {silent}; it is asked for on, and may run: submit again?"
        self._turn.hold(job_set, row, f"{text}\n{verdict.text}")
        if job_set.jobs[row].status.final:  # its cancellation was wished
            self.drop(job_set, row)
        self._ended()
