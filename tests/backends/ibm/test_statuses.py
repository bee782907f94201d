"""Statuses, cancellation, names and tags of jobs over REST."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from qiskit import QuantumCircuit
from qiskit.providers import JobStatus

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.job_tags import identity_in
from qjm_widgets.core.records import Status
from qjm_widgets.errors import InputError, ProviderError
from tests.backends.ibm.server import Server
from tests.fakes import LIMIT, reach

Make = Callable[..., Any]


@pytest.fixture
def held(manager: JobManager, server: Server, quantum: Make, bell: QuantumCircuit) -> JobSet:
    """Four jobs in IBM Quantum's queue."""
    server.hold()
    job_set = manager.run(
        [bell] * 4, quantum(), shots=5, max_circuits_per_job=1, name="four", tags=["mine"]
    )
    assert job_set.wait(LIMIT, until="submitted")
    return job_set


def end(server: Server, status: str, **reason: Any) -> None:
    with server.lock:
        for job in server.jobs.values():
            job.status, job.reason = status, reason


@pytest.mark.parametrize(
    ("word", "reason", "status", "text"),
    [
        ("Failed", {"reason": "too hot", "reason_code": 8079}, Status.ERROR, "too hot (code 8079)"),
        ("Failed", {}, Status.ERROR, "no reason"),
        ("Cancelled", {}, Status.ERROR, "cancelled at IBM Quantum, not from here"),
        ("Cancelled", {"reason": "the batch is over"}, Status.ERROR, "not from here: the batch is over"),
        (
            "Cancelled",
            {"reason": "ran too long", "reason_code": 1305, "reason_solution": "Use fewer shots."},
            Status.ERROR,
            "ran too long (code 1305) Use fewer shots.",
        ),
    ],
)
def test_an_end_without_a_result(
    held: JobSet, server: Server, word: str, reason: dict[str, Any], status: Status, text: str | None
) -> None:
    end(server, word, **reason)
    assert held.wait(LIMIT)
    assert +held._state.numbers() == {status: 4}
    if text is not None:
        assert text in str(held.error_messages())


def test_cancelled_because_it_ran_too_long_is_an_error(held: JobSet, server: Server) -> None:
    end(server, "Cancelled", reason_code=1305)
    assert held.wait(LIMIT)
    assert held.statuses() == [JobStatus.ERROR] * 4


def test_an_unknown_status_name_is_polled_again_less_often(held: JobSet, server: Server) -> None:
    end(server, "Pondering")
    reach(held, lambda: "'Pondering'" in (held._state.jobs[3].last_error or ""))
    assert held.statuses() == [JobStatus.QUEUED] * 4
    before = server.count("GET", "/api/v1/jobs")
    end(server, "Cancelled")
    assert held.wait(LIMIT)
    assert server.count("GET", "/api/v1/jobs") - before < 10


def test_estimate_and_usage_are_shown(held: JobSet, server: Server) -> None:
    reach(held, lambda: held._state.jobs[0].estimated_seconds == 2.5)
    assert "about 2.5 s of QPU time expected" in held.report()
    server.go()
    assert held.wait(LIMIT)
    assert [job.qpu_seconds for job in held._state.jobs] == [1.5] * 4
    assert "1.5 s of QPU time" in held.report()


def test_a_list_call_polls_the_set(held: JobSet, server: Server) -> None:
    reach(held, lambda: held._state.jobs[0].estimated_seconds == 2.5)
    assert server.count("GET", "/api/v1/jobs/[^/]+") == 0


def test_cancellations_are_sent_several_at_once(held: JobSet, server: Server) -> None:
    server.misbehave("POST", ".*/cancel", delay=0.5, times=4)
    server.most_at_once = 0
    assert held.cancel() == 4
    assert held.wait(LIMIT)
    assert held.statuses() == [JobStatus.CANCELLED] * 4
    assert server.count("POST", ".*/cancel") == 4
    assert server.most_at_once > 1


def test_too_late_to_cancel_is_shown(held: JobSet, server: Server) -> None:
    server.misbehave("POST", ".*/cancel", status=409, body="{}", times=4)
    held.cancel()
    reach(held, lambda: all("too late" in (job.last_error or "") for job in held._state.jobs))
    assert held.statuses() == [JobStatus.QUEUED] * 4


def test_cancel_of_what_is_over_makes_no_call(held: JobSet, server: Server) -> None:
    server.go()
    assert held.wait(LIMIT)
    assert held.cancel() == 0
    assert server.count("POST", ".*/cancel") == 0


def identities(server: Server) -> set[str | None]:
    return {identity_in(job.tags) for job in server.jobs.values()}


def test_jobs_carry_what_finds_them_again(held: JobSet, server: Server) -> None:
    set_id = held.job_set_id()
    assert [job.tags for job in server.jobs.values()] == [
        ["qjm", f"qjm:{set_id}", f"qjm:{set_id}:{i}-{i + 1}/4:s0/1:a1", "qjm-name:four", "mine"]
        for i in range(4)
    ]


def test_retagging_never_loses_our_identity(held: JobSet, server: Server) -> None:
    before = identities(server)
    assert held.update_tags(replacement_tags=["a", "b", "c", "d"]) == ["a", "b", "c", "d"]
    assert identities(server) == before
    assert all(job.tags[4:] == ["a", "b", "c", "d"] for job in server.jobs.values())
    with pytest.raises(InputError, match="4 are yours"):
        held.update_tags(additional_tags=["e"])
    assert held.tags() == ["a", "b", "c", "d"]


def test_retagging_that_fails_says_so_and_can_be_repeated(held: JobSet, server: Server) -> None:
    server.misbehave("PUT", ".*/tags", status=400, body="{}", times=4)
    with pytest.raises(ProviderError, match=r"not on 4 of 4 jobs.*call it again"):
        held.update_tags(additional_tags=["late"])
    held.update_tags(additional_tags=["late"])
    assert all(job.tags[4:] == ["mine", "late"] for job in server.jobs.values())


def test_a_new_name_reaches_the_tags_of_every_job_however_long_or_odd(
    held: JobSet, server: Server
) -> None:
    name = "two\nlines " + "x" * 200
    server.misbehave("PUT", ".*/tags", status=500, body="{}", times=3, skip=1)
    try:
        held.update_name(name)
    except ProviderError:
        held.update_name(name)
    assert held.name() == name
    for job in server.jobs.values():
        assert job.tags[3].startswith("qjm-name:two lines xxx")
        assert len(job.tags[3]) == 86
    assert len(identities(server)) == 4


def test_a_job_that_is_gone_at_ibm_is_an_error(held: JobSet, server: Server) -> None:
    with server.lock:
        del server.jobs[next(iter(server.jobs))]
    reach(held, lambda: held._state.numbers()[Status.ERROR] == 1)
    assert "has no job" in str(held.error_messages())


def test_after_failed_polls_the_set_recovers(held: JobSet, server: Server) -> None:
    server.misbehave("GET", "/api/v1/jobs", status=503, body="{}", times=3)
    reach(held, lambda: "503" in (held._state.jobs[0].last_error or ""))
    server.go()
    assert held.wait(LIMIT)
    assert [job.last_error for job in held._state.jobs] == [None] * 4
