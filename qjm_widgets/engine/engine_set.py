"""The engine's own state of a job set."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.records import Span, Status
from qjm_widgets.core.span_index import Cover
from qjm_widgets.state.job_set_state import JobSetState

#: A job: the id of its set, and its row.
Key: TypeAlias = tuple[str, int]


class EngineSet:
    """The engine's own state of a set, with the changes that are not committed and published yet.

    Attributes:
        state: the published state.
        set_id: 32 hexadecimal digits.
        adapter: runs the set's jobs.
        jobs: by row.
        ready: circuits before this index are final: no pass manager has to transpile them any more.
        unsent: a stack of rows; the next job to submit is the last.
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
        self.paused = state.paused
        self.budget_wait: str | None = None
        self.add_unsent(job.row for job in self.jobs if job.status is Status.NOT_SENT)

    def cover(self) -> Cover:
        """Return which jobs hold which circuits, after all cuts."""
        # A cut adds a job.
        if len(self.state.jobs) == len(self.jobs):
            return self.state.cover
        return Cover(self.jobs, self.state.record.circuits)

    def add_unsent(self, rows: Iterable[int]) -> None:
        """Put rows on the stack, in the order of their circuits and points."""
        self.unsent = sorted({*self.unsent, *rows}, key=self._place, reverse=True)

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
