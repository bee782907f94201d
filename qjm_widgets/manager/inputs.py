"""From what the user gave to ``run`` to circuits, checked."""

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

MOST_SHOTS = 2**63 - 1
"""As many as backends count in, and as the store keeps."""


def read_circuits(circuits: Any, shots: int | None) -> list[CircuitInput]:
    """One or many circuits, or PUB-likes ``(circuit, parameter_values, shots)``, as works.

    The circuits are the user's own: they are written or copied (``copy_work``) before ``run`` returns.

    Raises:
        InputError: nothing was given, or shots are no whole number of at least 1.
        CircuitError: one of them is no circuit; it is named by its index.
    """
    shots = whole_shots(shots)
    given = _as_list(circuits)
    if not given:
        raise InputError("no circuits were given")
    circuit = _circuit_class()  # once: there may be a hundred thousand of them
    return [
        CircuitInput(item, None, shots) if isinstance(item, circuit) else _read(index, item, shots)
        for index, item in enumerate(given)
    ]


def _circuit_class() -> Any:
    from qiskit import QuantumCircuit

    return QuantumCircuit


def whole_shots(shots: Any, where: str = "shots") -> int | None:
    """Shots as a number of Python's; None, the backend's default, stays None.

    Raises:
        InputError: they are no whole number of at least 1.
    """
    if shots is None:
        return None
    found = as_integer(shots)
    if found is None:
        raise InputError(f"{where} must be a whole number, not {shots!r}")
    if found < 1:
        raise InputError(f"{where} must be at least 1, not {number(found)}")
    if found > MOST_SHOTS:
        raise InputError(f"{where} must be below 2**63, not {number(found)}")
    return found


def _as_list(circuits: Any) -> Sequence[Any]:
    if isinstance(circuits, _circuit_class()) or is_schedule(circuits) or _is_pub(circuits):
        return [circuits]
    if isinstance(circuits, (str, bytes)) or not isinstance(circuits, Iterable):
        raise CircuitError(f"a circuit or a list of circuits is needed, not {_kind(circuits)}")
    return list(circuits)


def _is_pub(thing: Any) -> bool:
    """A PUB itself, or a tuple that can only be one: a circuit, then something that is no circuit."""
    circuit = _circuit_class()
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
    """What is no circuit by itself."""
    if is_schedule(item):
        return CircuitInput(item, None, shots)
    if is_estimator_pub(item):
        circuit = getattr(item, "circuit", None) or item[0]
        raise CircuitError(
            f"item {index} ({circuit.name}) is an estimator's PUB, (circuit, observables, …): job sets "
            "run backends and samplers, whose PUBs are (circuit, parameter values, shots). Give "
            "circuits that measure, and take the expectation values from their counts"
        )
    if not has_samplers() and isinstance(item, tuple) and _is_pub(item):
        raise CircuitError(
            f"circuit {index} ({item[0].name}) comes with parameter values or shots of its own: "
            f"{SAMPLERS_NEED}"
        )
    if not (has_samplers() and (isinstance(item, (tuple, list)) or type(item).__name__ == "SamplerPub")):
        raise CircuitError(f"item {index} is no circuit and no PUB but {_kind(item)}")
    from qiskit.primitives.containers.sampler_pub import SamplerPub

    if isinstance(item, (tuple, list)):
        if not item or not isinstance(item[0], _circuit_class()):
            first = _kind(item[0]) if item else "nothing"
            raise CircuitError(f"item {index} is no PUB: it begins with {first}, not with a circuit")
        if len(item) > 2:
            whole_shots(item[2], f"shots of item {index}")
    try:
        pub = SamplerPub.coerce(item, shots)
    except Exception as error:  # values may be anything, and raise anything when they are converted
        reason = textwrap.shorten(explain(error), 300, placeholder=" …")
        raise CircuitError(f"item {index} is no valid PUB: {reason}") from error
    own_shots = whole_shots(pub.shots, f"shots of item {index}")
    values = pub.parameter_values
    _check_values(index, pub.circuit, values)
    return CircuitInput(
        pub.circuit, values if values.num_parameters or values.shape else None, own_shots
    )


def _check_values(index: int, circuit: Any, values: Any) -> None:
    """Refuse values with which no backend runs a circuit, and no other one of its job."""
    names = {parameter.name for parameter in circuit.parameters}
    given = {str(getattr(name, "name", name)) for key in values.data for name in key}
    if given - names:
        strange, known = ", ".join(sorted(given - names)), ", ".join(sorted(names)) or "none"
        raise CircuitError(
            f"item {index} ({circuit.name}) has values for {strange}, its circuit's parameters are "
            f"{known}"
        )
    if any(np.isnan(array).any() for array in values.data.values()):
        raise CircuitError(f"item {index} ({circuit.name}) has values that are no numbers (NaN)")


def copy_work(work: CircuitInput) -> CircuitInput:
    """A circuit as it is now: what the user does with theirs afterwards changes nothing."""
    copied = copy.deepcopy(work.circuit) if is_schedule(work.circuit) else copy_circuit(work.circuit)
    return CircuitInput(copied, work.values, work.shots)


def _kind(thing: Any) -> str:
    return "None" if thing is None else f"a {type(thing).__name__}"
