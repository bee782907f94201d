"""Circuits drawn as text, by Qiskit's own drawer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qjm_widgets.core import formatting
from qjm_widgets.core.circuit_input import CircuitInput

MOST = 3
"""Circuits that are drawn for one question."""
_INSTRUCTIONS = 400
"""How many are drawn of a long circuit: nobody reads more, and drawing takes its time."""
_CHARACTERS = 60_000


def draw(works: Sequence[CircuitInput], first: int, columns: int) -> list[dict[str, Any]]:
    """Draw circuits.

    Args:
        works: the circuits.
        first: index in the set of the first of them.
        columns: characters on a line.
    """
    return [_drawn(work, first + place, columns) for place, work in enumerate(works)]


def _drawn(work: CircuitInput, index: int, columns: int) -> dict[str, Any]:
    circuit = work.circuit
    try:
        text, facts = _text(circuit, columns)
    except Exception as error:  # a drawer may fail on anything that somebody calls a gate
        text, facts = "", f"Qiskit cannot draw it: {formatting.first_line(str(error) or repr(error))}"
    if work.values is not None and work.values.num_parameters:
        shape = "×".join(map(str, work.values.shape)) or "one set"
        facts += f" · parameter values: {shape}"
    return {
        "circuit": index,
        "name": formatting.first_line(str(circuit.name)),
        "facts": facts,
        "text": text[:_CHARACTERS],
    }


def _text(circuit: Any, columns: int) -> tuple[str, str]:
    if not hasattr(circuit, "num_qubits"):  # a pulse schedule, of which there is no text drawing
        return str(circuit), "pulse schedule"
    number = len(circuit.data)
    facts = [
        formatting.plural(circuit.num_qubits, "qubit"),
        formatting.plural(number, "instruction"),
        f"depth {circuit.depth():,}",
    ]
    if number > _INSTRUCTIONS:
        start = circuit.copy_empty_like()
        for instruction in circuit.data[:_INSTRUCTIONS]:
            start.append(instruction)
        circuit = start
        facts.append(f"the first {_INSTRUCTIONS} are drawn")
    # Qubits of a large device that the circuit does not touch would bury those that it does.
    drawing = circuit.draw(output="text", fold=columns, idle_wires=False)
    return str(drawing), " · ".join(facts)
