"""Searches, filters and orders of the jobs."""

from __future__ import annotations

import pytest

from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.widgets.row_query import RowQuery

NOW = 1000.0


def job(row: int, status: Status, **fields: object) -> JobRecord:
    return JobRecord(row, Span(100 * row, 100 * row + 100), status=status, **fields)  # type: ignore[arg-type]


JOBS = [
    job(
        0,
        Status.DONE,
        job_id="cx7k2e-1700",
        since=900.0,
        sent_at=10.0,
        running_at=20.0,
        finished_at=28.0,
    ),
    job(1, Status.ERROR, job_id="cx7k2e-1701", since=950.0, error="Backend\n[1500] was RECALIBRATED"),
    job(2, Status.RUNNING, job_id="qq", since=990.0, sent_at=10.0, running_at=990.0, qpu_seconds=3.0),
    job(3, Status.QUEUED, since=980.0, sent_at=500.0, queue_position=7, note="moved to another queue"),
    job(4, Status.QUEUED, since=970.0, sent_at=600.0, queue_position=2, last_error="timed out"),
    job(5, Status.NOT_SENT, since=1.0),
]


def ask(text: str = "", *statuses: str, sort: str = "job", down: bool = False) -> list[int]:
    query = RowQuery.read({"text": text, "statuses": list(statuses), "sort": sort, "down": down})
    assert query is not None
    return query.rows(JOBS, NOW)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [0, 1, 2, 3, 4, 5]),
        ("recalibrated", [1]),
        ("CX7K", [0, 1]),
        ("timed", [4]),
        ("another queue", [3]),
        ("250", [2]),
        ("circuit 250", [2]),
        ("150-310", [1, 2, 3]),
        ("150–310", [1, 2, 3]),
        ("job 5", [5]),
        ("1500", [1]),
        ("17", [0]),
        ("no such thing", []),
    ],
)
def test_a_search_finds_circuits_ids_and_errors(text: str, found: list[int]) -> None:
    assert ask(text) == found


def test_statuses_are_filtered_and_combine_with_a_search() -> None:
    assert ask("", "queued", "running") == [2, 3, 4]
    assert ask("timed", "queued") == [4]
    assert ask("timed", "done") == []


@pytest.mark.parametrize(
    ("sort", "up", "down"),
    [
        ("job", [0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]),
        ("status", [5, 3, 4, 2, 0, 1], [1, 0, 2, 3, 4, 5]),
        ("queue", [4, 3, 0, 1, 2, 5], [3, 4, 0, 1, 2, 5]),
        ("since", [2, 3, 4, 1, 0, 5], [5, 0, 1, 4, 3, 2]),
        ("ran", [0, 2, 1, 3, 4, 5], [2, 0, 1, 3, 4, 5]),
        ("qpu", [2, 0, 1, 3, 4, 5], [2, 0, 1, 3, 4, 5]),
        ("id", [0, 1, 2, 3, 4, 5], [2, 1, 0, 3, 4, 5]),
    ],
)
def test_rows_are_sorted_with_unknown_values_last(sort: str, up: list[int], down: list[int]) -> None:
    assert ask(sort=sort) == up
    assert ask(sort=sort, down=True) == down


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"text": 1, "statuses": [], "sort": "job"},
        {"text": "", "statuses": [], "sort": "__class__"},
    ],
)
def test_a_malformed_query_is_none(content: object) -> None:
    assert RowQuery.read(content) is None
