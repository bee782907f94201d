"""What a result holds comes back from its bytes, or the bytes are called damaged."""

import math
import struct
import zlib
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from qiskit.quantum_info import DensityMatrix, Operator, Statevector, SuperOp

from qjm_widgets.core import codec

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text()
    | st.binary(max_size=20)
)
keys = st.text(max_size=5) | st.integers() | st.tuples(st.integers(), st.text(max_size=2))
trees = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(keys, inner, max_size=4),
    max_leaves=15,
)


def round_trip(tree: Any) -> Any:
    return codec.decode(codec.encode(tree))


@given(trees)
def test_a_tree_comes_back(tree: Any) -> None:
    # repr tells nan and the sign of zero, which == does not.
    assert repr(round_trip(tree)) == repr(tree)


@given(
    hnp.arrays(
        st.sampled_from(["u1", "u8", "i4", "f4", "f8", "c16", "?", "<U3", "S4"]),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
    )
)
def test_an_array_comes_back(array: np.ndarray[Any, Any]) -> None:
    back = round_trip({"a": [array, array]})["a"]
    assert len(back) == 2
    for found in back:
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert found.tobytes() == array.tobytes()


def test_tuples_come_back_as_lists_and_tuple_keys_as_tuples() -> None:
    assert round_trip({"a": (1, (2, 3)), (0, 1): "ZZ"}) == {"a": [1, [2, 3]], (0, 1): "ZZ"}


def test_our_own_tags_are_data_when_a_user_has_them() -> None:
    for tag in ("$array", "$bytes", "$complex", "$pairs", "$lost", "$quantum_info", "$"):
        assert round_trip({tag: 0}) == {tag: 0}
        assert round_trip([{tag: [1, 2]}, {"x": {tag: None}}]) == [{tag: [1, 2]}, {"x": {tag: None}}]


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(0.1), 0.1),
        (np.float32(0.5), 0.5),
        (np.int64(-7), -7),
        (np.uint64(2**64 - 1), 2**64 - 1),
        (np.bool_(True), True),
        (np.complex128(1 + 2j), 1 + 2j),
        (np.str_("a"), "a"),
    ],
)
def test_numpy_scalars_come_back_as_numbers(value: Any, expected: Any) -> None:
    back = round_trip([value])[0]
    assert back == expected
    assert type(back) is type(expected)


def test_not_a_number_and_infinities_come_back() -> None:
    back = round_trip([math.nan, math.inf, -math.inf, complex(math.nan, -0.0)])
    assert math.isnan(back[0])
    assert back[1:3] == [math.inf, -math.inf]
    assert math.isnan(back[3].real)
    assert math.copysign(1, back[3].imag) == -1


@pytest.mark.parametrize(
    "value",
    [
        Statevector([1, 0, 0, 1j], dims=(2, 2)),
        Statevector([0, 1, 0], dims=(3,)),
        DensityMatrix(np.eye(4) / 4),
        Operator(np.arange(8).reshape(4, 2), input_dims=(2,), output_dims=(2, 2)),
        SuperOp(np.eye(4)),
    ],
    ids=lambda value: type(value).__name__,
)
def test_states_and_operators_of_qiskit_come_back(value: Any) -> None:
    back = round_trip({"data": value})["data"]
    assert back == value
    assert type(back) is type(value)
    assert getattr(back, "dims", lambda: None)() == getattr(value, "dims", lambda: None)()


class Odd:
    """A value of no known kind."""


def test_one_odd_value_is_noted_and_loses_nothing_else() -> None:
    back = round_trip({"counts": {"0x0": 3}, "odd": Odd(), "object": np.array([Odd()])})
    assert back["counts"] == {"0x0": 3}
    assert isinstance(back["odd"], codec.Lost)
    assert "Odd" in repr(back["odd"])
    assert "could not be stored" in repr(back["object"])


SAMPLE = codec.encode(
    {
        "array": np.arange(6, dtype=np.uint16).reshape(2, 3),
        "bytes": b"abc",
        (1, 2): [1j, None, "text"],
        "state": Statevector([1, 0]),
    }
)


@given(st.integers(0, len(SAMPLE) - 1))
def test_truncated_bytes_are_called_damaged(length: int) -> None:
    with pytest.raises(ValueError, match=r"damaged|not an encoded tree"):
        codec.decode(SAMPLE[:length])


@settings(max_examples=500)
@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_noticed(at: int, flip: int) -> None:
    with pytest.raises(ValueError, match=r"damaged|not an encoded tree"):
        codec.decode(SAMPLE[:at] + bytes([SAMPLE[at] ^ flip]) + SAMPLE[at + 1 :])


@given(st.binary(max_size=100))
def test_bytes_of_another_kind_are_no_tree(data: bytes) -> None:
    for other in (data, SAMPLE[:4] + data):
        with pytest.raises(ValueError, match=r"damaged|not an encoded tree"):
            codec.decode(other)


@pytest.mark.parametrize(
    "text",
    [
        '{"$array":0}',
        '{"$bytes":-1}',
        '{"$complex":"xx"}',
        '{"$complex":[1' + "0" * 400 + ",1]}",
        '{"$pairs":[[{"a":1},2]]}',
        '{"$quantum_info":["Statevector",[1,0,0],[[2,2],null]]}',
        '{"$quantum_info":["QuantumCircuit",[1,0],[[2],null]]}',
        "[" * 100_000,
    ],
    ids=lambda text: text[:30],
)
def test_a_forged_tree_is_called_damaged(text: str) -> None:
    packed = text.encode()
    body = struct.pack("<II", len(packed), 0) + packed
    with pytest.raises(ValueError, match="damaged"):
        codec.decode(b"QJM1" + struct.pack("<I", zlib.crc32(body)) + body)
