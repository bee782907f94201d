"""Metadata is decoded with equal values and types; what cannot be encoded affects no other."""

import collections
import enum
import json
import threading
import types
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.circuit import ParameterVector

from qjm_widgets.serialization.metadata import (
    CODEC,
    UnsafeError,
    check_tree,
    read_metadata,
    write_metadata,
)
from qjm_widgets.serialization.tree import TreeError, Unstored, is_plain
from tests.instruction_examples import are_same, metadata_values

VALUES = list(metadata_values())


class Colour(enum.Enum):
    RED = "red"


class Gates(enum.Flag):
    X = enum.auto()
    Z = enum.auto()


class Level(enum.IntEnum):
    LOW = 1


def there_and_back(metadata: dict[Any, Any]) -> tuple[dict[Any, Any], list[tuple[str, str]]]:
    tree, losses = write_metadata(metadata)
    tree = json.loads(json.dumps(tree))
    check_tree(tree)
    return read_metadata(tree), losses


@pytest.mark.parametrize("value", [value for _, value in VALUES], ids=[name for name, _ in VALUES])
def test_a_value_is_decoded_as_it_was(value: Any) -> None:
    found, losses = there_and_back({"key": value})
    assert not losses
    assert are_same(found, {"key": value})


@pytest.mark.parametrize("value", [Colour.RED, Level.LOW, Gates.X, Gates.X | Gates.Z])
def test_an_enumeration_is_decoded_if_its_module_is_loaded(value: Any) -> None:
    assert are_same(there_and_back({"key": value})[0], {"key": value})


def test_an_enumeration_of_a_module_that_is_not_there_is_its_value_or_its_text() -> None:
    tree = json.dumps(CODEC.write([Colour.RED, Level.LOW])).replace(__name__, "gone")
    red, low = CODEC.read(json.loads(tree))
    assert low == 1
    assert isinstance(red, Unstored)
    assert "Colour.RED" in repr(red)


def test_the_keys_of_metadata_may_be_anything() -> None:
    metadata = {("q", 0): 1j, 3: "three", None: [], np.int64(4): (1,), "text": 1, frozenset({1}): 2}
    found, losses = there_and_back(metadata)
    assert not losses
    assert are_same(found, metadata)
    assert [type(key) for key in found] == [type(key) for key in metadata]


@pytest.mark.parametrize(
    "value",
    [
        pd.Timestamp("2026-01-02 03:04:05.123456789"),
        pd.Timestamp("2026-07-01 12:00", tz="Europe/Berlin"),
        pd.Timestamp("2026-10-25 00:30", tz="UTC").tz_convert("Europe/Berlin"),
        pd.Timedelta(1, "ns"),
        pd.Timedelta("-3 days"),
    ],
    ids=str,
)
def test_moments_of_pandas_keep_their_nanoseconds(value: Any) -> None:
    found, losses = there_and_back({"at": value, "list": [value]})
    assert not losses
    assert found == {"at": value, "list": [value]}
    assert type(found["at"]) is type(value)
    assert getattr(found["at"], "tzinfo", None) == getattr(value, "tzinfo", None)


def test_what_is_missing_in_pandas_is_missing_afterwards() -> None:
    found, losses = there_and_back({"at": pd.NaT, "value": pd.NA})
    assert not losses
    assert found["at"] is pd.NaT
    assert found["value"] is pd.NA


def test_parameter_vectors_and_namespaces_are_decoded() -> None:
    vector = ParameterVector("v", 3)
    metadata = {"v": vector, "element": vector[1], "n": types.SimpleNamespace(a=(1,))}
    found, losses = there_and_back(metadata)
    assert not losses
    assert list(found["v"]) == list(vector)
    assert found["v"].name == "v"
    assert found["element"] == vector[1]
    assert found["n"] == metadata["n"]


def test_subclasses_are_decoded_as_the_values_they_equal() -> None:
    class Text(str):
        pass

    Point = collections.namedtuple("Point", "x y")
    found, losses = there_and_back({"a": Text("b"), "p": Point(1, 2), "d": collections.defaultdict(int)})
    assert found == {"a": "b", "p": (1, 2), "d": {}}
    assert not losses


def test_a_value_that_cannot_be_written_costs_only_itself() -> None:
    lock = threading.Lock()
    found, losses = there_and_back({"lock": lock, "inside": [1, {"f": len, "n": np.int64(1)}], "n": 3})
    assert found["n"] == 3
    assert are_same(found["inside"][1]["n"], np.int64(1))
    assert [key for key, _ in losses] == ["lock", "inside"]
    for value, text in ((found["lock"], repr(lock)), (found["inside"][1]["f"], repr(len))):
        assert isinstance(value, Unstored)
        assert value.text == text
        assert "not stored" in repr(value)
    # Written again, it is no further loss.
    assert there_and_back(found) == (found, [])


def test_what_raises_or_never_ends_costs_only_itself() -> None:
    class Bad:
        def __repr__(self) -> str:
            raise RuntimeError("no text")

    circle: list[Any] = []
    circle.append(circle)
    deep: Any = 1
    for _ in range(100):
        deep = (deep,)
    found, losses = there_and_back({"bad": Bad(), "circle": circle, "deep": deep, "fine": (1,)})
    assert found["fine"] == (1,)
    assert [key for key, _ in losses] == ["bad", "circle", "deep"]
    assert "no text" in found["bad"].text


PLAIN = st.none() | st.booleans() | st.integers() | st.floats() | st.text()
LEAVES = (
    PLAIN
    | st.complex_numbers()
    | st.binary()
    | st.datetimes()
    | st.decimals(allow_nan=False)
    | st.fractions()
)
KEYS = st.none() | st.booleans() | st.integers() | st.text() | st.tuples(st.text(), st.integers())
TREES = st.recursive(
    LEAVES | st.sampled_from([np.float32(0.1), np.int64(3), np.bool_(False), np.complex128(1j)]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(KEYS, inner, max_size=4)
        | st.dictionaries(st.sampled_from(["$array", "$tuple", "$", "a"]), inner, max_size=2)
        | st.frozensets(KEYS, max_size=4)
    ),
    max_leaves=20,
)


@given(st.dictionaries(KEYS, TREES, max_size=5))
def test_any_tree_is_decoded_as_it_was(metadata: dict[Any, Any]) -> None:
    found, losses = there_and_back(metadata)
    assert not losses
    assert are_same(found, metadata)


@given(TREES)
def test_what_looks_plain_is_what_json_gives_back(tree: Any) -> None:
    if is_plain(tree):
        assert are_same(json.loads(json.dumps(tree)), tree)
        assert are_same(CODEC.read(tree), tree)


BAD = [
    {"$unknown": 1},
    {"a": [{"$pickle": "gASV"}]},
    {"$array": ["|O", [1], "gA=="]},
    {"$array": ["<f8", [10**9], "AAAA"]},
    {"$numpy": ["|O", 1]},
    {"$quantum_info": ["os.system", "ls"]},
    {"$sparse": ["SparseObservable", "__class__", 1]},
    {"$register": ["Qubit", 1, "a"]},
    {"$error": ["NoiseModel"]},
    {"$modifier": ["eval", 1]},
    {"$datetime": ["yesterday", 0, None]},
    {"$decimal": "x"},
    {"$set": [[1]]},
    {"$dict": [[[1], 2]]},
    {"$operation": {"qpy": "UUlTS0lUDw==", "forms": {}}},
]


@pytest.mark.parametrize("tree", BAD, ids=[next(iter(tree)) for tree in BAD])
def test_what_was_made_by_hand_is_refused(tree: Any) -> None:
    def read() -> None:
        check_tree(tree)
        CODEC.read(tree)

    with pytest.raises(TreeError):
        read()


def test_a_circuit_in_old_qpy_is_seen_without_reading_it() -> None:
    with pytest.raises(UnsafeError):
        check_tree({"x": [{"$expression": {"qpy": "UUlTS0lUDA==", "forms": {}}}]})


def test_a_form_in_a_value_is_on_the_allow_list() -> None:
    form = {"class": "library.AndGate.__init__", "state": {}}
    with pytest.raises(TreeError, match="unknown class"):
        check_tree({"$operation": {"qpy": "UUlTS0lUDw==", "forms": {"0": form}}})
