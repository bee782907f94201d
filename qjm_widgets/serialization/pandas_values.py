"""The kinds of scalar values of pandas: timestamps, durations, and missing values.

Some of these classes are derived from Python's classes but hold more: a timestamp has nanoseconds, and
the missing timestamp (``NaT``) is not a date.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from qjm_widgets.serialization.tree import Kind, TreeError, Write

_MISSING = {"NaTType": "NaT", "NAType": "NA"}


def _is(*names: str) -> Callable[[type], bool]:
    return lambda kind: kind.__module__.split(".")[0] == "pandas" and kind.__name__ in names


def _write_timestamp(value: Any, write: Write) -> Any:
    zone = None if value.tzinfo is None else write(value.tzinfo)
    return [write(value.to_datetime64()), zone]


def _read_timestamp(tree: Any, read: Write) -> Any:
    import pandas as pd

    time, zone = map(read, tree)
    found = pd.Timestamp(time)
    return found if zone is None else found.tz_localize("UTC").tz_convert(zone)


def _read_duration(tree: Any, read: Write) -> Any:
    import pandas as pd

    return pd.Timedelta(read(tree))


def _read_missing(tree: Any, read: Write) -> Any:
    import pandas as pd

    if tree not in _MISSING.values():
        raise TreeError(f"an unknown missing value {tree!r}")
    return getattr(pd, tree)


#: These kinds must precede those of Python, from whose classes these classes are derived.
PANDAS: tuple[Kind, ...] = (
    Kind("$timestamp", _is("Timestamp"), _write_timestamp, _read_timestamp),
    Kind(
        "$duration",
        _is("Timedelta"),
        lambda value, write: write(value.to_timedelta64()),
        _read_duration,
    ),
    Kind("$missing", _is(*_MISSING), lambda value, _: _MISSING[type(value).__name__], _read_missing),
)
