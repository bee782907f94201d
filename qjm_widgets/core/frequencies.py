"""The most frequent outcomes of counts, and the confidence interval of a probability."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import NamedTuple


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


def wilson(count: int, shots: int, z: float = 1.959963984540054) -> tuple[float, float]:
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
