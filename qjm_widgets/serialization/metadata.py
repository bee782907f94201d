"""Write the metadata of circuits, and other values of users, as JSON that keeps their types.

``CODEC`` knows the values of Python, NumPy, pandas and Qiskit. A circuit, an instruction, a parameter or
an expression in metadata is written as QPY with forms (see ``instructions``).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from qjm_widgets.serialization import qpy
from qjm_widgets.serialization.instruction_forms import check_forms
from qjm_widgets.serialization.instructions import carry, restore
from qjm_widgets.serialization.numpy_values import NUMPY
from qjm_widgets.serialization.pandas_values import PANDAS
from qjm_widgets.serialization.python_values import PYTHON, from_base64, to_base64
from qjm_widgets.serialization.quantum_values import QUANTUM
from qjm_widgets.serialization.tree import Codec, Kind, TreeError, Write

# -- circuits and what is in them ----------------------------------------------------------------------


def _is_circuit(kind: type) -> bool:
    return _is_derived(kind, "qiskit.circuit.quantumcircuit", "QuantumCircuit")


def _is_derived(kind: type, module: str, *names: str) -> bool:
    # Classes are compared by name, so that values of other kinds do not import Qiskit.
    return any(
        str(base.__module__).startswith(module) and base.__name__ in names for base in kind.__mro__
    )


def _write_circuit(circuit: Any, write: Write) -> Any:
    tree = _write_qpy(circuit)
    tree["metadata"] = write_metadata(circuit.metadata or {})[0]
    return tree


def _read_circuit(tree: Any, read: Write) -> Any:
    circuit = _read_qpy(tree)
    circuit.metadata = read_metadata(tree["metadata"])
    return circuit


def _write_qpy(circuit: Any) -> dict[str, Any]:
    # The given writer may keep parts that cannot be written as their text. An instruction that is
    # changed so would be wrong, so this uses ``CODEC.write``, which raises instead.
    carried, forms = carry(circuit, CODEC.write)
    return {"qpy": to_base64(qpy.dump([carried])), "forms": forms}


def _read_qpy(tree: Any) -> Any:
    (circuit,) = qpy.load(from_base64(tree["qpy"]))
    return restore(circuit, tree["forms"], CODEC.read)


def _write_operation(operation: Any, write: Write) -> Any:
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
    circuit.append(operation, circuit.qubits, circuit.clbits)
    return _write_qpy(circuit)


def _read_operation(tree: Any, read: Write) -> Any:
    return _read_qpy(tree).data[0].operation


def _write_expression(expression: Any, write: Write) -> Any:
    from qiskit.circuit import Instruction, QuantumCircuit

    circuit = QuantumCircuit(1)
    circuit.append(Instruction("value", 1, 0, [expression]), [0])
    return _write_qpy(circuit)


def _read_expression(tree: Any, read: Write) -> Any:
    return _read_operation(tree, read).params[0]


def _write_vector(vector: Any, write: Write) -> Any:
    if not len(vector):
        raise TreeError("a vector of no parameters cannot be written")
    return write(vector[0])  # each element has a reference to its vector


_MODIFIERS = {
    "ControlModifier": ("num_ctrl_qubits", "ctrl_state"),
    "InverseModifier": (),
    "PowerModifier": ("power",),
}


def _write_modifier(modifier: Any, write: Write) -> Any:
    name = type(modifier).__name__
    return [name, *(CODEC.write(getattr(modifier, part)) for part in _MODIFIERS[name])]


def _read_modifier(tree: Any, read: Write) -> Any:
    import qiskit.circuit

    name, *parts = tree
    if name not in _MODIFIERS or len(parts) != len(_MODIFIERS[name]):
        raise TreeError(f"an unknown modifier {name!r}")
    return getattr(qiskit.circuit, name)(*map(read, parts))


# -- Aer's errors --------------------------------------------------------------------------------------

_ERRORS = {
    "QuantumError": ("circuits", "probabilities"),
    "PauliError": ("paulis", "probabilities"),
    "PauliLindbladError": ("generators", "rates"),
    "ReadoutError": ("probabilities",),
}


def _is_error(kind: type) -> bool:
    return str(kind.__module__).startswith("qiskit_aer.noise") and kind.__name__ in _ERRORS


def _write_error(error: Any, write: Write) -> Any:
    name = type(error).__name__
    return [name, *(CODEC.write(getattr(error, part)) for part in _ERRORS[name])]


def _read_error(tree: Any, read: Write) -> Any:
    name, *parts = tree
    if name not in _ERRORS or len(parts) != len(_ERRORS[name]):
        raise TreeError(f"an unknown error {name!r} of Aer")
    import qiskit_aer.noise

    values = [read(part) for part in parts]
    kind = getattr(qiskit_aer.noise, name)
    if name != "QuantumError":
        return kind(*values)
    error = kind(list(zip(*values, strict=True)))
    error._probs = values[1]  # the constructor normalises them, which may change the last digit
    return error


CODEC = Codec(
    [
        *NUMPY,
        *QUANTUM,
        Kind("$circuit", _is_circuit, _write_circuit, _read_circuit),
        Kind(
            "$expression",
            lambda kind: _is_derived(
                kind,
                "qiskit.",
                *("ParameterExpression", "Parameter", "ParameterVectorElement"),
            ),
            _write_expression,
            _read_expression,
        ),
        Kind(
            "$vector",
            lambda kind: _is_derived(kind, "qiskit.", "ParameterVector"),
            _write_vector,
            lambda tree, read: read(tree).vector,
        ),
        Kind(
            "$modifier",
            lambda kind: _is_derived(kind, "qiskit.circuit.annotated_operation", *_MODIFIERS),
            _write_modifier,
            _read_modifier,
        ),
        Kind("$error", _is_error, _write_error, _read_error),
        Kind(
            "$operation",
            lambda kind: _is_derived(kind, "qiskit.circuit.operation", "Operation"),
            _write_operation,
            _read_operation,
        ),
        *PANDAS,
        *PYTHON,
    ]
)

# -- metadata ------------------------------------------------------------------------------------------


def write_metadata(metadata: Mapping[Any, Any]) -> tuple[Any, list[tuple[str, str]]]:
    """Write the metadata of a circuit as a tree.

    Returns:
        The tree; and for each value that is kept as its text, its key (as text) and the reason.
    """
    keys: list[Any] = []
    values: list[Any] = []
    losses: list[tuple[str, str]] = []
    for key, value in metadata.items():
        text = key if isinstance(key, str) else repr(key)
        for found, each in ((keys, key), (values, value)):
            tree, reasons = CODEC.write_most(each)
            found.append(tree)
            losses += [(str(text), reason) for reason in reasons]
    if all(type(key) is str for key in metadata) and not (len(keys) == 1 and keys[0][:1] == "$"):
        return dict(zip(keys, values, strict=True)), losses
    return {"$dict": [list(pair) for pair in zip(keys, values, strict=True)]}, losses


def read_metadata(tree: Any) -> dict[Any, Any]:
    """Return the metadata that ``write_metadata`` wrote as a tree.

    Raises:
        TreeError: the tree is damaged.
    """
    metadata = CODEC.read(tree)
    if not isinstance(metadata, dict):
        raise TreeError("metadata that is not a dictionary")
    return metadata


class UnsafeError(TreeError):
    """A tree has a circuit in a version of QPY that could run code while it is read."""


def check_tree(tree: Any) -> None:
    """Check an untrusted tree without reading it.

    Raises:
        UnsafeError: reading the tree could run code.
        TreeError: the tree is damaged, or has an unknown kind of value.
    """
    CODEC.check_tags(tree, _check_tag)


def _check_tag(tag: str, tree: Any) -> None:
    if tag not in ("$circuit", "$operation", "$expression"):
        return
    if not isinstance(tree, dict) or not isinstance(tree.get("qpy"), str):
        raise TreeError(f"a damaged value of the kind {tag!r}")
    check_forms(tree.get("forms"))
    try:
        data = from_base64(tree["qpy"])
    except ValueError:
        raise TreeError(f"a damaged value of the kind {tag!r}") from None
    if not qpy.is_safe(data):
        raise UnsafeError("a circuit in a version of QPY that could run code while it is read")
