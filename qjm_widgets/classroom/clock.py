"""The clock of a lesson: faster than the one on the wall, and moved by hand where that is wanted."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable

from qjm_widgets.errors import InputError

_LOOK = 0.05
"""Who waits looks at the clock so often (seconds of the wall)."""


class LessonClock:
    """Counts the seconds of a lesson from 0.

    Args:
        speed: seconds of the lesson in one second on the wall; 60 makes a minute of a queue a second.
            0 stops the clock: then only ``advance`` moves it.
        source: where real time comes from, seconds that never go back.

    Raises:
        InputError: the speed is negative or no number.
    """

    def __init__(self, speed: float = 1.0, source: Callable[[], float] = time.monotonic) -> None:
        if isinstance(speed, bool) or not isinstance(speed, (int, float)) or not 0 <= speed < math.inf:
            raise InputError(f"speed is how often faster than life a lesson goes, not {speed!r}")
        self.speed = float(speed)
        self._source = source
        self._began = source()
        self._moved = 0.0
        self._changed = threading.Condition()

    def now(self) -> float:
        """Seconds of the lesson since the clock was made."""
        with self._changed:
            return (self._source() - self._began) * self.speed + self._moved

    def advance(self, seconds: float) -> None:
        """Let so many seconds of the lesson pass at once."""
        if not 0 <= seconds < math.inf:
            raise InputError(f"a clock goes forward by a number of seconds, not by {seconds!r}")
        with self._changed:
            self._moved += seconds
            self._changed.notify_all()

    def real(self, seconds: float) -> float | None:
        """How long so many seconds of the lesson take on the wall; None where the clock stands."""
        return seconds / self.speed if self.speed else None

    def wall(self, moment: float) -> float:
        """When a past moment of the lesson was, in seconds since 1970, UTC."""
        return time.time() - (self.real(max(0.0, self.now() - moment)) or 0.0)

    def look_again(self, timeout: float | None) -> None:
        """Wait a little, or until somebody moves the clock; at most so many seconds of the wall."""
        with self._changed:
            self._changed.wait(_LOOK if timeout is None else min(_LOOK, max(0.0, timeout)))
