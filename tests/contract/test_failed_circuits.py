"""A circuit that failed inside a finished job is named in every view, and is retried alone."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.result import Result
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager, JobSet
from qjm_widgets.cli.main import main
from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import InvalidStateError, NotAvailableError
from qjm_widgets.widgets.static_html import html_of
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, marked

WHY = "qubit 3 was lost"


class FlakyJob(ScriptedJob):
    """A job of which some circuits fail."""

    failing: frozenset[str] = frozenset()

    def result(self) -> Result:
        result = super().result()
        for circuit, experiment in zip(self.circuits, result.results, strict=True):
            if circuit.name in self.failing:
                experiment.success, experiment.status = False, f"ERROR: {WHY} in {circuit.name}"
        return result


class FlakyBackend(ScriptedBackend):
    """The circuits named in ``failing`` fail, until they are taken out of it."""

    def __init__(self, *failing: str, most: int | None = None) -> None:
        super().__init__(name="flaky")
        self.failing = set(failing)
        self.most = most

    @property
    def max_circuits(self) -> int | None:  # type: ignore[override]
        return self.most

    def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
        job = super().run(*arguments, **options)
        job.__class__ = FlakyJob
        job.failing = frozenset(self.failing)  # type: ignore[attr-defined]
        return job


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    with JobManager(tmp_path / "store.db") as manager:
        yield manager


def ran(manager: JobManager, backend: Any, number: int = 10, **arguments: Any) -> JobSet:
    job_set = manager.run([marked(value) for value in range(number)], backend, shots=10, **arguments)
    assert job_set.wait(LIMIT)
    return job_set


def values(job_set: JobSet, number: int = 10) -> list[int | None]:
    """Return the value of each circuit; None without a result."""
    found: list[int | None] = []
    results = job_set.results(LIMIT)
    for circuit in range(number):
        try:
            ((bits, _),) = results.get_counts(circuit).items()
        except NotAvailableError:
            found.append(None)
        else:
            found.append(int(bits, 2))
    return found


def summed(job_set: JobSet) -> dict[int, int]:
    """Return the shots of each value in the sum of all circuits."""
    return {int(bits, 2): shots for bits, shots in job_set.counts().items()}


def without(*missing: int, number: int = 10) -> list[int | None]:
    return [None if value in missing else value for value in range(number)]


def test_a_failed_circuit_is_named_in_every_view_and_the_others_have_counts(manager: JobManager) -> None:
    job_set = ran(manager, FlakyBackend("c3"), max_circuits_per_job=5)
    assert [getattr(status, "name", None) for status in job_set.statuses()] == ["DONE", "DONE"]
    assert values(job_set) == without(3)
    assert summed(job_set) == {value: 10 for value in range(10) if value != 3}
    results = job_set.results()
    assert (results.failed(), results.success) == ([3], False)
    with pytest.raises(NotAvailableError, match=rf"circuit 3 \(c3\) failed: ERROR: {WHY}"):
        results.get_counts(3)
    errors = str(job_set.error_messages())
    assert errors == f"Job 0, circuit 3 (c3): ERROR: {WHY} in c3"
    report = job_set.report()
    assert "2 of 2 done (1 with failed circuits)" in report
    assert f"1 of 5 circuits failed (3): ERROR: {WHY}" in report
    assert "(1 with failed circuits)" in repr(job_set)
    assert "(1 with failed circuits)" in html_of(job_set._state)
    assert "(1 with failed circuits)" in repr(manager.history()[0])
    assert "circuit 3, which failed" in str(job_set.figure(kind="counts").layout.title.text)
    combined = results.combine_results()
    assert [experiment.success for experiment in combined.results] == [at != 3 for at in range(10)]
    assert combined.get_counts(4) == results.get_counts(4)
    snapshot = job_set.panel().snapshot  # type: ignore[attr-defined]
    assert snapshot["head"]["lead"] == "2 of 2 done (1 with failed circuits)"
    assert snapshot["head"]["can"]["retry"] == 1
    assert snapshot["rows"][0]["can"] == ["retry"]
    assert snapshot["histograms"][0]["notes"] == ["Left out: circuit 3, which failed"]


def test_a_circuit_that_fails_alone_is_in_the_combined_result_too(manager: JobManager) -> None:
    """Its retry is a job of its own, in which all circuits fail."""
    job_set = ran(manager, FlakyBackend("c3"), max_circuits_per_job=5)
    for _ in range(2):
        assert job_set.retry() == 1
        assert job_set.wait(LIMIT)
        results = job_set.results(LIMIT, partial=True)
        combined = results.combine_results()
        assert [experiment.success for experiment in combined.results] == [at != 3 for at in range(10)]
        assert combined.get_counts(4) == results.get_counts(4)


def test_retry_sends_just_these_circuits_and_keeps_the_others(manager: JobManager) -> None:
    backend = FlakyBackend("c0", "c3", "c4", "c9")
    job_set = ran(manager, backend, max_circuits_per_job=5)
    backend.failing.clear()
    assert job_set.retry() == 3
    assert job_set.wait(LIMIT)
    assert [[circuit.name for circuit in job.circuits] for job in backend.sent[2:]] == [
        ["c0"],
        ["c3", "c4"],
        ["c9"],
    ]
    assert values(job_set) == without()
    assert summed(job_set) == dict.fromkeys(range(10), 10)
    results = job_set.results()
    assert (results.failed(), results.success, job_set.error_messages()) == ([], True, None)
    assert job_set.retry() == 0
    assert "5 of 5 done" in job_set.report()
    assert "circuits 0, 3, 4 failed: sent again" in job_set.report()
    jobs = job_set._state.jobs
    assert [job.span for job in jobs] == [Span(0, 5), Span(5, 10), Span(0, 1), Span(3, 5), Span(9, 10)]
    assert len({identity_of(job_set._state.record, job) for job in jobs}) == len(jobs)
    assert [job.row for job in job_set.jobs_of(3)] == [3]
    assert all(experiment.success for experiment in results.combine_results().results)


def test_circuits_that_fail_again_are_sent_again_by_the_newer_job(manager: JobManager) -> None:
    backend = FlakyBackend("c2", "c3", "c4")
    job_set = ran(manager, backend, 6)
    backend.failing = {"c3"}
    assert job_set.retry() == 1
    assert job_set.wait(LIMIT)
    assert values(job_set, 6) == without(3, number=6)
    assert job_set.results().failed() == [3]
    assert job_set.retry() == 1
    assert job_set.wait(LIMIT)  # all of this job's circuits failed: the job has
    assert job_set._state.jobs[2].status is Status.ERROR
    assert job_set.results().failed() == [3]
    assert "Job 2, circuits 3: ERROR" in str(job_set.error_messages())
    backend.failing.clear()
    assert job_set.retry() == 1
    assert job_set.wait(LIMIT)
    assert values(job_set, 6) == without(number=6)
    attempts = [(job.span, job.attempt) for job in job_set._state.jobs]
    assert attempts == [(Span(0, 6), 1), (Span(2, 5), 2), (Span(3, 4), 4)]


def test_one_piece_of_the_shots_is_sent_again_alone(manager: JobManager) -> None:
    backend = FlakyBackend()
    job_set = manager.run([marked(value) for value in range(3)], backend, shots=30, max_shots_per_job=10)
    assert job_set.wait(LIMIT)
    assert job_set.retry() == 0
    backend.failing = {"c1"}
    second = manager.run([marked(value) for value in range(3)], backend, shots=30, max_shots_per_job=10)
    assert second.wait(LIMIT)
    assert second.results().failed() == [1]
    backend.failing.clear()
    assert second.retry([1]) == 1
    assert second.wait(LIMIT)
    again = second._state.jobs[3]
    assert (again.span, again.piece, again.pieces, again.shots) == (Span(1, 2), 1, 3, 10)
    assert second.results().failed() == [1]  # two pieces are left
    assert second.retry() == 2
    assert second.wait(LIMIT)
    assert second.results().success
    assert second.counts() == job_set.counts()
    assert dict(second.results().get_counts(1)) == dict(job_set.results().get_counts(1))
    assert sum(second.results().get_counts(1).values()) == 30
    assert [job.row for job in second.jobs_of(1)] == [4, 3, 5]


def test_another_process_finds_and_retries_it(tmp_path: Path) -> None:
    backend = FlakyBackend("c1")
    with JobManager(tmp_path / "store.db") as manager:
        set_id = ran(manager, backend, 3).job_set_id()
    with JobManager(tmp_path / "store.db") as manager:
        assert manager.history()[0].flawed == 1
        job_set = manager.retrieve_job_set(set_id)
        assert job_set.results().failed() == [1]
        assert WHY in str(job_set.error_messages())
        job_set.resume(FlakyBackend())
        assert job_set.retry() == 1
        assert job_set.wait(LIMIT)
        assert values(job_set, 3) == [0, 1, 2]
    with JobManager(tmp_path / "store.db") as manager:
        job_set = manager.retrieve_job_set(set_id)
        assert values(job_set, 3) == [0, 1, 2]
        assert summed(job_set) == {0: 10, 1: 10, 2: 10}
        assert job_set.results().failed() == []


@pytest.mark.parametrize("again", [False, True], ids=["failed", "sent again"])
def test_failed_circuits_are_kept_in_a_bundle(tmp_path: Path, again: bool) -> None:
    backend = FlakyBackend("c0", "c2")
    with JobManager(tmp_path / "store.db") as manager:
        job_set = ran(manager, backend, 4)
        if again:
            backend.failing.clear()
            assert job_set.retry() == 2
            assert job_set.wait(LIMIT)
        manager.export(job_set, tmp_path / "set.qjm")
        expected = job_set.counts()
    with JobManager(tmp_path / "other.db") as manager:
        loaded = manager.load(tmp_path / "set.qjm")
        assert loaded.results().failed() == ([] if again else [0, 2])
        assert loaded.counts() == expected
        assert values(loaded, 4) == (without(number=4) if again else without(0, 2, number=4))


def test_the_command_line_names_failed_circuits(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with JobManager(tmp_path / "store.db") as manager:
        job_set = ran(manager, FlakyBackend("c1"), 3)
    store = ["--store", str(tmp_path / "store.db")]
    assert main(["list", *store]) == 0
    assert "(1 with failed circuits)" in capsys.readouterr().out
    assert main(["show", job_set.job_set_id(), "--json", *store]) == 0
    shown = json.loads(capsys.readouterr().out)
    assert shown["jobs_with_failed_circuits"] == 1
    assert shown["job_list"][0]["failed_circuits"] == [1]
    assert main(["watch", job_set.job_set_id(), *store]) == 1
    capsys.readouterr()
    backend = ["--backend", f"{__name__}:FlakyBackend"]
    assert main(["retry", job_set.job_set_id(), *store, *backend]) == 0
    assert capsys.readouterr().out.splitlines()[0] == "sending 1 job again"
    assert main(["retry", job_set.job_set_id(), *store]) == 0
    assert "nothing to retry" in capsys.readouterr().out


def test_the_table_of_jobs_names_it(manager: JobManager) -> None:
    job_set = ran(manager, FlakyBackend("c1", "c3"), 5)
    assert list(job_set.to_dataframe()["failed_circuits"]) == ["1, 3"]


def test_a_click_on_the_rows_button_sends_it(manager: JobManager) -> None:
    backend = FlakyBackend("c1")
    job_set = ran(manager, backend, 3)
    panel: Any = job_set.panel()
    backend.failing.clear()
    panel._receive(panel, {"v": 1, "kind": "command", "id": "a", "do": "retry", "rows": [0]}, [])
    assert job_set.wait(LIMIT)
    assert values(job_set, 3) == [0, 1, 2]
    assert panel._updates.trait()["runs"] == [[0, 3, 1, 1], [1, 1, 1, 1]]


def ghz(width: int) -> QuantumCircuit:
    circuit = QuantumCircuit(width, width, name=f"width {width}")
    circuit.h(range(width))
    circuit.t(range(width))
    circuit.measure(range(width), range(width))
    return circuit


@pytest.mark.parametrize("executor", [None, "processes"])
def test_a_circuit_that_is_too_large_for_aer_fails_alone(
    manager: JobManager, executor: Any, caplog: pytest.LogCaptureFixture
) -> None:
    logging.getLogger("qiskit_aer").setLevel(logging.CRITICAL)
    backend = AerSimulator(method="statevector", seed_simulator=5)
    given = [ghz(2), ghz(60), ghz(3)]
    job_set = manager.run(given, backend, shots=50, executor=executor)
    assert job_set.wait(120)
    results = job_set.results()
    assert results.failed() == [1]
    assert "Insufficient memory" in str(job_set.error_messages())
    plain = backend.run(given, shots=50).result()
    for index in (0, 2):
        assert dict(results.get_counts(index)) == dict(plain.get_counts(index))
    assert sum(job_set.counts().values()) == 100
    assert job_set.retry() == 1
    assert job_set.wait(120)
    assert [job.span for job in job_set._state.jobs] == [Span(0, 3), Span(1, 2)]
    assert job_set.results().failed() == [1]
    assert "Insufficient memory" in str(job_set.error_messages())


def test_the_failed_circuits_of_halves_are_named(manager: JobManager) -> None:
    class Small(AerSimulator):  # type: ignore[misc]
        def run(self, circuits: Any, **options: Any) -> Any:
            if len(circuits) > 2:
                raise RuntimeError("too many circuits")
            return super().run(circuits, **options)

    logging.getLogger("qiskit_aer").setLevel(logging.CRITICAL)
    given = [ghz(width) for width in (2, 3, 4, 5, 2, 60, 3, 60)]
    job_set = manager.run(given, Small(method="statevector"), shots=50)
    assert job_set.wait(120)
    assert job_set.results().failed() == [5, 7]
    assert sum(job_set.counts().values()) == 6 * 50
    assert [sum(job_set.counts(index).values()) for index in (0, 3, 6)] == [50] * 3


def test_circuits_that_run_again_draw_as_in_one_plain_run(manager: JobManager) -> None:

    class Flaky(AerSimulator):  # type: ignore[misc]
        failing: frozenset[int] = frozenset({0, 3, 4})

        def run(self, circuits: Any, **options: Any) -> Any:
            job = super().run(circuits, **options)
            for index in self.failing:
                job.result().results[index].success = False
            return job

    circuit = QuantumCircuit(4)
    circuit.h(range(4))
    circuit.measure_all()
    given = [circuit.copy(f"c{index}") for index in range(6)]
    backend = Flaky()
    job_set = manager.run(given, backend, shots=100, seed_simulator=7)
    assert job_set.wait(LIMIT)
    assert job_set.results().failed() == [0, 3, 4]
    backend.failing = frozenset()
    assert job_set.retry() == 2
    assert job_set.wait(LIMIT)
    plain = AerSimulator().run(given, shots=100, seed_simulator=7).result()
    found = [dict(job_set.results().get_counts(index)) for index in range(6)]
    assert found == [dict(plain.get_counts(index)) for index in range(6)]


def test_jobs_that_can_never_be_sent_again_are_not_offered(manager: JobManager) -> None:
    backend = FlakyBackend("c1")
    job_set = ran(manager, backend, 3)
    engine = job_set._engine
    state = engine._sets[job_set.job_set_id()]
    engine.execute(lambda: engine._transitions.amend(state, 0, retryable=False))
    assert job_set.results().failed() == [1]
    panel: Any = job_set.panel()
    assert panel.snapshot["head"]["can"]["retry"] == 0
    assert panel.snapshot["rows"][0]["can"] == []
    with pytest.raises(InvalidStateError, match="job 0 cannot be sent again: 1 of 3 circuits failed"):
        job_set.retry()
