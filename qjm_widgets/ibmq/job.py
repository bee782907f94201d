"""``ManagedJob``: one job of a set, with the retired names."""

from __future__ import annotations

import logging
import warnings
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobStatus
from qiskit.result import Result

from qjm_widgets._compat import make_qobj
from qjm_widgets._printable import printable_result
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.ibmq.errors import (
    IBMQJobManagerError,
    IBMQJobManagerInvalidStateError,
    IBMQJobManagerTimeoutError,
    retired_errors,
)
from qjm_widgets.job_set import JobSet
from qjm_widgets.managed_job import ManagedJob as Job
from qjm_widgets.state.wait import wait_until

if TYPE_CHECKING:
    from qjm_widgets.ibmq.submissions import Submissions

_LOG = logging.getLogger(__name__)


class ManagedJob:
    """One job of a set. ``ManagedJobSet.managed_jobs`` makes it; users do not."""

    def __init__(self, job_set: JobSet, row: int, submissions: Submissions | None) -> None:
        self._set = job_set
        self._row = row
        self._submissions = submissions

    @property
    def start_index(self) -> int:
        """The index of its first experiment."""
        return self._record.span.start

    @property
    def end_index(self) -> int:
        """The index of its last experiment."""
        return self._record.span.stop - 1

    @property
    def job(self) -> Any:
        """The provider's own job object; None before the submission, and if the submission failed."""
        return self._set._state.provider_jobs.get(self._row)

    @property
    def job_id(self) -> str | None:
        """The provider's id of the job; None before the submission."""
        return self._record.job_id

    @property
    def future(self) -> Future[None] | None:
        """A future, done after the submission, failed or not; None if the set was only retrieved."""
        return None if self._submissions is None else self._submissions.future(self._row)

    @property
    def submit_error(self) -> Exception | None:
        """The exception with which the submission failed, or None."""
        if not self._refused:
            return None
        error: Exception | None = self._set._state.submit_errors.get(self._row)
        return error or IBMQJobManagerError(self._record.error or "for an unknown reason")

    @property
    def _refused(self) -> bool:
        """Whether its submission failed."""
        job = self._record
        return job.status is Status.ERROR and job.job_id is None and self.job is None

    def submit(
        self,
        circuits: Any,
        job_name: str,
        backend: Any,
        executor: Any,
        submit_lock: Any,
        job_share_level: Any = None,
        job_tags: list[str] | None = None,
        **run_config: Any,
    ) -> None:
        """Raise an error: ``IBMQJobManager.run`` has submitted the job.

        Raises:
            IBMQJobManagerInvalidStateError: always.
        """
        raise IBMQJobManagerInvalidStateError(
            f"{self._description()} was submitted already; to retry failed jobs: job_set.job_set.retry()"
        )

    def status(self) -> JobStatus | None:
        """Return Qiskit's status; None if submitting or polling failed."""
        job = self._record
        if self._refused or (job.status.remote and job.last_error):
            return None
        return Job(self._set, self._row).status()

    def result(
        self, timeout: float | None = None, partial: bool = False, refresh: bool = False
    ) -> Result | None:
        """Wait for the job and return its result; None, with a warning, if it has none.

        Args:
            timeout: seconds to wait; 0 does not wait, None waits without limit.
            partial: return the result of a failed job, too, if there is one.
            refresh: read the result from the store again.

        Raises:
            IBMQJobManagerTimeoutError: the job did not end in time.
        """
        self._wait(timeout)
        if self._refused:
            return None
        if refresh:
            self._set._state.outcomes.invalidate()
        job = self._record
        if job.status is Status.DONE or (partial and job.status is Status.ERROR):
            try:
                return self._set.results(timeout=0, partial=True)._job_result(self._row)
            except NotAvailableError as error:
                reason = str(error)
        else:
            reason = job.error or f"it is {job.status.value}"
        warnings.warn(f"No result of {self._description()}: {reason}", stacklevel=2)
        return None

    @printable_result
    def error_message(self) -> str | None:
        """Wait for the job and return why it or its submission failed; None if neither failed."""
        self._wait(None)
        return self._record.error if self._record.status is Status.ERROR else None

    def cancel(self) -> None:
        """Cancel the job without waiting for it. A job that was not sent is never submitted."""
        with retired_errors():
            cancelled = self._set.cancel(self._row)
        if not cancelled:
            _LOG.warning("Unable to cancel %s: it has ended", self._description())

    def qobj(self) -> Any:
        """Return the job's Qobj; None if the job was not submitted.

        Raises:
            IBMQJobManagerError: the installed Qiskit has no Qobj.
        """
        job = self.job
        state = self._set._state

        def circuits() -> list[Any]:
            return [circuit_input.circuit for circuit_input in state.circuits.get(self._record.span)]

        if job is None and not self._record.job_id:
            return None
        options = {**state.options, "shots": self._record.shots}
        try:
            return make_qobj(job, circuits, options)
        except (NotImplementedError, NotAvailableError) as error:
            raise IBMQJobManagerError(str(error)) from error

    @property
    def _record(self) -> JobRecord:
        return self._set._state.jobs[self._row]

    def _description(self) -> str:
        job_id = self._record.job_id
        suffix = f", job ID={job_id}" if job_id else ""
        return f"the job of experiments {self.start_index}-{self.end_index}{suffix}"

    def _wait(self, timeout: float | None) -> None:
        state = self._set._state
        if not wait_until(state, lambda: self._record.status.settled or not state.driven, timeout):
            raise IBMQJobManagerTimeoutError(f"{self._description()} had not ended after {timeout} s")

    def __repr__(self) -> str:
        return f"<{self._description()}: {self._record.status.value}>"
