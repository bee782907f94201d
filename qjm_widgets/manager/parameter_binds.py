"""Assign the parameter values that run options have for each circuit, before circuits are cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.errors import CircuitError, InputError, explain

#: Aer's option (a dict of values for each circuit) and MQT's (for each circuit a dict or a list).
BINDING = ("parameter_binds", "parameter_values")


def bind_parameters(inputs: list[CircuitInput], options: Mapping[str, Any]) -> list[CircuitInput]:
    """Assign the values that the run options have for each circuit.

    The counts are as if the backend assigned the values: Aer, too, seeds each circuit by its index.

    Args:
        inputs: the circuits; they are not changed.
        options: run options.

    Returns:
        The circuits; those with values are copies.

    Raises:
        InputError: the option is not a list with one entry for each circuit.
        CircuitError: a circuit has no value or several values for a parameter, or values that are not
            numbers.
    """
    for name in BINDING:
        binds = options.get(name)
        if binds is None:
            continue
        if isinstance(binds, (Mapping, str)) or not isinstance(binds, (Sequence, np.ndarray)):
            raise InputError(
                f"{name} must be a list with one dict for each circuit, {{parameter: [value]}}, "
                f"not a {type(binds).__name__}"
            )
        if len(binds) != len(inputs):
            raise InputError(
                f"{name} must have one entry for each circuit: there are {len(inputs)} circuits and "
                f"{len(binds)} entries"
            )
        inputs = [
            circuit_input
            if values is None
            else replace(circuit_input, circuit=_bound(index, circuit_input.circuit, values, name))
            for index, (circuit_input, values) in enumerate(zip(inputs, binds, strict=True))
        ]
    return inputs


def _bound(index: int, circuit: Any, values: Any, option: str) -> Any:
    which = f"circuit {index} ({circuit.name}): its values in {option}"
    try:
        given = (
            values if isinstance(values, Mapping) else dict(zip(circuit.parameters, values, strict=True))
        )
        numbers = {parameter: _numbers(parameter, value) for parameter, value in given.items()}
    except (TypeError, ValueError) as error:
        raise CircuitError(f"{which} are not numbers, or not one for each parameter: {error}") from error
    if not numbers:
        return circuit
    points = sorted({len(values) for values in numbers.values()})
    if len(points) > 1 or points == [0]:
        raise CircuitError(f"{which} are {' and '.join(map(str, points))}: each parameter needs one")
    if points != [1]:
        raise CircuitError(
            f"{which} are {points[0]} for each parameter, but a circuit of a job set runs once: give a "
            "circuit for each, [circuit.assign_parameters({parameter: value}) for value in values], or "
            "give a sampler the PUB (circuit, values)"
        )
    bound = {parameter: values[0] for parameter, values in numbers.items()}
    try:
        assigned = circuit.assign_parameters(bound, strict=False)
    except Exception as error:  # Qiskit raises many kinds of errors here
        raise CircuitError(f"{which} do not fit: {explain(error)}") from error
    assigned.name = circuit.name
    return assigned


def _numbers(parameter: Any, value: Any) -> Any:
    """Return the values of a parameter, one for each point. For a vector, each value is a list."""
    array = np.asarray(value, dtype=float)
    point = 1 if type(parameter).__name__ == "ParameterVector" else 0
    if array.ndim == point:
        return array[np.newaxis].tolist()
    if array.ndim == point + 1:
        return array.tolist()
    raise ValueError(f"they have {array.ndim} axes")
