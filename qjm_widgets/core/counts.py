"""Packed counts: outcomes as integers, and the count of each.

Bit strings are as in Qiskit: qubit 0 is the rightmost character, and bit 0 of an integer. Outcomes of up
to 64 bits are ``uint64``; for more bits, arrays hold Python integers. Counts are nearly always
``int64``. Mitigated counts may be negative or fractions; they are never rounded.
"""

from __future__ import annotations

import functools
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt

Integers: TypeAlias = npt.NDArray[Any]
Numbers: TypeAlias = npt.NDArray[Any]

#: Up to so many bits, ``np.bincount`` over all outcomes is the fastest sum.
DENSE_BITS = 20
#: Up to so many bits, the bit strings of all outcomes are cached.
_TABLE_BITS = 12


class Layout(NamedTuple):
    """The form of an outcome as a bit string.

    Attributes:
        sizes: number of bits of each register. The first register is rightmost, and spaces separate the
            registers. If empty, the bit string has no spaces.
        width: number of bits. If None, a bit string has as many bits as its integer, as in Qiskit if a
            backend gives no width.
    """

    sizes: tuple[int, ...]
    width: int | None

    def text(self, outcome: int) -> str:
        """Return the bit string of one outcome."""
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
        """Return the bit strings of many outcomes."""
        if self.width is not None and self.width <= _TABLE_BITS:
            table = _table(self)
            size = len(table)
            return [table[outcome] if outcome < size else self.text(outcome) for outcome in outcomes]
        return [self.text(outcome) for outcome in outcomes]

    def of_bits(self, bits: Sequence[int]) -> Layout:
        """Return the layout of some of the bits; each register keeps those that it has.

        Args:
            bits: ascending indices of bits; bit 0 is the rightmost.
        """
        if self.width is None or sum(self.sizes) != self.width:
            return Layout((), len(bits))
        sizes, first = [], 0
        for size in self.sizes:
            sizes.append(sum(first <= bit < first + size for bit in bits))
            first += size
        return Layout(tuple(size for size in sizes if size), len(bits)).normal()

    def normal(self) -> Layout:
        """Return the simplest layout with the same texts: a single register needs no ``sizes``."""
        return self if len(self.sizes) != 1 or sum(self.sizes) != self.width else Layout((), self.width)


@functools.lru_cache(maxsize=64)
def _table(layout: Layout) -> tuple[str, ...]:
    return tuple(layout.text(outcome) for outcome in range(1 << (layout.width or 0)))


class Packed(NamedTuple):
    """Distinct outcomes and the count of each; both arrays have shape ``(n,)``.

    ``counts`` is int64 for integers and float64 for fractions. For other or mixed numbers, it is an
    array of Python's numbers.
    """

    layout: Layout
    outcomes: Integers
    counts: Numbers

    @property
    def shots(self) -> int:
        """The sum of the counts; it may be a fraction if counts are."""
        total = self.counts.sum()
        return total.item() if isinstance(total, np.generic) else total  # type: ignore[no-any-return]

    def to_dict(self) -> dict[str, int]:
        """Return the counts by bit string; outcomes with the same text are summed."""
        texts, counts = self.layout.texts(self.outcomes.tolist()), self.counts.tolist()
        found = dict(zip(texts, counts, strict=True))
        if len(found) < len(texts):
            found = {}
            add_texts(found, texts, counts)
        return found

    def fits(self) -> bool:
        """Return whether no outcome has more bits than the layout."""
        return fit(self.outcomes, self.layout.width)

    def marginal(self, bits: Sequence[int]) -> Packed:
        """Return the counts over some of the bits.

        Args:
            bits: ascending indices of bits; bit 0 is the rightmost. Bits beyond the width are 0.
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


def fit(outcomes: Integers, width: int | None) -> bool:
    """Return whether no integer is negative or has more than ``width`` bits (None for no limit)."""
    if not outcomes.size:
        return True
    if outcomes.dtype == object and int(outcomes.min()) < 0:
        return False
    return width is None or int(outcomes.max()).bit_length() <= width


def _summed(layout: Layout, outcomes: Integers, counts: Numbers) -> Packed:
    """Return packed counts in which equal outcomes are merged and outcomes ascend."""
    distinct, where = np.unique(outcomes, return_inverse=True)
    if counts.dtype == np.int64 and not _fit_together(counts):
        counts = counts.astype(object)
    total = np.zeros(len(distinct), dtype=counts.dtype)
    np.add.at(total, where.reshape(-1), counts)
    return Packed(layout, distinct, numbers(total.tolist()) if total.dtype == object else total)


def _fit_together(counts: Numbers) -> bool:
    """Return whether every sum of these integers fits in 64 bits."""
    if not counts.size:
        return True
    largest = max(-int(counts.min()), int(counts.max()))
    return largest * counts.size < 1 << 63


def together(parts: Sequence[Packed]) -> Packed:
    """Return the sum of packed counts of one layout; outcomes ascend."""
    outcomes = np.concatenate([part.outcomes for part in parts])
    return _summed(parts[0].layout, outcomes, join_numbers([part.counts for part in parts]))


def join_numbers(parts: Sequence[Numbers]) -> Numbers:
    """Concatenate counts; if their types differ, as objects, so that integers remain integers."""
    if len({part.dtype for part in parts}) > 1:
        parts = [part.astype(object) for part in parts]
    return np.concatenate(parts)


def numbers(values: Collection[Any]) -> Numbers:
    """Return counts as an array that keeps them exactly: int64, float64, or objects."""
    kinds = set(map(type, values))
    try:
        if kinds <= _INTEGERS:
            return np.fromiter(values, dtype=np.int64, count=len(values))
        if kinds == _FRACTIONS:
            return np.fromiter(values, dtype=np.float64, count=len(values))
    except OverflowError:
        pass
    array = np.empty(len(values), dtype=object)
    # NumPy's scalars become Python's numbers, which neither overflow nor change their type in sums.
    array[:] = [value.item() if isinstance(value, np.generic) else value for value in values]
    found = set(map(type, array))
    return array if found == kinds or not found <= _INTEGERS | _FRACTIONS else numbers(array.tolist())


_INTEGERS = frozenset({int, bool})
_FRACTIONS = frozenset({float})


def integers(values: Sequence[int], width: int | None) -> Integers:
    """Return outcomes as an array of ``uint64`` if they fit, else of Python integers.

    Raises:
        OverflowError: the width is at most 64 bits, and an outcome does not fit in ``uint64``.
    """
    if width is not None and width <= 64:
        return np.array(values, dtype=np.uint64)
    try:
        return np.array(values, dtype=np.uint64)
    except OverflowError:
        return np.array(values, dtype=object)


@functools.cache
def _hex_table() -> Mapping[str, int]:
    """Return a dict from hexadecimal texts to outcomes of few bits; a lookup is faster than ``int``."""
    return {hex(outcome): outcome for outcome in range(1 << _TABLE_BITS)}


def pack_hex(counts: Mapping[str, Any], layout: Layout) -> Packed:
    """Pack counts whose keys are hexadecimal texts (``"0x1f"``), as ``Backend.run`` returns them.

    Raises:
        ValueError: a key is not a hexadecimal number.
        OverflowError: the layout has at most 64 bits, and an outcome does not fit in ``uint64``.
    """
    try:
        values = list(map(_hex_table().__getitem__, counts))
    except KeyError:  # more bits, or another spelling
        values = [int(key, 16) for key in counts]
    outcomes = integers(values, layout.width)
    return Packed(layout, outcomes, numbers(counts.values()))


def pack_shots(shots: Integers, layout: Layout) -> Packed:
    """Return the packed counts of an array that has the outcome of each shot."""
    width = layout.width
    if shots.dtype != object and width is not None and width <= DENSE_BITS:
        dense = np.bincount(as_indices(shots), minlength=1 << width)
        outcomes = np.flatnonzero(dense)
        return Packed(layout, outcomes.astype(np.uint64), dense[outcomes])
    outcomes, counts = np.unique(shots, return_counts=True)
    return Packed(layout, outcomes, counts)


def as_indices(outcomes: Integers) -> npt.NDArray[Any]:
    """Return outcomes of few bits in a type that ``np.bincount`` accepts: not ``uint64``."""
    return outcomes.view(np.int64) if outcomes.dtype == np.uint64 else outcomes


def bits_to_integers(rows: npt.NDArray[np.uint8]) -> Integers:
    """Convert packed big-endian shots of shape ``(shots, bytes)`` to integers of shape ``(shots,)``.

    For up to 8 bytes, the result has the smallest unsigned type that holds them; for more, it has Python
    integers.
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
    data = np.ascontiguousarray(rows).tobytes()
    values = [int.from_bytes(data[at : at + width], "big") for at in range(0, shots * width, width)]
    return np.array(values, dtype=object)


def add_texts(into: dict[str, int], texts: Sequence[str], counts: Sequence[int]) -> None:
    """Add counts by text to a dict, in place."""
    for text, count in zip(texts, counts, strict=True):
        into[text] = into.get(text, 0) + count
