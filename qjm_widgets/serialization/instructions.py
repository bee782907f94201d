"""Write circuits as QPY, with forms of the instructions that QPY does not carry.

QPY keeps only the name of an instruction that it does not know. So it would lose the parameters of Aer's
``save_*`` instructions. It also cannot read some of Qiskit's own gates. So, before a circuit is written,
each such instruction is replaced by a *carrier*, an instruction that QPY knows. The *form* of the
instruction is kept separately: the name of its class, which must be on an allow list, and its attributes
as a tree. The same applies inside the bodies of control flow.

An instruction of a class that is not on the list is kept by its definition. If it has no definition and
has more than a name and parameters, it cannot be stored.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from qjm_widgets._compat import operation_name, operation_names
from qjm_widgets.serialization import qpy
from qjm_widgets.serialization.allowed_classes import (
    allowed_class,
    allowed_name,
    package_of,
    plain_names,
    standard_classes,
)
from qjm_widgets.serialization.instruction_forms import check_form
from qjm_widgets.serialization.tree import TreeError, Write

#: Classes of ``qiskit.circuit.library`` that QPY carries completely. Some have parts that cannot be
#: written as a tree.
_CARRIED = frozenset(
    {
        *(
            "Barrier",
            "Delay",
            "Initialize",
            "LinearFunction",
            "MCMTGate",
            "MCPhaseGate",
            "MCXGate",
            "MCU1Gate",
        ),
        *("Measure", "PauliEvolutionGate", "PauliGate", "PauliProductMeasurement", "PermutationGate"),
        *("PauliProductRotationGate", "QFTGate", "Reset", "StatePreparation", "UnitaryGate"),
    }
)
#: Attributes that every instruction has and that a carrier keeps. An instruction with other attributes
#: has more than a name and parameters.
_BASE = frozenset(
    {
        *("_name", "_num_qubits", "_num_clbits", "_params", "_label", "_definition", "_condition"),
        *("condition", "_duration", "_unit"),
    }
)


class UnwritableError(TreeError):
    """A circuit has an instruction that cannot be stored."""


# -- a circuit and its forms ---------------------------------------------------------------------------


def carry(circuit: Any, write: Write) -> tuple[Any, dict[str, Any]]:
    """Return a circuit that QPY carries, and the forms of its carriers by place.

    Args:
        circuit: the circuit, which is not changed; it is returned itself if nothing is replaced.
        write: writes a value as a tree, or raises.

    Raises:
        TreeError: an instruction cannot be stored; the error names it.
    """
    strange = set(operation_names(circuit)) - plain_names()
    if not strange:
        return circuit, {}
    carriers: dict[int, Any] = {}
    forms: dict[str, Any] = {}
    for place, instruction in enumerate(circuit.data):
        if operation_name(instruction) not in strange:
            continue
        carrier, form = _carrier(instruction.operation, write)
        if carrier is not instruction.operation:
            carriers[place] = carrier
        if form is not None:
            forms[str(place)] = form
    return (_replaced(circuit, carriers) if carriers else circuit), forms


def restore(circuit: Any, forms: Mapping[str, Any], read: Write) -> Any:
    """Return the circuit that ``carry`` replaced.

    Args:
        circuit: the circuit with carriers.
        forms: the forms by place.
        read: reads a value from a tree.

    Raises:
        TreeError: a form does not fit the circuit, or its class is not on the allow list.
    """
    if not forms:
        return circuit
    operations = {}
    for place, form in forms.items():
        try:
            carrier = circuit.data[int(place)].operation
        except (ValueError, IndexError):
            raise TreeError(f"no instruction {place[:20]!r}") from None
        operations[int(place)] = _restored(carrier, form, read)
    return _replaced(circuit, operations)


def _replaced(circuit: Any, operations: Mapping[int, Any]) -> Any:
    """Return a copy of a circuit with other operations in some places."""
    replaced = circuit.copy_empty_like()
    for place, instruction in enumerate(circuit.data):
        operation = operations.get(place)
        if operation is not None:
            if (operation.num_qubits, operation.num_clbits) != (
                len(instruction.qubits),
                len(instruction.clbits),
            ):
                raise TreeError(f"an instruction {operation.name!r} does not fit its qubits")
            instruction = instruction.replace(operation=operation)
        replaced._append(instruction)
    return replaced


# -- one instruction -----------------------------------------------------------------------------------


def _carrier(operation: Any, write: Write) -> tuple[Any, Any]:
    """Return the carrier of an operation and its form.

    If QPY carries the operation completely, these are the operation itself and None.
    """
    if hasattr(operation, "replace_blocks"):
        return _carry_blocks(operation, write)
    kind = getattr(operation, "base_class", type(operation))
    name = allowed_name(kind)
    if name is None:
        if package_of(kind) == "qiskit" and _is_read_again(operation, kind):
            return operation, None
        return _carry_definition(operation, write)
    simple = name.startswith("circuit.") and _are_simple(operation)
    known = kind.__name__ in _CARRIED or kind.__name__ in standard_classes()
    # A known class makes its definition itself, so the definition is not written and need not be
    # checked.
    parts = _parts(operation, definition=not known)
    if (simple or known) and all(_is_carried(part, write) for part in parts):
        return operation, None
    try:
        return _shell(operation), {"class": name, "state": _write_state(operation, kind, write)}
    except TreeError:
        if name.startswith("circuit."):
            raise
        if package_of(kind) == "qiskit" and _is_read_again(operation, kind):
            return operation, None
        return _carry_definition(operation, write)


def _carry_blocks(operation: Any, write: Write) -> tuple[Any, Any]:
    """Return the carrier and the form of a control-flow operation: its bodies are carried.

    QPY keeps the conditions.
    """
    pairs = [carry(block, write) for block in operation.blocks]
    if all(new is old for (new, _), old in zip(pairs, operation.blocks, strict=True)):
        return operation, None
    forms = [forms for _, forms in pairs]
    return operation.replace_blocks([block for block, _ in pairs]), {"blocks": forms}


def _carry_definition(operation: Any, write: Write) -> tuple[Any, Any]:
    """Return the carrier and the form of an operation whose class is not on the allow list.

    The carrier is a plain gate or instruction of the same definition.
    """
    from qiskit.circuit import Gate, Instruction

    definition = getattr(operation, "definition", None)
    if definition is None and isinstance(operation, Gate) and hasattr(operation, "__array__"):
        definition = _unitary(operation)
    more = set(getattr(operation, "__dict__", ())) - _BASE or getattr(operation, "_directive", False)
    if definition is None and (more or not isinstance(operation, Instruction)):
        kind = type(operation)
        raise UnwritableError(
            f"the instruction {operation.name!r} is a {kind.__module__}.{kind.__qualname__}, "
            "which is not known here and has no definition"
        )
    plain = _shell(operation, Gate if isinstance(operation, Gate) else Instruction)
    plain.definition = definition
    plain._params = list(getattr(operation, "params", ()))
    return _carrier(plain, write)


def _unitary(gate: Any) -> Any:
    """Return a circuit that is equal to a gate; the gate has a matrix but no definition."""
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(gate.num_qubits)
    circuit.unitary(gate.to_matrix(), circuit.qubits)
    return circuit


def _shell(operation: Any, kind: Any = None) -> Any:
    """Return a plain instruction with the name, size and condition of an operation.

    With a ``kind``, it has the label too.
    """
    from qiskit.circuit import Gate, Instruction

    label = getattr(operation, "label", None)
    if kind is Gate:
        shell = Gate(operation.name, operation.num_qubits, [])
    else:
        shell = Instruction(operation.name, operation.num_qubits, operation.num_clbits, [])
    shell._label = label if kind is not None else None
    condition = getattr(operation, "_condition", None)
    if condition is not None:
        shell.condition = condition
    return shell


def _parts(operation: Any, *, definition: bool) -> Iterator[Any]:
    """Yield the circuits and operations inside an operation; with ``definition``, the definition too."""
    for name in ("base_gate", "base_op", *(["_definition"] if definition else [])):
        part = getattr(operation, name, None)
        if part is not None:
            yield part


def _are_simple(operation: Any) -> bool:
    """Return whether QPY knows the types of all parameters of an operation."""
    from qiskit.circuit import ParameterExpression

    simple = (int, float, complex, np.number, np.ndarray, ParameterExpression)
    return all(isinstance(value, simple) for value in getattr(operation, "params", ()))


_READ_AGAIN: dict[Any, bool] = {}


def _is_read_again(operation: Any, kind: Any) -> bool:
    """Return whether QPY carries an operation of Qiskit whose class is not on the allow list.

    It is tried by writing and reading one operation of each class.
    """
    if kind not in _READ_AGAIN:
        from qiskit import QuantumCircuit

        try:
            circuit = QuantumCircuit(operation.num_qubits, operation.num_clbits)
            circuit.append(operation, circuit.qubits, circuit.clbits)
            data = qpy.dump([circuit])
        except Exception:  # it cannot be in another circuit, for example because it uses variables
            return True
        try:
            found = qpy.load(data)[0].data[0].operation
            _READ_AGAIN[kind] = getattr(found, "base_class", type(found)) is kind
        except Exception:  # the constructor takes other arguments than QPY expects
            _READ_AGAIN[kind] = False
    return _READ_AGAIN[kind]


def _is_carried(part: Any, write: Write) -> bool:
    if hasattr(part, "data") and hasattr(part, "qregs"):
        carried, forms = carry(part, write)
        return carried is part and not forms
    carrier, form = _carrier(part, write)
    return carrier is part and form is None


def _write_state(operation: Any, kind: Any, write: Write) -> Any:
    from qiskit.circuit import Gate, Instruction

    state = dict(vars(operation))
    state.pop("_condition", None)  # the condition refers to the circuit, and the carrier has it
    if kind in (Instruction, Gate):  # a plain instruction may have foreign attributes, such as methods
        state = {name: value for name, value in state.items() if name in _BASE}
    if not _keeps_definition(kind):
        state["_definition"] = None  # the class makes the definition itself
    try:
        return {name: write(value) for name, value in state.items()}
    except TreeError as error:
        raise UnwritableError(f"the instruction {operation.name!r}: {error}") from error


def _keeps_definition(kind: Any) -> bool:
    from qiskit.circuit import Instruction

    return getattr(kind, "_define", None) is getattr(Instruction, "_define", None)


def _restored(carrier: Any, form: Any, read: Write) -> Any:
    if set(form) == {"blocks"}:
        blocks = carrier.blocks
        if len(blocks) != len(form["blocks"]):
            raise TreeError(f"{carrier.name!r} does not have {len(form['blocks'])} bodies")
        pairs = zip(blocks, form["blocks"], strict=True)
        return carrier.replace_blocks([restore(block, forms, read) for block, forms in pairs])
    check_form(form)
    kind = allowed_class(form["class"])
    operation = object.__new__(kind)
    # setattr could run code of the class before the instruction is complete.
    vars(operation).update({name: read(value) for name, value in form["state"].items()})
    if "_condition" in vars(carrier):
        vars(operation)["_condition"] = vars(carrier)["_condition"]
    return operation
