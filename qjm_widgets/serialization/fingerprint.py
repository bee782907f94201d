"""The fingerprint of what a set runs: equal circuits, values and options have equal fingerprints."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.serialization.canonical import canonical_text, digest, unnumbered
from qjm_widgets.serialization.metadata import write_metadata
from qjm_widgets.serialization.observables import write_observables
from qjm_widgets.serialization.parameter_values import write_values


def fingerprint_of(inputs: Iterable[CircuitInput], options: Mapping[str, Any]) -> str:
    """Return the fingerprint of circuits and run options, as 64 hexadecimal digits.

    Circuits are equal if their registers, instructions, parameters and metadata are, and their names
    without Qiskit's running numbers. How they are cut into jobs does not matter.

    Raises:
        UncomparableError: a circuit or an option cannot be compared; the error names the circuit.
    """
    texts = [_input_text(index, circuit_input) for index, circuit_input in enumerate(inputs)]
    return digest([canonical_text(dict(options)), *texts])


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
