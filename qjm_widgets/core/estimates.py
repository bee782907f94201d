"""Expectation values as text, for where no figure is."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

#: Digits of a value whose error is 0 or not known.
_DIGITS = 6
#: Digits of an error; its value has as many decimals.
_ERROR_DIGITS = 2


def estimate_text(value: float, error: float | None) -> str:
    """Return one expectation value with its standard error: "0.53 ± 0.05"."""
    if error is None or not 0 < error < math.inf or not math.isfinite(value):
        return f"{value:.{_DIGITS}g}"
    decimals = max(0, _ERROR_DIGITS - 1 - math.floor(math.log10(error)))
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"


def estimates_text(evs: Any, stds: Any, most: int) -> str:
    """Return the first of some expectation values with their standard errors.

    Args:
        evs: one value a point, of any shape.
        stds: their errors, of the same shape; None if they are not known.
        most: at most so many are written, in flattened (C) order.
    """
    values = np.ravel(np.asarray(evs, dtype=float))
    errors = [None] * len(values) if stds is None else np.ravel(np.asarray(stds, dtype=float)).tolist()
    shown = [estimate_text(v, e) for v, e in zip(values[:most].tolist(), errors, strict=False)]
    more = f", … ({len(values):,} in all)" if len(values) > most else ""
    return ", ".join(shown) + more
