"""The outcomes of a circuit's points, each run as a circuit of its own, as those of one PUB."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import Integers
from qjm_widgets.core.outcomes import (
    CircuitOutcome,
    ExperimentOutcome,
    JobOutcome,
    PubOutcome,
    register_sizes,
)

_REGISTER = "c"


def group_points(
    outcome: JobOutcome, names: Sequence[str], shapes: Sequence[tuple[int, ...] | None]
) -> JobOutcome:
    """Join the points of each circuit.

    Args:
        outcome: of a job that ran each point as a circuit.
        names: of the job's circuits.
        shapes: of their points, in the same order; None for a circuit without points.

    Returns:
        One outcome a circuit: a ``PubOutcome`` for each that has a shape of its own.
    """
    circuits: list[CircuitOutcome | None] = []
    start = 0
    for name, shape in zip(names, shapes, strict=True):
        stop = start + (1 if shape is None else int(np.prod(shape)))
        found = outcome.circuits[start:stop]
        circuits.append(found[0] if not shape else _as_pub(name, shape, found))
        start = stop
    return JobOutcome(circuits, outcome.info)


def points_by_name(
    found: Sequence[str | None], names: Sequence[str]
) -> list[tuple[int, ...] | None] | None:
    """Return the points of each circuit of a job that another kernel submitted, by the names.

    Args:
        found: names of the parts of its result, in their order.
        names: of the job's circuits.

    Returns:
        As ``group_points`` takes it, each shape flat; None if no circuit has several points, or the
        names do not tell which circuit a part is of.
    """
    groups = [(name, len(list(parts))) for name, parts in itertools.groupby(found)]
    if len(found) <= len(names) or [name for name, _ in groups] != list(names):
        return None
    return [(number,) if number > 1 else None for _, number in groups]


def _as_pub(
    name: str, shape: tuple[int, ...], points: Sequence[CircuitOutcome | None]
) -> PubOutcome | None:
    if all(point is None for point in points):
        return None
    found: list[ExperimentOutcome] = []
    for place, point in enumerate(points):
        failure = "it is missing in the job's result" if point is None else point.failure
        if failure is None and isinstance(point, ExperimentOutcome):
            found.append(point)
            continue
        where = np.unravel_index(place, shape)
        status = f"point {', '.join(str(int(at)) for at in where)}: {failure}"
        return PubOutcome(name, shape, {}, success=False, status=status)
    try:
        registers = _registers(shape, found)
    except ValueError as error:
        return PubOutcome(name, shape, {}, success=False, status=str(error))
    keys = [key for key in found[0].data if all(key in point.data for point in found)]
    return PubOutcome(
        name=name,
        shape=shape,
        registers=registers,
        data={key: _stacked(shape, [point.data[key] for point in found]) for key in keys},
        metadata={
            "shots": found[0].shots,
            "circuit_metadata": dict(found[0].header.get("metadata") or {}),
        },
    )


def _registers(
    shape: tuple[int, ...], points: Sequence[ExperimentOutcome]
) -> dict[str, tuple[npt.NDArray[np.uint8], int]]:
    """Return the shots of all points, an array for each classical register; {} if nothing was measured.

    Raises:
        ValueError: the points cannot be one array of shots.
    """
    width = points[0].layout.width
    if width is None or all(point.counts is None and point.memory is None for point in points):
        return {}
    rows = [_shots(point) for point in points]
    if len({len(row) for row in rows}) > 1 or any(point.layout.width != width for point in points):
        raise ValueError("its points have different registers or numbers of shots")
    shots = np.concatenate(rows)
    sizes = register_sizes(points[0].header)
    if sum(size for _, size in sizes) != width or len({name for name, _ in sizes}) < len(sizes):
        sizes = [(_REGISTER, width)]
    registers = {}
    first = 0
    for name, size in sizes:
        packed = _to_bytes(shots, first, size)
        registers[name] = packed.reshape(*shape, len(rows[0]), packed.shape[-1]), size
        first += size
    return registers


def _shots(point: ExperimentOutcome) -> Integers:
    """Return the outcome of each shot: in order with a memory, else ordered as the counts are.

    Raises:
        ValueError: its counts are no frequencies.
    """
    if point.memory is not None:
        return point.memory
    counts = point.counts
    if counts is None or counts.counts.dtype != np.int64 or (counts.counts < 0).any():
        raise ValueError(
            "its counts are no whole numbers of shots, so that its points cannot be one result: run "
            "each point as a circuit"
        )
    return np.repeat(counts.outcomes, counts.counts)


def _to_bytes(shots: Integers, first: int, size: int) -> npt.NDArray[np.uint8]:
    """Return some bits of each shot, big-endian, shape ``(shots, bytes)``."""
    width = -(-size // 8)
    if shots.dtype == object:
        mask = (1 << size) - 1
        text = b"".join(((value >> first) & mask).to_bytes(width, "big") for value in shots.tolist())
        return np.frombuffer(text, np.uint8).reshape(len(shots), width)
    values = shots.astype(np.uint64) >> np.uint64(first)
    if size < 64:
        values &= np.uint64((1 << size) - 1)
    return values.astype(">u8").view(np.uint8).reshape(len(shots), 8)[:, 8 - width :]


def _stacked(shape: tuple[int, ...], values: Sequence[Any]) -> npt.NDArray[Any]:
    """Return values of all points as one array of numbers; of objects if their shapes differ."""
    try:
        stacked = np.stack([np.asarray(value) for value in values])
        if stacked.dtype != object:
            return stacked.reshape(*shape, *stacked.shape[1:])
    except (TypeError, ValueError):  # of different shapes
        pass
    objects = np.empty(len(values), dtype=object)
    for place, value in enumerate(values):
        objects[place] = value
    return objects.reshape(shape)
