"""Distributions that a user expects, checked before they are compared with counts."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core.counts import Layout, Packed, integers
from qjm_widgets.core.formatting import first_line
from qjm_widgets.errors import InputError

#: How far the sum of probabilities may be from 1, because they may be rounded.
_TOLERANCE = 1e-3
_HOW = (
    "expected is a mapping of bit strings to probabilities, an array of 2**n probabilities, "
    "or a mapping of circuits to these"
)


class Expected:
    """The expected distribution of each circuit, packed as counts are, with probabilities as values.

    Args:
        value: one distribution for all circuits, or one for each circuit. A distribution is a mapping of
            bit strings to probabilities (or to counts, which are whole numbers), an array of ``2**n``
            probabilities in the order of the bit strings read as integers, or an object with
            ``probabilities()``, such as a ``Statevector``. For one distribution for each circuit, give a
            mapping of indices or names to distributions, a list of distributions, or an array of shape
            ``(circuits, 2**n)``.
        circuits: how many circuits the set has.
        index_of: returns the index of a circuit that is given by its index or name.

    Raises:
        InputError: the value has another form, or its probabilities are not a distribution.
    """

    def __init__(self, value: Any, circuits: int, index_of: Callable[[Any], int]) -> None:
        self._common: Packed | None = None
        self._each: dict[int, Packed] = {}
        if isinstance(value, Mapping) and any(_is_distribution(part) for part in value.values()):
            for circuit, part in value.items():
                self._each[index_of(circuit)] = _distribution(part, f"circuit {circuit!r}")
        elif _is_distribution(value) and np.ndim(_plain(value)) < 2:
            self._common = _distribution(value, "the circuits")
        elif isinstance(value, (Sequence, np.ndarray)) and not isinstance(value, str) and len(value):
            if len(value) != circuits:
                raise InputError(
                    f"expected has {len(value):,} distributions and the set has {circuits:,} circuits: "
                    "give one for each, or a mapping of circuits to distributions"
                )
            for circuit, part in enumerate(value):
                self._each[circuit] = _distribution(part, f"circuit {circuit}")
        else:
            raise InputError(f"{_HOW}, not {first_line(repr(value), 80)}")

    @property
    def common(self) -> bool:
        """Whether one distribution is expected for all circuits."""
        return self._common is not None

    def of(self, circuit: int) -> Packed | None:
        """Return the distribution of one circuit; None if the user gave none for it."""
        return self._common if self._common is not None else self._each.get(circuit)


def _plain(value: Any) -> Any:
    """Return the probabilities of a state; any other value unchanged."""
    return value.probabilities() if hasattr(value, "probabilities") else value


def _is_distribution(value: Any) -> bool:
    if isinstance(value, (Mapping, np.ndarray)) or hasattr(value, "probabilities"):
        return True
    return (
        isinstance(value, (list, tuple))
        and len(value) > 0
        and all(isinstance(item, (int, float, np.number)) for item in value)
    )


def _distribution(value: Any, subject: str) -> Packed:
    value = _plain(value)
    if isinstance(value, Mapping):
        return _from_mapping(value, subject)
    if not _is_distribution(value):
        raise InputError(f"{_HOW}; for {subject} it is {first_line(repr(value), 80)}")
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InputError(f"expected: the probabilities for {subject} are not numbers: {error}") from None
    width = array.size.bit_length() - 1
    if array.ndim != 1 or array.size != 1 << width or width == 0:
        raise InputError(
            f"expected: an array for {subject} has 2, 4, 8, … probabilities, one for each bit string, "
            f"not the shape {array.shape}"
        )
    some = np.flatnonzero(array)
    outcomes = some.astype(np.uint64)
    return Packed(Layout((), width), outcomes, _normal(array[some], subject, whole=False))


def _from_mapping(value: Mapping[Any, Any], subject: str) -> Packed:
    if not value:
        raise InputError(f"expected: the mapping for {subject} is empty")
    bits = []
    for key in value:
        plain = key.replace(" ", "") if isinstance(key, str) else ""
        if not plain or set(plain) - {"0", "1"}:
            raise InputError(f"expected: {key!r} is not a bit string such as '011' (for {subject})")
        bits.append(plain)
    widths = sorted({len(key) for key in bits})
    if len(widths) > 1:
        raise InputError(
            f"expected: bit strings of {widths[0]} and of {widths[-1]} bits are mixed (for {subject})"
        )
    if len(set(bits)) < len(bits):
        raise InputError(f"expected: a bit string is given twice (for {subject})")
    numbers = list(value.values())
    if not all(isinstance(number, (int, float, np.number)) for number in numbers):
        raise InputError(f"expected: the probabilities for {subject} are not all numbers")
    whole = all(isinstance(number, (int, np.integer)) for number in numbers)
    outcomes = integers([int(key, 2) for key in bits], widths[0])
    weights = _normal(np.array(numbers, dtype=np.float64), subject, whole=whole)
    at = np.argsort(outcomes, kind="stable")
    at = at[weights[at] > 0]
    return Packed(Layout((), widths[0]), outcomes[at], weights[at])


def _normal(weights: Any, subject: str, *, whole: bool) -> Any:
    """Return the weights as probabilities that sum to 1.

    Integers (``whole``) may be counts, with any positive sum; other weights must already sum to about 1.
    """
    total = float(weights.sum())
    if not math.isfinite(total) or (weights < 0).any():
        raise InputError(f"expected: a probability for {subject} is negative or not finite")
    if total <= 0 or not (whole or abs(total - 1) <= _TOLERANCE):
        raise InputError(f"expected: the probabilities for {subject} sum to {total:.6g}, not to 1")
    return weights / total
