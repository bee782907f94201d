"""Counts are never changed: negative ones, fractions, and numbers of any size."""

from __future__ import annotations

import base64
import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from qjm_widgets.core.counts import Layout, Packed, numbers, pack_hex, together
from qjm_widgets.core.counts_sum import CountsSum
from qjm_widgets.core.frequencies import wilson
from qjm_widgets.core.histogram import histogram
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome
from qjm_widgets.serialization.outcomes import decode_outcome, encode_outcome

whole = (
    st.integers(-5, 300)
    | st.sampled_from([2**31, -(2**31) - 1, 2**63 - 1, -(2**63), 2**63, 2**64, 10**40, -(10**40)])
    | st.integers()
)
fractions = st.floats() | st.sampled_from([-0.03, 0.1 + 0.2, 1e300, -0.0, math.nan, math.inf])
mixed = st.one_of(
    st.dictionaries(st.integers(0, 7), whole, min_size=1, max_size=8),
    st.dictionaries(st.integers(0, 7), fractions, min_size=1, max_size=8),
    st.dictionaries(st.integers(0, 7), whole | fractions, min_size=1, max_size=8),
)


def packed(counts: dict[int, Any], width: int = 3) -> Packed:
    return pack_hex({hex(outcome): count for outcome, count in counts.items()}, Layout((), width))


def experiment(counts: dict[int, Any], width: int = 3) -> ExperimentOutcome:
    layout = Layout((), width)
    return ExperimentOutcome("c", 100, True, "DONE", {}, layout, packed(counts, width))


def written(*circuits: ExperimentOutcome) -> list[dict[str, Any]]:
    back = decode_outcome(encode_outcome(JobOutcome(circuits))).circuits
    return [circuit.packed().to_dict() for circuit in back]  # type: ignore[union-attr]


def bits(counts: dict[int, Any], width: int = 3) -> dict[str, Any]:
    return {format(outcome, f"0{width}b"): count for outcome, count in counts.items()}


@given(st.lists(mixed, min_size=1, max_size=6), st.sampled_from([3, 30, 70]))
def test_every_number_is_read_from_the_store(circuits: list[dict[int, Any]], width: int) -> None:
    back = written(*(experiment(counts, width) for counts in circuits))
    # repr distinguishes 1 from 1.0, and shows nan and the sign of zero.
    assert repr(back) == repr([bits(counts, width) for counts in circuits])


@given(st.lists(st.integers(-(2**63), 2**63 - 1), min_size=1, max_size=5))
def test_negative_numbers_of_any_width_share_one_column(values: list[int]) -> None:
    assert written(*(experiment({0: value}) for value in values)) == [{"000": value} for value in values]


@pytest.mark.parametrize("kind", [np.int8, np.int32, np.uint64, np.float32, np.float64, np.bool_])
def test_numbers_of_numpy_are_those_of_python(kind: Any) -> None:
    (back,) = written(experiment({0: kind(1), 5: kind(0)}))
    assert back == {"000": 1, "101": 0}
    assert not any(isinstance(count, np.generic) for count in back.values())


def test_a_whole_number_beside_fractions_stays_whole() -> None:
    assert repr(written(experiment({0: 2**53 + 1, 1: 0.5}))) == repr([{"000": 2**53 + 1, "001": 0.5}])
    assert numbers([1, 0.5]).tolist() == [1, 0.5]
    assert numbers([Fraction(1, 3)]).tolist() == [Fraction(1, 3)]


def exact_sum(circuits: list[dict[int, Any]]) -> dict[int, Any]:
    total: dict[int, Any] = {}
    for counts in circuits:
        for outcome, count in counts.items():
            total[outcome] = total.get(outcome, 0) + count
    return total


@given(
    st.lists(st.dictionaries(st.integers(0, 7), whole, min_size=1), min_size=1, max_size=6),
    st.sampled_from([3, 30, 70]),
    st.booleans(),
)
def test_sums_of_whole_numbers_are_exact(
    circuits: list[dict[int, int]], width: int, at_once: bool
) -> None:
    total = CountsSum()
    packs = [packed(counts, width) for counts in circuits]
    for group in [packs] if at_once else [[pack] for pack in packs]:
        total.add(group)
    assert total.to_dict() == bits(exact_sum(circuits), width)
    assert together(packs).to_dict() == bits(exact_sum(circuits), width)


@given(
    st.lists(
        st.dictionaries(st.integers(0, 7), st.floats(-1e6, 1e6) | st.integers(-100, 100), min_size=1),
        min_size=1,
        max_size=6,
    )
)
def test_sums_of_fractions_are_sums(circuits: list[dict[int, Any]]) -> None:
    total = CountsSum()
    total.add([packed(counts) for counts in circuits])
    assert total.to_dict() == pytest.approx(bits(exact_sum(circuits)))


def test_usual_and_odd_counts_of_one_layout_are_one_sum() -> None:
    total = CountsSum()
    total.add([packed({0: 10, 1: 5})])
    total.add([packed({0: -3, 2: 4})])
    total.add([packed({0: 1}), packed({3: 0.5})])
    assert total.to_dict() == {"000": 8, "001": 5, "010": 4, "011": 0.5}
    assert total.to_dict() == {"000": 8, "001": 5, "010": 4, "011": 0.5}


def test_the_shots_of_fractions_are_their_sum() -> None:
    assert packed({0: -0.25, 3: 1.25}).shots == 1.0
    assert packed({0: -5, 3: 105}).shots == 100
    assert packed({0: 2**64, 3: 1}).shots == 2**64 + 1


def test_an_interval_of_a_mitigated_count_is_one() -> None:
    for count, shots in ((-3, 100), (103, 100), (1, -5), (0.5, 1)):
        low, high = wilson(count, shots)  # type: ignore[arg-type]
        assert 0 <= low <= high <= 1


def test_a_histogram_of_mitigated_counts_beside_what_was_expected() -> None:
    expected = Packed(Layout((), 3), np.array([0, 3], dtype=np.uint64), np.array([0.5, 0.5]))
    found = histogram([packed({0: 0.5, 1: -0.25, 3: 0.75})], {}, 8, expected)
    assert dict(zip(found.keys, found.counts, strict=True)) == {"000": 0.5, "001": -0.25, "011": 0.75}
    assert (found.shots, found.other_outcomes, found.other_shots) == (1.0, 0, 0.0)
    assert found.likeness is not None
    assert 0 < found.likeness.fidelity <= 1
    assert found.likeness.distance == pytest.approx(0.25)
    nothing = histogram([packed({0: -5})], {}, 8, expected)
    assert nothing.likeness is not None
    assert nothing.likeness.fidelity == 0


def test_outcomes_of_an_older_version_are_read() -> None:
    first, wide = decode_outcome(base64.b85decode(OLD)).circuits
    assert isinstance(first, ExperimentOutcome)
    assert isinstance(wide, ExperimentOutcome)
    assert first.packed().to_dict() == {"00": 1, "11": 2}  # type: ignore[union-attr]
    assert first.memory.tolist() == [0, 3, 3]  # type: ignore[union-attr]
    assert first.data == {"x": [1, 2]}
    assert wide.packed().to_dict() == {"1" + 69 * "0": 3}  # type: ignore[union-attr]
    assert replace(first).layout == Layout((2,), 2)


#: Two circuits, one of 70 bits, as version 0.1.0 wrote them.
OLD = (
    "QA$lQ2f<_HZUO)R0{{R3dm?6UY-D9*B05`pB5-VBV`Xz9I$JO-F<mSobaG{7b0Ru>B6DGFWg<FzB5P@GWFk5uWq5F9"
    "a%pX4Zge6nB5q-AWg<Fmb!==bB6DbObaNs)Gb|!=bz@^?b8{j(baHiNEFyDsVRUtKB03^OPfkT5EFx%SVPs`;B06q$"
    "Y-}tdY+-qCb#x*+Zgp&IEFxoXb#8QXB06q$Y-}tdZDnn5a(N;;Zgp&IEFxrKbYUVoZgp&IEFxxUWo%?~B06q$Y;1ij"
    "B5P%Nb0Ru>B5q-AWg<FzB4uG?Xd*gWB4Z*fB6lKPeJmnqWnpAxaw0l=B4uG?Xd*gWdm?UOZDk@lB4Z*fB5h@DZ*qBG"
    "b8K&Pb0Ru2EFxoaWoKV=X?kUIB05`JB4Z*fGF@GLEPEnuVQpn1IwE%>EFx`XZEtdUUvq44baNs)H!yu&eJmnuVR>(L"
    "bRs%?B4uG?Xd*gWTU#<+EHYgzTU%W$H!xjYeJmnlZ*^{Tb0Ru>B4uG?Xd*gWTQDp#T`XH$A~G;AFfcGMFfcGMFfcGM"
    "FfcG8T`XHOU0q#$EFx`XZEtdUB075_Wnp7zB05`pA|zpQa$$KQIxu}KZgp&IU41MfWMOn+B075_Wnp7zB05`pB6uP?"
    "TQMv$U41NjeO-MlB4%l2Y-DpHI(s5zVPj|_I$L`pb7f^@Uvp_~b!=gDZ*n3!F?}q1eO-NheSKXlB57`BZz4K-B4S}<"
    "Yh`X^Uv6P-Wg<EvVj_JkB5!qcV{dI`b0Ru>A|zpQa$$KQIx&4LB4clLZgg`ZI(s4{VRCX|c_KP8eSHf60009300000"
    "003Jee04D*EL$^OT>t|E3jhEB0ssI200000TOxdQF(NEmGF@E&0}B8E00IC20000009zt_bul6=TQXf;0Rj"
)
