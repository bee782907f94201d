"""Results as a pandas table: its rows, its columns, and what is left out."""

import importlib.util
import io
import math
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.providers.basic_provider import BasicSimulator

from qjm_widgets import JobManager
from qjm_widgets.core.counts import Layout
from qjm_widgets.core.lost import Lost
from qjm_widgets.core.outcomes import ExperimentOutcome, PubOutcome
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.errors import AmbiguousNameError, CircuitNotFoundError
from tests.results.result_sets import (
    COUNTS,
    counts_by_loop,
    done,
    ran,
    rows,
    sampled,
    stored,
    values_of,
)

# -- counts ------------------------------------------------------------------------------------------


def test_each_outcome_of_each_circuit_has_a_row() -> None:
    outcomes = [[ran("c0", {"0x3": 6, "0x0": 2}), ran("c1", {"0x1": 5})], [ran("c2", {"0x2": 1})]]
    with stored(outcomes) as results:
        table = results.to_dataframe()
        assert list(table.columns) == COUNTS
        assert rows(table) == [
            (0, "c0", 0, "00", 2, 0.25),
            (0, "c0", 0, "11", 6, 0.75),
            (1, "c1", 0, "01", 5, 1.0),
            (2, "c2", 0, "10", 1, 1.0),
        ]
        assert rows(table) == [row for circuit in range(3) for row in counts_by_loop(results, circuit)]
    assert [str(table[name].dtype) for name in ("circuit", "point", "count")] == ["int64"] * 3


def test_registers_are_written_as_in_get_counts() -> None:
    layout = Layout((1, 2), 3)
    header = {"name": "c0", "memory_slots": 3, "creg_sizes": [["a", 1], ["b", 2]]}
    spaced = ran("c0", {"0x5": 2, "0x2": 1}, 3, header=header)
    spaced = ExperimentOutcome(
        "c0", 3, True, "DONE", header, layout, counts=spaced.counts._replace(layout=layout)
    )
    a, b = (np.array([[1], [0]], dtype=np.uint8), np.array([[2], [3]], dtype=np.uint8))
    joined = PubOutcome("c1", (), {"a": (a, 1), "b": (b, 2)})
    with stored([[spaced, joined]]) as results:
        table = results.to_dataframe()
        assert table["outcome"].tolist() == ["01 0", "10 1", "101", "110"]
        assert rows(table) == counts_by_loop(results, 0) + counts_by_loop(results, 1)


def test_fractions_and_texts_are_counts_too() -> None:
    mitigated = ran("c0", {"0x0": 1.25, "0x1": -0.25})
    texts = ExperimentOutcome(
        "c1", 4, True, "DONE", {"name": "c1"}, Layout((), None), data={"counts": {"20": 3, "02": 1}}
    )
    with stored([[mitigated, texts]]) as results:
        assert rows(results.to_dataframe()) == [
            (0, "c0", 0, "00", 1.25, 1.25),
            (0, "c0", 0, "01", -0.25, -0.25),
            (1, "c1", 0, "02", 1.0, 0.25),
            (1, "c1", 0, "20", 3.0, 0.75),
        ]


def test_an_outcome_that_is_there_twice_is_summed() -> None:
    with stored([[ran("c0", {"0x1": 2, "0x01": 3})]]) as results:
        assert rows(results.to_dataframe()) == [(0, "c0", 0, "01", 5, 1.0)]


def test_shot_pieces_are_one_row_once_all_are_there() -> None:
    pieces = [done(0, Span(0, 1), pieces=2), done(1, Span(0, 1), piece=1, pieces=2)]
    with stored([[ran("c0", {"0x0": 4})], [ran("c0", {"0x0": 1, "0x3": 5})]], pieces) as results:
        assert rows(results.to_dataframe()) == [(0, "c0", 0, "00", 5, 0.5), (0, "c0", 0, "11", 5, 0.5)]
    pieces[1] = JobRecord(1, Span(0, 1), piece=1, pieces=2, status=Status.RUNNING)
    with stored([[ran("c0", {"0x0": 4})], None], pieces) as results:
        assert rows(results.to_dataframe()) == []


def test_circuits_without_a_result_have_no_rows_and_keep_the_columns() -> None:
    failed = ran("c1", {}, success=False, status="ERROR: out of memory")
    lost = ExperimentOutcome(
        "c3", 4, True, "DONE", {}, Layout((), None), data={"counts": Lost("a dict")}
    )
    jobs = [
        done(0, Span(0, 4), failed_circuits=(1, 2)),
        JobRecord(1, Span(4, 5), status=Status.ERROR, error="no such gate"),
        JobRecord(2, Span(5, 6), status=Status.CANCELLED),
        JobRecord(3, Span(6, 7), status=Status.QUEUED),
    ]
    metadata = [{"theta": index / 2, "late": index} for index in range(7)]
    outcomes = [[ran("c0", {"0x1": 3}), failed, None, lost], None, None, None]
    with stored(outcomes, jobs, metadata) as results:
        table = results.to_dataframe()
        assert table["circuit"].tolist() == [0]
        assert results.failed() == [1, 2, 4]
    with stored([None], [JobRecord(0, Span(0, 7))], metadata) as results:
        empty = results.to_dataframe()
    assert len(empty) == 0
    assert list(empty.columns) == list(table.columns) == [*COUNTS, "theta", "late"]
    assert empty.dtypes[["theta", "late"]].equals(table.dtypes[["theta", "late"]])


# -- metadata ----------------------------------------------------------------------------------------


def test_metadata_has_columns_of_its_types() -> None:
    metadata: list[dict[Any, Any]] = [
        {"theta": 0, "n": 1, "label": "a", "on": True, "list": [1, 2], "big": 2**70, "mixed": 1},
        {"theta": 0.5, "n": 2, "label": "b", "on": False, "list": [], "big": 1, "mixed": "x"},
        {"theta": np.float64(1), "n": np.int64(3), "label": "c", "on": True, "list": None, "big": 0},
    ]
    with stored([[ran(f"c{n}", {"0x0": 1, "0x1": 1}) for n in range(3)]], (), metadata) as results:
        table = results.to_dataframe()
        first = table.drop_duplicates("circuit").set_index("circuit")
    assert table.groupby("circuit")["n"].nunique().tolist() == [1, 1, 1]
    assert first["theta"].dtype == np.float64
    assert first["theta"].tolist() == [0.0, 0.5, 1.0]
    assert first["n"].dtype == np.int64
    assert first["on"].dtype == bool
    assert first["label"].tolist() == ["a", "b", "c"]
    assert first["list"].tolist() == [[1, 2], [], None]
    assert first["big"].tolist() == [str(2**70), "1", "0"]
    assert first["mixed"].tolist()[:2] == ["1", "x"]
    assert first["mixed"].isna().tolist() == [False, False, True]


def test_keys_that_some_circuits_lack_are_missing_there_and_keep_their_type() -> None:
    metadata: list[dict[Any, Any]] = [{"n": 2**60 + 1}, {"on": True}, {"x": 0.5}, {"label": "a"}]
    with stored([[ran(f"c{n}", {"0x0": 1}) for n in range(4)]], (), metadata) as results:
        table = results.to_dataframe()
    assert table["n"].dtype == "Int64"
    assert table["n"][0] == 2**60 + 1
    assert table["on"].dtype == "boolean"
    assert table["x"].dtype == np.float64
    assert table[["n", "on", "x", "label"]].isna().sum().tolist() == [3, 3, 3, 3]


def test_a_lost_value_of_metadata_is_missing() -> None:
    metadata: list[dict[Any, Any]] = [{"a": Lost("a lock"), "b": 1}, {"a": 2, "b": Lost("a lock")}]
    with stored([[ran(f"c{n}", {"0x0": 1}) for n in range(2)]], (), metadata) as results:
        table = results.to_dataframe()
    assert table["a"].isna().tolist() == [True, False]
    assert table["b"].isna().tolist() == [False, True]


def test_names_that_clash_get_their_kind_in_brackets() -> None:
    metadata: list[dict[Any, Any]] = [{"count": 7, "count (metadata)": 8, 5: "five", "5": "text"}]
    with stored([[ran("c0", {"0x0": 1})]], (), metadata) as results:
        table = results.to_dataframe()
    assert list(table.columns) == [
        *(*COUNTS, "count (metadata) (metadata)", "count (metadata)", "5", "5 (metadata)")
    ]
    assert table["count"].tolist() == [1]
    assert table["count (metadata)"].tolist() == [8]
    assert table["count (metadata) (metadata)"].tolist() == [7]
    assert table["5 (metadata)"].tolist() == ["text"]


@pytest.mark.newer_qiskit
def test_a_parameter_comes_before_a_key_of_its_name() -> None:
    values = values_of((2,), theta=[0.5, 1.0], point=[3.0, 4.0])
    metadata = [{"theta": "of the metadata", "point": 1}]
    with stored([[sampled("c0", [[0, 1], [1, 1]], 1)]], (), metadata, [values]) as results:
        table = results.to_dataframe()
    names = ["theta", "point (parameter)", "theta (metadata)", "point (metadata)"]
    assert list(table.columns) == COUNTS + names
    assert table["theta"].tolist() == [0.5, 0.5, 1.0]
    assert table["point (parameter)"].tolist() == [3.0, 3.0, 4.0]
    assert set(table["theta (metadata)"]) == {"of the metadata"}


def test_metadata_by_index_name_and_circuit() -> None:
    metadata: list[dict[Any, Any]] = [{"theta": 0.5, "tags": ["a"]}, {}]
    with stored([[ran("c0", {"0x0": 1}), ran("c1", {"0x0": 1})]], (), metadata) as results:
        for circuit in (0, "c0", QuantumCircuit(1, name="c0")):
            assert results.metadata(circuit) == {"theta": 0.5, "tags": ["a"]}
        assert results.metadata(1) == {}
        with pytest.raises(CircuitNotFoundError):
            results.metadata("c9")
        with pytest.raises(CircuitNotFoundError):
            results.parameters(2)


def test_a_set_without_its_circuits_has_the_metadata_of_its_results() -> None:
    header = {"name": "c0", "memory_slots": 2, "metadata": {"theta": 1}}
    with stored([[ran("c0", {"0x0": 1}, header=header)]], resumable=False) as results:
        assert results.metadata(0) == {"theta": 1}
        assert results.parameters(0) == {}
        assert results.to_dataframe()["theta"].tolist() == [1]


# -- through a manager, and into files ---------------------------------------------------------------


def rabi(thetas: Any) -> list[QuantumCircuit]:
    circuits = []
    for place, theta in enumerate(thetas):
        circuit = QuantumCircuit(1, 1, name=f"rabi {place}", metadata={"theta": float(theta)})
        circuit.rx(theta, 0)
        circuit.measure(0, 0)
        circuits.append(circuit)
    return circuits


def test_a_scan_that_was_cut_into_jobs_is_one_table(tmp_path: Path) -> None:
    thetas = np.linspace(0, np.pi, 9)
    with JobManager(tmp_path / "store") as manager:
        backend = BasicSimulator()
        circuits = transpile(rabi(thetas), backend)
        job_set = manager.run(circuits, backend, shots=400, seed_simulator=5, max_circuits_per_job=2)
        table = job_set.results(60).to_dataframe()
        assert len(job_set.managed_jobs()) == 5
    ones = table[table["outcome"] == "1"].set_index("circuit")
    for circuit, theta in enumerate(thetas[1:], 1):
        assert abs(ones["probability"][circuit] - math.sin(theta / 2) ** 2) < 0.1
        assert ones["theta"][circuit] == theta
    with JobManager(tmp_path / "store") as manager:
        again = manager.retrieve_job_set(job_set.job_set_id()).results()
        pandas.testing.assert_frame_equal(again.to_dataframe(), table)


@pytest.mark.newer_qiskit
def test_a_sweep_is_read_from_the_store(tmp_path: Path) -> None:
    from qiskit.circuit import Parameter
    from qiskit.primitives import StatevectorSampler

    circuit = QuantumCircuit(1, name="rabi", metadata={"run": 1})
    circuit.rx(Parameter("theta"), 0)
    circuit.measure_all()
    thetas = np.linspace(0, np.pi, 6).reshape(2, 3, 1)
    with JobManager(tmp_path / "store") as manager:
        job_set = manager.run([(circuit, thetas), (circuit, thetas[0])], StatevectorSampler(seed=1))
        table = job_set.results(60).to_dataframe()
    with JobManager(tmp_path / "store") as manager:
        results = manager.retrieve_job_set(job_set.job_set_id()).results()
        pandas.testing.assert_frame_equal(results.to_dataframe(), table)
        assert np.array_equal(results.parameters(0)["theta"], thetas[..., 0])
        assert np.array_equal(results.parameters(1)["theta"], thetas[0, :, 0])
        assert results.metadata(0) == {"run": 1}
        with pytest.raises(AmbiguousNameError):
            results.parameters("rabi")
    assert table.groupby(["circuit", "point"])["count"].sum().tolist() == [1024] * 9


def plain_table() -> Any:
    metadata: list[dict[Any, Any]] = [{"theta": 0.5, "n": 1, "label": "=a", "on": True}, {"label": "b"}]
    with stored([[ran("c0", {"0x0": 1, "0x3": 1}), ran("c1", {"0x1": 2})]], (), metadata) as results:
        return results.to_dataframe()


def test_a_table_survives_a_csv_file() -> None:
    table = plain_table()
    text = table.to_csv(index=False)
    back = pandas.read_csv(io.StringIO(text), dtype={"outcome": str, "n": "Int64", "on": "boolean"})
    pandas.testing.assert_frame_equal(back, table, check_dtype=False)


def test_no_column_of_plain_values_is_of_objects(tmp_path: Path) -> None:
    """Parquet has a type for each column: objects of mixed types cannot be written."""
    table = plain_table()
    for name in table.columns:
        kinds = {type(value) for value in table[name].dropna()}
        assert len(kinds) == 1, name
    if importlib.util.find_spec("pyarrow"):
        table.to_parquet(tmp_path / "table.parquet")
        pandas.testing.assert_frame_equal(pandas.read_parquet(tmp_path / "table.parquet"), table)


@pytest.mark.parametrize(("package", "method"), [("pandas", "to_dataframe"), ("xarray", "to_xarray")])
def test_an_absent_package_is_named(package: str, method: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, package, None)
    text = f"{method} needs {package}: pip install {package}"
    with stored([[ran("c0", {"0x0": 1})]]) as results, pytest.raises(ImportError, match=text):
        getattr(results, method)()
