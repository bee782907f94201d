"""A circuit that cannot be stored runs, is named in every view, and does not affect the others."""

from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Instruction

from qjm_widgets import JobManager
from qjm_widgets.core.records import Span
from qjm_widgets.errors import InvalidStateError, MissingCircuitsError, NotAvailableError
from qjm_widgets.plotting.groups import groups
from qjm_widgets.widgets.static_html import html_of
from qjm_widgets.widgets.wire_head import head
from tests.fakes import LIMIT, ScriptedBackend, marked, until

WORDS = "cannot be resumed: circuit 7"


class Odd(Instruction):
    """An instruction of an unknown class with data of its own."""

    def __init__(self) -> None:
        super().__init__("odd", 1, 0, [])
        self.more = 1


def circuits() -> list[QuantumCircuit]:
    made = [marked(value) for value in range(10)]
    made[7].append(Odd(), [0])
    return made


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store.sqlite3"


def begin(store: Path, **options: Any) -> str:
    """Submit a whole set, and close the manager before a job is done."""
    backend = ScriptedBackend(hold=True)
    with JobManager(store) as manager:
        with pytest.warns(UserWarning, match=r"cannot be resumed .* circuit 7 \(c7\): .*'odd'"):
            job_set = manager.run(
                circuits(), backend, max_circuits_per_job=5, shots=10, rerun_on_resume=True, **options
            )
        until(lambda: len(backend.sent) == 2)
        return job_set.job_set_id()


def test_an_unstored_circuit_runs_and_is_remembered(store: Path) -> None:
    with JobManager(store) as manager:
        with pytest.warns(UserWarning, match="1 circuit cannot be stored"):
            job_set = manager.run(circuits(), ScriptedBackend(), max_circuits_per_job=5, shots=10)
        results = job_set.results(LIMIT)
        assert [results.get_counts(at) for at in range(10)] == [{f"{at:010b}": 10} for at in range(10)]
        (circuit_input,) = job_set._state.circuits.get(Span(7, 8))
        assert circuit_input.circuit == circuits()[7]
        assert job_set.retry() == 0


def test_an_unstored_circuit_is_named_in_every_view(store: Path) -> None:
    set_id = begin(store, name="odd set")
    with JobManager(store) as manager:
        job_set = manager.retrieve_job_set(set_id)
        state = job_set._state
        assert state.record.unstored_circuits == (7,)
        (summary,) = manager.history()
        shown = head(state.record, state.numbers(), settled=False, trouble=None, driven=False, now=0.0)
        for face in (repr(job_set), job_set.report(), repr(summary), shown["line"], html_of(state)):
            assert WORDS in face
        assert WORDS in manager.report()


def test_the_others_of_its_job_are_resumed(store: Path) -> None:
    set_id = begin(store)
    with JobManager(store) as manager:
        job_set = manager.retrieve_job_set(set_id)
        backend = ScriptedBackend()
        assert job_set.resume(backend).wait(LIMIT)
        results = job_set.results()
        for at in set(range(10)) - {7}:
            assert results.get_counts(at) == {f"{at:010b}": 10}
        with pytest.raises(NotAvailableError, match=r"circuit 7 cannot be resumed.*Odd"):
            results.get_counts(7)
        assert [job.span for job in job_set._state.ordered()] == [(0, 5), (5, 7), (7, 8), (8, 10)]
        assert "circuit 7 cannot be resumed" in (job_set.error_messages() or "")
        assert {circuit.name for job in backend.sent for circuit in job.circuits} == {
            f"c{at}" for at in range(10) if at != 7
        }
        with pytest.raises(InvalidStateError, match="cannot be sent again"):
            job_set.retry()


def test_the_store_names_unstored_circuits(store: Path) -> None:
    set_id = begin(store)
    with JobManager(store) as manager:
        known = manager.retrieve_job_set(set_id)._state.circuits
        with pytest.raises(MissingCircuitsError, match="circuit 7 cannot be resumed") as caught:
            known.get(Span(5, 10))
        assert caught.value.circuits == (7,)
        assert [circuit_input.circuit.name for circuit_input in known.get(Span(5, 7))] == ["c5", "c6"]
        assert known.names()[7] == "c7"
        assert known.metadata()[7] == {"value": 7}
        assert known.block(Span(5, 10)) is None
        assert known.block(Span(0, 5)) is not None


def test_a_bundle_keeps_which_it_lacks(store: Path, tmp_path: Path) -> None:
    set_id = begin(store)
    with JobManager(store) as manager:
        manager.export(manager.retrieve_job_set(set_id), tmp_path / "set.qjm")
    with JobManager(tmp_path / "other.sqlite3") as manager:
        job_set = manager.load(tmp_path / "set.qjm")
        assert WORDS in repr(job_set)
        assert job_set._state.record.unstored_circuits == (7,)
        assert job_set._state.circuits.metadata()[7] == {"value": 7}


def test_circuits_are_chosen_by_metadata_of_any_kind(store: Path) -> None:
    made = [marked(value) for value in range(4)]
    for at, circuit in enumerate(made):
        circuit.metadata |= {("q", 0): np.float64(at % 2), "points": np.arange(at), "lock": Lock()}
    with JobManager(store) as manager:
        with pytest.warns(UserWarning, match=r"'lock' of circuit 0 .* 3 more"):
            job_set = manager.run(made, ScriptedBackend(), shots=10)
        assert job_set.wait(LIMIT)
        chosen = job_set.figure(metadata={("q", 0): 1.0})
        assert set(chosen.data[0].x) == {f"{1:010b}", f"{3:010b}"}
        assert set(job_set.figure(metadata={"points": np.arange(2)}).data[0].x) == {f"{2:010b}"}
        assert {group["key"] for group in groups(job_set._state)["metadata"]} >= {"('q', 0)", "points"}
