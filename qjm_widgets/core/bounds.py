"""What a backend says of a job, as a job's record can hold it: bounded, or left out with a note.

A value that the store cannot write, or the page not show, must not stop what is beside it.
"""

from __future__ import annotations

import datetime
import math
import numbers
import operator
import reprlib
from collections.abc import Callable, Mapping
from typing import Any

from qjm_widgets.core.error_policy import readable
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.records import Status

#: Characters of an error.
_LONGEST_ERROR = 100_000
#: Characters of a note.
_LONGEST_NOTE = 10_000
#: Characters of a job's id: it is sent to the provider again, so it is whole or not there.
_LONGEST_ID = 4_096
#: The page counts in float64.
_LARGEST = 2**53 - 1
#: Seconds: about 30,000 years.
_LONGEST_TIME = 1e12
#: The end of the year 9999, in seconds since 1970: later moments have no date.
_LAST_MOMENT = 253_402_300_799.0


class _OddValueError(Exception):
    """The value is none that the field can hold."""


def shown(value: Any) -> str:
    """A value from anywhere as a short text; never raises."""
    try:
        return reprlib.repr(value)
    except BaseException:
        return f"<{type(value).__name__}>"


def bounded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Fields of a job's record as the store can write them; a note names what was left out.

    Fields that no backend gives pass as they are.
    """
    kept: dict[str, Any] = {}
    left_out = []
    for name, value in fields.items():
        rule = _RULES.get(name)
        if rule is None or value is None:
            kept[name] = value
            continue
        try:
            kept[name] = rule(value)
        except BaseException:  # a foreign number may raise anything when it is asked for its value
            kept[name] = None
            left_out.append(f"{name.replace('_', ' ')} {shown(value)}")
    if left_out:
        words = f"left out, as it makes no sense: {', '.join(left_out)}"
        note = kept.get("note")
        kept["note"] = _note(f"{note}; {words}" if note else words)
    return kept


def bounded_observation(found: Any) -> Observation | BaseException:
    """What an adapter reports of a job, with nothing in it that the store cannot write."""
    if isinstance(found, BaseException):
        return readable(found)
    if not isinstance(found, Observation):
        return TypeError(f"the adapter answered with a {type(found).__name__}")
    if found.status is not None and not isinstance(found.status, Status):
        return Observation(None, f"unknown status {shown(found.status)}")
    given = {name: value for name in _OBSERVED if (value := getattr(found, name)) is not None}
    return found._replace(**bounded(given)) if given else found


def _text(most: int) -> Callable[[Any], str]:
    def text(value: Any) -> str:
        words = value if type(value) is str else str(value)
        if not words.isascii():
            # A lone surrogate has no UTF-8.
            words = words.encode("utf-8", "backslashreplace").decode("utf-8")
        if len(words) > most:
            mark = f" … (cut: {len(words):,} characters)"
            words = words[: most - len(mark)] + mark
        return words

    return text


_note = _text(_LONGEST_NOTE)


def _job_id(value: Any) -> str | None:
    words = _text(_LONGEST_ERROR)(value)
    if len(words) > _LONGEST_ID:
        raise _OddValueError
    return words or None


def _place(value: Any) -> int | None:
    """A place in a queue, from 1; 0 and below are ways to say that there is none."""
    if isinstance(value, (bool, str)):
        raise _OddValueError
    if isinstance(value, numbers.Real) and not isinstance(value, numbers.Integral):
        value = float(value)
        if not value.is_integer():
            raise _OddValueError
        value = int(value)
    place = int(operator.index(value))
    if place > _LARGEST:
        raise _OddValueError
    return place if place > 0 else None


def _between(least: float, most: float, value: Any) -> float:
    if isinstance(value, (bool, str)):
        raise _OddValueError
    number = float(value)
    if not (math.isfinite(number) and least <= number <= most):
        raise _OddValueError
    return number


def _seconds(value: Any) -> float:
    return _between(0.0, _LONGEST_TIME, value)


def _moment(value: Any) -> float:
    if isinstance(value, datetime.datetime):
        value = value.timestamp()
    return _between(0.0, _LAST_MOMENT, value)


_RULES: Mapping[str, Callable[[Any], Any]] = {
    "job_id": _job_id,
    "batch_id": _job_id,
    "text": _text(_LONGEST_ERROR),
    "error": _text(_LONGEST_ERROR),
    "last_error": _text(_LONGEST_ERROR),
    "note": _note,
    "queue_position": _place,
    "estimated_seconds": _seconds,
    "qpu_seconds": _seconds,
    "spent_seconds": _seconds,
    "sent_at": _moment,
    "running_at": _moment,
    "finished_at": _moment,
    "checked_at": _moment,
}
_OBSERVED = tuple(name for name in Observation._fields if name in _RULES)
