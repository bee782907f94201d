"""qiskit-algorithms over a manager: loops of many small sets."""

from collections.abc import Callable
from typing import Any

import pytest
from qiskit.circuit.library import real_amplitudes
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import EstimatorV2
from qiskit_algorithms import QAOA, VQE
from qiskit_algorithms.optimizers import COBYLA, SPSA
from qiskit_algorithms.utils import algorithm_globals

from qjm_widgets import JobManager
from tests.libraries.makers import SEED

ENERGY = SparsePauliOp.from_list([("ZZ", 1.0), ("XI", 0.5), ("IX", 0.5)])
OPTIMIZERS = {
    "COBYLA": lambda: COBYLA(maxiter=12),
    "SPSA": lambda: SPSA(maxiter=5, learning_rate=0.1, perturbation=0.1),
}
ESTIMATORS = {
    "StatevectorEstimator": lambda: StatevectorEstimator(seed=SEED),
    "Aer": lambda: EstimatorV2(options={"run_options": {"seed": SEED}}),
}


@pytest.mark.parametrize("make", ESTIMATORS.values(), ids=ESTIMATORS)
@pytest.mark.parametrize("optimizer", OPTIMIZERS.values(), ids=OPTIMIZERS)
def test_vqe(check_equal: Callable[..., Any], manager: JobManager, make: Any, optimizer: Any) -> None:
    def minimum(estimator: Any) -> Any:
        algorithm_globals.random_seed = SEED
        vqe = VQE(estimator, real_amplitudes(2, reps=1), optimizer(), initial_point=[0.1] * 4)
        found = vqe.compute_minimum_eigenvalue(ENERGY)
        return found.eigenvalue, found.optimal_point.tolist()

    check_equal("estimator", make, minimum)
    assert len(manager.job_sets()) > 5


def test_qaoa(check_equal: Callable[..., Any]) -> None:
    def best(sampler: Any) -> Any:
        algorithm_globals.random_seed = SEED
        qaoa = QAOA(sampler, COBYLA(maxiter=10), reps=1, initial_point=[0.1, 0.2])
        found = qaoa.compute_minimum_eigenvalue(SparsePauliOp(["ZZ", "ZI"], [1, 0.5]))
        return found.eigenvalue, found.best_measurement

    check_equal("sampler", lambda: StatevectorSampler(seed=SEED), best)


def test_vqe_on_a_backend(manager: JobManager) -> None:
    estimator = manager.estimator(AerSimulator(seed_simulator=SEED), name="VQE")
    vqe = VQE(estimator, real_amplitudes(2, reps=1), COBYLA(maxiter=3), initial_point=[0.1] * 4)
    assert vqe.compute_minimum_eigenvalue(ENERGY).eigenvalue < 2
    assert len(manager.job_sets(group="VQE")) >= 3


def test_sets_are_named_after_the_class_that_runs_them(manager: JobManager) -> None:
    estimator = manager.estimator(AerSimulator(seed_simulator=SEED))
    vqe = VQE(estimator, real_amplitudes(2, reps=1), COBYLA(maxiter=3), initial_point=[0.1] * 4)
    vqe.compute_minimum_eigenvalue(ENERGY)
    assert {job_set.name() for job_set in manager.job_sets()} == {"VQE"}
