"""The kinds of values of pandas that stand for one thing: moments, durations, and what is missing.

They are subclasses of Python's own, which hold less: a moment of pandas has nanoseconds, and one that is
missing (``NaT``) is no date.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qjm_widgets.serialization.tree import Kind, TreeError, Write

_MISSING = {"NaTType": "NaT", "NAType": "NA"}


def _is(*names: str) -> Callable[[type], bool]:
    return lambda kind: kind.__module__.split(".")[0] == "pandas" and kind.__name__ in names


def _write_moment(value: Any, write: Write) -> Any:
    zone = None if value.tzinfo is None else write(value.tzinfo)
    return [write(value.to_datetime64()), zone]


def _read_moment(tree: Any, read: Write) -> Any:
    import pandas as pd

    moment, zone = map(read, tree)
    found = pd.Timestamp(moment)
    return found if zone is None else found.tz_localize("UTC").tz_convert(zone)


def _read_duration(tree: Any, read: Write) -> Any:
    import pandas as pd

    return pd.Timedelta(read(tree))


def _read_missing(tree: Any, read: Write) -> Any:
    import pandas as pd

    if tree not in _MISSING.values():
        raise TreeError(f"an unknown missing value {tree!r}")
    return getattr(pd, tree)


#: Before those of Python, from which these are derived.
PANDAS: tuple[Kind, ...] = (
    Kind("$timestamp", _is("Timestamp"), _write_moment, _read_moment),
    Kind(
        "$duration",
        _is("Timedelta"),
        lambda value, write: write(value.to_timedelta64()),
        _read_duration,
    ),
    Kind("$missing", _is(*_MISSING), lambda value, _: _MISSING[type(value).__name__], _read_missing),
)
