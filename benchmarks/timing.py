"""Measuring several ways to do the same in turns, so that a busy machine slows all of them alike."""

from __future__ import annotations

import gc
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
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


class Watch:
    """What one contender took: seconds on the wall, and of the processor on all its cores.

    A contender measures itself, so that making ready and clearing up stay outside: what it does
    inside ``with watch.timed():`` counts, several times if need be. ``lap`` notes a moment on the way.
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
        """Note the seconds since ``timed`` was entered."""
        self.laps[name] = time.perf_counter() - self._began


def _processor_seconds() -> float:
    """Of this process and of the ended ones that it started."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(each.ru_utime + each.ru_stime for each in used)


Contender = Callable[[Watch], None]


class Rounds:
    """What every contender took, one watch a round: those of one round belong together."""

    def __init__(self, watches: Mapping[str, Sequence[Watch]]) -> None:
        self._watches = watches

    def wall(self, name: str) -> list[float]:
        """Seconds of a contender in each round."""
        return [watch.wall for watch in self._watches[name]]

    def cpu(self, name: str) -> list[float]:
        """Seconds of the processor in each round."""
        return [watch.cpu for watch in self._watches[name]]

    def lap(self, name: str, lap: str) -> list[float]:
        """Seconds until a lap in each round."""
        return [watch.laps[lap] for watch in self._watches[name]]


def take_turns(contenders: Mapping[str, Contender], rounds: int) -> Rounds:
    """Let all contenders do their work in each round; a first round is thrown away.

    Every second round goes backwards: of any two, each follows the other as often, and so meets what
    the other left behind (caches, heat, pages on their way to the disk).
    """
    watches: dict[str, list[Watch]] = {name: [] for name in contenders}
    for turn in range(rounds + 1):
        for name in contenders if turn % 2 else reversed(list(contenders)):
            watch = Watch()
            contenders[name](watch)
            if turn > 0:
                watches[name].append(watch)
    return Rounds(watches)


@dataclass(frozen=True)
class Target:
    """What a row should reach: ``of`` it the "value" or the "ratio" is at most ``most``."""

    of: str
    most: float
    aim: float | None = None
    """What is wished for beyond that."""


@dataclass(frozen=True)
class Row:
    """One line of the table.

    Attributes:
        benchmark: name of the benchmark.
        case: what was measured.
        unit: of ``value`` and ``peer_value``.
        value: ours.
        peer: what it is compared to, or "".
        peer_value: what the peer took.
        ratio: ours over the peer's, round by round.
        cpu_ratio: likewise in seconds of the processor.
        target: what it should reach.
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
        """Whether the target was reached; None where there is none."""
        if self.target is None:
            return None
        reached = self.ratio if self.target.of == "ratio" else self.value
        return reached is not None and reached.median <= self.target.most


def compared(
    benchmark: str,
    case: str,
    rounds: Rounds,
    ours: str,
    peer: str,
    *,
    unit: str = "s",
    target: Target | None = None,
) -> Row:
    """A row of one contender against another."""
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
