"""When to ask next: pure in (state, now)."""

from __future__ import annotations

from dataclasses import dataclass, replace

FASTEST = 0.005
GROWTH = 1.5
LOCAL_GROWTH = 1.2
"""How an interval grows; where asking costs nothing, an end is to be seen soon after it came."""
SHARE = 20
"""Asking may take one part in so many of the time: jobs in this process need it for themselves."""
REMOTE_SHARE = 2


@dataclass(frozen=True, slots=True)
class Polling:
    """When jobs are asked for next; times are seconds on a monotonic clock.

    The interval starts short, grows while nothing happens, and starts again when something did. Jobs in
    this process wait for each other: they are asked for when half of those that are there should have
    ended, as each question takes the interpreter from them.

    Attributes:
        shortest, longest: bounds of the interval.
        growth: what it grows by.
        share: asking may take one part in so many of the time.
        local: whether the jobs run in this process.
        since: when the last of them ended, or the first was sent.
        each: seconds from one end to the next; None while none has ended.
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
        """Jobs in this process can be asked often; a provider is asked with more patience."""
        if local:
            return cls(FASTEST, 0.1, LOCAL_GROWTH, FASTEST, now, since=now)
        return cls(0.05, 10.0, GROWTH, 0.05, now, REMOTE_SHARE, local=False)

    def between(self, shortest: float, longest: float) -> Polling:
        """With other bounds of the interval, in seconds."""
        return replace(self, shortest=shortest, longest=longest, interval=shortest)

    def asked(self, now: float, *, took: float, news: bool, ended: int = 0, left: int = 0) -> Polling:
        """After an answer, with or without news; asking took so many seconds, but for what has ended.

        ``ended`` are the jobs that are over by that answer, ``left`` those that are still there.
        """
        since, each = self.since, self.each
        if ended:
            since, each = now, (now - self.since) / ended
        interval = self.shortest if news else min(self.interval * self.growth, self.longest)
        if news and self.local and each is not None:
            interval = min(max(interval, each * left / 2), self.longest)
        interval = max(interval, took * self.share)
        return replace(self, interval=interval, due=now + interval, since=since, each=each)

    def sent(self, now: float, others: int) -> Polling:
        """A job was sent, where so many others are: a job of this process waits for those."""
        if self.local and others and self.each is not None:
            return self
        return replace(self.soon(now), since=self.since if others else now, each=None)

    def failed(self, now: float, wait: float) -> Polling:
        """After no answer: ask again in ``wait`` seconds, with no less patience than before."""
        return replace(self, due=now + max(wait, self.interval))

    def soon(self, now: float) -> Polling:
        """Something is wished for: ask after the shortest interval."""
        return replace(self, interval=self.shortest, due=min(self.due, now + self.shortest))


@dataclass(frozen=True, slots=True)
class Pace:
    """At most ``jobs`` submissions in any ``seconds``."""

    jobs: int
    seconds: float

    def wait(self, before: float | None, now: float) -> float:
        """Seconds until another submission may be made; 0: now.

        Args:
            before: when the ``jobs``-th last submission was made; None: there were not so many.
            now: the time now, on the same clock.
        """
        return 0.0 if before is None else max(0.0, before + self.seconds - now)

    def shortest(self, jobs: int) -> float:
        """Seconds that so many submissions take at least, from the first to the last."""
        return max(0, jobs - 1) // self.jobs * self.seconds


TRIES = 8
"""A job that was refused so often because the backend was busy is an error."""
PATIENCE = 12 * 3600.0
"""Seconds without an answer about a job until it is held: a network may be down over night."""
LASTING_PATIENCE = 600.0
"""The same, where a backend answers and each answer is an error that waiting does not mend."""
HELD_INTERVAL = 3600.0
"""A held job that may yet be found is looked for so often (seconds)."""
_FIRST_WAIT = 1.0
_LONGEST_WAIT = 300.0


@dataclass(frozen=True, slots=True)
class Silence:
    """Since when (monotonic seconds) a question has had no answer, and how often it was asked."""

    since: float
    tries: int = 1

    def again(self) -> Silence:
        """Asked once more, in vain."""
        return replace(self, tries=self.tries + 1)

    def is_over(self, now: float, *, temporary: bool) -> bool:
        """Whether it has lasted so long that the user should decide."""
        patience = PATIENCE if temporary else LASTING_PATIENCE
        return self.tries >= TRIES and now - self.since >= patience


def back_off(tries: int, retry_after: float | None, chance: float) -> float:
    """Seconds to wait after so many refusals in a row (1 for the first).

    Args:
        tries: doubles the wait.
        retry_after: what the server asked for, in seconds; never undercut.
        chance: a random number in [0, 1), so that many kernels do not come back together.
    """
    if retry_after is not None:
        return retry_after + chance
    return min(_LONGEST_WAIT, _FIRST_WAIT * float(2 ** min(tries - 1, 20))) * (0.5 + 0.5 * chance)


MOST_ANNOUNCED = 64
"""So many jobs are marked as being sent at most, before they are."""


def batch(call_seconds: float, *, within: float = 0.02) -> int:
    """How many jobs are marked as being sent in one transaction: those that leave ``within`` seconds."""
    if call_seconds <= 0:
        return MOST_ANNOUNCED
    return max(1, int(min(MOST_ANNOUNCED, within / call_seconds)))


def refill(there: int, most: int) -> int:
    """How many more go out together: none until there is but half of ``most`` left."""
    return most - there if there <= most // 2 else 0
