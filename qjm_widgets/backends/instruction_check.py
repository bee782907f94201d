"""Find instructions that a local simulator would refuse, before anything is stored.

An instruction that the simulator's target lacks is tried on the simulator itself, alone and with one
shot, so that nothing is refused that the simulator would run.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from qjm_widgets._compat import backend_name
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.errors import CircuitError

#: Instructions on more qubits are not tried, and not refused.
_PROBE_QUBITS = 20
#: Instructions that every simulator runs.
_ALWAYS = frozenset({"barrier", "measure", "break_loop", "continue_loop"})
_CONTROL_FLOW = frozenset({"if_else", "for_loop", "while_loop", "switch_case", "box"})


def refuse_unknown_instructions(backend: Any, inputs: Sequence[CircuitInput], start: int = 0) -> None:
    """Refuse circuits with an instruction that a local simulator would refuse.

    Args:
        backend: the simulator.
        inputs: the circuits.
        start: the index of the first of them.

    Raises:
        CircuitError: a circuit has such an instruction; the message names both.
    """
    known = _operation_names(backend)
    if known is None:
        return
    tried: set[str] = set()
    for index, circuit_input in enumerate(inputs, start):
        unknown = _names(circuit_input.circuit) - known - tried
        if not unknown:
            continue
        for holder, instruction in _instructions(circuit_input.circuit):
            name = instruction.operation.name
            if name in unknown and (reason := _refusal(backend, holder, instruction)):
                raise CircuitError(
                    f"circuit {index} ({circuit_input.circuit.name}) uses {name!r}, which "
                    f"{backend_name(backend)} refuses ({reason}): transpile it first, "
                    f"transpile(circuits, backend), or give run a pass_manager"
                )
        tried |= unknown


def _operation_names(backend: Any) -> set[str] | None:
    target = getattr(backend, "target", None)
    names = getattr(target, "operation_names", None)
    if names is None and callable(getattr(backend, "configuration", None)):
        configuration = backend.configuration()
        names = [*configuration.basis_gates, *getattr(configuration, "custom_instructions", [])]
    return set(names) | _ALWAYS if names is not None else None


def _names(circuit: Any) -> set[str]:
    """Return the names of all instructions, also of those inside control flow."""
    names = set(circuit.count_ops())
    if names & _CONTROL_FLOW:
        names |= {instruction.operation.name for _, instruction in _instructions(circuit)}
    return names


def _instructions(circuit: Any) -> Iterator[tuple[Any, Any]]:
    """Yield all instructions, each with the circuit or block that holds it."""
    for instruction in circuit.data:
        yield circuit, instruction
        for block in getattr(instruction.operation, "blocks", None) or ():
            yield from _instructions(block)


def _refusal(backend: Any, circuit: Any, instruction: Any) -> str | None:
    """Run an instruction alone; return why the backend refuses it, None if it does not refuse it."""
    operation = instruction.operation
    if operation.num_qubits > _PROBE_QUBITS:
        return None
    try:
        backend.run(_alone(circuit, instruction), shots=1).result()
    except Exception as error:  # simulators raise different errors for an unknown gate
        text = str(error).strip("'")
        named = operation.name in text or type(operation).__name__ in text
        return text if named else None
    return None


def _alone(circuit: Any, instruction: Any) -> Any:
    """Return a circuit of one instruction."""
    from qiskit import QuantumCircuit

    operation = instruction.operation
    if operation.name == "while_loop":
        probe = QuantumCircuit(1, 1)
        with probe.while_loop((0, True)):  # never entered: the user's loop might not end
            pass
    elif operation.name == "store" or any(
        getattr(operation, part, None) for part in ("blocks", "condition")
    ):
        probe = circuit.copy_empty_like()
        probe.append(instruction)
    else:
        probe = QuantumCircuit(operation.num_qubits, operation.num_clbits)
        probe.append(operation, range(operation.num_qubits), range(operation.num_clbits))
    return probe
