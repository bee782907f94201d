"""Clocks that a test moves."""

from __future__ import annotations

import time

import pytest

from qjm_widgets.engine.transitions import Transitions


class JumpingClock:
    """A clock that runs as the machine's does and can be moved by a test."""

    def __init__(self) -> None:
        self._wall = 0.0
        self._monotonic = 0.0

    def time(self) -> float:
        return time.time() + self._wall

    def monotonic(self) -> float:
        return time.monotonic() + self._monotonic

    def jump(self, seconds: float) -> None:
        """Set the wall clock; waits are not shortened by it."""
        self._wall += seconds

    def skip(self, seconds: float) -> None:
        """Let time pass."""
        self._wall += seconds
        self._monotonic += seconds


class ManualClock(JumpingClock):
    """A clock that moves only when a test moves it."""

    def __init__(self) -> None:
        super().__init__()
        self._began = time.time()

    def time(self) -> float:
        return self._began + self._wall

    def monotonic(self) -> float:
        return self._monotonic


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> JumpingClock:
    """The clock of every manager of this test; no delay is random."""
    clock = JumpingClock()
    monkeypatch.setattr("qjm_widgets.manager.manager.time", clock)
    monkeypatch.setattr(Transitions, "chance", lambda self: 0.0)
    return clock
