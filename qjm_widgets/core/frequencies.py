"""The most frequent outcomes of counts, and the confidence interval of a probability."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

#: The quantile of a 95 % interval.
_Z = 1.959963984540054


class Top(NamedTuple):
    """The most frequent outcomes, sorted as text, and the number and summed counts of the others."""

    keys: list[str]
    counts: list[int]
    other_outcomes: int
    other_shots: int


def top(counts: Mapping[str, int], most: int) -> Top:
    """Return the ``most`` most frequent outcomes.

    If equally frequent outcomes compete, those that are first as sorted text are taken.
    """
    if len(counts) <= most:
        chosen = sorted(counts)
    else:
        chosen = sorted(sorted(counts, key=lambda key: (-counts[key], key))[:most])
    shown = [counts[key] for key in chosen]
    total = sum(counts.values())
    return Top(chosen, shown, len(counts) - len(chosen), total - sum(shown))


def wilson(count: int, shots: int, z: float = _Z) -> tuple[float, float]:
    """Return the Wilson score interval of a probability, for a confidence of 95 % by default.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22, 209 (1927).
    """
    if shots <= 0:
        return 0.0, 1.0
    p = min(1.0, max(0.0, count / shots))  # mitigated counts may be negative or above the shots
    scale = 1 + z * z / shots
    centre = (p + z * z / (2 * shots)) / scale
    half = z * math.sqrt(p * (1 - p) / shots + z * z / (4 * shots * shots)) / scale
    return max(0.0, centre - half), min(1.0, centre + half)


def wilson_intervals(
    counts: npt.NDArray[np.float64], shots: npt.NDArray[np.float64]
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
    """Return the 95 % Wilson score intervals of many probabilities, as ``wilson`` does for one.

    Args:
        counts, shots: of the same shape; the interval of 0 shots is from 0 to 1.
    """
    known = np.maximum(shots, 1)
    p = np.clip(counts / known, 0, 1)
    scale = 1 + _Z**2 / known
    centre = (p + _Z**2 / (2 * known)) / scale
    half = _Z * np.sqrt(p * (1 - p) / known + _Z**2 / (4 * known**2)) / scale
    # At both ends, the exact limits are 0 and 1, which rounding may miss.
    low = np.where(p > 0, centre - half, 0.0)
    high = np.where(p < 1, centre + half, 1.0)
    there = shots > 0
    return np.where(there, low, 0.0), np.where(there, high, 1.0)
