"""The totals of a set, updated with each change of a job."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.core.totals import CANCEL_REQUESTED, BackendFacts, Totals, code

_SOMETIMES = st.none() | st.floats(1, 1000)
_FIELDS = st.fixed_dictionaries(
    {
        "status": st.sampled_from(list(Status)),
        "cancel_requested": st.booleans(),
        "attempt": st.integers(1, 3),
        "job_id": st.none() | st.just("j"),
        "sent_at": _SOMETIMES,
        "finished_at": _SOMETIMES,
        "checked_at": _SOMETIMES,
        "last_error": st.none() | st.sampled_from(["timed out", "refused"]),
        "queue_position": st.none() | st.integers(1, 9),
        "qpu_seconds": _SOMETIMES,
        "spent_seconds": _SOMETIMES,
        "retryable": st.booleans(),
    }
)


def a_job(row: int, **fields: Any) -> JobRecord:
    return JobRecord(row, Span(row, row + 1), **fields)


@given(
    st.lists(_FIELDS, min_size=1, max_size=5),
    st.lists(st.tuples(st.integers(0, 4), _FIELDS), max_size=12),
)
def test_incremental_totals_equal_those_of_all_jobs(
    first: list[dict[str, Any]], changes: list[tuple[int, dict[str, Any]]]
) -> None:
    jobs = [a_job(row, **fields) for row, fields in enumerate(first)]
    kept = Totals(jobs)
    for row, fields in changes:
        if row < len(jobs):
            kept.put(jobs[row], job := a_job(row, **fields))
            jobs[row] = job
    anew = Totals(jobs)
    assert +kept.numbers == +anew.numbers
    assert +kept.unretryable == +anew.unretryable
    assert bytes(kept.codes) == bytes(map(code, jobs))
    assert kept.remote == anew.remote == {job.row: job for job in jobs if job.status.remote}
    ended = sorted((job.finished_at, job.row) for job in jobs if job.finished_at is not None)
    assert kept.latest(3) == anew.latest(3) == [jobs[row] for _, row in ended[-3:]]
    assert {job.row for job in jobs if job.status is Status.DONE} <= set(kept.done)
    facts, expected = kept.facts(), anew.facts()
    assert facts._replace(qpu_seconds=None) == expected._replace(qpu_seconds=None)
    assert facts.qpu_seconds == pytest.approx(expected.qpu_seconds)


def test_columns_without_values_are_left_out() -> None:
    assert Totals([a_job(0), a_job(1)]).facts() == BackendFacts((), None, None, None)
    place = a_job(0, status=Status.QUEUED, queue_position=3)
    assert Totals([place]).facts().columns == ("queue",)
    assert Totals([replace(place, status=Status.DONE)]).facts().columns == ()
    assert Totals([a_job(0, attempt=2, job_id="j")]).facts().columns == ("attempts", "id")


def test_processor_time_is_of_all_attempts_of_all_jobs() -> None:
    jobs = [a_job(0, spent_seconds=1.0, qpu_seconds=2.0), a_job(1), a_job(2, qpu_seconds=4.0)]
    assert Totals(jobs).facts().qpu_seconds == 7.0


def test_polling_raises_if_it_fails_for_every_job() -> None:
    lost = a_job(0, status=Status.QUEUED, sent_at=5.0, last_error="timed out")
    polled = a_job(1, status=Status.RUNNING, sent_at=5.0, checked_at=9.0)
    assert Totals([lost, polled]).facts().poll_error is None
    silent = replace(polled, last_error="refused")
    facts = Totals([lost, silent]).facts()
    assert (facts.poll_error, facts.known_at) == ("timed out", 9.0)
    # If a cancellation is requested, it may be that call which failed.
    assert Totals([replace(lost, cancel_requested=True)]).facts().poll_error is None


def test_a_reason_code_means_a_cancellation_under_way() -> None:
    job = a_job(0, status=Status.RUNNING, cancel_requested=True)
    assert code(job) == 4 | CANCEL_REQUESTED
    assert code(replace(job, status=Status.CANCELLED)) == 7
