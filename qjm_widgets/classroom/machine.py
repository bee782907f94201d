"""The lesson's machine: one after another, it runs your jobs and those of other people.

Pure in (seed, what was sent and cancelled, the time now): nothing happens by itself, what has happened
until now is worked out when somebody asks. Every draw belongs to the number of a job, never to the
moment, so one lesson gives one picture.
"""

from __future__ import annotations

import random
from collections import deque
from dataclasses import dataclass

from qjm_widgets.classroom.conditions import Conditions

_REASONS = (
    "the control electronics lost their synchronization",
    "the calibration drifted too far while the job ran",
    "the chip got too warm: a helium pump stopped for a moment",
    "the readout amplifier was out of range",
)


@dataclass(eq=False)
class Task:
    """A job in the machine, yours (``number`` counts them from 0) or somebody else's (None).

    Attributes:
        arrived, started, ended: seconds of the lesson; ``ended`` may lie ahead while it runs.
        length: seconds that it runs when nothing happens to it.
        error: why it fails at ``ended``.
        cancelled: it was taken out.
    """

    arrived: float
    length: float
    number: int | None = None
    started: float | None = None
    ended: float | None = None
    error: str | None = None
    cancelled: bool = False


class Machine:
    """A queue and what works through it.

    Args:
        conditions: what the machine is like.
        seed: of everything that is left to chance.
    """

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self._conditions = conditions
        self._seed = seed
        self._queue: deque[Task] = deque()
        self._running: Task | None = None
        self._free_at = 0.0
        self._outages: list[tuple[float, float]] = []
        self._met = False
        self._knocks: deque[float] = deque()
        self._tries = 0
        self._jobs = 0

    def draw(self, kind: str, number: int) -> random.Random:
        """The chances of one thing."""
        return random.Random(f"{self._seed}/{kind}/{number}")

    # -- taking jobs ---------------------------------------------------------------------------------

    def down_until(self, now: float) -> float | None:
        """When the machine is up again; None while it is."""
        if not self._met:  # outages count from here: who comes late to class has them too
            self._met = True
            self._outages = sorted((now + begin, now + end) for begin, end in self._conditions.outages)
        self._advance(now)
        ends = [end for begin, end in self._outages if begin <= now < end]
        return max(ends) if ends else None

    def wait_for_rate(self, now: float) -> float:
        """Seconds until the next submission may come; 0 takes this one."""
        if self._conditions.rate is None:
            return 0.0
        jobs, seconds = self._conditions.rate
        while self._knocks and self._knocks[0] <= now - seconds:
            self._knocks.popleft()
        if len(self._knocks) >= jobs:
            return self._knocks[0] + seconds - now
        self._knocks.append(now)
        return 0.0

    def pending(self, now: float) -> int:
        """How many of your jobs wait or run."""
        self._advance(now)
        running = self._running is not None and self._running.number is not None
        return running + sum(task.number is not None for task in self._queue)

    def rejected(self, circuits: int) -> int | None:
        """Which circuit of a submission the machine does not like, by chance; None mostly."""
        chances = self.draw("rejection", self._tries)
        self._tries += 1
        if chances.random() >= self._conditions.rejection:
            return None
        return chances.randrange(circuits)

    def accept(self, now: float, circuits: int, shots: int) -> Task:
        """Queue a job of yours.

        Args:
            now: seconds of the lesson.
            circuits: how many it holds.
            shots: of each.
        """
        rules, chances = self._conditions, self.draw("job", self._jobs)
        others = chances.randint(*(rules.between if self.pending(now) else rules.queue))
        for _ in range(others):
            self._queue.append(Task(now, chances.uniform(*rules.others_seconds)))
        seconds = rules.start_seconds + circuits * (rules.circuit_seconds + shots * rules.shot_seconds)
        task = Task(now, seconds, self._jobs)
        self._jobs += 1
        self._queue.append(task)
        self._advance(now)
        return task

    # -- telling and cancelling ----------------------------------------------------------------------

    def look(self, task: Task, now: float) -> None:
        """Bring a task to what it is now; it takes all others along."""
        self._advance(now)

    def place(self, task: Task, now: float) -> int | None:
        """A waiting job's place in the queue, from 1; None when it does not wait."""
        self._advance(now)
        return self._queue.index(task) + 1 if task in self._queue else None

    def wait(self, task: Task, now: float) -> float:
        """Seconds until a waiting job starts, if nothing happens meanwhile; 0 when it does not wait."""
        place = self.place(task, now)
        if place is None:
            return 0.0
        ahead = sum(other.length for other in list(self._queue)[: place - 1])
        return max(0.0, self._up(max(now, self._free_at)) - now) + ahead

    def usage(self, task: Task, now: float) -> float:
        """Seconds that a task has run so far."""
        self._advance(now)
        if task.started is None or task.started > now:
            return 0.0
        return (now if task.ended is None else min(now, task.ended)) - task.started

    def cancel(self, task: Task, now: float) -> bool:
        """Take a job out; False when it has ended."""
        self._advance(now)
        if task in self._queue:
            self._queue.remove(task)
        elif task is self._running:
            self._running = None
            self._free_at = now
        else:
            return False
        task.ended, task.cancelled, task.error = now, True, None
        return True

    # -- what happens --------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        while True:
            if self._running is not None:
                if self._free_at > now:
                    return
                self._running = None
            if not self._queue:
                return
            start = self._up(max(self._free_at, self._queue[0].arrived))
            if start > now:
                return
            self._running = task = self._queue.popleft()
            self._begin(task, start)
            assert task.ended is not None
            self._free_at = task.ended

    def _begin(self, task: Task, start: float) -> None:
        task.started, task.ended = start, start + task.length
        if task.number is not None:
            self._doom(task, start)
        for begin, _ in self._outages:
            if start < begin < task.ended:
                task.ended, task.error = begin, "the machine broke down while the job ran"

    def _doom(self, task: Task, start: float) -> None:
        """What chance or the script has in store for a job of yours."""
        assert task.number is not None
        rules, chances = self._conditions, self.draw("fate", task.number)
        # All are drawn, whatever the rules: changing one of them leaves the others alone.
        fails, breaks = chances.random() < rules.failure, chances.random() < rules.outage
        moment = start + chances.uniform(0.2, 0.8) * task.length
        down, reason = chances.uniform(*rules.outage_seconds), chances.choice(_REASONS)
        if task.number in rules.fail:
            fails, reason = True, rules.fail[task.number]
        if breaks:
            self._outages.append((moment, moment + down))
            self._outages.sort()
        elif fails:
            task.ended, task.error = moment, reason

    def _up(self, moment: float) -> float:
        """The first moment from this one at which the machine is up."""
        for begin, end in self._outages:
            if begin <= moment < end:
                moment = end
        return moment
