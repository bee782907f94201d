"""A set as the engine sees it, and what engine and driver know of each other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.live import LiveSet


class Drives(Protocol):
    """What the engine asks of a driver about one job."""

    def revoke(self, state: SetState, row: int) -> bool:
        """Take back a submission that has not begun; True when it never goes out."""

    def cancel(self, state: SetState, row: int) -> None:
        """Ask the backend to stop a job."""

    def drop(self, state: SetState, row: int) -> None:
        """Forget a job's handle."""


class Turn(Protocol):
    """What a driver may do in the engine's turn."""

    def now(self) -> float:
        """Seconds on the monotonic clock."""

    def wall(self) -> float:
        """Seconds since 1970, UTC."""

    def post(self, message: Callable[[], None]) -> None:
        """From any thread: run a function in a turn of the engine."""

    def change(
        self,
        state: SetState,
        row: int,
        status: Status,
        *,
        outcome: JobOutcome | None = None,
        text: str | None = None,
        **fields: Any,
    ) -> JobRecord:
        """Give a job another status."""

    def amend(self, state: SetState, row: int, **fields: Any) -> JobRecord:
        """Change what is known of a job, not its status."""

    def after_commit(self, action: Callable[[], None]) -> None:
        """Do something once this turn's changes are on disk."""


class SetState:
    """The engine's own view of a set: newer than what is published by at most one turn."""

    def __init__(self, live: LiveSet, driver: Drives) -> None:
        self.live = live
        self.driver = driver
        self.jobs = list(live.jobs)
        self.written = 0
        """Circuits up to here are on disk (or known to run from memory)."""
        self.unsendable: set[int] = set()
        """Jobs whose circuits could not be prepared or written: a retry would send others."""
        self.unsent = [job.row for job in reversed(self.jobs) if job.status is Status.NOT_SENT]
        """A stack: the next job to send is last."""
