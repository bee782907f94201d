"""Sets with ranges of points, put together from the tags of a provider's jobs."""

from __future__ import annotations

from collections.abc import Sequence

from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.provider_jobs import assemble, found_sets
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.core.records import JobRecord, Span, Status
from tests.contract.store_fixtures import a_set

RECORD = a_set(3, circuits=3)


def remote(number: int, job: JobRecord, status: Status = Status.DONE) -> RemoteJob:
    tags = ("qjm", f"qjm:{RECORD.set_id}", identity_of(RECORD, job), "qjm-name:sweep")
    return RemoteJob(f"j{number}", "device", tags, 10.0 + number, Observation(status))


def a_range(
    start: int,
    stop: int,
    circuit: int = 1,
    of: int = 9,
    piece: int = 0,
    pieces: int = 1,
    attempt: int = 1,
) -> JobRecord:
    span = Span(circuit, circuit + 1)
    points = Span(start, stop)
    return JobRecord(0, span, piece, pieces, attempt=attempt, points=points, pub_shape=(of,))


def whole(start: int, stop: int, **fields: int) -> JobRecord:
    return JobRecord(0, Span(start, stop), **fields)


def rows_of(jobs: Sequence[RemoteJob]) -> list[tuple[Span, Span | None, int, str | None]]:
    _, rows = assemble(RECORD.set_id, jobs, 0.0)
    assert [row.row for row in rows] == list(range(len(rows)))
    assert {row.pub_points for row in rows if row.points is not None} <= {9}
    return [(row.span, row.points, row.piece, row.job_id) for row in rows]


def test_ranges_come_back_in_order() -> None:
    jobs = [a_range(6, 9), whole(0, 1), a_range(0, 3), whole(2, 3), a_range(3, 6)]
    found = rows_of([remote(number, job) for number, job in enumerate(jobs)])
    assert found == [
        (Span(0, 1), None, 0, "j1"),
        (Span(1, 2), Span(0, 3), 0, "j2"),
        (Span(1, 2), Span(3, 6), 0, "j4"),
        (Span(1, 2), Span(6, 9), 0, "j0"),
        (Span(2, 3), None, 0, "j3"),
    ]


def test_points_that_no_job_holds_are_gaps() -> None:
    found = rows_of([remote(0, a_range(2, 4)), remote(1, a_range(5, 6, piece=1, pieces=2))])
    assert found == [
        (Span(0, 1), None, 0, None),
        (Span(1, 2), Span(0, 2), 0, None),
        (Span(1, 2), Span(2, 4), 0, "j0"),
        (Span(1, 2), Span(4, 5), 0, None),
        (Span(1, 2), Span(5, 6), 0, None),
        (Span(1, 2), Span(5, 6), 1, "j1"),
        (Span(1, 2), Span(6, 9), 0, None),
        (Span(2, 3), None, 0, None),
    ]
    [listed] = found_sets([remote(0, a_range(2, 4))])
    assert (listed.circuits, listed.missing) == (3, 3)
    every = [whole(0, 1), a_range(0, 9), whole(2, 3)]
    assert found_sets([remote(n, job) for n, job in enumerate(every)])[0].missing == 0


def test_of_several_attempts_the_best_counts() -> None:
    jobs = [
        remote(0, a_range(0, 9), Status.ERROR),
        remote(1, a_range(0, 9, attempt=2), Status.DONE),
        remote(2, a_range(0, 9, attempt=3), Status.ERROR),
    ]
    assert rows_of(jobs)[1] == (Span(1, 2), Span(0, 9), 0, "j1")


def test_jobs_of_another_cut_are_left_out() -> None:
    jobs = [remote(0, a_range(0, 9)), remote(1, a_range(0, 4), Status.ERROR), remote(2, whole(1, 2))]
    assert [each[1] for each in rows_of(jobs) if each[0] == Span(1, 2)] == [Span(0, 9)]


def test_a_circuit_that_failed_may_run_again_in_ranges() -> None:
    jobs = [
        remote(0, whole(0, 3)),
        remote(1, a_range(0, 5, attempt=2)),
        remote(2, a_range(5, 9, attempt=2)),
    ]
    assert rows_of(jobs) == [
        (Span(0, 3), None, 0, "j0"),
        (Span(1, 2), Span(0, 5), 0, "j1"),
        (Span(1, 2), Span(5, 9), 0, "j2"),
    ]
    # Of a part of it that nobody has, the earlier job has the result: why it failed.
    assert [each[1] for each in rows_of(jobs[:2])] == [None, Span(0, 5)]
