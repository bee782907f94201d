"""Answers of IBM Quantum that users see, and that are asked for at most once a minute."""

from __future__ import annotations

import abc
import math
import threading
import time
from collections.abc import Callable, Mapping
from typing import Any

from qjm_widgets.errors import ProviderError

#: Seconds for which an answer is used.
_KEPT = 60.0


class Recent(abc.ABC):
    """What the last answer to a question says. Thread-safe.

    Args:
        clock: returns seconds on a monotonic clock.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._due = -math.inf
        self._asking = threading.Lock()

    def refresh(self) -> None:
        """Ask again if the last answer is old. A failed request leaves the last answer."""
        with self._asking:
            if self._clock() < self._due:
                return
            self._due = self._clock() + _KEPT
            try:
                found = self._ask()
            except ProviderError:
                return
        self._read(found)

    @abc.abstractmethod
    def _ask(self) -> Mapping[str, Any]:
        """Ask.

        Raises:
            ProviderError: there is no answer.
        """

    @abc.abstractmethod
    def _read(self, found: Mapping[str, Any]) -> None:
        """Keep what an answer says."""
