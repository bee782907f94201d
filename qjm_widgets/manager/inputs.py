"""Read and check the circuits that a user gave to ``run``."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterable, Sequence, Sized
from dataclasses import replace
from typing import Any

from qjm_widgets._compat import SAMPLERS_NEED, copy_circuit, has_samplers, is_schedule
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.observables import is_estimator_pub
from qjm_widgets.core.validation import as_integer, number
from qjm_widgets.errors import CircuitError, InputError
from qjm_widgets.manager.pub_values import check_given_values, check_values, invalid_pub

#: The most shots that backends count and the store keeps.
_MOST_SHOTS = 2**63 - 1
#: The parts of a sampler's PUB, as errors name them.
_FORM = "a sampler's PUB is (circuit, parameter values, shots)"
_MOST_PARTS = 3


def circuit_reader(shots: int | None) -> Callable[[int, Any], CircuitInput]:
    """Return a function that reads a circuit, or a PUB-like ``(circuit, parameter_values, shots)``.

    Its arguments are the index and what the user gave. The returned inputs hold the user's own objects,
    which are stored or copied (``copy_input``) before ``run`` returns. It raises a ``CircuitError`` if
    an item is not a circuit or PUB; the message names its index.

    Args:
        shots: the shots of each circuit without shots of its own.

    Raises:
        InputError: shots are not a whole number of at least 1.
    """
    checked = check_shots(shots)
    circuit = circuit_class()  # looked up once: there may be a million circuits

    def read(index: int, item: Any) -> CircuitInput:
        if isinstance(item, circuit):
            return CircuitInput(item, None, checked)
        return _read(index, item, checked)

    return read


def circuit_class() -> Any:
    """Return Qiskit's ``QuantumCircuit``, which is imported when it is first needed."""
    from qiskit import QuantumCircuit

    return QuantumCircuit


def check_shots(shots: Any, where: str = "shots") -> int | None:
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


def comes_one_by_one(circuits: Any) -> bool:
    """Return whether an argument is an iterator or another iterable of unknown length."""
    iterable = isinstance(circuits, Iterable) and not isinstance(circuits, (Sized, str, bytes))
    return iterable and not (is_schedule(circuits) or _is_pub(circuits))


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

    A tuple is one if it begins with a circuit, and no other part of it is a circuit or a PUB.
    """
    return is_pub_object(thing) or (
        isinstance(thing, tuple)
        and len(thing) > 1
        and isinstance(thing[0], circuit_class())
        and not any(_is_circuit_or_pub(part) for part in thing[1:])
    )


def _is_circuit_or_pub(thing: Any) -> bool:
    if isinstance(thing, (tuple, list)):
        return bool(thing) and isinstance(thing[0], circuit_class())
    return isinstance(thing, circuit_class()) or is_schedule(thing) or is_pub_object(thing)


def is_pub_object(thing: Any) -> bool:
    """Return whether an object is Qiskit's ``SamplerPub`` or ``EstimatorPub``."""
    return any(kind.__name__ in ("SamplerPub", "EstimatorPub") for kind in type(thing).__mro__)


def _read(index: int, item: Any, shots: int | None) -> CircuitInput:
    """Read an item that is not a ``QuantumCircuit``."""
    if is_schedule(item):
        return CircuitInput(item, None, shots)
    circuit, who = _circuit_of(index, item)
    if is_estimator_pub(item):
        raise CircuitError(
            f"{who} is an estimator's PUB, (circuit, observables, …), and what "
            "runs this job set gives counts: its PUBs are (circuit, parameter values, shots). Give "
            "run an estimator for expectation values; a job set is of one kind"
        )
    if not has_samplers():
        raise CircuitError(f"{who} has parameter values or shots of its own: {SAMPLERS_NEED}")
    from qiskit.primitives.containers.sampler_pub import SamplerPub

    given = None
    if isinstance(item, (tuple, list)):
        if len(item) > _MOST_PARTS:
            raise CircuitError(f"{who} has {len(item)} parts: {_FORM}")
        given = item[1] if len(item) > 1 else None
        check_given_values(who, circuit, given)
        if len(item) > 2:
            check_shots(item[2], f"shots of {who}")
    try:
        pub = SamplerPub.coerce(item, shots)
    except Exception as error:  # converting values may raise anything
        raise invalid_pub(who, error, given) from error
    own_shots = check_shots(pub.shots, f"shots of {who}")
    values = pub.parameter_values
    check_values(who, circuit, values)
    return CircuitInput(circuit, values if values.num_parameters or values.shape else None, own_shots)


def _circuit_of(index: int, item: Any) -> tuple[Any, str]:
    """Return the circuit of a PUB, and how errors name it.

    Raises:
        CircuitError: the item is not a PUB.
    """
    if is_pub_object(item):
        return item.circuit, f"circuit {index} ({item.circuit.name})"
    if not isinstance(item, (tuple, list)):
        raise CircuitError(f"item {index} is not a circuit or a PUB but {kind_of(item)}")
    if not item or not isinstance(item[0], circuit_class()):
        first = kind_of(item[0]) if item else "nothing"
        raise CircuitError(f"item {index} is not a PUB: it begins with {first}, not with a circuit")
    return item[0], f"circuit {index} ({item[0].name})"


def copy_input(circuit_input: CircuitInput) -> CircuitInput:
    """Copy a circuit so that later changes of the user's circuit do not matter."""
    copied = (
        copy.deepcopy(circuit_input.circuit)
        if is_schedule(circuit_input.circuit)
        else copy_circuit(circuit_input.circuit)
    )
    # Qiskit keeps the user's own array of values, which optimizers change in place.
    values = None if circuit_input.values is None else _copy_values(circuit_input.values)
    return replace(circuit_input, circuit=copied, values=values)


def _copy_values(values: Any) -> Any:
    from qiskit.primitives.containers.bindings_array import BindingsArray

    return BindingsArray({names: array.copy() for names, array in values.data.items()}, values.shape)


def kind_of(thing: Any) -> str:
    """Return how errors name something of the wrong type: "a list", "an int", "None"."""
    if thing is None:
        return "None"
    name = type(thing).__name__
    return f"{'an' if name[0] in 'aeiouAEIOU' else 'a'} {name}"
