"""How fast one backend is sent jobs: its pace, the limits it tells or that are learned, its refusals."""

from __future__ import annotations

from qjm_widgets.core import backoff
from qjm_widgets.core.error_policy import Verdict
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.ports import BackendAdapter
from qjm_widgets.engine.engine_set import Turn

_LIMIT_WAIT = 30.0
"""A pending limit that others fill is tried again after so many seconds."""
_LIMIT_MEMORY = 600.0
"""For so many seconds a pending limit is believed: others may have filled it, and be gone by then."""

Block = tuple[float, str]
"""Nothing is sent before that time (monotonic seconds), and why."""


class RateLimiter:
    """What holds back the submissions to one adapter; on the engine's thread alone."""

    def __init__(self, adapter: BackendAdapter, turn: Turn) -> None:
        self._adapter = adapter
        self._turn = turn
        self._call_seconds = 0.0
        self._learned: tuple[int, float] | None = None
        self._busy: Block = (0.0, "")
        self._full: Block = (0.0, "")
        self._unanswered = 0

    # -- what it allows ------------------------------------------------------------------------------

    @property
    def block(self) -> Block:
        """Until when nothing is sent, and why; a time that is over where nothing is in the way."""
        return max(self._busy, self._full)

    @property
    def blocked(self) -> bool:
        """Whether nothing may be sent now."""
        return self._turn.now() < self.block[0]

    def room(self, under_way: int, pending: int) -> int:
        """How many jobs may go out now, where so many submissions and sent jobs have not ended."""
        adapter, takes = self._adapter, self._adapter.max_pending
        if adapter.runs_inside_submit:
            room = 1 - under_way
        elif adapter.lifetime is JobLifetime.KERNEL:
            # Many at once: nothing that is announced may have to be held, as it ends with the kernel.
            there = under_way + (0 if takes is None else pending)
            room = backoff.refill(there, min(takes or backoff.MOST_ANNOUNCED, backoff.MOST_ANNOUNCED))
        else:
            # The first call tells how long one takes: what is announced before may have to be held.
            room = (1 if self._call_seconds == 0 else backoff.batch(self._call_seconds)) - under_way
        for limit in (takes, self._learned_limit()):
            if limit is not None:
                room = min(room, limit - under_way - pending)
        return room

    def take(self) -> bool:
        """Take a token of the backend's pace; False where there is none yet, and then it blocks."""
        if self._adapter.pace is None:
            return True
        wait = self._turn.take_token(self._adapter.account, self._adapter.pace)
        if wait > 0:
            self.hold_back(wait, "")
        return wait == 0

    def full(self, under_way: int, pending: int) -> str:
        """Why there is no room, where a limit was learned; else nothing."""
        limit = self._learned_limit()
        if limit is None or self.room(under_way, pending) > 0:
            return ""
        return f"{self._adapter.name} takes {limit} at a time"

    def _learned_limit(self) -> int | None:
        if self._learned is None or self._turn.now() >= self._learned[1]:
            return None
        return self._learned[0]

    # -- what it learns ------------------------------------------------------------------------------

    def hold_back(self, seconds: float, reason: str) -> None:
        """Send nothing for so long."""
        self._busy = max(self._busy, (self._turn.now() + seconds, reason))

    def back_off(self, verdict: Verdict, reason: str) -> None:
        """The backend could not answer: the longer, the more often that happens in a row.

        Counted over all jobs: each of many would else begin with short waits again, and a network that
        is down would make each job that waits one that may have been sent.
        """
        self._unanswered += 1
        wait = backoff.back_off(self._unanswered, verdict.retry_after, self._turn.chance())
        self.hold_back(wait, reason)

    def answered(self, took: float) -> None:
        """A submission came back after so many seconds, taken or refused."""
        self._call_seconds = took if self._call_seconds == 0 else 0.7 * self._call_seconds + 0.3 * took

    def accepted(self) -> None:
        """The backend has taken a job."""
        self._unanswered = 0

    def ended(self) -> None:
        """A job has ended: where a pending limit was met, there may be room."""
        self._full = (0.0, "")

    def meet_limit(self, pending: int, verdict: Verdict) -> None:
        """Too many jobs are pending: as many as ours is what it takes, or others' fill it."""
        if pending:
            self._learned = pending, self._turn.now() + _LIMIT_MEMORY
        why = f"{self._adapter.name} has too many pending jobs"
        if verdict.retry_after is not None:
            self.hold_back(verdict.retry_after, why)
        self._full = (self._turn.now() + _LIMIT_WAIT, why)
