"""Nothing runs twice, whatever the network does to a submission."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.job_tags import identity_in
from qjm_widgets.core.records import Status
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT, reach, until

Make = Callable[..., Any]
POST = ("POST", "/api/v1/jobs")


def run(manager: JobManager, adapter: Any, bell: QuantumCircuit, jobs: int = 3, **more: Any) -> JobSet:
    return manager.run([bell] * jobs, adapter, shots=5, max_circuits_per_job=1, **more)


def assert_each_ran_once(server: Server, job_set: JobSet, jobs: int = 3) -> None:
    assert +job_set._state.numbers() == {Status.DONE: jobs}
    ran = [identity_in(server.jobs[job_id].tags) for job_id in server.executions]
    assert len(set(ran)) == jobs
    assert len(ran) == jobs


@pytest.mark.parametrize(
    "fault",
    [
        {"drop": True, "after": True},
        {"drop": True},
        {"status": 502, "after": True, "times": 1},
        {"status": 429, "headers": {"Retry-After": "0"}},
        {"status": 429},
        {"delay": 1.5},
    ],
    ids=lambda fault: "-".join(f"{name}={value}" for name, value in fault.items()),
)
def test_a_submission_that_fails_on_the_network_runs_once(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit, fault: dict[str, Any]
) -> None:
    server.hold()
    server.misbehave(*POST, skip=1, **fault)
    job_set = run(manager, quantum(submit_seconds=1.0), bell, rerun_on_resume=True)
    assert job_set.wait(LIMIT, until="submitted")
    # Whatever was sent twice is cancelled before it runs.
    reach(job_set, lambda: pending(server) == 3)
    server.go()
    assert job_set.wait(LIMIT)
    assert_each_ran_once(server, job_set)


def pending(server: Server) -> int:
    with server.lock:
        return sum(job.status == "Queued" for job in server.jobs.values())


def test_an_accepted_submission_whose_reply_got_lost_is_found_by_its_tag(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.misbehave(*POST, drop=True, after=True)
    job_set = run(manager, quantum(), bell)
    assert job_set.wait(LIMIT)
    assert_each_ran_once(server, job_set)
    assert len(server.jobs) == 3


def test_an_answer_after_the_time_out_is_used_however_late(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    gate = threading.Event()
    server.misbehave(*POST, gate=gate)
    job_set = run(manager, quantum(submit_seconds=1.0, settling=0.1), bell, jobs=2)
    reach(job_set, lambda: +job_set._state.numbers() == {Status.DONE: 1, Status.HELD: 1})
    assert "has not answered for 1 s" in str(job_set._state.jobs[0].last_error)
    gate.set()
    reach(job_set, lambda: +job_set._state.numbers() == {Status.DONE: 2})
    assert_each_ran_once(server, job_set, 2)


def test_an_answer_that_comes_after_the_job_was_sent_again_is_cancelled(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    gate = threading.Event()
    server.misbehave(*POST, gate=gate)
    job_set = run(manager, quantum(submit_seconds=1.0, settling=0.1), bell, jobs=1)
    reach(job_set, lambda: job_set._state.numbers()[Status.HELD] == 1)
    assert job_set.retry(held=True) == 1
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 1)
    gate.set()
    until(lambda: [job.status for job in server.jobs.values()] == ["Queued", "Cancelled"])
    server.go()
    assert job_set.wait(LIMIT)
    assert_each_ran_once(server, job_set, 1)
    assert server.jobs[str(job_set._state.jobs[0].job_id)].status == "Completed"


def test_a_twin_is_found_though_the_lists_lag_behind_a_quick_job(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.listing_lag = 1.5
    server.misbehave(*POST, status=502, after=True)
    job_set = run(manager, quantum(settling=30), bell, jobs=1)
    assert job_set.wait(LIMIT)
    twin = next(job for job in server.jobs if job != job_set._state.jobs[0].job_id)
    assert f"2 times: {twin} (it ran, 1.5 s of QPU time)" in job_set.report()
    assert job_set._state.jobs[0].qpu_seconds == 3.0  # both were paid for


def test_a_job_that_is_never_listed_is_done_after_the_settling_time(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.listing_lag = 1000
    job_set = run(manager, quantum(settling=1.0), bell, jobs=2)
    assert job_set.wait(LIMIT)
    assert_each_ran_once(server, job_set, 2)


def test_jobs_that_are_followed_are_no_twins_of_each_other(
    manager: JobManager, server: Server, service: Any, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    tags = ["qjm", "qjm:" + "0" * 32, "qjm:" + "0" * 32 + ":0-1/1:s0/1:a1"]
    fits = {"params": {"pubs": [[]]}, "backend": "ibmq_manila", "status": "Queued"}
    ids = [server.put(tags=tags, **fits).id for _ in range(2)]
    job_set = manager.adopt(ids, service)
    server.until(lambda: server.count("GET", "/api/v1/jobs") >= 2)
    assert server.count("POST", ".*/cancel") == 0
    assert job_set._state.numbers()[Status.QUEUED] == 2


def test_one_that_was_never_accepted_is_held_after_the_settling_time(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.misbehave(*POST, drop=True)
    job_set = run(manager, quantum(settling=0.2), bell, jobs=1)
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.HELD: 1}
    looks = server.count("GET", "/api/v1/jobs")
    assert looks >= 2  # an empty answer is no proof
    assert job_set.retry(held=True) == 1
    assert job_set.wait(LIMIT)
    assert_each_ran_once(server, job_set, 1)


def test_a_list_that_lags_behind_is_requested_again(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.listing_lag = 0.6
    server.misbehave(*POST, drop=True, after=True)
    job_set = run(manager, quantum(settling=20), bell, jobs=2)
    assert job_set.wait(LIMIT)
    assert_each_ran_once(server, job_set, 2)
    assert len(server.jobs) == 2


def test_a_twin_that_the_runtime_made_by_repeating_is_cancelled_and_shown(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.hold()
    server.misbehave(*POST, status=502, after=True)
    job_set = run(manager, quantum(), bell, jobs=1)
    reach(job_set, lambda: "2 times" in (job_set._state.jobs[0].note or ""))
    twin, kept = server.jobs.values()
    assert kept.id == job_set._state.jobs[0].job_id
    assert twin.status == "Cancelled"
    assert f"{twin.id} (cancelled" in job_set.report()
    server.go()
    assert job_set.wait(LIMIT)
    assert_each_ran_once(server, job_set, 1)


def test_a_twin_that_has_run_is_shown_with_what_it_cost(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.misbehave("GET", "/api/v1/jobs", status=500, times=1000)  # meanwhile both run
    server.misbehave(*POST, status=502, after=True)
    job_set = run(manager, quantum(), bell, jobs=1)
    server.until(lambda: [job.status for job in server.jobs.values()] == ["Completed"] * 2)
    server.faults.clear()
    assert job_set.wait(LIMIT)
    assert +job_set._state.numbers() == {Status.DONE: 1}
    twin = next(job for job in server.jobs if job != job_set._state.jobs[0].job_id)
    assert f"{twin} (it ran, 1.5 s of QPU time)" in job_set.report()


def test_a_refusal_after_an_accepted_submission_is_reconciled(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    # The runtime repeats the first by itself, and the second answer says: refused.
    server.misbehave(*POST, status=502, after=True)
    server.misbehave(*POST, status=429)
    job_set = run(manager, quantum(), bell, jobs=1)
    assert job_set.wait(LIMIT)
    assert len(server.jobs) == 1
    assert_each_ran_once(server, job_set, 1)


def test_a_server_that_fails_before_the_submission_leaves_no_doubt(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.misbehave("POST", ".*/sessions", status=501)
    job_set = run(manager, quantum(settling=0), bell, jobs=1)
    assert job_set.wait(LIMIT)
    assert_each_ran_once(server, job_set, 1)


def test_retry_after_is_honoured(
    manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit
) -> None:
    server.misbehave(*POST, status=429, headers={"Retry-After": "40"})
    job_set = run(manager, quantum(), bell, jobs=1)
    reach(job_set, lambda: job_set._state.waiting is not None)
    assert job_set._state.waiting.until - job_set._state.jobs[0].since > 35


def test_a_kernel_that_died_while_sending_finds_its_job(
    server: Server, quantum: Make, bell: QuantumCircuit, tmp_path: Any
) -> None:
    store = tmp_path / "store.sqlite"
    with JobManager(store) as first:
        server.hold()
        job_set = run(first, quantum(), bell)
        assert job_set.wait(LIMIT, until="submitted")
        set_id = job_set.job_set_id()
        # As the store is when the kernel dies between the request and its answer.
        first._store.commit(
            {set_id: _as_if_sending(job_set)},
        )
    second = JobManager(store)
    again = second.retrieve_job_set(set_id)
    assert again.interrupted if hasattr(again, "interrupted") else again._state.interrupted
    again.resume(quantum())
    server.go()
    assert again.wait(LIMIT)
    assert_each_ran_once(server, again)
    assert len(server.jobs) == 3
    assert len(server.sessions) == 1
    second.close()


def _as_if_sending(job_set: JobSet) -> Any:
    from dataclasses import replace

    from qjm_widgets.core.store_port import Changes

    job = replace(job_set._state.jobs[1], status=Status.SENDING, job_id=None)
    return Changes(jobs=[job])
