"""Measure several contenders in turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple


class Spread(NamedTuple):
    """The median of some numbers, and the quartiles around it."""

    median: float
    lower: float
    upper: float

    @classmethod
    def of(cls, numbers: Sequence[float]) -> Spread:
        if len(numbers) == 1:
            return cls(numbers[0], numbers[0], numbers[0])
        lower, median, upper = statistics.quantiles(numbers, n=4, method="inclusive")
        return cls(median, lower, upper)


class Stopwatch:
    """The time of one contender: wall seconds, and processor seconds on all cores.

    A contender measures itself, so that preparation and cleanup are left out: only the time inside
    ``with stopwatch.timed():`` counts, and it may be used several times. ``lap`` records a moment.
    """

    def __init__(self) -> None:
        self.wall = 0.0
        self.cpu = 0.0
        self.laps: dict[str, float] = {}
        self._began = 0.0

    @contextmanager
    def timed(self) -> Iterator[None]:
        gc.collect()
        cpu = _processor_seconds()
        self._began = time.perf_counter()
        yield
        self.wall += time.perf_counter() - self._began
        self.cpu += _processor_seconds() - cpu

    def lap(self, name: str) -> None:
        """Record the seconds since ``timed`` was entered."""
        self.laps[name] = time.perf_counter() - self._began


def _processor_seconds() -> float:
    """Return the processor seconds of this process and of its ended children."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


def resident() -> float:
    """Return the memory of this process in megabytes; 0 without /proc."""
    pages = Path("/proc/self/statm")
    return int(pages.read_text().split()[1]) * 4096 / 1e6 if pages.exists() else 0.0


Contender = Callable[[Stopwatch], None]


class Rounds:
    """The times of every contender, one stopwatch a round; those of one round belong together."""

    def __init__(self, stopwatches: Mapping[str, Sequence[Stopwatch]]) -> None:
        self._stopwatches = stopwatches

    def wall(self, name: str) -> list[float]:
        """Return the wall seconds of a contender in each round."""
        return [stopwatch.wall for stopwatch in self._stopwatches[name]]

    def cpu(self, name: str) -> list[float]:
        """Return the processor seconds of a contender in each round."""
        return [stopwatch.cpu for stopwatch in self._stopwatches[name]]

    def lap(self, name: str, lap: str) -> list[float]:
        """Return the seconds until a lap in each round."""
        return [stopwatch.laps[lap] for stopwatch in self._stopwatches[name]]


def measure_rounds(contenders: Mapping[str, Contender], rounds: int) -> Rounds:
    """Run all contenders in each round; the first round is discarded.

    Every second round runs in reverse order. Of any two contenders each then follows the other equally
    often, and meets its after-effects (caches, heat, pending disk writes) equally often.
    """
    stopwatches: dict[str, list[Stopwatch]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name in contenders if turn % 2 else reversed(list(contenders)):
            stopwatch = Stopwatch()
            contenders[name](stopwatch)
            if turn > 0:
                stopwatches[name].append(stopwatch)
    return Rounds(stopwatches)


@dataclass(frozen=True)
class Target:
    """The target of a row: its "value" or "ratio" (``of``) is at most ``most``."""

    of: str
    most: float
    #: A better value that is desired, not required.
    aim: float | None = None


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        benchmark: name of the benchmark.
        case: what was measured.
        unit: of ``value`` and ``peer_value``.
        value: ours.
        peer: the name of the contender that ours is compared to, or "".
        peer_value: the peer's value.
        ratio: ours over the peer's, round by round.
        cpu_ratio: the same for processor seconds.
        target: the target, if any.
    """

    benchmark: str
    case: str
    unit: str
    value: Spread
    peer: str = ""
    peer_value: Spread | None = None
    ratio: Spread | None = None
    cpu_ratio: Spread | None = None
    target: Target | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target was reached; None without a target."""
        if self.target is None:
            return None
        reached = self.ratio if self.target.of == "ratio" else self.value
        return reached is not None and reached.median <= self.target.most


def comparison(
    benchmark: str,
    case: str,
    rounds: Rounds,
    ours: str,
    peer: str,
    *,
    unit: str = "s",
    target: Target | None = None,
) -> Row:
    """Return a row that compares one contender with another."""
    scale = {"s": 1.0, "ms": 1e3}[unit]
    return Row(
        benchmark,
        case,
        unit,
        Spread.of([scale * seconds for seconds in rounds.wall(ours)]),
        peer,
        Spread.of([scale * seconds for seconds in rounds.wall(peer)]),
        Spread.of([a / b for a, b in zip(rounds.wall(ours), rounds.wall(peer), strict=True)]),
        Spread.of([a / b for a, b in zip(rounds.cpu(ours), rounds.cpu(peer), strict=True)]),
        target,
    )
