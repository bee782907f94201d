"""Points of PUBs and expectation values as a pandas table."""

import cProfile
import math
import pstats

import numpy as np
import pytest

from qjm_widgets.core import count_columns
from qjm_widgets.core.lost import Lost
from qjm_widgets.core.outcomes import PubOutcome
from tests.results.result_sets import (
    counts_by_loop,
    estimated,
    rows,
    sampled,
    stored,
    values_of,
)

# -- points ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(3,), (2, 3), (1, 1, 2), (0,)])
@pytest.mark.parametrize("most", [1 << 22, 8])
def test_points_have_rows_as_a_loop_gives_them(
    shape: tuple[int, ...], most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(count_columns, "_AT_ONCE", most)
    random = np.random.default_rng(7)
    outcomes = [sampled(f"c{n}", random.integers(0, 8, (*shape, 5)), 3) for n in range(3)]
    with stored([outcomes[:2], outcomes[2:]]) as results:
        table = results.to_dataframe()
        expected = [row for n in range(3) for row in counts_by_loop(results, n, shape)]
    assert rows(table) == expected


def test_many_bits_are_counted_as_a_loop_does() -> None:
    random = np.random.default_rng(3)
    wide = random.integers(0, 2, (4, 20, 9), dtype=np.uint8)
    long = random.integers(0, 256, (4, 20, 4), dtype=np.uint8)
    outcomes = [
        PubOutcome("c0", (4,), {"c": (wide, 65)}),
        PubOutcome("c1", (4,), {"c": (long, 30)}),
        PubOutcome("c2", (4,), {"c": (np.zeros((4, 20, 0), dtype=np.uint8), 0)}),
    ]
    with stored([outcomes]) as results:
        expected = [row for n in range(3) for row in counts_by_loop(results, n, (4,))]
        assert rows(results.to_dataframe()) == expected


@pytest.mark.newer_qiskit
def test_each_axis_of_a_shape_has_a_column_and_each_parameter_its_values() -> None:
    theta, phi = np.arange(6).reshape(3, 2), np.arange(6).reshape(3, 2) / 10
    shots = np.tile([0, 1], (3, 2, 1))
    outcomes = [sampled("c0", shots, 1), sampled("c1", [0], 1), sampled("c2", [[1], [1]], 1)]
    values = [values_of((3, 2), theta=theta, phi=phi), None, values_of((2,), theta=[7.0, 8.0])]
    with stored([outcomes], values=values) as results:
        table = results.to_dataframe()
        assert results.parameters(0).keys() == {"theta", "phi"}
        assert np.array_equal(results.parameters("c0")["phi"], phi)
        assert results.parameters(1) == {}
    first = table[(table["circuit"] == 0) & (table["outcome"] == "0")]
    assert first["point"].tolist() == list(range(6))
    assert first["axis_0"].tolist() == [0, 0, 1, 1, 2, 2]
    assert first["axis_1"].tolist() == [0, 1, 0, 1, 0, 1]
    assert first["theta"].tolist() == theta.ravel().tolist()
    assert first["phi"].tolist() == phi.ravel().tolist()
    single, line = table[table["circuit"] == 1], table[table["circuit"] == 2]
    assert single[["axis_0", "axis_1", "theta"]].isna().to_numpy().all()
    assert line["axis_0"].tolist() == [0, 1]
    assert line["axis_1"].isna().all()
    assert line["theta"].tolist() == [7.0, 8.0]


def calls(points: int) -> int:
    """The Python calls for a table of a PUB with so many points."""
    random = np.random.default_rng(1)
    with stored([[sampled("c0", random.integers(0, 8, (points, 20)), 3)]]) as results:
        profile = cProfile.Profile()
        profile.enable()
        table = results.to_dataframe()
        profile.disable()
    assert table["count"].sum() == 20 * points
    return int(pstats.Stats(profile).total_calls)


def test_no_python_code_runs_for_each_point() -> None:
    calls(100)  # imports, and the first use of a layout
    assert calls(20_000) < calls(100) + 1000


# -- expectation values ------------------------------------------------------------------------------


def test_each_expectation_value_has_a_row() -> None:
    outcomes = [estimated("c0", [[0.5, 1.0], [-1.0, np.nan]], [[0.1] * 2] * 2), estimated("c1", 0.25)]
    with stored([outcomes], metadata=[{"value": "x"}, {"value": "y"}]) as results:
        table = results.to_dataframe()
    columns = ["circuit", "name", "point", "axis_0", "axis_1", "value", "std", "value (metadata)"]
    assert list(table.columns) == columns
    assert table["circuit"].tolist() == [0, 0, 0, 0, 1]
    assert table["point"].tolist() == [0, 1, 2, 3, 0]
    assert table["value"].tolist()[:3] == [0.5, 1.0, -1.0]
    assert math.isnan(table["value"][3])
    assert table["std"].tolist()[:4] == [0.1] * 4
    assert math.isnan(table["std"][4])
    assert table["value (metadata)"].tolist() == ["x"] * 4 + ["y"]


@pytest.mark.newer_qiskit
def test_values_are_broadcast_to_the_shape_of_observables() -> None:
    values = values_of((2, 1), theta=[[0.5], [0.75]])
    with stored([[estimated("c0", [[1, 2, 3], [4, 5, 6]])]], values=[values]) as results:
        table = results.to_dataframe()
        assert results.parameters(0)["theta"].tolist() == [[0.5] * 3, [0.75] * 3]
    assert table["theta"].tolist() == [0.5] * 3 + [0.75] * 3
    assert table["value"].tolist() == [1, 2, 3, 4, 5, 6]


def test_a_lost_expectation_value_has_no_row() -> None:
    evs = np.array([0.5, None, -0.5], dtype=object)
    evs[1] = Lost("an array")
    outcome = PubOutcome("c0", (3,), {}, data={"evs": evs, "stds": np.array([0.1, 0.2, 0.3])})
    with stored([[outcome]]) as results:
        table = results.to_dataframe()
    assert table["point"].tolist() == [0, 2]
    assert table["value"].tolist() == [0.5, -0.5]
    assert table["std"].tolist() == [0.1, 0.3]
