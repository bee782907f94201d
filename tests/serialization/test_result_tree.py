"""The values of a result are decoded from their bytes, or the bytes are called damaged."""

import base64
import datetime
import decimal
import enum
import fractions
import math
import struct
import uuid
import zlib
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from qiskit.circuit import Parameter
from qiskit.quantum_info import (
    PTM,
    Chi,
    Choi,
    DensityMatrix,
    Kraus,
    Operator,
    Pauli,
    PauliList,
    ScalarOp,
    SparsePauliOp,
    StabilizerState,
    Statevector,
    Stinespring,
    SuperOp,
    random_clifford,
)
from qiskit.result import Counts, ProbDistribution, QuasiDistribution

from qjm_widgets.core.lost import Lost
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.serialization import result_tree

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
    return result_tree.decode(result_tree.encode(tree))


@given(trees)
def test_a_tree_is_decoded_as_it_was(tree: Any) -> None:
    # repr shows nan and the sign of zero, which == does not.
    assert repr(round_trip(tree)) == repr(tree)


@given(
    hnp.arrays(
        st.sampled_from(["u1", "u8", "i4", "f4", "f8", "c16", "?", "<U3", "S4"]),
        hnp.array_shapes(min_dims=0, min_side=0, max_side=4),
    )
)
def test_an_array_is_decoded_as_it_was(array: np.ndarray[Any, Any]) -> None:
    back = round_trip({"a": [array, array]})["a"]
    assert len(back) == 2
    for found in back:
        assert (found.dtype, found.shape) == (array.dtype, array.shape)
        assert found.tobytes() == array.tobytes()


def test_tuples_are_decoded_as_tuples_and_keys_keep_their_type() -> None:
    tree = {"a": (1, (2, [3], ())), (0, (1,)): "ZZ", 1: 0, None: 2, 2.5: 3, 1j: 4, b"k": 5}
    back = round_trip(tree)
    assert back == tree
    assert repr(back) == repr(tree)


def test_bytes_of_an_older_version_are_read() -> None:
    """Tuples were written as lists then, and complex numbers and states under other tags."""
    back = result_tree.decode(base64.b85decode(OLD))
    assert back["array"].tolist() == [0, 1, 2]
    assert back[1, 2] == [1j, None, [1, "a"]]
    assert (back["bytes"], back["state"], back["gate"]) == (
        b"abc",
        Statevector([1, 0]),
        Operator(np.eye(2)),
    )
    assert isinstance(back["odd"], Lost)


def test_our_own_tags_are_data_when_a_user_has_them() -> None:
    for tag in ("$array", "$bytes", "$complex", "$pairs", "$lost", "$quantum_info", "$"):
        assert round_trip({tag: 0}) == {tag: 0}
        assert round_trip([{tag: [1, 2]}, {"x": {tag: None}}]) == [{tag: [1, 2]}, {"x": {tag: None}}]


@pytest.mark.parametrize(
    "value",
    [
        *map(np.float64, (0.1, -0.0, math.inf)),
        np.float32(0.1),
        np.float16(0.5),
        np.longdouble(1) / 3,
        np.int64(-7),
        np.uint64(2**64 - 1),
        np.bool_(True),
        np.complex128(1 + 2j),
        np.complex64(1j),
        np.str_("a\u00e9"),
        np.bytes_(b"a"),
        np.datetime64("2026-11-27T12:00"),
        np.timedelta64(3, "s"),
        decimal.Decimal("1.10"),
        fractions.Fraction(1, 3),
        {1, "a", (2,)},
        frozenset({1}),
        datetime.datetime(2026, 11, 27, 12, tzinfo=datetime.UTC),
        datetime.datetime(2026, 11, 27, 12, 0, 0, 1),
        datetime.date(2026, 11, 27),
        datetime.time(12, 30),
        datetime.timedelta(1, 2, 3),
        uuid.UUID(int=7),
        range(1, 9, 2),
        slice(None, 3),
        10**5000,
        -(2**64),
        "half a character: \ud800",
    ],
    ids=lambda value: type(value).__name__,
)
def test_single_values_are_decoded_as_they_were(value: Any) -> None:
    for back in (round_trip([value])[0], round_trip({"a": (value, 1)})["a"][0]):
        assert back == value
        assert type(back) is type(value)


class Level(enum.IntEnum):
    CLASSIFIED = 2


class Returned(str, enum.Enum):  # noqa: UP042 - as Qiskit's MeasReturnType is
    AVERAGE = "avg"


class Fraction(float):
    pass


@pytest.mark.parametrize(
    ("value", "base"), [(Level(2), 2), (Returned("avg"), "avg"), (Fraction(0.5), 0.5)]
)
def test_subclasses_of_plain_types_are_decoded_as_plain(value: Any, base: Any) -> None:
    (back,) = round_trip([value])
    assert back == base
    assert type(back) is type(base)


@pytest.mark.parametrize("kind", ["<U0", "S0", "V3", "M8[ns]", "m8[s]", "?", "f2", "g", "c8", ">i4"])
def test_arrays_of_every_type_are_decoded_as_they_were(kind: str) -> None:
    for shape in ((2,), (2, 0), ()):
        array = np.zeros(shape, dtype=kind)
        back = round_trip(array)
        assert (back.dtype, back.shape) == (array.dtype, array.shape)
        assert back.tobytes() == array.tobytes()


@pytest.mark.parametrize("align", [False, True])
def test_structured_arrays_are_decoded_as_they_were(align: bool) -> None:
    kind = np.dtype([("a", "i1"), ("b", [("x", "f8"), ("y", "c16", (2, 1))])], align=align)
    array = np.zeros(3, dtype=kind)
    array["b"]["x"] = [1, 2, 3]
    back = round_trip(array)
    assert back.dtype == kind
    assert (back == array).all()
    assert round_trip(array[1]) == array[1]


def test_object_and_masked_arrays_are_decoded_as_they_were() -> None:
    array = np.empty((2, 2), dtype=object)
    array[:] = [[1, "a"], [None, 2j]]
    array[0, 0] = (1, [2])
    back = round_trip(array)
    assert back.shape == (2, 2)
    assert back.tolist() == array.tolist()
    masked = np.ma.MaskedArray([1, 2], mask=[False, True])
    assert round_trip(masked).tolist() == [1, None]


def test_nan_and_infinities_are_decoded() -> None:
    back = round_trip([math.nan, math.inf, -math.inf, complex(math.nan, -0.0)])
    assert math.isnan(back[0])
    assert back[1:3] == [math.inf, -math.inf]
    assert math.isnan(back[3].real)
    assert math.copysign(1, back[3].imag) == -1


QISKIT_VALUES = [
    Statevector([1, 0, 0, 1j], dims=(2, 2)),
    Statevector([0, 1, 0], dims=(3,)),
    DensityMatrix(np.eye(4) / 4),
    Operator(np.arange(8).reshape(4, 2), input_dims=(2,), output_dims=(2, 2)),
    SuperOp(np.eye(4)),
    Choi(np.eye(4)),
    Kraus([np.eye(2)]),
    Kraus(([np.eye(2)], [2 * np.eye(2)])),
    PTM(np.eye(4)),
    Chi(np.eye(4)),
    Stinespring(np.eye(2)),
    random_clifford(3, seed=1),
    StabilizerState(random_clifford(2, seed=2)),
    Pauli("-iXYZ"),
    PauliList(["iXX", "-ZZ"]),
    SparsePauliOp(["XX", "ZZ"], [1, 2j]),
    ScalarOp((2, 2), 3j),
    Counts({"00": 3, "11": 4}),
    Counts({"0x0": 3, "0x3": 4}, time_taken=0.5, creg_sizes=[["a", 1], ["b", 1]], memory_slots=2),
    ProbDistribution({0: 0.5, 3: 0.5}, shots=10),
    QuasiDistribution({0: -0.5, 3: 1.5}, shots=10, stddev_upper_bound=0.1),
]


@pytest.mark.parametrize("value", QISKIT_VALUES, ids=lambda value: type(value).__name__)
def test_values_of_qiskit_are_decoded(value: Any) -> None:
    for back in (round_trip({"data": value})["data"], round_trip([(value, 1)])[0][0]):
        assert back == value
        assert type(back) is type(value)
        for name in ("dims", "input_dims", "output_dims"):
            assert getattr(back, name, lambda: None)() == getattr(value, name, lambda: None)()
        for name in ("hex_raw", "int_raw", "creg_sizes", "time_taken", "stddev_upper_bound"):
            assert getattr(back, name, None) == getattr(value, name, None)
        assert vars(back).get("shots") == vars(value).get("shots")


class Odd:
    """A value of no known kind."""


class Rude:
    """A value that raises at every use."""

    def __getattr__(self, name: str) -> Any:
        raise RuntimeError(name)


def test_one_odd_value_is_noted_and_the_rest_is_kept() -> None:
    tree = {"counts": {"0x0": 3}, "odd": Odd(), "rude": [Rude(), 1], "object": np.array([Odd(), 2])}
    lost: list[str] = []
    back = result_tree.decode(result_tree.encode(tree, lost))
    assert back["counts"] == {"0x0": 3}
    assert isinstance(back["odd"], Lost)
    assert "Odd" in repr(back["odd"])
    assert back["rude"][1] == 1
    assert "could not be stored" in repr(back["object"])
    assert back["object"][1] == 2
    assert [kind.rpartition(".")[2] for kind in lost] == ["Odd", "Rude", "Odd"]


@pytest.mark.parametrize(
    "use",
    [
        np.asarray,
        np.sum,
        list,
        len,
        bool,
        float,
        abs,
        lambda lost: lost + 1,
        lambda lost: 2 * lost,
        lambda lost: lost[0],
        lambda lost: lost < 1,
        lambda lost: 0 in lost,
        lambda lost: lost.data,
        lambda lost: lost(),
    ],
)
def test_whoever_uses_a_lost_value_gets_the_reason(use: Any) -> None:
    (lost,) = round_trip([Odd()])
    with pytest.raises(NotAvailableError, match=r"Odd, which could not be stored"):
        use(lost)


def test_what_is_inside_itself_or_too_deep_is_lost_alone() -> None:
    endless: list[Any] = [1]
    endless.append(endless)
    deep: Any = 1
    for _ in range(5000):
        deep = [deep]
    loop: dict[Any, Any] = {}
    loop[1, 2] = loop
    lost: list[str] = []
    back = result_tree.decode(result_tree.encode({"a": 1, "x": endless, "y": deep, "z": loop}, lost))
    assert back["a"] == 1
    assert back["x"][0] == 1
    assert lost == ["list", "list", "dict"]


def test_an_operator_with_a_free_parameter_is_lost_whole() -> None:
    operator = SparsePauliOp(["X"], np.array([Parameter("a")], dtype=object))
    assert isinstance(round_trip([operator])[0], Lost)


#: {"array": …, (1, 2): [1j, None, (1, "a")], "bytes": …, "state": …, "gate": …, "odd": …}.
OLD = (
    "QA$lQaK!~J4*>uG1ONa4dm<!oVQF%6B05`JB4KiJVR<4fdm<!Za&lpLB04aAT`XH$F)T7&EL(dbBx7%FaBO9GB05_z"
    "E-)-HE-+nvEN*pdY%E(bEFxhdU0q!)TOwk4bY*iQEPEm(VtI6Bb0Ru1eO)YDB6D<MbY&tedm<!pbzyFFb!}g1Zf0*H"
    "I$I)BbYXO5c4cF9Z*n3mdm<!Za&lpLB04gCEL&SLT`X>OY;0X!eO)YDB4=TAWg;wlA|!EjVQzGFZC`0_W^W=oTOv<z"
    "WpZJ3Z*n3mdm<!Za&lpLB04jDEL&SLT`XHNU0q#$T`XH7Z)9X5EPEm(Y;SXPB03^sb!lvLX>M~aZ(?d?V{{^YU0r<("
    "000060000000016B0P06A}m`oU0nbG0RRF33jhEB0{{R300000TOxdQF(NEmGhJO_Vq**d001BW00000003JeJYz97"
    "A}m`nU0nbG00000@IL?m0000000000000000000000000000gE002M$00000003JeJYz97A}m`nEHYhP00000008hm"
    "0000000000000000000000000000000000000000000000000000000008hm0000000000"
)

SAMPLE = result_tree.encode(
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
        result_tree.decode(SAMPLE[:length])


@settings(max_examples=500)
@given(st.integers(0, len(SAMPLE) - 1), st.integers(1, 255))
def test_a_flipped_byte_is_noticed(at: int, flip: int) -> None:
    with pytest.raises(ValueError, match=r"damaged|not an encoded tree"):
        result_tree.decode(SAMPLE[:at] + bytes([SAMPLE[at] ^ flip]) + SAMPLE[at + 1 :])


@given(st.binary(max_size=100))
def test_bytes_of_another_kind_are_no_tree(data: bytes) -> None:
    for other in (data, SAMPLE[:4] + data):
        with pytest.raises(ValueError, match=r"damaged|not an encoded tree"):
            result_tree.decode(other)


@pytest.mark.parametrize(
    "text",
    [
        '{"$array":0}',
        '{"$bytes":-1}',
        '{"$complex":"xx"}',
        '{"$strange":1}',
        '{"$value":["os.system","ls"]}',
        '{"$value":["complex","x"]}',
        '{"$qiskit":["QuantumCircuit",1]}',
        '{"$qiskit":["Statevector",[1,0,0],{"$tuple":[2,2]}]}',
        '{"$numpy":["|O","00"]}',
        '{"$numpy":["<f8","00"]}',
        '{"$objects":[[3],[1]]}',
        '{"$int":"ten"}',
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
        result_tree.decode(b"QJM1" + struct.pack("<I", zlib.crc32(body)) + body)


def test_a_moment_of_pandas_that_is_no_datetime_is_lost_by_itself() -> None:
    whole = pd.Timestamp("2026-01-02 03:04:05", tz="UTC")
    lost: list[str] = []
    written = result_tree.encode(
        {"at": [whole, pd.NaT, pd.Timestamp(1), pd.Timedelta(1, "ns")], "n": 1}, lost
    )
    found = result_tree.decode(written)
    assert found["n"] == 1
    assert found["at"][0] == whole
    assert all(isinstance(value, Lost) for value in found["at"][1:])
    assert len(lost) == 3
