"""Tell which values fit in one column of a file, such as Parquet, that has a type for each column."""

from __future__ import annotations

import datetime
import decimal
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

#: The largest integer up to which float64 has every integer exactly.
_EXACT = 1 << 53
#: The largest integer of int64.
_LARGEST = (1 << 63) - 1
#: Types that a column can have; a datetime is found before a date, of which it is a subclass.
_TYPES: tuple[type, ...] = (
    str,
    bytes,
    datetime.datetime,
    datetime.date,
    datetime.time,
    datetime.timedelta,
    decimal.Decimal,
    np.datetime64,
    np.timedelta64,
)


def are_uniform(values: Iterable[Any]) -> bool:
    """Return whether values have one type, apart from None.

    All items of lists must have one type, too, and the values of dicts one type for each key.
    """
    present = [value for value in values if value is not None]
    if all(_is_list(value) for value in present):  # also if there are no values
        return not present or are_uniform(item for value in present for item in value)
    if all(isinstance(value, dict) for value in present):
        keys = {key for value in present for key in value}
        return (
            bool(keys)  # Parquet has no type for empty dicts
            and all(isinstance(key, str) for key in keys)
            and all(are_uniform(value.get(key) for value in present) for key in keys)
        )
    if all(isinstance(value, (bool, np.bool_)) for value in present):
        return True
    types = set(map(_type_of, present))
    return number_type(present) is not None or (len(types) == 1 and None not in types)


def number_type(values: Sequence[Any]) -> type | None:
    """Return int or float if all values are numbers of this type; None for other values.

    Integers together with fractions are float if that changes no integer. Truth values are no numbers.
    """
    kinds = set(map(type, values))
    integers = [kind for kind in kinds if issubclass(kind, (int, np.integer)) and kind is not bool]
    fractions = [kind for kind in kinds if issubclass(kind, (float, np.floating))]
    if not kinds or len(integers) + len(fractions) < len(kinds):
        return None
    limit = _EXACT if fractions else _LARGEST
    fit = all(-limit <= value <= limit for value in values if not isinstance(value, tuple(fractions)))
    return None if not fit else float if fractions else int


def _is_list(value: Any) -> bool:
    return isinstance(value, (list, tuple)) or (isinstance(value, np.ndarray) and value.ndim == 1)


def _type_of(value: Any) -> type | None:
    return next((kind for kind in _TYPES if isinstance(value, kind)), None)
