"""An estimator's PUB where a sampler's or a circuit is needed: one error that names it."""

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.quantum_info import Pauli, PauliList, SparsePauliOp

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.errors import CircuitError
from qjm_widgets.manager.inputs import as_list, circuit_reader

ANGLE = Parameter("X")


def _read(given: Any, shots: int) -> list[CircuitInput]:
    read = circuit_reader(shots)
    return [read(index, item) for index, item in enumerate(as_list(given))]


def circuit() -> QuantumCircuit:
    made = QuantumCircuit(2, name="ansatz")
    made.rx(ANGLE, 0)
    return made


OBSERVABLES: dict[str, Any] = {
    "text": "ZZ",
    "texts": ["ZZ", "XI"],
    "nested": [["ZZ"], ["XI"]],
    "tuple": ("ZZ", "XI"),
    "terms": {"ZZ": 1.0, "XI": 0.5},
    "Pauli": Pauli("ZZ"),
    "Pauli as key": {Pauli("ZZ"): 1.0},
    "list of Pauli": [Pauli("ZZ"), Pauli("XI")],
    "PauliList": PauliList(["ZZ", "XI"]),
    "sum": SparsePauliOp.from_list([("ZZ", 1.0), ("XI", 0.5)]),
    "sums": [[SparsePauliOp("ZZ")], [SparsePauliOp("XI")]],
    "array of texts": np.array(["ZZ", "XI"]),
    "array": np.array([Pauli("ZZ"), "XI"], dtype=object),
}


@pytest.mark.parametrize("observables", OBSERVABLES.values(), ids=OBSERVABLES)
@pytest.mark.parametrize("rest", [(), ([0.1],), (None, 0.01), ([[0.1], [0.2]], 0.01)], ids=len)
def test_it_is_named_by_its_index(observables: Any, rest: Any) -> None:
    pub = (circuit(), observables, *rest)
    for given, index in (([circuit(), pub], 1), (pub, 0), ([pub], 0), ([list(pub)], 0)):
        with pytest.raises(CircuitError) as caught:
            _read(given, 100)
        text = str(caught.value)
        assert f"circuit {index} (ansatz) is an estimator's PUB" in text
        assert len(text) < 400


@pytest.mark.newer_qiskit
def test_what_estimators_make_of_it() -> None:
    from qiskit.primitives.containers.estimator_pub import EstimatorPub
    from qiskit.primitives.containers.observables_array import ObservablesArray

    for pub in (
        EstimatorPub.coerce((circuit(), "ZZ", [0.1])),
        (circuit(), ObservablesArray.coerce(["ZZ", "XI"]), [0.1]),
    ):
        for given in (pub, [pub]):
            with pytest.raises(CircuitError, match=r"circuit 0 \(ansatz\) is an estimator's PUB"):
                _read(given, 100)


@pytest.mark.newer_qiskit
@pytest.mark.parametrize(
    "values",
    [[0.1], [[0.1], [0.2]], np.array([0.1]), {ANGLE: 0.1}, {"X": [0.1, 0.2]}, {("X",): [[0.1]]}, 0.1],
    ids=repr,
)
def test_a_samplers_pub_is_none(values: Any) -> None:
    made = circuit()
    made.measure_all()
    (circuit_input,) = _read([(made, values)], 100)
    assert circuit_input.values.num_parameters == 1


@pytest.mark.newer_qiskit
@pytest.mark.parametrize(
    ("values", "text"),
    [
        ({"phi": 0.1}, r"circuit 1 \(ansatz\) has values for phi, its circuit's parameters are X"),
        ([float("nan")], r"circuit 1 \(ansatz\) has values that are not numbers \(NaN\)"),
        ([[0.1], [float("nan")]], r"not numbers \(NaN\)"),
    ],
)
def test_values_that_no_backend_takes_are_refused(values: Any, text: str) -> None:
    with pytest.raises(CircuitError, match=text):
        _read([(circuit(), [0.1]), (circuit(), values)], 100)


@pytest.mark.newer_qiskit
def test_values_of_another_type_are_named_shortly() -> None:
    with pytest.raises(CircuitError, match=r"circuit 1 \(ansatz\) is not a valid PUB") as caught:
        _read([circuit().assign_parameters([0.1]), (circuit(), object())], 100)
    assert len(str(caught.value)) < 400
