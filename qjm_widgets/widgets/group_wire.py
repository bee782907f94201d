"""The state of a group's panel and its answers, as ``js/src/protocol/group_wire.ts`` declares them.

Pure functions. Times on the wire are milliseconds; sets are numbered from 1, the oldest first.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core import formatting
from qjm_widgets.core.set_groups import SetGroup, Values, has_failed, status_of
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.core.totals import ORDER

VERSION = 1
#: The most points of the trend; more sets are drawn together.
MOST_POINTS = 500
#: The most failed sets that are listed, the newest of all.
MOST_FAILED = 20
_TEXT = 200


def state(
    name: str,
    sets: Sequence[SetSummary],
    values: Values,
    *,
    going: bool,
    elapsed: float,
    unread: int,
    error_of: Callable[[SetSummary], str],
    opened: str | None,
    trouble: str | None = None,
) -> dict[str, Any]:
    """Return what the panel shows.

    Args:
        name: the name of the group.
        sets: its sets, oldest first.
        values: their values.
        going: whether the loop may go on by itself.
        elapsed: seconds since the first set was made, until the last one ended if the loop is over.
        unread: how many values will still be read.
        error_of: returns the first error of a failed set.
        opened: the id of the set whose panel is open, or None.
        trouble: why the store cannot be read, or None.
    """
    group = SetGroup(name, tuple(reversed(sets)))
    numbers = group.numbers
    line = group.summary
    known = [(value, number) for number, value in enumerate(values.values, 1) if value is not None]
    failed = [number for number, each in enumerate(sets, 1) if has_failed(each)]
    return {
        "v": VERSION,
        "name": formatting.first_line(name, _TEXT),
        "title": group.title if sets else "",
        "sets": len(sets),
        "lead": line.lead if sets else "no sets yet",
        "line": line.rest,
        "numbers": [numbers.get(status, 0) for status in ORDER],
        "going": going,
        "elapsed": round(elapsed * 1000),
        "label": values.label,
        "newest": _point(max(known, key=lambda pair: pair[1], default=None)),
        "lowest": _point(min(known, key=lambda pair: (pair[0], pair[1]), default=None)),
        "highest": _point(max(known, key=lambda pair: (pair[0], -pair[1]), default=None)),
        "trend": trend(values.values),
        "unread": unread,
        "problem": None if values.problem is None else formatting.first_line(values.problem, _TEXT),
        "failed": len(failed),
        "failures": [
            [number, *_set(sets[number - 1]), error_of(sets[number - 1])]
            for number in failed[: -MOST_FAILED - 1 : -1]
        ],
        "opened": opened,
        "elsewhere": next(_elsewhere(sets), None),
        "trouble": trouble,
    }


def trend(values: Sequence[float | None], most: int = MOST_POINTS) -> dict[str, Any]:
    """Return the values over the number of their set, several sets as one point if there are many.

    Returns:
        ``x``, the mean number of the sets of a point, and ``y``, ``low`` and ``high``, the mean, least
        and greatest of their values; None for a point without values. ``size`` sets are one point.
    """
    size = max(1, -(-len(values) // most))
    y = np.array([math.nan if value is None else value for value in values])
    x = np.arange(1.0, len(values) + 1)
    starts = np.arange(0, len(values), size)
    if not len(starts):
        return {"x": [], "y": [], "low": [], "high": [], "size": 1}
    there = np.isfinite(y)
    number = np.add.reduceat(there.astype(float), starts)
    with np.errstate(invalid="ignore"):
        mean = np.add.reduceat(np.where(there, y, 0.0), starts) / number
    low = np.minimum.reduceat(np.where(there, y, np.inf), starts)
    high = np.maximum.reduceat(np.where(there, y, -np.inf), starts)
    middle = np.add.reduceat(x, starts) / np.diff([*starts, len(values)])
    return {"x": middle.tolist(), "size": size} | {
        name: [value if math.isfinite(value) else None for value in found.tolist()]
        for name, found in (("y", mean), ("low", low), ("high", high))
    }


def answer(number: int, summarized: SetSummary, value: float | None, error: str) -> dict[str, Any]:
    """Return the facts of one set.

    Args:
        number: its number in the group.
        summarized: the set.
        value: its value, or None.
        error: the first error of a failed set; else empty.
    """
    set_id, name = _set(summarized)
    return {
        "kind": "set",
        "v": VERSION,
        "number": number,
        "id": set_id,
        "name": name,
        "status": status_of(summarized).value,
        "text": str(formatting.summary(summarized.jobs, flawed=summarized.flawed)),
        "value": value,
        "error": error,
        "created": round(summarized.record.created_at * 1000),
    }


def _point(pair: tuple[float, int] | None) -> list[Any] | None:
    return None if pair is None else [pair[1], pair[0]]


def _set(summarized: SetSummary) -> tuple[str, str]:
    return summarized.record.set_id, formatting.first_line(summarized.record.name, _TEXT)


def _elsewhere(sets: Sequence[SetSummary]) -> Iterator[str]:
    """Yield the other kernels that drive a set of the group."""
    for each in sets:
        if each.under_way and each.owner != "this kernel" and each.owner is not None:
            yield each.owner
