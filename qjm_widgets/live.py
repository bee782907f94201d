"""One job set in this process: what the engine last published of it, and what waits for it."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.circuit_blocks import read_block, read_names
from qjm_widgets.core.counts import CountsSum
from qjm_widgets.core.errors import NotAvailableError
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome
from qjm_widgets.core.ports import BackendAdapter, JobStore, Work
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.events import EventBus, JobEvent


class LiveSet:
    """A job set's state. The engine alone calls ``publish``; everybody may read.

    Attributes:
        record: the set.
        jobs: its jobs in the order of rows; each is replaced, never changed.
        adapter: how its jobs are run; None when it was only retrieved.
        works: its circuits while they are needed in memory, else None in their place.
        natives: the provider's own job objects by row, as far as this process has them.
        changed: notified after every publication.
        sequence: counts the publications.
        closed: whether its manager was closed.
        trouble: why the engine cannot go on by itself (the store cannot be written), or None.
    """

    def __init__(
        self,
        record: JobSetRecord,
        jobs: Sequence[JobRecord],
        store: JobStore,
        *,
        adapter: BackendAdapter | None = None,
        works: Sequence[Work | None] = (),
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.record = record
        self.jobs = list(jobs)
        self.store = store
        self.adapter = adapter
        self.works: list[Work | None] = list(works)
        self.options = dict(options if options is not None else record.options)
        self.natives: dict[int, Any] = {}
        self.changed = threading.Condition()
        self.sequence = 0
        self.trouble: str | None = None
        self.closed = False
        self.bus = EventBus()
        self._watchers: list[Callable[[], None]] = []
        self._outcomes: dict[int, JobOutcome] = {}
        self._reading = threading.Lock()
        self._summing = threading.Lock()
        self._sum = CountsSum()
        self._unsummed = [job.row for job in jobs if job.status is Status.DONE]
        self._summed_jobs = 0
        self._numbers = Counter(job.status for job in self.jobs)
        self._names: list[str] | None = None
        self._left_names: dict[int, str] = {}
        self._cover = _Cover(self.jobs, record.circuits)

    @property
    def set_id(self) -> str:
        """32 hexadecimal digits."""
        return self.record.set_id

    @property
    def settled(self) -> bool:
        """Whether nothing is left that the engine can do by itself."""
        return self.adapter is None or not any(self._numbers[s] for s in Status if not s.settled)

    @property
    def submitted(self) -> bool:
        """Whether nothing is left to be sent."""
        unsent = self._numbers[Status.NOT_SENT] + self._numbers[Status.SENDING]
        return self.adapter is None or not unsent

    def rows_of(self, circuit: int) -> tuple[int, ...]:
        """The rows of all jobs that hold a circuit, in the order of its shot pieces."""
        return self._cover.rows[int(self._cover.at[circuit])]

    def numbers(self) -> Counter[Status]:
        """How many jobs are in each status."""
        return Counter(self._numbers)

    @property
    def finished(self) -> int:
        """How many jobs are done."""
        return self._numbers[Status.DONE]

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call a quick function after every publication, on the engine's thread."""
        self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Stop calling it; unknown ones are ignored."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def publish(self, jobs: Sequence[JobRecord], outcomes: Mapping[int, JobOutcome]) -> None:
        """Show what was just written to the store."""
        events = []
        with self._reading:
            self._outcomes.update(outcomes)
        for job in jobs:
            previous = self.jobs[job.row].status
            self.jobs[job.row] = job
            if job.status is not previous:
                self._numbers[previous] -= 1
                self._numbers[job.status] += 1
                events.append(JobEvent(self.set_id, job, previous))
                if job.status is Status.DONE:
                    self._unsummed.append(job.row)
                    self._let_go(job)
        self.notify()
        if events:
            self.bus.publish(events)

    def notify(self) -> None:
        """Wake everybody who waits or watches."""
        with self.changed:
            self.sequence += 1
            self.changed.notify_all()
        for watcher in list(self._watchers):
            watcher()

    def close(self) -> None:
        """Nobody drives the set any more: wake those who wait, end the subscriptions."""
        self.closed = True
        self.notify()
        self.bus.close()

    def _let_go(self, job: JobRecord) -> None:
        """Forget circuits that no unfinished job holds any more: the store has them."""
        siblings = (self.jobs[row] for row in self.rows_of(job.span.start))
        if self.record.resumable and all(other.status is Status.DONE for other in siblings):
            for circuit in range(job.span.start, job.span.stop):
                work = self.works[circuit] if circuit < len(self.works) else None
                if work is not None:
                    self._left_names[circuit] = work.circuit.name
                    self.works[circuit] = None

    def names(self) -> list[str]:
        """The circuits' names; one that is not known (it was never written) is empty."""
        if self._names is None:
            names = [
                work.circuit.name if work is not None else self._left_names.get(index, "")
                for index, work in enumerate(self.works)
            ]
            if len(names) < self.record.circuits or "" in names:
                names = [""] * self.record.circuits
                for block in self.store.get_circuits(self.set_id, Span(0, self.record.circuits)):
                    names[block.span.start : block.span.stop] = read_names(block)
            self._names = names
        return self._names

    def circuits(self, span: Span) -> list[Work]:
        """The circuits of a span: from memory, else from the store.

        Raises:
            NotAvailableError: they are nowhere any more.
        """
        found = self.works[span.start : span.stop]
        works = [work for work in found if work is not None]
        if len(works) == len(span):
            return works
        stored: dict[int, Work] = {}
        for block in self.store.get_circuits(self.set_id, span):
            stored.update(
                zip(range(block.span.start, block.span.stop), read_block(block) or (), strict=False)
            )
        missing = [circuit for circuit in range(span.start, span.stop) if circuit not in stored]
        if missing:
            raise NotAvailableError(
                f"circuits {Span(missing[0], missing[-1] + 1)} are missing: they were never written to "
                "the store (the kernel died first, or they cannot be written); run them again"
            )
        return [stored[circuit] for circuit in range(span.start, span.stop)]

    def outcome(self, row: int) -> JobOutcome | None:
        """What a job gave: from memory, else from the store; None while there is nothing."""
        with self._reading:
            found = self._outcomes.get(row)
        if found is None:
            data = self.store.get_outcome(self.set_id, row)
            if data is not None:
                found = JobOutcome.decode(data)
                with self._reading:
                    self._outcomes[row] = found
        return found

    def reread(self) -> None:
        """Forget what is in memory of the results: the store is asked again."""
        with self._reading:
            self._outcomes.clear()

    def total(self) -> tuple[dict[str, int], int]:
        """The counts of all finished jobs by bit string, and how many jobs are in them."""
        with self._summing:
            while self._unsummed:
                outcome = self.outcome(self._unsummed[0])
                if outcome is not None:
                    self._add(outcome)
                self._unsummed.pop(0)
                self._summed_jobs += 1
            return self._sum.to_dict(), self._summed_jobs

    def _add(self, outcome: JobOutcome) -> None:
        self._sum.add(outcome.packed())
        for circuit in outcome.circuits:
            if isinstance(circuit, ExperimentOutcome) and "counts" in circuit.data:
                self._sum.add_texts(circuit.data["counts"])


class _Cover:
    """Which rows hold which circuit, found in constant time."""

    def __init__(self, jobs: Sequence[JobRecord], circuits: int) -> None:
        spans: dict[Span, list[int]] = {}
        for job in sorted(jobs, key=lambda job: (job.span, job.piece)):
            spans.setdefault(job.span, []).append(job.row)
        self.rows: list[tuple[int, ...]] = [tuple(rows) for rows in spans.values()]
        self.at = np.zeros(circuits, dtype=np.int64)
        for index, span in enumerate(spans):
            self.at[span.start : span.stop] = index
