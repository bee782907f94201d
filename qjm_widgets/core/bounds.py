"""Limit the values that a backend reports for a job.

A value that the store cannot write or the page cannot show is left out, so that it does not affect the
others.
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

#: The most characters of an error.
_LONGEST_ERROR = 100_000
#: The most characters of a note.
_LONGEST_NOTE = 10_000
#: The most characters of a job's id. A longer id is left out, not cut, because an id is sent to the
#: provider again.
_LONGEST_ID = 4_096
#: The largest integer that the page has exactly, because it uses float64.
_LARGEST = 2**53 - 1
#: The longest duration in seconds, about 30,000 years.
_LONGEST_TIME = 1e12
#: The end of the year 9999, in seconds since 1970; later times have no date.
_LAST_MOMENT = 253_402_300_799.0


class _OddValueError(Exception):
    """The field cannot hold the value."""


def shown(value: Any) -> str:
    """Return any value as a short text; never raise."""
    try:
        return reprlib.repr(value)
    except BaseException:
        return f"<{type(value).__name__}>"


def bounded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return fields of a job's record with values that the store can write.

    A value that cannot be written becomes None, and is named in the note. A text that is too long is
    cut. Fields that no backend reports are not changed.
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
        except BaseException:  # a foreign number may raise anything
            kept[name] = None
            left_out.append(f"{name.replace('_', ' ')} {shown(value)}")
    if left_out:
        text = f"left out as invalid: {', '.join(left_out)}"
        note = kept.get("note")
        kept["note"] = _note(f"{note}; {text}" if note else text)
    return kept


def bounded_observation(found: Any) -> Observation | BaseException:
    """Return an adapter's report for a job without the values that the store cannot write.

    An invalid report becomes a ``TypeError``, and an unknown status None.
    """
    if isinstance(found, BaseException):
        return readable(found)
    if not isinstance(found, Observation):
        return TypeError(f"the adapter answered with a {type(found).__name__}")
    if found.status is not None and not isinstance(found.status, Status):
        return Observation(None, f"unknown status {shown(found.status)}")
    given = {name: value for name in _OBSERVED if (value := getattr(found, name)) is not None}
    return found._replace(**bounded(given)) if given else found


def _text(most: int) -> Callable[[Any], str]:
    def limit(value: Any) -> str:
        text = value if type(value) is str else str(value)
        if not text.isascii():
            # A lone surrogate has no UTF-8 form.
            text = text.encode("utf-8", "backslashreplace").decode("utf-8")
        if len(text) > most:
            mark = f" … (cut: {len(text):,} characters)"
            text = text[: most - len(mark)] + mark
        return text

    return limit


_note = _text(_LONGEST_NOTE)


def _job_id(value: Any) -> str | None:
    text = _text(_LONGEST_ERROR)(value)
    if len(text) > _LONGEST_ID:
        raise _OddValueError
    return text or None


def _place(value: Any) -> int | None:
    """Return a place in a queue, from 1; None for 0 and below."""
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
