"""What the exit codes say; the package's docstring lists them."""

from __future__ import annotations

from qjm_widgets.errors import (
    BundleError,
    DrivenElsewhereError,
    InvalidStateError,
    NotFoundError,
    QJMError,
    StoreError,
    WaitTimeoutError,
)

DONE = 0
NOT_ALL_DONE = 1
WRONG = 2
UNKNOWN = 3
ELSEWHERE = 4
NO_DRIVER = 5
NO_STORE = 6
LATE = 7
INTERRUPTED = 130

_BY_KIND: tuple[tuple[type[Exception], int], ...] = (
    (NotFoundError, UNKNOWN),
    (DrivenElsewhereError, ELSEWHERE),
    (InvalidStateError, NO_DRIVER),
    (WaitTimeoutError, LATE),
    (BundleError, NO_STORE),
    (StoreError, NO_STORE),
)


def code_of(error: QJMError) -> int:
    """The exit code for an error."""
    return next((code for kind, code in _BY_KIND if isinstance(error, kind)), WRONG)
