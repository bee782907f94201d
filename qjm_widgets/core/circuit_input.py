"""The input of a run: a circuit, a PUB, or an item of a quantum program."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np

from qjm_widgets.core.program_item import ProgramItem
from qjm_widgets.core.splitting import Item


@dataclass(frozen=True, slots=True)
class CircuitInput:
    """A circuit, a PUB, or an item of a quantum program.

    Attributes:
        circuit: the circuit.
        values: the parameter values of a PUB, or the circuit arguments of an item, a ``BindingsArray``;
            None without parameter values.
        shots: shots at each point; None for an estimator's PUB, and if the backend decides.
        observables: the ``ObservablesArray`` of an estimator's PUB, or None.
        precision: target of the standard error of each expectation value of an estimator's PUB; None if
            the estimator decides.
        item: the other parts of an item of a quantum program; None for a circuit or a PUB.
    """

    circuit: Any
    values: Any = None
    shots: int | None = None
    observables: Any = None
    precision: float | None = None
    item: ProgramItem | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the points: values and observables broadcast; ``()`` for one point.

        It is ``()`` for an item of a program that must be in one job.
        """
        if (self.item is not None and self.item.whole) or (
            self.values is None and self.observables is None
        ):
            return ()
        shapes = [array.shape for array in (self.values, self.observables) if array is not None]
        return np.broadcast_shapes(*shapes)

    @property
    def repeats(self) -> int:
        """How often each point is run with all its shots.

        It is above 1 for an item of a program that must be in one job: the size of the item.
        """
        if self.item is None or not self.item.whole:
            return 1
        if self.item.samplex is not None:
            return int(self.item.item.size())
        return 1 if self.values is None else math.prod(self.values.shape)


def item_of(circuit: CircuitInput) -> Item:
    """Return the properties of an input that splitting and seeds need."""
    return Item(circuit.shots, math.prod(circuit.shape), precision=circuit.precision)
