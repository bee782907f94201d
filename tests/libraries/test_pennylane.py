"""A PennyLane device over a backend over a manager."""

from collections.abc import Callable
from typing import Any

import pennylane as qml
import pytest
from qiskit_aer import AerSimulator

from tests.libraries.makers import SEED, fake


@pytest.mark.parametrize("make", [lambda: AerSimulator(seed_simulator=SEED), fake])
def test_a_device(check_equal: Callable[..., Any], make: Any) -> None:
    def measured(backend: Any) -> Any:
        device = qml.device("qiskit.remote", wires=2, backend=backend)

        @qml.set_shots(500)
        @qml.qnode(device)
        def circuit(angle: float) -> Any:
            qml.RX(angle, wires=0)
            qml.CNOT(wires=[0, 1])
            return qml.expval(qml.PauliZ(1)), qml.counts(wires=[0, 1])

        return circuit(0.4)

    check_equal("backend", make, measured)
