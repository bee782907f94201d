"""Limit the rate of submissions to one backend: its pace, its limits, and waits after refusals."""

from __future__ import annotations

from typing import TypeAlias

from qjm_widgets.core import backoff
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.error_policy import Verdict
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.engine.transitions import Transitions

#: Seconds without a submission after the backend had too many pending jobs, unless a job ends before.
_LIMIT_WAIT = 30.0
#: Seconds for which a learned pending limit applies. It may be too low, as others had jobs there, too.
_LIMIT_MEMORY = 600.0

#: The time before which nothing is submitted (monotonic seconds), and the reason.
Block: TypeAlias = tuple[float, str]


class RateLimiter:
    """The limits on submissions to one adapter; used on the engine's thread only."""

    def __init__(self, adapter: BackendAdapter, transitions: Transitions) -> None:
        self._adapter = adapter
        self._transitions = transitions
        self._call_seconds = 0.0
        self._learned: tuple[int, float] | None = None
        self._busy: Block = (0.0, "")
        self._full: Block = (0.0, "")
        self._unanswered = 0

    # -- limits -------------------------------------------------------------------------------------

    @property
    def block(self) -> Block:
        """The time until which nothing is submitted, and the reason.

        The time is past if submission is not blocked.
        """
        return max(self._busy, self._full)

    @property
    def blocked(self) -> bool:
        """Whether nothing may be submitted now."""
        return self._transitions.now() < self.block[0]

    def room(self, sending: int, pending: int) -> int:
        """Return how many jobs may be submitted now.

        Args:
            sending: submissions that are queued or under way.
            pending: submitted jobs that have not ended.
        """
        adapter, takes = self._adapter, self._adapter.max_pending
        if adapter.runs_inside_submit:
            room = 1 - sending
        elif adapter.lifetime is JobLifetime.KERNEL:
            # Many at once: these jobs end with the kernel, so none can come to be held.
            there = sending + (0 if takes is None else pending)
            room = backoff.refill(there, min(takes or backoff.MOST_ANNOUNCED, backoff.MOST_ANNOUNCED))
        else:
            # Only one until its call has shown how long a submission takes: if the kernel dies, each
            # job that was announced may have to be held.
            room = (1 if self._call_seconds == 0 else backoff.batch(self._call_seconds)) - sending
        for limit in (takes, self._learned_limit()):
            if limit is not None:
                room = min(room, limit - sending - pending)
        return room

    def take(self) -> bool:
        """Take a token of the backend's pace.

        If there is no token, return False and allow no submission until there is one.
        """
        if self._adapter.pace is None:
            return True
        wait = self._transitions.take_token(self._adapter.account, self._adapter.pace)
        if wait > 0:
            self.hold_back(wait, "")
        return wait == 0

    def full(self, sending: int, pending: int) -> str:
        """Return why there is no room while a learned limit applies, else "".

        The arguments are those of ``room``.
        """
        limit = self._learned_limit()
        if limit is None or self.room(sending, pending) > 0:
            return ""
        return f"{self._adapter.name} takes {limit} at a time"

    def _learned_limit(self) -> int | None:
        if self._learned is None or self._transitions.now() >= self._learned[1]:
            return None
        return self._learned[0]

    # -- reports ------------------------------------------------------------------------------------

    def hold_back(self, seconds: float, reason: str) -> None:
        """Submit nothing for so many seconds."""
        self._busy = max(self._busy, (self._transitions.now() + seconds, reason))

    def back_off(self, verdict: Verdict, reason: str) -> None:
        """Submit nothing for a while because the backend was busy or did not answer.

        The wait grows with each such submission in a row, of whichever job. If each job were counted by
        itself, many jobs would begin with short waits again, and while a network is down each of them
        would become a job that may have been sent.
        """
        self._unanswered += 1
        chance = self._transitions.chance()
        wait = backoff.back_off(self._unanswered, verdict.retry_after, chance)
        self.hold_back(wait, reason)

    def answered(self, seconds: float) -> None:
        """Note how many seconds a submission took, whether it was accepted or refused."""
        known = self._call_seconds
        self._call_seconds = seconds if known == 0 else 0.7 * known + 0.3 * seconds

    def accepted(self) -> None:
        """Note that the backend accepted a job."""
        self._unanswered = 0

    def ended(self) -> None:
        """Note that a job has ended or is held: there may be room below a pending limit."""
        self._full = (0.0, "")

    def meet_limit(self, pending: int, verdict: Verdict) -> None:
        """Note that too many jobs are pending.

        The number of this worker's pending jobs is learned as the limit. If it has none, the jobs of
        others fill the limit, and nothing is learned.
        """
        if pending:
            self._learned = pending, self._transitions.now() + _LIMIT_MEMORY
        why = f"{self._adapter.name} has too many pending jobs"
        if verdict.retry_after is not None:
            self.hold_back(verdict.retry_after, why)
        self._full = (self._transitions.now() + _LIMIT_WAIT, why)
