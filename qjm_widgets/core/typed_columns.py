"""Values of any type as columns of one type: truth values, numbers, texts, or other objects."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.lost import Lost
from qjm_widgets.core.uniform_values import are_uniform, number_type


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
    integers, are float64 if that changes no integer. Other values of one type, such as texts and lists,
    are kept unchanged, as objects; values of several types, and others for which files have no type,
    become texts. None and lost values are missing.
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
    kept = values if are_uniform(values) else map(str, values)
    found = np.empty(len(values), dtype=object)
    for place, value in enumerate(kept):  # NumPy would take lists for a dimension
        found[place] = _valid(value) if isinstance(value, str) else value
    return found


def _valid(text: str) -> str:
    """Return a text without lone surrogates, which no file can hold."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()


def _kind(values: Sequence[Any]) -> type:
    if values and all(isinstance(value, (bool, np.bool_)) for value in values):
        return bool
    return number_type(values) or object


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
