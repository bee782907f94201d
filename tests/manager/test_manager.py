"""The manager's own methods: run, plan, find, delete and close."""

import datetime
import re
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.transpiler.preset_passmanagers import generate_preset_pass_manager
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.errors import InputError, InvalidStateError, JobSetNotFoundError
from tests.fakes import LIMIT, ScriptedBackend, marked


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # some tests leave jobs unsent on purpose
        manager.close()


def circuits(number: int) -> list[QuantumCircuit]:
    return [marked(value) for value in range(number)]


# -- running and planning ----------------------------------------------------------------------------


@pytest.mark.parametrize("number", [11, 101, 1001])
def test_sets_of_many_jobs_are_retrieved_in_order(number: int, store_path: Path) -> None:
    with JobManager() as manager:
        job_set = manager.run(circuits(number), ScriptedBackend(), shots=3, max_circuits_per_job=1)
        assert job_set.wait(LIMIT)
        results = job_set.results()
        for value in range(number):
            key = format(value, "010b")
            assert results.get_counts(value) == results.get_counts(f"c{value}") == {key: 3}
        assert [job.job_id() for job in job_set.jobs()] == [f"job-{n}" for n in range(number)]
    with JobManager() as manager:
        again = manager.retrieve_job_set(job_set.job_set_id()).results()
        assert [again.get_counts(value) for value in range(number)] == [
            {format(value, "010b"): 3} for value in range(number)
        ]


def test_a_hundred_circuits_go_together_where_nothing_else_limits_them(manager: JobManager) -> None:
    plan = manager.plan(circuits(250), AerSimulator(), shots=10)
    assert [len(job.span) for job in plan.jobs] == [100, 100, 50]
    assert str(manager.plan(circuits(1), AerSimulator(), shots=1)).startswith("1 circuit in 1 job,")
    limited = manager.plan(circuits(250), AerSimulator(), shots=10, max_circuits_per_job=200)
    assert [len(job.span) for job in limited.jobs] == [200, 50]


def test_a_plan_is_the_cut_that_run_makes_and_sends_nothing(manager: JobManager) -> None:
    backend = ScriptedBackend()
    arguments: dict[str, Any] = {
        "shots": 100,
        "max_circuits_per_job": 2,
        "max_shots_per_job": 60,
        "max_payload_bytes": 10**6,
        "name": "planned",
        "tags": ["a"],
    }
    plan = manager.plan(circuits(5), backend, **arguments)
    assert (plan.circuits, plan.executions, len(plan.jobs)) == (5, 500, 6)
    assert plan.payload_bytes
    assert plan.payload_bytes > 0
    assert "5 circuits in 6 jobs" in str(plan)
    assert (manager.history(), manager.job_sets(), backend.sent) == ([], [], [])
    job_set = manager.run(circuits(5), backend, **arguments)
    assert job_set.wait(LIMIT)
    table = job_set.to_dataframe()
    planned = [(job.span.start, len(job.span), job.piece, job.shots) for job in plan.jobs]
    made = table[["first_circuit", "circuits", "piece", "shots"]]
    assert planned == list(made.itertuples(index=False, name=None))


def test_without_any_limit_a_job_holds_a_hundred_circuits(manager: JobManager) -> None:
    plan = manager.plan(circuits(250), ScriptedBackend())
    assert [len(job.span) for job in plan.jobs] == [100, 100, 50]


def test_a_payload_limit_cuts_by_bytes(manager: JobManager) -> None:
    one = manager.plan(circuits(1), ScriptedBackend(), max_payload_bytes=10**6).payload_bytes
    assert one
    plan = manager.plan(circuits(4), ScriptedBackend(), max_payload_bytes=2 * one + one // 2)
    assert [len(job.span) for job in plan.jobs] == [2, 2]
    with pytest.raises(InputError, match=f"circuit 0 alone is .* {one - 1} bytes"):
        manager.plan(circuits(4), ScriptedBackend(), max_payload_bytes=one - 1)


def test_a_pass_manager_transpiles_on_the_way(manager: JobManager) -> None:
    bell = QuantumCircuit(2, name="bell")
    bell.h(0)
    bell.swap(0, 1)
    bell.measure_all()
    passes = generate_preset_pass_manager(1, basis_gates=["rz", "sx", "cx"])
    options = {"shots": 50, "seed_simulator": 5}
    job_set = manager.run(bell, BasicSimulator(), pass_manager=passes, **options)
    assert job_set.wait(LIMIT)
    plain = transpile(bell, basis_gates=["rz", "sx", "cx"], optimization_level=1)
    expected = BasicSimulator().run(plain, **options).result().get_counts()
    assert job_set.results().get_counts("bell") == expected


def test_a_pass_manager_that_fails_fails_its_job_only(manager: JobManager) -> None:
    class Picky:
        def run(self, circuit: QuantumCircuit) -> QuantumCircuit:
            if circuit.name == "c1":
                raise RuntimeError("no layout found")
            return circuit

    job_set = manager.run(circuits(3), ScriptedBackend(), pass_manager=Picky(), max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    words = [getattr(status, "name", None) for status in job_set.statuses()]
    assert words == ["DONE", "ERROR", "DONE"]
    messages = job_set.error_messages() or ""
    assert "circuit 1 (c1)" in messages
    assert "RuntimeError: no layout found" in messages
    with pytest.raises(InvalidStateError, match="no layout found"):
        job_set.retry()  # what it would send was never transpiled
    assert words == [getattr(status, "name", None) for status in job_set.statuses()]


def test_a_set_on_another_backend_is_not_held_up(manager: JobManager) -> None:
    stuck, free = ScriptedBackend(), ScriptedBackend()
    stuck.gate.clear()
    waiting = manager.run(circuits(2), stuck)
    assert stuck.entered.wait(LIMIT)
    assert manager.run(circuits(2), free).wait(LIMIT)
    assert not waiting.wait(0)
    stuck.gate.set()
    assert waiting.wait(LIMIT)


def test_two_sets_on_one_backend_take_turns(manager: JobManager) -> None:
    backend = ScriptedBackend()
    backend.gate.clear()
    long = manager.run(circuits(300), backend, max_circuits_per_job=1)
    assert backend.entered.wait(LIMIT)
    short = manager.run(circuits(2), backend, max_circuits_per_job=1)
    backend.gate.set()
    assert short.wait(LIMIT)
    assert long.wait(LIMIT)
    names = [job.circuits[0].name for job in backend.sent]
    assert len(names) == 302
    assert len(backend.sent) - 1 - names[::-1].index("c1") < 299


# -- finding and forgetting --------------------------------------------------------------------------


def test_the_sets_of_a_session_and_the_history_of_a_store(store_path: Path) -> None:
    with JobManager() as manager:
        first = manager.run(circuits(1), ScriptedBackend(name="b"), name="one", tags=["t"])
        second = manager.run(circuits(2), ScriptedBackend(), name="two", max_circuits_per_job=1)
        assert first.wait(LIMIT)
        assert second.wait(LIMIT)
        assert manager.job_sets() == [first, second]
        assert manager.job_sets("two") == [second]
        assert manager.job_sets("three") == []
    with JobManager() as manager:
        assert manager.job_sets() == []
        history = manager.history()
        assert [summary.record.name for summary in history] == ["two", "one"]
        assert history[0].jobs == {Status.DONE: 2}
        assert (history[1].record.backend, history[1].record.tags) == ("b", ("t",))
        assert [summary.record.name for summary in manager.history(limit=1)] == ["two"]
        assert [summary.record.name for summary in manager.history("one")] == ["one"]
        assert manager.job_sets() == []


def test_a_retrieved_set_answers_as_the_live_one(store_path: Path) -> None:
    backend = ScriptedBackend(refuse={2: RuntimeError("full")}, fail={1: "broken"})
    names = [*circuits(4), marked(7, name="twin"), marked(8, name="twin")]
    with JobManager() as manager:
        state = manager.run(names, backend, name="n", shots=8, max_circuits_per_job=2, tags=["t"])
        assert state.wait(LIMIT)
        expected = look(state)
    with JobManager() as other:
        again = other.retrieve_job_set(state.job_set_id())
        assert look(again) == expected
        assert again is other.retrieve_job_set(state.job_set_id())
        assert again is other.retrieve_job_set(state.job_set_id(), refresh=True)
        assert again.wait(0)
        assert again.jobs() == [None] * 3
        assert again.cancel() == 0
        with pytest.raises(InvalidStateError, match="nobody drives"):
            again.retry()
        assert again.update_name("renamed") == "renamed"
        assert other.history()[0].record.name == "renamed"


def look(job_set: Any) -> list[Any]:
    """Return all values that a user gets from a set, except times."""
    results = job_set.results()
    said: list[Any] = [job_set.name(), job_set.tags(), job_set.statuses(), job_set.counts()]
    said += [job_set.error_messages(), results.success, results.backend_name]
    said.append(job_set.report(detailed=False))
    for circuit in (0, 1, 2, 5, 6, -1, "c0", "c3", "twin", "nobody", marked(1)):
        for ask in (results.get_counts, results.get_memory, job_set.counts):
            try:
                said.append(ask(circuit))
            except Exception as error:
                said.append((type(error), str(error)))
    table = job_set.to_dataframe().drop(columns=["waited", "ran"])
    said.append(table.to_dict("list") | {"sent_at": list(table["sent_at"].astype(str))})
    said[-1].pop("running_at")
    said[-1]["finished_at"] = list(table["finished_at"].astype(str))
    said.append([[line[:4] for line in job.history()] for job in job_set.managed_jobs()])
    return said


def test_an_unknown_set_is_named(manager: JobManager) -> None:
    for call in (manager.retrieve_job_set, manager.delete):
        with pytest.raises(JobSetNotFoundError, match="f" * 32):
            call("f" * 32)
    assert manager.history() == []


def test_a_deleted_set_is_forgotten_and_one_under_way_is_not(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = manager.run(circuits(1), backend, name="busy")
    assert job_set.wait(LIMIT, until="submitted")
    with pytest.raises(InvalidStateError, match="busy"):
        manager.delete(job_set.job_set_id())
    assert manager.prune(0) == 0
    backend.sent[0].finish()
    assert job_set.wait(LIMIT)
    manager.delete(job_set.job_set_id())
    assert manager.job_sets() == []
    assert manager.history() == []
    with pytest.raises(JobSetNotFoundError):
        manager.retrieve_job_set(job_set.job_set_id())


def test_pruning_forgets_what_is_older(manager: JobManager) -> None:
    for _ in range(3):
        assert manager.run(circuits(1), ScriptedBackend()).wait(LIMIT)
    assert manager.prune(datetime.timedelta(days=1)) == 0
    assert manager.prune(3600) == 0
    with pytest.raises(InputError, match="older_than"):
        manager.prune(-1)
    assert len(manager.history()) == 3
    assert manager.prune(0) == 3
    assert manager.history() == manager.job_sets() == []


def test_a_report_is_over_all_sets_of_the_session(manager: JobManager) -> None:
    assert manager.report() == "No job sets in this session."
    first = manager.run(circuits(2), ScriptedBackend(), name="one", max_circuits_per_job=1)
    second = manager.run(circuits(1), ScriptedBackend(fail={0: "broken"}), name="two")
    assert first.wait(LIMIT)
    assert second.wait(LIMIT)
    assert manager.report() == f"{first.report()}\n\n{second.report()}"
    short = manager.report(detailed=False)
    assert re.findall(r"Job set: (\w+)", short) == ["one", "two"]
    assert "1 error" in short
    assert "broken" not in short
