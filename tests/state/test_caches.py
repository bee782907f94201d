"""The caches of a set are bounded."""

from collections.abc import Iterator

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import Span
from qjm_widgets.state.caches import IN_MEMORY, Circuits, LRUCache
from tests.fakes import LIMIT, ScriptedBackend, marked

JOB = 1500


def test_what_was_asked_for_last_is_kept_as_far_as_it_weighs_no_more_than_the_limit() -> None:
    dropped: list[int] = []
    recent: LRUCache[str] = LRUCache(10, lambda row, _: dropped.append(row))
    for row, weight in enumerate((4, 4, 2)):
        recent.put(row, f"of {row}", weight)
    assert recent.get(0) == "of 0"
    recent.put(3, "of 3", 3)
    assert dropped == [1]
    assert [recent.get(row) for row in range(4)] == ["of 0", None, "of 2", "of 3"]
    recent.put(0, "again", 5)
    assert (dropped, recent.get(0)) == ([1], "again")
    recent.put(4, "larger than all", 99)
    assert recent.get(4) == "larger than all"
    assert sorted(dropped) == [0, 1, 2, 3]


@pytest.fixture
def manager() -> Iterator[JobManager]:
    with JobManager(":memory:") as manager:
        yield manager


def test_a_large_set_is_read_back_from_the_store(manager: JobManager) -> None:
    number = IN_MEMORY + 2 * JOB
    backend = ScriptedBackend(hold=True)
    backend.gate.clear()
    job_set = manager.run(
        [marked(index % 8, bits=3) for index in range(number)],
        backend,
        max_circuits_per_job=JOB,
        shots=10,
    )
    assert (
        sum(circuit_input is not None for circuit_input in job_set._state.circuits._inputs) == IN_MEMORY
    )
    backend.hold = False
    backend.gate.set()
    assert job_set.wait(LIMIT)
    assert [job.circuits[0].name for job in backend.sent] == [
        f"c{start % 8}" for start in range(0, number, JOB)
    ]
    assert backend.sent[-1].circuits[-1] == marked((number - 1) % 8, bits=3)
    assert sum(job_set.counts().values()) == number * 10
    results = job_set.results()
    assert all(results.get_counts(index) == {f"{index % 8:03b}": 10} for index in range(0, number, 500))


def test_names_and_metadata_of_a_set_that_grows_are_read_once(manager: JobManager) -> None:
    circuits = [marked(value) for value in range(12)]
    job_set = manager.run(circuits[:4], ScriptedBackend(), max_circuits_per_job=2)
    assert job_set.wait(LIMIT)
    found = manager.retrieve_job_set(job_set.job_set_id())._state.circuits
    store = manager._store
    later = Circuits(store, job_set.job_set_id(), 2, [])
    assert later.names() == ["c0", "c1"]
    assert later.indices("c3") == []
    read: list[Span] = []
    get_circuits = store.get_circuits
    store.get_circuits = lambda set_id, span: read.append(span) or get_circuits(set_id, span)  # type: ignore
    later.extend([None, None], None)
    assert later.names() == ["c0", "c1", "c2", "c3"] == found.names()
    assert later.indices("c3") == [3]
    assert [each["value"] for each in later.metadata()] == [0, 1, 2, 3]
    assert read == [Span(2, 4), Span(0, 4)]
