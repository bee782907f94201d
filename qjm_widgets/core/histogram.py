"""The bars of a histogram from packed counts, and their distance from expected probabilities."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import Integers, Packed
from qjm_widgets.core.frequencies import top


class Likeness(NamedTuple):
    """Expected probabilities beside measured counts.

    Attributes:
        values: the expected probability of each bar.
        rest: the expected probability of all other outcomes together.
        fidelity: the Hellinger fidelity, over all outcomes, from 0 to 1.
        distance: the total variation distance, over all outcomes, from 0 to 1.
    """

    values: list[float]
    rest: float
    fidelity: float
    distance: float


class Histogram(NamedTuple):
    """Bars in the order of their bit strings, with the number and the sum of the other outcomes."""

    keys: list[str]
    counts: list[int]
    shots: int
    other_outcomes: int
    other_shots: int
    likeness: Likeness | None


#: The histogram without outcomes.
NO_BARS = Histogram([], [], 0, 0, 0, None)


def histogram(
    parts: Sequence[Packed], texts: Mapping[str, int], most: int, expected: Packed | None = None
) -> Histogram:
    """Return the ``most`` most frequent outcomes; of equally frequent ones, the lowest.

    Args:
        parts: counts, one for each layout, outcomes ascending.
        texts: counts whose keys are not bits.
        most: number of bars.
        expected: probabilities of the single layout in ``parts``; then the bars are the outcomes with
            the highest measured or expected probabilities.
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
    """Return the most frequent outcomes of one layout, in linear time."""
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
    """Return the Hellinger fidelity, without negative (mitigated) counts; 0 without counts."""
    from qiskit.quantum_info import hellinger_fidelity

    plain = [_plain(part) for part in (measured, expected)]
    if not all(plain):
        return 0.0
    fidelity: float = hellinger_fidelity(*plain)
    return fidelity


def _plain(part: Packed) -> dict[int, float]:
    pairs = zip(part.outcomes.tolist(), part.counts.tolist(), strict=True)
    return {outcome: count for outcome, count in pairs if count > 0}
