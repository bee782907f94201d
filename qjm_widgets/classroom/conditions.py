"""The conditions of a lesson's machine: queue, run times, limits and failures; presets by name."""

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
    """The conditions of a lesson's machine.

    Times are in seconds of the lesson; probabilities are numbers from 0 to 1.

    Attributes:
        queue: the fewest and the most jobs of other users ahead of your job if none of yours is pending.
        between: the fewest and the most jobs of other users between two of your jobs.
        others_seconds: the shortest and the longest run time of another user's job.
        start_seconds: the time before the first shot of a job.
        circuit_seconds: the time to load each circuit.
        shot_seconds: the time of each shot of a circuit.
        pending_limit: the most jobs of yours that are queued or running; None means any number.
        rate: the most submissions, and the seconds in which they are counted; None means any number.
        failure: the probability that a job fails while it runs.
        fail: the error messages of jobs that fail, by number (from 0, in the order of acceptance).
        rejection: the probability that a submission is rejected because of one of its circuits.
        reject: the names of circuits that are rejected.
        outage: the probability that the machine breaks down while a job of yours runs.
        outage_seconds: the shortest and the longest time that it is then down.
        outages: times when the machine is down, ``(from, to)`` since your first submission. The running
            job fails, queued jobs stay in the queue, and no job is accepted.

    Raises:
        InputError: a value is wrong; the message names it.
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
            self._check(name, _is_number(value) and value <= 1, "a probability from 0 to 1")
        limit = self.pending_limit
        self._check("pending_limit", limit is None or _is_integer(limit, 1), "at least 1, or None")
        self._check("rate", self.rate is None or _is_rate(self.rate), "(jobs, seconds), or None")
        numbered = isinstance(self.fail, Mapping) and all(_is_integer(number) for number in self.fail)
        self._check("fail", numbered, "errors by the number of the job, such as {2: 'it got too warm'}")
        self._check("reject", not isinstance(self.reject, str), "several names of circuits")
        ranges = not isinstance(self.outages, (str, Mapping)) and all(map(_is_range, self.outages))
        self._check("outages", ranges, "several times, [(from, to), …] in seconds")

    def _check(self, name: str, good: bool, wanted: str) -> None:
        if not good:
            raise InputError(f"{name} must be {wanted}, not {getattr(self, name)!r}")

    def changed(self, changes: Mapping[str, Any]) -> Conditions:
        """Return a copy with some values replaced.

        Raises:
            InputError: a name or a value is wrong.
        """
        known = [condition.name for condition in fields(self)]
        for name in changes:
            if name not in known:
                raise InputError(f"there is no condition {name!r}{_nearest(name, known)}")
        return replace(self, **changes)


def conditions(preset: str | Conditions, changes: Mapping[str, Any]) -> Conditions:
    """Return a preset with some values replaced.

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


def _is_integer(value: Any, least: int = 0) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _is_range(value: Any, kind: type = float) -> bool:
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(map(_is_number, value)):
        return False
    return bool(value[0] <= value[1]) and (kind is float or all(map(_is_integer, value)))


def _is_rate(value: Any) -> bool:
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        return False
    return _is_integer(value[0], 1) and _is_number(value[1]) and bool(value[1] > 0)


#: The presets by name. They have, in this order: only run times; a long queue and limits; jobs that
#: fail; an outage.
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
