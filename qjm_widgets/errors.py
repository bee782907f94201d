"""What can go wrong, as one tree.

::

    QJMError
    ├── InputError (ValueError)            an argument of the call is wrong; nothing was stored or sent
    │   ├── CircuitError                   one circuit cannot run there; it is named
    │   ├── LimitError                     a limit is below 1, or one circuit is beyond a limit by itself
    │   ├── BackendError (TypeError)       what was given can run nothing
    │   └── BundleError                    a file is no bundle that can be believed, or cannot be written
    ├── NotFoundError (LookupError)
    │   ├── JobSetNotFoundError            the store and the session do not know that id
    │   ├── CircuitNotFoundError           no circuit with that index or name
    │   └── AmbiguousNameError             several circuits share that name
    ├── NotAvailableError                  a circuit has no result (yet): the reason is named
    │   └── MissingCircuitsError           circuits are not in the store, and so cannot be sent
    ├── InvalidStateError                  the call does not fit what the job set is doing
    │   └── DrivenElsewhereError           another kernel drives the job set
    ├── ProviderError                      a provider refused a request, or did not answer
    ├── WaitTimeoutError (TimeoutError)    the time was over before the jobs were
    ├── ClosedError                        the manager was closed, or belongs to a parent process
    └── StoreError
        ├── StoreVersionError              written by a newer qjm_widgets
        ├── StoreCorruptError              the file is damaged or is not a store
        ├── StoreFullError                 no space is left
        ├── StoreReadOnlyError             the directory or file cannot be written
        ├── StoreGoneError                 the file was deleted or replaced while it was open
        ├── StoreValueError                a value cannot be written, now or later; jobs are named
        ├── LeaseLostError                 another kernel has taken over the job set
        └── StoreLockedError               another process holds the file for too long
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from qjm_widgets._printable import printable


class QJMError(Exception):
    """Base of every error that qjm_widgets raises on purpose.

    As text it can be printed on any terminal; ``args`` has what was said elsewhere as it came.
    """

    def __str__(self) -> str:
        return printable(super().__str__())


class InputError(QJMError, ValueError):
    """An argument of the call is wrong; nothing was stored or sent."""


class CircuitError(InputError):
    """One circuit cannot run on this backend."""


class LimitError(InputError):
    """A limit is below 1, or one circuit is beyond a limit by itself."""


class BackendError(InputError, TypeError):
    """What was given as a backend can run nothing."""


class BundleError(InputError):
    """A file is no bundle that can be believed, or a bundle cannot be written there."""


class NotFoundError(QJMError, LookupError):
    """Something that was asked for is not there."""


class JobSetNotFoundError(NotFoundError):
    """The store and the session do not know that job set."""


class CircuitNotFoundError(NotFoundError):
    """The job set has no circuit with that index or name."""


class AmbiguousNameError(NotFoundError):
    """Several circuits share that name: ask by index."""


class NotAvailableError(QJMError):
    """A circuit has no such result, or none yet."""


class MissingCircuitsError(NotAvailableError):
    """Circuits are not in the store, so that they cannot be sent.

    Attributes:
        circuits: their places in the set, in order.
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
    """Another kernel drives the job set: act there, or end it first."""


class ProviderError(QJMError):
    """A provider refused a request, or did not answer.

    Attributes:
        status_code: of the HTTP answer; None where there was none.
        retry_after: seconds that the provider asked to wait, or None.
        arrived: of a submission, whether the provider may have the job all the same; None: what else is
            known of the error decides.
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
    """The time was over before the jobs were; the jobs go on."""


class ClosedError(QJMError):
    """The manager was closed, or it belongs to the process that this one was forked from."""


class StoreError(QJMError):
    """The store could not do what was asked."""


class StoreVersionError(StoreError):
    """The store was written by a newer qjm_widgets."""


class StoreCorruptError(StoreError):
    """The file is damaged, or it is not a store."""


class StoreFullError(StoreError):
    """No space is left where the store lies."""


class StoreReadOnlyError(StoreError):
    """The store's directory or file cannot be written."""


class StoreGoneError(StoreError):
    """The store's file was deleted or replaced while it was open."""


class StoreValueError(StoreError):
    """Some of what was to be written cannot be stored, now or later; the rest could be.

    Attributes:
        refused: why, by the id of the set and the row of the job.
    """

    def __init__(self, text: str, refused: Mapping[tuple[str, int], str] | None = None) -> None:
        super().__init__(text)
        self.refused = dict(refused or {})


class LeaseLostError(StoreError):
    """Another kernel has taken over the job set: this one must not write it any more."""

    def __init__(self, set_id: str, text: str) -> None:
        super().__init__(text)
        self.set_id = set_id


class StoreLockedError(StoreError):
    """Another process held the store's file for too long."""


#: Characters of what an exception says.
_LONGEST = 200_000


def explain(error: BaseException) -> str:
    """An exception in one readable text: its kind and what it says."""
    kind = type(error).__name__
    try:
        # Ours as they are: what was said elsewhere is kept as it came.
        text = BaseException.__str__(error) if isinstance(error, QJMError) else str(error)
        text = text[:_LONGEST].strip()
    except BaseException:  # a third party's exception may fail at this too
        return kind
    if text[:1] in ("'", '"') and text.find(text[0], 1) == len(text) - 1:
        text = text[1:-1].strip()  # the text of a KeyError, and of Qiskit's errors, is a repr
    return f"{kind}: {text}" if text else kind
