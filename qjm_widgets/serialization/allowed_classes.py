"""The classes of instructions that may be restored (the allow list), and those that QPY carries."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from qjm_widgets.serialization.tree import TreeError

#: The allow list: by a short name of each module, the module and the names of its classes; None for all
#: operations of the module.
_ALLOWED: Mapping[str, tuple[str, frozenset[str] | None]] = {
    "circuit": (
        "qiskit.circuit",
        frozenset({"Instruction", "Gate", "ControlledGate", "AnnotatedOperation"}),
    ),
    "library": ("qiskit.circuit.library", None),
    "aer": ("qiskit_aer.library", None),
    "aer_flow": ("qiskit_aer.library.control_flow_instructions", frozenset({"AerJump", "AerMark"})),
    "aer_noise": (
        "qiskit_aer.noise.errors.base_quantum_error",
        frozenset({"QuantumChannelInstruction"}),
    ),
}


@functools.cache
def plain_names() -> frozenset[str]:
    """Return the names of instructions that QPY carries with any parameters."""
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

    return frozenset(get_standard_gate_name_mapping()) | {"barrier"}


def allowed_name(kind: Any) -> str | None:
    """Return the name of a class on the allow list; None if the class is not on the list."""
    name = str(kind.__name__)
    for place, (module, names) in _ALLOWED.items():
        if package_of(kind) != module.split(".")[0]:
            continue  # do not import that package
        if names is not None and name not in names:
            continue
        try:
            found = getattr(_module(module), name, None)
        except ImportError:  # an older release of that package does not have it
            continue
        if found is kind:
            return f"{place}.{name}"
    return None


def package_of(kind: Any) -> str:
    """Return the top package of a class."""
    return str(kind.__module__).split(".")[0]


def is_allowed(name: Any) -> bool:
    """Return whether a name is on the allow list.

    Aer is not imported. So for a class of its library, only the beginning of the name is checked.
    """
    place, _, rest = name.partition(".") if isinstance(name, str) else ("", "", "")
    if place not in _ALLOWED or not rest.isidentifier():
        return False
    names = _ALLOWED[place][1]
    if names is not None:
        return rest in names
    if place == "aer":
        return rest.startswith(("Save", "Set"))
    return _is_operation(getattr(_module("qiskit.circuit.library"), rest, None))


def allowed_class(name: str) -> Any:
    """Return the class of a name for which ``is_allowed`` is true.

    Raises:
        TreeError: the name is not that of an operation, or its package is not installed.
    """
    place, _, rest = name.partition(".")
    try:
        found = getattr(_module(_ALLOWED[place][0]), rest, None)
    except ImportError as error:
        raise TreeError(
            f"the instruction {rest} needs a package that is not installed: {error}"
        ) from error
    if not _is_operation(found):
        raise TreeError(f"an instruction of an unknown class {name!r}")
    return found


def _is_operation(kind: Any) -> bool:
    from qiskit.circuit import Operation

    return isinstance(kind, type) and issubclass(kind, Operation)


@functools.cache
def _module(name: str) -> Any:
    return importlib.import_module(name)


@functools.cache
def standard_classes() -> frozenset[str]:
    """Return the names of the classes of Qiskit's standard gates."""
    from qiskit.circuit.library.standard_gates import get_standard_gate_name_mapping

    return frozenset(
        getattr(gate, "base_class", type(gate)).__name__
        for gate in get_standard_gate_name_mapping().values()
    )
