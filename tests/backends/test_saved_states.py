"""Everything that Aer saves, by every method: the same here, in another process, and from a bundle."""

from __future__ import annotations

import inspect
import os
import pickle
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.quantum_info import Pauli, SparsePauliOp, random_clifford, random_statevector

from qjm_widgets import JobManager, JobSet
from tests.comparison import difference
from tests.fakes import LIMIT

ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "save_expectation_value": (SparsePauliOp(["ZZ", "XI"], [1, 0.5]), [0, 1]),
    "save_expectation_value_variance": (Pauli("ZZ"), [0, 1]),
    "save_amplitudes": ([0, 3],),
    "save_amplitudes_squared": ([0, 3],),
}
CHOICES = ("pershot", "conditional", "unnormalized")
SHOTS = 6
SEED = 7
#: Aer makes states of its own classes, which warn when they are compared or iterated.
pytestmark = pytest.mark.filterwarnings("ignore:The return type of saved")


def variants() -> Iterator[tuple[str, dict[str, Any]]]:
    """Each save instruction with every choice that it takes, alone and two together."""
    saves = [name for name in dir(QuantumCircuit) if name.startswith("save_")]
    assert len(saves) >= 14
    for name in saves:
        taken = inspect.signature(getattr(QuantumCircuit, name)).parameters
        for number in range(8):
            chosen = {choice: True for bit, choice in enumerate(CHOICES) if number >> bit & 1}
            if set(chosen) <= set(taken) and not {"pershot", "unnormalized"} <= set(chosen):
                yield name, chosen


def circuit_of(method: str, name: str, chosen: dict[str, Any]) -> QuantumCircuit:
    label = "-".join((name, *chosen))
    circuit = QuantumCircuit(2, 2, name=f"{method}-{label}", metadata={"label": label})
    if method == "statevector" and name == "save_state":
        circuit.set_statevector(random_statevector(4, seed=1))
    if method == "stabilizer":
        circuit.set_stabilizer(random_clifford(2, seed=1))
    circuit.h(0)
    circuit.cx(0, 1)
    if method not in ("unitary", "superop"):
        circuit.measure(0, 0)
    getattr(circuit, name)(*ARGUMENTS.get(name, ()), label=label, **chosen)
    return circuit


def several() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="several", metadata={"label": "first"})
    circuit.h(0)
    circuit.save_state(label="first")
    circuit.x(1)
    circuit.save_state(label="second")
    return circuit


class Ran(NamedTuple):
    """A set, what a plain run of its circuits gave, and its labels."""

    job_set: JobSet
    plain: Any
    labels: list[str]


@pytest.fixture(scope="module")
def manager(tmp_path_factory: pytest.TempPathFactory) -> Iterator[JobManager]:
    with JobManager(tmp_path_factory.mktemp("saved") / "store.sqlite3") as manager:
        yield manager


@pytest.fixture(scope="module")
def sets(manager: JobManager) -> dict[str, Ran]:
    found = {}
    for method in qiskit_aer.AerSimulator().available_methods():
        backend = qiskit_aer.AerSimulator(method=method)
        tried = [circuit_of(method, *variant) for variant in variants()]
        tried.append(several())
        alone = backend.run(tried, shots=SHOTS).result().results
        # No method has all instructions.
        given = [circuit for circuit, ran in zip(tried, alone, strict=True) if ran.success]
        plain = backend.run(given, shots=SHOTS, seed_simulator=SEED).result()
        assert plain.success
        job_set = manager.run(given, backend, shots=SHOTS, seed_simulator=SEED, name=method)
        found[method] = Ran(job_set, plain, [circuit.metadata["label"] for circuit in given])
    return found


def values(job_set: JobSet, refresh: bool = False) -> list[dict[str, Any]]:
    results = job_set.results(LIMIT, refresh=refresh)
    return [dict(results.data(index)) for index in range(job_set._state.record.circuits)]


def test_what_was_saved_is_as_in_a_plain_run(sets: dict[str, Ran]) -> None:
    assert sum(len(ran.labels) for ran in sets.values()) > 200
    for method, (job_set, plain, labels) in sets.items():
        for refresh in (False, True):
            for index, data in enumerate(values(job_set, refresh)):
                assert labels[index] in data
                expected = plain.data(index)
                assert set(data) == set(expected)
                for key in expected:
                    assert not difference(data[key], expected[key], f"{method} {key}")


def test_the_combined_result_equals_that_of_aer(sets: dict[str, Ran]) -> None:
    for job_set, plain, _ in sets.values():
        combined = job_set.results(LIMIT, refresh=True).combine_results()
        assert combined.backend_version == plain.backend_version
        assert combined.date[:10] == plain.date[:10]
        assert set(combined.to_dict()) == set(plain.to_dict())
        assert combined.time_taken > 0
        assert set(combined.metadata) == set(plain.metadata)
        for found, expected in zip(combined.results, plain.results, strict=True):
            assert found.seed_simulator == expected.seed_simulator
            assert found.time_taken > 0
            assert set(found.metadata) == set(expected.metadata)
            for key in ("method", "noise", "result_types", "result_subtypes", "device"):
                assert found.metadata.get(key) == expected.metadata.get(key)


@pytest.mark.newer_qiskit
def test_what_was_saved_is_the_same_in_another_process(
    manager: JobManager, sets: dict[str, Ran], tmp_path: Path
) -> None:
    first = {ran.job_set.job_set_id(): values(ran.job_set) for ran in sets.values()}
    (tmp_path / "first").write_bytes(pickle.dumps(first))
    command = [sys.executable, "-W", "error", __file__, manager._store_path, str(tmp_path / "first")]
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([root, os.environ.get("PYTHONPATH", "")])}
    other = subprocess.run(command, capture_output=True, text=True, timeout=120, env=environment)
    assert (other.returncode, other.stdout) == (0, ""), other.stderr


def test_what_was_saved_is_the_same_from_a_bundle(
    manager: JobManager, sets: dict[str, Ran], tmp_path: Path
) -> None:
    with JobManager(tmp_path / "other.sqlite3") as other:
        for method, ran in sets.items():
            bundle = tmp_path / f"{method}.qjm"
            manager.export(ran.job_set, bundle)
            assert not difference(values(other.load(bundle)), values(ran.job_set), method)


def compare(store: str, path: str) -> None:
    """In another process: print how its values differ from the first ones."""
    first = pickle.loads(Path(path).read_bytes())
    with JobManager(store) as manager:
        for set_id, expected in first.items():
            if text := difference(values(manager.retrieve_job_set(set_id)), expected, set_id):
                print(text)  # noqa: T201


if __name__ == "__main__":
    compare(*sys.argv[1:])
