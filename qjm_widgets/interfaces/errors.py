"""The errors of jobs over job sets, which are Qiskit's as well as this package's."""

from __future__ import annotations

from qiskit.providers import JobError, JobTimeoutError

from qjm_widgets._printable import printable
from qjm_widgets.errors import NotAvailableError, WaitTimeoutError


class SetFailedError(NotAvailableError, JobError):  # type: ignore[misc]
    """A job set has no whole result: the message names the jobs without one, and the reasons."""

    def __str__(self) -> str:
        return printable(self.message)  # Qiskit's errors would return its repr


class SetTimeoutError(WaitTimeoutError, JobTimeoutError):  # type: ignore[misc]
    """A job set did not end within the timeout. Its jobs go on."""

    def __str__(self) -> str:
        return printable(self.message)
