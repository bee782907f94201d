"""Ranges of a PUB's points, counted in flattened (C) order, and their outcomes as that of the whole PUB.

``cut_points`` takes a range out of an outcome; ``join_points`` is its exact inverse.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.lost import Lost
from qjm_widgets.core.metadata_merging import merge_metadata_of_points
from qjm_widgets.core.outcomes import PubOutcome
from qjm_widgets.core.records import Span
from qjm_widgets.errors import InputError, NotAvailableError, explain


def points_text(ranges: Iterable[Span], most: int = 3) -> str:
    """List points, neighbouring ranges as one: "points 0–99, 500–999"."""
    merged: list[Span] = []
    for points in ranges:
        if merged and merged[-1].stop == points.start:
            merged[-1] = Span(merged[-1].start, points.stop)
        else:
            merged.append(points)
    one = len(merged) == 1 and len(merged[0]) == 1
    more = ", …" if len(merged) > most else ""
    return f"point{'' if one else 's'} {', '.join(map(str, merged[:most]))}{more}"


def point_at(index: int, shape: Sequence[int], loc: Any) -> int:
    """Return the place of a point in flattened order.

    Args:
        index: of the circuit, for messages.
        shape: of the PUB.
        loc: index of the point along each axis; an int if there is one axis.

    Raises:
        InputError: there is no such point.
    """
    where = tuple(loc) if isinstance(loc, (tuple, list)) else (loc,)
    whole = all(isinstance(at, (int, np.integer)) and not isinstance(at, bool) for at in where)
    if len(where) != len(shape) or not whole:
        raise InputError(f"circuit {index} has points of shape {tuple(shape)}: give loc=")
    if any(not -size <= at < size for at, size in zip(where, shape, strict=True)):
        raise InputError(f"loc={loc} is outside the shape {tuple(shape)} of circuit {index}")
    place = 0
    for at, size in zip(where, shape, strict=True):
        place = place * size + int(at) % size
    return place


def cut_points(outcome: PubOutcome, points: Span) -> PubOutcome:
    """Return a range of the points of an outcome, of shape ``(len(points),)``; arrays are views."""
    if outcome.shape == (len(points),):
        return outcome
    every = Span(0, math.prod(outcome.shape))

    def cut(value: Any) -> npt.NDArray[Any]:
        return _flat(every, outcome, value)[points.start : points.stop]

    return replace(
        outcome,
        shape=(len(points),),
        registers={name: (cut(array), bits) for name, (array, bits) in outcome.registers.items()},
        data={name: cut(value) for name, value in outcome.data.items()},
    )


def join_points(parts: Iterable[tuple[Span, PubOutcome]], shape: tuple[int, ...]) -> PubOutcome:
    """Join the outcomes of ranges to that of the whole PUB.

    Arrays are filled range by range: of an iterator, one range is in memory beside the whole.

    Args:
        parts: ranges with what their jobs gave, together all points, each once.
        shape: of the PUB.

    Raises:
        NotAvailableError: they do not fit each other.
    """
    first: PubOutcome | None = None
    registers: dict[str, _Whole] = {}
    data: dict[str, _Whole] = {}
    metadata = []
    for points, part in parts:
        if first is None:
            first = part
            registers = {name: _Whole(shape) for name in part.registers}
            data = {name: _Whole(shape) for name in part.data}
        metadata.append(part.metadata)
        try:
            _check_alike(first, part)
            for name, (array, _) in part.registers.items():
                registers[name].put(points, _flat(points, part, array))
            for name, value in part.data.items():
                data[name].put(points, _flat(points, part, value))
        except (TypeError, ValueError) as error:
            raise NotAvailableError(
                f"what the jobs gave for ranges of the points of {part.name} does not fit together "
                f"({explain(error)})"
            ) from error
    assert first is not None
    return replace(
        first,
        shape=shape,
        registers={name: (registers[name].array(), bits) for name, (_, bits) in first.registers.items()},
        data={name: whole.array() for name, whole in data.items()},
        metadata=merge_metadata_of_points(metadata),
    )


def fill_points(
    parts: Iterable[tuple[Span, PubOutcome]], shape: tuple[int, ...], name: str
) -> npt.NDArray[np.float64]:
    """Return one array of a PUB's data, of its shape, NaN at the points that have no result.

    Args:
        parts: ranges with what their jobs gave, in any order.
        shape: of the PUB.
        name: of the array in the data; a part that lacks it is NaN.
    """
    whole = np.full(math.prod(shape), np.nan)
    for points, part in parts:
        if name in part.data and not isinstance(part.data[name], Lost):
            whole[points.start : points.stop] = _flat(points, part, part.data[name])
    return whole.reshape(shape)


class _Whole:
    """An array over all points of a PUB, filled range by range."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        self._shape = shape
        self._array: npt.NDArray[Any] | None = None

    def put(self, points: Span, part: npt.NDArray[Any]) -> None:
        """Fill in a range; the part has the points as its first axis."""
        size = math.prod(self._shape)
        if len(points) == size:
            self._array = part
            return
        if self._array is None:
            self._array = np.empty((size, *part.shape[1:]), dtype=part.dtype)
        elif part.dtype != self._array.dtype:
            self._array = self._array.astype(np.result_type(part.dtype, self._array.dtype))
        if part.shape[1:] != self._array.shape[1:]:
            raise ValueError(f"points {points} came with shots of shape {part.shape[1:]}")
        self._array[points.start : points.stop] = part

    def array(self) -> npt.NDArray[Any]:
        """Return the whole, in the shape of the PUB."""
        assert self._array is not None
        return self._array.reshape((*self._shape, *self._array.shape[1:]))


def _check_alike(first: PubOutcome, part: PubOutcome) -> None:
    sizes = {name: bits for name, (_, bits) in part.registers.items()}
    if sizes != {name: bits for name, (_, bits) in first.registers.items()}:
        raise ValueError("registers differ")
    if part.data.keys() != first.data.keys():
        raise ValueError("data differ")


def _flat(points: Span, part: PubOutcome, value: Any) -> npt.NDArray[Any]:
    """Return a value of a range's outcome as an array with the points as its first axis."""
    if isinstance(value, Lost):
        array = np.empty(len(points), dtype=object)
        array.fill(value)
        return array
    array = np.asarray(value)
    axes = len(part.shape)
    if array.shape[:axes] != part.shape or math.prod(part.shape) != len(points):
        raise ValueError(f"points {points} came with a result of shape {part.shape}")
    return array.reshape((len(points), *array.shape[axes:]))
