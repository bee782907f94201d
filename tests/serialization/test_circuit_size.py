"""The size of circuits in the store."""

import random

import pytest
from qiskit import QuantumCircuit

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import Span
from qjm_widgets.serialization.circuits import write_block

SETS = 5_000
PART = 10


def layered(layers: int) -> QuantumCircuit:
    """A circuit of 100 qubits as a device runs it, with angles that do not pack."""
    circuit = QuantumCircuit(100, 100)
    for layer in range(layers):
        for qubit in range(100):
            circuit.rz(random.random(), qubit)
            circuit.sx(qubit)
            circuit.rz(random.random(), qubit)
        for qubit in range(layer % 2, 99, 2):
            circuit.cz(qubit, qubit + 1)
    circuit.measure(range(100), range(100))
    return circuit


@pytest.mark.newer_qiskit
def test_five_thousand_circuits_of_a_hundred_qubits_take_less_than_300_megabytes() -> None:
    random.seed(1)
    block, _ = write_block(Span(0, PART), [CircuitInput(layered(10), None, None) for _ in range(PART)])
    assert (len(block.data) + len(block.notes)) * SETS // PART < 300_000_000
