"""A set as the engine sees it, and what engine and drivers know of each other."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Protocol

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.observation import NONE_FAILED
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.core.recovery import Recovery
from qjm_widgets.state.job_set_state import JobSetState

#: A job: the id of its set, and its row.
Key = tuple[str, int]


class Drives(Protocol):
    """What the engine asks of a driver about one job."""

    adapter: BackendAdapter

    @property
    def patient(self) -> bool:
        """Whether a change of a job may be written a little later."""

    def revoke(self, job_set: EngineSet, row: int) -> bool:
        """Take back a submission that has not begun; True when it never goes out."""

    def cancel(self, job_set: EngineSet, row: int) -> None:
        """Ask the backend to stop a job."""

    def drop(self, job_set: EngineSet, row: int) -> None:
        """Forget a job's handle."""

    def forget(self, job_set: EngineSet) -> None:
        """Forget all jobs of a set."""

    def recover(self, job_set: EngineSet, row: int, recovery: Recovery) -> None:
        """Have back or look for a job of a kernel that died."""


class Turn(Protocol):
    """What a driver may do in the engine's turn."""

    def now(self) -> float:
        """Seconds on the monotonic clock."""

    def wall(self) -> float:
        """Seconds since 1970, UTC."""

    def chance(self) -> float:
        """A random number in [0, 1)."""

    def post(self, message: Callable[[], None]) -> None:
        """From any thread: run a function in a turn of the engine."""

    def change(
        self,
        job_set: EngineSet,
        row: int,
        status: Status,
        *,
        outcome: JobOutcome | bytes | None = None,
        failed: Mapping[int, str] = NONE_FAILED,
        text: str | None = None,
        **fields: Any,
    ) -> JobRecord:
        """Give a job another status; ``failed`` is as in ``Observation``."""

    def amend(self, job_set: EngineSet, row: int, **fields: Any) -> JobRecord:
        """Change what is known of a job, not its status."""

    def amend_set(self, job_set: EngineSet, **fields: Any) -> None:
        """Change what is known of the set itself."""

    def unsend(self, job_set: EngineSet, row: int, text: str) -> None:
        """A job was certainly not accepted: it is not sent, or cancelled where that was wished."""

    def hold(self, job_set: EngineSet, row: int, text: str) -> None:
        """Nobody can tell whether a job was accepted: the user decides, or has by a cancellation."""

    def halve(self, job_set: EngineSet, row: int, text: str) -> None:
        """Cut a job of several circuits into two."""

    def cut_out(self, job_set: EngineSet, row: int, circuit: int, text: str) -> None:
        """Cut a job of several circuits so that one begins or ends with this circuit."""

    def cut_shots(self, job_set: EngineSet, row: int, most: int) -> None:
        """Cut the shots of a job that is not sent into pieces of at most so many."""

    def take_token(self, key: str, pace: Pace) -> float:
        """Take a token of a shared pace; seconds to wait, 0 when it was taken."""

    def after_commit(self, action: Callable[[], None], job_set: EngineSet | None = None) -> None:
        """Do something once this turn's changes are on disk, if the set is still driven here."""


class EngineSet:
    """The engine's own view of a set: newer than what is published by at most one turn.

    Attributes:
        jobs: by row.
        ready: circuits up to here are as they are sent: a pass manager has transpiled them.
        unsent: a stack of rows; the next job to send is last.
        paused: whether the user holds back what is not sent.
        budget_wait: why the set's budget holds back its next job for now, or None.
    """

    def __init__(self, state: JobSetState, driver: Drives, *, ready: int) -> None:
        self.state = state
        self.driver = driver
        self.jobs = list(state.jobs)
        self.ready = ready
        self.unsent: list[int] = []
        self.paused = state.paused
        self.budget_wait: str | None = None
        self.add_unsent(job.row for job in self.jobs if job.status is Status.NOT_SENT)

    def add_unsent(self, rows: Any) -> None:
        """Put rows on the stack, in the order of their circuits."""
        self.unsent = sorted({*self.unsent, *rows}, key=self._place, reverse=True)

    def _place(self, row: int) -> tuple[Span, int]:
        return self.jobs[row].span, self.jobs[row].piece

    def next(self) -> int | None:
        """The next row to send: not sent yet, its circuits transpiled, and not held back."""
        while self.unsent and not self.paused:
            row = self.unsent[-1]
            job = self.jobs[row]
            if job.status is Status.NOT_SENT:
                return row if job.span.stop <= self.ready else None
            self.unsent.pop()
        return None
