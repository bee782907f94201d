"""The times of the next poll and submission, as pure functions of the state and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Shortest interval of local jobs, in seconds.
FASTEST = 0.005
#: Factor by which the interval of remote jobs grows.
GROWTH = 1.5
#: The same for local jobs, whose end should be seen soon.
LOCAL_GROWTH = 1.2
#: Polling takes at most one part in so many of the time, because local jobs need the interpreter.
SHARE = 20
#: The same for remote jobs.
REMOTE_SHARE = 2


@dataclass(frozen=True, slots=True)
class Polling:
    """The time of the next poll; times are seconds on a monotonic clock.

    The interval starts short, grows while nothing changes, and starts again after a change. Each poll
    takes the interpreter from jobs in this process, so these are polled when half of the unfinished ones
    should have ended.

    Attributes:
        shortest, longest: bounds of the interval.
        growth: factor by which the interval grows.
        interval: seconds from one poll to the next.
        due: time of the next poll.
        share: polling takes at most one part in so many of the time.
        local: whether the jobs run in this process.
        since: when the last job ended, or the first was submitted.
        each: seconds from one end to the next; None while no job has ended.
    """

    shortest: float
    longest: float
    growth: float
    interval: float
    due: float
    share: int = SHARE
    local: bool = True
    since: float = 0.0
    each: float | None = None

    @classmethod
    def start(cls, now: float, *, local: bool) -> Polling:
        """Return the state before the first poll; local jobs are polled more often than remote ones."""
        if local:
            return cls(FASTEST, 0.1, LOCAL_GROWTH, FASTEST, now, since=now)
        return cls(0.05, 10.0, GROWTH, 0.05, now, REMOTE_SHARE, local=False)

    def between(self, shortest: float, longest: float) -> Polling:
        """Return the state with other bounds of the interval, in seconds."""
        return replace(self, shortest=shortest, longest=longest, interval=shortest)

    def answered(
        self, now: float, *, took: float, changed: bool, ended: int = 0, left: int = 0
    ) -> Polling:
        """Return the state after an answer.

        Args:
            now: the time.
            took: seconds that the poll took, without the fetching of outcomes.
            changed: whether a job changed.
            ended: number of jobs that the answer ended.
            left: number of unfinished jobs.
        """
        since, each = self.since, self.each
        if ended:
            since, each = now, (now - self.since) / ended
        interval = self.shortest if changed else min(self.interval * self.growth, self.longest)
        if changed and self.local and each is not None:
            interval = min(max(interval, each * left / 2), self.longest)
        interval = max(interval, took * self.share)
        return replace(self, interval=interval, due=now + interval, since=since, each=each)

    def sent(self, now: float, others: int) -> Polling:
        """Return the state after a submission; beside ``others``, a local job changes nothing."""
        if self.local and others and self.each is not None:
            return self
        return replace(self.soon(now), since=self.since if others else now, each=None)

    def failed(self, now: float, wait: float) -> Polling:
        """Return the state after a failed poll; the next is in ``wait`` seconds at least."""
        return replace(self, due=now + max(wait, self.interval))

    def soon(self, now: float) -> Polling:
        """Return the state with the next poll after the shortest interval at most."""
        return replace(self, interval=self.shortest, due=min(self.due, now + self.shortest))


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``jobs`` submissions in any ``seconds``."""

    jobs: int
    seconds: float

    def wait(self, before: float | None, now: float) -> float:
        """Return the seconds until the next submission may be made; 0 for now.

        Args:
            before: time of the ``jobs``-th last submission; None if there were fewer.
            now: the time, on the same clock.
        """
        return 0.0 if before is None else max(0.0, before + self.seconds - now)

    def shortest(self, jobs: int) -> float:
        """Return the least seconds from the first to the last of ``jobs`` submissions."""
        return max(0, jobs - 1) // self.jobs * self.seconds


#: After so many refusals because the backend is busy, a job fails.
TRIES = 8
#: Seconds without an answer about a job until it is held; a network may be down overnight.
PATIENCE = 12 * 3600.0
#: The same, if the backend answers with errors that are not temporary.
LASTING_PATIENCE = 600.0
#: Seconds between two reconciliations of a held job.
HELD_INTERVAL = 3600.0
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Since when (monotonic seconds) requests have had no answer, and their number."""

    since: float
    tries: int = 1

    def again(self) -> Silence:
        """Return the state after one more request without an answer."""
        return replace(self, tries=self.tries + 1)

    def is_over(self, now: float, *, temporary: bool) -> bool:
        """Return whether the silence is so long that the user should decide."""
        patience = PATIENCE if temporary else LASTING_PATIENCE
        return self.tries >= TRIES and now - self.since >= patience


def back_off(tries: int, retry_after: float | None, chance: float) -> float:
    """Return the seconds to wait after ``tries`` refusals in a row (1 for the first).

    Args:
        tries: each doubles the wait.
        retry_after: seconds that the server requests, which the wait is never below.
        chance: a random number in [0, 1), so that many kernels do not submit at the same time.
    """
    if retry_after is not None:
        return retry_after + chance
    return min(_LONGEST_WAIT, _FIRST_WAIT * float(2 ** min(tries - 1, 20))) * (0.5 + 0.5 * chance)


#: Jobs that are marked as being sent in one transaction, at most.
MOST_ANNOUNCED = 64


def batch(call_seconds: float, *, within: float = 0.02) -> int:
    """Return how many jobs to mark as being sent at once: those sent ``within`` seconds."""
    if call_seconds <= 0:
        return MOST_ANNOUNCED
    return max(1, int(min(MOST_ANNOUNCED, within / call_seconds)))


def refill(pending: int, most: int) -> int:
    """Return how many jobs to submit together: none while more than half of ``most`` are pending."""
    return most - pending if pending <= most // 2 else 0
