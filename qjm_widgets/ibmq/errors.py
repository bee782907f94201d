"""The retired exceptions, as subclasses of ``QJMError``.

::

    QJMError, QiskitError
    └── IBMQJobManagerError
        ├── IBMQJobManagerInvalidStateError     an argument is wrong, or the call does not fit
        ├── IBMQJobManagerTimeoutError          (TimeoutError)
        ├── IBMQJobManagerJobNotFound           no such experiment, or several with that name
        ├── IBMQManagedResultDataNotAvailable   an experiment does not have this result, or not yet
        └── IBMQJobManagerUnknownJobSet         no such job set

The ``__cause__`` of each is the ``qjm_widgets`` error. An error for which the retired manager had no
exception (the store cannot be written, the manager was closed) is raised unchanged.
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
    """Base of the retired exceptions."""

    def __str__(self) -> str:
        return printable(str(self.message))


class IBMQJobManagerInvalidStateError(IBMQJobManagerError):
    """An argument is wrong, or the call does not fit what the job set is doing."""


class IBMQJobManagerTimeoutError(IBMQJobManagerError, WaitTimeoutError):
    """The jobs did not end within the timeout; they go on."""


class IBMQJobManagerJobNotFound(IBMQJobManagerError):  # noqa: N818
    """No job holds that experiment."""


class IBMQManagedResultDataNotAvailable(IBMQJobManagerError):  # noqa: N818
    """An experiment does not have this result, or not yet."""


class IBMQJobManagerUnknownJobSet(IBMQJobManagerError):  # noqa: N818
    """Neither the store nor the provider has the job set."""


@contextmanager
def retired_errors(wrong_input: type[IBMQJobManagerError] | None = None) -> Iterator[None]:
    """Convert ``qjm_widgets`` errors to the retired exceptions.

    Args:
        wrong_input: the exception for a wrong argument; by default
            ``IBMQJobManagerInvalidStateError``.
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


#: The levels at which jobs could be shared.
SHARE_LEVELS = ("global", "hub", "group", "project", "none")


def check_share_level(job_share_level: object) -> str:
    """Return a share level in lower case, in which upper case is the same.

    Raises:
        IBMQJobManagerInvalidStateError: there is no such level.
    """
    level = job_share_level.lower() if isinstance(job_share_level, str) else None
    if level not in SHARE_LEVELS:
        raise IBMQJobManagerInvalidStateError(
            f"job_share_level must be one of {', '.join(SHARE_LEVELS)}, not {job_share_level!r:.80}"
        )
    return level


def check_job_tags(job_tags: object) -> None:
    """Check that tags are a list of strings; None and other empty values mean no tags.

    Raises:
        IBMQJobManagerInvalidStateError: the tags are not a list of strings.
    """
    if job_tags and not (isinstance(job_tags, list) and all(isinstance(tag, str) for tag in job_tags)):
        raise IBMQJobManagerInvalidStateError(f"job_tags must be a list of strings, not {job_tags!r}")
