"""The state of one job set in this process, as the engine published it last."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.backoff import TRIES
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.formatting import (
    Summary,
    Taking,
    Waiting,
    first_line,
    found_text,
    plural,
    summary,
)
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import JobRecord, JobSetRecord, Status
from qjm_widgets.core.span_index import Cover, HeldRange
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.core.totals import Totals
from qjm_widgets.state.caches import IN_MEMORY, Circuits, LRUCache, Outcomes
from qjm_widgets.state.events import EventBus, JobEvent
from qjm_widgets.state.watchers import Watchers

#: Seconds between two times that look the same to a user.
_SAME_TIME = 0.5


class JobSetState:
    """The state of a job set in this process.

    Only the engine, or the follower of another kernel's set, publishes jobs. Any thread may read.

    Attributes:
        jobs: its jobs by row; a record is replaced, never changed. ``ordered`` sorts them by circuit.
        totals: sums over its jobs.
        store: the store that has it.
        circuits: its circuits.
        outcomes: the outcomes of its jobs.
        provider_jobs: the provider's own job objects by row, if this process has them. Of jobs that
            computed in this process, only the last ones are kept.
        submit_errors: the exceptions with which submissions failed, by row, if this process has them.
        changed: notified after every publication.
        bus: the subscriptions to its jobs' statuses.
        watchers: called after every publication, on the publishing thread.
    """

    def __init__(
        self,
        record: JobSetRecord,
        jobs: Sequence[JobRecord],
        store: JobStore,
        *,
        adapter: BackendAdapter | None = None,
        inputs: Sequence[CircuitInput | None] = (),
        names: Sequence[str] = (),
        options: Mapping[str, Any] | None = None,
        tries: int = TRIES,
    ) -> None:
        self._record = record
        self.jobs = list(jobs)
        self.store = store
        self._adapter = adapter
        self._owner: str | None = None
        self._tries = tries
        self._options = dict(options if options is not None else record.options)
        self.circuits = Circuits(store, record.set_id, record.circuits, inputs, names, self._unstored)
        done = [job.row for job in jobs if job.status is Status.DONE]
        self.outcomes = Outcomes(store, record.set_id, done)
        self.provider_jobs: dict[int, Any] = {}
        self._computed: LRUCache[None] = LRUCache(
            IN_MEMORY, lambda row, _: self.provider_jobs.pop(row, None)
        )
        self.submit_errors: dict[int, Exception] = {}
        self.changed = threading.Condition()
        self._sequence = 0
        self._closed = False
        self._paused = False
        self._waiting: Waiting | None = None
        self._trouble: str | None = None
        self._answered_at: float | None = None
        self._found = False
        self._taking: Taking | None = None
        self._next_poll: float | None = None
        self.bus = EventBus()
        self.watchers = Watchers()
        self.totals = Totals(self.jobs)
        self._cover = Cover(self.jobs)

    # -- reading -------------------------------------------------------------------------------------

    @property
    def record(self) -> JobSetRecord:
        """The set's record."""
        return self._record

    @property
    def set_id(self) -> str:
        """The set's id, 32 hexadecimal digits."""
        return self._record.set_id

    @property
    def adapter(self) -> BackendAdapter | None:
        """The adapter that runs its jobs; None if this kernel does not drive it."""
        return self._adapter

    @property
    def owner(self) -> str | None:
        """The other kernel that drives the set, as text; None if no other kernel does."""
        return self._owner

    @property
    def options(self) -> Mapping[str, Any]:
        """The run options of its jobs."""
        return self._options

    @property
    def tries(self) -> int:
        """The number of refusals by a busy backend after which a job is an error."""
        return self._tries

    @property
    def sequence(self) -> int:
        """The number of publications so far."""
        return self._sequence

    @property
    def closed(self) -> bool:
        """Whether its manager was closed."""
        return self._closed

    @property
    def paused(self) -> bool:
        """Whether the user keeps back the jobs that are Not sent."""
        return self._paused

    @property
    def waiting(self) -> Waiting | None:
        """The reason why the set waits; None if it does not wait."""
        return self._waiting

    @property
    def trouble(self) -> str | None:
        """The reason why the engine or the follower cannot use the store; None if it can."""
        return self._trouble

    @property
    def answered_at(self) -> float | None:
        """The time of the backend's last answer about a job, in seconds since 1970; None before that."""
        return self._answered_at

    def found_text(self, now: float) -> str | None:
        """Return when the set was run, if ``run`` found it instead of running it again; else None."""
        return found_text(self._record.created_at, now) if self._found else None

    @property
    def next_poll(self) -> float | None:
        """The time of the next poll in seconds since 1970; None if polls do not fail."""
        return self._next_poll

    @property
    def taking(self) -> Taking | None:
        """How its circuits are taken from an iterator; None if this kernel did not take them so."""
        return self._taking

    @property
    def is_taking(self) -> bool:
        """Whether its circuits are still taken from an iterator, so that it grows."""
        return self._taking is not None and self._taking.active

    def taking_ended(self, reason: str | None) -> Taking:
        """Return that its taking ended.

        Args:
            reason: why it ended before the iterator; None if it did not.
        """
        return (self._taking or Taking())._replace(active=False, reason=reason)

    @property
    def taken_text(self) -> str | None:
        """How many circuits were taken from an iterator, if that is not all that were expected."""
        return None if self._taking is None else self._taking.text(self._record.circuits)

    @property
    def driven(self) -> bool:
        """Whether this or another kernel drives the set."""
        return self._adapter is not None or self._owner is not None

    @property
    def over(self) -> bool:
        """Whether all jobs have ended, and no more come."""
        ended = all(status.final or not number for status, number in self.totals.numbers.items())
        return ended and not self.is_taking

    @property
    def interrupted(self) -> bool:
        """Whether some jobs have neither ended nor are held, and no kernel drives the set."""
        return not self.driven and self._has_unsettled

    @property
    def settled(self) -> bool:
        """Whether no job changes by itself: all have ended or are held, or no kernel drives the set.

        No more jobs come either.
        """
        return not self.driven or not (self.is_taking or self._has_unsettled)

    @property
    def submitted(self) -> bool:
        """Whether no job is left to submit: none is Not sent or Sending, or no kernel drives the set."""
        unsent = self.totals.numbers[Status.NOT_SENT] + self.totals.numbers[Status.SENDING]
        return not self.driven or not (self.is_taking or unsent)

    @property
    def _has_unsettled(self) -> bool:
        return any(self.totals.numbers[status] for status in Status if not status.settled)

    def stall_reason(self, now: float) -> str | None:
        """Return why the set makes no progress; None if it makes progress or no job can go on by itself.

        Args:
            now: seconds since 1970.
        """
        if not self._has_unsettled:
            return None
        if self._closed:
            return "its manager was closed: resume it with another one"
        if self.interrupted:
            if not self._record.complete:
                saved = plural(self._record.circuits, "circuit")
                rest = ", and run(..., continue_set=) takes the rest" if self._record.taken else ""
                return f"interrupted while `run` saved it: resume() runs the {saved} that are here{rest}"
            return "interrupted: nobody drives it, resume() does"
        waiting = "" if self._waiting is None else self._waiting.text_at(now)
        return "; ".join(filter(None, (waiting, self._poll_failure(now)))) or None

    def _poll_failure(self, now: float) -> str:
        """Return why polls fail and when the next one is; empty if they do not fail."""
        error = None if self._next_poll is None else self.totals.facts().poll_error
        if error is None or self._next_poll is None:
            return ""
        left = round(self._next_poll - now)
        return f"polling fails ({first_line(error)}), asks again {f'in {left} s' if left > 0 else 'now'}"

    @property
    def finished(self) -> int:
        """The number of jobs that are done."""
        return self.totals.numbers[Status.DONE]

    def ordered(self) -> list[JobRecord]:
        """Return the jobs in the order of their circuits, then of their points, then of shot pieces."""
        cover = self._cover
        return self.jobs.copy() if cover.plain else [self.jobs[row] for row in cover.order]

    def codes(self) -> bytes:
        """Return a byte for each job with its status and flags (``core.totals``), as ``ordered``."""
        codes, cover = self.totals.codes, self._cover
        return bytes(codes) if cover.plain else bytes(codes[row] for row in cover.order)

    def rows_of(self, circuit: int) -> tuple[int, ...]:
        """Return the rows of all jobs that hold a circuit, in the order of its points, then pieces."""
        return self._cover.rows_of(circuit)

    @property
    def cover(self) -> Cover:
        """Which jobs hold which circuits."""
        return self._cover

    def ranges_of(self, circuit: int) -> Sequence[HeldRange]:
        """Return which jobs hold which points of a circuit; empty if it is not cut along its points."""
        return self._cover.ranges_of(circuit)

    def numbers(self) -> Counter[Status]:
        """Return how many jobs are in each status."""
        return Counter(self.totals.numbers)

    def summary(self) -> Summary:
        """Return the summary of the set, which is its text in one line."""
        return summary(
            self.numbers(),
            self._trouble,
            flawed=len(self.totals.flawed),
            taken=self.taken_text,
        )

    # -- writing -------------------------------------------------------------------------------------

    def set_record(self, record: JobSetRecord) -> None:
        """Replace the set's record; the caller notifies."""
        self._record = record

    def set_owner(self, owner: str | None) -> None:
        """Set which other kernel drives the set, as text; None if no other kernel does."""
        if owner != self._owner:
            self._owner = owner
            self.notify()

    def set_paused(self, paused: bool) -> None:
        """Set whether the user keeps back the jobs that are Not sent."""
        self._paused = paused
        self.notify()

    def set_taking(self, taking: Taking) -> None:
        """Set how its circuits are taken from an iterator."""
        self._taking = taking
        self.notify()

    def set_tries(self, tries: int) -> None:
        """Set the number of refusals by a busy backend after which a job is an error."""
        self._tries = tries

    def set_waiting(self, waiting: Waiting | None) -> None:
        """Set the reason why the set waits, unless a user would see no difference."""
        known = self._waiting
        if known is not None and waiting is not None and known.looks_like(waiting):
            return
        if known != waiting:
            self._waiting = waiting
            self.notify()

    def set_next_poll(self, at: float | None) -> None:
        """Set the time of the next poll while polls fail, unless a user would see no difference."""
        known = self._next_poll
        if known != at and (known is None or at is None or abs(known - at) >= _SAME_TIME):
            self._next_poll = at
            self.notify()

    def set_trouble(self, text: str | None) -> None:
        """Set the reason why the engine or the follower cannot use the store; None if it can."""
        if text != self._trouble:
            self._trouble = text
            self.notify()

    def set_found(self, names: Sequence[str]) -> None:
        """Note that ``run`` found the set, with circuits that may have other names now."""
        self._found = True
        self.circuits.add_names(names)
        self.notify()

    def set_answered(self, at: float) -> None:
        """Note when the backend answered about one of its jobs, in seconds since 1970."""
        self._answered_at = at

    def take_over(self, adapter: BackendAdapter, options: Mapping[str, Any]) -> None:
        """Drive the set in this kernel from now on; the caller notifies.

        Args:
            adapter: runs its jobs.
            options: the run options of its jobs.
        """
        self._owner = None
        self._options = dict(options)
        self._adapter = adapter

    def release(self) -> None:
        """Stop driving the set in this kernel; the caller notifies."""
        self._adapter = None
        self._next_poll = None

    def restart(self, record: JobSetRecord, jobs: Sequence[JobRecord]) -> None:
        """Show the set as the store has it; publish the jobs that differ."""
        if more := record.circuits - self._record.circuits:  # another kernel takes circuits
            self.circuits.extend([None] * more, None)
        known = len(self.jobs)
        changed = [job for job in jobs if job.row >= known or self.jobs[job.row] != job]
        self.publish(changed, {}, record)

    def publish(
        self,
        jobs: Sequence[JobRecord],
        outcomes: Mapping[int, JobOutcome],
        record: JobSetRecord | None = None,
    ) -> None:
        """Show jobs and outcomes, and perhaps a record, that were just committed to the store."""
        self.outcomes.put(outcomes)
        events = []
        done = []
        added = []
        recut = False
        covered = self._cover.stop
        for job in sorted(jobs, key=lambda job: job.row):
            before = self.jobs[job.row] if job.row < len(self.jobs) else None
            self.totals.put(before, job)
            if before is None:  # it holds new circuits, or was cut from another; it may have ended
                self.jobs.append(job)
                added.append(job)
                recut = recut or job.span.start < covered
            else:
                self.jobs[job.row] = job
                recut = recut or (job.span, job.points) != (before.span, before.points)
            if before is None or job.status is not before.status:
                events.append(JobEvent(self.set_id, job, before.status if before else Status.NOT_SENT))
                if job.status is Status.DONE:
                    done.append(job)
        if recut:
            self._cover = Cover(self.jobs)
        elif added:
            self._cover.extend(added)
        if record is not None:
            self._record = record
        for job in done:
            self.outcomes.add_done(job.row)
            if self._adapter is not None and _may_hold_results(self._adapter, job):
                self._computed.put(job.row, None, len(job.points or job.span))
            self._forget_circuits(job)
        self.notify()
        if events:
            self.bus.publish(events)

    def notify(self) -> None:
        """Wake all waiting threads and call all watchers."""
        with self.changed:
            self._sequence += 1
            self.changed.notify_all()
        self.watchers.notify()

    def close(self) -> None:
        """Mark the manager as closed, wake all waiting threads and end the subscriptions."""
        self._closed = True
        self.notify()
        self.bus.close()

    def _unstored(self) -> tuple[int, ...]:
        return self._record.unstored_circuits

    def _forget_circuits(self, job: JobRecord) -> None:
        """Drop circuits from memory that only done jobs hold: the store has them."""
        if not self._record.resumable:
            return
        for part in self._cover.parts(job.span):
            # Of many ranges of points the last one is mostly the last to end.
            rows = reversed(self.rows_of(part.start))
            if all(self.jobs[row].status is Status.DONE for row in rows):
                self.circuits.forget(part)


def _may_hold_results(adapter: BackendAdapter, job: JobRecord) -> bool:
    """Return whether the backend's job object may hold in this process all that the job gave."""
    if job.points is not None:
        return adapter.lifetime is not JobLifetime.BACKEND
    return adapter.lifetime is JobLifetime.KERNEL
