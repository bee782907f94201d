"""A set that is loaded from a bundle equals the exported one; nothing of a bundle is executed."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager, JobSet
from qjm_widgets.bundle import read_bundle, store_bundle, write_bundle
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import Span, Status, StatusChange
from qjm_widgets.errors import (
    ClosedError,
    NotAvailableError,
)
from qjm_widgets.serialization.circuits import read_block
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import SET_ID, block, dump, example, qpy
from tests.contract.adapter_kinds import coins, registers
from tests.fakes import LIMIT, ScriptedBackend, marked, reach


def ended(job_set: JobSet) -> JobSet:
    assert job_set.wait(LIMIT), repr(job_set)
    return job_set


def sweep() -> QuantumCircuit:
    theta, two = Parameter("θ"), ClassicalRegister(2, "deux")
    circuit = QuantumCircuit(QuantumRegister(3), two, ClassicalRegister(1, "un"), name="sweep ü")
    circuit.rx(theta, 0)
    circuit.measure([0, 1, 2], [0, 1, 2])
    circuit.metadata = {"a": [1, None, "量子"], "nan": float("nan")}
    return circuit


def simulated(manager: JobManager) -> JobSet:
    circuits = [*coins(7), registers()]
    options: dict[str, Any] = {"shots": 50, "memory": True, "seed_simulator": 3}
    return manager.run(circuits, BasicSimulator(), max_circuits_per_job=3, name="Zürich 量子", **options)


def sampled(manager: JobManager) -> JobSet:
    from qiskit.primitives import StatevectorSampler

    points: list[Any] = [registers(), (sweep(), [[0.1], [1.5], [3.0]]), (sweep(), [0.2], 7)]
    return manager.run(points, StatevectorSampler(seed=1), shots=20, tags=["a", "ü <b>"])


def wide(manager: JobManager) -> JobSet:
    circuits = [marked(2**126 + value, 127, f"量子 {value}") for value in range(4)]
    return manager.run(circuits, ScriptedBackend(), shots=5, max_circuits_per_job=3)


def pieces(manager: JobManager) -> JobSet:
    backend = AerSimulator()
    return manager.run(
        coins(3, 3), backend, shots=100, max_shots_per_job=30, memory=True, seed_simulator=5
    )


def answers(job_set: JobSet) -> list[Any]:
    """Return all values that a user gets from a set."""
    results = job_set.results()
    found: list[Any] = [
        job_set.name(),
        job_set.tags(),
        job_set.statuses(),
        job_set.error_messages(),
        job_set.counts(),
        job_set.report(),
        results.backend_name,
        results.success,
    ]
    calls: list[Callable[[int], Any]] = [
        results.get_counts,
        results.get_memory,
        job_set.counts,
        lambda index: repr(results.data(index)),
        lambda index: repr(results.primitive_result(index)),
        lambda index: results.get_counts(index, loc=1),
        lambda index: repr(results.combine_results().to_dict()),
    ]
    for index in range(job_set._state.record.circuits):
        for call in calls:
            try:
                found.append(call(index))
            except Exception as error:  # what cannot be had has to fail in the same way
                found.append(repr(error))
    return found


def works(path: Path) -> list[CircuitInput]:
    """Return the circuits of the only set of a store."""
    store = SQLiteStore(path)
    record = store.summaries()[0].record
    blocks = store.get_circuits(record.set_id, Span(0, record.circuits))
    store.close()
    read = [work for block in blocks for work in read_block(block) or ()]
    assert len(read) == record.circuits
    return read


@pytest.mark.newer_qiskit  # the QPY that Qiskit 0.46 writes is not believed
@pytest.mark.parametrize("make", [simulated, sampled, wide, pieces])
def test_a_loaded_set_equals_the_exported_one(
    managers: Callable[[str], JobManager],
    bundle: Path,
    tmp_path: Path,
    make: Callable[[JobManager], JobSet],
) -> None:
    job_set = ended(make(managers("home")))
    assert job_set.error_messages() is None
    managers("home").export(job_set, bundle)
    loaded = managers("away").load(bundle)
    assert loaded.job_set_id() == job_set.job_set_id()
    assert answers(loaded) == answers(job_set)
    for one, other in zip(works(tmp_path / "away.store"), works(tmp_path / "home.store"), strict=True):
        assert one.circuit == other.circuit
        assert (one.circuit.name, one.shots) == (other.circuit.name, other.shots)
        assert repr(one.circuit.metadata) == repr(other.circuit.metadata)
        assert repr(one.values) == repr(other.values)
    assert managers("away").history()[0].record.name == job_set.name()
    assert managers("away").job_sets() == [loaded]


@pytest.mark.newer_qiskit
def test_failed_and_cancelled_jobs_keep_their_reasons_and_history(
    managers: Callable[[str], JobManager], bundle: Path, tmp_path: Path
) -> None:
    backend = ScriptedBackend(hold=True, fail={1: "the fridge is\nwarm"})
    job_set = managers("home").run([marked(n) for n in range(4)], backend, max_circuits_per_job=1)
    reach(job_set, lambda: len(backend.sent) == 4)
    job_set.cancel([2])
    backend.sent[0].finish()
    backend.sent[3].finish()
    ended(job_set)
    backend.hold = False
    assert job_set.retry() == 1
    ended(job_set)
    job_set.update_tags(["later"])
    managers("home").export(job_set, bundle)
    loaded = managers("away").load(bundle)
    assert answers(loaded) == answers(job_set)
    assert [job.status for job in loaded._state.jobs] == [
        *(Status.DONE, Status.DONE, Status.CANCELLED, Status.DONE)
    ]
    assert [job.attempt for job in loaded._state.jobs] == [1, 2, 1, 1]
    home, away = SQLiteStore(tmp_path / "home.store"), SQLiteStore(tmp_path / "away.store")
    for row in range(4):
        lines = home.job_history(job_set.job_set_id(), row)
        assert lines
        assert away.job_history(job_set.job_set_id(), row) == lines
    assert any(line.text and "warm" in line.text for line in away.job_history(loaded.job_set_id(), 1))
    home.close()
    away.close()


@pytest.mark.newer_qiskit
def test_a_loaded_set_is_exported_as_the_same_bundle(
    managers: Callable[[str], JobManager], bundle: Path, tmp_path: Path
) -> None:
    job_set = ended(simulated(managers("home")))
    managers("home").export(job_set, bundle)
    managers("away").export(managers("away").load(bundle).job_set_id(), tmp_path / "again.qjm")
    assert (tmp_path / "again.qjm").read_bytes() == bundle.read_bytes()


def test_loading_into_the_store_of_the_set_returns_the_set(
    managers: Callable[[str], JobManager], bundle: Path
) -> None:
    job_set = ended(simulated(managers("home")))
    managers("home").export(job_set, bundle)
    assert managers("home").load(bundle) is job_set
    assert len(managers("home").history()) == 1


def test_a_closed_manager_neither_exports_nor_loads(tmp_path: Path) -> None:
    manager = JobManager(":memory:")
    manager.close()
    with pytest.raises(ClosedError):
        manager.load(tmp_path / "x")
    with pytest.raises(ClosedError):
        manager.export("f" * 32, tmp_path / "x")


# -- known ids -------------------------------------------------------------------------------------


def test_a_known_id_with_equal_checksums_is_the_same_set(store: SQLiteStore, bundle: Path) -> None:
    example(store)
    write_bundle(store, SET_ID, bundle)
    before = dump(store)
    assert store_bundle(store, read_bundle(bundle)) == SET_ID
    assert dump(store) == before


def test_a_bundle_that_is_loaded_again_gives_the_same_set(store: SQLiteStore, bundle: Path) -> None:
    home = SQLiteStore(":memory:")
    example(home)
    write_bundle(home, SET_ID, bundle)
    home.close()
    assert store_bundle(store, read_bundle(bundle)) == SET_ID
    before = dump(store)
    assert store_bundle(store, read_bundle(bundle)) == SET_ID
    assert dump(store) == before


def test_a_known_id_with_another_content_gets_a_new_id_once(store: SQLiteStore, bundle: Path) -> None:
    example(store)
    write_bundle(store, SET_ID, bundle)
    record, jobs = store.load_set(SET_ID)
    store.update_set(replace(record, name="renamed meanwhile"))
    first = store_bundle(store, read_bundle(bundle))
    assert first != SET_ID
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")
    assert store.load_set(SET_ID) == (replace(record, name="renamed meanwhile"), jobs)
    assert store.load_set(first)[0].name == record.name
    assert store_bundle(store, read_bundle(bundle)) == first
    store.update_set(replace(store.load_set(first)[0], name="renamed too"))
    assert store_bundle(store, read_bundle(bundle)) not in (SET_ID, first)
    assert len(store.summaries()) == 3


# -- what a stranger's set may do ------------------------------------------------------------------


def test_jobs_under_way_are_held_with_the_reason(store: SQLiteStore, bundle: Path) -> None:
    home = SQLiteStore(":memory:")
    example(home)
    write_bundle(home, SET_ID, bundle)
    store_bundle(store, read_bundle(bundle))
    record, jobs = store.load_set(SET_ID)
    before = home.load_set(SET_ID)[1]
    assert [job.status for job in jobs[6:]] == [Status.HELD] * 3
    assert jobs[:6] == before[:6]
    for job, word in zip(jobs[6:], ("sending", "queued", "running"), strict=True):
        assert job.last_error is not None
        assert f"was {word} when the set was exported" in job.last_error
        assert not job.cancel_requested
        assert job.job_id == before[job.row].job_id
        last = StatusChange(job.row, 1, Status.HELD, job.since, job.job_id, job.last_error)
        assert store.job_history(SET_ID, job.row) == [*home.job_history(SET_ID, job.row), last]
    # Neither code to import nor leave to run jobs again comes from elsewhere.
    assert (record.recipe, record.rerun_on_resume) == (None, None)
    assert store.owner(SET_ID) is None
    home.close()


def test_loading_submits_and_polls_nothing(managers: Callable[[str], JobManager], bundle: Path) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = managers("home").run([marked(n) for n in range(3)], backend, max_circuits_per_job=1)
    reach(job_set, lambda: all(job.status is Status.QUEUED for job in job_set._state.jobs))
    managers("home").export(job_set, bundle)
    loaded = managers("away").load(bundle)
    assert loaded._state.adapter is None
    assert loaded.wait(timeout=0)
    assert [job.status for job in loaded._state.jobs] == [Status.HELD] * 3
    with pytest.raises(NotAvailableError):
        loaded.results(timeout=0).get_counts(0)
    assert len(backend.sent) == 3
    for job in backend.sent:
        job.finish()
    ended(job_set)
    copy = managers("home").load(bundle)
    assert copy.job_set_id() != job_set.job_set_id()
    assert [job.status for job in job_set._state.jobs] == [Status.DONE] * 3


def test_circuits_that_could_run_code_while_they_are_read_are_left_out(
    store: SQLiteStore, bundle: Path
) -> None:
    home = SQLiteStore(":memory:")
    example(home)
    old = block(0, 2, version=12)
    home.put_circuits(SET_ID, [old])
    write_bundle(home, SET_ID, bundle)
    assert read_bundle(bundle).blocks[0].data == qpy(2, 12)
    assert store_bundle(home, read_bundle(bundle)) == SET_ID
    assert home.get_circuits(SET_ID, Span(0, 1)) == [old]
    store_bundle(store, read_bundle(bundle))
    names = CircuitBlock(Span(0, 2), "names", b"", json.dumps({"names": json.loads(old.notes)["names"]}))
    assert store.get_circuits(SET_ID, Span(0, 1)) == [names]
    assert store.get_circuits(SET_ID, Span(2, 3)) == [block(2, 4)]
    before = dump(store)
    assert store_bundle(store, read_bundle(bundle)) == SET_ID
    assert dump(store) == before
    write_bundle(store, SET_ID, bundle.with_name("again.qjm"))
    home.close()


def test_run_options_of_a_bundle_are_shown_before_they_are_sent(tmp_path: Path) -> None:
    path = tmp_path / "set.qjm"
    evil = "x\x1b[31m" + "y" * 500
    with JobManager(tmp_path / "theirs") as manager:
        backend = ScriptedBackend(hold=True)
        job_set = manager.run([marked(1)], backend, memory=True, where=evil)
        assert job_set.wait(LIMIT, until="submitted")
        manager.export(job_set, path)
        job_set.cancel()
    with JobManager(tmp_path / "mine") as manager:
        loaded = manager.load(path)
        shown = "memory=True, where='x"
        assert f"  run options: {shown}" in loaded.report()
        assert "\x1b" not in loaded.report()
        here = ScriptedBackend()
        with pytest.warns(UserWarning, match="run options of it go to scripted: where='x") as warned:
            loaded.resume(here, memory=False)
        (text,) = (str(warning.message) for warning in warned)
        assert warned[0].filename == __file__
        assert "memory" not in text
        assert "\x1b" not in text
        assert "y" * 200 not in text
        assert here.sent == []  # nothing was sent before
        assert loaded._state.options["memory"] is False
    with JobManager(tmp_path / "mine") as manager:
        manager.retrieve_job_set(loaded.job_set_id()).resume(
            ScriptedBackend()
        )  # no warning: it is ours now
