"""mthree over a manager: calibration and correction."""

from collections.abc import Callable
from typing import Any

import mthree
import pytest
from qiskit import QuantumCircuit, transpile

from tests.libraries.makers import SEED, fake, seeded


def corrected(backend: Any) -> Any:
    mitigation = mthree.M3Mitigation(backend)
    mitigation.cals_from_system([0, 1, 2], shots=1000)
    circuit = QuantumCircuit(3)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.cx(1, 2)
    circuit.measure_all()
    fitting = transpile(circuit, backend, initial_layout=[0, 1, 2], seed_transpiler=1)
    counts = backend.run(fitting, shots=1000, seed_simulator=SEED).result().get_counts()
    return sorted(mitigation.apply_correction(counts, [0, 1, 2]).items())


@pytest.mark.parametrize("make", [seeded, fake])
def test_calibration_and_correction(check_equal: Callable[..., Any], make: Any, manager: Any) -> None:
    assert len(check_equal("backend", make, corrected)) >= 2
    assert manager.job_sets()[0].tags() == ["M3 calibration"]
