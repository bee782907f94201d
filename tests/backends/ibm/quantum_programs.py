"""Quantum programs, and the comparison of their results, for the tests of the runtime's ``Executor``."""

from __future__ import annotations

from typing import Any

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter
from qiskit_ibm_runtime import QuantumProgram
from samplomatic import build
from samplomatic.transpiler import generate_boxing_pass_manager

DATA = {"list": [1, [2.5, None, True]], "array": np.arange(6.0).reshape(2, 3), "text": "ü"}


def rotation(device: Any = None) -> QuantumCircuit:
    """A circuit that gives 1 at odd multiples of pi."""
    circuit = QuantumCircuit(1, name="rotation")
    circuit.rx(Parameter("t"), 0)
    circuit.measure_all()
    return circuit if device is None else transpile(circuit, device, optimization_level=0)


def fixed(device: Any = None) -> QuantumCircuit:
    """A circuit of two registers that gives a = 1 and b = 01."""
    circuit = QuantumCircuit(QuantumRegister(2), ClassicalRegister(1, "a"), ClassicalRegister(2, "b"))
    circuit.name = "fixed"
    circuit.x(0)
    circuit.measure([0, 0, 1], [0, 1, 2])
    return circuit if device is None else transpile(circuit, device, optimization_level=0)


def twirled(device: Any = None) -> tuple[QuantumCircuit, Any]:
    """The template and the samplex of a Bell state with a twirled measurement; it takes one value."""
    circuit = QuantumCircuit(2, name="twirled")
    circuit.sx(0)
    circuit.rz(Parameter("a"), 0)
    circuit.sx(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    if device is not None:
        circuit = transpile(circuit, device, optimization_level=0, initial_layout=[0, 1])
    boxing = generate_boxing_pass_manager(enable_gates=True, enable_measures=True)
    template, samplex = build(boxing.run(circuit))
    template.name = "twirled"
    return template, samplex


def mixed(device: Any = None, shots: int = 20, **settings: Any) -> QuantumProgram:
    """A program of an item with a samplex, one with a sweep, and one without arguments."""
    program = QuantumProgram(shots, passthrough_data=DATA, **settings)
    template, samplex = twirled(device)
    values = {"parameter_values": np.array([[0.0], [np.pi]])}
    program.append_samplex_item(template, samplex, samplex_arguments=values, shape=(3, 2))
    program.append_circuit_item(rotation(device), np.pi * np.arange(6).reshape(2, 3, 1))
    program.append_circuit_item(fixed(device))
    return program


def assert_equal(found: Any, plain: Any) -> None:
    """Check that a result is of the type and values of the one that the plain ``Executor`` gives."""
    assert type(found) is type(plain)
    assert_equal_items(found, plain)
    np.testing.assert_equal(found.passthrough_data, plain.passthrough_data)
    assert found._semantic_role == plain._semantic_role


def assert_equal_items(found: Any, plain: Any) -> None:
    """Check that the results of items are of the types and values of other results."""
    assert len(found) == len(plain)
    for mine, theirs in zip(found, plain, strict=True):
        assert type(mine) is type(theirs)
        assert mine.keys() == theirs.keys()
        for name, array in theirs.items():
            assert mine[name].dtype == array.dtype
            np.testing.assert_array_equal(mine[name], array)
        assert type(mine.metadata) is type(theirs.metadata)


def sent_program(job: Any) -> dict[str, Any]:
    """Return the program that a job of the server has, without its circuits and samplexes.

    The runtime writes an automatic name into those, which differs each time.
    """
    program = {**job.params["quantum_program"], "circuits": None}
    program["items"] = [{**item, "samplex": None} for item in program["items"]]
    return program
