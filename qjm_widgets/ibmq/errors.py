"""The retired exceptions, as kinds of ours.

::

    QJMError, QiskitError
    └── IBMQJobManagerError
        ├── IBMQJobManagerInvalidStateError     an argument is wrong, or the call does not fit
        ├── IBMQJobManagerTimeoutError          (TimeoutError)
        ├── IBMQJobManagerJobNotFound           no such experiment, or several of that name
        ├── IBMQManagedResultDataNotAvailable   an experiment has no such result (yet)
        └── IBMQJobManagerUnknownJobSet         no such job set

Each keeps our own error as its cause. What the retired manager had no word for (the store cannot be
written, the manager was closed) is raised as it is.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from qiskit.exceptions import QiskitError

from qjm_widgets._printable import printable
from qjm_widgets.errors import (
    AmbiguousNameError,
    CircuitNotFoundError,
    InputError,
    InvalidStateError,
    JobSetNotFoundError,
    NotAvailableError,
    QJMError,
    WaitTimeoutError,
)


class IBMQJobManagerError(QJMError, QiskitError):  # type: ignore[misc]
    """Base of what the drop-in raises."""

    def __str__(self) -> str:
        return printable(str(self.message))


class IBMQJobManagerInvalidStateError(IBMQJobManagerError):
    """An argument is wrong, or the call does not fit what the job set is doing."""


class IBMQJobManagerTimeoutError(IBMQJobManagerError, WaitTimeoutError):
    """The time was over before the jobs were; the jobs go on."""


class IBMQJobManagerJobNotFound(IBMQJobManagerError):  # noqa: N818
    """No job holds that experiment."""


class IBMQManagedResultDataNotAvailable(IBMQJobManagerError):  # noqa: N818
    """An experiment has no such result, or none yet."""


class IBMQJobManagerUnknownJobSet(IBMQJobManagerError):  # noqa: N818
    """That job set is not known."""


@contextmanager
def retired_errors(wrong_input: type[IBMQJobManagerError] | None = None) -> Iterator[None]:
    """Raise the retired exceptions in the place of ours.

    Args:
        wrong_input: what a wrong argument is called here; by default the error of an invalid state.
    """
    try:
        yield
    except IBMQJobManagerError:
        raise
    except WaitTimeoutError as error:
        raise IBMQJobManagerTimeoutError(str(error)) from error
    except (CircuitNotFoundError, AmbiguousNameError) as error:
        raise IBMQJobManagerJobNotFound(str(error)) from error
    except NotAvailableError as error:
        raise IBMQManagedResultDataNotAvailable(str(error)) from error
    except JobSetNotFoundError as error:
        raise IBMQJobManagerUnknownJobSet(str(error)) from error
    except InputError as error:
        raise (wrong_input or IBMQJobManagerInvalidStateError)(str(error)) from error
    except InvalidStateError as error:
        raise IBMQJobManagerInvalidStateError(str(error)) from error


def check_job_tags(job_tags: object) -> None:
    """Refuse tags that are no list of strings; nothing at all is no tags."""
    if job_tags and not (isinstance(job_tags, list) and all(isinstance(tag, str) for tag in job_tags)):
        raise IBMQJobManagerInvalidStateError(f"job_tags has to be a list of strings, not {job_tags!r}")
