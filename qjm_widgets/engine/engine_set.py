"""The engine's own state of a job set."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeAlias

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.core.span_index import Cover
from qjm_widgets.state.job_set_state import JobSetState

#: A job: the id of its set, and its row.
Key: TypeAlias = tuple[str, int]


@dataclass(frozen=True)
class Growth:
    """The next circuits of a set, with the jobs that hold them.

    Attributes:
        block: the circuits as the store has them.
        inputs: the circuits in memory; None for each that is only in the store.
        names: their names.
        jobs: the jobs; their rows are not final.
        fields: what changes in the record of the set.
        published: called on the engine's thread when the circuits are in the store.
    """

    block: CircuitBlock
    inputs: Sequence[CircuitInput | None]
    names: Sequence[str]
    jobs: Sequence[JobRecord]
    fields: Mapping[str, Any]
    published: Callable[[], None]


class EngineSet:
    """The engine's own state of a set, with the changes that are not committed and published yet.

    Attributes:
        state: the published state.
        set_id: 32 hexadecimal digits.
        adapter: runs the set's jobs.
        jobs: by row.
        ready: circuits before this index are final: no pass manager has to transpile them any more.
        unsent: a stack of rows; the next job to submit is the last.
        taking: whether its circuits are still taken from an iterator, so that it grows.
        paused: whether the user keeps back the jobs that are Not sent.
        budget_wait: why the set's budget keeps back its next job for now; None if it does not.
    """

    def __init__(self, state: JobSetState, adapter: BackendAdapter, *, ready: int) -> None:
        self.state = state
        self.set_id = state.set_id
        self.adapter = adapter
        self.jobs = list(state.jobs)
        self.ready = ready
        self.unsent: list[int] = []
        self.taking = False
        self.paused = state.paused
        self.budget_wait: str | None = None
        self.add_unsent(job.row for job in self.jobs if job.status is Status.NOT_SENT)

    def cover(self) -> Cover:
        """Return which jobs hold which circuits, after all cuts."""
        # A cut adds a job.
        if len(self.state.jobs) == len(self.jobs):
            return self.state.cover
        return Cover(self.jobs)

    def add_unsent(self, rows: Iterable[int]) -> None:
        """Put rows on the stack, in the order of their circuits and points."""
        self.unsent = sorted({*self.unsent, *rows}, key=self._place, reverse=True)

    def append(self, jobs: Iterable[JobRecord]) -> list[JobRecord]:
        """Add jobs of circuits after all others, and return them with their rows."""
        added = [replace(job, row=row) for row, job in enumerate(jobs, len(self.jobs))]
        self.jobs += added
        self.unsent[:0] = [job.row for job in reversed(added)]
        return added

    def _place(self, row: int) -> tuple[Span, Span, int]:
        return self.jobs[row].place

    def next(self) -> int | None:
        """Return the row of the next job to submit; None if no job can be submitted now.

        The job is Not sent, its circuits are final, and the set is not paused.
        """
        while self.unsent and not self.paused:
            row = self.unsent[-1]
            job = self.jobs[row]
            if job.status is Status.NOT_SENT:
                return row if job.span.stop <= self.ready else None
            self.unsent.pop()
        return None
