"""The bars of a histogram of packed counts, and their distance from expected probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import Integers, Packed
from qjm_widgets.core.frequencies import top


class Likeness(NamedTuple):
    """The comparison of expected probabilities with measured counts.

    Attributes:
        values: the expected probability of each bar.
        rest: the sum of the expected probabilities of all other outcomes.
        fidelity: the Hellinger fidelity over all outcomes, from 0 to 1.
        distance: the total variation distance over all outcomes, from 0 to 1.
    """

    values: list[float]
    rest: float
    fidelity: float
    distance: float


class Histogram(NamedTuple):
    """The bars of a histogram, in the order of their bit strings.

    Attributes:
        keys: the bit string of each bar.
        counts: the count of each bar.
        shots: the sum of all counts.
        other_outcomes: number of outcomes without a bar.
        other_shots: sum of the counts of these outcomes.
        likeness: the comparison with expected probabilities, or None.
    """

    keys: list[str]
    counts: list[int]
    shots: int
    other_outcomes: int
    other_shots: int
    likeness: Likeness | None


#: The histogram that has no bars.
NO_BARS = Histogram([], [], 0, 0, 0, None)


def histogram(
    parts: Sequence[Packed], texts: Mapping[str, int], most: int, expected: Packed | None = None
) -> Histogram:
    """Return the histogram of the ``most`` most frequent outcomes.

    If equally frequent outcomes compete, the lowest are taken.

    Args:
        parts: the packed counts of each layout, with ascending outcomes.
        texts: counts whose keys are not bits.
        most: the most bars.
        expected: expected probabilities, or None. With them, ``parts`` has a single layout, and the bars
            are the outcomes with the highest measured or expected probabilities.
    """
    if expected is not None:
        return _beside(parts[0], expected, most)
    short = dict(texts)
    for part in parts:
        short.update(_shortlist(part, most).to_dict())
    chosen = top(short, most)
    shots = sum(part.shots for part in parts) + sum(texts.values())
    outcomes = sum(len(part.outcomes) for part in parts) + len(texts)
    others = outcomes - len(chosen.keys)
    return Histogram(chosen.keys, chosen.counts, shots, others, shots - sum(chosen.counts), None)


def _shortlist(part: Packed, most: int) -> Packed:
    """Return the most frequent outcomes of one layout; the time is linear in the number of outcomes."""
    left_out = len(part.outcomes) - most
    if left_out <= 0:
        return part
    edge = np.partition(part.counts, left_out)[left_out]
    above = np.flatnonzero(part.counts > edge)
    level = np.flatnonzero(part.counts == edge)[: most - len(above)]
    at = np.concatenate([above, level])
    return Packed(part.layout, part.outcomes[at], part.counts[at])


def _beside(measured: Packed, expected: Packed, most: int) -> Histogram:
    outcomes = np.union1d(measured.outcomes, expected.outcomes)
    counts = _at(outcomes, measured, measured.counts.dtype)
    probabilities = _at(outcomes, expected, np.float64)
    shots = measured.shots
    shares = counts.astype(np.float64) / max(1, shots)
    height = np.maximum(shares, probabilities)
    at = np.sort(np.argsort(-height, kind="stable")[:most])
    values = probabilities[at].tolist()
    shown = counts[at].tolist()
    seen = int(np.count_nonzero(counts))
    likeness = Likeness(
        values,
        max(0.0, 1.0 - sum(values)),
        _fidelity(measured, expected),
        float(np.abs(shares - probabilities).sum() / 2),
    )
    keys = measured.layout.texts(outcomes[at].tolist())
    others = seen - sum(count != 0 for count in shown)
    return Histogram(keys, shown, shots, others, shots - sum(shown), likeness)


def _at(outcomes: Integers, part: Packed, kind: npt.DTypeLike) -> npt.NDArray[Any]:
    values: npt.NDArray[Any] = np.zeros(len(outcomes), dtype=kind)
    values[np.searchsorted(outcomes, part.outcomes)] = part.counts
    return values


def _fidelity(measured: Packed, expected: Packed) -> float:
    """Return the Hellinger fidelity of the positive counts; 0 if there are none.

    Mitigated counts may be negative.
    """
    from qiskit.quantum_info import hellinger_fidelity

    plain = [_plain(part) for part in (measured, expected)]
    if not all(plain):
        return 0.0
    fidelity: float = hellinger_fidelity(*plain)
    return fidelity


def _plain(part: Packed) -> dict[int, float]:
    pairs = zip(part.outcomes.tolist(), part.counts.tolist(), strict=True)
    return {outcome: count for outcome, count in pairs if count > 0}
