"""A job set's names, tags and arguments."""

from typing import Any

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.errors import CircuitNotFoundError, InputError
from tests.fakes import LIMIT, ScriptedBackend, marked


@pytest.fixture
def job_set(manager: JobManager) -> JobSet:
    circuits = [marked(value) for value in range(4)]
    job_set = manager.run(
        circuits, ScriptedBackend(), name="first", tags=["a", "b", "a"], max_circuits_per_job=2
    )
    assert job_set.wait(LIMIT)
    return job_set


def stored(manager: JobManager) -> Any:
    return manager.history()[0].record


def test_a_set_has_an_id_of_its_own_a_name_and_tags(job_set: JobSet) -> None:
    assert len(job_set.job_set_id()) == 32
    assert int(job_set.job_set_id(), 16)
    assert job_set.name() == "first"
    assert job_set.tags() == ["a", "b"]


def test_without_a_name_a_set_is_named_all_the_same(manager: JobManager) -> None:
    first = manager.run(marked(0), ScriptedBackend())
    assert first.name()
    assert first.wait(LIMIT)


@pytest.mark.parametrize("name", ["second", "first", "two\nlines", "<b>Zürich</b> 量子", "x" * 500])
def test_a_new_name_is_stored_when_the_call_returns(
    manager: JobManager, job_set: JobSet, name: str
) -> None:
    assert job_set.update_name(name) == name
    assert job_set.name() == name == stored(manager).name
    assert manager.job_sets(name) == [job_set]
    assert [s.record.set_id for s in manager.history(name)] == [job_set.job_set_id()]


@pytest.mark.parametrize("name", ["", "  \n", None, 3, b"x"])
def test_a_name_is_a_string_that_is_not_empty(manager: JobManager, job_set: JobSet, name: Any) -> None:
    with pytest.raises(InputError, match="name"):
        job_set.update_name(name)
    if name is not None:
        with pytest.raises(InputError, match="name"):
            manager.run(marked(0), ScriptedBackend(), name=name)
    assert job_set.name() == stored(manager).name == "first"


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ({"replacement_tags": ["c", "d", "c"]}, ["c", "d"]),
        ({"replacement_tags": []}, []),
        ({"additional_tags": ["c", "a"]}, ["a", "b", "c"]),
        ({"removal_tags": ["a", "unknown"]}, ["b"]),
        ({"additional_tags": ["c"], "removal_tags": ["b"]}, ["a", "c"]),
        ({"additional_tags": []}, ["a", "b"]),
    ],
)
def test_tags_are_replaced_added_and_removed(
    manager: JobManager, job_set: JobSet, arguments: dict[str, Any], expected: list[str]
) -> None:
    assert job_set.update_tags(**arguments) == expected
    assert job_set.tags() == expected == list(stored(manager).tags)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"replacement_tags": ["c"], "additional_tags": ["d"]},
        {"replacement_tags": ["c"], "removal_tags": ["a"]},
        {"replacement_tags": "abc"},
        {"additional_tags": "abc"},
        {"removal_tags": [1]},
        {"additional_tags": [None]},
        {"additional_tags": 3},
    ],
)
def test_wrong_tags_change_nothing(job_set: JobSet, arguments: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="tag"):
        job_set.update_tags(**arguments)
    assert job_set.tags() == ["a", "b"]


def test_the_list_of_tags_is_the_callers_own(job_set: JobSet) -> None:
    job_set.tags().append("c")
    assert job_set.tags() == ["a", "b"]


@pytest.mark.parametrize("jobs", [2, -1, [0, 2], True, "0", [0, "1"], [None], 0.0, object()])
@pytest.mark.parametrize("verb", ["cancel", "retry"])
def test_a_job_that_is_not_there_is_named(job_set: JobSet, verb: str, jobs: Any) -> None:
    with pytest.raises(InputError, match="job"):
        getattr(job_set, verb)(jobs)


def test_nothing_to_cancel_or_retry_is_zero(job_set: JobSet) -> None:
    assert job_set.cancel() == job_set.cancel([]) == job_set.cancel(1) == 0
    assert job_set.retry() == job_set.retry([]) == job_set.retry(held=True) == 0


def test_wait_refuses_what_it_does_not_know(job_set: JobSet) -> None:
    with pytest.raises(InputError, match="until"):
        job_set.wait(until="begun")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="timeout"):
        job_set.wait(-1)
    with pytest.raises(InputError, match="timeout"):
        job_set.results(timeout=-1)


def test_a_circuit_that_is_not_there_is_named_by_every_method(job_set: JobSet) -> None:
    for ask in (job_set.job, job_set.jobs_of, job_set.counts, job_set.figure):
        with pytest.raises(CircuitNotFoundError, match="4"):
            ask(4)
        with pytest.raises(CircuitNotFoundError, match="'unknown'"):
            ask("unknown")


def test_jobs_are_equal_when_they_are_the_same_job(job_set: JobSet) -> None:
    first, second = job_set.managed_jobs()
    assert first == job_set.managed_jobs()[0]
    assert first != second
    assert len({first, second, job_set.jobs_of(0)[0]}) == 2
    assert repr(second) == "<job 1: circuits 2–3, done>"


def test_the_repr_of_a_set_is_one_line(job_set: JobSet) -> None:
    assert repr(job_set) == f"<JobSet 'first' {job_set.job_set_id()}: 2 of 2 done>"
