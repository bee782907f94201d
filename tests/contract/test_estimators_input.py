"""PUBs that an estimator cannot run, and other bad input, are errors at the call."""

import re
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister
from qiskit.primitives import (
    StatevectorEstimator,
    StatevectorSampler,
)
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets.errors import CircuitError, InputError
from tests.contract.estimator_kinds import (
    PRECISION,
    SEED,
    VALUES,
    Make,
    aer_estimator,
    ansatz,
    backend_estimator,
    bound,
    check_same,
    ended,
    every,
    measured,
    runtime_estimator,
)

pytestmark = pytest.mark.filterwarnings("ignore:Specifying different 'precision' across pubs")


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


NAN = float("nan")
BAD: dict[str, tuple[Any, str]] = {
    "observables of other qubits": ((bound("bad"), "ZZZ"), "number of qubits"),
    "observables of several sizes": ((bound("bad"), ["ZZ", "Z"]), "qubits must be the same"),
    "no Pauli string": ((bound("bad"), "ZQ"), "labels must only contain"),
    "not Hermitian": ((bound("bad"), SparsePauliOp("ZZ", 1j)), "Non-Hermitian"),
    "no observables": ((bound("bad"), []), "no point"),
    "a shape that does not broadcast": ((ansatz("bad"), ["ZZ", "XX", "YY"], VALUES), "broadcast"),
    "a negative precision": ((bound("bad"), "ZZ", None, -0.1), "precision of circuit 1 .* at least 0"),
    "a precision that is NaN": ((bound("bad"), "ZZ", None, NAN), "precision of circuit 1 .* finite"),
    "a precision that is no number": (
        (bound("bad"), "ZZ", None, "high"),
        "precision of circuit 1 .* a number",
    ),
    "values missing": ((ansatz("bad"), "ZZ"), "has parameters without values"),
    "too few values": ((ansatz("bad"), "ZZ", [0.1]), r"shape \(1,\), .* 2 parameters: a, b"),
    "too many values": ((ansatz("bad"), "ZZ", np.zeros((4, 3))), r"shape \(4, 3\), .* 2 parameters"),
    "values for one": ((ansatz("bad"), "ZZ", {"a": 0.1}), "give values for b"),
    "values for none": ((bound("bad"), "ZZ", [0.1]), "and no parameters"),
    "values of two shapes": (
        (ansatz("bad"), "ZZ", {"a": np.zeros((4, 1)), "b": np.zeros((1, 5))}),
        r"different shapes, \(4, 1\), \(1, 5\)",
    ),
    "values for others": ((ansatz("bad"), "ZZ", {"a": 0.1, "c": 0.2}), "has values for c"),
    "NaN": ((ansatz("bad"), "ZZ", [0.1, NAN]), r"not numbers \(NaN\)"),
    "infinite values": ((ansatz("bad"), "ZZ", [0.1, float("inf")]), "infinite"),
    "complex values": ((ansatz("bad"), "ZZ", np.array([0.1, 1 + 1j])), "complex numbers"),
    "values that are texts": ((ansatz("bad"), "ZZ", ["0.1", "0.2"]), "texts"),
    "projectors": ((bound("bad"), ["ZZ", "0+"]), "has the observable '0[+]'"),
    "measurements": ((measured("bad"), ["IZ", "XX"]), "ends with measurements"),
    "NaN coefficients": ((bound("bad"), {"ZZ": NAN}), "not finite numbers"),
    "NaN in an operator": ((bound("bad"), [[SparsePauliOp("ZZ", NAN)]]), "not finite numbers"),
    "infinite coefficients": ((bound("bad"), {"ZZ": float("inf")}), "not finite numbers"),
    "a circuit": (bound("bad"), "has no observables"),
    "a circuit alone": ((bound("bad"),), "has no observables"),
    "a sampler's PUB": ((ansatz("bad"), [0.1, 0.2]), "is a sampler's PUB"),
    "a sampler's PUB by name": ((ansatz("bad"), {"a": 0.1, "b": 0.2}), "is a sampler's PUB"),
    "a sampler's PUB of bindings": (
        (ansatz("bad"), BindingsArray({("a", "b"): VALUES})),
        "is a sampler's PUB",
    ),
    "a sampler's PUB with shots": ((bound("bad"), None, 100), "is a sampler's PUB"),
    "too many parts": ((bound("bad"), "ZZ", None, 0.1, 5), "has 5 parts"),
}


@every
@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_an_error_that_names_the_pub(name: str, make: Make, manager: JobManager) -> None:
    pub, why = BAD[name]
    for call in (manager.run, manager.plan):
        with pytest.raises(InputError, match=why) as caught:
            call([(bound(), "ZZ"), pub], make(None), precision=0.1)
        assert "circuit 1 (bad)" in str(caught.value)
        assert len(str(caught.value)) < 500
        if isinstance(pub, tuple):
            with pytest.raises(InputError, match=why.replace(" 1 ", " 0 ")):
                call(pub, make(None), precision=0.1)
    assert manager.history() == []


def test_measurements_that_estimators_run(manager: JobManager) -> None:
    """Of qubits that no observable is about, or in the middle of the circuit."""
    middle = bound()
    middle.add_register(ClassicalRegister(1))
    middle.measure(0, 0)
    middle.x(0)
    for make in (backend_estimator, aer_estimator, runtime_estimator):
        for pub in ((measured(), "II"), (middle, "ZI"), (middle, "IZ")):
            job_set = ended(manager.run(pub, make(SEED), precision=PRECISION))
            (expected,) = make(SEED).run([pub], precision=PRECISION).result()
            check_same(job_set.results().primitive_result(0), expected)
    for call in (manager.run, manager.plan):
        with pytest.raises(CircuitError, match=r"circuit 0 \(bound\) has measurements"):
            call((middle, "ZI"), StatevectorEstimator())


@every
@pytest.mark.parametrize("precision", [-0.1, NAN, float("inf"), "0.1", True, [0.1]], ids=repr)
def test_a_precision_that_cannot_be(make: Make, precision: Any, manager: JobManager) -> None:
    with pytest.raises(InputError, match="precision must be"):
        manager.run([(bound(), "ZZ")], make(None), precision=precision)


def test_a_precision_of_zero_for_one_that_counts_shots(manager: JobManager) -> None:
    for make in (backend_estimator, runtime_estimator):
        with pytest.raises(CircuitError, match=r"circuit 0 \(bound\) .* precision 0"):
            manager.run([(bound(), "ZZ")], make(None), precision=0)


@every
def test_things_that_are_no_pub(make: Make, manager: JobManager) -> None:
    for pub in (5, None, [], ("ZZ", bound()), object()):
        with pytest.raises(InputError, match="item 1 is not a PUB but"):
            manager.run([(bound(), "ZZ"), pub], make(None))
    with pytest.raises(InputError, match="no PUBs were given"):
        manager.run([], make(None))


@every
def test_a_set_is_of_one_kind(make: Make, manager: JobManager) -> None:
    """An estimator takes no shots, and what gives counts no precision and no PUB of an estimator."""
    with pytest.raises(InputError, match="is an estimator, which takes no shots"):
        manager.run([(bound(), "ZZ")], make(None), shots=100)
    sampled = bound("sampled")
    sampled.measure_all()
    for backend in (StatevectorSampler(), AerSimulator()):
        with pytest.raises(InputError, match="precision= is for estimators"):
            manager.run([sampled], backend, precision=0.1)
        with pytest.raises(CircuitError, match=r"circuit 1 \(bound\) is an estimator's PUB"):
            manager.run([sampled, (bound(), "ZZ")], backend)
    with pytest.raises(CircuitError, match=re.escape("circuit 1 (sampled) has no observables")):
        manager.run([(bound(), "ZZ"), sampled], make(None))
