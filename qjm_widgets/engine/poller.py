"""Poll the states of one backend's jobs.

One query polls all jobs. A job that does not answer is then polled by itself (``single_poller``), so
that it blocks no other job. Results are fetched there, too. Every method runs on the engine's thread.
Calls run on call queues of their own, so that a submission that computes or hangs blocks no poll.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from qjm_widgets import _threads
from qjm_widgets._threads import MOST_HANGING, CallQueue
from qjm_widgets.core import backoff
from qjm_widgets.core.adapter_port import BackendAdapter, RemoteAdapter
from qjm_widgets.core.backoff import Silence
from qjm_widgets.core.error_policy import judge
from qjm_widgets.core.formatting import duration
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.records import Status
from qjm_widgets.engine import cuts
from qjm_widgets.engine.engine_set import EngineSet, Key
from qjm_widgets.engine.single_poller import SinglePoller
from qjm_widgets.engine.status_query import Followed, QueryCallbacks, StatusQuery, status_fields
from qjm_widgets.engine.transitions import Transitions

#: The most rows that a set's line names.
_NAMED = 3


class Poller:
    """The polls of the jobs of all sets on one adapter.

    Args:
        ended: called with the set and the row of a followed job that has ended.
        held: called with the set and the row of a job that is held because it does not answer.
    """

    def __init__(
        self,
        adapter: BackendAdapter,
        transitions: Transitions,
        *,
        ended: Callable[[EngineSet, int], None],
        held: Callable[[EngineSet, int], None],
    ) -> None:
        self._adapter = adapter
        self._transitions = transitions
        self._ended = ended
        self._held = held
        self._together = adapter.lists
        self._queue = CallQueue(f"qjm-poll-{adapter.name}", most=MOST_HANGING)
        self._followed: dict[Key, Followed] = {}
        self._singles = SinglePoller(adapter, transitions, self._observed)
        self._polling = backoff.Polling.start(
            transitions.now(), local=adapter.lifetime is JobLifetime.KERNEL
        )
        if isinstance(adapter, RemoteAdapter):
            self._polling = self._polling.between(*adapter.poll_seconds)
        self._failed_queries = 0
        self._query: StatusQuery | None = None
        #: Whether to poll again when the query ends, because it may have seen earlier states.
        self._poll_again = False
        #: Called when the query under way has ended, and when the next one has.
        self._polled: list[Callable[[], None]] = []
        self._polled_next: list[Callable[[], None]] = []

    def __len__(self) -> int:
        """Return how many jobs are followed."""
        return len(self._followed)

    @property
    def call_queues(self) -> tuple[CallQueue, CallQueue]:
        """The queues of its calls."""
        return self._queue, self._singles.call_queue

    def silent(self, job_set: EngineSet) -> str:
        """Return a text that names the jobs of a set that do not answer; "" if all answer."""
        rows = self._singles.slow(job_set)
        if not rows:
            return ""
        names = [f"{row} ({job_set.jobs[row].job_id or 'no id'})" for row in rows[:_NAMED]]
        more = f" and {len(rows) - _NAMED} more" if len(rows) > _NAMED else ""
        return f"waiting for an answer of job{'s'[: len(rows) - 1]} {', '.join(names)}{more}"

    def due(self) -> float | None:
        """Return when the next step is due, in monotonic seconds; None if none is."""
        times = [self._singles.due()]
        if self._query is not None:
            late = self._together or self._busy_for() >= _threads.STALL
            limit = _threads.DEADLINE if late else _threads.STALL
            times.append(self._transitions.now() + max(0.0, limit - self._busy_for()))
        elif len(self._followed) > len(self._singles):
            times.append(self._polling.due)
        known = [time for time in times if time is not None]
        return min(known) if known else None

    def step(self) -> None:
        """Poll the jobs that are due."""
        self._split_hanging_query()
        self._singles.step()
        waiting = self._query is not None or self._transitions.now() < self._polling.due
        if not waiting and len(self._followed) > len(self._singles):
            self._start_query()
        elif self._query is None and len(self._followed) == len(self._singles):
            self._report_polled(self._polled_next)

    def poll_now(self, polled: Callable[[], None]) -> None:
        """Poll all jobs now; call back after the commit of the answers.

        Jobs that are polled by themselves, because they did not answer before, are not waited for.
        """
        self._polled_next.append(polled)
        self._singles.poll_soon()
        self._poll_at_once()

    def retry_at(self) -> float | None:
        """Return when the jobs are polled next, in monotonic seconds; None if polls do not fail.

        The time is past while they are polled.
        """
        times = [self._polling.due] if self._failed_queries and self._followed else []
        single = self._singles.retry_at()
        return min([*times, *([] if single is None else [single])], default=None)

    def follow(self, job_set: EngineSet, row: int, handle: Any, *, nameless: bool) -> None:
        """Follow a job from now on; ``nameless`` means that its id is still unknown."""
        others = len(self._followed)
        followed = Followed(job_set, row, handle, nameless)
        self._followed[followed.key] = followed
        job_set.state.provider_jobs[row] = self._adapter.native_job(handle)
        post = self._transitions.post
        reports = self._adapter.call_when_ended(handle, lambda: post(lambda: self._job_ended(followed)))
        self._polling = self._polling.sent(self._transitions.now(), others, reports=reports)

    def find(self, job_set: EngineSet, row: int) -> Followed | None:
        """Return a job if it is followed, else None."""
        return self._followed.get((job_set.set_id, row))

    def drop(self, key: Key) -> None:
        """Forget a job. A new attempt gets a handle of its own."""
        self._followed.pop(key, None)
        self._singles.drop(key)

    def cancel_answered(self, key: Key, error: str | None) -> None:
        """Note the answer to a cancellation, and poll soon.

        Args:
            key: the job.
            error: why its cancellation failed, shown until the job ends; None if it did not fail.
        """
        followed = self._followed.get(key)
        if followed is not None:
            followed.cancel_error = error
        self._polling = self._polling.soon(self._transitions.now())
        self._singles.poll_soon()

    def _job_ended(self, followed: Followed) -> None:
        """Poll a job that has ended at once if it is alone: others leave the interpreter to compute."""
        if self._is_followed(followed) and len(self._followed) == 1:
            self._poll_at_once()

    def _poll_at_once(self) -> None:
        """Poll now, or when the query under way has ended."""
        if self._query is None:
            self._polling = self._polling.at_once(self._transitions.now())
        else:
            self._poll_again = True

    # -- queries -------------------------------------------------------------------------------------

    def _start_query(self) -> None:
        jobs = [job for key, job in self._followed.items() if key not in self._singles]
        post = self._transitions.post
        callbacks = QueryCallbacks(
            observed=lambda job, found: post(lambda: self._observed(job, found)),
            named=lambda job, job_id: post(lambda: self._named(job, job_id)),
            ended=lambda query: post(lambda: self._query_ended(query)),
            wall=self._transitions.wall,
        )
        self._query = StatusQuery(self._adapter, jobs, callbacks, together=self._together)
        self._polled, self._polled_next = self._polled_next, []
        # A poll changes nothing at the backend, so it does not wait for the commit.
        self._queue.call(self._query.run)

    def _busy_for(self) -> float:
        """Return how many seconds the query has waited for an answer.

        If it has not begun, return how long the call before it has taken so far.
        """
        seconds = None if self._query is None else self._query.busy_for()
        return self._queue.busy_for() if seconds is None else seconds

    def _split_hanging_query(self) -> None:
        query = self._query
        waited = self._busy_for()
        if query is None or waited < (_threads.DEADLINE if self._together else _threads.STALL):
            return
        begun = query.busy_for() is not None
        if self._queue.relieve(0) and not self._together:
            if not begun:
                return  # it runs now, on the new thread
            for job in query.split():
                if self._is_followed(job):
                    self._singles.add_hanging(job)
            if query.left:
                self._queue.call(query.run)
            else:
                self._query_ended(query)
        elif self._together or waited >= _threads.DEADLINE:
            query.silent = query.close()
            query.error = TimeoutError(f"{self._adapter.name} has not answered for {waited:.0f} s")
            self._query_ended(query)

    def _named(self, followed: Followed, job_id: str | None) -> None:
        if self._is_followed(followed):
            followed.nameless = False
            self._transitions.amend(followed.job_set, followed.row, job_id=job_id)

    def _is_followed(self, job: Followed) -> bool:
        return self._followed.get(job.key) is job

    def _query_ended(self, query: StatusQuery) -> None:
        if query is not self._query:
            return
        self._query = None
        now, left = self._transitions.now(), len(self._followed)
        self._polling = self._polling.answered(
            now, took=query.seconds, changed=query.changed, ended=query.ended, left=left
        )
        if query.error is None or query.observed:
            self._failed_queries = 0
        else:
            self._failed_queries += 1
            retry_after = judge(query.error).retry_after
            wait = backoff.back_off(self._failed_queries, retry_after, self._transitions.chance())
            self._polling = self._polling.failed(now, min(wait, backoff.HELD_INTERVAL))
        if query.error is not None:
            for job in query.silent:
                self._observed(job, query.error)
        if self._poll_again:
            self._poll_again = False
            self._polling = self._polling.at_once(now)
        self._report_polled(self._polled)

    def _report_polled(self, callbacks: list[Callable[[], None]]) -> None:
        for callback in callbacks:
            self._transitions.after_commit(callback)
        callbacks.clear()

    # -- observations --------------------------------------------------------------------------------

    def _observed(self, followed: Followed, found: Observation | BaseException) -> None:
        """Handle the observation of one job; ignore it if it is of an attempt that was superseded."""
        if not self._is_followed(followed):
            return
        alone = followed.key in self._singles
        slow = self._singles.drop(followed.key)
        if isinstance(found, BaseException):
            self._not_observed(followed, found)
            if alone and followed.silence is not None and self._is_followed(followed):
                retry_after, chance = judge(found).retry_after, self._transitions.chance()
                wait = backoff.back_off(followed.silence.tries, retry_after, chance)
                self._singles.poll_later(followed, wait, silent=slow)
            return
        if found.fetch is not None:
            self._singles.fetch(followed, found.fetch)
            return
        followed.silence = None
        if slow and (found.status is None or found.status.remote):
            self._singles.poll_later(followed, _threads.STALL)
        self._apply(followed, found)

    def _apply(self, followed: Followed, found: Observation) -> None:
        """Change a job as its observation says."""
        job_set, row, job = followed.job_set, followed.row, followed.job
        now = self._transitions.wall()
        if found.status is None:
            self._transitions.amend(job_set, row, checked_at=now, last_error=found.text)
            return
        fields = status_fields(found)
        if found.status.remote:
            fields |= {"checked_at": now, "last_error": followed.cancel_error}
            if found.status is job.status:
                self._transitions.amend(job_set, row, **fields)
            else:
                running_at = (found.running_at or now) if found.status is Status.RUNNING else None
                fields["running_at"] = running_at
                self._transitions.change(job_set, row, found.status, **fields)
            return
        del self._followed[followed.key]
        if found.too_large and job.retryable and cuts.can_be_halved(job_set, job):
            # Another attempt: at the backend, the failed job keeps the identity of this one.
            job_set.jobs[row] = replace(job, attempt=job.attempt + 1)
            cuts.halve(self._transitions, job_set, row, found.text or "")
            self._ended(job_set, row)
            return
        status = found.status
        if status is Status.CANCELLED and found.text is not None and not job.cancel_requested:
            status = Status.ERROR  # others cancelled it
        self._transitions.change(
            job_set,
            row,
            status,
            outcome=found.outcome,
            failed=found.failed,
            error=found.text if status is Status.ERROR else None,
            running_at=found.running_at or job.running_at,
            finished_at=found.finished_at or now,
            checked_at=now,
            last_error=None,
            **fields,
        )
        self._ended(job_set, row)

    def _not_observed(self, followed: Followed, error: BaseException) -> None:
        """Note a failed poll. It changes no status, but after a long silence the job is held.

        A held job is still polled.
        """
        job_set, row, job = followed.job_set, followed.row, followed.job
        now = self._transitions.now()
        followed.silence = followed.silence.again() if followed.silence else Silence(now)
        verdict = judge(error)
        if job.status is Status.HELD:
            return
        if not followed.silence.is_over(now, temporary=verdict.refusal.temporary):
            if job.last_error != verdict.text:
                self._transitions.amend(job_set, row, last_error=verdict.text)
            return
        silent = duration(now - followed.silence.since)
        text = f"no status for {silent}; still polling, it may be running: submit again?"
        self._transitions.hold(job_set, row, f"{text}\n{verdict.text}")
        self._held(job_set, row)
