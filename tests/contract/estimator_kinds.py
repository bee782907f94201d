"""Every local estimator, PUBs for them, and the comparison with a plain call."""

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import (
    BackendEstimatorV2,
    PubResult,
    StatevectorEstimator,
)
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import Pauli, SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import EstimatorV2 as AerEstimator
from qiskit_ibm_runtime import EstimatorV2

from qjm_widgets import JobSet
from tests.fakes import LIMIT

SEED = 42
PRECISION = 0.05
OPERATOR = SparsePauliOp.from_list([("ZI", 0.5), ("XX", -1.25), ("IY", 2.0)])


def aer_estimator(seed: int | None) -> AerEstimator:
    return AerEstimator(options={"run_options": {} if seed is None else {"seed_simulator": seed}})


def backend_estimator(seed: int | None) -> BackendEstimatorV2:
    return BackendEstimatorV2(backend=AerSimulator(), options={"seed_simulator": seed})


def statevector_estimator(seed: int | None) -> StatevectorEstimator:
    return StatevectorEstimator(seed=seed)


def runtime_estimator(seed: int | None) -> Any:
    """The runtime's in local mode."""
    options = {} if seed is None else {"simulator": {"seed_simulator": seed}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return EstimatorV2(mode=AerSimulator(), options=options)


Make = Callable[[int | None], Any]
KINDS: dict[str, Make] = {
    "StatevectorEstimator": statevector_estimator,
    "BackendEstimatorV2": backend_estimator,
    "Aer EstimatorV2": aer_estimator,
    "runtime EstimatorV2": runtime_estimator,
}
#: Estimators that can be sent to other processes.
PICKLED = [name for name in KINDS if name != "runtime EstimatorV2"]
#: Estimators that begin with their seed at each PUB: a cut changes nothing.
EACH_PUB = ["StatevectorEstimator", "Aer EstimatorV2"]
every = pytest.mark.parametrize("make", KINDS.values(), ids=KINDS)
picklable = pytest.mark.parametrize("make", [KINDS[name] for name in PICKLED], ids=PICKLED)
each_pub = pytest.mark.parametrize("make", [KINDS[name] for name in EACH_PUB], ids=EACH_PUB)


def ansatz(name: str = "ansatz") -> QuantumCircuit:
    circuit = QuantumCircuit(2, name=name, metadata={"depth": 3})
    circuit.ry(Parameter("a"), 0)
    circuit.cx(0, 1)
    circuit.rx(Parameter("b"), 1)
    return circuit


def bound(name: str = "bound") -> QuantumCircuit:
    circuit = ansatz().assign_parameters([0.3, 1.1])
    circuit.name = name
    return circuit


def measured(name: str = "measured") -> QuantumCircuit:
    circuit = bound(name)
    circuit.measure_all()
    return circuit


VALUES = np.linspace(0, 2, 8).reshape(4, 2)
PUBS: dict[str, Any] = {
    "a Pauli string": (bound(), "ZZ"),
    "a Pauli": (bound(), Pauli("XY")),
    "an operator": (bound(), OPERATOR),
    "a mapping": (bound(), {"ZZ": 0.5, "XI": 1.5}),
    "a list": (bound(), ["ZZ", "XI", OPERATOR]),
    "an array": (bound(), np.array([["ZZ"], ["XX"]], dtype=object)),
    "values": (ansatz(), "ZZ", VALUES[0]),
    "a sweep": (ansatz(), OPERATOR, VALUES),
    "values by name": (ansatz(), "ZI", {"a": [0.1, 0.2], "b": [0.3, 0.4]}),
    "broadcast": (ansatz(), [["ZZ"], ["XX"], [OPERATOR]], VALUES),
    "one by one": (ansatz(), ["ZZ", "XX", "YY", "IZ"], VALUES),
    "a precision": (ansatz(), OPERATOR, VALUES[:2], 0.1),
    "an EstimatorPub": EstimatorPub.coerce((ansatz(), OPERATOR, VALUES[:2], 0.1)),
}

#: The runtime takes one precision a job.
OWN_PRECISION = ("a precision", "an EstimatorPub")


def ended(job_set: JobSet) -> JobSet:
    assert job_set.wait(LIMIT), repr(job_set)
    assert job_set.error_messages() is None
    return job_set


def check_same(found: PubResult, expected: PubResult) -> None:
    """All that the estimator gave, to the last bit."""
    assert type(found) is type(expected) is PubResult
    assert found.data.shape == expected.data.shape
    assert set(found.data) == set(expected.data)
    for field in expected.data:
        np.testing.assert_array_equal(found.data[field], expected.data[field], strict=False)
    differing = {"simulator_metadata"}  # seconds
    for key in expected.metadata.keys() - differing:
        assert found.metadata[key] == expected.metadata[key]
