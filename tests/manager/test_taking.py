"""Circuits of a generator are taken while the jobs of the first ones run already."""

from __future__ import annotations

import asyncio
import itertools
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager, JobSet
from qjm_widgets.backends.backend_run import BackendRun
from qjm_widgets.core.records import Span
from qjm_widgets.engine import unit_of_work
from qjm_widgets.errors import (
    CircuitError,
    ClosedError,
    DrivenElsewhereError,
    InputError,
    InvalidStateError,
    StoreFullError,
)
from qjm_widgets.state import caches
from qjm_widgets.storage import SQLiteStore
from qjm_widgets.widgets.view_updates import ViewUpdates
from tests.fakes import LIMIT, ScriptedBackend, marked, reach, until
from tests.job_sets import run_turn


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def manager(path: Path) -> Iterator[JobManager]:
    manager = JobManager(path)
    yield manager
    manager._shut_down()


class Gated:
    """An iterator of marked circuits that waits for its gate before one of them.

    Args:
        number: how many circuits.
        stop: the index before which it waits.
        error: raised then, when the gate is open.
    """

    def __init__(self, number: int, stop: int, error: BaseException | None = None) -> None:
        self._circuits = iter(range(number))
        self._stop, self._error = stop, error
        self.gate, self.waits = threading.Event(), threading.Event()
        self.closed_on: str | None = None

    def __iter__(self) -> Gated:
        return self

    def __next__(self) -> QuantumCircuit:
        value = next(self._circuits)
        if value == self._stop:
            self.waits.set()
            assert self.gate.wait(LIMIT)
            if self._error is not None:
                raise self._error
        return marked(value)

    def close(self) -> None:
        self.closed_on = threading.current_thread().name


def check_counts(job_set: JobSet, number: int) -> None:
    """Wait for the set; check that every circuit has its own counts."""
    results = job_set.results(LIMIT)
    expected = [{format(value, "010b"): 1024} for value in range(number)]
    assert [results.get_counts(value) for value in range(number)] == expected
    assert job_set._state.record.circuits == number


def test_jobs_run_and_give_counts_while_circuits_are_made(manager: JobManager, path: Path) -> None:
    circuits = Gated(25, stop=13)
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=4, size=25)
    assert circuits.waits.wait(LIMIT)
    reach(job_set, lambda: job_set._state.finished == 3)
    assert job_set.counts(11) == {format(11, "010b"): 1024}
    assert job_set.results(partial=True).get_counts("c3") == {format(3, "010b"): 1024}
    assert "3 of 3 done, 12 of 25 circuits so far" in repr(job_set)
    assert "12 circuits so far · 3 jobs" in job_set.report()
    assert not job_set.wait(0)
    assert not job_set.wait(0, until="submitted")
    other = SQLiteStore(path)
    record, jobs = other.load_set(job_set.job_set_id())
    assert (record.circuits, len(jobs), record.complete) == (12, 3, False)
    assert [tuple(block.span) for block in other.get_circuits(record.set_id, Span(0, 25))] == [
        tuple(job.span) for job in jobs
    ]
    other.close()
    circuits.gate.set()
    check_counts(job_set, 25)
    assert "7 of 7 done>" in repr(job_set)
    assert job_set.job(24) == (job_set.jobs()[6], 0)
    assert manager._store.load_set(job_set.job_set_id())[0].complete
    assert circuits.closed_on is not None
    assert circuits.closed_on.startswith("qjm-")


def test_the_panel_says_how_many_circuits_there_are_so_far(manager: JobManager) -> None:
    circuits = Gated(10, stop=6)
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=2)
    reach(job_set, lambda: job_set._state.finished == 3)
    updates = ViewUpdates(job_set)
    head = updates.open_view("a").content["head"]
    assert (head["lead"], head["line"]) == ("3 of 3 done", "6 circuits so far")
    assert not head["settled"]
    assert head["can"]["cancel"]
    assert head["can"]["pause"]
    circuits.gate.set()
    assert job_set.wait(LIMIT)
    message = updates.update()
    assert message is not None
    head = message.content["head"]
    assert (head["lead"], head["line"], head["circuits"]) == ("5 of 5 done", "", 10)


@pytest.mark.parametrize("wait", ["wait", "results", "as_completed", "await"])
def test_waiting_includes_the_circuits_that_come_later(manager: JobManager, wait: str) -> None:
    circuits = Gated(6, stop=4)
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=2)
    reach(job_set, lambda: job_set._state.finished == 2)
    threading.Timer(0.1, circuits.gate.set).start()
    if wait == "as_completed":
        assert [job.row for job in job_set.as_completed(LIMIT)] == [0, 1, 2]
    elif wait == "await":

        async def results() -> Any:
            return await job_set

        assert asyncio.run(results()).get_counts(5) == {format(5, "010b"): 1024}
    else:
        assert getattr(job_set, wait)(LIMIT)
    assert job_set._state.finished == 3


def test_a_circuit_may_be_changed_for_the_next_one(manager: JobManager) -> None:
    def changing() -> Iterator[QuantumCircuit]:
        circuit = marked(0)
        for value in range(9):
            circuit.metadata = {"value": value}
            yield circuit

    check_counts(manager.run(changing(), ScriptedBackend(), max_circuits_per_job=4), 9)


@pytest.mark.parametrize("kind", ["raises", "refuses"])
def test_an_error_ends_the_taking_and_costs_nothing(manager: JobManager, kind: str) -> None:
    def failing() -> Iterator[Any]:
        for value in range(10):
            yield marked(value)
        if kind == "raises":
            raise ValueError("the laser is off")
        yield "a string"

    job_set = manager.run(failing(), ScriptedBackend(), max_circuits_per_job=4)
    check_counts(job_set, 10)
    reason = "the laser is off" if kind == "raises" else "item 10 is not a circuit or a PUB but a str"
    for text in (repr(job_set), job_set.report(), str(job_set._state.summary())):
        assert "only 10 circuits taken: " in text
        assert reason in text
    messages = job_set.error_messages()
    assert messages is not None
    assert messages.startswith("Circuits from 10 on: ")
    assert reason in messages
    assert ViewUpdates(job_set).open_view("a").content["head"]["line"].endswith(reason)


def test_a_circuit_that_the_backend_refuses_is_named_by_its_index(manager: JobManager) -> None:
    free = QuantumCircuit(1, 1)
    free.rx(Parameter("a"), 0)
    free.measure(0, 0)
    circuits = [*(marked(value, bits=1) for value in range(7)), free, marked(8, bits=1)]
    job_set = manager.run(iter(circuits), AerSimulator(), max_circuits_per_job=3, shots=10)
    assert job_set.wait(LIMIT)
    assert job_set._state.record.circuits == 7
    assert "circuit 7" in str(job_set.error_messages())
    assert sum(job_set.results().get_counts(6).values()) == 10


def test_a_circuit_that_fits_into_no_job_ends_the_taking(manager: JobManager) -> None:
    large = QuantumCircuit(1, 1)
    for angle in np.random.default_rng(1).random(2000):
        large.rx(angle, 0)
    circuits = [marked(0), marked(1), marked(2), large, marked(4)]
    job_set = manager.run(
        iter(circuits), ScriptedBackend(), max_circuits_per_job=1, max_payload_bytes=2000
    )
    check_counts(job_set, 3)
    assert "circuit 3" in str(job_set.error_messages())


@pytest.mark.parametrize(
    ("given", "error"),
    [
        ((each for each in ()), InputError),
        ((marked(value) if value < 2 else 1 / 0 for value in range(4)), ZeroDivisionError),
        ((marked(value) if value < 2 else "text" for value in range(4)), CircuitError),
    ],
)
def test_an_error_before_the_first_job_is_raised_and_nothing_is_stored(
    manager: JobManager, given: Any, error: type[Exception]
) -> None:
    with pytest.raises(error):
        manager.run(given, ScriptedBackend(), max_circuits_per_job=3)
    assert manager.history() == []
    assert manager.job_sets() == []


@pytest.mark.parametrize("size", [0, -1, 1.5, "7", True, float("nan")])
def test_a_wrong_size_is_refused(manager: JobManager, size: Any) -> None:
    with pytest.raises(InputError, match="size must be a whole number of at least 1"):
        manager.run((marked(value) for value in range(3)), ScriptedBackend(), size=size)
    with pytest.raises(InputError, match="size=2 is given, but there are 3 circuits"):
        manager.run([marked(value) for value in range(3)], ScriptedBackend(), size=2)
    assert manager.history() == []


@pytest.mark.parametrize("size", [3, 50])
@pytest.mark.parametrize("per_job", [2, 100])
def test_another_number_than_size_is_shown_and_fails_nothing(
    manager: JobManager, size: int, per_job: int
) -> None:
    circuits = (marked(value) for value in range(9))
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=per_job, size=size)
    check_counts(job_set, 9)
    assert f"9 circuits came, not the {size} of size=" in repr(job_set)
    assert job_set.error_messages() is None


def test_cancelling_ends_the_taking(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    circuits = Gated(40, stop=9)
    job_set = manager.run(circuits, backend, max_circuits_per_job=4)
    reach(job_set, lambda: len(backend.sent) == 2)
    assert circuits.waits.wait(LIMIT)
    assert job_set.cancel() == 2
    circuits.gate.set()
    assert job_set.wait(LIMIT)
    until(lambda: circuits.closed_on)
    assert [job.status.value for job in job_set._state.jobs] == ["cancelled"] * 2
    assert "only 8 circuits taken: it was cancelled" in repr(job_set)
    assert job_set.error_messages() is None
    assert job_set.cancel() == 0
    assert len(backend.sent) == 2


def test_a_paused_set_goes_on_taking(manager: JobManager) -> None:
    backend = ScriptedBackend()
    circuits = Gated(20, stop=4)
    job_set = manager.run(circuits, backend, max_circuits_per_job=4)
    reach(job_set, lambda: job_set._state.finished == 1)
    job_set.pause()
    circuits.gate.set()
    reach(job_set, lambda: not job_set._state.is_taking)
    assert (len(backend.sent), len(job_set._state.jobs)) == (1, 5)
    job_set.unpause()
    check_counts(job_set, 20)


def test_jobs_that_are_cut_meanwhile_keep_their_rows(manager: JobManager) -> None:
    """Rows of circuits that come later and rows of halves are numbered by one thread."""
    backend = ScriptedBackend(refuse={0: ValueError("payload too large: 413")})
    circuits = Gated(24, stop=8)
    job_set = manager.run(circuits, backend, max_circuits_per_job=4)
    assert circuits.waits.wait(LIMIT)
    circuits.gate.set()
    assert job_set.wait(LIMIT)
    job_set.retry()
    check_counts(job_set, 24)
    assert [job.row for job in job_set._state.jobs] == list(range(len(job_set._state.jobs)))
    stored = manager._store.load_set(job_set.job_set_id())
    assert [job.span for job in stored[1]] == [job.span for job in job_set._state.jobs]


def test_closing_keeps_what_was_taken_and_says_how_to_go_on(path: Path) -> None:
    manager = JobManager(path)
    circuits = Gated(40, stop=10)
    limits = {"max_circuits_per_job": 4, "rerun_on_resume": True}
    job_set = manager.run(circuits, ScriptedBackend(), **limits)
    reach(job_set, lambda: job_set._state.finished == 2)
    assert circuits.waits.wait(LIMIT)
    set_id = job_set.job_set_id()
    with (
        pytest.warns(UserWarning, match="not sent yet"),
        pytest.warns(UserWarning, match=f"only 10 circuits .* were taken .*continue_set='{set_id}'"),
    ):
        manager.close()
    with pytest.raises(ClosedError):
        job_set.wait(LIMIT)
    circuits.gate.set()
    until(lambda: circuits.closed_on)
    with JobManager(path) as manager:
        job_set = manager.retrieve_job_set(set_id)
        assert "first 10 circuits, saved in part" in job_set.report()
        again = manager.run(map(marked, range(25)), ScriptedBackend(), continue_set=set_id, **limits)
        assert again is job_set
        check_counts(job_set, 25)
        assert job_set._state.record.complete


def test_leaving_with_waits_for_the_circuits(path: Path) -> None:
    circuits = Gated(9, stop=5)
    with JobManager(path) as manager:
        job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=2)
        threading.Timer(0.1, circuits.gate.set).start()
    assert job_set._state.record.circuits == 9
    assert job_set._state.record.complete


def test_a_blocked_iterator_holds_up_no_other_set(manager: JobManager) -> None:
    backend = ScriptedBackend()
    first = Gated(9, stop=5)
    blocked = manager.run(first, backend, max_circuits_per_job=2)
    check_counts(manager.run(map(marked, range(9)), backend, max_circuits_per_job=2), 9)
    first.gate.set()
    check_counts(blocked, 9)


@pytest.mark.parametrize("per_job", [1, 7])
def test_a_seeded_set_equals_one_plain_run_of_the_list(manager: JobManager, per_job: int) -> None:
    made = []
    for value in range(20):
        circuit = QuantumCircuit(3)
        circuit.h(range(3))
        circuit.rx(value, 0)
        circuit.measure_all()
        made.append(circuit)
    backend = AerSimulator()
    plain = backend.run(made, shots=200, seed_simulator=11).result()
    job_set = manager.run(
        iter(made), backend, shots=200, seed_simulator=11, max_circuits_per_job=per_job
    )
    results = job_set.results(LIMIT)
    assert [results.get_counts(i) for i in range(20)] == [plain.get_counts(i) for i in range(20)]


def test_a_pass_manager_transpiles_what_comes(manager: JobManager) -> None:
    class Doubling:
        def run(self, circuit: QuantumCircuit) -> QuantumCircuit:
            doubled = circuit.copy(name=circuit.name)
            doubled.metadata = {"value": 2 * circuit.metadata["value"]}
            return doubled

    circuits = Gated(30, stop=12)
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=2, pass_manager=Doubling())
    reach(job_set, lambda: job_set._state.finished == 6)
    circuits.gate.set()
    results = job_set.results(LIMIT)
    assert [results.get_counts(value) for value in range(30)] == [
        {format(2 * value, "010b"): 1024} for value in range(30)
    ]
    assert manager._store.untranspiled(job_set.job_set_id()) == []


def test_circuits_beyond_those_in_memory_are_sent_from_the_store(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(caches, "IN_MEMORY", 5)
    backend = ScriptedBackend()
    backend.gate.clear()
    job_set = manager.run(map(marked, range(30)), backend, max_circuits_per_job=3)
    reach(job_set, lambda: not job_set._state.is_taking)
    assert sum(each is not None for each in job_set._state.circuits._inputs) < 12
    backend.gate.set()
    check_counts(job_set, 30)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"reuse": True}, "reuse= compares all circuits"),
        ({"parameter_binds": [{}] * 3}, "parameter_binds has values for a known number"),
    ],
)
def test_what_needs_a_list_is_refused(manager: JobManager, arguments: dict[str, Any], text: str) -> None:
    with pytest.raises(InputError, match=text):
        manager.run(map(marked, range(3)), AerSimulator(), **arguments)


def test_a_plan_does_not_use_a_generator_up(manager: JobManager) -> None:
    circuits = map(marked, range(3))
    with pytest.raises(InputError, match="plan takes no circuits from a generator"):
        manager.plan(circuits, ScriptedBackend())
    assert len(list(circuits)) == 3


def failing(number: int) -> Iterator[QuantumCircuit]:
    yield from map(marked, range(number))
    raise ValueError("off")


def test_a_set_goes_on_from_the_next_circuit(manager: JobManager) -> None:
    backend = ScriptedBackend()
    job_set = manager.run(failing(10), backend, max_circuits_per_job=4, name="sweep")
    assert job_set.wait(LIMIT)
    sent = len(backend.sent)
    again = manager.run(
        map(marked, range(25)), backend, max_circuits_per_job=4, name="sweep", continue_set=job_set
    )
    assert again is job_set
    check_counts(job_set, 25)
    assert job_set.error_messages() is None
    assert [c.name for job in backend.sent[sent:] for c in job.circuits] == [
        f"c{value}" for value in range(10, 25)
    ]
    with pytest.raises(InputError, match="has all of its circuits"):
        manager.run(map(marked, range(30)), backend, continue_set=job_set)


def test_a_list_goes_on_too(manager: JobManager) -> None:
    job_set = manager.run(failing(10), ScriptedBackend(), max_circuits_per_job=4)
    assert job_set.wait(LIMIT)
    circuits = [marked(value) for value in range(25)]
    manager.run(circuits, ScriptedBackend(), max_circuits_per_job=4, continue_set=job_set.job_set_id())
    assert manager._store.load_set(job_set.job_set_id())[0].complete  # as run of a list returns
    check_counts(job_set, 25)


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        ({"name": "another"}, "name: leave it out"),
        ({"tags": ["a"]}, "tags: leave it out"),
        ({"memory": True}, "differs from the run options of the set"),
        ({"reuse": True}, "reuse= "),
        ({"backend": ScriptedBackend(name="other")}, "was made for scripted"),
        ({"pass_manager": object()}, "without a pass manager"),
        ({"circuits": map(marked, range(4))}, "has 10 circuits already, and only 4 came"),
        ({"continue_set": 7}, "continue_set must be a job set or its id, not an int"),
    ],
)
def test_what_a_set_cannot_go_on_with_is_refused(
    manager: JobManager, arguments: dict[str, Any], text: str
) -> None:
    job_set = manager.run(failing(10), ScriptedBackend(), max_circuits_per_job=4)
    assert job_set.wait(LIMIT)
    defaults = {
        "circuits": map(marked, range(20)),
        "backend": ScriptedBackend(),
        "continue_set": job_set,
    }
    with pytest.raises(InputError, match=text):
        manager.run(**defaults | arguments)
    check_counts(job_set, 10)


def test_a_set_that_takes_circuits_cannot_be_continued_or_deleted(
    manager: JobManager, path: Path
) -> None:
    circuits = Gated(20, stop=8)
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=4)
    reach(job_set, lambda: job_set._state.finished == 2)
    with pytest.raises(InvalidStateError, match="still taking circuits"):
        manager.run(map(marked, range(20)), ScriptedBackend(), continue_set=job_set)
    with pytest.raises(InvalidStateError, match="jobs under way"):
        manager.delete(job_set.job_set_id())
    other = JobManager(path)
    followed = other.retrieve_job_set(job_set.job_set_id())
    with pytest.raises(DrivenElsewhereError):
        other.run(map(marked, range(20)), ScriptedBackend(), continue_set=followed)
    circuits.gate.set()
    check_counts(job_set, 20)
    reach(followed, lambda: followed._state.record.circuits == 20)
    check_counts(followed, 20)
    other._shut_down()


def test_the_name_may_change_while_circuits_come(manager: JobManager) -> None:
    circuits = Gated(20, stop=8)
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=4)
    assert circuits.waits.wait(LIMIT)
    job_set.update_name("renamed")
    circuits.gate.set()
    check_counts(job_set, 20)
    record, _ = manager._store.load_set(job_set.job_set_id())
    assert (record.name, record.circuits, record.complete) == ("renamed", 20, True)


def test_names_are_found_after_the_set_has_grown(manager: JobManager) -> None:
    circuits = Gated(20, stop=8)
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=4)
    reach(job_set, lambda: job_set._state.finished == 2)
    assert job_set.counts("c7")
    circuits.gate.set()
    assert job_set.wait(LIMIT)
    assert job_set.counts("c19") == {format(19, "010b"): 1024}
    assert job_set.results().metadata(19) == {"value": 19}


def test_too_many_jobs_end_the_taking(manager: JobManager, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("qjm_widgets.manager.intake.MOST_JOBS", 5)
    circuits = map(marked, itertools.count())
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=1)
    check_counts(job_set, 5)
    assert "there would be more than 5 jobs" in str(job_set.error_messages())


def test_a_store_that_fails_meanwhile_loses_nothing(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_of_work, "STORE_RETRY", 0.01)
    commit, failures = manager._store.commit, iter(range(5))

    def failing_commit(changes: Any) -> None:
        if any(change.blocks for change in changes.values()) and next(failures, None) is not None:
            raise StoreFullError("No space is left")
        commit(changes)

    monkeypatch.setattr(manager._store, "commit", failing_commit)
    job_set = manager.run(map(marked, range(25)), ScriptedBackend(), max_circuits_per_job=4)
    check_counts(job_set, 25)
    assert next(failures, None) is None
    assert job_set._state.trouble is None


def test_the_backend_hears_that_all_was_sent_only_at_the_end(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """IBM Quantum's batch of a set is closed then: it must not be while circuits still come."""
    heard: list[str] = []
    monkeypatch.setattr(BackendRun, "sent_all", lambda self, set_id: heard.append(set_id))
    circuits = Gated(12, stop=8)
    job_set = manager.run(circuits, ScriptedBackend(), max_circuits_per_job=4)
    reach(job_set, lambda: job_set._state.finished == 2)
    assert circuits.waits.wait(LIMIT)
    assert not heard
    circuits.gate.set()
    check_counts(job_set, 12)
    run_turn(manager)
    assert set(heard) == {job_set.job_set_id()}
