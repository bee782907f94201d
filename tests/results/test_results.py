"""Results of circuits, and the reason if there is none."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.counts import Layout, pack_hex
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, JobOutcome, PubOutcome
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.core.store_port import Changes
from qjm_widgets.errors import (
    AmbiguousNameError,
    CircuitNotFoundError,
    InputError,
    NotAvailableError,
    QJMError,
)
from qjm_widgets.results import JobSetResults
from qjm_widgets.serialization.outcomes import encode_outcome
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.storage import SQLiteStore

SET_ID = "5" * 32


def ran(name: str, value: str = "0x1", shots: int = 10, **fields: Any) -> ExperimentOutcome:
    layout = Layout((2,), 2)
    known: dict[str, Any] = {
        "success": True,
        "status": "DONE",
        "header": {"name": name, "memory_slots": 2, "creg_sizes": [["c", 2]]},
        "counts": pack_hex({value: shots}, layout),
    }
    return ExperimentOutcome(name=name, shots=shots, layout=layout, **(known | fields))


def sampled(name: str, shape: tuple[int, ...] = (), **others: Any) -> PubOutcome:
    """Register a reads 1 in every shot, b reads 2."""
    a = np.full((*shape, 3, 1), 1, dtype=np.uint8)
    b = np.full((*shape, 3, 1), 2, dtype=np.uint8)
    return PubOutcome(name, shape, {"a": (a, 1), "b": (b, 2)}, **others)


def done(row: int, span: Span, **fields: Any) -> JobRecord:
    return JobRecord(row, span, **({"status": Status.DONE} | fields))


@pytest.fixture
def store() -> Iterator[SQLiteStore]:
    store = SQLiteStore(":memory:")
    yield store
    store.close()


def results(
    store: SQLiteStore,
    jobs: Sequence[JobRecord],
    outcomes: dict[int, list[CircuitOutcome | None]],
    names: Sequence[str] = (),
) -> JobSetResults:
    """Results of a set that was stored with these jobs and outcomes."""
    circuits = max(job.span.stop for job in jobs)
    record = JobSetRecord(SET_ID, "set", "fake", "backend_run", circuits, 0.0)
    store.create_set(record, jobs)
    encoded = {row: encode_outcome(JobOutcome(given, {})) for row, given in outcomes.items()}
    store.commit({SET_ID: Changes(outcomes=encoded)})
    chosen = list(names) or [f"c{index}" for index in range(circuits)]
    inputs = [CircuitInput(QuantumCircuit(1, 2, name=name)) for name in chosen]
    return JobSetResults(JobSetState(record, jobs, store, inputs=inputs))


def test_a_circuit_is_found_by_index_name_and_itself(store: SQLiteStore) -> None:
    jobs = [done(0, Span(0, 2)), done(1, Span(2, 3))]
    found = results(store, jobs, {0: [ran("c0", "0x0"), ran("c1", "0x1")], 1: [ran("c2", "0x2")]})
    for circuit in (2, np.int64(2), "c2", QuantumCircuit(1, name="c2")):
        assert found.get_counts(circuit) == {"10": 10}
    assert found.get_counts("c1") == {"01": 10}
    assert found.success


@pytest.mark.parametrize("circuit", [3, -1, 10**9, "c3", "", QuantumCircuit(1, name="other")])
def test_an_unknown_circuit_is_named(store: SQLiteStore, circuit: Any) -> None:
    found = results(store, [done(0, Span(0, 3))], {0: [ran("x")] * 3})
    with pytest.raises(CircuitNotFoundError) as caught:
        found.get_counts(circuit)
    assert str(getattr(circuit, "name", circuit)) in str(caught.value)


@pytest.mark.parametrize("circuit", [None, 1.0, True, ("c0",)])
def test_what_names_no_circuit_is_an_input_error(store: SQLiteStore, circuit: Any) -> None:
    found = results(store, [done(0, Span(0, 2))], {0: [ran("x")] * 2})
    with pytest.raises(InputError, match=type(circuit).__name__):
        found.get_counts(circuit)


def test_a_shared_name_is_an_error_with_the_indices(store: SQLiteStore) -> None:
    names = ["same", "other"] * 4
    found = results(store, [done(0, Span(0, 8))], {0: [ran(name) for name in names]}, names)
    with pytest.raises(AmbiguousNameError, match=r"4 circuits are named 'same' \(0, 2, 4, 6\)"):
        found.get_counts("same")
    assert found.get_counts(2) == {"01": 10}


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"status": Status.ERROR, "error": "no such gate"}, "failed: no such gate"),
        ({"status": Status.ERROR}, "failed: without a reason"),
        ({"status": Status.CANCELLED}, "was cancelled"),
        ({"status": Status.QUEUED}, "is queued"),
        ({"status": Status.NOT_SENT}, "is not sent"),
        ({"status": Status.HELD}, "is held"),
    ],
)
def test_a_circuit_without_a_result_gives_the_reason_and_the_others_have_counts(
    store: SQLiteStore, fields: dict[str, Any], reason: str
) -> None:
    jobs = [done(0, Span(0, 1)), JobRecord(1, Span(1, 3), **fields)]
    found = results(store, jobs, {0: [ran("c0")]})
    assert found.get_counts(0) == {"01": 10}
    assert not found.success
    calls: list[Any] = [found.get_counts, found.get_memory, found.data, found.primitive_result]
    for call in calls:
        with pytest.raises(NotAvailableError) as caught:
            call("c2")
        assert reason in str(caught.value)
        assert "circuit 2" in str(caught.value)
        assert "job 1 (circuits 1–2)" in str(caught.value)
    with pytest.raises(NotAvailableError, match=reason.split(":")[0]):
        found.combine_results()


def test_a_circuit_that_the_backend_left_out_is_missing(store: SQLiteStore) -> None:
    found = results(store, [done(0, Span(0, 2))], {0: [ran("c0"), None]})
    assert found.get_counts(0) == {"01": 10}
    with pytest.raises(NotAvailableError, match="circuit 1 is missing in the result of job 0"):
        found.get_counts(1)
    assert not found.success


def test_a_circuit_that_failed_on_the_backend_has_its_error_text(store: SQLiteStore) -> None:
    failed = ran("c1", success=False, status="ERROR: out of memory", counts=None)
    found = results(store, [done(0, Span(0, 2))], {0: [ran("c0"), failed]})
    with pytest.raises(NotAvailableError, match=r"circuit 1 \(c1\) failed: ERROR: out of memory"):
        found.get_counts(1)
    assert not found.success


def test_shot_pieces_are_one_circuit_once_all_are_there(store: SQLiteStore) -> None:
    jobs = [done(0, Span(0, 1), pieces=2), done(1, Span(0, 1), piece=1, pieces=2)]
    found = results(store, jobs, {0: [ran("c0", "0x0", 4)], 1: [ran("c0", "0x3", 6)]})
    assert found.get_counts(0) == {"00": 4, "11": 6}
    assert [piece.shots for piece in found._reader.pieces_so_far(0)] == [4, 6]


def test_a_missing_piece_is_no_silent_loss(store: SQLiteStore) -> None:
    jobs = [
        done(0, Span(0, 1), pieces=2),
        JobRecord(1, Span(0, 1), piece=1, pieces=2, status=Status.ERROR, error="full"),
    ]
    found = results(store, jobs, {0: [ran("c0", "0x0", 4)]})
    with pytest.raises(NotAvailableError, match=r"job 1.*full"):
        found.get_counts(0)
    assert [piece.shots for piece in found._reader.pieces_so_far(0)] == [4]


def test_unavailable_values_name_what_was_requested(store: SQLiteStore) -> None:
    nothing = ran("c1", counts=None)
    found = results(store, [done(0, Span(0, 2))], {0: [ran("c0"), nothing]})
    for call, circuit, words in (
        (found.get_counts, 1, "has no measurements"),
        (found.get_memory, 0, "memory=True"),
        (found.get_statevector, 0, "statevector"),
        (found.get_unitary, 0, "unitary"),
        (found.primitive_result, 0, "Backend.run"),
    ):
        with pytest.raises(NotAvailableError, match=words) as caught:
            call(circuit)
        assert f"circuit {circuit} (c{circuit})" in str(caught.value)


def test_a_single_register_is_required_of_samplers_only(store: SQLiteStore) -> None:
    found = results(store, [done(0, Span(0, 2))], {0: [ran("c0"), sampled("c1")]})
    assert found.get_counts(1) == {"101": 3}
    assert found.get_counts(1, register="a") == {"1": 3}
    assert found.get_counts(1, register="b") == {"10": 3}
    assert found.get_memory(1, register="b") == ["10"] * 3
    with pytest.raises(InputError, match="'a', 'b'"):
        found.get_counts(1, register="c")
    for arguments in ({"register": "c"}, {"loc": 0}):
        with pytest.raises(InputError, match="circuit 0"):
            found.get_counts(0, **arguments)  # type: ignore[arg-type]
    for call in (found.get_statevector, found.get_unitary):
        with pytest.raises(NotAvailableError, match="counts only"):
            call(1)


def test_a_point_of_a_shape_is_chosen_with_loc(store: SQLiteStore) -> None:
    found = results(store, [done(0, Span(0, 2))], {0: [sampled("c0", (2, 3)), sampled("c1", (4,))]})
    assert found.get_counts(0, loc=(1, 2)) == {"101": 3}
    assert found.get_counts(1, loc=3) == {"101": 3}
    assert found.get_counts(1, loc=-1) == {"101": 3}
    for circuit, loc in ((0, None), (0, 1), (0, (0, 0, 0)), (1, None), (1, (0, 0)), (1, 4)):
        with pytest.raises(InputError, match="shape"):
            found.get_counts(circuit, loc=loc)
    with pytest.raises(NotAvailableError, match="primitive_result"):
        found.combine_results()


@pytest.mark.parametrize("loc", ["0", 0.5, ("0",), (0.5,), (None,), object()])
def test_a_loc_that_is_no_place_is_an_input_error(store: SQLiteStore, loc: Any) -> None:
    found = results(store, [done(0, Span(0, 1))], {0: [sampled("c0", (4,))]})
    with pytest.raises(InputError, match="circuit 0"):
        found.get_counts(0, loc=loc)


def test_one_point_needs_no_loc(store: SQLiteStore) -> None:
    found = results(store, [done(0, Span(0, 1))], {0: [sampled("c0")]})
    assert found.get_counts(0, loc=()) == {"101": 3}
    with pytest.raises(InputError, match="leave loc out"):
        found.get_counts(0, loc=0)


def test_every_refusal_is_of_our_own_tree(store: SQLiteStore) -> None:
    found = results(store, [JobRecord(0, Span(0, 1))], {})
    for call in (found.get_counts, found.get_memory, found.get_statevector, found.data):
        with pytest.raises(QJMError):
            call(0)
