"""Results as an xarray dataset: its dimensions, its coordinates, and what is missing."""

from typing import Any

import numpy as np
import pytest
import xarray  # noqa: F401  (conftest leaves this file out where it is not installed)

from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.errors import InputError
from qjm_widgets.state import results_dataset
from tests.results.result_sets import done, estimated, ran, sampled, stored, values_of


def test_circuits_have_outcomes_and_metadata_along_them() -> None:
    metadata: list[dict[Any, Any]] = [{"theta": 0.0, "n": 1, "count": "x"}, {"theta": 0.5}]
    outcomes = [[ran("c0", {"0x0": 3, "0x3": 1}), ran("c1", {"0x1": 2})]]
    with stored(outcomes, (), metadata) as results:
        data = results.to_xarray()
    assert data["count"].dims == ("circuit", "outcome")
    assert data["count"].dtype == np.int64
    assert data["outcome"].values.tolist() == ["00", "01", "11"]
    assert data["count"].values.tolist() == [[3, 0, 1], [0, 2, 0]]
    assert data["probability"].sel(circuit=0, outcome="11").item() == 0.25
    assert data["name"].values.tolist() == ["c0", "c1"]
    assert data["theta"].values.tolist() == [0.0, 0.5]
    assert np.array_equal(data["n"].values, [1, np.nan], equal_nan=True)
    assert data["count (metadata)"][0].item() == "x"
    assert data["count (metadata)"].isnull().values.tolist() == [False, True]


def test_a_circuit_without_a_result_is_nan() -> None:
    jobs = [done(0, Span(0, 1)), JobRecord(1, Span(1, 2), status=Status.ERROR, error="no such gate")]
    with stored([[ran("c0", {"0x1": 2})], None], jobs) as results:
        data = results.to_xarray()
    assert np.array_equal(data["count"].values, [[2], [np.nan]], equal_nan=True)
    with stored([None], [JobRecord(0, Span(0, 2))]) as results:
        assert results.to_xarray()["count"].shape == (2, 0)


@pytest.mark.newer_qiskit
def test_a_line_of_points_is_selected_by_its_parameter() -> None:
    values = values_of((3,), theta=[0.0, 0.5, 1.0], phi=[2.0, 2.0, 2.0])
    with stored([[sampled("c0", [[0, 0], [0, 1], [1, 1]], 1)]], values=[values]) as results:
        data = results.to_xarray()
    assert data["count"].dims == ("circuit", "point", "outcome")
    assert data["theta"].dims == ("point",)
    assert data["phi"].item() == 2.0
    line = data["probability"].sel(circuit=0, outcome="1").swap_dims(point="theta")
    assert line.sel(theta=0.5).item() == 0.5


@pytest.mark.newer_qiskit
def test_a_grid_of_expectation_values_has_its_axes() -> None:
    values = values_of((2, 1), theta=[[0.5], [0.75]])
    evs = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
    outcomes = [[estimated("c0", evs, np.zeros((2, 3))), estimated("c1", evs)]]
    with stored(outcomes, values=[values, values]) as results:
        data = results.to_xarray()
    assert data["value"].dims == ("circuit", "axis_0", "axis_1")
    assert data["value"].values.tolist() == [evs, evs]
    assert data["std"].isnull().sum().item() == 6
    assert data["theta"].dims == ("axis_0",)
    assert data["theta"].values.tolist() == [0.5, 0.75]


def test_points_of_different_shapes_and_huge_arrays_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    line, single = sampled("c0", [[0], [1]], 1), sampled("c1", [0], 1)
    different = r"different shapes \(\(\), \(2,\)\): use to_dataframe"
    with stored([[line, single]]) as results, pytest.raises(InputError, match=different):
        results.to_xarray()
    monkeypatch.setattr(results_dataset, "_MOST", 3)
    many = "2 points with 2 outcomes are too many"
    with stored([[line]]) as results, pytest.raises(InputError, match=many):
        results.to_xarray()
