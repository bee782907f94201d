"""The input of a run: a circuit, or a PUB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qjm_widgets.core.splitting import Item


@dataclass(frozen=True, slots=True)
class CircuitInput:
    """A circuit, or a PUB.

    Attributes:
        circuit: the circuit.
        values: the parameter values of a PUB, a ``BindingsArray``; None without parameter values.
        shots: number of shots; None if the backend decides.
    """

    circuit: Any
    values: Any = None
    shots: int | None = None


def item_of(circuit: CircuitInput) -> Item:
    """Return the properties of an input that splitting and seeds need."""
    return Item(circuit.shots, 1 if circuit.values is None else int(circuit.values.size))
