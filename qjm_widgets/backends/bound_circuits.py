"""Circuits with parameter values for backends whose ``run`` takes circuits only.

Each point becomes a circuit of its own, or an entry of ``parameter_binds`` if the backend has that.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from qjm_widgets._compat import operation_names
from qjm_widgets.core.circuit_input import CircuitInput

PARAMETER_BINDS = "parameter_binds"
#: Instructions with bodies, whose parameters ``parameter_binds`` does not reach.
_BODIES = frozenset({"if_else", "for_loop", "while_loop", "switch_case", "box"})

#: Notes of a plan on parameter values.
SENT = "parameter values go to the backend as parameter_binds"
BOUND = "parameter values are bound here, one circuit a point"


class Bound(NamedTuple):
    """The circuits that a backend runs in place of circuits with values.

    Attributes:
        circuits: to be run.
        binds: ``parameter_binds`` for them; None if there are none.
        names: of the circuits of the result: one a point.
        shapes: of the points of each given circuit; None for one without values.
    """

    circuits: list[Any]
    binds: list[dict[Any, list[float]]] | None
    names: list[str]
    shapes: list[tuple[int, ...] | None]


def takes_binds(backend: Any) -> bool:
    """Return whether ``run`` names ``parameter_binds``, as Aer's does."""
    try:
        return PARAMETER_BINDS in inspect.signature(backend.run).parameters
    except (TypeError, ValueError):
        return False


def has_values(inputs: Sequence[CircuitInput]) -> bool:
    """Return whether some circuits have parameter values."""
    return any(circuit_input.values is not None for circuit_input in inputs)


def bind(inputs: Sequence[CircuitInput], *, binds: bool) -> Bound:
    """Bind circuits with values, or make their ``parameter_binds``.

    Args:
        inputs: the circuits of a job; they are not changed.
        binds: whether the backend takes ``parameter_binds``.

    Returns:
        The circuits in the same order, the points of each in flattened (C) order.
    """
    circuits: list[Any] = []
    tables: list[dict[Any, list[float]]] = []
    names: list[str] = []
    for circuit_input in inputs:
        circuit = circuit_input.circuit
        points = 1 if circuit_input.values is None else int(circuit_input.values.size)
        names += [circuit.name] * points
        if circuit_input.values is None:
            circuits.append(circuit)
            tables.append({})
        elif (
            binds
            and circuit_input.circuit.parameters
            and not _BODIES & set(operation_names(circuit_input.circuit))
        ):
            circuits.append(circuit)
            tables.append(_table(circuit_input))
        else:
            bound = [bound_at(circuit_input, point) for point in range(points)]
            circuits += bound
            tables += [{} for _ in bound]
    shapes = [
        None if circuit_input.values is None else circuit_input.values.shape for circuit_input in inputs
    ]
    return Bound(circuits, tables if any(tables) else None, names, shapes)


def bound_at(circuit_input: CircuitInput, point: int) -> Any:
    """Return the circuit with the values of one point (in flattened order), under its own name."""
    values = {
        name: float(array.reshape(-1, array.shape[-1])[point, place])
        for names, array in circuit_input.values.data.items()
        for place, name in enumerate(names)
    }
    known = {parameter: values[parameter.name] for parameter in circuit_input.circuit.parameters}
    bound = circuit_input.circuit.assign_parameters(known)
    bound.name = circuit_input.circuit.name
    return bound


def _table(circuit_input: CircuitInput) -> dict[Any, list[float]]:
    columns = {
        name: np.reshape(array[..., place], -1).tolist()
        for names, array in circuit_input.values.data.items()
        for place, name in enumerate(names)
    }
    return {parameter: columns[parameter.name] for parameter in circuit_input.circuit.parameters}
