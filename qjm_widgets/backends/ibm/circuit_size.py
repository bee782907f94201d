"""The gates and the control instructions of circuits, as IBM Quantum limits them for a job.

The limits and the table are those of IBM's page "Job limits",
https://quantum.cloud.ibm.com/docs/guides/job-limits (as of 2026): 26.8 million control-system
instructions per qubit and job, and five million two-qubit gates per circuit. Earlier the page said that
a job with fewer than 10,000 two-qubit gates passes. The service counts after options such as dynamical
decoupling and gate folding have added gates; these are not known here, and a job that is refused for
them is cut in halves.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.splitting import Item

#: The most two-qubit gates of a job.
TWO_QUBIT_GATES = 5_000_000
#: The most control instructions of a job on one qubit.
QUBIT_INSTRUCTIONS = 26_800_000

#: The control instructions on each qubit of an instruction. The page does not list those of fractional
#: gates and the identity: they count as the most similar ones that it lists.
_INSTRUCTIONS: Mapping[str, int] = {
    **dict.fromkeys(("rz", "delay", "id"), 1),
    **dict.fromkeys(("sx", "x", "rx"), 2),
    **dict.fromkeys(("cx", "cz", "ecr", "rzz"), 5),
    "measure": 10,
    "reset": 17,
    "init": 50,
}
_TWO_QUBIT = ("cx", "cz", "ecr", "rzz")
_CONTROL_FLOW = ("if_else", "for_loop", "while_loop", "switch_case", "box")


def with_sizes(
    inputs: Sequence[CircuitInput], items: Sequence[Item], most_instructions: int | None
) -> list[Item]:
    """Return the items of circuits with their two-qubit gates and control instructions.

    Each circuit object is counted once. Its instructions are counted qubit by qubit only if those of all
    qubits together could exceed the limit.

    Args:
        inputs: the circuits.
        items: their items.
        most_instructions: the limit on the control instructions of a job on one qubit; None for none.
    """
    circuits = {id(each.circuit): each.circuit for each in inputs}
    names = {key: _names(circuit) for key, circuit in circuits.items()}
    gates = {key: sum(found[name] for name in _TWO_QUBIT) for key, found in names.items()}
    # At most: as if all instructions of a circuit were on one qubit.
    instructions = {
        key: sum(number * _INSTRUCTIONS.get(name, 0) for name, number in found.items())
        for key, found in names.items()
    }
    pairs = list(zip(inputs, items, strict=True))
    together = sum(instructions[id(each.circuit)] * item.points for each, item in pairs)
    if most_instructions is not None and together > most_instructions:
        instructions = {key: _most_on_a_qubit(circuit) for key, circuit in circuits.items()}
    return [
        item._replace(
            two_qubit_gates=gates[id(each.circuit)], qubit_instructions=instructions[id(each.circuit)]
        )
        for each, item in pairs
    ]


def _names(circuit: Any) -> Counter[str]:
    """Return how often each instruction is in a circuit and in the blocks of its control flow."""
    found = Counter(circuit.count_ops())
    if any(name in found for name in _CONTROL_FLOW):
        for instruction in circuit.data:
            for block in _blocks(instruction):
                found += _names(block)
    return found


def _most_on_a_qubit(circuit: Any) -> int:
    counts: Counter[Any] = Counter()
    _count(circuit, {qubit: qubit for qubit in circuit.qubits}, counts)
    return max(counts.values(), default=0)


def _count(circuit: Any, outer: Mapping[Any, Any], counts: Counter[Any]) -> None:
    """Add the control instructions of a circuit or block; ``outer`` maps its qubits to the circuit's."""
    for instruction in circuit.data:
        number = _INSTRUCTIONS.get(instruction.operation.name, 0)
        if number:
            for qubit in instruction.qubits:
                counts[outer[qubit]] += number
        for block in _blocks(instruction):
            inside = zip(block.qubits, instruction.qubits, strict=True)
            _count(block, {inner: outer[qubit] for inner, qubit in inside}, counts)


def _blocks(instruction: Any) -> Iterator[Any]:
    yield from getattr(instruction.operation, "blocks", None) or ()
