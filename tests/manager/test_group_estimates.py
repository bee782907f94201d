"""The value of a set of expectation values, for the trend of a loop."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator

from qjm_widgets import JobManager

THETA = Parameter("theta")


def test_expectation_values_give_their_mean() -> None:
    circuit = QuantumCircuit(1)
    circuit.ry(THETA, 0)
    with JobManager(":memory:") as manager, manager.group("VQE") as group:
        estimator = StatevectorEstimator()
        points = np.linspace(0, np.pi, 5)
        for pubs in (
            [(circuit, "Z", [0.5])],
            [(circuit, "Z", points)],
            [(circuit, "Z", [x]) for x in points],
        ):
            manager.run(pubs, estimator, max_points_per_job=2).results()
        assert group.values() == [pytest.approx(np.cos(0.5)), *[pytest.approx(0, abs=1e-12)] * 2]
