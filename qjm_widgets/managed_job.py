"""One job of a set, as its user sees it."""

from __future__ import annotations

import datetime
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Protocol

from qjm_widgets._printable import printable_result
from qjm_widgets.core import formatting
from qjm_widgets.core.records import Span, Status, StatusChange
from qjm_widgets.serialization.execution_spans import CALIBRATED_AT, execution_spans
from qjm_widgets.state.job_set_state import JobSetState

if TYPE_CHECKING:
    from qiskit.providers import JobStatus


class JobActions(Protocol):
    """The part of a job set that its jobs use."""

    @property
    def _state(self) -> JobSetState:
        """The state of the set."""

    def cancel(self, jobs: Any) -> int:
        """Cancel jobs."""

    def retry(self, jobs: Any) -> int:
        """Send failed jobs again."""

    def _ask_metrics(self, row: int) -> None:
        """Complete the times and the usage of a job by those that its provider knows."""


class ManagedJob:
    """One job of a set: a span of circuits, a range of the points of one, or a piece of their shots.

    ``JobSet.managed_jobs``, ``jobs_of`` and ``as_completed`` make it; users do not.

    Attributes:
        row: the number of the job in its set; it never changes.
    """

    def __init__(self, job_set: JobActions, row: int) -> None:
        self._set = job_set
        self.row = row

    @property
    def span(self) -> Span:
        """The half-open range of the circuit indices that the job holds."""
        return self._set._state.jobs[self.row].span

    @property
    def points(self) -> Span | None:
        """The half-open range of points that the job holds of its circuit; None: all points."""
        return self._set._state.jobs[self.row].points

    @property
    def state(self) -> Status:
        """The job's status; the method ``status`` returns Qiskit's."""
        return self._set._state.jobs[self.row].status

    @property
    def job(self) -> Any:
        """The provider's own job object; None if this process does not have one."""
        return self._set._state.provider_jobs.get(self.row)

    def status(self) -> JobStatus | None:
        """Return Qiskit's status; None if the status is not known: the job is held."""
        return qiskit_status(self.state)

    def job_id(self) -> str | None:
        """Return the provider's id of the job; None before it was submitted."""
        return self._set._state.jobs[self.row].job_id

    @printable_result
    def error_message(self) -> str | None:
        """Return why the job failed; None if it did not."""
        return self._set._state.jobs[self.row].error

    def history(self) -> list[StatusChange]:
        """Return all status changes of the job, in all attempts, oldest first."""
        return self._set._state.store.job_history(self._set._state.set_id, self.row)

    def usage(self) -> float | None:
        """Return the quantum processor time of the job in all attempts, in seconds; None if unknown."""
        return self._set._state.jobs[self.row].all_qpu_seconds

    def metrics(self) -> dict[str, Any]:
        """Return when the job ran, and what it used.

        The provider of a job that has ended is asked once, if this kernel polls the set. Its answer is
        stored. Otherwise the times are those that polls have shown.

        Returns:
            ``timestamps`` with ``created``, ``running`` and ``finished`` (datetimes in UTC, None if
            unknown) and ``usage`` with ``quantum_seconds`` (None if unknown), all of the last attempt;
            ``execution_spans`` and ``calibrated_at`` as the methods of these names return them.

        Raises:
            QJMError: the result could not be fetched or read.
        """
        self._set._ask_metrics(self.row)
        job = self._set._state.jobs[self.row]
        return {
            "timestamps": {
                "created": _moment(job.sent_at),
                "running": _moment(job.running_at),
                "finished": _moment(job.finished_at),
            },
            "usage": {"quantum_seconds": job.qpu_seconds},
            "execution_spans": self.execution_spans(),
            "calibrated_at": self.calibrated_at(),
        }

    def execution_spans(self) -> list[tuple[datetime.datetime, datetime.datetime]]:
        """Return when the processor executed the job's circuits: pairs of start and stop, in UTC.

        They are in order, and come with the result. Empty if the job has no result, or if its provider
        does not report them.

        Raises:
            QJMError: the result could not be fetched or read.
        """
        return [(_utc(start), _utc(stop)) for start, stop in execution_spans(self._info())]

    def calibrated_at(self) -> datetime.datetime | None:
        """Return when the device was calibrated before it executed the job, in UTC; None if unknown.

        Raises:
            QJMError: the result could not be fetched or read.
        """
        return _moment(self._info().get(CALIBRATED_AT))

    def _info(self) -> Mapping[str, Any]:
        """Return the facts about the job's whole result; empty if it has none."""
        outcome = self._set._state.outcomes.get(self.row) if self.state is Status.DONE else None
        return {} if outcome is None else outcome.info

    def cancel(self) -> int:
        """Cancel the job; return 1, or 0 if it has ended.

        The errors are those of ``JobSet.cancel``.
        """
        return self._set.cancel(self)

    def retry(self) -> int:
        """Submit the job again if it failed; return 1, or 0 if it did not.

        The errors are those of ``JobSet.retry``.
        """
        return self._set.retry(self)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ManagedJob) and (self._set._state, self.row) == (
            other._set._state,
            other.row,
        )

    def __hash__(self) -> int:
        return hash((id(self._set._state), self.row))

    def __repr__(self) -> str:
        job = self._set._state.jobs[self.row]
        return f"<job {self.row}: circuits {job.where}, {formatting.status_text(job.status)}>"


def _utc(at: float) -> datetime.datetime:
    return datetime.datetime.fromtimestamp(at, datetime.UTC)


def _moment(at: Any) -> datetime.datetime | None:
    """Return a time in seconds since 1970; None if it is None, or no time, as a bundle may have it."""
    try:
        return None if at is None else _utc(at)
    except (TypeError, ValueError, OverflowError, OSError):
        return None


def qiskit_status(status: Status) -> JobStatus | None:
    """Convert a status to Qiskit's; None for a held job."""
    from qiskit.providers import JobStatus

    if status in (Status.NOT_SENT, Status.SENDING):
        return JobStatus.INITIALIZING
    if status is Status.HELD:
        return None
    return JobStatus[status.name]


def whole_status(numbers: Mapping[Status, int]) -> JobStatus:
    """Return Qiskit's status of a whole set, by the rules of ``JobSet.status``.

    Args:
        numbers: how many of its jobs are in each status.
    """
    from qiskit.providers import JobStatus

    there = {status for status, number in numbers.items() if number}
    if all(status.settled for status in there):
        if there & {Status.ERROR, Status.HELD}:
            return JobStatus.ERROR
        return JobStatus.CANCELLED if Status.CANCELLED in there else JobStatus.DONE
    if there & {Status.RUNNING, Status.DONE, Status.ERROR}:
        return JobStatus.RUNNING
    return JobStatus.QUEUED if Status.QUEUED in there else JobStatus.INITIALIZING
