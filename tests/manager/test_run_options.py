"""Run options: unknown ones are refused, and values for each circuit are assigned to it."""

import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter, ParameterVector
from qiskit.providers import Options
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.option_names import RESUME_ARGUMENTS, RUN_ARGUMENTS
from qjm_widgets.errors import CircuitError, InputError
from tests.contract.adapter_kinds import BACKENDS, KINDS, SEED, coins, ended
from tests.fakes import ScriptedBackend

KNOWN = [name for name in BACKENDS if name != "third party"]
SLIPS = {
    "shot": "shots",
    "Shots": "shots",
    "max_experiments_per_job": "max_circuits_per_job",
    "max_circuit_per_job": "max_circuits_per_job",
    "memmory": "memory",
    "seed": "seed_simulator",
    "job_tags": "tags",
}
THETA = Parameter("theta")


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def turned(number: int = 1) -> list[QuantumCircuit]:
    circuit = QuantumCircuit(1, 1, metadata={"note": "kept"})
    circuit.rx(THETA, 0)
    circuit.measure(0, 0)
    return [circuit.copy(name=f"turned {index}") for index in range(number)]


def keywords(call: Any) -> set[str]:
    parameters = inspect.signature(call).parameters.values()
    return {p.name for p in parameters if p.kind is not p.VAR_KEYWORD}


def test_the_names_that_are_ours() -> None:
    assert set(RUN_ARGUMENTS) == keywords(JobManager.run) - {"self", "circuits", "backend"}
    assert set(RESUME_ARGUMENTS) == keywords(JobSet.resume) - {"self"}


@pytest.mark.parametrize("slip", SLIPS)
@pytest.mark.parametrize("name", KNOWN)
def test_a_slip_is_refused_with_the_right_name(name: str, slip: str, manager: JobManager) -> None:
    backend = KINDS[name].make(None)
    for call in (manager.run, manager.plan):
        with pytest.raises(InputError, match=rf"no run option '{slip}': did you mean {SLIPS[slip]}="):
            call(coins(1), backend, **{slip: 1})
    assert manager.history() == []


@pytest.mark.parametrize("name", KNOWN)
def test_a_name_like_no_other_is_refused_too(name: str, manager: JobManager) -> None:
    for option, words in {"frobnicate": "frobnicate", "optimization_level": "pass_manager="}.items():
        with pytest.raises(InputError, match=words):
            manager.run(coins(1), KINDS[name].make(None), **{option: 1})


def test_a_backend_that_may_take_anything(manager: JobManager) -> None:
    class Taking(ScriptedBackend):
        @classmethod
        def _default_options(cls) -> Options:
            return Options(shots=1024, colour="red")

        def run(self, run_input: Any, shots: int = 1024, **options: Any) -> Any:
            taken.append(options)
            return super().run(run_input, shots)

    taken: list[Any] = []
    ended(manager.run(coins(1), Taking(), colour="blue", server="far", meas_level=2))
    assert taken == [{"colour": "blue", "server": "far", "meas_level": 2}]
    for slip, right in {"coulour": "colour", "shot": "shots", "memmory": "memory"}.items():
        with pytest.raises(InputError, match=f"did you mean {right}="):
            manager.run(coins(1), Taking(), **{slip: 1})


def test_a_backend_that_takes_what_it_names_only(manager: JobManager) -> None:
    class Strict(ScriptedBackend):
        def run(self, run_input: Any, shots: int = 1024, *, colour: str = "red") -> Any:
            return super().run(run_input, shots)

    ended(manager.run(coins(1), Strict(), colour="blue"))
    with pytest.raises(InputError, match="scripted knows colour, shots"):
        manager.run(coins(1), Strict(), server="far")


def test_resume_refuses_unknown_arguments(tmp_path: Path) -> None:
    with JobManager(tmp_path / "store") as first:
        job_set = ended(first.run(coins(1), AerSimulator(), method="statevector"))
        with pytest.raises(InputError, match="did you mean method="):
            job_set.resume(methode="statevector")
    with JobManager(tmp_path / "store") as second:
        found = second.retrieve_job_set(job_set.job_set_id())
        with pytest.raises(InputError, match="did you mean paused="):
            found.resume(AerSimulator(), pause=True)
        ended(found.resume(AerSimulator(), method="stabilizer"))


BINDS = {
    "lists": [{THETA: [x]} for x in (0.3, 1.2, 2.5)],
    "numbers": [{THETA: x} for x in (0.3, 1.2, 2.5)],
    "arrays": [{THETA: np.array([x])} for x in (0.3, 1.2, 2.5)],
    "others beside": [{THETA: [x], Parameter("other"): [1.0]} for x in (0.3, 1.2, 2.5)],
}


@pytest.mark.parametrize("binds", BINDS.values(), ids=BINDS)
@pytest.mark.parametrize("size", [None, 1, 2])
def test_values_for_each_circuit_are_cut_with_it(
    binds: Any, size: int | None, manager: JobManager
) -> None:
    plain = AerSimulator().run(turned(3), parameter_binds=BINDS["lists"], shots=500, seed_simulator=SEED)
    given = turned(3)
    job_set = ended(
        manager.run(
            given,
            AerSimulator(),
            parameter_binds=binds,
            shots=500,
            seed_simulator=SEED,
            max_circuits_per_job=size,
        )
    )
    results = job_set.results()
    for index in range(3):
        assert results.get_counts(f"turned {index}") == plain.result().get_counts(index)
    assert all(circuit.parameters for circuit in given)  # the user's own are as they were


@pytest.mark.parametrize("name", BACKENDS)
def test_any_backend_gets_circuits_with_their_values(name: str, manager: JobManager) -> None:
    angle = Parameter("angle")
    circuit = QuantumCircuit(2, 2)
    circuit.rz(angle, 0)
    circuit.sx(0)
    circuit.measure(0, 0)
    job_set = ended(
        manager.run(
            [circuit] * 2, KINDS[name].make(None), parameter_binds=[{angle: [0.1]}] * 2, shots=10
        )
    )
    assert [sum(job_set.counts(index).values()) for index in range(2)] == [10, 10]


@pytest.mark.parametrize(
    ("binds", "words"),
    [
        ([{THETA: [0, 1, 2]}], "circuit 0 .turned 0.: its values in parameter_binds are 3 for each"),
        ([{THETA: []}], "circuit 0 .* are 0: each parameter needs one"),
        ([{THETA: ["a"]}], "circuit 0 .* not numbers"),
        ([{THETA: [1j]}], "circuit 0 .* not numbers"),
        ([{}], "circuit 0 .* parameters without values"),
        ([{Parameter("theta"): [1.0]}], "circuit 0"),
        ({THETA: [1]}, "parameter_binds must be a list with one dict"),
        ([{THETA: [1]}] * 2, "1 circuits and 2 entries"),
        ("theta", "parameter_binds must be a list"),
        ([7], "circuit 0"),
    ],
    ids=repr,
)
def test_values_that_cannot_be_cut_are_refused(binds: Any, words: str, manager: JobManager) -> None:
    with pytest.raises((InputError, CircuitError), match=words):
        manager.run(turned(), AerSimulator(), parameter_binds=binds)
    assert manager.history() == []


def test_values_of_a_vector_and_those_by_place(manager: JobManager) -> None:
    vector = ParameterVector("v", 2)
    circuit = QuantumCircuit(1, 1)
    circuit.rx(vector[0], 0)
    circuit.rx(vector[1], 0)
    circuit.measure(0, 0)
    for options in (
        {"parameter_binds": [{vector: [np.pi / 2, np.pi / 2]}]},
        {"parameter_binds": [{vector: [[np.pi / 2, np.pi / 2]]}]},
        {"parameter_binds": [{vector[0]: [np.pi], vector[1]: [0]}]},
        {"parameter_values": [[np.pi, 0.0]]},
    ):
        job_set = ended(manager.run(circuit, AerSimulator(), shots=20, **options))
        assert job_set.counts() == {"1": 20}


def begin(store: str) -> None:
    """In a process that is about to be killed: a set of which the last job is sent."""
    binds = [{THETA: [0.01 * index]} for index in range(60)]
    options = {"shots": 100, "seed_simulator": SEED, "max_circuits_per_job": 7}
    job_set = JobManager(store).run(turned(60), AerSimulator(), parameter_binds=binds, **options)
    assert job_set.wait(30, until="submitted")
    sys.stdout.write(f"{job_set.job_set_id()}\n")
    sys.stdout.flush()


def test_circuits_with_their_values_survive_a_kill(tmp_path: Path) -> None:
    code = (
        "import sys, tests.manager.test_run_options as t\n"
        f"t.begin({str(tmp_path / 'store')!r})\n"
        "sys.stdin.read()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    set_id = child.stdout.readline().strip()
    child.kill()
    child.communicate()
    binds = [{THETA: [0.01 * index]} for index in range(60)]
    plain = (
        AerSimulator().run(turned(60), parameter_binds=binds, shots=100, seed_simulator=SEED).result()
    )
    with JobManager(tmp_path / "store") as manager:
        results = ended(manager.retrieve_job_set(set_id).resume(AerSimulator())).results()
        assert [results.get_counts(index) for index in range(60)] == [
            plain.get_counts(index) for index in range(60)
        ]


def test_a_job_that_is_not_found_is_held_and_says_how_to_run_it_again(tmp_path: Path) -> None:
    first = JobManager(tmp_path / "store")
    job_set = first.run(coins(1), ScriptedBackend(hold=True))
    assert job_set.wait(30, until="submitted")
    first.close()
    with JobManager(tmp_path / "store") as second:
        found = second.retrieve_job_set(job_set.job_set_id()).resume(ScriptedBackend())
        assert found.wait(30)
        (job,) = found._state.jobs
        assert job.status == "held"
        assert "rerun_on_resume=True" in str(job.last_error)
        assert "rerun_on_resume=True" in found.report()
