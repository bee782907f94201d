"""Jobs are cut by IBM Quantum's limits on gates and instructions, and in halves when it refuses them."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.errors import LimitError
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT, until

Make = Callable[..., Any]


def spans(plan: Any) -> list[tuple[int, int]]:
    return [tuple(job.span) for job in plan.jobs]


def chain(gates: int) -> QuantumCircuit:
    """A circuit of the device with so many two-qubit gates, each on qubits 0 and 1."""
    circuit = QuantumCircuit(2, 1)
    for _ in range(gates):
        circuit.cx(0, 1)
    circuit.rz(0.1, 0)
    circuit.sx(1)
    circuit.measure(1, 0)
    return circuit


def test_jobs_are_cut_by_two_qubit_gates(manager: JobManager, server: Server, quantum: Make) -> None:
    circuits = [chain(gates) for gates in (3, 3, 4, 1, 5)]
    assert spans(manager.plan(circuits, quantum(max_two_qubit_gates=6))) == [(0, 2), (2, 4), (4, 5)]
    assert spans(manager.plan(circuits, quantum(max_two_qubit_gates=None))) == [(0, 5)]
    with pytest.raises(LimitError, match="circuit 4 alone has 5 two-qubit gates, beyond the limit of 4"):
        manager.run(circuits, quantum(max_two_qubit_gates=4))
    assert server.count("POST", "/api/v1/jobs") == 0


def test_jobs_are_cut_by_the_instructions_on_one_qubit(manager: JobManager, quantum: Make) -> None:
    # On qubit 1: two gates of 5, sx of 2, and a measurement of 10; less on qubit 0.
    circuits = [chain(2) for _ in range(5)]
    assert spans(manager.plan(circuits, quantum(max_qubit_instructions=44))) == [(0, 2), (2, 4), (4, 5)]
    assert spans(manager.plan(circuits, quantum(max_qubit_instructions=43)))[0] == (0, 1)
    with pytest.raises(LimitError, match="circuit 0 alone has 22 control instructions on one qubit"):
        manager.plan(circuits, quantum(max_qubit_instructions=21))


def test_instructions_count_at_each_point(manager: JobManager, device: Any, quantum: Make) -> None:
    circuit = QuantumCircuit(1, 1)
    circuit.rz(Parameter("t"), 0)
    circuit.measure(0, 0)
    pub = transpile(circuit, device, optimization_level=0), np.zeros((7, 1))
    plan = manager.plan([pub], quantum(max_qubit_instructions=3 * 11), shots=5)
    assert [tuple(job.points or ()) for job in plan.jobs] == [(0, 3), (3, 6), (6, 7)]


def test_blocks_of_control_flow_count(manager: JobManager, service: Any, quantum: Make) -> None:
    fez = service.backend("ibm_fez")
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.cz(0, 1)
        circuit.x(1)
    circuit.measure(1, 0)
    circuit = transpile(circuit, fez, optimization_level=0)
    fits = quantum(fez, max_two_qubit_gates=1, max_qubit_instructions=17)
    assert len(manager.plan(circuit, fits).jobs) == 1
    with pytest.raises(LimitError, match="two-qubit gates"):
        manager.plan([circuit, transpile(_twice(), fez, optimization_level=0)], fits)
    with pytest.raises(LimitError, match="has 17 control instructions"):
        manager.plan(circuit, quantum(fez, max_qubit_instructions=16))


def _twice() -> QuantumCircuit:
    circuit = QuantumCircuit(2, 1)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)) as otherwise:
        circuit.cz(0, 1)
    with otherwise:
        circuit.cz(0, 1)
    return circuit


def test_the_published_limits_cut_by_default(manager: JobManager, quantum: Make) -> None:
    limits = quantum().limits
    assert (limits.two_qubit_gates, limits.qubit_instructions) == (5_000_000, 26_800_000)
    assert len(manager.plan([chain(2_000)] * 100, quantum()).jobs) == 1


@pytest.mark.parametrize(
    "message",
    [
        "48921 2-qubit gates exceeds the system limits by 389.210%",
        "The job exceeds the maximum number of control instructions per qubit",
        "Too many two-qubit gates",
        "Job not valid",
    ],
)
def test_a_job_that_is_refused_for_its_gates_is_cut_in_halves(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit, message: str
) -> None:
    errors = {"errors": [{"code": 1520, "message": message}]}
    server.misbehave("POST", "/api/v1/jobs", status=400, body=json.dumps(errors))
    job_set = manager.run([bell] * 4, quantum(), shots=5)
    assert job_set.results(LIMIT).success
    assert [len(job.params["pubs"]) for job in server.jobs.values()] == [2, 2]


def test_a_job_that_fails_its_validation_is_cut_in_halves(
    manager: JobManager, elsewhere: JobManager, server: Server, service: Any, quantum: Make, device: Any
) -> None:
    server.most_pubs = 2
    circuits = []
    for value in range(7):
        circuit = QuantumCircuit(3)
        for bit in range(3):
            if value >> bit & 1:
                circuit.x(bit)
        circuit.measure_all()
        circuits.append(transpile(circuit, device, optimization_level=0))
    job_set = manager.run(circuits, quantum(), shots=5)
    results = job_set.results(LIMIT)
    expected = [{f"{value:03b}": 5} for value in range(7)]
    assert [results.get_counts(value) for value in range(7)] == expected
    assert +job_set._state.numbers() == {Status.DONE: 4}
    assert len(server.executions) == 4
    assert set(server.executions.values()) == {1}
    assert "too large, cut in halves: Job not valid" in str(job_set.jobs_of(0)[0].history())
    found = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service).results(LIMIT)
    assert [found.get_counts(value) for value in range(7)] == expected


def test_one_circuit_that_fails_its_validation_is_an_error(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.most_pubs = 0
    job_set = manager.run([bell] * 2, quantum(), shots=5)
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.ERROR: 2}
    assert "exceeds the system limits" in str(job_set.error_messages())
    assert len(server.jobs) == 3


def test_a_job_that_was_charged_is_not_sent_again(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    job_set = manager.run([bell] * 2, quantum(), shots=5)
    assert job_set.wait(LIMIT, until="submitted")
    with server.lock:
        (job,) = server.jobs.values()
        job.status, job.usage = "Failed", 1.5
        job.reason = {"reason": "The output payload exceeds the limit", "reason_code": 9999}
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.ERROR: 1}


def test_a_set_of_another_machine_is_not_sent_in_halves(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    server.hold()
    job_set = manager.run([bell] * 2, quantum(), shots=5)
    assert job_set.wait(LIMIT, until="submitted")
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    manager._shut_down()
    with server.lock:
        (job,) = server.jobs.values()
        job.status, job.reason = "Failed", {"reason": "too many two-qubit gates", "reason_code": 1520}
    until(lambda: again._state.jobs[0].status is Status.ERROR)
    assert len(server.jobs) == 1
