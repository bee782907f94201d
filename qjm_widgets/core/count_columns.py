"""The counts of many circuits and points as columns, with one row for each outcome.

All circuits and points are counted together with NumPy, so that no Python code runs for a single row.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import DENSE_BITS, Integers, Layout, Numbers, Packed, join_numbers, numbers
from qjm_widgets.core.lost import Lost
from qjm_widgets.core.outcomes import CircuitOutcome, PubOutcome, join_shots

#: Shots that are counted at once; each takes 8 bytes or more of memory.
_AT_ONCE = 1 << 22
#: Up to so many bins, ``np.bincount`` is the fastest count, however few shots there are.
_FEW_BINS = 1 << 16


class Part(NamedTuple):
    """The outcome of a circuit, or of a range of its points.

    Attributes:
        circuit: the circuit's index in the set.
        first: the index of the first point, in flattened (C) order.
        outcome: the outcome of the points from ``first`` on.
    """

    circuit: int
    first: int
    outcome: CircuitOutcome


class CountColumns(NamedTuple):
    """Columns with a row for each outcome of each point, sorted by circuit, point and outcome.

    All columns have shape ``(n,)``.

    Attributes:
        circuits: indices of circuits, int64.
        points: indices of points in flattened (C) order, int64; 0 for a circuit without a shape.
        outcomes: bit strings (qubit 0 rightmost), as objects.
        counts: int64; float64 if there are fractions.
        probabilities: the counts divided by the sum of the counts of the point, float64.
    """

    circuits: npt.NDArray[np.int64]
    points: npt.NDArray[np.int64]
    outcomes: npt.NDArray[Any]
    counts: Numbers
    probabilities: npt.NDArray[np.float64]


class _Block(NamedTuple):
    circuits: npt.NDArray[np.int64]
    points: npt.NDArray[np.int64]
    texts: npt.NDArray[Any]
    counts: Numbers


def count_columns(parts: Sequence[Part]) -> CountColumns:
    """Return the counts of all parts; a part that failed or has no counts has no rows."""
    packs: dict[Layout, list[tuple[int, int, Packed]]] = {}
    pubs: dict[tuple[int, ...], list[Part]] = {}
    blocks: list[_Block] = []
    for part in parts:
        outcome = part.outcome
        if isinstance(outcome, PubOutcome):
            if outcome.registers and outcome.success:
                sizes = tuple(bits for _, bits in outcome.registers.values())
                pubs.setdefault(sizes, []).append(part)
        elif (packed := outcome.packed()) is not None:
            packs.setdefault(packed.layout, []).append((part.circuit, part.first, packed))
        elif outcome.texts:
            blocks.append(_text_block(part))
    blocks += [_packed_block(layout, given) for layout, given in packs.items()]
    for alike in pubs.values():
        blocks += [_shots_block(batch) for batch in _batches(alike)]
    return _joined([block for block in blocks if len(block.counts)])


def _joined(blocks: Sequence[_Block]) -> CountColumns:
    if not blocks:
        none = np.zeros(0, dtype=np.int64)
        return CountColumns(none, none, none.astype(object), none, none.astype(float))
    circuits = np.concatenate([block.circuits for block in blocks])
    points = np.concatenate([block.points for block in blocks])
    texts = np.concatenate([block.texts for block in blocks])
    counts = _plain(join_numbers([block.counts for block in blocks]))
    if len(blocks) > 1:
        order = np.lexsort((points, circuits))  # a stable sort: the outcomes of a point keep their order
        circuits, points, texts, counts = circuits[order], points[order], texts[order], counts[order]
    starts = _starts(circuits, points)
    totals = np.add.reduceat(counts.astype(float), starts)
    lengths = np.diff(starts, append=len(counts))
    with np.errstate(divide="ignore", invalid="ignore"):
        probabilities = counts.astype(float) / np.repeat(totals, lengths)
    return CountColumns(circuits, points, texts, counts, probabilities)


def _plain(counts: Numbers) -> Numbers:
    """Return counts; those that mix integers and fractions become float64."""
    mixed = counts.dtype == object and any(isinstance(count, float) for count in counts)
    return counts.astype(float) if mixed else counts


def _starts(*keys: Integers) -> npt.NDArray[np.intp]:
    """Return the first row of each group of rows with equal keys; the rows are sorted by them."""
    changes = np.zeros(len(keys[0]), dtype=bool)
    changes[:1] = True
    for key in keys:
        changes[1:] |= key[1:] != key[:-1]
    return np.flatnonzero(changes)


def _text_block(part: Part) -> _Block:
    """Return the rows of counts whose keys are not bits, without the counts or keys that were lost."""
    found = {
        str(text): count
        for text, count in part.outcome.texts.items()
        if not isinstance(count, Lost) and not isinstance(text, Lost)
    }
    texts = np.empty(len(found), dtype=object)
    texts[:] = sorted(found)
    counts = numbers([found[text] for text in texts])
    return _Block(np.full(len(found), part.circuit), np.full(len(found), part.first), texts, counts)


def _packed_block(layout: Layout, given: Sequence[tuple[int, int, Packed]]) -> _Block:
    lengths = [len(packed.outcomes) for _, _, packed in given]
    circuits = np.repeat(np.array([circuit for circuit, _, _ in given], dtype=np.int64), lengths)
    points = np.repeat(np.array([point for _, point, _ in given], dtype=np.int64), lengths)
    wide = any(packed.outcomes.dtype == object for _, _, packed in given)
    kind = object if wide else np.uint64
    outcomes = np.concatenate([packed.outcomes.astype(kind, copy=False) for _, _, packed in given])
    counts = join_numbers([packed.counts for _, _, packed in given])
    distinct, ranks = np.unique(outcomes, return_inverse=True)
    order = np.lexsort((ranks, points, circuits))
    circuits, points, ranks, counts = circuits[order], points[order], ranks[order], counts[order]
    starts = _starts(circuits, points, ranks)
    if len(starts) < len(counts):  # an outcome occurs more than once
        counts = np.add.reduceat(counts, starts)
        circuits, points, ranks = circuits[starts], points[starts], ranks[starts]
    return _Block(circuits, points, _texts(layout, distinct)[ranks], counts)


def _batches(parts: Sequence[Part]) -> Iterator[list[Part]]:
    """Yield batches of parts with at most ``_AT_ONCE`` shots.

    Small parts are put together, and a large one is cut by points. A single point may have more shots.
    """
    batch: list[Part] = []
    size = 0
    for part in parts:
        pub = part.outcome
        assert isinstance(pub, PubOutcome)
        points = math.prod(pub.shape)
        if batch and size + points * pub.shots > _AT_ONCE:
            yield batch
            batch, size = [], 0
        step = max(1, _AT_ONCE // max(1, pub.shots))
        if points <= step:
            batch.append(part)
            size += points * pub.shots
            continue
        flat = {
            name: (np.asarray(array).reshape(points, *array.shape[-2:]), bits)
            for name, (array, bits) in pub.registers.items()
        }
        for at in range(0, points, step):
            some = {name: (array[at : at + step], bits) for name, (array, bits) in flat.items()}
            shape = (min(step, points - at),)
            yield [Part(part.circuit, part.first + at, PubOutcome(pub.name, shape, some))]
    if batch:
        yield batch


def _shots_block(parts: Sequence[Part]) -> _Block:
    """Count the shots of PUBs with registers of the same sizes, for each point."""
    pubs = [part.outcome for part in parts if isinstance(part.outcome, PubOutcome)]
    sizes = [math.prod(pub.shape) for pub in pubs]
    circuits = np.repeat(np.array([part.circuit for part in parts], dtype=np.int64), sizes)
    points = np.concatenate(
        [np.arange(part.first, part.first + size) for part, size in zip(parts, sizes, strict=True)]
    )
    shots = join_shots(pubs)
    places = np.repeat(np.arange(len(points)), np.repeat([pub.shots for pub in pubs], sizes))
    layout = pubs[0].layout
    bits = layout.width or 0
    bins = len(points) << bits
    if bits <= DENSE_BITS and bins <= max(4 * len(shots), _FEW_BINS):
        number = 1 << bits
        distinct: Integers = np.arange(number)
        dense = np.bincount(places * number + shots.astype(np.int64), minlength=bins)
        keys = np.flatnonzero(dense)
        counts = dense[keys]
    else:
        distinct, ranks = np.unique(shots, return_inverse=True)
        number = max(1, len(distinct))
        keys, counts = np.unique(places * number + ranks.reshape(-1), return_counts=True)
    where, ranks = np.divmod(keys, number)
    return _Block(circuits[where], points[where], _texts(layout, distinct)[ranks], counts)


def _texts(layout: Layout, outcomes: Integers) -> npt.NDArray[Any]:
    texts = np.empty(len(outcomes), dtype=object)
    texts[:] = layout.texts(outcomes.tolist())
    return texts
