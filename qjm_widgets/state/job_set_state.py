"""One job set in this process: what the engine last published of it, and what waits for it."""

from __future__ import annotations

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qjm_widgets.core.backoff import TRIES
from qjm_widgets.core.formatting import Summary, Waiting, plural, summary
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.ports import BackendAdapter, JobStore, Work
from qjm_widgets.core.records import JobRecord, JobSetRecord, Status
from qjm_widgets.core.span_index import Cover
from qjm_widgets.core.totals import Totals
from qjm_widgets.state.caches import IN_MEMORY, Circuits, LRUCache, Outcomes
from qjm_widgets.state.events import EventBus, JobEvent

_LOG = logging.getLogger(__name__)


class JobSetState:
    """A job set's state. The engine (or the follower of another kernel's) alone publishes; all may read.

    Attributes:
        record: the set.
        jobs: its jobs by row; each is replaced, never changed. ``ordered`` has them as circuits go.
        census: what they add up to.
        adapter: how its jobs are run; None when nobody drives it here.
        owner: who drives it, in words, where that is another kernel.
        tries: after so many refusals because the backend was busy, a job is an error.
        circuits: its circuits.
        outcomes: what its jobs gave.
        natives: the provider's own job objects by row, as far as this process has them; of jobs that it
            computed, the last ones.
        refusals: the exceptions with which submissions failed, by row, as far as this process has them.
        changed: notified after every publication.
        sequence: counts the publications.
        closed: whether its manager was closed.
        paused: whether the user holds back what is not sent.
        waiting: what submission waits for, or None.
        trouble: why the engine cannot go on by itself (the store cannot be written), or None.
        heard_at: when (seconds since 1970) the backend last answered for one of its jobs, or None.
    """

    def __init__(
        self,
        record: JobSetRecord,
        jobs: Sequence[JobRecord],
        store: JobStore,
        *,
        adapter: BackendAdapter | None = None,
        works: Sequence[Work | None] = (),
        names: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
        tries: int = TRIES,
    ) -> None:
        self.record = record
        self.jobs = list(jobs)
        self.store = store
        self.adapter = adapter
        self.owner: str | None = None
        self.tries = tries
        self.options = dict(options if options is not None else record.options)
        self.circuits = Circuits(store, record.set_id, record.circuits, works, names, self._unstored)
        done = [job.row for job in jobs if job.status is Status.DONE]
        self.outcomes = Outcomes(store, record.set_id, done)
        self.natives: dict[int, Any] = {}
        self._computed: LRUCache[None] = LRUCache(IN_MEMORY, lambda row: self.natives.pop(row, None))
        self.refusals: dict[int, Exception] = {}
        self.changed = threading.Condition()
        self.sequence = 0
        self.closed = False
        self.paused = False
        self.waiting: Waiting | None = None
        self.trouble: str | None = None
        self.heard_at: float | None = None
        self.bus = EventBus()
        self._watchers: list[Callable[[], None]] = []
        self.totals = Totals(self.jobs)
        self._cover = Cover(self.jobs, record.circuits)

    @property
    def set_id(self) -> str:
        """32 hexadecimal digits."""
        return self.record.set_id

    @property
    def driven(self) -> bool:
        """Whether somebody drives the set, here or elsewhere."""
        return self.adapter is not None or self.owner is not None

    @property
    def over(self) -> bool:
        """Whether all jobs have ended."""
        return all(status.final or not number for status, number in self.totals.numbers.items())

    @property
    def interrupted(self) -> bool:
        """Whether jobs are unfinished and nobody drives them."""
        return not self.driven and any(self.totals.numbers[s] for s in Status if not s.settled)

    @property
    def settled(self) -> bool:
        """Whether nothing is left that goes on by itself."""
        return not self.driven or not any(self.totals.numbers[s] for s in Status if not s.settled)

    @property
    def submitted(self) -> bool:
        """Whether nothing is left to be sent by itself."""
        unsent = self.totals.numbers[Status.NOT_SENT] + self.totals.numbers[Status.SENDING]
        return not self.driven or not unsent

    def standing(self, now: float) -> str | None:
        """Why the set does not go on by itself at a time (seconds since 1970); None where it does."""
        if not any(self.totals.numbers[s] for s in Status if not s.settled):
            return None
        if self.closed:
            return "its manager was closed: resume it with another one"
        if self.interrupted:
            if not self.record.complete:
                saved = plural(self.record.circuits, "circuit")
                return f"interrupted while `run` saved it: resume() runs the {saved} that are here"
            return "interrupted: nobody drives it, resume() does"
        return None if self.waiting is None else self.waiting.words(now)

    @property
    def finished(self) -> int:
        """How many jobs are done."""
        return self.totals.numbers[Status.DONE]

    def ordered(self) -> list[JobRecord]:
        """The jobs in the order of their circuits, then of their shot pieces."""
        cover = self._cover
        return self.jobs.copy() if cover.plain else [self.jobs[row] for row in cover.order]

    def codes(self) -> bytes:
        """A byte a job, in the same order: how it stands (``core.census``)."""
        codes, cover = self.totals.codes, self._cover
        return bytes(codes) if cover.plain else bytes(codes[row] for row in cover.order)

    def rows_of(self, circuit: int) -> tuple[int, ...]:
        """The rows of all jobs that hold a circuit, in the order of its shot pieces."""
        return self._cover.rows_of(circuit)

    def numbers(self) -> Counter[Status]:
        """How many jobs are in each status."""
        return Counter(self.totals.numbers)

    def summary(self) -> Summary:
        """The set in one line."""
        return summary(self.numbers(), self.trouble, flawed=len(self.totals.flawed))

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call a quick function after every publication, on the engine's thread."""
        if watcher not in self._watchers:
            self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Stop calling it; unknown ones are ignored."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def restart(self, record: JobSetRecord, jobs: Sequence[JobRecord]) -> None:
        """Show the set as the store has it: jobs that differ are published."""
        self.record = record
        known = len(self.jobs)
        self.publish([job for job in jobs if job.row >= known or self.jobs[job.row] != job], {})

    def publish(self, jobs: Sequence[JobRecord], outcomes: Mapping[int, JobOutcome]) -> None:
        """Show what was just written to the store."""
        self.outcomes.put(outcomes)
        events = []
        recut = False
        for job in sorted(jobs, key=lambda job: job.row):
            if job.row == len(self.jobs):  # the second half of a job that was too large
                self.jobs.append(job)
                self.totals.put(None, job)
                events.append(JobEvent(self.set_id, job, Status.NOT_SENT))
                recut = True
                continue
            before = self.jobs[job.row]
            self.jobs[job.row] = job
            self.totals.put(before, job)
            recut = recut or job.span != before.span
            if job.status is not before.status:
                events.append(JobEvent(self.set_id, job, before.status))
                if job.status is Status.DONE:
                    self.outcomes.done(job.row)
                    if self.adapter is not None and self.adapter.lifetime is JobLifetime.KERNEL:
                        # A job of this process holds all that it gave.
                        self._computed.put(job.row, None, len(job.span))
                    self._let_go(job)
        if recut:
            self._cover = Cover(self.jobs, self.record.circuits)
        self.notify()
        if events:
            self.bus.publish(events)

    def notify(self) -> None:
        """Wake everybody who waits or watches."""
        with self.changed:
            self.sequence += 1
            self.changed.notify_all()
        for watcher in list(self._watchers):
            try:
                watcher()
            except BaseException:  # a panel that fails must not end the engine's thread
                _LOG.exception("what shows a job set raised")

    def close(self) -> None:
        """Nobody drives the set any more: wake those who wait, end the subscriptions."""
        self.closed = True
        self.notify()
        self.bus.close()

    def _unstored(self) -> tuple[int, ...]:
        return self.record.unstored_circuits

    def _let_go(self, job: JobRecord) -> None:
        """Forget circuits that no unfinished job holds any more: the store has them."""
        if not self.record.resumable:
            return
        for part in self._cover.parts(job.span):
            rows = self.rows_of(part.start)
            if all(self.jobs[row].status is Status.DONE for row in rows):
                self.circuits.let_go(part)
