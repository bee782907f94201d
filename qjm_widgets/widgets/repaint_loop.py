"""One thread that repaints all panels of the process, at most ten times a second."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable

_LOG = logging.getLogger(__name__)

#: Seconds between two repaints.
INTERVAL = 0.1
#: Seconds without a request after which the thread ends; the next request starts another.
_IDLE = 5.0

#: A function that sends changes; it returns True if some are left for the next repaint.
Repaint = Callable[[], bool]


class RepaintLoop:
    """A thread that collects requests and repaints each panel at most once in an interval.

    Large data that can wait is sent between two repaints, when the page is less busy.
    """

    def __init__(self) -> None:
        self._condition = threading.Condition()
        self._requested: dict[Repaint, None] = {}
        self._idle_requested: dict[Repaint, None] = {}
        self._running = False

    def request(self, repaint: Repaint) -> None:
        """Call a function at the next repaint. This is quick, and safe from any thread."""
        self._add(self._requested, repaint)

    def request_idle(self, repaint: Repaint) -> None:
        """Call a function between two repaints. This is quick, and safe from any thread."""
        self._add(self._idle_requested, repaint)

    def flush(self) -> None:
        """Make the requested repaints now, on this thread."""
        self._repaint(self._requested)
        self._repaint(self._idle_requested)

    def _add(self, requested: dict[Repaint, None], repaint: Repaint) -> None:
        with self._condition:
            requested[repaint] = None
            if not self._running:
                self._running = True
                threading.Thread(target=self._run, name="qjm-repaint", daemon=True).start()
            self._condition.notify()

    def _run(self) -> None:
        while True:
            with self._condition:
                if not self._condition.wait_for(lambda: self._requested or self._idle_requested, _IDLE):
                    self._running = False
                    return
            for requested in (self._requested, self._idle_requested):
                began = time.monotonic()
                self._repaint(requested)
                time.sleep(max(0.0, INTERVAL / 2 - (time.monotonic() - began)))

    def _repaint(self, requested: dict[Repaint, None]) -> None:
        with self._condition:
            repaints = list(requested)
            requested.clear()
        for repaint in repaints:
            try:
                left = repaint()
            except Exception:
                _LOG.exception("a panel could not be repainted")
                continue
            if left:
                self._add(requested, repaint)


REPAINT_LOOP = RepaintLoop()
