"""Circuits drawn as text."""

from __future__ import annotations

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.widgets.circuit_drawing import draw


def bell(qubits: int = 2) -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, 2, name="bell")
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def test_a_circuit_is_drawn_as_qiskit_draws_it() -> None:
    (drawn,) = draw([CircuitInput(bell())], 7, 80)
    assert drawn["circuit"] == 7
    assert drawn["name"] == "bell"
    assert drawn["facts"] == "2 qubits · 4 instructions · depth 3"
    assert drawn["text"] == str(bell().draw(output="text", fold=80))


def test_idle_qubits_are_left_out() -> None:
    (drawn,) = draw([CircuitInput(bell(127))], 0, 80)
    assert "127 qubits" in drawn["facts"]
    assert len(drawn["text"].splitlines()) < 12


def test_a_long_circuit_is_drawn_in_part_with_a_note() -> None:
    circuit = QuantumCircuit(1)
    for _ in range(20_000):
        circuit.x(0)
    (drawn,) = draw([CircuitInput(circuit)], 0, 80)
    assert drawn["facts"] == "1 qubit · 20,000 instructions · depth 20,000 · the first 400 are drawn"
    assert drawn["text"].count("X") == 400
    assert max(map(len, drawn["text"].splitlines())) <= 82


def test_a_failed_drawing_has_a_reason_and_others_are_drawn() -> None:
    class Broken(QuantumCircuit):
        def draw(self, *_: object, **__: object) -> None:
            raise ValueError("no picture of it")

    first, second = draw([CircuitInput(Broken(1)), CircuitInput(bell())], 0, 80)
    assert first["facts"] == "Qiskit cannot draw it: no picture of it"
    assert "H" in second["text"]


@pytest.mark.newer_qiskit
def test_parameter_values_are_shown_by_their_shape() -> None:
    from qiskit.primitives.containers.bindings_array import BindingsArray

    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("θ"), 0)
    (drawn,) = draw([CircuitInput(circuit, BindingsArray({"θ": [[0.1, 0.2, 0.3]] * 2}))], 0, 80)
    assert drawn["facts"].endswith("parameter values: 2×3")
    assert "θ" in drawn["text"]
