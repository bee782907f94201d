"""The fingerprint of what a set runs: equal circuits, values and options have equal fingerprints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.program_item import ProgramItem
from qjm_widgets.serialization.canonical import UncomparableError, canonical_text, digest, unnumbered
from qjm_widgets.serialization.metadata import write_metadata
from qjm_widgets.serialization.observables import write_observables
from qjm_widgets.serialization.parameter_values import write_values
from qjm_widgets.serialization.program_items import write_items


def fingerprint_of(inputs: Iterable[CircuitInput], options: Mapping[str, Any]) -> str:
    """Return the fingerprint of circuits and run options, as 64 hexadecimal digits.

    Circuits are equal if their registers, instructions, parameters and metadata are, and their names
    without Qiskit's running numbers. How they are cut into jobs does not matter.

    Raises:
        UncomparableError: a circuit or an option cannot be compared; the error names the circuit.
    """
    texts = []
    items = []
    for index, circuit_input in enumerate(inputs):
        texts.append(_input_text(index, circuit_input))
        items += [] if circuit_input.item is None else [circuit_input.item]
    if items:
        texts.append(_program_text(items))
    return digest([canonical_text(dict(options)), *texts])


def _program_text(items: Sequence[ProgramItem]) -> str:
    """Return what the items of a program have beside their circuits and circuit arguments.

    Raises:
        UncomparableError: one has a samplex, into which the runtime writes running numbers.
    """
    if any(item.samplex is not None for item in items):
        raise UncomparableError("the program has a samplex, which cannot be compared")
    tree = write_items(items)
    return json.dumps({**tree, "quantum_program": {**tree["quantum_program"], "circuits": None}})


def _input_text(index: int, circuit_input: CircuitInput) -> str:
    circuit, values = circuit_input.circuit, circuit_input.values
    try:
        text = canonical_text(circuit)
    except ValueError as error:
        raise type(error)(f"circuit {index} ({circuit.name}): {error}") from error
    notes = [
        unnumbered(circuit.name),
        write_metadata(circuit.metadata or {})[0],
        None if values is None else write_values(values),
        circuit_input.shots,
        write_observables(circuit_input.observables),
        circuit_input.precision,
    ]
    return f"{text}{json.dumps(notes)}"
