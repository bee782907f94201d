"""Check the observables and the precision of estimators' PUBs in a bundle."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from qjm_widgets.bundle.strict_json import RefusalError

#: Axes of an array of observables, as of any of NumPy's.
_MOST_AXES = 32


def check_estimator_notes(notes: Mapping[str, Any], number: int, where: str) -> None:
    """Check what the notes of a block have of estimators' PUBs.

    Args:
        notes: the notes.
        number: circuits of the block.
        where: name of the block, for errors.

    Raises:
        RefusalError: there is not one of each for a circuit, or one is damaged.
    """
    for name, fits in (("observables", _are_observables), ("precision", _is_precision)):
        values = notes[name]
        if not isinstance(values, list) or len(values) != number or not all(map(fits, values)):
            raise RefusalError(f"{where}.json does not have {number} {name}")


def _is_precision(value: Any) -> bool:
    return value is None or (_is_number(value) and value >= 0)


def _are_observables(tree: Any) -> bool:
    """Return whether a tree is a written ObservablesArray."""
    if tree is None:
        return True
    if not isinstance(tree, dict) or set(tree) != {"shape", "terms", "which"}:
        return False
    shape, terms, which = tree["shape"], tree["terms"], tree["which"]
    if not all(isinstance(part, list) for part in (shape, terms, which)):
        return False
    if len(shape) > _MOST_AXES or not all(type(side) is int and side >= 0 for side in shape):
        return False
    return (
        len(which) == math.prod(shape)
        and all(type(place) is int and 0 <= place < len(terms) for place in which)
        and all(isinstance(each, dict) and all(map(_is_number, each.values())) for each in terms)
    )


def _is_number(value: Any) -> bool:
    return type(value) in (int, float) and math.isfinite(value)
