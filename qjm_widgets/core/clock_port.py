"""The protocol of a clock: seconds for records and seconds for waiting."""

from __future__ import annotations

from typing import Protocol


class Clock(Protocol):
    """A clock, which tests replace."""

    def time(self) -> float:
        """Return seconds since 1970, UTC, for records."""

    def monotonic(self) -> float:
        """Return seconds that never decrease, for waiting."""
