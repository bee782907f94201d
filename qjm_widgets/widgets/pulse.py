"""One thread that repaints all panels of the process, at most ten times a second."""

from __future__ import annotations

import logging
import threading
import time
from typing import Protocol

_LOG = logging.getLogger(__name__)

INTERVAL = 0.1
_IDLE = 5.0
"""Without anything to paint for so many seconds the thread ends; the next mark starts another."""


class Painted(Protocol):
    """What can be repainted."""

    def paint(self) -> bool:
        """Send what changed; True when something is left for the next beat."""


class Pulse:
    """Coalesces marks: whatever the rate of changes, a panel is painted once a beat."""

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._marked: dict[Painted, None] = {}
        self._running = False

    def mark(self, painted: Painted) -> None:
        """Paint it at the next beat; quick, from any thread."""
        with self._condition:
            self._marked[painted] = None
            if not self._running:
                self._running = True
                threading.Thread(target=self._beat, name="qjm-pulse", daemon=True).start()
            self._condition.notify()

    def flush(self) -> None:
        """Paint now, on this thread, what is marked."""
        with self._condition:
            marked, self._marked = self._marked, {}
        self._paint(marked)

    def _beat(self) -> None:
        while True:
            with self._condition:
                if not self._marked and not self._condition.wait_for(lambda: self._marked, _IDLE):
                    self._running = False
                    return
                marked, self._marked = self._marked, {}
            began = time.monotonic()
            self._paint(marked)
            time.sleep(max(0.0, INTERVAL - (time.monotonic() - began)))

    def _paint(self, marked: dict[Painted, None]) -> None:
        for painted in marked:
            try:
                left = painted.paint()
            except Exception:
                _LOG.exception("a panel could not be painted")
                continue
            if left:
                self.mark(painted)


PULSE = Pulse()
