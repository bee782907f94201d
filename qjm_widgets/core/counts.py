"""Packed counts: outcomes as integers beside how often each was seen.

Bit strings are Qiskit's: qubit 0 is the rightmost character. Integers carry the same bits, bit 0 lowest.
Up to 64 bits an outcome is a ``uint64``; beyond that arrays hold Python integers. A count is ``int64``
nearly always; mitigated counts may be negative or fractions, and none is ever rounded.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[Any]
Numbers: TypeAlias = npt.NDArray[Any]

_DENSE_BITS = 20
"""Up to here ``np.bincount`` over all outcomes is the fastest sum."""
_CHUNK = 8192
"""So many outcomes at once stay in the processor's cache while they are summed."""
#: Up to here neither a sum in float64 nor one in int64 loses anything.
_DENSE_MOST = 1 << 32
_TABLE_BITS = 12
"""Up to here the bit strings of all outcomes are kept ready."""


class Layout(NamedTuple):
    """How an outcome is written: sizes of the registers, first register rightmost, spaces between.

    No sizes: ``width`` bits without a space. Width None: as many bits as the number has (what Qiskit
    does where a backend tells no width).
    """

    sizes: tuple[int, ...]
    width: int | None

    def text(self, outcome: int) -> str:
        """The bit string of one outcome."""
        if self.width is None:
            return format(outcome, "b")
        bits = format(outcome, f"0{self.width}b") if self.width else ""
        if not self.sizes:
            return bits
        words, at = [], 0
        for size in reversed(self.sizes):
            words.append(bits[at : at + size])
            at += size
        return " ".join(words)

    def texts(self, outcomes: Iterable[int]) -> list[str]:
        """The bit strings of many outcomes."""
        if self.width is not None and self.width <= _TABLE_BITS:
            table = _table(self)
            size = len(table)
            return [table[outcome] if outcome < size else self.text(outcome) for outcome in outcomes]
        return [self.text(outcome) for outcome in outcomes]

    def of_bits(self, bits: Sequence[int]) -> Layout:
        """How outcomes of these bits alone are written: each register keeps its own of them.

        Args:
            bits: which bits, ascending; bit 0 is the rightmost.
        """
        if self.width is None or sum(self.sizes) != self.width:
            return Layout((), len(bits))
        sizes, first = [], 0
        for size in self.sizes:
            sizes.append(sum(first <= bit < first + size for bit in bits))
            first += size
        return Layout(tuple(size for size in sizes if size), len(bits)).normal()

    def normal(self) -> Layout:
        """The layout that writes the same texts with the fewest words: one register needs no size."""
        return self if len(self.sizes) != 1 or sum(self.sizes) != self.width else Layout((), self.width)


@functools.lru_cache(maxsize=64)
def _table(layout: Layout) -> tuple[str, ...]:
    return tuple(layout.text(outcome) for outcome in range(1 << (layout.width or 0)))


class Packed(NamedTuple):
    """Distinct outcomes and how often each was seen; both arrays have shape ``(n,)``.

    ``counts`` is int64, else float64 where there are fractions, else Python's own numbers (objects).
    """

    layout: Layout
    outcomes: Integers
    counts: Numbers

    @property
    def shots(self) -> int:
        """How many shots are in it; of fractions, a fraction."""
        total = self.counts.sum()
        return total.item() if isinstance(total, np.generic) else total  # type: ignore[no-any-return]

    def to_dict(self) -> dict[str, int]:
        """Counts by bit string."""
        return dict(zip(self.layout.texts(self.outcomes.tolist()), self.counts.tolist(), strict=True))

    def marginal(self, bits: Sequence[int]) -> Packed:
        """The counts over some bits alone.

        Args:
            bits: which bits, ascending; bit 0 is the rightmost. Bits beyond the width are zeros.
        """
        wide = self.outcomes.dtype == object or len(bits) > 64
        outcomes = self.outcomes.astype(object if wide else np.uint64)
        one = 1 if wide else np.uint64(1)
        values = outcomes & (0 if wide else np.uint64(0))
        for place, bit in enumerate(bits):
            if wide:
                values = values | (((outcomes >> bit) & one) << place)
            elif bit < 64:
                values |= ((outcomes >> np.uint64(bit)) & one) << np.uint64(place)
        if len(bits) <= 64:
            values = values.astype(np.uint64)
        return _summed(self.layout.of_bits(bits), values, self.counts)


def _summed(layout: Layout, outcomes: Integers, counts: Numbers) -> Packed:
    """Equal outcomes as one; outcomes ascend."""
    distinct, where = np.unique(outcomes, return_inverse=True)
    if counts.dtype == np.int64 and not _fit_together(counts):
        counts = counts.astype(object)
    total = np.zeros(len(distinct), dtype=counts.dtype)
    np.add.at(total, where.reshape(-1), counts)
    return Packed(layout, distinct, numbers(total.tolist()) if total.dtype == object else total)


def _fit_together(counts: Numbers) -> bool:
    """Whether no sum of these whole numbers leaves 64 bits."""
    if not counts.size:
        return True
    largest = max(-int(counts.min()), int(counts.max()))
    return largest * counts.size < 1 << 63


def together(parts: Sequence[Packed]) -> Packed:
    """Counts of one layout as one; outcomes ascend."""
    outcomes = np.concatenate([part.outcomes for part in parts])
    return _summed(parts[0].layout, outcomes, join_numbers([part.counts for part in parts]))


def join_numbers(parts: Sequence[Numbers]) -> Numbers:
    """Counts one after another; whole numbers stay whole beside fractions."""
    if len({part.dtype for part in parts}) > 1:
        parts = [part.astype(object) for part in parts]
    return np.concatenate(parts)


def numbers(values: Collection[Any]) -> Numbers:
    """Counts as an array that changes none of them: int64, float64, or else the objects themselves."""
    kinds = set(map(type, values))
    try:
        if kinds <= _WHOLE:
            return np.fromiter(values, dtype=np.int64, count=len(values))
        if kinds == _FRACTIONS:
            return np.fromiter(values, dtype=np.float64, count=len(values))
    except OverflowError:
        pass
    array = np.empty(len(values), dtype=object)
    # NumPy's numbers as Python's: these neither overflow nor change when they meet others.
    array[:] = [value.item() if isinstance(value, np.generic) else value for value in values]
    found = set(map(type, array))
    return array if found == kinds or not found <= _WHOLE | _FRACTIONS else numbers(array.tolist())


_WHOLE = frozenset({int, bool})
_FRACTIONS = frozenset({float})


def integers(values: Sequence[int], width: int | None) -> Integers:
    """Outcomes as an array: ``uint64`` where they fit, Python integers beyond."""
    if width is not None and width <= 64:
        return np.array(values, dtype=np.uint64)
    try:
        return np.array(values, dtype=np.uint64)
    except OverflowError:
        return np.array(values, dtype=object)


@functools.cache
def _hex_table() -> Mapping[str, int]:
    """The outcomes of few bits by their hexadecimal texts: looking up is faster than reading."""
    return {hex(outcome): outcome for outcome in range(1 << _TABLE_BITS)}


def pack_hex(counts: Mapping[str, Any], layout: Layout) -> Packed:
    """Pack counts by hexadecimal text (``"0x1f"``), as ``Backend.run`` gives them."""
    try:
        values = list(map(_hex_table().__getitem__, counts))
    except KeyError:  # more bits, or another spelling
        values = [int(key, 16) for key in counts]
    outcomes = integers(values, layout.width)
    return Packed(layout, outcomes, numbers(counts.values()))


def pack_shots(shots: Integers, layout: Layout) -> Packed:
    """Count an array of outcomes, one a shot."""
    width = layout.width
    if shots.dtype != object and width is not None and width <= _DENSE_BITS:
        dense = np.bincount(_as_indices(shots), minlength=1 << width)
        outcomes = np.flatnonzero(dense)
        return Packed(layout, outcomes.astype(np.uint64), dense[outcomes])
    outcomes, counts = np.unique(shots, return_counts=True)
    return Packed(layout, outcomes, counts)


def _as_indices(outcomes: Integers) -> npt.NDArray[Any]:
    """Outcomes of few bits as what ``bincount`` takes; ``uint64`` is what it refuses."""
    return outcomes.view(np.int64) if outcomes.dtype == np.uint64 else outcomes


def bits_to_integers(rows: npt.NDArray[np.uint8]) -> Integers:
    """Shots packed to bytes, big-endian, shape ``(shots, bytes)``, as integers of shape ``(shots,)``.

    Up to 8 bytes they are of the smallest unsigned type that holds so many.
    """
    shots, width = rows.shape
    if width == 0:
        return np.zeros(shots, dtype=np.uint8)
    if width <= 8:
        size = 1 << (width - 1).bit_length()
        if width < size:
            padded = np.zeros((shots, size), dtype=np.uint8)
            padded[:, size - width :] = rows
            rows = padded
        return np.ascontiguousarray(rows).view(f">u{size}").reshape(shots).astype(f"u{size}")
    whole = np.ascontiguousarray(rows).tobytes()
    values = [int.from_bytes(whole[at : at + width], "big") for at in range(0, shots * width, width)]
    return np.array(values, dtype=object)


class CountsSum:
    """A sum of packed counts that grows; layouts are kept apart. Not safe between threads."""

    def __init__(self) -> None:
        self._dense: dict[Layout, npt.NDArray[np.int64]] = {}
        self._sparse: dict[Layout, Packed] = {}
        self._chunks: dict[Layout, list[Packed]] = {}
        self._texts: dict[str, int] = {}

    def add(self, packed: Iterable[Packed]) -> None:
        """Add many circuits' counts at once: one pass over each layout."""
        groups: dict[Layout, list[Packed]] = {}
        for item in packed:
            groups.setdefault(item.layout, []).append(item)
        for layout, items in groups.items():
            if layout.width is not None and layout.width <= _DENSE_BITS:
                self._add_dense(layout, items)
            else:
                self._chunks.setdefault(layout, []).extend(items)

    def add_texts(self, counts: Mapping[str, int]) -> None:
        """Add counts whose keys are no bits (a backend of qudits)."""
        for key, count in counts.items():
            self._texts[key] = self._texts.get(key, 0) + count

    def _add_dense(self, layout: Layout, items: list[Packed]) -> None:
        size = 1 << (layout.width or 0)
        total = self._dense.get(layout)
        if total is None:
            total = self._dense[layout] = np.zeros(size, dtype=np.int64)
        for some in _in_chunks(items, max(_CHUNK, 4 * size)):
            weights = join_numbers([item.counts for item in some])
            if not _are_frequencies(weights):
                self._chunks.setdefault(layout, []).extend(some)
                continue
            outcomes = _as_indices(np.concatenate([item.outcomes for item in some]))
            if len(some) == 1:
                np.add.at(total, outcomes, weights)
            else:
                total += np.bincount(outcomes, weights=weights, minlength=size).astype(np.int64)

    def _settle(self, layout: Layout) -> Packed:
        waiting = self._chunks.pop(layout, [])
        known = self._sparse.get(layout)
        if waiting or known is None:
            known = together([*([] if known is None else [known]), *waiting])
            self._sparse[layout] = known
        return known

    def parts(self) -> list[Packed]:
        """The sum of each layout; outcomes ascend."""
        found: dict[Layout, Packed] = {}
        for layout, total in self._dense.items():
            at = np.flatnonzero(total)
            found[layout] = Packed(layout, at.astype(np.uint64), total[at])
        for layout in dict.fromkeys([*self._sparse, *self._chunks]):
            odd = self._settle(layout)
            known = found.get(layout)
            found[layout] = odd if known is None or not known.counts.size else together([known, odd])
        return list(found.values())

    @property
    def texts(self) -> Mapping[str, int]:
        """The counts whose keys are no bits."""
        return self._texts

    def to_dict(self) -> dict[str, int]:
        """All counts by bit string, sorted by layout and outcome."""
        result: dict[str, int] = {}
        for part in self.parts():
            _merge(result, part.layout.texts(part.outcomes.tolist()), part.counts.tolist())
        for key, count in self._texts.items():
            result[key] = result.get(key, 0) + count
        return result


def _are_frequencies(counts: Numbers) -> bool:
    """Whether they are whole numbers above 0, none of them huge: nearly always."""
    if counts.dtype != np.int64 or not counts.size:
        return not counts.size
    return int(counts.min()) > 0 and int(counts.max()) <= _DENSE_MOST


def _in_chunks(items: Sequence[Packed], most: int) -> Iterator[Sequence[Packed]]:
    """Packed counts in groups of about so many outcomes; one that is larger goes alone."""
    start = outcomes = 0
    for index, item in enumerate(items):
        outcomes += len(item.outcomes)
        if outcomes >= most:
            yield items[start : index + 1]
            start, outcomes = index + 1, 0
    if start < len(items):
        yield items[start:]


def _merge(into: dict[str, int], texts: Sequence[str], counts: Sequence[int]) -> None:
    for text, count in zip(texts, counts, strict=True):
        into[text] = into.get(text, 0) + count


class Top(NamedTuple):
    """The most frequent outcomes, sorted as text, and what all the others sum to."""

    keys: list[str]
    counts: list[int]
    other_outcomes: int
    other_shots: int


def top(counts: Mapping[str, int], most: int) -> Top:
    """The ``most`` most frequent outcomes; of equally frequent ones the first as text."""
    if len(counts) <= most:
        chosen = sorted(counts)
    else:
        chosen = sorted(sorted(counts, key=lambda key: (-counts[key], key))[:most])
    shown = [counts[key] for key in chosen]
    total = sum(counts.values())
    return Top(chosen, shown, len(counts) - len(chosen), total - sum(shown))


def wilson(count: int, shots: int, z: float = 1.959963984540054) -> tuple[float, float]:
    """The Wilson score interval of a probability (95 % by default).

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927).
    """
    if shots <= 0:
        return 0.0, 1.0
    p = min(1.0, max(0.0, count / shots))  # mitigated counts may be outside
    scale = 1 + z * z / shots
    centre = (p + z * z / (2 * shots)) / scale
    half = z * math.sqrt(p * (1 - p) / shots + z * z / (4 * shots * shots)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)
