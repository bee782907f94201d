"""When a set will have ended."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from qjm_widgets.core.eta import end_of
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.core.totals import Totals

HOUR = 3600.0
T0 = 1_790_000_000.0


def jobs(times: Sequence[tuple[float, float]], left: int, **fields: float) -> list[JobRecord]:
    """Finished jobs that began and ended then, and others that are queued."""
    done = [
        JobRecord(
            row, Span(row, row + 1), status=Status.DONE, running_at=T0 + began, finished_at=T0 + ended
        )
        for row, (began, ended) in enumerate(times)
    ]
    waiting = [
        JobRecord(row, Span(row, row + 1), status=Status.QUEUED, sent_at=0.0, **fields)  # type: ignore[arg-type]
        for row in range(len(times), len(times) + left)
    ]
    return done + waiting


def test_there_is_no_estimate_before_two_jobs_have_finished_nor_when_all_have() -> None:
    assert end_of(Totals(jobs([], 5)), T0) is None
    assert end_of(Totals(jobs([(0, 10)], 5)), T0 + 10) is None
    assert end_of(Totals(jobs([(0, 10), (10, 20)], 0)), T0 + 20) is None


@pytest.mark.parametrize(
    ("times", "left", "seconds"),
    [
        pytest.param([(0, 10), (10, 20)], 3, 30.0, id="one after another"),
        pytest.param([(0, 100), (0, 100), (0, 100), (0, 100)], 8, 200.0, id="four workers"),
        pytest.param([(HOUR, HOUR + 10), (HOUR + 10, HOUR + 20)], 6, 60.0, id="an hour in the queue"),
        pytest.param([(0, 2), (12, 14), (24, 26)], 10, 260 / 3, id="a submission every 12 s"),
        pytest.param(
            [(0, 10), (10, 20), (20, 30), (9 * HOUR, 9 * HOUR + 10)], 4, 40.0, id="a night between"
        ),
    ],
)
def test_the_estimate_uses_the_pace_of_finished_jobs(
    times: list[tuple[float, float]], left: int, seconds: float
) -> None:
    now = T0 + times[-1][1]
    end = end_of(Totals(jobs(times, left)), now)
    assert end is not None
    assert end - now == pytest.approx(seconds, rel=0.02)


def test_an_end_is_never_promised_in_the_past() -> None:
    late = end_of(Totals(jobs([(0, 10), (10, 20)], 1)), T0 + 500)
    assert late is not None
    assert late >= T0 + 510


def test_what_the_backend_expects_of_a_job_is_the_least() -> None:
    known = jobs([(0, 1), (1, 2)], 1, running_at=T0 + 2, estimated_seconds=300.0)
    assert end_of(Totals(known), T0 + 2) == T0 + 302


def test_jobs_that_are_held_are_not_waited_for() -> None:
    held = JobRecord(2, Span(2, 3), status=Status.HELD)
    assert end_of(Totals([*jobs([(0, 10), (10, 20)], 0), held]), T0 + 20) is None
