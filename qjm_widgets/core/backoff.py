"""Compute when to poll, submit and reconcile next, as pure functions of the state and the time."""

from __future__ import annotations

from dataclasses import dataclass, replace

#: Shortest interval between two polls of local jobs, in seconds.
FASTEST = 0.005
#: Factor by which the interval between two polls of remote jobs grows.
GROWTH = 1.5
#: The same factor for local jobs; it is smaller, because their end should be seen soon.
LOCAL_GROWTH = 1.2
#: Polling local jobs takes at most 1/SHARE of the time, because these jobs need the interpreter.
SHARE = 20
#: Polling remote jobs takes at most 1/REMOTE_SHARE of the time.
REMOTE_SHARE = 2


@dataclass(frozen=True, slots=True)
class Polling:
    """The time of the next poll of a backend's jobs; times are seconds on a monotonic clock.

    The interval between two polls starts short, grows while no job changes, and is short again after a
    change. A poll takes the interpreter from jobs that run in this process. So, once the pace of these
    jobs is known, they are polled when half of the unfinished ones should have ended.

    Attributes:
        shortest, longest: bounds of the interval.
        growth: factor by which the interval grows.
        interval: seconds from one poll to the next.
        due: time of the next poll.
        share: polling takes at most 1/share of the time.
        local: whether the jobs run in this process.
        since: time when the last job ended or, if no job has ended since, when the first was submitted.
        each: mean seconds from one job's end to the next in the last answer with ended jobs; None if it
            is not known.
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
        """Return the state with other bounds of the interval (seconds), and the shortest interval."""
        return replace(self, shortest=shortest, longest=longest, interval=shortest)

    def answered(
        self, now: float, *, took: float, changed: bool, ended: int = 0, left: int = 0
    ) -> Polling:
        """Return the state after the answer to a poll.

        Args:
            now: the time.
            took: seconds that the poll took, without the fetching of outcomes.
            changed: whether a job changed.
            ended: number of jobs that have ended according to the answer.
            left: number of unfinished jobs that remain.
        """
        since, each = self.since, self.each
        if ended:
            since, each = now, (now - self.since) / ended
        interval = self.shortest if changed else min(self.interval * self.growth, self.longest)
        if changed and self.local and each is not None:
            interval = min(max(interval, each * left / 2), self.longest)
        interval = max(interval, took * self.share)
        return replace(self, interval=interval, due=now + interval, since=since, each=each)

    def sent(self, now: float, others: int, *, reports: bool = False) -> Polling:
        """Return the state after the submission of a job: the next poll is soon.

        A local job does not change the state if there are others and their pace is known. If it is alone
        and reports its end, the next poll is after the longest interval, and shows that it runs.

        Args:
            now: the time.
            others: number of the other jobs that are polled.
            reports: whether the job reports its end, so that it is then polled at once.
        """
        if self.local and others and self.each is not None:
            return self
        if reports and not others:
            due = now + self.longest
            return replace(self, interval=self.shortest, due=due, since=now, each=None)
        return replace(self.soon(now), since=self.since if others else now, each=None)

    def failed(self, now: float, wait: float) -> Polling:
        """Return the state after a failed poll; the next poll is in ``wait`` seconds at the earliest."""
        return replace(self, due=now + max(wait, self.interval))

    def soon(self, now: float) -> Polling:
        """Return the state with the next poll after the shortest interval at the latest."""
        return replace(self, interval=self.shortest, due=min(self.due, now + self.shortest))

    def at_once(self, now: float) -> Polling:
        """Return the state with the next poll now: a job is known to have ended."""
        return replace(self, due=min(self.due, now))


@dataclass(frozen=True, slots=True)
class Pace:
    """A limit on submissions: at most ``jobs`` in any period of ``seconds``."""

    jobs: int
    seconds: float

    def wait(self, before: float | None, now: float) -> float:
        """Return the seconds until the next submission is allowed; 0 if it is allowed now.

        Args:
            before: time of the ``jobs``-th last submission; None if there were fewer submissions.
            now: the time, on the same clock.
        """
        return 0.0 if before is None else max(0.0, before + self.seconds - now)

    def shortest(self, jobs: int) -> float:
        """Return the shortest time in seconds from the first to the last of ``jobs`` submissions."""
        return max(0, jobs - 1) // self.jobs * self.seconds


#: Number of refusals by a busy backend after which a job fails, by default. It is also the least number
#: of requests without an answer before a job is held, and the most tries of a cancellation.
TRIES = 8
#: Seconds without an answer about a job after which it is held. They are many, because a network may be
#: down overnight.
PATIENCE = 12 * 3600.0
#: The same seconds if the errors are not temporary.
LASTING_PATIENCE = 600.0
#: Seconds between two reconciliations of a held job.
HELD_INTERVAL = 3600.0
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True)
class Silence:
    """A series of requests without an answer.

    Attributes:
        since: time of the first request (monotonic seconds).
        tries: number of requests.
    """

    since: float
    tries: int = 1

    def again(self) -> Silence:
        """Return the state after one more request without an answer."""
        return replace(self, tries=self.tries + 1)

    def is_over(self, now: float, *, temporary: bool) -> bool:
        """Return whether the silence is so long that the user should decide.

        Args:
            now: the time (monotonic seconds).
            temporary: whether the last error was temporary; then the silence may be longer.
        """
        patience = PATIENCE if temporary else LASTING_PATIENCE
        return self.tries >= TRIES and now - self.since >= patience


def back_off(tries: int, retry_after: float | None, chance: float) -> float:
    """Return the seconds to wait after refusals.

    Args:
        tries: number of refusals in a row, from 1; each doubles the wait, up to a limit.
        retry_after: seconds to wait that the server requests, or None; the wait is never shorter.
        chance: a random number in [0, 1), so that many kernels do not submit at the same time.
    """
    if retry_after is not None:
        return retry_after + chance
    return min(_LONGEST_WAIT, _FIRST_WAIT * float(2 ** min(tries - 1, 20))) * (0.5 + 0.5 * chance)


#: The most jobs that are marked as Sending in one transaction.
MOST_ANNOUNCED = 64


def batch(call_seconds: float, *, within: float = 0.02) -> int:
    """Return how many jobs to mark as Sending at once: those that can be sent in ``within`` seconds.

    Args:
        call_seconds: seconds that one submission takes.
        within: seconds.
    """
    if call_seconds <= 0:
        return MOST_ANNOUNCED
    return max(1, int(min(MOST_ANNOUNCED, within / call_seconds)))


def refill(pending: int, most: int) -> int:
    """Return how many jobs to submit together, so that ``most`` are pending.

    While more than half of ``most`` are pending, the number is 0.
    """
    return most - pending if pending <= most // 2 else 0
