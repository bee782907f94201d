"""What the account does not allow holds the set; what others cancel has failed, and can be retried."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager, JobSet
from qjm_widgets.backends.ibm.account import account_of
from qjm_widgets.backends.ibm.client import client_of
from qjm_widgets.backends.ibm.usage import InstanceUsage
from qjm_widgets.core.records import Status
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.widgets.view_updates import ViewUpdates
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


USED = "12 s of the instance's 10:00 used, 9:48 left"


def test_a_plan_and_a_report_say_what_is_left(
    manager: JobManager, quantum: Make, bell: QuantumCircuit, held: JobSet
) -> None:
    assert manager.plan(bell, quantum(), shots=5).notes == (USED,)
    assert f"  {USED}" in held.report().splitlines()
    assert USED in ViewUpdates(held).trait()["head"]["line"]


@pytest.mark.parametrize(
    ("instance", "known"),
    [
        ({"usage_consumed_seconds": 600, "usage_limit_seconds": 600}, " (10:00 of the instance's 10:00"),
        ({}, ":"),
    ],
)
@pytest.mark.filterwarnings("default:.*Workloads will not run")
def test_a_used_up_instance_is_shown_while_its_jobs_wait(
    manager: JobManager,
    server: Server,
    quantum: Make,
    bell: QuantumCircuit,
    instance: dict[str, Any],
    known: str,
) -> None:
    server.instance = {**instance, "usage_limit_reached": True}
    server.hold()
    job_set = manager.run([bell] * 2, quantum(), shots=5, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    until(lambda: "no job runs until it gets time" in job_set.report())
    assert f"has met its usage limit{known}" in job_set.report()
    server.go()
    assert job_set.results(LIMIT).success
    assert "limit" not in job_set.report()


@pytest.mark.parametrize(
    ("state", "notice"),
    [
        ({"state": False, "status": "maintenance"}, "is in maintenance: jobs wait"),
        ({"state": True, "status": "internal"}, "is taking jobs but running none: jobs wait"),
        ({"state": False, "status": "active"}, "is not operational: jobs wait"),
        (
            {"state": True, "status": "paused", "message": "until noon"},
            "is paused (until noon): jobs wait",
        ),
        (
            {"state": False, "status": "off", "message": "Retired"},
            "is retired: it runs no more jobs",
        ),
        (None, "is retired: it runs no more jobs"),
    ],
)
def test_a_backend_that_runs_no_jobs_is_shown_while_they_wait(
    manager: JobManager,
    server: Server,
    quantum: Make,
    bell: QuantumCircuit,
    state: dict[str, Any] | None,
    notice: str,
) -> None:
    server.state = state
    server.hold()
    adapter = quantum()
    assert f"ibmq_manila {notice}" in manager.plan(bell, adapter, shots=5).notes
    job_set = manager.run([bell] * 2, adapter, shots=5, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    until(lambda: f"ibmq_manila {notice}" in job_set.report())
    assert ViewUpdates(job_set).trait()["head"]["waiting"]["text"] == f"ibmq_manila {notice}"
    server.go()
    assert job_set.results(LIMIT).success
    assert notice not in job_set.report()


@pytest.mark.parametrize("state", [{"state": True, "status": "online"}, {"state": None}, {"status": 7}])
def test_a_backend_that_may_run_jobs_is_not_mentioned(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit, state: dict[str, Any]
) -> None:
    server.state = state
    assert manager.plan(bell, quantum(), shots=5).notes == (USED,)


def test_usage_and_state_are_not_asked_for_with_each_job(
    manager: JobManager, server: Server, quantum: Make, device: Any, bell: QuantumCircuit
) -> None:
    server.hold()
    with server.counting() as counts:
        adapter = quantum(poll_seconds=(1.0, 30.0))  # as by default
        job_set = manager.run([bell] * 30, adapter, shots=5, max_circuits_per_job=1)
        assert job_set.wait(LIMIT, until="submitted")
        server.go()
        assert job_set.results(LIMIT).success
    assert counts["GET /instances/usage"] <= 2
    assert counts["GET /backends/*/status"] <= 2
    assert counts["all"] < 3 * 30
    # The user sees his own backend, not the copy that asks nothing.
    assert job_set.jobs()[0].backend() is device
    assert device.status().status_msg == "active"


@pytest.mark.parametrize("answer", ["[]", "{", '{"usage_consumed_seconds": "many"}'])
def test_an_odd_answer_about_usage_is_left_out(
    answer: str, manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.misbehave("GET", "/api/v1/instances/usage", status=200, body=answer, times=9)
    assert manager.plan(bell, quantum(), shots=5).notes == ()


def test_usage_is_asked_for_once_a_minute(server: Server, service: Any) -> None:
    now = 0.0
    usage = InstanceUsage(client_of(account_of(service)), lambda: now)
    for _ in range(3):
        usage.refresh()
    assert server.count("GET", "/api/v1/instances/usage") == 1
    server.instance["usage_consumed_seconds"] = 60
    now = 61.0
    usage.refresh()
    assert usage.text == "1:00 of the instance's 10:00 used, 9:00 left"
