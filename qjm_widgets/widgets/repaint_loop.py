"""One thread that repaints all panels of the process, at most ten times a second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)

INTERVAL = 0.1
_IDLE = 5.0
"""Without anything to paint for so many seconds the thread ends; the next mark starts another."""

Paint = Callable[[], bool]
"""Sends what changed; True when something is left for the next beat."""


class RepaintLoop:
    """Coalesces marks: whatever the rate of changes, what is marked is painted once a beat.

    What is large and can wait goes between two beats, when the page is not busy with one.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._marked: dict[Paint, None] = {}
        self._between: dict[Paint, None] = {}
        self._running = False

    def mark(self, paint: Paint) -> None:
        """Paint at the next beat; quick, from any thread."""
        self._add(self._marked, paint)

    def mark_between(self, paint: Paint) -> None:
        """Paint between two beats; quick, from any thread."""
        self._add(self._between, paint)

    def flush(self) -> None:
        """Paint now, on this thread, what is marked."""
        self._paint(self._marked)
        self._paint(self._between)

    def _add(self, marked: dict[Paint, None], paint: Paint) -> None:
        with self._condition:
            marked[paint] = None
            if not self._running:
                self._running = True
                threading.Thread(target=self._beat, name="qjm-pulse", daemon=True).start()
            self._condition.notify()

    def _beat(self) -> None:
        while True:
            with self._condition:
                if not self._condition.wait_for(lambda: self._marked or self._between, _IDLE):
                    self._running = False
                    return
            for marked in (self._marked, self._between):
                began = time.monotonic()
                self._paint(marked)
                time.sleep(max(0.0, INTERVAL / 2 - (time.monotonic() - began)))

    def _paint(self, marked: dict[Paint, None]) -> None:
        with self._condition:
            paints = list(marked)
            marked.clear()
        for paint in paints:
            try:
                left = paint()
            except Exception:
                _LOG.exception("a panel could not be painted")
                continue
            if left:
                self._add(marked, paint)


REPAINT_LOOP = RepaintLoop()
