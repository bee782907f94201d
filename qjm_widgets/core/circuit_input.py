"""The input of a run: a circuit, or a PUB."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from qjm_widgets.core.splitting import Item


@dataclass(frozen=True, slots=True)
class CircuitInput:
    """A circuit, or a PUB.

    Attributes:
        circuit: the circuit.
        values: the parameter values of a PUB, a ``BindingsArray``; None without parameter values.
        shots: shots at each point; None for an estimator's PUB, and if the backend decides.
        observables: the ``ObservablesArray`` of an estimator's PUB, or None.
        precision: target of the standard error of each expectation value of an estimator's PUB; None if
            the estimator decides.
    """

    circuit: Any
    values: Any = None
    shots: int | None = None
    observables: Any = None
    precision: float | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the points: values and observables broadcast; ``()`` for one point."""
        if self.values is None and self.observables is None:
            return ()
        shapes = [array.shape for array in (self.values, self.observables) if array is not None]
        return np.broadcast_shapes(*shapes)


def item_of(circuit: CircuitInput) -> Item:
    """Return the properties of an input that splitting and seeds need."""
    return Item(circuit.shots, math.prod(circuit.shape), precision=circuit.precision)
