"""A kernel dies before anything is sent: another one's counts and metadata equal those of a plain run.

One kernel holds a set for Aer, with every instruction of Qiskit's library and its own that it takes, and
a set for a sampler, which takes more of the library's gates; their metadata is of many kinds.
"""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.primitives import StatevectorSampler
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Span
from tests.fakes import LIMIT, until
from tests.instruction_examples import (
    aer_operations,
    are_same,
    circuit_with,
    library_operations,
    metadata_values,
)

SHOTS, SEED = 50, 7
RUNS = ("aer", "alone", "sampler")


def variants(name: str, operation: Any) -> Iterator[QuantumCircuit]:
    """Circuits with an operation: some go only with measurements, some only without, some alone."""
    measured = circuit_with(operation, name)
    yield measured
    bare = QuantumCircuit(*measured.qregs, name=f"{name} without measurements")
    bare.append(operation, range(operation.num_qubits))
    yield bare
    flow = QuantumCircuit(*measured.qregs, *measured.cregs, name=f"{name} in control flow")
    flow.h(0)
    flow.measure(0, 0)
    with flow.if_test((flow.clbits[0], 1)):
        flow.append(operation, range(operation.num_qubits))
    flow.measure(flow.qubits, flow.clbits)
    yield flow


def candidates() -> dict[str, QuantumCircuit]:
    """The same in every process."""
    found = {}
    for name, operation in {**library_operations(), **aer_operations()}.items():
        if getattr(operation, "num_clbits", 0) == 0:
            found |= {circuit.name: circuit for circuit in variants(name, operation)}
    values = list(metadata_values())
    for at, circuit in enumerate(found.values()):
        kind, value = values[at % len(values)]
        circuit.metadata = {"at": at, kind: value, ("tuple", at): [value]}
    return found


def taken_by_aer(circuit: QuantumCircuit) -> bool:
    try:
        return bool(AerSimulator().run(circuit, shots=SHOTS).result().success)
    except Exception:  # Aer refuses in many ways
        return False


def taken_by_sampler(circuit: QuantumCircuit) -> bool:
    try:
        StatevectorSampler().run([circuit], shots=1).result()
    except Exception:
        return False
    return bool(circuit.clbits)


def start(manager: JobManager, run: str, circuits: list[QuantumCircuit]) -> JobSet:
    if run != "sampler":
        most = 1000 if run == "aer" else 1
        options = {"max_circuits_per_job": most, "seed_simulator": SEED}
        return manager.run(circuits, AerSimulator(), shots=SHOTS, **options)
    return manager.run(circuits, StatevectorSampler(seed=SEED), shots=SHOTS)


def at_the_call_only(run: Any) -> Any:
    """It checks circuits while ``run`` of a manager lasts; what is sent later is never computed."""

    def either(*arguments: Any, **options: Any) -> Any:
        if threading.current_thread() is not threading.main_thread():
            threading.Event().wait()
        return run(*arguments, **options)

    return either


def die(store: str, *names: str) -> None:
    """In the kernel that dies: run the circuits of these names, and die when they are stored."""
    for kind in (AerSimulator, StatevectorSampler):
        kind.run = at_the_call_only(kind.run)
    manager, known = JobManager(store), candidates()
    for run, chosen in zip(RUNS, names, strict=True):
        circuits = [known[name] for name in chosen.split("|")]
        job_set = start(manager, run, circuits)
        set_id, every = job_set.job_set_id(), Span(0, len(circuits))
        blocks = manager._store.get_circuits
        until(lambda: sum(len(b.span) for b in blocks(set_id, every)) == len(every))  # noqa: B023
        assert job_set._state.record.unstored_circuits == ()
        print(set_id, flush=True)  # noqa: T201
    os._exit(9)


@pytest.fixture(scope="module")
def chosen() -> dict[str, list[QuantumCircuit]]:
    """What each of the two takes."""
    known = candidates().values()
    by_aer = [circuit for circuit in known if taken_by_aer(circuit)]
    together = by_aer
    # Aer chooses one method for all circuits of a run; some it takes only in a run of their own.
    while not (result := AerSimulator().run(together, shots=SHOTS).result()).success:
        pairs = zip(together, result.results, strict=True)
        together = [circuit for circuit, found in pairs if found.success]
    names = {circuit.name for circuit in together}
    return {
        "aer": together,
        "alone": [circuit for circuit in by_aer if circuit.name not in names],
        "sampler": [circuit for circuit in known if taken_by_sampler(circuit)],
    }


@pytest.fixture(scope="module")
def left(chosen: dict[str, list[QuantumCircuit]], tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The store that the dead kernel left, and its sets."""
    store = tmp_path_factory.mktemp("left") / "store.sqlite3"
    names = ["|".join(circuit.name for circuit in chosen[run]) for run in RUNS]
    code = "import sys; from tests.faults.test_every_instruction import die; die(*sys.argv[1:])"
    died = subprocess.run(
        [sys.executable, "-c", code, str(store), *names], capture_output=True, text=True, timeout=180
    )
    assert died.returncode == 9, died.stderr
    return store, dict(zip(RUNS, died.stdout.split(), strict=True))


def resumed(left: tuple[Path, dict[str, str]], run: str, manager: JobManager) -> JobSet:
    job_set = manager.retrieve_job_set(left[1][run])
    assert all(job.sent_at is None or job.status.value != "done" for job in job_set._state.jobs)
    backend = StatevectorSampler(seed=SEED) if run == "sampler" else AerSimulator()
    assert job_set.resume(backend).wait(LIMIT)
    assert job_set.error_messages() is None
    return job_set


def check_metadata(job_set: JobSet, circuits: list[QuantumCircuit]) -> None:
    found = job_set._state.circuits.metadata()
    for circuit, metadata in zip(circuits, found, strict=True):
        assert are_same(metadata, circuit.metadata), circuit.name


def test_on_aer(chosen: dict[str, list[QuantumCircuit]], left: Any) -> None:
    circuits = chosen["aer"]
    names = {circuit.name.split(" ")[0] for circuit in (*circuits, *chosen["alone"])}
    assert names >= {name for name in aer_operations() if not name.startswith("Aer")}
    assert len(names) > 70
    plain = AerSimulator().run(circuits, shots=SHOTS, seed_simulator=SEED).result()
    with JobManager(left[0]) as manager:
        job_set = resumed(left, "aer", manager)
        check_metadata(job_set, circuits)
        results = job_set.results()
        for at, circuit in enumerate(circuits):
            if "counts" in plain.data(at):
                assert results.get_counts(at) == plain.get_counts(at), circuit.name


def test_on_aer_in_jobs_of_their_own(chosen: dict[str, list[QuantumCircuit]], left: Any) -> None:
    circuits = chosen["alone"]
    with JobManager(left[0]) as manager:
        job_set = resumed(left, "alone", manager)
        check_metadata(job_set, circuits)
        results = job_set.results()
        for at, circuit in enumerate(circuits):
            seed = SEED + 2113 * at  # by Aer's rule for the circuits of one run
            plain = AerSimulator().run(circuit, shots=SHOTS, seed_simulator=seed).result()
            if "counts" in plain.data(0):
                assert results.get_counts(at) == plain.get_counts(0), circuit.name


def test_on_a_sampler(chosen: dict[str, list[QuantumCircuit]], left: Any) -> None:
    circuits = chosen["sampler"]
    assert len({circuit.name.split(" ")[0] for circuit in circuits}) > 90
    plain = StatevectorSampler(seed=SEED).run(circuits, shots=SHOTS).result()
    with JobManager(left[0]) as manager:
        job_set = resumed(left, "sampler", manager)
        check_metadata(job_set, circuits)
        results = job_set.results()
        for at, circuit in enumerate(circuits):
            assert results.get_counts(at) == plain[at].data.c.get_counts(), circuit.name
