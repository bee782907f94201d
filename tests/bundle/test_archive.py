"""Circuits and results of a bundle are checked before they are read."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qjm_widgets.bundle.strict_json import RefusalError
from qjm_widgets.bundle.validation import check_block, check_outcome
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Span
from qjm_widgets.serialization import result_tree
from qjm_widgets.serialization.outcomes import encode_outcome
from tests.bundle.makers import block, experiment, pub, qpy

ONE = Span(0, 1)


def tree_of(circuit: Any) -> Any:
    return result_tree.decode(encode_outcome(JobOutcome([circuit])))


def check(tree: Any, span: Span = ONE) -> None:
    check_outcome(result_tree.encode(tree), span, "it")


@pytest.mark.parametrize(
    "circuit",
    [
        experiment(),
        experiment(2**126, 127),
        experiment(9, None),
        experiment(counts=None, memory=None, layout=experiment().layout),
        experiment(success=False, status="ERROR: no", header={}, data={"statevector": np.ones(4)}),
        experiment(counts=None, data={"counts": {"a b": 3}}),
        pub(),
        pub(shape=(), registers={"c": (np.zeros((5, 16), np.uint8), 127)}),
        pub(shape=(), registers={"c": (np.zeros((5, 0), np.uint8), 0)}),
        pub(registers={}, data={"evs": np.ones(2)}, metadata={"shots": 3}),
        None,
    ],
)
def test_results_of_every_kind_pass(circuit: Any) -> None:
    check_outcome(encode_outcome(JobOutcome([circuit], {"a": [1]})), ONE, "it")


EXPERIMENT: list[tuple[str, Any]] = [
    ("name", 5),
    ("success", "yes"),
    ("status", None),
    ("shots", -1),
    ("shots", "7"),
    ("shots", True),
    ("header", [1]),
    ("header", {(1, 2): 3}),
    ("header", {"memory_slots": 10**12}),
    ("header", {"memory_slots": 1e300}),
    ("header", {"creg_sizes": [["c", 10**12]]}),
    ("layout", [[2, 1], 10**12]),
    ("layout", [[10**12], 3]),
    ("layout", [[2, 1], -1]),
    ("layout", [["a"], 3]),
    ("layout", 3),
    ("counts", [0, 10**6]),
    ("counts", [["-1"], [1]]),
    ("counts", [["fff"], [1]]),
    ("counts", [["1"], [1, 2]]),
    ("counts", [["1"], ["one"]]),
    ("counts", [["1"], [None]]),
    ("counts", [["zz"], [1]]),
    ("counts", "x"),
    ("memory", ["ffff"]),
    ("memory", np.array([2**40])),
    ("memory", np.ones((2, 2), np.uint8)),
    ("memory", np.array(["x"])),
    ("memory", 5),
    ("data", [1]),
    ("data", {"counts": [1]}),
    ("data", {"counts": {"a": "b"}}),
    ("fields", {"shots": 3}),
    ("fields", {1: 2}),
]


@pytest.mark.parametrize(("name", "value"), EXPERIMENT, ids=str)
def test_an_experiment_that_makes_no_sense_is_refused(name: str, value: Any) -> None:
    tree = tree_of(experiment())
    tree["folded"][0]["trees"]["all"][name] = value
    if name == "counts" and value == [0, 10**6]:
        tree["counts"] = tree["counts"][:1]
    with pytest.raises(RefusalError):
        check(tree)


PUB: list[tuple[str, Any]] = [
    ("name", None),
    ("shape", [3]),
    ("shape", [-2]),
    ("shape", ["2"]),
    ("shape", []),
    ("metadata", 5),
    ("data", {1: 2}),
    ("registers", [["c", np.ones((2, 3, 1)), 1]]),
    ("registers", [["c", np.ones((2, 3), np.uint8), 1]]),
    ("registers", [["c", np.ones((2, 3, 1), np.uint8), 9]]),
    ("registers", [["c", np.ones((2, 3, 2), np.uint8), 1]]),
    ("registers", [["c", np.ones((2, 3, 1), np.uint8), -1]]),
    ("registers", [["c", [[1]], 1]]),
    ("registers", [[5, np.ones((2, 3, 1), np.uint8), 1]]),
    ("registers", [["c", np.zeros((2, 10**12, 0), np.uint8), 0]]),
    (
        "registers",
        [["c", np.ones((2, 3, 1), np.uint8), 1], ["d", np.ones((2, 4, 1), np.uint8), 1]],
    ),
]


@pytest.mark.parametrize(("name", "value"), PUB, ids=lambda value: str(value)[:30])
def test_a_pub_that_makes_no_sense_is_refused(name: str, value: Any) -> None:
    tree = tree_of(pub())
    tree["folded"][0]["trees"]["all"][name] = value
    with pytest.raises(RefusalError):
        check(tree)


@pytest.mark.parametrize("tree", [None, 5, [], {}, {"circuits": []}, {"circuits": 5, "info": 5}])
def test_a_tree_that_is_no_result_is_refused(tree: Any) -> None:
    with pytest.raises(RefusalError):
        check(tree)


def test_a_result_of_too_few_circuits_is_refused() -> None:
    with pytest.raises(RefusalError, match="1 circuits for a span of 2"):
        check(tree_of(experiment()), Span(0, 2))


@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60) | st.binary(max_size=60).map(lambda rest: b"QJM1" + rest))
def test_any_bytes_are_refused(data: bytes) -> None:
    with pytest.raises(RefusalError):
        check_outcome(data, ONE, "it")


def test_circuits_pass_with_what_json_has_no_word_for() -> None:
    check_block(block(3, 7), "circuits/00000")
    same = json.dumps({1: "a", "1": "b"})
    notes = block(0, 1).notes.replace('[{"x": NaN}]', f"[{same}]")
    assert same in notes
    check_block(block(0, 1)._replace(notes=notes), "circuits/00000")


def change(**fields: Any) -> Callable[[], CircuitBlock]:
    def made() -> CircuitBlock:
        good = block(0, 1)
        return good._replace(notes=json.dumps(json.loads(good.notes) | fields))

    return made


@pytest.mark.parametrize(
    "made",
    [
        change(names=[]),
        change(names=[5]),
        change(names="x"),
        change(metadata=[[]]),
        change(metadata=[None, None]),
        change(shots=["5"]),
        change(shots=[-1]),
        change(values=[5]),
        change(values=[{"shape": [], "data": [5]}]),
        change(values=[{"shape": [-1], "data": []}]),
        change(values=[{"shape": [], "data": [["abc", []]]}]),
        change(more=1),
        lambda: block(0, 1)._replace(notes="[]"),
        lambda: block(0, 1)._replace(notes="{"),
        lambda: block(0, 1)._replace(data=b""),
        lambda: block(0, 1)._replace(data=b"\x80\x04pickle" * 9),
        lambda: block(0, 1)._replace(data=qpy(2)),
        lambda: block(0, 1)._replace(encoding="names"),
    ],
)
def test_circuits_that_make_no_sense_are_refused(made: Callable[[], CircuitBlock]) -> None:
    with pytest.raises(RefusalError):
        check_block(made(), "circuits/00000")


def test_checking_reads_no_circuits(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    import qiskit.qpy

    def never(*_: Any, **__: Any) -> Any:
        raise AssertionError("circuits were read")

    monkeypatch.setattr(qiskit.qpy, "load", never)
    check_block(block(0, 3), "circuits/00000")
