"""Outcomes of jobs are encoded, decoded, and merged from pieces of the shots."""

from collections import Counter
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.primitives import BitArray, DataBin

from qjm_widgets.core.counts import Layout, Packed, integers, pack_hex, pack_shots
from qjm_widgets.core.counts_sum import CountsSum
from qjm_widgets.core.merging import merge
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, JobOutcome, PubOutcome
from qjm_widgets.serialization import result_tree
from qjm_widgets.serialization.outcomes import decode_outcome, encode_outcome


def experiment(outcomes: list[int], width: int, *, memory: bool = True, **fields: Any) -> Any:
    """One circuit of ``Backend.run`` with these outcomes, shot by shot."""
    layout = Layout((width,), width)
    shots = integers(outcomes, width)
    known: dict[str, Any] = {
        "name": "circuit",
        "shots": len(outcomes),
        "success": True,
        "status": "DONE",
        "header": {"name": "circuit", "memory_slots": width, "creg_sizes": [["c", width]]},
        "layout": layout,
        "counts": pack_shots(shots, layout),
        "memory": shots if memory else None,
    }
    return ExperimentOutcome(**(known | fields))


def pub(values: np.ndarray[Any, Any], bits: int, **others: Any) -> PubOutcome:
    """One PUB with the registers ``a`` (these values, ``(*shape, shots)``) and ``b`` (two bits)."""
    flat = [int(value) for value in values.reshape(-1)]
    size = -(-bits // 8)
    array = np.array([list(v.to_bytes(size, "big")) for v in flat], dtype=np.uint8)
    a = array.reshape(*values.shape, size)
    b = np.array([[v % 4] for v in flat], dtype=np.uint8).reshape(*values.shape, 1)
    return PubOutcome("pub", values.shape[:-1], {"a": (a, bits), "b": (b, 2)}, **others)


def qiskit_bits(outcome: PubOutcome) -> dict[str, BitArray]:
    return {name: BitArray(array, bits) for name, (array, bits) in outcome.registers.items()}


def same(a: CircuitOutcome | None, b: CircuitOutcome | None) -> None:
    """Check that two outcomes are equal."""
    assert (a is None) == (b is None)
    if a is None or b is None:
        return
    assert type(a) is type(b)
    assert (a.name, a.shots, a.success, a.status) == (b.name, b.shots, b.success, b.status)
    counts = [None if (p := c.packed()) is None else p.to_dict() for c in (a, b)]
    assert counts[0] == counts[1]
    assert dict(a.data) == dict(b.data)
    if isinstance(a, ExperimentOutcome) and isinstance(b, ExperimentOutcome):
        assert (a.header, a.layout, a.fields) == (b.header, b.layout, b.fields)
        memories = [None if c.memory is None else c.memory.tolist() for c in (a, b)]
        assert memories[0] == memories[1]
    if isinstance(a, PubOutcome) and isinstance(b, PubOutcome):
        assert (a.shape, dict(a.metadata)) == (b.shape, dict(b.metadata))
        assert qiskit_bits(a) == qiskit_bits(b)


def round_trip(*circuits: CircuitOutcome | None) -> JobOutcome:
    outcome = JobOutcome(list(circuits), {"backend_name": "b", "header": {}, "date": None})
    back = decode_outcome(encode_outcome(outcome))
    assert back.info == outcome.info
    assert len(back.circuits) == len(circuits)
    for before, after in zip(circuits, back.circuits, strict=True):
        same(before, after)
    return back


shots_of_width = st.integers(1, 80).flatmap(
    lambda width: st.tuples(
        st.just(width), st.lists(st.integers(0, (1 << width) - 1), min_size=1, max_size=20)
    )
)


@given(st.lists(shots_of_width, max_size=5), st.booleans())
def test_circuits_are_decoded_from_their_bytes(
    circuits: list[tuple[int, list[int]]], memory: bool
) -> None:
    round_trip(*(experiment(shots, width, memory=memory) for width, shots in circuits))


def test_what_a_circuit_lacks_stays_lacking() -> None:
    failed = experiment([], 2, success=False, status="ERROR: no memory", counts=None, memory=None)
    odd = experiment([0], 1, counts=None, memory=None, data={"counts": {"0,2": 3}, "x": 1j})
    round_trip(None, failed, odd, None)
    unknown = Layout((), None)
    no_width = experiment([0], 1, counts=pack_hex({"0x5": 2}, unknown), layout=unknown, header={})
    round_trip(no_width)
    round_trip()


def test_further_data_and_fields_are_decoded() -> None:
    fields = {"seed": 7, "meas_level": 2, "time_taken": 0.1, "metadata": {"method": "statevector"}}
    back = round_trip(experiment([1, 1, 0], 1, data={"nested": {"a": [1, 2.5]}}, fields=fields))
    assert back.circuits[0].fields == fields  # type: ignore[union-attr]


def pubs(width: int, shape: tuple[int, ...], shots: int) -> Any:
    size = int(np.prod(shape, dtype=int)) * shots
    values = st.lists(st.integers(0, (1 << width) - 1), min_size=size, max_size=size)
    return values.map(lambda v: pub(np.array(v, dtype=object).reshape(*shape, shots), width))


any_pub = st.tuples(
    st.sampled_from([1, 3, 8, 9, 62, 63, 70]), st.sampled_from([(), (1,), (2,), (2, 3)])
).flatmap(lambda args: pubs(args[0], args[1], 3))


@settings(max_examples=60)
@given(any_pub)
def test_decoded_pubs_join_their_registers_as_qiskit_does(outcome: PubOutcome) -> None:
    round_trip(outcome)
    packed = outcome.packed()
    assert packed is not None
    assert packed.to_dict() == join(outcome).get_counts()
    assert (outcome.shots, packed.shots) == (3, 3 * int(np.prod(outcome.shape, dtype=int)))


@settings(max_examples=30)
@given(st.lists(any_pub, max_size=5))
def test_a_job_sums_to_the_counts_of_its_circuits(outcomes: list[PubOutcome]) -> None:
    counted = experiment([0, 1, 1, 2], 2)
    expected = CountsSum()
    expected.add([p for c in (*outcomes, counted) if (p := c.packed()) is not None])
    total = CountsSum()
    total.add(JobOutcome([None, *outcomes, counted]).sums())
    assert total.to_dict() == expected.to_dict()


def test_results_written_before_they_were_folded_are_read() -> None:
    shared = [
        {"name": None, "creg_sizes": [["c", 2]], "memory_slots": 2},
        {"seed": 5},
        {
            "kind": "experiment",
            "shots": 4,
            "success": True,
            "status": "DONE",
            "header": 0,
            "layout": [[2], 2],
            "fields": 1,
            "memory": None,
            "data": {},
        },
    ]
    circuit = {"name": "a", "header_name": "b", "counts": [0, 2]}
    packs = {"outcomes": np.array([1, 2], np.uint8), "counts": np.array([3, 1], np.uint8)}
    whole = {**shared[2], **circuit}  # older still: nothing but headers and fields was shared
    tree = {"circuits": [{**circuit, "alike": 2}, whole], "info": {}, "shared": shared, **packs}
    expected = ExperimentOutcome(
        "a",
        4,
        True,
        "DONE",
        {"name": "b", "creg_sizes": [["c", 2]], "memory_slots": 2},
        Layout((2,), 2),
        Packed(Layout((2,), 2), packs["outcomes"], packs["counts"]),
        fields={"seed": 5},
    )
    for circuit in decode_outcome(result_tree.encode(tree)).circuits:
        assert circuit is not None
        same(expected, circuit)


json_trees = st.recursive(
    st.none() | st.booleans() | st.integers(-3, 3) | st.sampled_from([0.0, -0.0, 1.0]) | st.text("ab"),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text("abc"), inner, max_size=3),
    max_leaves=8,
)


@given(st.lists(st.dictionaries(st.sampled_from("abc"), json_trees, max_size=3), max_size=5))
def test_what_circuits_have_alike_is_written_once_and_nothing_is_changed(headers: list[Any]) -> None:
    circuits = [replace(experiment([1], 1), header=header, fields=header) for header in headers]
    back = round_trip(*circuits)
    for header, circuit in zip(headers, back.circuits, strict=True):
        assert isinstance(circuit, ExperimentOutcome)
        # repr: 1, 1.0 and True are equal, and so are the two zeros.
        assert repr(sorted(circuit.header.items())) == repr(sorted(header.items()))


def test_what_circuits_have_alike_takes_few_bytes() -> None:
    header = {"metadata": {"method": "statevector", "notes": "x" * 1000}, "memory_slots": 1}
    one, many = (
        len(encode_outcome(JobOutcome([replace(experiment([1], 1), header=header)] * number)))
        for number in (1, 100)
    )
    assert many < 10 * one


def test_a_few_bytes_made_by_hand_do_not_fill_the_memory() -> None:
    header = {str(number): number for number in range(50_000)}
    circuits = [replace(experiment([1], 1), header={**header, "0": number}) for number in (5, 6)]
    tree = result_tree.decode(encode_outcome(JobOutcome(circuits)))
    columns = tree["folded"][0]["trees"]["keys"]
    columns["header"]["keys"]["0"]["each"] *= 500
    columns["counts"]["each"] *= 500
    tree["folded"][0]["places"] *= 500
    with pytest.raises(ValueError, match="more than"):
        decode_outcome(result_tree.encode(tree))


def join(outcome: PubOutcome) -> BitArray:
    """The registers side by side, the first one rightmost, by Qiskit's own ``BitArray``."""
    data = DataBin(**qiskit_bits(outcome), shape=outcome.shape)
    return BitArray.concatenate_bits(list(data.values()))


@given(shots_of_width, st.data())
def test_merged_pieces_are_as_one_run(shots: tuple[int, list[int]], data: st.DataObject) -> None:
    width, outcomes = shots
    at = data.draw(st.integers(0, len(outcomes)))
    merged = merge([experiment(outcomes[:at], width), experiment(outcomes[at:], width)])
    same(merged, experiment(outcomes, width))
    back = decode_outcome(encode_outcome(JobOutcome([merged])))
    same(back.circuits[0], merged)


def test_one_piece_is_itself() -> None:
    one = experiment([1, 2], 2)
    assert merge([one]) is one


def test_merged_pieces_of_a_pub_are_as_one_run() -> None:
    values = np.arange(24, dtype=object).reshape(2, 12)
    whole = pub(values, 5, metadata={"shots": 12, "circuit_metadata": {}})
    parts = [
        pub(values[:, :5], 5, metadata={"shots": 5, "circuit_metadata": {}}),
        pub(values[:, 5:], 5, metadata={"shots": 7, "circuit_metadata": {}}),
    ]
    same(merge(parts), whole)


def test_memory_is_merged_only_where_every_piece_has_one() -> None:
    merged = merge([experiment([1], 1), experiment([0], 1, memory=False)])
    assert isinstance(merged, ExperimentOutcome)
    assert merged.memory is None
    assert merged.packed().to_dict() == {"0": 1, "1": 1}  # type: ignore[union-attr]


def test_texts_that_are_no_bits_are_merged() -> None:
    texts = [{"0,2": 3, "1,0": 1}, {"0,2": 2}]
    pieces = [experiment([], 1, counts=None, data={"counts": text}) for text in texts]
    total = sum(map(Counter, texts), Counter())
    assert merge(pieces).data["counts"] == dict(total)


def test_a_failed_piece_fails_the_whole() -> None:
    merged = merge([experiment([1], 1), experiment([], 1, success=False, status="ERROR: broken")])
    assert (merged.success, merged.status) == (False, "ERROR: broken")


def test_damaged_bytes_are_a_value_error() -> None:
    data = encode_outcome(JobOutcome([experiment([1], 1)]))
    with pytest.raises(ValueError, match="damaged"):
        decode_outcome(data[:-1])
