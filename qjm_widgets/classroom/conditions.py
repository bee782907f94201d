"""What a lesson's machine is like: how long its queue, how slow, how reliable. With presets by name."""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

from qjm_widgets.errors import InputError

Range = tuple[float, float]


@dataclass(frozen=True)
class Conditions:
    """What a lesson's machine is like. Times are seconds of the lesson, chances numbers from 0 to 1.

    Attributes:
        queue: fewest and most jobs of other people ahead of a job that finds none of yours waiting.
        between: fewest and most jobs of others that come in between two of yours.
        others_seconds: how long each job of others runs, at least and at most.
        start_seconds: how long a job takes before its first shot.
        circuit_seconds: how long each circuit takes to load.
        shot_seconds: how long each shot of a circuit takes.
        pending_limit: how many jobs may wait or run at once; None: any number.
        rate: how many submissions in how many seconds; None: any number.
        failure: the chance that a job fails in the middle of its run.
        fail: jobs that fail, by number (from 0, in the order in which they were accepted), and the
            words of their error.
        rejection: the chance that a submission is rejected for one of its circuits.
        reject: names of circuits that are rejected.
        outage: the chance that the machine breaks down while a job of yours runs.
        outage_seconds: how long it is down then, at least and at most.
        outages: times when it is down, ``(from, to)`` since you sent it the first job. What runs then
            fails, what waits goes on waiting, and nothing is accepted.

    Raises:
        InputError: a value is no number of its kind; says which.
    """

    queue: tuple[int, int] = (0, 0)
    between: tuple[int, int] = (0, 0)
    others_seconds: Range = (20.0, 90.0)
    start_seconds: float = 2.0
    circuit_seconds: float = 0.05
    shot_seconds: float = 0.0005
    pending_limit: int | None = None
    rate: tuple[int, float] | None = None
    failure: float = 0.0
    fail: Mapping[int, str] = field(default_factory=dict)
    rejection: float = 0.0
    reject: Collection[str] = ()
    outage: float = 0.0
    outage_seconds: Range = (300.0, 900.0)
    outages: Collection[Range] = ()

    def __post_init__(self) -> None:
        for name in ("queue", "between"):
            self._check(name, _is_range(getattr(self, name), int), "two whole numbers, (fewest, most)")
        for name in ("others_seconds", "outage_seconds"):
            self._check(name, _is_range(getattr(self, name)), "two numbers of seconds, (least, most)")
        for name in ("start_seconds", "circuit_seconds", "shot_seconds"):
            self._check(name, _is_number(getattr(self, name)), "a number of seconds")
        for name in ("failure", "rejection", "outage"):
            value = getattr(self, name)
            self._check(name, _is_number(value) and value <= 1, "a chance from 0 to 1")
        limit = self.pending_limit
        self._check("pending_limit", limit is None or _is_whole(limit, 1), "at least 1, or None")
        self._check("rate", self.rate is None or _is_rate(self.rate), "(jobs, seconds), or None")
        told = isinstance(self.fail, Mapping) and all(_is_whole(number) for number in self.fail)
        self._check("fail", told, "errors by the number of the job, such as {2: 'it got too warm'}")
        self._check("reject", not isinstance(self.reject, str), "several names of circuits")
        whiles = not isinstance(self.outages, (str, Mapping)) and all(map(_is_range, self.outages))
        self._check("outages", whiles, "several times, [(from, to), …] in seconds")

    def _check(self, name: str, good: bool, wanted: str) -> None:
        if not good:
            raise InputError(f"{name} is {wanted}; not {getattr(self, name)!r}")

    def changed(self, changes: Mapping[str, Any]) -> Conditions:
        """The same with some values replaced.

        Raises:
            InputError: a name or a value is wrong.
        """
        known = [each.name for each in fields(self)]
        for name in changes:
            if name not in known:
                raise InputError(f"a lesson has no {name!r}{_nearest(name, known)}")
        return replace(self, **changes)


def conditions(preset: str | Conditions, changes: Mapping[str, Any]) -> Conditions:
    """A preset with some values replaced.

    Raises:
        InputError: there is no such preset, or a name or value is wrong.
    """
    if isinstance(preset, Conditions):
        return preset.changed(changes)
    if preset not in PRESETS:
        raise InputError(f"there is no preset {preset!r}{_nearest(str(preset), list(PRESETS))}")
    return PRESETS[preset].changed(changes)


def _nearest(word: str, known: list[str]) -> str:
    near = difflib.get_close_matches(word, known, 1)
    return f": did you mean {near[0]!r}?" if near else f"; there are {', '.join(known)}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and 0 <= value < math.inf


def _is_whole(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_range(value: Any, kind: type = float) -> bool:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(map(_is_number, value)):
        return False
    return bool(value[0] <= value[1]) and (kind is float or all(map(_is_whole, value)))


def _is_rate(value: Any) -> bool:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return False
    return _is_whole(value[0], 1) and _is_number(value[1]) and bool(value[1] > 0)


PRESETS: Mapping[str, Conditions] = {
    "quiet": Conditions(),
    "busy-morning": Conditions(
        queue=(4, 8),
        between=(0, 2),
        start_seconds=10.0,
        pending_limit=5,
        rate=(5, 60.0),
    ),
    "flaky": Conditions(queue=(0, 2), failure=0.3, rejection=0.05),
    "outage": Conditions(start_seconds=20.0, outages=((45.0, 345.0),)),
}
"""Lessons by name: nothing but the run time; a long queue with limits; jobs that fail; a breakdown."""
