"""Shot pieces merged: what backends of any kind give beside counts, and what samplers give."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from qiskit.quantum_info import DensityMatrix, Statevector
from qiskit.result import ProbDistribution, QuasiDistribution

from qjm_widgets.core.counts import Layout, pack_hex
from qjm_widgets.core.lost import Lost
from qjm_widgets.core.merging import merge
from qjm_widgets.core.metadata_merging import merge_metadata
from qjm_widgets.core.outcomes import ExperimentOutcome, PubOutcome
from qjm_widgets.errors import NotAvailableError
from tests.comparison import difference

SHOTS = (3, 1)


def piece(shots: int, data: dict[str, Any], counts: Any = None, **fields: Any) -> ExperimentOutcome:
    layout = Layout((), 2)
    packed = None if counts is None else pack_hex(counts, layout)
    return ExperimentOutcome("c", shots, True, "DONE", {"name": "c"}, layout, packed, None, data, fields)


def merged(*values: Any, key: str = "x", shots: Sequence[int] = SHOTS, **fields: Any) -> Any:
    pieces = [piece(n, {key: value}, **fields) for n, value in zip(shots, values, strict=True)]
    whole = merge(pieces)
    assert whole.shots == sum(shots)
    return whole.data[key]


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        (0.0, 1.0, 0.25),
        (np.float64(0), np.float64(1), np.float64(0.25)),
        (0.1, 0.1, 0.1),
        (np.array([0.0, 1.0]), np.array([1.0, 0.0]), np.array([0.25, 0.75])),
        ({"0": 0.5, "1": 0.5}, {"1": 1.0}, {"0": 0.375, "1": 0.625}),
        ({0: 1.5, 3: -0.5}, {0: 0.5, 3: 0.5}, {0: 1.25, 3: -0.25}),
        (ProbDistribution({0: 1.0}), ProbDistribution({1: 1.0}), ProbDistribution({0: 0.75, 1: 0.25})),
        (
            QuasiDistribution({0: 1.5, 1: -0.5}, shots=3),
            QuasiDistribution({0: 1.0}, shots=3),
            QuasiDistribution({0: 1.375, 1: -0.375}, shots=3),
        ),
        ({"a": {"b": 0.0}}, {"a": {"b": 1.0}}, {"a": {"b": 0.25}}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_estimates_are_weighted_by_shots(first: Any, second: Any, whole: Any) -> None:
    assert not difference(merged(first, second), whole)


@pytest.mark.parametrize(
    ("first", "second", "whole"),
    [
        ([1, 2, 3], [4], [1, 2, 3, 4]),
        (["a", "b", "c"], ["d"], ["a", "b", "c", "d"]),
        (np.array([[1], [2], [3]]), np.array([[4]]), np.array([[1], [2], [3], [4]])),
        (np.array([1j, 2, 3]), np.array([4j]), np.array([1j, 2, 3, 4j])),
    ],
)
def test_what_has_an_entry_for_each_shot_is_joined(first: Any, second: Any, whole: Any) -> None:
    assert not difference(merged(first, second), whole)


def test_second_counts_are_added() -> None:
    assert merged({"0x0": 2, "0x1": 1}, {"0x1": 1}) == {"0x0": 2, "0x1": 2}
    # Equal, and counts all the same.
    assert merged({"0x0": 2}, {"0x0": 2}, shots=(2, 2)) == {"0x0": 4}


@pytest.mark.parametrize(
    "value",
    [
        Statevector([1, 0]),
        np.array([1, 0, 0, 0], dtype=complex),
        "text",
        None,
        {"version": "a"},
        (1, "a"),
        [np.eye(2), "a"],
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_is_the_same_in_all_pieces_stays(value: Any) -> None:
    assert not difference(merged(value, value, shots=(30, 10)), value)


def test_a_state_of_as_many_entries_as_shots_is_a_state() -> None:
    state = np.array([1, 0, 0, 0], dtype=complex)
    assert not difference(merged(state, state, key="statevector", shots=(4, 4)), state)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        (Statevector([1, 0]), Statevector([0, 1])),
        (DensityMatrix(np.eye(2) / 2), DensityMatrix([[1, 0], [0, 0]])),
        (np.array([1, 1j]), np.array([1, -1j])),
        ("a", "b"),
        (np.zeros(2), np.zeros(5)),
        ([1.0, 2.0], [1.0, 2.0, 3.0]),
        (0.5, "a"),
        ({"a": 1.0}, [1.0]),
    ],
    ids=lambda value: type(value).__name__,
)
def test_values_that_differ_without_a_mean_are_lost_and_say_so(first: Any, second: Any) -> None:
    lost = merged(first, second, shots=(30, 10))
    assert isinstance(lost, Lost)
    assert "2 pieces of the shots" in repr(lost)


def test_what_only_some_pieces_have_is_lost() -> None:
    whole = merge([piece(3, {"x": 1.0, "y": 2.0}), piece(1, {"x": 1.0})])
    assert whole.data["x"] == 1.0
    assert isinstance(whole.data["y"], Lost)


def points(shots: int, start: float, of_complex: bool, of_lists: bool) -> Any:
    """Level 1: a point for each shot and each of two qubits."""
    real = start + np.arange(shots * 2, dtype=float).reshape(shots, 2)
    found = real + 1j * real if of_complex else np.stack([real, -real], axis=-1)
    return found.tolist() if of_lists else found


@pytest.mark.parametrize("of_complex", [True, False])
@pytest.mark.parametrize("of_lists", [True, False])
@pytest.mark.parametrize("stated", [True, False])
def test_points_of_single_shots_are_joined(of_complex: bool, of_lists: bool, stated: bool) -> None:
    first, second = (points(n, n, of_complex, of_lists) for n in (30, 10))
    fields: dict[str, Any] = {"meas_level": 1, **({"meas_return": "single"} if stated else {})}
    whole = merged(first, second, key="memory", shots=(30, 10), **fields)
    assert isinstance(whole, list) == of_lists
    assert not difference(np.asarray(whole), np.concatenate([first, second]))


@pytest.mark.parametrize("of_complex", [True, False])
@pytest.mark.parametrize("of_lists", [True, False])
@pytest.mark.parametrize("stated", [True, False])
def test_points_that_are_averages_are_averaged(of_complex: bool, of_lists: bool, stated: bool) -> None:
    first, second = (points(1, n, of_complex, of_lists)[0] for n in (0, 4))
    fields: dict[str, Any] = {"meas_level": 1, **({"meas_return": "avg"} if stated else {})}
    whole = merged(first, second, key="memory", shots=(30, 10), **fields)
    expected = (3 * np.asarray(first) + np.asarray(second)) / 4
    assert isinstance(whole, list) == of_lists
    assert np.allclose(np.asarray(whole), expected)


def test_an_average_of_one_shot_is_no_list_of_shots() -> None:
    whole = merged([[1.0, 0.0]], [[0.0, 1.0]], key="memory", shots=(1, 1), meas_return="avg")
    assert whole == [[0.5, 0.5]]


def test_quasi_probabilities_are_weighted_and_mitigated_counts_added() -> None:
    def counts(*values: Any) -> Any:
        pieces = [piece(n, {}, value) for n, value in zip(SHOTS, values, strict=True)]
        return merge(pieces).counts.to_dict()  # type: ignore[union-attr]

    assert counts({"0x0": 1.5, "0x1": -0.5}, {"0x0": 0.5, "0x1": 0.5}) == {"00": 1.25, "01": -0.25}
    assert counts({"0x0": 3.5, "0x1": -0.5}, {"0x0": 1.25, "0x1": -0.25}) == {"00": 4.75, "01": -0.75}
    assert counts({"0x0": 4, "0x1": -1}, {"0x0": 1}) == {"00": 5, "01": -1}


def test_metadata_is_added_where_it_counts() -> None:
    first = {
        "shots": 30,
        "time_taken": 0.5,
        "seed_simulator": 1,
        "method": "statevector",
        "circuit_metadata": {"angle": 1},
        "metadata": {"sample_measure_time": 1.0, "parallel_shots": 1, "num_qubits": 2},
    }
    second = {**first, "shots": 10, "seed_simulator": 9, "metadata": {**first["metadata"]}}  # type: ignore[dict-item]
    assert merge_metadata([first, second]) == {
        "shots": 40,
        "time_taken": 1.0,
        "seed_simulator": [1, 9],
        "method": "statevector",
        "circuit_metadata": {"angle": 1},
        "metadata": {"sample_measure_time": 2.0, "parallel_shots": 1, "num_qubits": 2},
    }
    assert merge_metadata([first]) == first


def test_seeds_of_any_kind_and_numbers_that_are_none_break_nothing() -> None:
    first = {"seed": np.array([1, 2]), "shots": "ten", "time_taken": None, "seed_simulator": [1]}
    assert merge_metadata([first, {**first, "seed": np.array([3, 4])}]) == first


def test_pieces_that_do_not_fit_each_other_say_so() -> None:
    bits = np.zeros((3, 1), dtype=np.uint8)
    pieces = [PubOutcome("p", (), {"c": (bits, 1)}), PubOutcome("p", (), {"d": (bits, 1)})]
    with pytest.raises(NotAvailableError, match="2 pieces of the shots of p do not fit each other"):
        merge(pieces)
    other = PubOutcome("p", (2,), {"c": (np.zeros((2, 3, 1), dtype=np.uint8), 1)})
    with pytest.raises(NotAvailableError, match="do not fit"):
        merge([pieces[0], other])


def pub(shots: int, shape: tuple[int, ...], data: dict[str, Any], register: bool = True) -> PubOutcome:
    bits = np.full((*shape, shots, 1), shots % 2, dtype=np.uint8)
    return PubOutcome("p", shape, {"c": (bits, 1)} if register else {}, data, {"shots": shots})


@pytest.mark.parametrize("shape", [(), (2,), (2, 3)])
@pytest.mark.parametrize("register", [True, False])
def test_the_pieces_of_a_pub(shape: tuple[int, ...], register: bool) -> None:
    """Kerneled points of single shots, averages of such, and values of each point."""
    pieces = []
    for shots in SHOTS:
        size = int(np.prod(shape))
        single = np.arange(size * shots * 2).reshape(*shape, shots, 2) * (1 + 1j)
        data = {"single": single, "mean": single.mean(axis=-2), "value": np.full(shape, float(shots))}
        pieces.append(pub(shots, shape, data, register))
    whole = merge(pieces)
    assert isinstance(whole, PubOutcome)
    assert whole.shots == sum(SHOTS)
    assert whole.metadata == {"shots": sum(SHOTS)}
    assert whole.data["single"].shape == (*shape, sum(SHOTS), 2)
    assert np.allclose(whole.data["mean"], whole.data["single"].mean(axis=-2))
    assert np.allclose(whole.data["value"], (3 * 3 + 1) / 4)


def test_pieces_of_a_pub_that_do_not_say_their_shots_are_weighted_by_those_of_their_jobs() -> None:
    pieces = [PubOutcome("p", (), {}, {"value": np.array(value)}) for value in (0.0, 1.0)]
    assert merge(pieces, SHOTS).data["value"] == 0.25
    assert merge(pieces).data["value"] == 0.5
