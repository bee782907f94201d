"""The clock of a lesson, which may run faster than real time and can be advanced by hand."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from qjm_widgets.errors import InputError

#: Real seconds between two readings of the clock while a caller waits.
_POLL_SECONDS = 0.05


class LessonClock:
    """A clock that counts the seconds of a lesson from 0.

    Args:
        speed: seconds of the lesson in one real second; with 60, a minute of waiting takes a second.
            With 0 only ``advance`` moves the clock.
        source: returns real time in seconds, and never goes back.

    Raises:
        InputError: the speed is negative or not a number.
    """

    def __init__(self, speed: float = 1.0, source: Callable[[], float] = time.monotonic) -> None:
        if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0 <= speed < math.inf:
            raise InputError(f"speed must be a number of at least 0, not {speed!r}")
        self.speed = float(speed)
        self._source = source
        self._started_at = source()
        self._moved = 0.0
        self._changed = threading.Condition()

    def now(self) -> float:
        """Return the seconds of the lesson since the clock was made."""
        with self._changed:
            return (self._source() - self._started_at) * self.speed + self._moved

    def advance(self, seconds: float) -> None:
        """Advance the clock by seconds of the lesson.

        Raises:
            InputError: the number is negative or not finite.
        """
        if not 0 <= seconds < math.inf:
            raise InputError(f"seconds must be a number of at least 0, not {seconds!r}")
        with self._changed:
            self._moved += seconds
            self._changed.notify_all()

    def _real_seconds(self, seconds: float) -> float | None:
        """Convert seconds of the lesson to real seconds; None if the speed is 0."""
        return seconds / self.speed if self.speed else None

    def _unix_time(self, moment: float) -> float:
        """Convert a past moment of the lesson to seconds since 1970."""
        return time.time() - (self._real_seconds(max(0.0, self.now() - moment)) or 0.0)

    def _wait(self, timeout: float | None) -> None:
        """Wait a moment, or until the clock is advanced; at most ``timeout`` real seconds."""
        with self._changed:
            self._changed.wait(
                _POLL_SECONDS if timeout is None else min(_POLL_SECONDS, max(0.0, timeout))
            )
