"""Packed counts equal Qiskit's own counts."""

from collections import Counter
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit.result import Result, marginal_counts
from qiskit.result.models import ExperimentResult, ExperimentResultData

from qjm_widgets._compat import experiment_header
from qjm_widgets.core.counts import Layout, Packed, bits_to_integers, integers, pack_hex, pack_shots
from qjm_widgets.core.counts_sum import CountsSum
from qjm_widgets.core.frequencies import top, wilson
from qjm_widgets.core.outcomes import layout_of

HEADERS: dict[str, dict[str, Any]] = {
    "one register": {"memory_slots": 3, "creg_sizes": [["c", 3]]},
    "two registers": {"memory_slots": 5, "creg_sizes": [["a", 2], ["b", 3]]},
    "three registers": {"memory_slots": 6, "creg_sizes": [["a", 1], ["b", 3], ["c", 2]]},
    "loose bits": {"memory_slots": 4, "creg_sizes": []},
    "no sizes": {"memory_slots": 4},
    "no width": {"name": "x"},
    "thirteen bits": {"memory_slots": 13, "creg_sizes": [["c", 13]]},
    "over 20 bits": {"memory_slots": 25, "creg_sizes": [["a", 12], ["b", 13]]},
    "64 bits": {"memory_slots": 64, "creg_sizes": [["c", 64]]},
    "over 64 bits": {"memory_slots": 100, "creg_sizes": [["a", 33], ["b", 67]]},
}
header_names = st.sampled_from(sorted(HEADERS))


def qiskit_counts(header: dict[str, Any], hexes: dict[str, int]) -> dict[str, int]:
    """What Qiskit's ``Result`` makes of the same raw counts."""
    data = ExperimentResultData(counts=hexes)
    shots = sum(hexes.values())
    experiment = ExperimentResult(shots, True, data, header=experiment_header(dict(header)))
    fields = {"backend_name": "", "backend_version": "", "qobj_id": None, "job_id": "", "success": True}
    return dict(Result(**fields, results=[experiment]).get_counts())


@st.composite
def raw_counts(draw: st.DrawFn) -> tuple[dict[str, Any], dict[str, int]]:
    """A header and counts by hexadecimal text that fit together."""
    header = HEADERS[draw(header_names)]
    most = (1 << header.get("memory_slots", 9)) - 1
    outcomes = st.dictionaries(st.integers(0, most) | st.just(most), st.integers(1, 10**9))
    values = draw(outcomes.filter(bool))
    return header, {hex(outcome): count for outcome, count in values.items()}


@given(raw_counts())
def test_packed_counts_read_as_qiskit_reads_them(raw: tuple[dict[str, Any], dict[str, int]]) -> None:
    header, hexes = raw
    packed = pack_hex(hexes, layout_of(header))
    assert packed.to_dict() == qiskit_counts(header, hexes)
    assert packed.shots == sum(hexes.values())


@given(raw_counts())
def test_the_shots_one_by_one_pack_to_the_same(raw: tuple[dict[str, Any], dict[str, int]]) -> None:
    header, hexes = raw
    few = {key: count % 4 + 1 for key, count in hexes.items()}
    layout = layout_of(header)
    shots = [int(key, 16) for key, count in few.items() for _ in range(count)]
    packed = pack_shots(integers(shots, layout.width), layout)
    assert packed.to_dict() == qiskit_counts(header, few)


@given(st.lists(raw_counts(), max_size=8))
def test_a_sum_equals_that_of_counters(raws: list[tuple[dict[str, Any], dict[str, int]]]) -> None:
    packs = [pack_hex(hexes, layout_of(header)) for header, hexes in raws]
    expected: Counter[str] = Counter()
    at_once, grown = CountsSum(), CountsSum()
    at_once.add(packs)
    for pack in packs:
        expected.update(pack.to_dict())
        grown.add([pack])
        grown.to_dict()
    assert at_once.to_dict() == dict(expected)
    assert grown.to_dict() == dict(expected)


def test_a_sum_of_more_than_fits_at_once_loses_nothing() -> None:
    layout = Layout((), 10)
    packs = [pack_shots(np.arange(offset, 1024, dtype=np.uint64), layout) for offset in range(50)]
    total = CountsSum()
    total.add(packs)
    assert list(total.to_dict().values()) == [min(outcome, 49) + 1 for outcome in range(1024)]


@pytest.mark.parametrize("key", ["0x3FF", "0X3ff", "0x03ff", "0x1000", "0x0"])
def test_an_outcome_may_be_spelt_in_any_way(key: str) -> None:
    assert pack_hex({key: 2}, Layout((), 13)).to_dict() == {format(int(key, 16), "013b"): 2}


def test_layouts_are_never_merged() -> None:
    total = CountsSum()
    layouts = [Layout((1,), 1), Layout((2,), 2), Layout((1, 1), 2), Layout((), 2)]
    for layout, count in zip(layouts, (1, 10, 100, 1000), strict=True):
        total.add([pack_hex({"0x0": count}, layout)])
    assert total.to_dict() == {"0": 1, "00": 1010, "0 0": 100}


def test_texts_that_are_no_bits_are_summed_beside() -> None:
    total = CountsSum()
    total.add_texts({"0,2": 3, "1,1": 1})
    total.add_texts({"0,2": 4})
    total.add([pack_hex({"0x1": 5}, Layout((1,), 1))])
    assert total.to_dict() == {"0,2": 7, "1,1": 1, "1": 5}


def test_nothing_sums_to_nothing() -> None:
    assert CountsSum().to_dict() == {}
    assert pack_hex({}, Layout((2,), 2)).to_dict() == {}
    assert pack_shots(np.array([], dtype=np.uint64), Layout((2,), 2)).to_dict() == {}


@given(st.integers(0, 12), st.data())
def test_packed_bytes_are_read_big_endian(width: int, data: st.DataObject) -> None:
    most = (1 << (8 * width)) - 1
    values = data.draw(st.lists(st.integers(0, most), max_size=6))
    rows = np.array([list(value.to_bytes(width, "big")) for value in values], dtype=np.uint8).reshape(
        len(values), width
    )
    assert bits_to_integers(rows).tolist() == values


counts = st.dictionaries(st.text("01", min_size=5, max_size=5), st.integers(1, 50))


@given(counts, st.integers(0, 40))
def test_top_keeps_the_most_frequent_and_counts_the_rest(counts: dict[str, int], most: int) -> None:
    chosen = top(counts, most)
    assert chosen.keys == sorted(chosen.keys)
    assert chosen.counts == [counts[key] for key in chosen.keys]
    assert sorted(chosen.counts, reverse=True) == sorted(counts.values(), reverse=True)[:most]
    assert len(chosen.keys) + chosen.other_outcomes == len(counts)
    assert sum(chosen.counts) + chosen.other_shots == sum(counts.values())


def test_top_prefers_the_first_of_equals() -> None:
    assert top({"11": 5, "01": 5, "10": 5, "00": 9}, 2).keys == ["00", "01"]


@given(counts.filter(bool), st.sets(st.integers(0, 4), min_size=1))
def test_marginals_are_those_of_qiskit(counts: dict[str, int], bits: set[int]) -> None:
    chosen = sorted(bits)
    packed = Packed(
        Layout((), 5), integers([int(key, 2) for key in counts], 5), np.array([*counts.values()])
    )
    assert packed.marginal(chosen).to_dict() == marginal_counts(counts, chosen)


@pytest.mark.parametrize(
    ("bits", "expected"),
    [
        ([0, 1], {"01": 3, "10": 4}),
        ([0, 2], {"0 1": 3, "1 0": 4}),
        ([4], {"1": 7}),
        ([1, 2, 4], {"10 0": 3, "11 1": 4}),
    ],
)
def test_marginals_keep_the_registers(bits: list[int], expected: dict[str, int]) -> None:
    packed = pack_hex({"0x11": 3, "0x16": 4}, Layout((2, 3), 5))
    assert packed.marginal(bits).to_dict() == expected


def test_marginals_of_many_qubits() -> None:
    packed = pack_hex({hex(1 << 99): 3, hex((1 << 99) + (1 << 70)): 4, "0x1": 2}, Layout((), 100))
    assert packed.marginal([70, 99]).to_dict() == {"00": 2, "10": 3, "11": 4}
    assert packed.marginal(range(100)).to_dict() == packed.to_dict()


@pytest.mark.parametrize(
    ("count", "shots", "low", "high"),
    # Newcombe, Stat. Med. 17, 857 (1998), table I, method 3; the last two are exact limits.
    [
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
        (29, 29, 0.8830, 1.0),
        (0, 0, 0.0, 1.0),
    ],
)
def test_wilson_gives_the_published_intervals(count: int, shots: int, low: float, high: float) -> None:
    assert wilson(count, shots) == pytest.approx((low, high), abs=6e-5)


@given(st.integers(1, 10**6), st.floats(0, 1))
def test_an_interval_holds_its_estimate(shots: int, part: float) -> None:
    count = round(shots * part)
    low, high = wilson(count, shots)
    assert 0 <= low <= count / shots + 1e-12
    assert count / shots - 1e-12 <= high <= 1


def test_a_packed_sum_stays_exact_beyond_floats() -> None:
    layout = Layout((1,), 1)
    big = Packed(layout, integers([1], 1), np.array([2**53 + 1], dtype=np.int64))
    total = CountsSum()
    total.add([big])
    total.add([big])
    assert total.to_dict() == {"1": 2**54 + 2}
