"""The runtime's ``Executor`` with a ``QuantumProgram``, without an account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import Batch, Executor, QuantumProgram
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from qjm_widgets import JobManager
from qjm_widgets.errors import CircuitError, InputError
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.widgets.histograms import Histograms
from tests.backends.ibm.quantum_programs import (
    assert_equal,
    fixed,
    mixed,
    rotation,
    twirled,
)
from tests.fakes import LIMIT

Mode = Callable[[], Any]
MODES: list[Mode] = [FakeManilaV2, AerSimulator, lambda: Batch(backend=AerSimulator())]
OPTIONS = {"simulator": {"seed_simulator": 7}}


@pytest.mark.parametrize("mode", MODES, ids=["fake", "Aer", "batch"])
def test_a_program_gives_what_the_plain_executor_gives(manager: JobManager, mode: Mode) -> None:
    program = mixed(FakeManilaV2())
    plain = Executor(mode=mode(), options=OPTIONS).run(program).result()
    job_set = manager.run(program, Executor(mode=mode(), options=OPTIONS), tags=["mine"], batch=True)
    assert_equal(job_set.results(LIMIT).quantum_program_result(), plain)
    assert job_set._state.record.survives_kernel is False


def test_a_seeded_set_equals_one_plain_run_however_its_circuits_and_points_are_cut(
    manager: JobManager,
) -> None:
    program = QuantumProgram(50)
    for _ in range(3):
        program.append_circuit_item(rotation(), np.linspace(0.3, 3, 8).reshape(2, 4, 1))
    plain = Executor(mode=AerSimulator(), options=OPTIONS).run(program).result()
    executor = Executor(mode=AerSimulator())
    whole = manager.run(program, executor, max_circuits_per_job=1, seed_simulator=7)
    assert_equal(whole.results(LIMIT).quantum_program_result(), plain)
    cut = manager.run(program, executor, max_points_per_job=3, seed_simulator=7)
    found = cut.results(LIMIT).quantum_program_result()
    np.testing.assert_array_equal(found[0]["meas"][0, :3], plain[0]["meas"][0, :3])
    assert found[2]["meas"].shape == (2, 4, 50, 1)


def test_pieces_of_the_shots_of_circuits_differ_and_are_joined(manager: JobManager) -> None:
    program = QuantumProgram(400)
    program.append_circuit_item(rotation(), np.full((1,), np.pi / 2))
    job_set = manager.run(program, Executor(mode=AerSimulator(), options=OPTIONS), max_shots_per_job=200)
    bits = job_set.results(LIMIT).quantum_program_result()[0]["meas"]
    assert bits.shape == (400, 1)
    assert (bits[:200] != bits[200:]).any()
    assert len(job_set.jobs()) == 2


def test_a_program_is_run_again_after_the_kernel_ended(tmp_path: Path) -> None:
    plain = Executor(mode=AerSimulator(), options=OPTIONS).run(mixed()).result()
    first = JobManager(tmp_path / "store.sqlite")
    job_set = first.run(mixed(), Executor(mode=AerSimulator(), options=OPTIONS))
    first._shut_down()
    second = JobManager(tmp_path / "store.sqlite")
    again = second.retrieve_job_set(job_set.job_set_id())
    again.resume(Executor(mode=AerSimulator()))
    assert_equal(again.results(LIMIT).quantum_program_result(), plain)
    second.close()


def test_an_equal_program_is_given_back_with_reuse(manager: JobManager) -> None:
    def program(value: float = 0.5, data: Any = None, shots: int = 9) -> QuantumProgram:
        made = QuantumProgram(shots, passthrough_data=data)
        made.append_circuit_item(rotation(), [value])
        return made

    def run(made: QuantumProgram) -> Any:
        executor = Executor(mode=AerSimulator(seed_simulator=5))
        job_set = manager.run(made, executor, reuse=True)
        assert job_set.wait(LIMIT)
        return job_set

    first = run(program())
    assert run(program()) is first
    others = [program(value=0.6), program(data={"a": 1}), program(shots=10)]
    assert len({run(each).job_set_id() for each in others} | {first.job_set_id()}) == 4
    with pytest.warns(UserWarning, match="the program has a samplex, which cannot be compared"):
        run(mixed())


def test_circuits_that_the_user_changes_later_are_run_as_they_were(manager: JobManager) -> None:
    circuit, values = fixed(), np.pi * np.arange(2.0)[:, None]
    program = QuantumProgram(5, passthrough_data={"a": np.zeros(2)})
    program.append_circuit_item(rotation(), values)
    program.append_circuit_item(circuit)
    job_set = manager.run(program, Executor(mode=AerSimulator()), max_circuits_per_job=1)
    circuit.x(1)
    program.items[0].circuit_arguments[:] = 0
    program.passthrough_data["a"][:] = 1
    program.shots = 9
    found = job_set.results(LIMIT).quantum_program_result()
    assert found[0]["meas"][:, 0, 0].tolist() == [False, True]
    assert found[1]["b"].tolist() == [[True, False]] * 5
    assert found.passthrough_data["a"].tolist() == [0, 0]


def test_the_panel_shows_counts_and_sweeps_of_items(manager: JobManager) -> None:
    program = QuantumProgram(20)
    template, samplex = twirled()
    values = {"parameter_values": np.array([[0.0], [0.0]])}
    program.append_samplex_item(template, samplex, samplex_arguments=values, shape=(3, 2))
    both = QuantumCircuit(2, name="both")
    both.rx(Parameter("t"), [0, 1])
    both.measure_all()
    program.append_circuit_item(both, np.pi * np.arange(6).reshape(2, 3, 1))
    job_set = manager.run(program, Executor(mode=AerSimulator()), max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    histograms = Histograms(job_set._state, None)
    shown = histograms.build(Selection(circuit=1))
    assert dict(zip(shown["keys"], shown["counts"], strict=True)) == {"00": 60, "11": 60}
    assert shown["notes"] == []
    series = {each["name"]: each["y"] for each in histograms.build(Axes.make("index", "11"))["series"]}
    # The six randomizations of the samplex are one point.
    assert series == {"twirled": [1], "both": [0, 1, 0, 1, 0, 1]}
    assert job_set.figure(circuit=1).data
    assert job_set.figure(kind="sweep", y="11").data


def test_what_is_refused(manager: JobManager) -> None:
    wrong = QuantumCircuit(1, name="wrong")
    wrong.h(0)
    wrong.measure_all()
    program = QuantumProgram(5)
    program.append_circuit_item(wrong)
    aer = Executor(mode=AerSimulator())
    for executor, given, options, kind, words in [
        (Executor(mode=FakeManilaV2()), program, {}, CircuitError, r"circuit 0 \(wrong\) does not fit"),
        (aer, wrong, {}, InputError, "an Executor runs one QuantumProgram"),
        (aer, program, {"shotz": 3}, InputError, "no run option"),
        (aer, program, {"executor": "processes"}, InputError, "leave executor"),
        (AerSimulator(), program, {}, InputError, "give the runtime's Executor"),
    ]:
        with pytest.raises(kind, match=words):
            manager.run(given, executor, **options)
    assert manager.job_sets() == []
