"""Sweeps on IBM Quantum: ranges of points as PUBs, their tags, and the set on another machine."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter

from qjm_widgets import JobManager
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import NotAvailableError
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT

Make = Callable[..., Any]


def flips(device: Any) -> QuantumCircuit:
    """A circuit that gives 1 at odd points, if its value is pi times the point's number."""
    circuit = QuantumCircuit(1, name="flips")
    circuit.rx(Parameter("t"), 0)
    circuit.measure_all()
    return transpile(circuit, device, optimization_level=0)


def of_points(*shape: int) -> np.ndarray:
    return np.pi * np.arange(np.prod(shape)).reshape(shape)


def test_a_sweep_is_sent_in_ranges_and_found_again(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    quantum: Make,
    device: Any,
) -> None:
    job_set = manager.run(
        (flips(device), of_points(3, 3)), quantum(), shots=20, max_points_per_job=4, name="flips"
    )
    result = job_set.results(LIMIT).primitive_result(0)
    odd = np.arange(9).reshape(3, 3) % 2
    assert (result.data.meas.array[..., 0] == odd[..., None]).all()
    tags = [[tag for tag in job.tags if ":p" in tag] for job in server.jobs.values()]
    parts = ["p0-4/3x3", "p4-8/3x3", "p8-9/3x3"]
    of_set = f"qjm:{job_set.job_set_id()}:0-1/1"
    assert tags == [[f"{of_set}:{part}:s0/1:a1"] for part in parts]

    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    assert [job.points for job in again._state.ordered()] == [Span(0, 4), Span(4, 8), Span(8, 9)]
    whole = again.results().primitive_result(0)
    assert whole.data.shape == (3, 3)
    assert np.array_equal(whole.data.meas.array, result.data.meas.array)
    assert again.counts() == job_set.counts()
    assert again.results().get_counts(0, loc=(1, 0)) == {"1": 20}


def test_points_that_the_provider_lacks_are_a_gap(
    manager: JobManager,
    elsewhere: JobManager,
    server: Server,
    service: Any,
    quantum: Make,
    device: Any,
) -> None:
    job_set = manager.run((flips(device), of_points(6)), quantum(), shots=5, max_points_per_job=2)
    assert job_set.wait(LIMIT)
    del server.jobs[list(server.jobs)[1]]
    again = elsewhere.retrieve_job_set(job_set.job_set_id(), provider=service)
    assert [job.status for job in again._state.ordered()] == [Status.DONE, Status.ERROR, Status.DONE]
    assert again.results().missing(0).tolist() == [False, False, True, True, False, False]
    with pytest.raises(NotAvailableError, match=r"points 2–3: .* no job of this set"):
        again.results().primitive_result(0)
    [found] = elsewhere.find_job_sets(service)
    assert (found.circuits, found.missing) == (1, 1)


def test_a_sweep_beyond_the_executions_of_a_job_is_cut(
    manager: JobManager, quantum: Make, device: Any
) -> None:
    plan = manager.plan((flips(device), of_points(100)), quantum(max_executions=1000), shots=300)
    assert {len(job.points) for job in plan.jobs} == {3, 1}
    assert str(plan).startswith("1 circuit with 100 points in 34 jobs, 30,000 executions")


def test_a_sweep_that_the_service_refuses_is_halved(
    manager: JobManager, server: Server, quantum: Make, device: Any
) -> None:
    server.misbehave("POST", "/api/v1/jobs", status=413, times=2)
    job_set = manager.run((flips(device), of_points(8)), quantum(), shots=5)
    result = job_set.results(LIMIT).primitive_result(0)
    assert (result.data.meas.array[..., 0] == (np.arange(8) % 2)[:, None]).all()
    assert len(server.jobs) == 3
