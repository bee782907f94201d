"""Warnings of this package's threads: collected or logged, never shown in the user's cell."""

from __future__ import annotations

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_LOG = logging.getLogger(__name__)

#: How the names of this package's threads begin.
THREAD_PREFIX = "qjm-"

_this_thread = threading.local()


class _ShowWarning:
    """A ``warnings.showwarning`` for all threads.

    It collects the warnings of a thread that is inside ``collect_warnings``, logs those of the other
    threads of this package, and shows all others as before. The output of a thread would appear in the
    cell that runs at that moment, or after the prompt of a script. Only ``showwarning`` is replaced,
    because ``catch_warnings`` would change the filters of all threads.
    """

    def __init__(self, before: Callable[..., Any]) -> None:
        self._before = before

    def __call__(self, message: Any, category: Any, filename: Any, lineno: Any, *more: Any) -> None:
        texts = getattr(_this_thread, "texts", None)
        if texts is not None:
            texts.append(str(message))
        elif threading.current_thread().name.startswith(THREAD_PREFIX):
            _LOG.info("%s", warnings.formatwarning(message, category, filename, lineno))
        else:
            self._before(message, category, filename, lineno, *more)


def log_warnings() -> None:
    """Log the warnings of this package's threads instead of showing them.

    Call this before each call to a backend, because other code may replace ``warnings.showwarning``.
    """
    if not isinstance(warnings.showwarning, _ShowWarning):
        warnings.showwarning = _ShowWarning(warnings.showwarning)  # type: ignore[assignment]


@contextmanager
def collect_warnings() -> Iterator[list[str]]:
    """Collect the texts of this thread's warnings; those of other threads are shown as before."""
    log_warnings()
    before = getattr(_this_thread, "texts", None)
    texts: list[str] = []
    _this_thread.texts = texts
    try:
        yield texts
    finally:
        _this_thread.texts = before
