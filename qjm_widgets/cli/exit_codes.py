"""The exit codes; the package's docstring explains them."""

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
USAGE = 2
NOT_FOUND = 3
DRIVEN_ELSEWHERE = 4
BACKEND_NEEDED = 5
STORE_FAILED = 6
TIMED_OUT = 7
INTERRUPTED = 130

_BY_KIND: tuple[tuple[type[Exception], int], ...] = (
    (NotFoundError, NOT_FOUND),
    (DrivenElsewhereError, DRIVEN_ELSEWHERE),
    (InvalidStateError, BACKEND_NEEDED),
    (WaitTimeoutError, TIMED_OUT),
    (BundleError, STORE_FAILED),
    (StoreError, STORE_FAILED),
)


def code_of(error: QJMError) -> int:
    """Return the exit code for an error."""
    return next((code for kind, code in _BY_KIND if isinstance(error, kind)), USAGE)
