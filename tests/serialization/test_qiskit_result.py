"""A result that lacks circuits, has too many, or has them in another order or under other names."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from qiskit.result import Result

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core import formatting
from qjm_widgets.errors import NotAvailableError
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, marked
from tests.job_sets import circuits, statuses

Odd = Callable[[list[Any]], list[Any]]


def odd_backend(change: Odd) -> ScriptedBackend:
    """A backend of which each result is changed."""

    class OddJob(ScriptedJob):
        def result(self) -> Result:
            result = super().result()
            result.results = change(list(result.results))
            return result

    class OddBackend(ScriptedBackend):
        def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
            job = super().run(*arguments, **options)
            job.__class__ = OddJob
            return job

    return OddBackend()


def renamed(experiments: list[Any], name: Callable[[int], str | None]) -> list[Any]:
    for index, experiment in enumerate(experiments):
        header = experiment.header if isinstance(experiment.header, dict) else vars(experiment.header)
        header["name"] = name(index)
    return experiments


def ran(change: Odd, given: list[Any] | None = None) -> JobSet:
    with JobManager(":memory:") as manager:
        job_set = manager.run(given or circuits(5), odd_backend(change), shots=10)
        assert job_set.wait(LIMIT)
    return job_set


def counts(job_set: JobSet) -> list[int | None]:
    """Return the value of each circuit; None without a result."""
    found: list[int | None] = []
    for circuit in range(5):
        try:
            ((bits, shots),) = job_set.results().get_counts(circuit).items()
        except NotAvailableError:
            found.append(None)
        else:
            assert shots == 10
            found.append(int(bits, 2))
    return found


ALL = [0, 1, 2, 3, 4]


def test_all_that_a_backend_puts_into_a_result_is_there(tmp_path: Path) -> None:
    class FullJob(ScriptedJob):
        def result(self) -> Result:
            plain = super().result()
            result = Result(
                backend_name="full",
                backend_version="2",
                job_id=self.job_id(),
                success=True,
                results=plain.results,
                date="2026-03-01",
                status="FINISHED",
                time_taken=1.5,
                metadata={"omp_enabled": True},
            )
            result.timestamps = ["begun", "ended"]
            result.results[0].qubits = (0, 1)
            return result

    class FullBackend(ScriptedBackend):
        def run(self, *arguments: Any, **options: Any) -> ScriptedJob:
            job = super().run(*arguments, **options)
            job.__class__ = FullJob
            return job

    with JobManager(tmp_path / "store") as manager:
        job_set = manager.run(circuits(4), FullBackend(), shots=10, max_circuits_per_job=2)
        assert job_set.wait(LIMIT)
    with JobManager(tmp_path / "store") as later:
        results = later.retrieve_job_set(job_set.job_set_id()).results()
        combined, one = results.combine_results(), results._job_result(1)
    for result, seconds in ((combined, 3.0), (one, 1.5)):
        assert result.time_taken == seconds
        assert result.metadata == {"omp_enabled": True}
        assert result.timestamps == ["begun", "ended"]
        assert (result.status, result.date, result.header) == ("FINISHED", "2026-03-01", None)
        assert result.results[0].qubits == (0, 1)
        assert result.to_dict()["time_taken"] == seconds


def test_circuits_in_another_order_are_put_in_theirs() -> None:
    assert counts(ran(lambda found: found[::-1])) == ALL


@pytest.mark.parametrize("missing", [0, 2, 4])
def test_a_circuit_that_is_missing_is_missing_alone(missing: int) -> None:
    job_set = ran(lambda found: found[:missing] + found[missing + 1 :])
    expected: list[int | None] = list(ALL)
    expected[missing] = None
    assert counts(job_set) == expected
    with pytest.raises(NotAvailableError, match=f"circuit {missing} is missing in the result of job 0"):
        job_set.results().get_counts(missing)
    assert "1 of 5 circuits missing" in formatting.note(job_set._state.jobs[0])
    assert not job_set.results().success


def test_a_result_of_nothing_is_an_error() -> None:
    job_set = ran(lambda found: [])
    assert statuses(job_set) == ["error"]
    assert "none of its circuits" in str(job_set.error_messages())


def test_additional_results_are_left_out() -> None:
    def more(found: list[Any]) -> list[Any]:
        other = renamed([*found], lambda index: f"c{index}")
        extra = [copy.deepcopy(found[0])]
        return [*renamed(extra, lambda index: "calibration"), *other]

    assert counts(ran(more)) == ALL


def test_other_names_are_taken_in_order() -> None:
    assert counts(ran(lambda found: renamed(found, lambda index: f"theirs-{index}"))) == ALL
    assert counts(ran(lambda found: renamed(found, lambda index: None))) == ALL


def test_one_name_for_all_is_taken_in_order() -> None:
    given = [marked(value, name="same") for value in range(5)]
    assert counts(ran(lambda found: found, given)) == ALL
    assert counts(ran(lambda found: found[:3], given)) == [0, 1, 2, None, None]


@pytest.mark.parametrize(
    "change",
    [
        lambda found: renamed(found[1:], lambda index: f"theirs-{index}"),
        lambda found: renamed([*found, *found], lambda index: None),
    ],
    ids=["fewer", "more"],
)
def test_a_result_that_does_not_name_its_circuits_is_an_error(change: Odd) -> None:
    job_set = ran(change)
    assert statuses(job_set) == ["error"]
    assert "names do not identify them" in str(job_set.error_messages())
    assert "the job 5" in str(job_set.error_messages())


def test_circuits_that_failed_alone_are_named_in_the_row() -> None:
    def fail(found: list[Any]) -> list[Any]:
        found[3].success, found[3].status = False, "no qubit was left"
        return found

    job_set = ran(fail)
    assert counts(job_set) == [0, 1, 2, None, 4]
    assert "1 of 5 circuits failed" in formatting.note(job_set._state.jobs[0])
    with pytest.raises(NotAvailableError, match="no qubit was left"):
        job_set.results().get_counts(3)
