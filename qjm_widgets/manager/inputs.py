"""Read and check the circuits that a user gave to ``run``."""

from __future__ import annotations

import copy
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from qjm_widgets._compat import SAMPLERS_NEED, copy_circuit, has_samplers, is_schedule
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.observables import is_estimator_pub
from qjm_widgets.core.validation import as_integer, number
from qjm_widgets.errors import CircuitError, InputError, explain

#: The most shots that backends count and the store keeps.
_MOST_SHOTS = 2**63 - 1


def read_circuits(circuits: Any, shots: int | None) -> list[CircuitInput]:
    """Read one or many circuits, or PUB-likes ``(circuit, parameter_values, shots)``.

    The returned inputs hold the user's own objects, which are stored or copied (``copy_input``) before
    ``run`` returns.

    Args:
        circuits: the argument of ``run``.
        shots: the shots of each circuit without shots of its own.

    Raises:
        InputError: nothing was given, or shots are not a whole number of at least 1.
        CircuitError: an item is not a circuit or PUB; the message names its index.
    """
    shots = _check_shots(shots)
    given = as_list(circuits)
    if not given:
        raise InputError("no circuits were given")
    circuit = circuit_class()  # looked up once: there may be a hundred thousand circuits
    return [
        CircuitInput(item, None, shots) if isinstance(item, circuit) else _read(index, item, shots)
        for index, item in enumerate(given)
    ]


def circuit_class() -> Any:
    """Return Qiskit's ``QuantumCircuit``, which is imported when it is first needed."""
    from qiskit import QuantumCircuit

    return QuantumCircuit


def _check_shots(shots: Any, where: str = "shots") -> int | None:
    """Return shots as a Python integer; None, which means the backend's default, stays None.

    Raises:
        InputError: the shots are not a whole number from 1 to 2**63 - 1.
    """
    if shots is None:
        return None
    found = as_integer(shots)
    if found is None:
        raise InputError(f"{where} must be a whole number, not {shots!r}")
    if found < 1:
        raise InputError(f"{where} must be at least 1, not {number(found)}")
    if found > _MOST_SHOTS:
        raise InputError(f"{where} must be below 2**63, not {number(found)}")
    return found


def as_list(circuits: Any) -> Sequence[Any]:
    """Return the circuits or PUBs of a call: those of an iterable, or the one given by itself.

    Raises:
        CircuitError: it is neither.
    """
    if isinstance(circuits, circuit_class()) or is_schedule(circuits) or _is_pub(circuits):
        return [circuits]
    if isinstance(circuits, (str, bytes)) or not isinstance(circuits, Iterable):
        raise CircuitError(f"a circuit or a list of circuits is needed, not {kind_of(circuits)}")
    return list(circuits)


def _is_pub(thing: Any) -> bool:
    """Return whether an object is one PUB.

    A tuple is one if it has a circuit and then one or two items that are neither circuits nor tuples.
    """
    circuit = circuit_class()
    if not isinstance(thing, list) and is_estimator_pub(thing):
        return True
    if has_samplers():
        from qiskit.primitives.containers.sampler_pub import SamplerPub

        if isinstance(thing, SamplerPub):
            return True
    return (
        isinstance(thing, tuple)
        and 2 <= len(thing) <= 3
        and isinstance(thing[0], circuit)
        and not any(isinstance(part, (circuit, tuple)) for part in thing[1:])
    )


def _read(index: int, item: Any, shots: int | None) -> CircuitInput:
    """Read an item that is not a ``QuantumCircuit``."""
    if is_schedule(item):
        return CircuitInput(item, None, shots)
    if is_estimator_pub(item):
        circuit = getattr(item, "circuit", None) or item[0]
        raise CircuitError(
            f"item {index} ({circuit.name}) is an estimator's PUB, (circuit, observables, …), and what "
            "runs this job set gives counts: its PUBs are (circuit, parameter values, shots). Give "
            "run an estimator for expectation values; a job set is of one kind"
        )
    if not has_samplers() and isinstance(item, tuple) and _is_pub(item):
        raise CircuitError(
            f"circuit {index} ({item[0].name}) has parameter values or shots of its own: {SAMPLERS_NEED}"
        )
    if not (has_samplers() and (isinstance(item, (tuple, list)) or type(item).__name__ == "SamplerPub")):
        raise CircuitError(f"item {index} is not a circuit or a PUB but {kind_of(item)}")
    from qiskit.primitives.containers.sampler_pub import SamplerPub

    if isinstance(item, (tuple, list)):
        if not item or not isinstance(item[0], circuit_class()):
            first = kind_of(item[0]) if item else "nothing"
            raise CircuitError(f"item {index} is not a PUB: it begins with {first}, not with a circuit")
        if len(item) > 2:
            _check_shots(item[2], f"shots of item {index}")
    try:
        pub = SamplerPub.coerce(item, shots)
    except Exception as error:  # converting values may raise anything
        reason = textwrap.shorten(explain(error), 300, placeholder=" …")
        circuit = getattr(item, "circuit", None) or item[0]
        raise CircuitError(f"item {index} ({circuit.name}) is not a valid PUB: {reason}") from error
    own_shots = _check_shots(pub.shots, f"shots of item {index}")
    values = pub.parameter_values
    check_values(index, pub.circuit, values)
    return CircuitInput(
        pub.circuit, values if values.num_parameters or values.shape else None, own_shots
    )


def check_values(index: int, circuit: Any, values: Any) -> None:
    """Refuse parameter values that no backend accepts: their whole job would fail.

    Raises:
        CircuitError: some values are for unknown parameters or are NaN.
    """
    names = {parameter.name for parameter in circuit.parameters}
    given = {str(getattr(name, "name", name)) for key in values.data for name in key}
    if given - names:
        unknown, known = ", ".join(sorted(given - names)), ", ".join(sorted(names)) or "none"
        raise CircuitError(
            f"item {index} ({circuit.name}) has values for {unknown}, its circuit's parameters are "
            f"{known}"
        )
    if any(np.isnan(array).any() for array in values.data.values()):
        raise CircuitError(f"item {index} ({circuit.name}) has values that are not numbers (NaN)")


def copy_input(circuit_input: CircuitInput) -> CircuitInput:
    """Copy a circuit so that later changes of the user's circuit do not matter."""
    copied = (
        copy.deepcopy(circuit_input.circuit)
        if is_schedule(circuit_input.circuit)
        else copy_circuit(circuit_input.circuit)
    )
    # Qiskit keeps the user's own array of values, which optimizers change in place.
    values = None if circuit_input.values is None else copy.deepcopy(circuit_input.values)
    observables, precision = circuit_input.observables, circuit_input.precision
    return CircuitInput(copied, values, circuit_input.shots, observables, precision)


def kind_of(thing: Any) -> str:
    """Return how errors name something of the wrong type: "a list", "None"."""
    return "None" if thing is None else f"a {type(thing).__name__}"
