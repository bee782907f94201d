"""Run once: a set that has run already is given back instead of being run again."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit.circuit.library import MCXGate
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit.providers.fake_provider import GenericBackendV2
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel, depolarizing_error

from qjm_widgets import JobManager, JobSet
from qjm_widgets.backends.backend_run import BackendRun
from qjm_widgets.errors import InputError, ProviderError
from qjm_widgets.serialization.canonical import canonical_text
from qjm_widgets.widgets.view_updates import ViewUpdates
from tests.fakes import LIMIT
from tests.instruction_examples import aer_operations, circuit_with, library_operations


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    with JobManager(tmp_path / "store.db") as manager:
        yield manager


def bell(angle: Any = 0.3, name: str | None = None, **metadata: Any) -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name=name, metadata=metadata)
    circuit.h(0)
    circuit.rx(angle, 1)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def done(job_set: JobSet) -> JobSet:
    assert job_set.wait(LIMIT)
    return job_set


def noise(error: float) -> NoiseModel:
    model = NoiseModel()
    model.add_all_qubit_quantum_error(depolarizing_error(error, 1), ["h", "rx"])
    return model


def test_the_same_circuits_are_not_run_twice(manager: JobManager) -> None:
    backend = AerSimulator()
    first = done(manager.run([bell(), bell(0.5)], backend, shots=100, reuse=True))
    circuits = [bell(), bell(0.5)]
    again = manager.run(circuits, AerSimulator(), shots=100, max_circuits_per_job=1, reuse=True)
    assert again.job_set_id() == first.job_set_id()
    assert len(manager.history()) == 1
    # The circuits of the second call find their results, under the names that they have now.
    assert again.results().get_counts(circuits[1]) == first.results().get_counts(1)
    panel = ViewUpdates(again).open_view("a").content
    for shown in (again.report(), repr(again), panel["head"]["line"]):
        assert "found: run today" in shown
        assert "reuse=False runs it again" in shown


def test_what_was_run_without_reuse_is_found_on_a_plain_simulator(manager: JobManager) -> None:
    theta = Parameter("theta")
    pub = (bell(theta), np.linspace(0, 1, 5))
    first = done(manager.run([pub], StatevectorSampler()))
    pub = (bell(Parameter("theta")), np.linspace(0, 1, 5))
    assert manager.run([pub], StatevectorSampler(), reuse=True).job_set_id() == first.job_set_id()
    assert manager.run([pub], StatevectorSampler()).job_set_id() != first.job_set_id()


DIFFERENT: dict[str, Callable[[], tuple[Any, Any, dict[str, Any]]]] = {
    "an angle": lambda: (bell(0.300001), AerSimulator(), {}),
    "a name": lambda: (bell(name="another"), AerSimulator(), {}),
    "the metadata": lambda: (bell(day=2), AerSimulator(), {}),
    "the number of circuits": lambda: ([bell(), bell()], AerSimulator(), {}),
    "the shots": lambda: (bell(), AerSimulator(), {"shots": 101}),
    "the seed": lambda: (bell(), AerSimulator(), {"seed_simulator": 6}),
    "an option": lambda: (bell(), AerSimulator(), {"memory": True}),
    "the noise": lambda: (bell(), AerSimulator(), {"noise_model": noise(0.1)}),
    "the noise of the backend": lambda: (bell(), AerSimulator(noise_model=noise(0.1)), {}),
    "the method of the backend": lambda: (bell(), AerSimulator(method="stabilizer"), {}),
    "the backend": lambda: (transpile(bell(), GenericBackendV2(2, seed=1)), GenericBackendV2(2), {}),
}


@pytest.mark.parametrize("what", DIFFERENT)
def test_a_set_that_differs_is_run(manager: JobManager, what: str) -> None:
    common = {"shots": 100, "seed_simulator": 5, "reuse": True}
    done(manager.run(bell(), AerSimulator(), **common))
    circuits, backend, changes = DIFFERENT[what]()
    other = done(manager.run(circuits, backend, **{**common, **changes}))
    assert len(manager.history()) == 2
    # It is found itself by a call that is the same.
    circuits, backend, changes = DIFFERENT[what]()
    if what != "the backend":
        again = manager.run(circuits, backend, **{**common, **changes})
        assert again.job_set_id() == other.job_set_id()
    else:  # GenericBackendV2 draws its errors
        assert manager.run(circuits, backend, **{**common, "reuse": "any backend"}) is not None


def test_sets_of_other_backends_are_found_on_request(manager: JobManager) -> None:
    first = done(manager.run(bell(), AerSimulator(noise_model=noise(0.1)), shots=10, reuse=True))
    found = manager.run(bell(), AerSimulator(), shots=10, reuse="any backend")
    assert found.job_set_id() == first.job_set_id()


def test_sets_from_before_the_last_calibration_are_found_on_request(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = done(manager.run(bell(), AerSimulator(), shots=10, reuse=True))
    monkeypatch.setattr(BackendRun, "calibrated_at", lambda backend: first._state.record.created_at + 1)
    found = manager.run(bell(), AerSimulator(), shots=10, reuse="any calibration")
    assert found.job_set_id() == first.job_set_id()
    assert manager.run(bell(), AerSimulator(), shots=10, reuse=True).job_set_id() != first.job_set_id()

    def refuse(backend: BackendRun) -> float:
        raise ProviderError("the calibration cannot be read: no network")

    monkeypatch.setattr(BackendRun, "calibrated_at", refuse)
    with pytest.raises(ProviderError, match="give reuse='any calibration'"):
        manager.run(bell(), AerSimulator(), shots=10, reuse=True)


def test_estimators_are_compared_with_their_observables_and_precision(manager: JobManager) -> None:
    theta = Parameter("t")
    circuit = QuantumCircuit(1)
    circuit.rx(theta, 0)

    def run(observable: Any, precision: float = 0.1, seed: int = 1) -> str:
        estimator = StatevectorEstimator(seed=seed)
        pub = (circuit, observable, [0.1, 0.2])
        return done(manager.run([pub], estimator, precision=precision, reuse=True)).job_set_id()

    first = run("Z")
    assert run(SparsePauliOp("Z")) == first
    assert len({first, run("X"), run("Z", 0.2), run("Z", seed=2)}) == 4


def test_failed_and_cancelled_jobs_run_again_and_done_ones_do_not(manager: JobManager) -> None:
    backend = AerSimulator()
    run = {"shots": 10, "max_circuits_per_job": 1, "reuse": True}
    first = manager.run([bell(), bell(0.1)], backend, **run)
    first.pause()
    first.cancel()
    done(first)
    kept = {job.row for job in first.managed_jobs() if job.status().name == "DONE"}
    again = done(manager.run([bell(), bell(0.1)], backend, **run))
    assert again.job_set_id() == first.job_set_id()
    assert [status.name for status in again.statuses()] == ["DONE", "DONE"]
    assert all(again._state.jobs[row].attempt == 1 for row in kept)


SCRIPT = """
import sys
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter, ParameterVector
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime.fake_provider import FakeManilaV2
from qjm_widgets import JobManager
part = QuantumCircuit(2)
part.h(0)
part.rx(Parameter("a") * 2, 1)
circuit = QuantumCircuit(3)
circuit.append(part.to_gate().control(1), [0, 1, 2])
circuit.append(part.to_gate(), [1, 2])
vector = ParameterVector("v", 2)
circuit.ry(vector[0] + vector[1], 0)
circuit.measure_all()
backend = AerSimulator.from_backend(FakeManilaV2())
bound = transpile(circuit.assign_parameters([0.1, 0.2, 0.3]), backend, seed_transpiler=1)
with JobManager(sys.argv[1]) as manager:
    job_set = manager.run([bound] * 3, backend, shots=10, reuse=True)
    job_set.wait(60)
    print(job_set.job_set_id(), job_set.results().get_counts(2))
"""


def test_a_notebook_that_is_run_again_in_another_kernel_submits_nothing(tmp_path: Path) -> None:
    runs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT, str(tmp_path / "store.db")],
            capture_output=True,
            text=True,
            timeout=LIMIT * 4,
            check=True,
        ).stdout
        for _ in range(2)
    ]
    assert runs[0] == runs[1]


def test_a_killed_run_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with JobManager(path) as manager:
        job_set = manager.run([bell(), bell(0.1)], AerSimulator(), max_circuits_per_job=1, reuse=True)
        job_set.pause()
        set_id = job_set.job_set_id()
        with pytest.warns(UserWarning, match="2 jobs not sent yet"):
            manager.close()
    with JobManager(path) as manager:
        again = manager.run([bell(), bell(0.1)], AerSimulator(), max_circuits_per_job=1, reuse=True)
        assert again.job_set_id() == set_id
        assert again.results(timeout=LIMIT).success


def test_an_exported_set_that_is_loaded_again_is_the_same_set(
    manager: JobManager, tmp_path: Path
) -> None:
    job_set = done(manager.run(bell(), AerSimulator(), shots=10, reuse=True))
    manager.export(job_set, tmp_path / "bell.qjm")
    assert manager.load(tmp_path / "bell.qjm").job_set_id() == job_set.job_set_id()


def test_the_plan_says_what_would_be_found(manager: JobManager) -> None:
    first = done(manager.run(bell(), AerSimulator(), shots=10, reuse=True))
    notes = manager.plan(bell(), AerSimulator(), shots=10, reuse=True).notes
    assert first.job_set_id() in notes[-1]
    assert manager.plan(bell(0.1), AerSimulator(), shots=10, reuse=True).notes == ()


def test_what_cannot_be_compared_is_refused_or_run_with_a_warning(manager: JobManager) -> None:
    for wrong in ("yes", 1, None, "any"):
        with pytest.raises(InputError, match="reuse must be True, False"):
            manager.run(bell(), AerSimulator(), reuse=wrong)
    with pytest.raises(InputError, match="pass_manager"):
        manager.run(bell(), AerSimulator(), pass_manager=object(), reuse=True)

    class Mine(AerSimulator):
        pass

    with pytest.warns(UserWarning, match="cannot compare this set, so it is run"):
        assert done(manager.run(bell(), Mine(), reuse=True)).results().success


def parametrised() -> QuantumCircuit:
    """Return a circuit with everything that Qiskit numbers or identifies anew each time."""
    a, b = Parameter("a"), Parameter("b")
    vector = ParameterVector("v", 3)
    part = QuantumCircuit(2)
    part.h(0)
    part.rx(a, 1)
    circuit = QuantumCircuit(QuantumRegister(4, "q"))
    circuit.rx(a * b + vector[0] * a - 3 * b, 0)
    circuit.append(part.to_gate().control(1, ctrl_state=0), [0, 1, 2])
    circuit.append(part.to_gate(), [0, 1])
    circuit.append(MCXGate(3, ctrl_state=2), [0, 1, 2, 3])
    circuit.ry(vector[2], 3)
    circuit.measure_all()
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.rx(b, 0)
    with circuit.for_loop(range(3)) as index:
        circuit.rz(index, 1)
    return circuit


def test_equal_circuits_have_equal_texts_and_others_do_not() -> None:
    assert canonical_text(parametrised()) == canonical_text(parametrised())
    texts: dict[str, set[type]] = {}
    for name, operation in {**library_operations(), **aer_operations()}.items():
        circuit = circuit_with(operation, name)
        text = canonical_text(circuit)
        assert text == canonical_text(circuit.copy(name="circuit-9"))
        texts.setdefault(text, set()).add(type(circuit.data[0].operation))
    # Two names of the library may make one gate: MCXGrayCode of four controls is a C4XGate.
    assert [kinds for kinds in texts.values() if len(kinds) > 1] == []
