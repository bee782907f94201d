"""Values of any type as columns: truth values and numbers as arrays of their type, others as objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.lost import Lost

#: The largest integer up to which float64 has every integer exactly.
_EXACT = 1 << 53


class TypedColumn(NamedTuple):
    """One column of values; both arrays have shape ``(n,)``.

    Attributes:
        values: an array of bool, int64, float64, or objects.
        missing: True for each missing value; ``values`` has False, 0, NaN or None in its place.
    """

    values: npt.NDArray[Any]
    missing: npt.NDArray[np.bool_]

    def filled(self) -> npt.NDArray[Any]:
        """Return the values, with NaN in place of missing integers and None in place of truth values."""
        if self.values.dtype.kind not in "ib" or not self.missing.any():
            return self.values
        values = self.values.astype(float if self.values.dtype.kind == "i" else object)
        values[self.missing] = np.nan if self.values.dtype.kind == "i" else None
        return values


def typed_column(values: Sequence[Any]) -> TypedColumn:
    """Return values as a column of their type.

    A column of truth values is bool, and one of integers is int64. Fractions, also together with
    integers, are float64 if that changes no integer. Other values are kept unchanged, as objects. None
    and lost values are missing.
    """
    missing = np.fromiter((_is_missing(value) for value in values), dtype=bool, count=len(values))
    present = [value for value in values if not _is_missing(value)]
    kind = _kind(present)
    fill = {bool: False, int: 0, float: np.nan}.get(kind)
    numpy_kind: Any = {int: np.int64, float: np.float64}.get(kind, kind)
    column: npt.NDArray[Any] = np.full(len(values), fill, dtype=numpy_kind)
    column[~missing] = present if kind is not object else _objects(present)
    return TypedColumn(column, missing)


def _is_missing(value: Any) -> bool:
    return value is None or isinstance(value, Lost)


def _objects(values: Sequence[Any]) -> npt.NDArray[Any]:
    found = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):  # NumPy would take lists for a dimension
        found[place] = value
    return found


def _kind(values: Sequence[Any]) -> type:
    kinds = set(map(type, values))
    if not kinds:
        return object
    if all(issubclass(kind, (bool, np.bool_)) for kind in kinds):
        return bool
    integers = [kind for kind in kinds if issubclass(kind, (int, np.integer)) and kind is not bool]
    fractions = [kind for kind in kinds if issubclass(kind, (float, np.floating))]
    if len(integers) + len(fractions) < len(kinds):
        return object
    limit = _EXACT if fractions else (1 << 63) - 1
    fit = all(-limit <= value <= limit for value in values if not isinstance(value, tuple(fractions)))
    return object if not fit else float if fractions else int


def column_names(keys: Iterable[Any], taken: Iterable[str], kind: str) -> dict[Any, str]:
    """Return a column's name for each key: its text, followed by the kind in brackets if it is taken.

    If there is another column ``count``, a key ``count`` of the metadata becomes ``count (metadata)``.

    Args:
        keys: the keys in the order of the columns.
        taken: the names of the other columns.
        kind: the kind of the keys, such as ``"metadata"``.
    """
    keys = list(keys)
    found: dict[Any, str] = {}
    used = set(taken)
    clashing = []
    for key in keys:
        if str(key) in used:
            clashing.append(key)
        else:
            found[key] = str(key)
            used.add(str(key))
    for key in clashing:
        name = f"{key} ({kind})"
        while name in used:
            name += f" ({kind})"
        found[key] = name
        used.add(name)
    return {key: found[key] for key in keys}
