"""The errors of qjm_widgets, as one tree.

::

    QJMError
    ├── InputError (ValueError)            an argument is wrong; nothing was stored or submitted
    │   ├── CircuitError                   one circuit, which is named, cannot run on the backend
    │   ├── LimitError                     a limit is below 1, or one circuit alone exceeds a limit
    │   ├── BackendError (TypeError)       the argument is not a backend
    │   └── BundleError                    a file is damaged or not a bundle, or cannot be written
    ├── NotFoundError (LookupError)
    │   ├── JobSetNotFoundError            no set has that id
    │   ├── CircuitNotFoundError           no circuit has that index or name
    │   └── AmbiguousNameError             several circuits have that name
    ├── NotAvailableError                  a circuit has no such result, or not yet; the reason is named
    │   ├── MissingCircuitsError           circuits are not in the store, so they cannot be submitted
    │   └── SetFailedError (JobError)      of a library's job: the set has no whole result
    ├── InvalidStateError                  the call does not fit what the job set is doing
    │   └── DrivenElsewhereError           another kernel drives the job set
    ├── ProviderError                      a provider refused a request, or did not answer
    ├── WaitTimeoutError (TimeoutError)    the jobs did not end within the timeout
    │   └── SetTimeoutError (JobTimeoutError)  of a library's job
    ├── ClosedError                        the manager was closed, or belongs to a parent process
    └── StoreError
        ├── StoreVersionError              written by a newer qjm_widgets
        ├── StoreCorruptError              the file is damaged or is not a store
        ├── StoreFullError                 no space is left
        ├── StoreReadOnlyError             the directory or file cannot be written
        ├── StoreGoneError                 the file was deleted or replaced while it was open
        ├── StoreValueError                a value can never be written; the error names the jobs
        ├── LeaseLostError                 another kernel has claimed the job set
        └── StoreLockedError               another process locks the file for too long

The two errors of a library's job are Qiskit's errors, too, and in ``qjm_widgets.interfaces.errors``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qjm_widgets._printable import printable


class QJMError(Exception):
    """Base of every error that qjm_widgets raises on purpose.

    Its text is safe to print on any terminal; ``args`` has text from elsewhere unchanged.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(QJMError, ValueError):
    """An argument of the call is wrong; nothing was stored or submitted."""


class CircuitError(InputError):
    """One circuit cannot run on this backend."""


class LimitError(InputError):
    """A limit is below 1, or one circuit alone exceeds a limit."""


class BackendError(InputError, TypeError):
    """The argument is not a backend."""


class BundleError(InputError):
    """A file is damaged or not a bundle, or a bundle cannot be written there."""


class NotFoundError(QJMError, LookupError):
    """A job set, circuit or job does not exist."""


class JobSetNotFoundError(NotFoundError):
    """No job set has that id."""


class CircuitNotFoundError(NotFoundError):
    """The job set has no circuit with that index or name."""


class AmbiguousNameError(NotFoundError):
    """Several circuits have that name: give the index."""


class NotAvailableError(QJMError):
    """A circuit has no such result, or not yet."""


class MissingCircuitsError(NotAvailableError):
    """Circuits are not in the store, so they cannot be submitted.

    Attributes:
        circuits: their indices in the set, in order.
    """

    def __init__(self, circuits: Sequence[int], reason: str) -> None:
        self.circuits = tuple(circuits)
        one = len(self.circuits) == 1
        some = ", ".join(map(str, self.circuits[:10])) + (", …" if len(self.circuits) > 10 else "")
        super().__init__(
            f"circuit{'' if one else 's'} {some} cannot be resumed, as the store does not have "
            f"{'it' if one else 'them'} ({reason}): run {'it' if one else 'them'} again as a new set"
        )


class InvalidStateError(QJMError):
    """The call does not fit what the job set is doing."""


class DrivenElsewhereError(InvalidStateError):
    """Another kernel drives the job set: make the call in that kernel, or end that kernel first."""


class ProviderError(QJMError):
    """A provider refused a request, or did not answer.

    Attributes:
        status_code: the HTTP status of the response; None if there was none.
        retry_after: seconds to wait, as the provider requested; None if it did not.
        arrived: for a submission, whether the provider may have the job in spite of the error; None if
            ``core.error_policy`` has to decide.
    """

    def __init__(
        self,
        text: str,
        status_code: int | None = None,
        retry_after: float | None = None,
        *,
        arrived: bool | None = None,
    ) -> None:
        super().__init__(text)
        self.status_code = status_code
        self.retry_after = retry_after
        self.arrived = arrived


class WaitTimeoutError(QJMError, TimeoutError):
    """The jobs did not end within the timeout. They go on."""


class ClosedError(QJMError):
    """The manager was closed, or it belongs to the process from which this one was forked."""


class StoreError(QJMError):
    """Base of the errors of the store."""


class StoreVersionError(StoreError):
    """The store was written by a newer qjm_widgets."""


class StoreCorruptError(StoreError):
    """The file is damaged, or it is not a store."""


class StoreFullError(StoreError):
    """No space is left on the store's disk."""


class StoreReadOnlyError(StoreError):
    """The store's directory or file cannot be written."""


class StoreGoneError(StoreError):
    """The store's file was deleted or replaced while it was open."""


class StoreValueError(StoreError):
    """Some values can never be stored, so nothing of the transaction was stored.

    Attributes:
        refused: the reason for each job with such a value, by the id of its set and its row.
    """

    def __init__(self, text: str, refused: Mapping[tuple[str, int], str] | None = None) -> None:
        super().__init__(text)
        self.refused = dict(refused or {})


class LeaseLostError(StoreError):
    """Another kernel has claimed the job set: this one must not write it any more."""

    def __init__(self, set_id: str, text: str) -> None:
        super().__init__(text)
        self.set_id = set_id


class StoreLockedError(StoreError):
    """Another process locked the store's file for too long."""


#: The most characters of an exception's text.
_LONGEST = 200_000


def explain(error: BaseException) -> str:
    """Return an exception as one readable text: its class and its message."""
    kind = type(error).__name__
    try:
        # Use the text of this package's errors without escapes: text from elsewhere is stored unchanged.
        text = BaseException.__str__(error) if isinstance(error, QJMError) else str(error)
        text = text[:_LONGEST].strip()
    except BaseException:  # str() of another library's exception may raise, too
        return kind
    if text[:1] in ("'", '"') and text.find(text[0], 1) == len(text) - 1:
        text = text[1:-1].strip()  # the text of a KeyError, and of Qiskit's errors, is a repr
    return f"{kind}: {text}" if text else kind
