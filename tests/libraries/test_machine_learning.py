"""qiskit-machine-learning over a manager: a kernel and neural networks."""

from collections.abc import Callable
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit.library import real_amplitudes, zz_feature_map
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.quantum_info import SparsePauliOp
from qiskit_machine_learning.kernels import FidelityQuantumKernel
from qiskit_machine_learning.neural_networks import EstimatorQNN, SamplerQNN
from qiskit_machine_learning.state_fidelities import ComputeUncompute

from tests.libraries.makers import SEED


def test_a_kernel(check_equal: Callable[..., Any]) -> None:
    points = np.array([[0.1, 0.2], [0.4, 0.9], [1.0, 2.0]])

    def matrix(sampler: Any) -> Any:
        fidelity = ComputeUncompute(sampler=sampler)
        kernel = FidelityQuantumKernel(feature_map=zz_feature_map(2, reps=1), fidelity=fidelity)
        return kernel.evaluate(points).tolist()

    found = check_equal("sampler", lambda: StatevectorSampler(seed=SEED), matrix)
    assert np.shape(found) == (3, 3)


def test_a_sampler_network(check_equal: Callable[..., Any]) -> None:
    features, ansatz = zz_feature_map(2, reps=1), real_amplitudes(2, reps=1)
    circuit = QuantumCircuit(2)
    circuit.compose(features, inplace=True)
    circuit.compose(ansatz, inplace=True)

    def passes(sampler: Any) -> Any:
        network = SamplerQNN(
            circuit=circuit,
            input_params=features.parameters,
            weight_params=ansatz.parameters,
            sampler=sampler,
        )
        weights = [0.1, 0.2, 0.3, 0.4]
        _, gradients = network.backward([[0.1, 0.2]], weights)
        return network.forward([[0.1, 0.2], [0.3, 0.4]], weights).tolist(), gradients.tolist()

    check_equal("sampler", lambda: StatevectorSampler(seed=SEED), passes)


def test_an_estimator_network(check_equal: Callable[..., Any]) -> None:
    ansatz = real_amplitudes(2, reps=1)

    def forward(estimator: Any) -> Any:
        network = EstimatorQNN(
            circuit=ansatz,
            weight_params=ansatz.parameters,
            estimator=estimator,
            observables=[SparsePauliOp("ZZ")],
        )
        return network.forward([], [0.1, 0.2, 0.3, 0.4]).tolist()

    check_equal("estimator", lambda: StatevectorEstimator(seed=SEED), forward)
