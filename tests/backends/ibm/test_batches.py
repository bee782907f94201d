"""A batch that was opened for a set is closed when its jobs were sent, and replaced before it ends."""

from __future__ import annotations

import datetime
from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager
from qjm_widgets.backends.ibm.account import account_of
from qjm_widgets.backends.ibm.batches import Batches
from qjm_widgets.backends.ibm.client import client_of
from qjm_widgets.core.records import Status
from qjm_widgets.core.submission import Submission
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT, reach

Make = Callable[..., Any]
CLOSE = "PATCH", "/api/v1/sessions/[^/]+"


def accepting(server: Server) -> list[bool]:
    with server.lock:
        return [batch["accepting_jobs"] for batch in server.sessions.values()]


def test_a_batch_is_closed_when_all_jobs_were_sent_and_they_go_on(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    job_set = manager.run([bell] * 3, quantum(), shots=5, max_circuits_per_job=1)
    server.until(lambda: accepting(server) == [False])
    assert [job.session_id for job in server.jobs.values()] == [*server.sessions] * 3
    assert job_set._state.numbers()[Status.QUEUED] == 3
    server.go()
    assert job_set.results(LIMIT).success
    assert server.count(*CLOSE) == 1


def test_a_batch_stays_open_while_jobs_are_not_sent(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    job_set = manager.run([bell] * 3, quantum(max_pending=2), shots=5, max_circuits_per_job=1)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 2)
    assert accepting(server) == [True]
    assert job_set.cancel([2]) == 1
    server.until(lambda: accepting(server) == [False])


def test_a_retry_opens_a_new_batch(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    job_set = manager.run([bell] * 2, quantum(), shots=5, max_circuits_per_job=1)
    server.until(lambda: accepting(server) == [False])
    with server.lock:
        next(iter(server.jobs.values())).status = "Failed"
    server.go()
    assert job_set.wait(LIMIT)
    assert job_set.retry() == 1
    assert job_set.results(LIMIT).success
    server.until(lambda: accepting(server) == [False, False])
    assert server.count("POST", "/api/v1/jobs") == 3  # none was refused by the closed batch
    assert job_set._state.record.batch_id == list(server.sessions)[1]


def test_leaving_the_manager_closes_the_batch(
    server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    with JobManager(":memory:") as manager:
        manager.run([bell] * 2, quantum(), shots=5, max_circuits_per_job=1)
    assert accepting(server) == [False]


def test_a_batch_that_cannot_be_closed_harms_nothing(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.misbehave(*CLOSE, status=400, times=9)
    assert manager.run(bell, quantum(), shots=5).results(LIMIT).success
    server.until(lambda: server.count(*CLOSE) == 1)


def test_batches_and_sessions_of_the_user_are_never_closed(
    server: Server, device: Any, quantum: Make, bell: QuantumCircuit
) -> None:
    from qiskit_ibm_runtime import Batch, Session

    batch = Batch(backend=device)
    with JobManager(":memory:") as manager:
        named = {"batch": batch.session_id}
        for backend, options in [
            (quantum(), named),
            (quantum(**named), {}),
            (batch, {}),
            (Session(backend=device), {}),
        ]:
            assert manager.run(bell, backend, shots=5, **options).results(LIMIT).success
    assert accepting(server) == [True, True]
    assert server.count(*CLOSE) == 0


@pytest.fixture
def now() -> list[float]:
    """The seconds of the clock of the batches."""
    return [0.0]


@pytest.fixture
def batches(device: Any, service: Any, server: Server, now: list[float]) -> Batches:
    return Batches(device, client_of(account_of(service)), True, lambda: now[0])


def submission(batch_id: str | None = None) -> Submission:
    tag = f"qjm:{'0' * 32}:0-1/1:s0/1:a1"
    return Submission((), None, None, {}, tag, "", (), batch_id=batch_id)


def test_a_batch_is_replaced_and_closed_before_its_time_ends(
    batches: Batches, server: Server, now: list[float]
) -> None:
    first = batches.of(submission())
    now[0] = 0.8 * 28_800
    assert batches.of(submission()) is first
    now[0] = 0.95 * 28_800
    second = batches.of(submission(first.session_id))
    assert second.session_id != first.session_id
    assert accepting(server) == [False, True]
    assert batches.of(submission(first.session_id)) is second


def test_a_batch_has_the_time_that_ibm_quantum_gives_it(
    batches: Batches, server: Server, now: list[float]
) -> None:
    server.max_ttl = 600
    first = batches.of(submission())
    now[0] = 590
    assert batches.of(submission()) is not first


@pytest.mark.parametrize(
    ("field", "used"),
    [
        ({}, True),
        ({"started_at": None, "timestamps": None}, True),
        ({"accepting_jobs": False}, False),
        ({"state": "closed"}, False),
        ({"max_ttl": 60}, False),
        ({"max_ttl": "many"}, True),
        ({"mode": "dedicated"}, False),
    ],
)
def test_a_batch_of_another_kernel_is_used_if_it_has_time_left(
    batches: Batches, server: Server, device: Any, field: dict[str, Any], used: bool
) -> None:
    from qiskit_ibm_runtime import Batch

    known = Batch(backend=device).session_id
    began = datetime.datetime.now(datetime.UTC) - datetime.timedelta(minutes=5)
    stamp = {"status": "open", "timestamp": began.isoformat()}
    server.sessions[known] |= {"timestamps": [stamp], **field}
    assert (batches.of(submission(known)).session_id == known) is used
    assert batches.sent_all("0" * 32) is None or not used
