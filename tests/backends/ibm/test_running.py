"""Sets of jobs on IBM Quantum: batch, options, parameters, checks at the call, limits, results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister, transpile
from qiskit.circuit import Parameter

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.errors import BackendError, CircuitError, InputError
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT, reach

Make = Callable[..., Any]


def marked(value: int, device: Any) -> QuantumCircuit:
    """A circuit whose every shot gives ``value``."""
    circuit = QuantumCircuit(3, name=f"c{value}")
    for bit in range(3):
        if value >> bit & 1:
            circuit.x(bit)
    circuit.measure_all()
    return transpile(circuit, device, optimization_level=0)


def test_counts_are_found_by_index(
    manager: JobManager, server: Server, quantum: Make, device: Any
) -> None:
    circuits = [marked(value, device) for value in range(8)]
    job_set = manager.run(circuits, quantum(), shots=50, max_circuits_per_job=3, name="eight")
    results = job_set.results(timeout=LIMIT)
    assert [results.get_counts(i) for i in range(8)] == [{f"{i:03b}": 50} for i in range(8)]
    assert [len(job.params["pubs"]) for job in server.jobs.values()] == [3, 3, 2]


def test_a_backend_of_a_service_goes_to_ibm_quantum(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    job_set = manager.run(bell, device, shots=100)
    assert job_set.wait(LIMIT)
    assert job_set._state.record.adapter == "ibm"
    assert sum(job_set.counts().values()) == 100


def test_jobs_run_in_one_batch_whose_id_is_stored(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    job_set = manager.run([bell] * 3, quantum(), shots=10, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    (batch,) = server.sessions.values()
    assert batch["mode"] == "batch"
    assert {job.session_id for job in server.jobs.values()} == {batch["id"]}
    stored, _ = job_set._state.store.load_set(job_set.job_set_id())
    assert stored.batch_id == batch["id"]


def test_job_mode_where_it_is_asked_for(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    assert manager.run(bell, quantum(), shots=10, batch=False).wait(LIMIT)
    assert manager.run(bell, quantum(batch=False), shots=10).wait(LIMIT)
    assert server.sessions == {}
    assert len(server.jobs) == 2


def test_a_batch_that_has_expired_is_replaced(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    adapter = quantum(max_pending=1)
    server.hold()
    job_set = manager.run([bell] * 2, adapter, shots=10, max_circuits_per_job=1)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 1)
    (first,) = server.sessions
    server.sessions[first]["accepting_jobs"] = False
    server.go()
    assert job_set.wait(LIMIT)
    assert job_set._state.numbers()[Status.DONE] == 2
    assert len(server.sessions) == 2
    assert job_set._state.record.batch_id == list(server.sessions)[1]
    assert len(server.jobs) == 2


def test_a_batch_that_the_user_names_is_replaced_once_when_it_is_over(
    manager: JobManager, server: Server, device: Any, quantum: Make, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime import Batch

    batch = Batch(backend=device)
    batch.close()
    job_set = manager.run([bell] * 3, quantum(), shots=5, max_circuits_per_job=1, batch=batch.session_id)
    assert job_set.wait(LIMIT)
    assert len(server.sessions) == 2
    assert {job.session_id for job in server.jobs.values()} == {list(server.sessions)[1]}


@pytest.mark.parametrize("kind", [None, "Session"])
def test_a_batch_that_is_none_is_an_error(
    manager: JobManager, server: Server, device: Any, quantum: Make, bell: QuantumCircuit, kind: Any
) -> None:
    from qiskit_ibm_runtime import Session

    batch_id = Session(backend=device).session_id if kind else "nowhere"
    job_set = manager.run(bell, quantum(), shots=5, batch=batch_id)
    assert job_set.wait(LIMIT)
    assert f"there is no batch {batch_id}" in str(job_set.error_messages())
    assert server.jobs == {}


def test_a_network_error_while_a_batch_is_retrieved_holds_no_job(
    manager: JobManager, server: Server, device: Any, quantum: Make, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime import Batch

    batch = Batch(backend=device)
    server.misbehave("GET", "/api/v1/sessions/.*", drop=True)
    job_set = manager.run(bell, quantum(settling=0), shots=5, batch=batch.session_id)
    assert job_set.wait(LIMIT)
    assert job_set._state.numbers()[Status.DONE] == 1
    assert [job.session_id for job in server.jobs.values()] == [batch.session_id]


def test_a_retrieved_batch_has_the_gates_of_its_backend(
    manager: JobManager, server: Server, service: Any, quantum: Make
) -> None:
    from qiskit_ibm_runtime import Batch

    fractional = service.backend("fake_fractional", use_fractional_gates=True)
    circuit = QuantumCircuit(1)
    circuit.rx(0.3, 0)
    circuit.measure_all()
    circuit = transpile(circuit, fractional, optimization_level=0)
    assert "rx" in circuit.count_ops()
    batch = Batch(backend=fractional)
    job_set = manager.run(circuit, quantum(backend=fractional), shots=5, batch=batch.session_id)
    assert job_set.wait(LIMIT)
    assert job_set.error_messages() is None


def test_a_batch_of_the_user(
    manager: JobManager, server: Server, device: Any, quantum: Make, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime import Batch

    batch = Batch(backend=device)
    assert manager.run(bell, quantum(), shots=10, batch=batch.session_id).wait(LIMIT)
    assert manager.run(bell, batch, shots=10).wait(LIMIT)
    assert [job.session_id for job in server.jobs.values()] == [batch.session_id] * 2


def test_a_runtime_sampler_brings_its_options(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime import SamplerV2

    with pytest.warns(DeprecationWarning, match="SamplerV2"):
        sampler = SamplerV2(mode=device, options={"default_shots": 33})
    job_set = manager.run(bell, sampler, dynamical_decoupling={"enable": True})
    assert job_set.wait(LIMIT)
    assert sum(job_set.counts().values()) == 33
    (job,) = server.jobs.values()
    assert job.params["options"]["dynamical_decoupling"]["enable"] is True
    assert job.session_id is None


def test_parameters_and_their_shapes(
    manager: JobManager, server: Server, device: Any, quantum: Make
) -> None:
    angle = Parameter("a")
    circuit = QuantumCircuit(1, 1)
    circuit.rx(angle, 0)
    circuit.measure(0, 0)
    isa = transpile(circuit, device)
    job_set = manager.run([(isa, np.array([[0.0], [np.pi]]), 20)], quantum())
    results = job_set.results(timeout=LIMIT)
    assert results.get_counts(0, loc=0) == {"0": 20}
    assert results.get_counts(0, loc=1) == {"1": 20}
    assert results.primitive_result(0).data.c.shape == (2,)


def test_several_classical_registers(
    manager: JobManager, server: Server, device: Any, quantum: Make
) -> None:
    qubits, a, b = QuantumRegister(2), ClassicalRegister(1, "a"), ClassicalRegister(1, "b")
    circuit = QuantumCircuit(qubits, a, b)
    circuit.x(0)
    circuit.measure(0, a)
    circuit.measure(1, b)
    job_set = manager.run(transpile(circuit, device), quantum(), shots=7)
    results = job_set.results(timeout=LIMIT)
    assert results.get_counts(0) == {"01": 7}  # joined, as Qiskit does
    assert results.get_counts(0, register="a") == {"1": 7}


def test_a_circuit_that_is_not_isa_is_an_error_that_says_how_to_transpile(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    wrong = QuantumCircuit(2, name="wrong")
    wrong.h(0)
    wrong.measure_all()
    with pytest.raises(CircuitError, match=r"circuit 1 \(wrong\).*\n.*generate_preset_pass_manager"):
        manager.run([bell, wrong], quantum())
    assert server.count("POST", ".*/jobs") == 0
    with pytest.raises(CircuitError, match="measures nothing"):
        manager.run(transpile(QuantumCircuit(1), quantum().backend), quantum())
    loose = QuantumCircuit(1, 1, name="loose")
    loose.rx(Parameter("angle"), 0)
    loose.measure(0, 0)
    with pytest.raises(CircuitError, match=r"circuit 0 \(loose\) has parameters without values"):
        manager.run(transpile(loose, quantum().backend), quantum())


def test_a_pass_manager_makes_them_fit(manager: JobManager, device: Any, quantum: Make) -> None:
    from qiskit.transpiler import generate_preset_pass_manager

    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.measure_all()
    transpiler = generate_preset_pass_manager(optimization_level=1, backend=device)
    job_set = manager.run([circuit] * 2, quantum(), shots=10, pass_manager=transpiler)
    assert job_set.wait(LIMIT)
    assert job_set.error_messages() is None


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shot": 3}, "no run option 'shot'"),
        ({"dynamical_decoupling": {"enabled": True}}, "refuses"),
        ({"batch": 3}, "batch must be True, False or the id"),
        ({"batch": "../jobs"}, "batch must be True, False or the id"),
        ({"environment": {"job_tags": ["mine"]}}, "tags="),
        ({"tags": ["a", "b", "c", "d", "e"]}, "4 are yours"),
        ({"tags": ["x" * 87]}, "1 to 86 characters"),
        ({"tags": ["qjm:mine"]}, "taken for one of ours"),
        ({"max_qpu_seconds": 0}, "above 0"),
    ],
)
def test_wrong_arguments_are_errors_at_the_call(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit, options: Any, words: str
) -> None:
    with pytest.raises(InputError, match=words):
        manager.run(bell, quantum(), **options)
    assert manager.job_sets() == []


def test_what_of_the_runtime_is_no_backend_is_refused_with_what_to_give(
    manager: JobManager, server: Server, service: Any, device: Any, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime import NoiseLearnerV3, QiskitRuntimeService

    for thing, words in [
        (service, r"service\.backend"),
        (QiskitRuntimeService(channel="local"), r"service\.backend"),
        (NoiseLearnerV3(mode=device), "NoiseLearnerV3 runs no PUBs: give a backend, a sampler"),
    ]:
        with pytest.raises(BackendError, match=words):
            manager.run(bell, thing)
    assert server.count("POST", ".*/jobs") == 0


def test_a_session_of_the_user(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime import SamplerV2, Session

    session = Session(backend=device)
    with pytest.warns(DeprecationWarning, match="SamplerV2"):
        sampler = SamplerV2(mode=session)
    for backend in (session, sampler):
        assert manager.run(bell, backend, shots=5).wait(LIMIT)
    assert [job.session_id for job in server.jobs.values()] == [session.session_id] * 2


def test_a_plan_shows_its_estimate(
    manager: JobManager, server: Server, device: Any, bell: QuantumCircuit
) -> None:
    plan = manager.plan([bell] * 1000, device, shots=1000)
    assert len(plan.jobs) == 10
    assert plan.executions == 1_000_000
    assert plan.seconds_to_submit == 60  # five at once, then one every twelve seconds
    assert plan.qpu_seconds is not None
    assert plan.qpu_seconds > 10 * 2
    assert "of QPU time" in str(plan)
    assert "60 s to submit" in str(plan)
    assert server.count("POST") == 0


def test_a_pub_beyond_ten_million_executions_is_cut_by_its_shots(
    manager: JobManager, device: Any, bell: QuantumCircuit
) -> None:
    plan = manager.plan(bell, device, shots=25_000_000)
    assert [job.executions <= 10_000_000 for job in plan.jobs] == [True] * 3


@pytest.mark.parametrize("setting", [{"max_pending": 0}, {"jobs_per_minute": 0}, {"batch": "a/b"}])
def test_wrong_settings_are_errors(quantum: Make, setting: dict[str, Any]) -> None:
    with pytest.raises(InputError):
        quantum(**setting)


def test_submission_is_paced(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    job_set = manager.run([bell] * 8, quantum(jobs_per_minute=5), shots=5, max_circuits_per_job=1)
    reach(
        job_set, lambda: job_set._state.waiting is not None and job_set._state.waiting.until is not None
    )
    assert server.count("POST", ".*/jobs") == 5
    assert job_set._state.waiting.text == "5 of 8 submitted"


def test_a_pending_limit_is_learned(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.max_pending = 3
    server.hold()
    job_set = manager.run([bell] * 5, quantum(), shots=5, max_circuits_per_job=1)
    reach(job_set, lambda: "too many pending jobs" in str(job_set._state.waiting))
    refused = server.count("POST", ".*/jobs")
    server.go()
    assert job_set.wait(LIMIT)
    assert job_set._state.numbers()[Status.DONE] == 5
    assert refused == 4


def test_a_budget_stops_the_submission_and_says_so(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.usage, server.estimate = 2.0, None
    job_set = manager.run([bell] * 6, quantum(), shots=5, max_circuits_per_job=1, max_qpu_seconds=5)
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.DONE: 2, Status.HELD: 4}
    assert "4 s of 5 s of QPU time used" in job_set.report()
    job_set.update_max_qpu_seconds(None)
    assert job_set.wait(LIMIT)
    assert job_set._state.numbers()[Status.DONE] == 6
    assert len(server.jobs) == 6


def test_a_budget_remembers_what_an_attempt_cost_that_was_tried_again(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    job_set = manager.run(bell, quantum(), shots=5, max_qpu_seconds=4)
    assert job_set.wait(LIMIT, until="submitted")
    with server.lock:
        (job,) = server.jobs.values()
        job.status, job.usage = "Failed", 4.0
    assert job_set.wait(LIMIT)
    server.go()
    server.usage = 4.0
    assert job_set.retry() == 1
    assert job_set.wait(LIMIT)
    assert job_set._state.jobs[0].status is Status.HELD
    assert "4 s of 4 s of QPU time used" in str(job_set._state.jobs[0].last_error)
    job_set.update_max_qpu_seconds(None)
    assert job_set.wait(LIMIT)
    assert job_set._state.totals.facts().qpu_seconds == 8


def test_results_are_read_again_when_they_were_cut_off(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.misbehave("GET", ".*/results", truncate=True, times=2)
    job_set = manager.run(bell, quantum(), shots=10)
    assert job_set.wait(LIMIT)
    assert sum(job_set.counts().values()) == 10


def test_a_private_jobs_result_is_stored_at_the_first_read(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    job_set = manager.run(bell, quantum(), shots=10, environment={"private": True})
    assert job_set.wait(LIMIT)
    (job,) = server.jobs
    assert server.read_once_read == {job}
    assert job_set._state.store.get_outcome(job_set.job_set_id(), 0) is not None
    assert sum(job_set.results().get_counts(0).values()) == 10
    assert server.count("GET", ".*/results") == 1
