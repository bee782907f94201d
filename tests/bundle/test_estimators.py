"""Estimators' sets in bundles: their observables and precision are checked, and come back."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp

from qjm_widgets import JobManager
from qjm_widgets.bundle.estimator_notes import check_estimator_notes
from qjm_widgets.bundle.strict_json import RefusalError
from qjm_widgets.serialization.observables import write_observables
from tests.fakes import LIMIT


def test_a_set_of_values_comes_back_from_a_bundle(tmp_path: Path) -> None:
    circuit = QuantumCircuit(2, name="energy")
    circuit.h(0)
    pub = (circuit, [["ZZ"], [SparsePauliOp(["XI", "IX"], [0.5, 1.5])]])
    with JobManager(tmp_path / "one") as manager:
        job_set = manager.run([pub] * 2, StatevectorEstimator(seed=3), precision=0.1)
        assert job_set.wait(LIMIT)
        manager.export(job_set, tmp_path / "set.qjm")
        values, report = job_set.results().evs(1), job_set.report()
    with JobManager(tmp_path / "two") as manager:
        loaded = manager.load(tmp_path / "set.qjm")
        np.testing.assert_array_equal(loaded.results().evs(1), values)
        assert "precision 0.1" in loaded.report()
        assert loaded.report().splitlines()[2:6] == report.splitlines()[2:6]


GOOD: dict[str, Any] = {
    "observables": [
        None,
        {"shape": [2, 1], "terms": [{"ZZ": 1.0}, {"XI": 2}], "which": [0, 1]},
    ],
    "precision": [None, 0.5],
}
ARRAY = GOOD["observables"][1]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("observables", None),
        ("observables", [None]),
        ("observables", [None, "ZZ"]),
        ("observables", [None, {**ARRAY, "which": [0]}]),
        ("observables", [None, {**ARRAY, "which": [0, 2]}]),
        ("observables", [None, {**ARRAY, "which": [0, -1]}]),
        ("observables", [None, {**ARRAY, "shape": [2, -1]}]),
        ("observables", [None, {**ARRAY, "shape": [1] * 100}]),
        ("observables", [None, {**ARRAY, "terms": [{"ZZ": "1"}, {}]}]),
        ("observables", [None, {**ARRAY, "terms": [{"ZZ": float("nan")}, {}]}]),
        ("observables", [None, {**ARRAY, "more": 1}]),
        ("precision", [None]),
        ("precision", [None, -0.5]),
        ("precision", [None, True]),
        ("precision", [None, float("inf")]),
    ],
)
def test_damaged_notes_are_refused(name: str, value: Any) -> None:
    check_estimator_notes(GOOD, 2, "circuits")
    with pytest.raises(RefusalError, match=f"does not have 2 {name}"):
        check_estimator_notes(GOOD | {name: value}, 2, "circuits")


def test_written_observables_pass() -> None:
    from qiskit.primitives.containers.observables_array import ObservablesArray

    written = write_observables(ObservablesArray.coerce([["ZZ", "XI"], ["ZZ", "01"]]))
    notes = json.loads(json.dumps({"observables": [written], "precision": [0]}))
    check_estimator_notes(notes, 1, "circuits")
