"""One job of a set, as its user sees it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from qjm_widgets._printable import printable_result
from qjm_widgets.core import formatting
from qjm_widgets.core.records import Span, Status, StatusChange
from qjm_widgets.state.job_set_state import JobSetState

if TYPE_CHECKING:
    from qiskit.providers import JobStatus


class JobActions(Protocol):
    """What a job needs of its set."""

    @property
    def _state(self) -> JobSetState:
        """What is known of the set."""

    def cancel(self, jobs: Any) -> int:
        """Cancel jobs."""

    def retry(self, jobs: Any) -> int:
        """Send failed jobs again."""


class ManagedJob:
    """One job of a set: a span of its circuits, or one piece of their shots."""

    def __init__(self, job_set: JobActions, row: int) -> None:
        self._set = job_set
        self.row = row

    @property
    def span(self) -> Span:
        """The half-open range of circuit indices that it holds."""
        return self._set._state.jobs[self.row].span

    @property
    def state(self) -> Status:
        """Its status in our own words; ``status`` gives Qiskit's."""
        return self._set._state.jobs[self.row].status

    @property
    def job(self) -> Any:
        """The provider's own job object, or None where this process has none."""
        return self._set._state.provider_jobs.get(self.row)

    def status(self) -> JobStatus | None:
        """Qiskit's status; None where it is not known."""
        return qiskit_status(self.state)

    def job_id(self) -> str | None:
        """The provider's id; None before it was sent."""
        return self._set._state.jobs[self.row].job_id

    @printable_result
    def error_message(self) -> str | None:
        """Why it failed, or None."""
        return self._set._state.jobs[self.row].error

    def history(self) -> list[StatusChange]:
        """Every status that it had, in all attempts, oldest first."""
        return self._set._state.store.job_history(self._set._state.set_id, self.row)

    def cancel(self) -> int:
        """Cancel it; 1, or 0 when it was over already."""
        return self._set.cancel(self)

    def retry(self) -> int:
        """Send it again if it failed; 1 or 0."""
        return self._set.retry(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ManagedJob) and (self._set._state, self.row) == (
            other._set._state,
            other.row,
        )

    def __hash__(self) -> int:
        return hash((id(self._set._state), self.row))

    def __repr__(self) -> str:
        return f"<job {self.row}: circuits {self.span}, {formatting.WORDS[self.state]}>"


def qiskit_status(status: Status) -> JobStatus | None:
    """The status in Qiskit's words; None where it has none."""
    from qiskit.providers import JobStatus

    if status in (Status.NOT_SENT, Status.SENDING):
        return JobStatus.INITIALIZING
    if status is Status.HELD:
        return None
    return JobStatus[status.name]
