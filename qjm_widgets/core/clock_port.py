"""The protocol of a clock, which gives times for records and times for waiting."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A clock; tests use their own."""

    def time(self) -> float:
        """Return seconds since 1970, UTC, for records."""

    def monotonic(self) -> float:
        """Return seconds on a clock that never goes back, for waiting."""
