"""The counted bytes of circuits and PUBs are those that the runtime's own encoder writes."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.circuit.library import efficient_su2
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.quantum_info import SparsePauliOp
from qiskit_ibm_runtime.json import RuntimeEncoder

from qjm_widgets import JobManager
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.serialization.payload import payload_bytes


def layers(qubits: int, depth: int, parameters: int = 0) -> QuantumCircuit:
    chance = np.random.default_rng(1)
    circuit = QuantumCircuit(qubits, metadata={"depth": depth})
    for qubit, parameter in enumerate(ParameterVector("t", parameters)):
        circuit.rx(parameter, qubit % qubits)
    for _ in range(depth):
        for qubit in range(qubits):
            circuit.rz(chance.uniform(0, 6), qubit)
        circuit.cx(*chance.choice(qubits, 2, replace=False))
    return circuit


def measured(circuit: QuantumCircuit) -> QuantumCircuit:
    circuit = circuit.copy()
    circuit.measure_all()
    return circuit


def values(*shape: int) -> np.ndarray:
    return np.random.default_rng(2).uniform(0, 6, shape)


FIELD = SparsePauliOp.from_sparse_list([("Z", [qubit], 0.5) for qubit in range(20)], 20)


@pytest.mark.parametrize(
    "pub",
    [
        SamplerPub.coerce(measured(layers(100, 90)), 10),
        SamplerPub.coerce((measured(layers(5, 3, parameters=4)), values(5000, 4)), 10),
        SamplerPub.coerce((measured(layers(3, 2, parameters=2)), values(40, 50, 2)), 10),
        EstimatorPub.coerce((efficient_su2(20), [[FIELD], [FIELD * 2]], values(30, 160)), 0.1),
    ],
    ids=["circuit", "sweep", "two axes", "estimator"],
)
def test_counts_what_the_runtime_sends(pub: Any) -> None:
    sent = len(json.dumps(pub, cls=RuntimeEncoder))
    observables = getattr(pub, "observables", None)
    counted = payload_bytes(CircuitInput(pub.circuit, pub.parameter_values, None, observables))
    assert 0.95 * sent < counted < 1.15 * sent


def test_a_sweep_that_fits_in_a_request_is_one_job(manager: JobManager, quantum: Any) -> None:
    circuit = QuantumCircuit(1)
    circuit.rz(ParameterVector("t", 1)[0], 0)
    circuit.measure_all()
    plan = manager.plan((circuit, values(100_000, 1)), quantum(max_payload_bytes=1_100_000), shots=1)
    assert len(plan.jobs) == 1
    assert 1_000_000 < (plan.payload_bytes or 0) < 1_100_000
