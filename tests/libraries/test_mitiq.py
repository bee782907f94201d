"""mitiq with an executor over a manager."""

from collections.abc import Callable
from typing import Any

from mitiq import zne
from qiskit import QuantumCircuit, transpile

from tests.libraries.makers import SEED, noisy


def extrapolated(backend: Any) -> float:
    def execute(circuit: QuantumCircuit) -> float:
        fitting = transpile(circuit, backend, optimization_level=0, seed_transpiler=1)
        counts = backend.run(fitting, shots=1000, seed_simulator=SEED).result().get_counts()
        return counts.get("0", 0) / 1000

    circuit = QuantumCircuit(1, 1)
    for _ in range(4):
        circuit.x(0)
        circuit.h(0)
    circuit.measure(0, 0)
    factory = zne.inference.LinearFactory([1, 3, 5])
    found = zne.execute_with_zne(circuit, execute, factory=factory, scale_noise=zne.scaling.fold_global)
    return float(found)


def test_an_extrapolation_to_zero_noise(check_equal: Callable[..., Any]) -> None:
    check_equal("backend", noisy, extrapolated)
