"""Sets that are run in the block of a group belong to it, in this kernel and in the next."""

import asyncio
import math
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.providers.basic_provider import BasicSimulator

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.core.set_groups import SetGroup, folded, status_of
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.errors import ClosedError, InputError, InvalidStateError
from tests.contract.store_fixtures import a_set
from tests.fakes import ScriptedBackend, marked


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def ran(manager: JobManager, value: int = 0, backend: Any = None, **arguments: Any) -> JobSet:
    """Run one circuit to its end."""
    job_set = manager.run(marked(value), backend or ScriptedBackend(), shots=10, **arguments)
    assert job_set.wait(30)
    return job_set


def test_every_run_in_a_block_belongs_to_its_group(manager: JobManager) -> None:
    before = ran(manager)
    with manager.group("VQE on H2") as group:
        first, named = ran(manager), ran(manager, name="start")
        with manager.group("inner"):
            inner = ran(manager)
        last = ran(manager)
    after = ran(manager)
    sets = (before, first, named, inner, last, after)
    assert [each.group() for each in sets] == [None, *["VQE on H2"] * 2, "inner", "VQE on H2", None]
    assert [each.name() for each in sets] == [
        "c0",
        "VQE on H2 1",
        "start",
        "inner 1",
        "VQE on H2 2",
        "c0",
    ]
    assert manager.job_sets(group="VQE on H2") == group.job_sets() == [first, named, last]
    assert [each.record.name for each in manager.history(group="inner")] == ["inner 1"]
    assert [each.record.group for each in manager.history(limit=2)] == [None, "VQE on H2"]
    assert repr(group) == "<JobSetGroup 'VQE on H2': 3 of 3 done>"


def test_a_block_that_raises_ends_its_group(manager: JobManager) -> None:
    with pytest.raises(InputError, match="shots"), manager.group("loop"):
        manager.run(marked(0), ScriptedBackend(), shots=0)
    assert ran(manager).group() is None


def test_a_block_counts_for_its_own_manager_alone(manager: JobManager) -> None:
    with JobManager(":memory:") as other, manager.group("mine"), other.group("others"):
        assert (ran(manager).group(), ran(other).group()) == ("mine", "others")


def test_a_group_can_be_entered_in_itself_and_again(manager: JobManager) -> None:
    group = manager.group("loop")
    with group:
        with group:
            ran(manager)
        ran(manager)
    assert ran(manager).group() is None
    with manager.group("loop"):
        assert ran(manager).name() == "loop 3"


def test_a_block_does_not_reach_other_threads_and_tasks(manager: JobManager) -> None:
    found: dict[str, str | None] = {}

    async def task(name: str, other: asyncio.Event, own: asyncio.Event) -> None:
        with manager.group(name):
            own.set()
            await other.wait()  # both blocks are open now
            found[name] = ran(manager).group()

    async def both() -> None:
        a, b = asyncio.Event(), asyncio.Event()
        await asyncio.gather(task("a", b, a), task("b", a, b))

    asyncio.run(both())
    with manager.group("main"):
        thread = threading.Thread(target=lambda: found.update(thread=ran(manager).group()))
        thread.start()
        thread.join()
    assert found == {"a": "a", "b": "b", "thread": None}


def test_a_group_as_an_argument_comes_first(manager: JobManager) -> None:
    with manager.group("block"):
        assert ran(manager, group="argument").name() == "argument 1"
    assert manager.plan(marked(0), ScriptedBackend(), group="argument").circuits == 1
    assert ran(manager, group="argument").name() == "argument 2"  # planning takes no number


@pytest.mark.parametrize("name", ["", " ", None, 5])
def test_a_name_that_is_none_is_refused(manager: JobManager, name: Any) -> None:
    with pytest.raises(InputError, match="the name of a group must be a string"):
        manager.group(name)
    if name is not None:
        for call in (manager.run, manager.plan):
            with pytest.raises(InputError, match="the name of a group"):
                call(marked(0), ScriptedBackend(), group=name)
    with pytest.raises(InputError, match="value is a function"):
        manager.group("loop", value=3)  # type: ignore[arg-type]
    assert manager.history() == []


def test_the_next_kernel_adds_to_the_group_of_that_name(tmp_path: Path) -> None:
    path = tmp_path / "store.sqlite"
    with JobManager(path) as manager, manager.group("loop") as group:
        ran(manager, 0)
        group.record(0.25)
        ran(manager, 1)
    with JobManager(path) as manager:
        group = manager.group("loop")
        with group:
            assert ran(manager).name() == "loop 3"
        assert group.values() == [0.25, None, None]
        assert len(group.job_sets()) == 1


def test_a_bundle_takes_its_group_along(manager: JobManager, tmp_path: Path) -> None:
    job_set = ran(manager, group="loop")
    manager.group("loop").record(-1.5, job_set)
    manager.export(job_set, tmp_path / "one.qjm")
    with JobManager(":memory:") as other:
        loaded = other.load(tmp_path / "one.qjm")
        assert loaded.group() == "loop"
        assert other.group("loop").values() == [-1.5]


def test_a_set_that_is_given_back_counts_in_its_loop(manager: JobManager) -> None:
    def found(bits: int, **arguments: Any) -> JobSet:
        circuit = marked(0, bits=bits, name="same")
        job_set = manager.run(circuit, BasicSimulator(), shots=10, reuse=True, **arguments)
        assert job_set.wait(30)
        return job_set

    outside = found(5)
    with manager.group("loop") as group:
        for bits in (1, 2, 3):
            found(bits)
    other = found(6, group="other")
    with group:  # the notebook is run again
        assert [found(bits).name() for bits in (1, 2, 3)] == ["loop 1", "loop 2", "loop 3"]
        group.record(0.5)
        assert found(4).name() == "loop 4"
        assert found(5) is outside
        group.record(0.25)
        assert found(6) is other
        with pytest.raises(InputError, match="is not a set of the group"):
            group.record(1.0)
    assert (outside.group(), other.group()) == ("loop", "other")
    assert group.values() == [0.25, None, None, 0.5, None]
    assert len(manager.history()) == 6


# -- the value of a set ------------------------------------------------------------------------------


def test_counts_give_the_share_of_zeros(manager: JobManager) -> None:
    with manager.group("loop") as group:
        ran(manager, 0)
        ran(manager, 3)
        zero, three = marked(0), marked(3)
        manager.run([zero, three, zero, zero], ScriptedBackend(), shots=10).wait(30)
    assert group.values() == [1.0, 0.0, 0.75]


def test_two_registers_of_zeros_are_zeros(manager: JobManager) -> None:
    from qiskit import ClassicalRegister, QuantumRegister

    circuit = QuantumCircuit(QuantumRegister(1), ClassicalRegister(1, "a"), ClassicalRegister(2, "b"))
    circuit.measure(0, 0)
    with manager.group("loop") as group:
        manager.run(circuit, ScriptedBackend(), shots=10).wait(30)
    assert group.values() == [1.0]


def test_a_set_without_all_results_has_no_value(manager: JobManager) -> None:
    with manager.group("loop") as group:
        ran(manager, 0, ScriptedBackend(fail={0: "no light"}))
        held = ScriptedBackend(hold=True)
        waiting = manager.run(marked(0), held, shots=10)
        assert group.values() == [None, None]
        waiting.cancel()
        ran(manager)
    assert group.values()[0] is None
    assert group.values()[2] == 1.0


def test_a_function_gives_the_values(manager: JobManager) -> None:
    calls: list[int] = []

    def ones(results: Any) -> Any:
        calls.append(1)
        counts = results.get_counts(0)
        if "0000000010" in counts:
            raise ValueError("no two")
        return np.float64(counts.get("0000000001", 0))

    group = manager.group("loop", value=ones)
    with group:
        for value in (1, 2, 0):
            ran(manager, value)
    assert group.values() == [10.0, None, 0.0]
    assert group.values() == [10.0, None, 0.0]
    assert len(calls) == 3  # each set is read once
    found = group._values.of(group._sets())
    assert (found.label, found.problem) == ("value", "loop 2 has no value: ValueError: no two")


def test_recorded_values_replace_all_others(manager: JobManager) -> None:
    with manager.group("loop") as group:
        with pytest.raises(InvalidStateError, match="'loop' has no set in this session"):
            group.record(1)
        first = ran(manager)
        ran(manager)
        group.record(np.array([-1.125]))
        assert group.values() == [None, -1.125]
        group.record(3, first)
        group.record(math.nan)
        assert group.values() == [3.0, None]
        for wrong in ("x", None, True, 1j, [1.0, 2.0], np.array([1.0, 2.0])):
            with pytest.raises(InputError, match="is a real number"):
                group.record(wrong)
    with pytest.raises(InputError, match="is not a set of the group"):
        group.record(1.0, ran(manager))
    assert group.values() == [3.0, None]


def test_a_closed_manager_takes_no_group(manager: JobManager) -> None:
    with manager.group("loop") as group:
        ran(manager)
        manager.close()
    assert repr(group) == "<JobSetGroup 'loop': 1 of 1 done>"
    with pytest.raises(ClosedError):
        manager.group("loop")
    with pytest.raises(ClosedError), group:
        pass


# -- lists of sets -----------------------------------------------------------------------------------


def summarized(number: int, group: str | None, *statuses: Status, **fields: Any) -> SetSummary:
    jobs = {status: statuses.count(status) for status in statuses}
    return SetSummary(a_set(number, group=group), jobs, **fields)


def test_the_sets_of_a_group_are_one_line() -> None:
    done, failed = Status.DONE, Status.ERROR
    sets = [
        summarized(5, "a", done, Status.RUNNING),
        summarized(4, None, done),
        summarized(3, "alone", failed),
        summarized(2, "a", done, failed),
        summarized(1, "a", done, flawed=1),
    ]
    line, four, three = folded(sets)
    assert (four, three) == (sets[1], sets[2])
    assert isinstance(line, SetGroup)
    assert str(line.summary) == "1 of 3 done (1 with failed circuits), 1 error, 1 running"
    assert line.title == "fake · 3 sets · 30 circuits"
    assert folded(sets, ["a"]) == [line, sets[0], sets[3], sets[4], four, three]


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ([Status.DONE, Status.DONE], Status.DONE),
        ([Status.DONE, Status.ERROR, Status.QUEUED, Status.RUNNING], Status.RUNNING),
        ([Status.DONE, Status.ERROR, Status.NOT_SENT], Status.NOT_SENT),
        ([Status.DONE, Status.CANCELLED, Status.ERROR], Status.ERROR),
        ([Status.DONE, Status.CANCELLED], Status.CANCELLED),
        ([Status.HELD, Status.ERROR], Status.HELD),
        ([], Status.NOT_SENT),
    ],
)
def test_the_status_of_a_whole_set(statuses: list[Status], expected: Status) -> None:
    assert status_of(summarized(0, None, *statuses)) is expected
