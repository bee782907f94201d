"""qiskit-addon-cutting over a manager."""

from collections.abc import Callable
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import SparsePauliOp
from qiskit_addon_cutting import (
    generate_cutting_experiments,
    partition_problem,
    reconstruct_expectation_values,
)
from qiskit_aer.primitives import SamplerV2

from tests.libraries.makers import SEED


def reconstructed(sampler: Any) -> Any:
    circuit = QuantumCircuit(4)
    for qubit in range(4):
        circuit.ry(0.3 * qubit + 0.2, qubit)
    for qubit in range(3):
        circuit.cx(qubit, qubit + 1)
    paulis = SparsePauliOp(["ZZII", "IIZZ"]).paulis
    parts = partition_problem(circuit=circuit, partition_labels="AABB", observables=paulis)
    experiments, coefficients = generate_cutting_experiments(
        circuits=parts.subcircuits, observables=parts.subobservables, num_samples=np.inf
    )
    results = {label: sampler.run(given, shots=200).result() for label, given in experiments.items()}
    return reconstruct_expectation_values(results, coefficients, parts.subobservables)


def test_expectation_values_of_a_circuit_that_is_cut(check_equal: Callable[..., Any]) -> None:
    assert len(check_equal("sampler", lambda: SamplerV2(seed=SEED), reconstructed)) == 2
