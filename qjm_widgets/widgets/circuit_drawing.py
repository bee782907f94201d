"""Circuits drawn as text, by Qiskit's own drawer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qjm_widgets.core import formatting
from qjm_widgets.core.circuit_input import CircuitInput

#: The maximum number of circuits in one answer.
MOST_CIRCUITS = 3
#: The maximum number of instructions that are drawn: drawing takes time, and users do not read more.
_MOST_INSTRUCTIONS = 400
#: The maximum number of characters in a drawing.
_MOST_CHARACTERS = 60_000


def draw(inputs: Sequence[CircuitInput], first: int, columns: int) -> list[dict[str, Any]]:
    """Draw circuits.

    Args:
        inputs: the circuits.
        first: the index of the first circuit in the set.
        columns: the maximum number of characters in a line.

    Returns:
        For each circuit its index, name, a line of facts, and the drawing as text.
    """
    return [
        _drawing(circuit_input, first + place, columns) for place, circuit_input in enumerate(inputs)
    ]


def _drawing(circuit_input: CircuitInput, index: int, columns: int) -> dict[str, Any]:
    circuit = circuit_input.circuit
    try:
        text, facts = _text(circuit, columns)
    except Exception as error:  # the drawer may fail on a gate of a user's own class
        text, facts = "", f"Qiskit cannot draw it: {formatting.first_line(str(error) or repr(error))}"
    if circuit_input.values is not None and circuit_input.values.num_parameters:
        shape = "×".join(map(str, circuit_input.values.shape)) or "one set"
        facts += f" · parameter values: {shape}"
    return {
        "circuit": index,
        "name": formatting.first_line(str(circuit.name)),
        "facts": facts,
        "text": text[:_MOST_CHARACTERS],
    }


def _text(circuit: Any, columns: int) -> tuple[str, str]:
    if not hasattr(circuit, "num_qubits"):  # a pulse schedule, which has no text drawing
        return str(circuit), "pulse schedule"
    number = len(circuit.data)
    facts = [
        formatting.plural(circuit.num_qubits, "qubit"),
        formatting.plural(number, "instruction"),
        f"depth {circuit.depth():,}",
    ]
    if number > _MOST_INSTRUCTIONS:
        start = circuit.copy_empty_like()
        for instruction in circuit.data[:_MOST_INSTRUCTIONS]:
            start.append(instruction)
        circuit = start
        facts.append(f"the first {_MOST_INSTRUCTIONS} are drawn")
    # Idle qubits are left out: a large device has many, and they would hide those that the circuit uses.
    drawing = circuit.draw(output="text", fold=columns, idle_wires=False)
    return str(drawing), " · ".join(facts)
