"""Write the scalar values of Python and NumPy that JSON lacks as JSON, for results."""

from __future__ import annotations

import datetime
import decimal
import fractions
import uuid
from collections.abc import Callable
from typing import Any

import numpy as np


def write(value: Any) -> list[Any] | None:
    """Return the name of a value's kind, then its parts; None if the value cannot be written.

    A value of a subclass cannot be written if it differs from the value of its parts; an example is a
    timestamp of pandas with nanoseconds.
    """
    for name, (kind, parts, make) in _KINDS.items():
        if isinstance(value, kind):
            try:
                made = [name, *parts(value)]
                return made if type(value) is kind or bool(make(*made[1:]) == value) else None
            except Exception:  # a foreign class may raise anything
                return None
    return None


def read(name: str, *parts: Any) -> Any:
    """Return the value that has these parts.

    Args:
        name: the name of its kind.
        parts: the parts that ``write`` returned after the name.

    Raises:
        ValueError: the kind is unknown, or the parts do not make a value.
    """
    if name not in _KINDS:
        raise ValueError(f"an unknown value {name!r}")
    return _KINDS[name][2](*parts)


#: The kinds by name: the class, a function that returns the parts of a value, and one that inverts it.
#: "datetime" precedes "date", because a datetime is also a date.
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
    """Return the type and the bytes of a NumPy scalar."""
    return [describe(value.dtype), value.tobytes().hex()]


def read_numpy(written: list[Any]) -> Any:
    """Return the NumPy scalar that ``write_numpy`` wrote."""
    kind, data = written
    dtype = dtype_of(kind)
    if dtype.itemsize == 0:
        return np.zeros((), dtype=dtype)[()]
    return np.frombuffer(bytes.fromhex(data), dtype=dtype)[0]


def describe(dtype: np.dtype[Any]) -> Any:
    """Return a dtype, which may be structured, as JSON."""
    return np.lib.format.dtype_to_descr(dtype)


def dtype_of(described: Any) -> np.dtype[Any]:
    """Return the dtype that ``describe`` wrote as JSON.

    Raises:
        ValueError: the dtype holds objects, or is invalid.
    """
    dtype: np.dtype[Any] = np.lib.format.descr_to_dtype(_descr(described))
    if dtype.hasobject:
        raise ValueError("an array of objects")
    return dtype


def _descr(tree: Any) -> Any:
    """Return NumPy's description of a dtype, in which JSON has lists in place of tuples."""
    if isinstance(tree, str):
        return tree
    if tree and all(isinstance(field, list) and isinstance(field[0], str) for field in tree):
        return [_field(field) for field in tree]
    inner, shape = tree  # a subarray
    return _descr(inner), tuple(shape)


def _field(field: list[Any]) -> tuple[Any, ...]:
    name, kind, *shape = field
    return (name, _descr(kind), *(tuple(each) for each in shape))
