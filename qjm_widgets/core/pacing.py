"""When to ask next: pure in (state, now)."""

from __future__ import annotations

from dataclasses import dataclass, replace

FASTEST = 0.005
GROWTH = 1.5
SHARE = 20
"""Asking may take one part in so many of the time."""


@dataclass(frozen=True, slots=True)
class Polling:
    """When jobs are asked for next; times are seconds on a monotonic clock.

    The interval starts short, grows while nothing happens, and starts again when something did.

    Attributes:
        shortest, longest: bounds of the interval.
    """

    shortest: float
    longest: float
    interval: float
    due: float

    @classmethod
    def start(cls, now: float, *, local: bool) -> Polling:
        """Jobs in this process can be asked often; a provider is asked with more patience."""
        shortest, longest = (FASTEST, 0.1) if local else (0.05, 10.0)
        return cls(shortest, longest, shortest, now)

    def asked(self, now: float, *, took: float, news: bool) -> Polling:
        """After an answer: ``took`` seconds, with or without news."""
        interval = self.shortest if news else min(self.interval * GROWTH, self.longest)
        interval = max(interval, took * SHARE)
        return replace(self, interval=interval, due=now + interval)

    def soon(self, now: float) -> Polling:
        """Something was sent or wished: ask after the shortest interval."""
        return replace(self, interval=self.shortest, due=min(self.due, now + self.shortest))


def batch(call_seconds: float, *, most: int = 64, within: float = 0.02) -> int:
    """How many jobs are marked as being sent in one transaction: those that leave ``within`` seconds."""
    if call_seconds <= 0:
        return most
    return max(1, int(min(most, within / call_seconds)))
