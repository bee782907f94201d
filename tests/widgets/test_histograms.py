"""The histograms of a panel: their contents, and when they are sent."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.plotting.expected import Expected
from qjm_widgets.plotting.groups import groups
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.widgets.histograms import Histograms
from tests.fakes import LIMIT, ScriptedBackend, marked, reach

ALL = Selection()


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def scripted(manager: JobManager) -> tuple[JobSet, ScriptedBackend]:
    backend = ScriptedBackend(hold=True)
    circuits = [marked(value % 2, bits=2, name=f"c{value % 2}") for value in range(6)]
    job_set = manager.run(circuits, backend, shots=10, max_circuits_per_job=2)
    assert job_set.wait(LIMIT, until="submitted")
    return job_set, backend


def finish(job_set: JobSet, backend: ScriptedBackend, job: int) -> None:
    backend.sent[job].finish()
    reach(job_set, lambda: job_set._state.jobs[job].status.final)


def shown(histogram: dict[str, Any]) -> dict[str, int]:
    return dict(zip(histogram["keys"], histogram["counts"], strict=True))


def test_they_are_sent_at_most_five_times_a_second(
    scripted: tuple[JobSet, ScriptedBackend],
) -> None:
    job_set, backend = scripted
    clock = Clock()
    histograms = Histograms(job_set._state, None, clock)
    (first,) = histograms.changed([ALL])
    assert (first["jobs"], first["of"], first["keys"]) == (0, 3, [])
    finish(job_set, backend, 0)
    assert histograms.pending([ALL])
    clock.now += 0.19
    assert histograms.changed([ALL]) == []
    clock.now += 0.02
    (second,) = histograms.changed([ALL])
    assert shown(second) == {"00": 10, "01": 10}
    assert not histograms.pending([ALL])
    clock.now += 1
    assert histograms.changed([ALL]) == []


def test_hidden_histograms_are_not_sent_and_invalidated_ones_are_sent_again(
    scripted: tuple[JobSet, ScriptedBackend],
) -> None:
    job_set, backend = scripted
    clock = Clock()
    histograms = Histograms(job_set._state, None, clock)
    group = Selection(name="c1")
    assert [each["choice"]["name"] for each in histograms.changed([group])] == ["c1"]
    assert histograms.changed([]) == []
    finish(job_set, backend, 0)
    clock.now += 1
    assert shown(*histograms.changed([group])) == {"01": 10}
    clock.now += 1
    histograms.invalidate(group)
    assert shown(*histograms.changed([group])) == {"01": 10}


def test_a_group_counts_only_the_jobs_that_hold_its_circuits(
    scripted: tuple[JobSet, ScriptedBackend],
) -> None:
    job_set, backend = scripted
    finish(job_set, backend, 1)
    histograms = Histograms(job_set._state, None)
    one = histograms.build(Selection(circuit=3))
    assert (one["jobs"], one["of"], shown(one)) == (1, 1, {"01": 10})
    other = histograms.build(Selection(circuit=0))
    assert (other["jobs"], other["of"], shown(other)) == (0, 1, {})
    bit = histograms.build(Selection(bits=(0,)))
    assert shown(bit) == {"0": 10, "1": 10}
    assert histograms.build(Selection(name="nobody"))["of"] == 0


def test_an_expected_distribution_that_does_not_fit_gives_a_note(
    scripted: tuple[JobSet, ScriptedBackend],
) -> None:
    job_set, backend = scripted
    finish(job_set, backend, 0)

    def notes(value: Any, choice: Selection = ALL) -> tuple[bool, list[str]]:
        expected = Expected(value, 6, job_set._reader().index_of)
        found = Histograms(job_set._state, expected).build(choice)
        return found["expected"] is None, found["notes"]

    assert notes({"000": 1.0}) == (True, ["The expected distribution has 3 bits, the outcomes 2"])
    assert notes({0: {"00": 1}}) == (True, ["There is no expected distribution for circuits 1"])
    assert notes({0: {"00": 1}}, Selection(circuit=0)) == (False, [])
    assert notes({"00": 1.0}) == (False, [])
    left = notes({"00": 1.0}, Selection(register="other"))
    assert left == (True, ["Left out: 2 results without this register or bits"])


@pytest.mark.parametrize(
    "tree",
    [
        None,
        "all",
        {"circuit": 6},
        {"circuit": -1},
        {"circuit": True},
        {"name": 5},
        {"metadata": ["depth"]},
        {"metadata": ["depth", 3]},
        {"bits": [-1]},
        {"bits": "01"},
        {"register": ["c"]},
    ],
)
def test_a_malformed_selection_is_none(tree: Any) -> None:
    assert Selection.read(tree, 6) is None


def test_a_selection_survives_the_wire() -> None:
    choice = Selection(name="bell", metadata=(("depth", "3"),), register="c", bits=(0, 2), top=16)
    assert Selection.read(choice.to_wire(), 6) == choice
    assert Selection.read({"top": 10**9}, 6) == Selection(top=4096)
    assert Selection.read({"top": "many"}, 6) == ALL


def test_groups_are_listed_with_their_numbers_of_circuits(
    scripted: tuple[JobSet, ScriptedBackend],
) -> None:
    job_set, _ = scripted
    found = groups(job_set._state)
    assert found["names"] == {"groups": [["c0", 3], ["c1", 3]], "of": 2}
    assert found["metadata"] == [{"key": "value", "groups": [["0", 3], ["1", 3]], "of": 2}]


def test_a_key_with_values_too_long_to_show_is_left_out(
    manager: JobManager,
) -> None:
    circuits = [marked(value) for value in range(2)]
    for value, circuit in enumerate(circuits):
        circuit.metadata = {"long": f"{value}" * 300, "short": value}
    job_set = manager.run(circuits, ScriptedBackend(hold=True))
    found = groups(job_set._state)
    assert [each["key"] for each in found["metadata"]] == ["short"]
    job_set.cancel()


def test_groups_of_a_set_that_another_kernel_ran_come_from_the_store(tmp_path: Any) -> None:
    with JobManager(tmp_path / "jobs.db") as manager:
        job_set = manager.run([marked(0), marked(1), marked(1)], ScriptedBackend())
        assert job_set.wait(LIMIT)
        set_id = job_set.job_set_id()
    with JobManager(tmp_path / "jobs.db") as later:
        state = later.retrieve_job_set(set_id)._state
        assert groups(state)["metadata"][0]["groups"] == [["0", 1], ["1", 2]]
        assert (
            shown(Histograms(state, None).build(Selection(metadata=(("value", "1"),)))).popitem()[1] > 0
        )
