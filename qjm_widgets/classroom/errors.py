"""What the classroom's machine answers instead of running a job: a provider's words, not ours.

``core.refusals`` reads them as it reads those of real providers.
"""

from __future__ import annotations

from qiskit.exceptions import QiskitError
from qiskit.providers import JobError


class ClassroomError(QiskitError):  # type: ignore[misc]
    """Base of the machine's refusals."""


class RateLimitError(ClassroomError):
    """Too many submissions in too short a time.

    Attributes:
        retry_after: real seconds after which it takes the next.
    """

    status_code = 429

    def __init__(self, text: str, retry_after: float | None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class PendingJobsError(ClassroomError):
    """Too many jobs of one user wait or run."""


class OutageError(ClassroomError, ConnectionRefusedError):
    """The machine is down and takes no jobs.

    Attributes:
        retry_after: real seconds until it is expected back.
    """

    def __init__(self, text: str, retry_after: float | None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class RejectedError(ClassroomError):
    """A circuit that the machine does not run."""


class JobFailedError(JobError):  # type: ignore[misc]
    """The job has no result: it failed or was cancelled."""


class ResultTimeoutError(JobError, TimeoutError):  # type: ignore[misc]
    """The time was over before the job was."""
