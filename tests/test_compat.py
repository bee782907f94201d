"""The fast copy of a circuit equals Qiskit's."""

from collections.abc import Callable

import pytest
from qiskit import AncillaRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter
from qiskit.circuit.library import RYGate

from qjm_widgets._compat import copy_circuit


def plain() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name="bell", metadata={"depth": [3, {"a": 1}]})
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [1, 0])
    circuit.global_phase = 0.25
    return circuit


def with_parameters() -> QuantumCircuit:
    circuit = plain()
    circuit.append(RYGate(Parameter("angle")), [1])
    return circuit


def with_ancillas() -> QuantumCircuit:
    circuit = QuantumCircuit(QuantumRegister(2, "q"), AncillaRegister(1, "a"), name="helped")
    circuit.cx(0, 2)
    circuit.measure_all()
    return circuit


def with_branches() -> QuantumCircuit:
    circuit = plain()
    with circuit.if_test((circuit.clbits[0], True)):
        circuit.x(1)
    return circuit


def transpiled() -> QuantumCircuit:
    coupling = [[0, 1], [1, 2], [2, 3]]
    return transpile(with_ancillas(), basis_gates=["rz", "sx", "cx"], coupling_map=coupling)


class Subclass(QuantumCircuit):
    """A user's own kind."""


MAKERS = [plain, with_parameters, with_ancillas, with_branches, transpiled]


@pytest.mark.parametrize("make", MAKERS)
def test_a_copy_is_the_one_that_qiskit_makes(make: Callable[[], QuantumCircuit]) -> None:
    circuit = make()
    ours, theirs = copy_circuit(circuit), circuit.copy()
    assert type(ours) is type(theirs)
    assert ours == theirs == circuit
    assert vars(ours).keys() == vars(theirs).keys()
    assert (ours.name, ours.metadata, ours.layout) == (theirs.name, theirs.metadata, theirs.layout)
    assert (ours.qregs, ours.cregs, ours.ancillas) == (theirs.qregs, theirs.cregs, theirs.ancillas)


@pytest.mark.parametrize("make", MAKERS)
def test_what_happens_to_the_circuit_leaves_its_copy_alone(make: Callable[[], QuantumCircuit]) -> None:
    circuit = make()
    before, copied = circuit.copy(), copy_circuit(circuit)
    circuit.x(0)
    if circuit.layout is None:  # Qiskit warns
        circuit.add_register(AncillaRegister(1, "late"))
    circuit.global_phase = 1.0
    circuit.name = "another"
    circuit.metadata["depth"] = "another"
    if circuit.parameters:
        circuit.assign_parameters([0.5], inplace=True)
    assert copied == before
    assert (copied.name, copied.metadata) == (before.name, before.metadata)
    assert copied.ancillas == before.ancillas
    copied.x(1)
    with copied.if_test((copied.clbits[0], True)):
        copied.x(0)
    assert copied.count_ops()["if_else"] == before.count_ops().get("if_else", 0) + 1
    assert "another" in circuit.name


def test_a_class_of_the_users_own_is_copied_by_qiskit() -> None:
    circuit = Subclass(1, 1)
    circuit.own = ["a"]  # type: ignore[attr-defined]
    copied = copy_circuit(circuit)
    assert type(copied) is Subclass
    assert copied.own == ["a"]
