"""The errors of the classroom's machine, with texts like those of providers.

``core.error_policy`` reads them as it reads those of real providers.
"""

from __future__ import annotations

from qiskit.exceptions import QiskitError
from qiskit.providers import JobError


class ClassroomError(QiskitError):  # type: ignore[misc]
    """Base of the errors with which the machine refuses a job."""


class RateLimitError(ClassroomError):
    """Too many submissions in too short a time.

    Attributes:
        retry_after: real seconds until the machine accepts the next job; None if the clock stands still.
    """

    status_code = 429

    def __init__(self, text: str, retry_after: float | None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class PendingJobsError(ClassroomError):
    """Too many jobs of one user are queued or running."""


class OutageError(ClassroomError, ConnectionRefusedError):
    """The machine is down and accepts no jobs.

    Attributes:
        retry_after: real seconds until the machine is expected back; None if the clock stands still.
    """

    def __init__(self, text: str, retry_after: float | None) -> None:
        super().__init__(text)
        self.retry_after = retry_after


class RejectedError(ClassroomError):
    """The machine refuses the job because of its circuits or shots."""


class JobFailedError(JobError):  # type: ignore[misc]
    """The job has no result: it failed or was cancelled."""


class ResultTimeoutError(JobError, TimeoutError):  # type: ignore[misc]
    """The job did not end within the timeout."""
