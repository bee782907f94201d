"""Aer's ``parameter_binds``, one dict of values a circuit: assigned before circuits are cut."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core.errors import CircuitError, InputError, explain
from qjm_widgets.core.option_names import PARAMETER_BINDS
from qjm_widgets.core.ports import Work


def bind_parameters(works: Sequence[Work], options: Mapping[str, Any]) -> dict[str, Any]:
    """Give circuits of our own the values that ``parameter_binds`` holds for them, in place.

    The counts are those of Aer: it, too, runs a bound circuit with the seed of its place.

    Args:
        works: the circuits, copied from the user's.
        options: run options.

    Returns:
        The options without ``parameter_binds``.

    Raises:
        InputError: it is no list with one dict for each circuit.
        CircuitError: a circuit has several values, or none, or some that are no numbers.
    """
    binds = options.get(PARAMETER_BINDS)
    rest = {name: value for name, value in options.items() if name != PARAMETER_BINDS}
    if binds is None:
        return rest
    if isinstance(binds, (Mapping, str)) or not isinstance(binds, Sequence):
        raise InputError(
            f"{PARAMETER_BINDS} is a list with one dict for each circuit, {{parameter: [value]}}, "
            f"not a {type(binds).__name__}"
        )
    if len(binds) != len(works):
        raise InputError(
            f"{PARAMETER_BINDS} holds one dict for each circuit: there are {len(works)} circuits and "
            f"{len(binds)} dicts"
        )
    for index, (work, values) in enumerate(zip(works, binds, strict=True)):
        if values:
            _bind(index, work.circuit, values)
    return rest


def _bind(index: int, circuit: Any, values: Any) -> None:
    who = f"circuit {index} ({circuit.name})"
    if not isinstance(values, Mapping):
        raise InputError(f"{PARAMETER_BINDS} has no dict for {who} but a {type(values).__name__}")
    try:
        numbers = {parameter: _numbers(parameter, value) for parameter, value in values.items()}
    except (TypeError, ValueError) as error:
        raise CircuitError(f"{who}: its values in {PARAMETER_BINDS} are no numbers: {error}") from error
    points = {len(each) for each in numbers.values()}
    if len(points) > 1 or 0 in points:
        raise CircuitError(
            f"{who} has {' and '.join(map(str, sorted(points)))} values in {PARAMETER_BINDS}: "
            "each parameter needs one"
        )
    if points != {1}:
        raise CircuitError(
            f"{who} has {points.pop()} values for each parameter in {PARAMETER_BINDS}, and a circuit of "
            "a job set runs once: give a circuit for each, "
            "[circuit.assign_parameters({parameter: value}) for value in values], or give a sampler the "
            "PUB (circuit, values)"
        )
    try:
        circuit.assign_parameters(
            {parameter: each[0] for parameter, each in numbers.items()}, inplace=True, strict=False
        )
    except Exception as error:  # Qiskit raises of many kinds here
        raise CircuitError(
            f"{who}: its values in {PARAMETER_BINDS} do not fit: {explain(error)}"
        ) from error


def _numbers(parameter: Any, value: Any) -> Any:
    """The values of a parameter, one a point; those of a vector may be one point by themselves."""
    array = np.asarray(value, dtype=float)
    point = 1 if type(parameter).__name__ == "ParameterVector" else 0
    if array.ndim == point:
        return array[np.newaxis].tolist()
    if array.ndim == point + 1:
        return array.tolist()
    raise ValueError(f"they have {array.ndim} axes")
