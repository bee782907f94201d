"""The protocol of a clock: seconds for records and seconds for waiting."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """Where time comes from, so that a test can drive it."""

    def time(self) -> float:
        """Seconds since 1970, UTC: for records."""

    def monotonic(self) -> float:
        """Seconds that never go back: for waiting."""
