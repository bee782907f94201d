"""Select one point, and one or all registers, of the outcome of a PUB."""

from __future__ import annotations

from typing import Any

import numpy as np

from qjm_widgets.core.counts import Packed
from qjm_widgets.core.outcomes import PubOutcome
from qjm_widgets.errors import InputError, NotAvailableError


def select(index: int, outcome: PubOutcome, loc: Any, register: str | None) -> PubOutcome:
    """Return the outcome of one point.

    Args:
        index: the circuit's index, for messages.
        outcome: the outcome of all points.
        loc: the index of the point; None if the PUB has a single point.
        register: the name of a register; None for all registers.

    Raises:
        InputError: the point or register does not exist.
    """
    registers = dict(outcome.registers)
    if register is not None:
        if register not in registers:
            raise InputError(
                f"circuit {index} ({outcome.name}) has no register {register!r}: "
                f"it has {', '.join(map(repr, registers)) or 'none'}"
            )
        registers = {register: registers[register]}
    shape = outcome.shape
    if shape == ():
        if loc not in (None, ()):
            raise InputError(f"circuit {index} ({outcome.name}) has one point only: leave loc out")
    else:
        where = tuple(loc) if isinstance(loc, (tuple, list)) else (loc,)
        if len(where) != len(shape) or not all(isinstance(at, (int, np.integer)) for at in where):
            raise InputError(f"circuit {index} ({outcome.name}) has points of shape {shape}: give loc=")
        try:
            registers = {name: (array[where], bits) for name, (array, bits) in registers.items()}
        except IndexError:
            raise InputError(f"loc={loc} is outside the shape {shape} of circuit {index}") from None
    return PubOutcome(outcome.name, (), registers)


def counted(index: int, outcome: PubOutcome) -> Packed:
    """Return the counts of a PUB.

    Args:
        index: the circuit's index, for messages.
        outcome: the outcome of the PUB.

    Raises:
        NotAvailableError: the PUB has no registers, as an estimator's PUB.
    """
    packed = outcome.packed()
    if packed is None:
        instead = ": it has expectation values, results.evs" if outcome.estimates else ""
        raise NotAvailableError(f"circuit {index} ({outcome.name}) has no counts{instead}")
    return packed
