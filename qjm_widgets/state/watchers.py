"""Functions to call after a change."""

from __future__ import annotations

import logging
from collections.abc import Callable

_LOG = logging.getLogger(__name__)


class Watchers:
    """Quick functions that are called after each change, on the thread that made it."""

    def __init__(self) -> None:
        self._functions: list[Callable[[], None]] = []

    def add(self, function: Callable[[], None]) -> None:
        """Call a function after each change; a known function is not added again."""
        if function not in self._functions:
            self._functions.append(function)

    def remove(self, function: Callable[[], None]) -> None:
        """Stop calling a function; no-op for an unknown one."""
        if function in self._functions:
            self._functions.remove(function)

    def notify(self) -> None:
        """Call all functions; log an exception, because it must not end the engine's thread."""
        for function in list(self._functions):
            try:
                function()
            except BaseException:
                _LOG.exception("a watcher raised")

    def __len__(self) -> int:
        return len(self._functions)
