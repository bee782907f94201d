"""Expectation values on IBM Quantum: the runtime's EstimatorV2 against the server on loopback."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_ibm_runtime import EstimatorV2

from qjm_widgets import JobManager
from qjm_widgets.errors import CircuitError, InputError, NotAvailableError
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT

OPERATOR = SparsePauliOp.from_list([("ZZ", 1.0), ("XI", 0.5)])
VALUES = np.linspace(0, 2, 6).reshape(6, 1)


def ansatz() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="ansatz")
    circuit.ry(Parameter("a"), 0)
    circuit.cx(0, 1)
    return circuit


def transpiled(device: Any) -> Any:
    """A PUB that the device takes."""
    circuit = generate_preset_pass_manager(1, backend=device).run(ansatz())
    return circuit, SparsePauliOp("ZZ").apply_layout(circuit.layout), VALUES


@pytest.fixture
def estimator(device: Any) -> Any:
    with pytest.warns(DeprecationWarning, match="EstimatorV2"):
        return EstimatorV2(mode=device)


def test_values_come_from_the_device(
    manager: JobManager, server: Server, device: Any, estimator: Any
) -> None:
    passes = generate_preset_pass_manager(1, backend=device)
    job_set = manager.run(
        [(ansatz(), OPERATOR, VALUES), (ansatz(), "ZZ", VALUES[0])],
        estimator,
        precision=0.01,
        max_circuits_per_job=1,
        pass_manager=passes,
        tags=["mine"],
    )
    assert job_set.wait(LIMIT), repr(job_set)
    assert job_set.error_messages() is None
    (plain,) = StatevectorEstimator().run([(ansatz(), OPERATOR, VALUES)]).result()
    results = job_set.results()
    np.testing.assert_allclose(results.evs(0), plain.data.evs, atol=0.1)
    assert results.evs(1).shape == ()
    assert {job.program for job in server.jobs.values()} == {"estimator"}
    assert all("mine" in job.tags for job in server.jobs.values())
    pubs = [job.params["pubs"] for job in server.jobs.values()]
    assert [len(each) for each in pubs] == [1, 1]
    assert all(pub[3] == 0.01 for each in pubs for pub in each)


def test_values_are_found_again_on_another_machine(
    manager: JobManager, elsewhere: JobManager, server: Server, service: Any, device: Any, estimator: Any
) -> None:
    pub = transpiled(device)
    job_set = manager.run([pub], estimator, precision=0.1, max_points_per_job=2)
    values = job_set.results(LIMIT).evs(0)
    ids = list(server.jobs)
    adopted = elsewhere.adopt(ids, service)
    assert adopted.results(LIMIT).evs(1).tolist() == values[2:4].tolist()
    del server.jobs[ids[1]]
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    expected = values.copy()
    expected[2:4] = np.nan
    partial = again.results(partial=True)
    np.testing.assert_array_equal(partial.evs(0), expected)
    with pytest.raises(NotAvailableError, match="has no counts: it has expectation values"):
        partial.get_counts(0)
    assert "expectation values:" in again.report()


def test_the_set_of_a_kernel_that_ended_is_followed(
    server: Server, service: Any, device: Any, estimator: Any, store_path: Any
) -> None:
    pub = transpiled(device)
    server.hold()
    with JobManager(store_path) as first:
        job_set = first.run([pub], estimator, precision=0.1)
    with JobManager(store_path) as second:
        again = second.retrieve_job_set(job_set.job_set_id(), provider=service)
        server.go()
        assert again.results(LIMIT).evs(0).shape == (6,)
    assert server.count("POST", ".*/jobs") == 1


def test_another_machine_has_the_values(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    device: Any,
    estimator: Any,
) -> None:
    passes = generate_preset_pass_manager(1, backend=device)
    job_set = manager.run(
        [(ansatz(), OPERATOR, VALUES)], estimator, max_points_per_job=4, pass_manager=passes
    )
    assert job_set.wait(LIMIT)
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    record = again._state.record
    assert (record.adapter, record.estimates) == ("ibm_estimator", True)
    np.testing.assert_array_equal(again.results().evs(0), job_set.results().evs(0))
    assert again.results(partial=True).evs(0).shape == (6,)


def test_jobs_that_were_sent_without_us_become_a_set(
    manager: JobManager, server: Server, service: Any, device: Any, estimator: Any
) -> None:
    isa = generate_preset_pass_manager(1, backend=device).run(ansatz())
    pub = (isa, OPERATOR.apply_layout(isa.layout), VALUES)
    ids = [estimator.run([pub] * number, precision=0.1).job_id() for number in (1, 2)]
    job_set = manager.adopt(ids, service)
    assert job_set.wait(LIMIT)
    assert job_set.results().evs(2).shape == (6,)
    assert job_set._state.record.estimates


def test_without_a_precision_it_is_that_of_the_options(manager: JobManager, device: Any) -> None:
    pub = (generate_preset_pass_manager(1, backend=device).run(ansatz()), "I" * device.num_qubits)
    for options, precision in (
        ({}, 1 / 64),
        ({"default_precision": 0.05}, 0.05),
        ({"default_shots": 100}, 0.1),
    ):
        with pytest.warns(DeprecationWarning, match="EstimatorV2"):
            estimator = EstimatorV2(mode=device, options=options)
        plan = manager.plan([(*pub, VALUES[0])], estimator)
        assert plan.precision == (precision, precision)


def test_what_the_device_would_refuse(manager: JobManager, server: Server, estimator: Any) -> None:
    with pytest.raises(CircuitError, match=r"circuit 0 \(ansatz\) does not fit .*"):
        manager.run([(ansatz(), OPERATOR, VALUES)], estimator)
    with pytest.raises(InputError, match="is an estimator, which takes no shots"):
        manager.run([(ansatz(), OPERATOR, VALUES)], estimator, shots=100)
    assert server.count("POST", ".*/jobs") == 0
