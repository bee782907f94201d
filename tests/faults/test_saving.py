"""When ``run`` has returned, all circuits are on disk: killing the kernel loses none."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit.random import random_circuit
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import InputError, InvalidStateError, StoreFullError
from qjm_widgets.manager import set_starter, set_writer
from qjm_widgets.storage import SQLiteStore
from tests.fakes import LIMIT, ScriptedBackend, marked, until
from tests.faults.kernels import adapter_of
from tests.ledger import Ledger

ROUNDS = max(1, int(os.environ.get("QJM_SOAK") or 0) // 50)
SHOTS = 20
CHILD = """
import signal, sys
from tests.faults.test_saving import backend_of, circuits_of
from qjm_widgets import JobManager

kind, place, seconds = sys.argv[1:]
circuits, backend = circuits_of(kind), backend_of(kind, place)
manager = JobManager(place + "/store")
job_set = manager.run(circuits, backend, shots=20, max_circuits_per_job=3)
print(job_set.job_set_id(), flush=True)
signal.signal(signal.SIGALRM, signal.SIG_DFL)  # ends the process at once, whatever holds the interpreter
signal.setitimer(signal.ITIMER_REAL, float(seconds) or 1e-6)
job_set.wait()
"""


def circuits_of(kind: str) -> list[QuantumCircuit]:
    """Return circuits that are named by their index."""
    if kind == "remote":
        return [marked(value) for value in range(60)]
    width, depth, number = (20, 3, 4) if kind == "aer, 20 qubits" else (4, 3, 120)
    made = [random_circuit(width, depth, measure=True, seed=seed) for seed in range(number)]
    made = transpile(made, backend_of(kind, ""), optimization_level=0)
    for index, circuit in enumerate(made):
        circuit.name = f"c{index}"
    return made


def backend_of(kind: str, place: str) -> Any:
    if kind == "remote":
        return adapter_of("finding", Path(place) / "ledger", 1)
    return BasicSimulator() if kind == "basic" else AerSimulator()


@pytest.mark.parametrize("kind", ["basic", "aer", "aer, 20 qubits", "remote"])
def test_a_kernel_killed_after_run_returned_loses_no_circuit(
    kind: str, tmp_path: Path, totals: Counter[str]
) -> None:
    chance = random.Random(kind)
    moments = [
        0.0,
        *(chance.uniform(0, 1.5) for _ in range(1)),
        *(chance.uniform(0, 20) for _ in range(ROUNDS - 1)),
    ]
    circuits = circuits_of(kind)
    for number, moment in enumerate(moments):
        place = tmp_path / str(number)
        place.mkdir()
        child = subprocess.run(
            [sys.executable, "-c", CHILD, kind, str(place), str(moment)],
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert child.returncode in (0, -signal.SIGALRM), child.stderr
        with JobManager(place / "store") as manager:
            (found,) = manager.history()
            assert found.record.complete
            job_set = manager.retrieve_job_set(child.stdout.split()[-1])
            assert [
                circuit_input.circuit
                for circuit_input in job_set._state.circuits.get(Span(0, len(circuits)))
            ] == circuits
            done_before = {
                job.row: job.finished_at for job in job_set._state.jobs if job.status is Status.DONE
            }
            job_set.resume(backend_of(kind, str(place)))
            assert job_set.wait(240)
            while job_set.retry(
                held=True
            ):  # killed while it was sent; it was looked for and is not there
                assert job_set.wait(LIMIT)
            assert job_set.error_messages() is None
            assert {row: job_set._state.jobs[row].finished_at for row in done_before} == done_before
            results = job_set.results()
            for index in range(len(circuits)):
                assert sum(results.get_counts(index).values()) == SHOTS
                assert results.get_counts(f"c{index}") == results.get_counts(index)
        if kind == "remote":
            runs = Ledger(place / "ledger").circuit_runs()
            assert sorted(runs.values()) == [1] * len(circuits)
        totals["kernels killed after run returned"] += child.returncode != 0


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def manager(path: Path) -> Iterator[JobManager]:
    manager = JobManager(path)
    yield manager
    manager._shut_down()


def test_everything_is_on_disk_before_anything_is_sent(manager: JobManager, path: Path) -> None:
    backend = ScriptedBackend()
    backend.gate.clear()
    job_set = manager.run([marked(value) for value in range(30)], backend, max_circuits_per_job=4)
    other = SQLiteStore(path)
    record, jobs = other.load_set(job_set.job_set_id())
    assert record.complete
    assert [tuple(job.span) for job in jobs][-1] == (28, 30)
    assert [tuple(block.span) for block in other.get_circuits(record.set_id, Span(0, 30))] == [
        tuple(job.span) for job in jobs
    ]
    other.close()
    backend.gate.set()
    assert job_set.wait(LIMIT)


def test_changes_of_circuits_after_run_change_nothing(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither of what stays in memory nor of what is read from the store when it is sent."""
    monkeypatch.setattr(set_starter, "IN_MEMORY", 5)
    backend = ScriptedBackend()
    backend.gate.clear()
    circuits = [marked(value) for value in range(12)]
    job_set = manager.run(circuits, backend, max_circuits_per_job=2)
    for circuit in circuits:
        circuit.metadata["value"] = 99
        circuit.name = "changed"
        circuit.data.clear()
    backend.gate.set()
    results = job_set.results(LIMIT)
    for value in range(12):
        assert (
            results.get_counts(value) == results.get_counts(f"c{value}") == {format(value, "010b"): 1024}
        )
        assert list(backend.sent[value // 2].circuits[value % 2].count_ops()) == ["measure"]


KILLED_WHILE_SAVING = """
import os, sys
from qjm_widgets import JobManager
from qjm_widgets.manager import set_writer
from qjm_widgets.storage import SQLiteStore
from tests.fakes import ScriptedBackend, marked

set_writer._FLUSH_SECONDS = 0.0
extend, calls = SQLiteStore.extend_set, []

def dying(self, *args):
    extend(self, *args)
    calls.append(1)
    if len(calls) == 3:
        os._exit(9)

SQLiteStore.extend_set = dying
circuits = [marked(value) for value in range(30)]
JobManager(sys.argv[1]).run(circuits, ScriptedBackend(), max_circuits_per_job=4)
"""


def test_a_kernel_killed_during_run_leaves_a_set_that_says_so(path: Path) -> None:
    child = subprocess.run([sys.executable, "-c", KILLED_WHILE_SAVING, path], check=False)
    assert child.returncode == 9
    with JobManager(path) as manager:
        (found,) = manager.history()
        assert "saved in part" in repr(found)
        job_set = manager.retrieve_job_set(found.record.set_id)
        assert "while `run` saved it: resume() runs the 16 circuits that are here" in job_set.report()
        job_set.resume(ScriptedBackend())
        results = job_set.results(LIMIT)
        assert [results.get_counts(value) for value in range(16)] == [
            {format(value, "010b"): 1024} for value in range(16)
        ]
        assert "first 16 circuits, saved in part" in job_set.report()


@pytest.mark.parametrize("error", [KeyboardInterrupt, StoreFullError("No space is left")])
def test_a_run_that_is_interrupted_leaves_nothing(
    manager: JobManager, error: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(set_writer, "_FLUSH_SECONDS", 0.0)
    extend, calls = manager._store.extend_set, []

    def interrupted(*args: Any) -> None:
        extend(*args)
        calls.append(1)
        assert manager.history()[0].record.complete is False
        with pytest.raises(InvalidStateError, match="still being saved"):
            manager.retrieve_job_set(manager.history()[0].record.set_id)
        if len(calls) == 2:
            raise error

    monkeypatch.setattr(manager._store, "extend_set", interrupted)
    backend = ScriptedBackend()
    with pytest.raises(error if isinstance(error, type) else type(error)):
        manager.run([marked(value) for value in range(30)], backend, max_circuits_per_job=4)
    assert manager.history() == []
    assert manager.job_sets() == []
    assert not backend.sent


INTERRUPTED = """
import sys, time
from qjm_widgets import JobManager
from qjm_widgets.manager import set_starter, set_writer
from tests.fakes import ScriptedBackend, marked

class Writer(set_writer.SetWriter):
    def add(self, *args):
        super().add(*args)
        while self._created and not self._blocks:  # some circuits are on disk: wait for the interrupt
            time.sleep(0.01)

set_starter.SetWriter = Writer
set_writer._FLUSH_SECONDS = 0.01
manager = JobManager(sys.argv[1])
circuit = marked(1)
try:
    manager.run([circuit] * 20_000, ScriptedBackend())
except KeyboardInterrupt:
    print(len(manager.history()), len(manager.job_sets()), flush=True)
"""


def test_ctrl_c_while_run_saves_leaves_nothing(path: Path) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", INTERRUPTED, path], stdout=subprocess.PIPE, text=True
    )
    store = SQLiteStore(path)
    until(lambda: any(not found.record.complete for found in store.summaries()))
    child.send_signal(signal.SIGINT)
    assert child.communicate(timeout=LIMIT)[0] == "0 0\n"
    assert store.summaries() == []
    store.close()


class Slow:
    """A pass manager that transpiles so many circuits, and then waits for its gate."""

    def __init__(self, circuits: int, gate: Any) -> None:
        self.left, self.gate = circuits, gate

    def run(self, circuit: QuantumCircuit) -> QuantumCircuit:
        if self.left == 0:
            self.gate()
        self.left -= 1
        doubled = circuit.copy(name=circuit.name)
        doubled.metadata = {"value": 2 * circuit.metadata["value"]}
        return doubled


TRANSPILING = """
import os, sys
from qjm_widgets import JobManager
from tests.fakes import ScriptedBackend, marked
from tests.faults.test_saving import Slow

job_set = JobManager(sys.argv[1]).run(
    [marked(value) for value in range(20)], ScriptedBackend(hold=True), max_circuits_per_job=4,
    pass_manager=Slow(10, lambda: os._exit(9)),
)
print(job_set.job_set_id(), flush=True)
job_set.wait()
"""


def test_with_a_pass_manager_the_given_circuits_are_on_disk(path: Path) -> None:
    child = subprocess.run(
        [sys.executable, "-c", TRANSPILING, path], stdout=subprocess.PIPE, text=True, check=False
    )
    assert child.returncode == 9
    set_id = child.stdout.strip()
    with JobManager(path) as manager:
        job_set = manager.retrieve_job_set(set_id)
        with pytest.raises(InputError, match=r"circuits 8 to 19 .* wait for its pass manager"):
            job_set.resume(ScriptedBackend())
        job_set.resume(ScriptedBackend(), pass_manager=Slow(100, None))
        assert job_set.wait(LIMIT)
        job_set.retry(held=True)
        results = job_set.results(LIMIT)
        assert [results.get_counts(value) for value in range(20)] == [
            {format(2 * value, "010b"): 1024} for value in range(20)
        ]
        assert manager._store.untranspiled(set_id) == []


TAKING = """
import itertools, os, sys
from qjm_widgets import JobManager
from tests.fakes import marked, until
from tests.faults.test_saving import backend_of

kind, place, number = sys.argv[1], sys.argv[2], int(sys.argv[3])
sets = []

def circuits():
    for value in itertools.count():
        if value == number:
            full = value - value % 3
            until(lambda: sets and sets[0]._state.record.circuits == full)
            os._exit(9)
        yield marked(value, bits=10)

manager = JobManager(place + "/store")
sets.append(manager.run(circuits(), backend_of(kind, place), shots=20, max_circuits_per_job=3, size=60))
print(sets[0].job_set_id(), flush=True)
sets[0].wait()
"""


@pytest.mark.parametrize("kind", ["aer", "remote"])
@pytest.mark.parametrize("number", [9, 31])
def test_a_kernel_killed_while_it_takes_circuits_loses_none_and_goes_on(
    kind: str, number: int, tmp_path: Path
) -> None:
    child = subprocess.run(
        [sys.executable, "-c", TAKING, kind, str(tmp_path), str(number)],
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert child.returncode == 9, child.stderr
    taken = number - number % 3
    circuits = [marked(value) for value in range(60)]
    backend = backend_of(kind, str(tmp_path))
    with JobManager(tmp_path / "store") as manager:
        (found,) = manager.history()
        assert "saved in part" in repr(found)
        set_id = found.record.set_id
        job_set = manager.retrieve_job_set(set_id)
        assert f"first {taken} circuits, saved in part" in job_set.report()
        assert [each.circuit for each in job_set._state.circuits.get(Span(0, taken))] == circuits[:taken]
        arguments: dict[str, Any] = {"shots": 20, "max_circuits_per_job": 3}
        manager.run(iter(circuits), backend, continue_set=set_id, **arguments)
        assert job_set.wait(240), job_set.report()
        while job_set.retry(held=True):  # killed while it was sent; it was looked for and is not there
            assert job_set.wait(LIMIT)
        results = job_set.results()
        for index in range(60):
            assert sum(results.get_counts(index).values()) == SHOTS
        assert job_set._state.record.complete
    if kind == "remote":
        runs = Ledger(tmp_path / "ledger").circuit_runs()
        assert sorted(runs.values()) == [1] * 60
