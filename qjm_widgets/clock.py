"""The machine's own clock, as the port ``Clock`` wishes it."""

from __future__ import annotations

import time


class SystemClock:
    """The machine's own clock."""

    def time(self) -> float:
        """Seconds since 1970, UTC."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds that never go back."""
        return time.monotonic()
