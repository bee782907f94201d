"""Which jobs hold which circuit after some of them ran again, here and at a provider."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from qjm_widgets.bundle.manifest_reader import _check_cover
from qjm_widgets.bundle.strict_json import RefusalError
from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.provider_jobs import assemble, found_sets
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.core.span_index import Cover, runs_of
from tests.contract.store_fixtures import a_set


def job(row: int, start: int, stop: int, attempt: int = 1, **fields: Any) -> JobRecord:
    return JobRecord(row, Span(start, stop), attempt=attempt, status=Status.DONE, **fields)


def holders(jobs: list[JobRecord], circuits: int) -> list[tuple[int, ...]]:
    cover = Cover(jobs)
    return [cover.rows_of(circuit) for circuit in range(circuits)]


def test_neighbours_run_together() -> None:
    assert runs_of([]) == []
    assert runs_of([3]) == [Span(3, 4)]
    assert runs_of([0, 1, 2, 5, 7, 8]) == [Span(0, 3), Span(5, 6), Span(7, 9)]


def test_the_newest_job_holds_a_circuit() -> None:
    jobs = [job(0, 0, 4), job(1, 4, 6), job(2, 1, 3, 2), job(3, 2, 3, 3)]
    assert holders(jobs, 6) == [(0,), (2,), (3,), (0,), (1,), (1,)]
    # Whatever their numbers: those of a set that a provider gave back follow the circuits.
    jobs = [job(0, 1, 3, 2), job(1, 0, 4), job(2, 2, 3, 3), job(3, 4, 6)]
    assert holders(jobs, 6) == [(1,), (0,), (2,), (1,), (3,), (3,)]


def test_one_piece_is_held_by_the_newest_and_the_others_as_before() -> None:
    jobs = [job(piece, 0, 3, piece=piece, pieces=3) for piece in range(3)]
    jobs.append(job(3, 1, 2, 2, piece=1, pieces=3))
    assert holders(jobs, 3) == [(0, 1, 2), (0, 3, 2), (0, 1, 2)]


def test_a_bundle_may_have_jobs_that_ran_circuits_again() -> None:
    again = [job(0, 0, 4), job(1, 4, 6), job(2, 0, 2, 2), job(3, 3, 4, 2), job(4, 1, 2, 3)]
    _check_cover(tuple(again), 6)
    _check_cover(
        (*(job(p, 0, 2, piece=p, pieces=2) for p in (0, 1)), job(2, 0, 1, 2, piece=1, pieces=2)), 2
    )


@pytest.mark.parametrize(
    "other",
    [
        job(2, 1, 3),  # not newer
        job(2, 3, 5, 2),  # beyond it
        job(2, 0, 4, 2),  # all of it
    ],
)
def test_other_overlaps_are_refused(other: JobRecord) -> None:
    with pytest.raises(RefusalError, match="hold the same circuits"):
        _check_cover((job(0, 0, 4), job(1, 4, 6), other), 6)


def test_what_ran_again_beside_a_job_that_is_not_done_is_refused() -> None:
    failed = JobRecord(0, Span(0, 4), status=Status.ERROR)
    with pytest.raises(RefusalError, match="hold the same circuits"):
        _check_cover((failed, job(1, 1, 3, 2)), 4)


def remote(record: JobRecord, circuits: int) -> RemoteJob:
    identity = identity_of(a_set(circuits=circuits), record)
    status = Observation(record.status, finished_at=9.0)
    return RemoteJob(f"id-{record.row}", "b", ("qjm", identity[:36], identity), 1.0 + record.row, status)


@pytest.mark.parametrize("running", [False, True], ids=["done", "running"])
def test_a_provider_gives_back_what_ran_again(running: bool) -> None:
    jobs = [job(0, 0, 4), job(1, 4, 6), job(2, 0, 1, 2), job(3, 2, 3, 2)]
    if running:
        jobs[3] = JobRecord(3, Span(2, 3), attempt=2, status=Status.RUNNING)
    found = [remote(each, 6) for each in jobs]
    for order in (found, found[::-1]):
        _, rows = assemble(a_set().set_id, order, 10.0)
        ids = {row.row: row.job_id for row in rows}
        held = [[ids[row] for row in rows] for rows in holders(rows, 6)]
        assert held == [["id-2"], ["id-0"], ["id-3"], ["id-0"], ["id-1"], ["id-1"]]
        assert found_sets(order)[0].missing == 0


def test_a_provider_gives_back_one_piece_that_ran_again() -> None:
    jobs = [job(piece, 0, 3, piece=piece, pieces=2) for piece in range(2)]
    jobs.append(job(2, 1, 2, 2, piece=1, pieces=2))
    _, rows = assemble(a_set().set_id, [remote(each, 3) for each in jobs], 10.0)
    ids = {row.row: row.job_id for row in rows}
    assert [[ids[row] for row in rows] for rows in holders(rows, 3)] == [
        ["id-0", "id-1"],
        ["id-0", "id-2"],
        ["id-0", "id-1"],
    ]


def test_a_cover_grows_with_circuits_that_come_later() -> None:
    jobs = [job(0, 0, 4), job(1, 4, 6), job(2, 1, 3, 2)]
    later = [job(3, 6, 9, piece=0, pieces=2), job(4, 6, 9, piece=1, pieces=2), job(5, 9, 10)]
    cover = Cover(jobs)
    cover.extend(later)
    whole = Cover([*jobs, *later])
    assert [cover.rows_of(circuit) for circuit in range(10)] == [
        whole.rows_of(circuit) for circuit in range(10)
    ]
    assert (cover.order, cover.plain, cover.stop) == (whole.order, False, 10)
    plain = Cover(later[:0])
    plain.extend([job(0, 0, 2)])
    plain.extend([job(1, 2, 4)])
    assert plain.plain
    assert list(plain.parts(Span(1, 4))) == [Span(0, 2), Span(2, 4)]


def test_jobs_of_a_set_that_grew_are_found_by_their_tags() -> None:
    """Their tags do not change while it grows, and give its circuits back without their number."""
    record = a_set(circuits=4, taken=True)
    jobs = [job(0, 0, 4), job(1, 4, 6), job(2, 6, 7, points=Span(0, 3), pub_shape=(3,))]
    tags = [identity_of(record, each) for each in jobs]
    assert tags == [identity_of(replace(record, circuits=7, complete=True), each) for each in jobs]
    done = Observation(Status.DONE, finished_at=9.0)
    jobs_there = [RemoteJob(f"id-{n}", "b", ("qjm", tag), 1.0 + n, done) for n, tag in enumerate(tags)]
    found, rows = assemble(record.set_id, jobs_there, 0.0)
    assert found.circuits == 7
    assert [each.span for each in rows] == [each.span for each in jobs]
