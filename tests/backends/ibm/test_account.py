"""What the account does not allow holds the set; what others cancel has failed, and can be retried."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.errors import NotAvailableError
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT, until

Make = Callable[..., Any]


@pytest.fixture
def held(manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit) -> JobSet:
    """Four jobs in IBM Quantum's queue."""
    server.hold()
    job_set = manager.run([bell] * 4, quantum(), shots=5, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    return job_set


def refusal(code: int, message: str) -> str:
    return json.dumps({"errors": [{"code": code, "message": message}]})


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (1200, "You are not authorized", "the account's credentials are refused"),
        (1309, "This instance has met its usage limit", "the account's usage limit is reached"),
    ],
)
def test_a_refused_account_holds_the_whole_set(
    code: int,
    message: str,
    advice: str,
    manager: JobManager,
    server: Server,
    quantum: Make,
    bell: QuantumCircuit,
) -> None:
    server.misbehave("POST", "/api/v1/jobs", status=403, body=refusal(code, message))
    job_set = manager.run([bell] * 12, quantum(), shots=10, max_circuits_per_job=3)
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.HELD: 4}
    assert server.count("POST", "/api/v1/jobs") == 1
    assert f"not sent, {advice}: submit again?" in job_set.report()
    assert message in str(job_set._state.jobs[3].last_error)
    with pytest.raises(NotAvailableError, match=advice):
        job_set.results().get_counts(11)
    assert job_set.retry(held=True) == 4
    assert job_set.results(LIMIT).success


def test_a_job_that_others_cancelled_is_retried(held: JobSet, server: Server) -> None:
    assert held.cancel([0]) == 1
    until(lambda: held._state.jobs[0].status is Status.CANCELLED)
    for job in server.jobs.values():
        job.status, job.reason = "Cancelled", {"reason": "the batch is over", "reason_code": 1217}
    assert held.wait(LIMIT)
    assert [job.status for job in held._state.jobs] == [Status.CANCELLED, *[Status.ERROR] * 3]
    assert "not from here: the batch is over (code 1217)" in held.report()
    server.go()
    assert held.retry() == 3
    assert held.wait(LIMIT)
    assert held.retry(cancelled=True) == 1
    assert held.results(LIMIT).success
