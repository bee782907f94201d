"""The lesson's machine: it runs your jobs and those of other users, one after another.

Its state is a function of the seed, the submissions, the cancellations and the time; it is computed when
it is read. Random numbers depend on the number of a job, not on the time, so a lesson is reproducible.
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
    """A job in the machine: yours (``number`` counts them from 0) or another user's (None).

    Attributes:
        arrived, started, ended: seconds of the lesson; ``ended`` may be in the future while it runs.
        length: its run time in seconds if it does not fail.
        error: why it fails at ``ended``, or None.
        cancelled: whether it was cancelled.
    """

    arrived: float
    length: float
    number: int | None = None
    started: float | None = None
    ended: float | None = None
    error: str | None = None
    cancelled: bool = False


class Machine:
    """A queue, and a machine that runs its jobs.

    Args:
        conditions: the machine's conditions.
        seed: the seed of all random numbers.
    """

    def __init__(self, conditions: Conditions, seed: int) -> None:
        self._conditions = conditions
        self._seed = seed
        self._queue: deque[Task] = deque()
        self._running: Task | None = None
        self._free_at = 0.0
        self._outages: list[tuple[float, float]] = []
        self._started = False
        self._submissions: deque[float] = deque()
        self._submission_count = 0
        self._jobs = 0

    def draw(self, kind: str, number: int) -> random.Random:
        """Return a random generator; with the same kind of event and number, always the same."""
        return random.Random(f"{self._seed}/{kind}/{number}")

    # -- submission ---------------------------------------------------------------------------------

    def outage_end(self, now: float) -> float | None:
        """Return when the current outage ends; None if the machine is up."""
        if not self._started:  # times of outages are relative to the first submission
            self._started = True
            self._outages = sorted((now + begin, now + end) for begin, end in self._conditions.outages)
        self._advance(now)
        ends = [end for begin, end in self._outages if begin <= now < end]
        return max(ends) if ends else None

    def seconds_until_allowed(self, now: float) -> float:
        """Return the seconds until a submission is allowed. If they are 0, count this submission."""
        if self._conditions.rate is None:
            return 0.0
        jobs, seconds = self._conditions.rate
        while self._submissions and self._submissions[0] <= now - seconds:
            self._submissions.popleft()
        if len(self._submissions) >= jobs:
            return self._submissions[0] + seconds - now
        self._submissions.append(now)
        return 0.0

    def pending(self, now: float) -> int:
        """Return how many of your jobs are queued or running."""
        self._advance(now)
        running = self._running is not None and self._running.number is not None
        return running + sum(task.number is not None for task in self._queue)

    def rejected(self, circuits: int) -> int | None:
        """Decide at random whether a submission is rejected.

        Return the index of the rejected circuit; None if the submission is not rejected.
        """
        generator = self.draw("rejection", self._submission_count)
        self._submission_count += 1
        if generator.random() >= self._conditions.rejection:
            return None
        return generator.randrange(circuits)

    def accept(self, now: float, circuits: int, shots: int) -> Task:
        """Queue a job of yours.

        Args:
            now: seconds of the lesson.
            circuits: the number of circuits.
            shots: the shots of each circuit.
        """
        conditions, generator = self._conditions, self.draw("job", self._jobs)
        others = generator.randint(*(conditions.between if self.pending(now) else conditions.queue))
        for _ in range(others):
            self._queue.append(Task(now, generator.uniform(*conditions.others_seconds)))
        seconds = conditions.start_seconds + circuits * (
            conditions.circuit_seconds + shots * conditions.shot_seconds
        )
        task = Task(now, seconds, self._jobs)
        self._jobs += 1
        self._queue.append(task)
        self._advance(now)
        return task

    # -- state and cancellation ----------------------------------------------------------------------

    def update(self, task: Task, now: float) -> None:
        """Update all tasks to the time ``now``."""
        self._advance(now)

    def queue_position(self, task: Task, now: float) -> int | None:
        """Return a queued job's position in the queue, from 1; None if it is not queued."""
        self._advance(now)
        return self._queue.index(task) + 1 if task in self._queue else None

    def seconds_to_start(self, task: Task, now: float) -> float:
        """Return the seconds until a queued job starts if no job fails; 0 if it is not queued."""
        position = self.queue_position(task, now)
        if position is None:
            return 0.0
        ahead = sum(other.length for other in list(self._queue)[: position - 1])
        return max(0.0, self._first_up_time(max(now, self._free_at)) - now) + ahead

    def usage(self, task: Task, now: float) -> float:
        """Return the seconds that a task has run so far."""
        self._advance(now)
        if task.started is None or task.started > now:
            return 0.0
        return (now if task.ended is None else min(now, task.ended)) - task.started

    def cancel(self, task: Task, now: float) -> bool:
        """Cancel a job; return False if it has ended."""
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

    # -- simulation --------------------------------------------------------------------------------

    def _advance(self, now: float) -> None:
        while True:
            if self._running is not None:
                if self._free_at > now:
                    return
                self._running = None
            if not self._queue:
                return
            start = self._first_up_time(max(self._free_at, self._queue[0].arrived))
            if start > now:
                return
            self._running = task = self._queue.popleft()
            self._begin(task, start)
            assert task.ended is not None
            self._free_at = task.ended

    def _begin(self, task: Task, start: float) -> None:
        task.started, task.ended = start, start + task.length
        if task.number is not None:
            self._draw_failure(task, start)
        for begin, _ in self._outages:
            if start < begin < task.ended:
                task.ended, task.error = begin, "the machine broke down while the job ran"

    def _draw_failure(self, task: Task, start: float) -> None:
        """Decide whether and when a job of yours fails: at random, or as the conditions say."""
        assert task.number is not None
        conditions, generator = self._conditions, self.draw("fate", task.number)
        # Draw all numbers in every case, so that a changed condition does not change the other numbers.
        fails, breaks = generator.random() < conditions.failure, generator.random() < conditions.outage
        moment = start + generator.uniform(0.2, 0.8) * task.length
        down, reason = generator.uniform(*conditions.outage_seconds), generator.choice(_REASONS)
        if task.number in conditions.fail:
            fails, reason = True, conditions.fail[task.number]
        if breaks:
            self._outages.append((moment, moment + down))
            self._outages.sort()
        elif fails:
            task.ended, task.error = moment, reason

    def _first_up_time(self, moment: float) -> float:
        """Return the first moment from this one on at which the machine is up."""
        for begin, end in self._outages:
            if begin <= moment < end:
                moment = end
        return moment
