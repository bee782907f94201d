"""``executor_estimator.Estimator`` on IBM Quantum: prepared here, run by the program ``executor``."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp
from qiskit.transpiler import generate_preset_pass_manager
from qiskit_ibm_runtime import Batch, Session
from qiskit_ibm_runtime.executor_estimator import Estimator

from qjm_widgets import JobManager
from qjm_widgets.core.records import Status
from qjm_widgets.errors import CircuitError, InputError
from tests.backends.ibm.server import Server
from tests.backends.ibm.test_estimators import OPERATOR, VALUES, ansatz
from tests.fakes import LIMIT


@pytest.fixture(scope="module")
def isa(device: Any) -> QuantumCircuit:
    """The ansatz as the device runs it."""
    return generate_preset_pass_manager(1, backend=device).run(ansatz())


def test_values_come_from_the_device(
    manager: JobManager, server: Server, device: Any, isa: QuantumCircuit
) -> None:
    operator = OPERATOR.apply_layout(isa.layout)
    job_set = manager.run(
        [(isa, operator, VALUES), (isa, operator, VALUES[0])],
        Estimator(mode=device),
        precision=0.02,
        max_circuits_per_job=1,
        name="two",
        tags=["mine"],
    )
    results = job_set.results(LIMIT)
    (plain,) = StatevectorEstimator().run([(ansatz(), OPERATOR, VALUES)]).result()
    np.testing.assert_allclose(results.evs(0), plain.data.evs, atol=0.2)
    data = results.primitive_result(0).data
    assert data.shape == (6,)
    np.testing.assert_array_equal(data.stds, results.stds(0))
    assert data.ensemble_standard_error.shape == (6,)
    assert 0 < data.ensemble_standard_error.max() < 0.1
    frame = results.to_dataframe()
    assert list(frame["circuit"]) == [0] * 6 + [1]
    assert list(frame["std"][:6]) == results.stds(0).ravel().tolist()
    jobs = list(server.jobs.values())
    assert {job.program for job in jobs} == {"executor"}
    of_set = f"qjm:{job_set.job_set_id()}"
    assert jobs[1].tags == ["qjm", of_set, f"{of_set}:1-2/2:e0/1:a1", "qjm-name:two", "mine"]


def test_a_sweep_is_cut_along_its_points_and_found_by_another_machine(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    device: Any,
) -> None:
    passes = generate_preset_pass_manager(1, backend=device)
    job_set = manager.run(
        [(ansatz(), OPERATOR, VALUES)],
        Estimator(mode=device),
        precision=0.1,
        resilience_level=0,
        max_points_per_job=4,
        pass_manager=passes,
    )
    values = job_set.results(LIMIT).evs(0)
    [found] = elsewhere.find_job_sets(service)
    again = elsewhere.retrieve_job_set(found.job_set_id, provider=service)
    record = again._state.record
    assert (record.adapter, record.estimates) == ("ibm_executor_estimator", True)
    np.testing.assert_array_equal(again.results().evs(0), values)
    error = again.results().primitive_result(0).data.ensemble_standard_error
    assert error.shape == (6,)


def test_extrapolated_values_are_kept(
    manager: JobManager, server: Server, device: Any, isa: QuantumCircuit
) -> None:
    operator = SparsePauliOp("IZ").apply_layout(isa.layout)  # without points of no variance
    job_set = manager.run(
        [(isa, operator, 0.5 + 0.2 * np.arange(6).reshape(6, 1))],
        Estimator(mode=device, options={"resilience_level": 2}),
        precision=0.1,
        max_points_per_job=3,
    )
    data = job_set.results(LIMIT).primitive_result(0).data
    assert data.evs.shape == (6,)
    assert data.evs_noise_factors.shape == (6, 3)
    assert data.evs_extrapolated.shape[:1] == (6,)


@pytest.mark.parametrize("mode", [Batch, Session])
def test_jobs_run_in_the_users_batch_or_session(
    manager: JobManager, server: Server, device: Any, isa: QuantumCircuit, mode: Any
) -> None:
    mine = mode(backend=device)
    job_set = manager.run([(isa, "I" * 5, VALUES)], Estimator(mode=mine), max_points_per_job=3)
    assert job_set.wait(LIMIT)
    assert [job.session_id for job in server.jobs.values()] == [mine.session_id] * 2


def test_a_submission_whose_answer_got_lost_is_found_by_its_tag(
    manager: JobManager, server: Server, device: Any, isa: QuantumCircuit
) -> None:
    from qjm_widgets.backends.ibm.primitive_adapters import IBMExecutorEstimator

    server.misbehave("POST", "/api/v1/jobs", drop=True, after=True)
    quick = {"jobs_per_minute": 60_000, "settling": 0.3, "poll_seconds": (0.05, 1.0)}
    adapter = IBMExecutorEstimator(device, batch=False, **quick)
    job_set = manager.run([(isa, "I" * 5, VALUES)], adapter, precision=0.2, max_points_per_job=3)
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.DONE: 2}
    assert len(server.jobs) == 2


def test_jobs_that_were_sent_without_us_become_a_set(
    manager: JobManager, server: Server, service: Any, device: Any, isa: QuantumCircuit
) -> None:
    pub = (isa, OPERATOR.apply_layout(isa.layout), VALUES)
    ids = [Estimator(mode=device).run([pub] * number, precision=0.2).job_id() for number in (1, 2)]
    job_set = manager.adopt(ids, service)
    assert job_set.wait(LIMIT)
    assert [job.span for job in job_set._state.ordered()] == [(0, 1), (1, 3)]
    assert job_set.results().evs(2).shape == (6,)


@pytest.mark.parametrize("shots", [100, 47, 4095])
def test_without_a_precision_the_shots_of_the_options_are_run(
    manager: JobManager, server: Server, device: Any, isa: QuantumCircuit, shots: int
) -> None:
    estimator = Estimator(mode=device, options={"default_shots": shots, "resilience_level": 0})
    job_set = manager.run([(isa, "I" * 5, VALUES[0])], estimator)
    assert job_set.wait(LIMIT)
    (job,) = server.jobs.values()
    assert job.params["quantum_program"]["shots"] == shots


def test_what_the_runtime_could_not_prepare_is_an_error_at_the_call(
    manager: JobManager, server: Server, device: Any, isa: QuantumCircuit
) -> None:
    pub = (isa, "I" * 5, VALUES)
    for options, kind, words in [
        ({"resilience": {"pec_mitigation": True}}, CircuitError, "requires a noise model"),
        ({"resilience_level": 3}, InputError, "the runtime's estimator refuses these options"),
        ({"precision": 0}, CircuitError, "precision 0"),
        ({"shots": 100}, InputError, "takes no shots"),
    ]:
        with pytest.raises(kind, match=words):
            manager.run([pub], Estimator(mode=device), **options)
    assert server.count("POST", ".*/jobs") == 0
