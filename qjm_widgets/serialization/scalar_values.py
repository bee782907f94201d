"""Single values that JSON lacks, of Python and of NumPy, as JSON, and back."""

from __future__ import annotations

import datetime
import decimal
import fractions
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np


def write(value: Any) -> list[Any] | None:
    """The name of a value's kind and what it is made of; None where it is of no known kind.

    None also where it is of a subclass and differs from what would come back: pandas has moments with
    nanoseconds, and one that is missing.
    """
    for name, (kind, parts, make) in _KINDS.items():
        if isinstance(value, kind):
            try:
                made = [name, *parts(value)]
                return made if type(value) is kind or bool(make(*made[1:]) == value) else None
            except Exception:  # a foreign class may do anything
                return None
    return None


def read(name: str, *parts: Any) -> Any:
    """The value again.

    Raises:
        ValueError: no such kind, or parts that do not make one.
    """
    if name not in _KINDS:
        raise ValueError(f"an unknown value {name!r}")
    return _KINDS[name][2](*parts)


#: By name the class, what a value is made of, and how it is made; a datetime is a date too.
_KINDS: dict[str, tuple[type, Callable[[Any], list[Any]], Callable[..., Any]]] = {
    "complex": (complex, lambda value: [value.real, value.imag], complex),
    "decimal": (decimal.Decimal, lambda value: [str(value)], decimal.Decimal),
    "fraction": (
        fractions.Fraction,
        lambda value: [value.numerator, value.denominator],
        fractions.Fraction,
    ),
    "set": (set, list, lambda *items: set(items)),
    "frozenset": (frozenset, list, lambda *items: frozenset(items)),
    "datetime": (
        datetime.datetime,
        lambda value: [value.isoformat()],
        datetime.datetime.fromisoformat,
    ),
    "date": (datetime.date, lambda value: [value.isoformat()], datetime.date.fromisoformat),
    "time": (datetime.time, lambda value: [value.isoformat()], datetime.time.fromisoformat),
    "timedelta": (
        datetime.timedelta,
        lambda value: [value.days, value.seconds, value.microseconds],
        datetime.timedelta,
    ),
    "range": (range, lambda value: [value.start, value.stop, value.step], range),
    "slice": (slice, lambda value: [value.start, value.stop, value.step], slice),
    "uuid": (uuid.UUID, lambda value: [value.hex], uuid.UUID),
}


def write_numpy(value: np.generic) -> list[Any]:
    """A NumPy scalar: its type and its bytes."""
    return [describe(value.dtype), value.tobytes().hex()]


def read_numpy(written: list[Any]) -> Any:
    """The NumPy scalar again."""
    kind, data = written
    dtype = dtype_of(kind)
    if dtype.itemsize == 0:
        return np.zeros((), dtype=dtype)[()]
    return np.frombuffer(bytes.fromhex(data), dtype=dtype)[0]


def describe(dtype: np.dtype[Any]) -> Any:
    """A type of NumPy's as JSON, structured ones too."""
    return np.lib.format.dtype_to_descr(dtype)


def dtype_of(described: Any) -> np.dtype[Any]:
    """The type again.

    Raises:
        ValueError: it holds objects, or is none.
    """
    dtype: np.dtype[Any] = np.lib.format.descr_to_dtype(_descr(described))
    if dtype.hasobject:
        raise ValueError("an array of objects")
    return dtype


def _descr(tree: Any) -> Any:
    """JSON's lists as the tuples and lists that NumPy wants: a list of fields, each a tuple."""
    if isinstance(tree, str):
        return tree
    if tree and all(isinstance(field, list) and isinstance(field[0], str) for field in tree):
        return [_field(field) for field in tree]
    inner, shape = tree  # a subarray
    return _descr(inner), tuple(shape)


def _field(field: list[Any]) -> tuple[Any, ...]:
    name, kind, *shape = field
    return (name, _descr(kind), *(tuple(each) for each in shape))
