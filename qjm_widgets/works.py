"""From what the user gave to ``run`` to circuits, checked."""

from __future__ import annotations

import copy
from collections.abc import Iterable, Sequence
from typing import Any

from qjm_widgets._compat import SAMPLERS_NEED, copy_circuit, has_samplers, is_schedule
from qjm_widgets.core.errors import CircuitError, InputError
from qjm_widgets.core.ports import Work


def read_circuits(circuits: Any, shots: int | None) -> list[Work]:
    """One or many circuits, or PUB-likes ``(circuit, parameter_values, shots)``, as works.

    The circuits are the user's own: they are written or copied (``copy_work``) before ``run`` returns.

    Raises:
        InputError: nothing was given, or shots are no whole number of at least 1.
        CircuitError: one of them is no circuit; it is named by its index.
    """
    check_shots(shots)
    given = _as_list(circuits)
    if not given:
        raise InputError("no circuits were given")
    circuit = _circuit_class()  # once: there may be a hundred thousand of them
    return [
        Work(item, None, shots) if isinstance(item, circuit) else _read(index, item, shots)
        for index, item in enumerate(given)
    ]


def _circuit_class() -> Any:
    from qiskit import QuantumCircuit

    return QuantumCircuit


def check_shots(shots: Any, where: str = "shots") -> None:
    """Refuse what is no whole number of at least 1; None is the backend's default."""
    if shots is None:
        return
    if isinstance(shots, bool) or (not isinstance(shots, int) and not hasattr(shots, "__index__")):
        raise InputError(f"{where} must be a whole number, not {shots!r}")
    if int(shots) < 1:
        raise InputError(f"{where} must be at least 1, not {shots}")


def _as_list(circuits: Any) -> Sequence[Any]:
    if isinstance(circuits, _circuit_class()) or is_schedule(circuits) or _is_pub(circuits):
        return [circuits]
    if isinstance(circuits, (str, bytes)) or not isinstance(circuits, Iterable):
        raise CircuitError(f"a circuit or a list of circuits is needed, not {_kind(circuits)}")
    return list(circuits)


def _is_pub(thing: Any) -> bool:
    """A PUB itself, or a tuple that can only be one: a circuit, then something that is no circuit."""
    circuit = _circuit_class()
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


def _read(index: int, item: Any, shots: int | None) -> Work:
    """What is no circuit by itself."""
    if is_schedule(item):
        return Work(item, None, shots)
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
            check_shots(item[2], f"shots of item {index}")
    try:
        pub = SamplerPub.coerce(item, shots)
    except (TypeError, ValueError) as error:
        raise CircuitError(f"item {index} is no valid PUB: {error}") from error
    values = pub.parameter_values
    return Work(pub.circuit, values if values.num_parameters or values.shape else None, pub.shots)


def copy_work(work: Work) -> Work:
    """A circuit as it is now: what the user does with theirs afterwards changes nothing."""
    copied = copy.deepcopy(work.circuit) if is_schedule(work.circuit) else copy_circuit(work.circuit)
    return Work(copied, work.values, work.shots)


def _kind(thing: Any) -> str:
    return "None" if thing is None else f"a {type(thing).__name__}"
