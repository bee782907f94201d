"""The kernel's messages to the page, compared with the recorded session of the page's tests.

After a change of the wire's shape on purpose, ``QJM_RECORD=1 pytest tests/widgets/test_wire.py`` records
the session anew.
"""

from __future__ import annotations

import base64
import json
import os
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from qjm_widgets.core.counts import Layout, Packed, integers, pack_hex
from qjm_widgets.core.formatting import Waiting, took
from qjm_widgets.core.histogram import Histogram, histogram
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.totals import Totals
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.widgets import wire, wire_answers
from qjm_widgets.widgets.wire_head import head

SESSION = Path(__file__).parents[1] / "fixtures" / "wire" / "session.json"
T0 = 1_790_000_000.0

RECORD = JobSetRecord(
    set_id="0123456789abcdef" * 2,
    name="bell sweep <b>&amp;",
    backend="aer_simulator",
    adapter="backend_run",
    circuits=250,
    created_at=T0,
    shots=(1024, 2048),
)


def _jobs() -> list[JobRecord]:
    """Two spans of 100 in one piece, then one of 50 in three pieces."""
    jobs = [JobRecord(row, Span(100 * row, 100 * row + 100), since=T0) for row in range(2)]
    jobs += [JobRecord(2 + piece, Span(200, 250), piece, 3, shots=683, since=T0) for piece in range(3)]
    return jobs


def _beside_expected() -> Histogram:
    measured = pack_hex({"0x0": 1000, "0x1": 24}, Layout((), 2))
    expected = Packed(Layout((), 2), integers([0, 3], 2), np.array([0.5, 0.5]))
    return histogram([measured], {}, 64, expected)


def _b64(data: bytes) -> str:
    return base64.b64encode(data).decode("ascii")


class Recorder:
    def __init__(self) -> None:
        self.jobs = _jobs()
        self.seq = 0
        self.messages: list[dict[str, Any]] = []

    def head(self, now: float) -> dict[str, Any]:
        numbers = Counter(job.status for job in self.jobs)
        settled = all(status.settled for status in numbers)
        return head(
            RECORD,
            numbers,
            settled=settled,
            trouble=None,
            driven=True,
            now=now,
            waiting=Waiting("3 of 5 submitted", now + 12) if numbers[Status.NOT_SENT] > 2 else None,
            took=took(self.jobs),
        )

    def send(
        self, now: float, rows: list[int], *, full: bool = False, counts: dict[str, int] | None = None
    ) -> None:
        self.seq += 1
        done = sum(job.status is Status.DONE for job in self.jobs)
        histograms = [] if counts is None else [self.histogram(counts, done)]
        content = wire.update(
            self.seq,
            self.head(now),
            rows=[wire.row(row, self.jobs[row], now, driven=True) for row in rows],
            histograms=histograms,
            layout=wire.runs(self.jobs) if full else None,
        )
        self.messages.append({"content": content, "buffers": [_b64(bytes(Totals(self.jobs).codes))]})

    def histogram(self, counts: dict[str, int], done: int) -> dict[str, Any]:
        choice = Selection(metadata=(("depth", "3"),), bits=(0, 1), top=4)
        return wire.histogram(
            choice.to_wire(), histogram([], counts, 4), done, len(self.jobs), ["a note"]
        )

    def change(self, row: int, **fields: Any) -> None:
        self.jobs[row] = replace(self.jobs[row], **fields)


def record() -> dict[str, Any]:
    """Return the messages of a panel whose set goes through every status."""
    r = Recorder()
    r.send(T0, [0, 1, 2, 3, 4], full=True, counts={})
    r.change(0, status=Status.SENDING, sent_at=T0 + 1, since=T0 + 1)
    r.send(T0 + 1, [0])
    r.change(0, status=Status.RUNNING, running_at=T0 + 2, since=T0 + 2, job_id="job-0")
    r.change(1, status=Status.QUEUED, sent_at=T0 + 2, since=T0 + 2, job_id="job-1")
    r.send(T0 + 2, [0, 1])
    r.change(0, status=Status.DONE, finished_at=T0 + 4, since=T0 + 4)
    r.change(1, cancel_requested=True)
    r.send(T0 + 4, [0, 1], counts={"00": 500, "11": 480, "01": 30, "10": 10, "0 0": 3, "1 1": 1})
    r.change(1, status=Status.CANCELLED, finished_at=T0 + 5, since=T0 + 5)
    r.change(2, status=Status.ERROR, error="No such gate\nat line 2", finished_at=T0 + 5, since=T0 + 5)
    r.change(3, status=Status.HELD, since=T0 + 5)
    r.send(T0 + 5, [1, 2, 3])
    history = [StatusChange(2, 1, Status.ERROR, T0 + 5, None, "No such gate")]
    r.messages.append(
        {
            "content": wire_answers.detail(2, r.jobs[2], history, lambda at: f"{at - T0:.0f} s"),
            "buffers": [],
        }
    )
    r.messages.append(
        {"content": wire_answers.ack("command-1", True, "sending 1 job again"), "buffers": []}
    )
    r.change(
        2, status=Status.QUEUED, attempt=2, error=None, job_id="job-2", sent_at=T0 + 6, since=T0 + 6
    )
    r.send(T0 + 6, [2])
    trait = wire.update(
        r.seq,
        r.head(T0 + 6),
        rows=[wire.row(job.row, job, T0 + 6, driven=True) for job in r.jobs],
        histograms=[wire.histogram(Selection().to_wire(), _beside_expected(), 1, 5)],
        layout=wire.runs(r.jobs),
    )
    # A sweep of two points, the second without a result; ``widgets.sweep_messages`` builds it.
    sweep = {
        "axes": {"x": None, "y": ["1"]},
        "x": ["theta"],
        "y": ["1"],
        "xs": [[["theta"], "theta"], [["index"], "Point"]],
        "ys": [["1", "P(1)"], ["0", "P(0)"]],
        "labels": ["theta", "P(1)", ""],
        "caption": "P(1) over theta · 1 of 2 points",
        "shares": True,
        "series": [
            {
                "name": "",
                "x": [0.0, 1.5],
                "y": [0.5, None],
                "low": [0.4, None],
                "high": [0.6, None],
                "joined": True,
                "expected": False,
            }
        ],
        "ends": [0.0, 1.5],
        "grid": None,
        "notes": [],
    }
    r.messages.append(
        {
            "content": wire.update(r.seq + 1, r.head(T0 + 7), histograms=[sweep], full=False),
            "buffers": [_b64(b"")],
        }
    )
    found = {
        "names": {"groups": [["bell", 250]], "of": 1},
        "metadata": [{"key": "depth", "groups": [["3", 200], ["4", 50]], "of": 2}],
        "registers": ["meas"],
    }
    r.messages.append({"content": wire_answers.groups(found), "buffers": []})
    tries = [
        (0, 1, T0 + 1, T0 + 2, T0 + 4, 5),
        (2, 1, T0 + 3, None, T0 + 5, 6),
        (2, 2, T0 + 6, None, None, 3),
    ]
    r.messages.append({"content": wire.timeline(5, bars=tries), "buffers": []})
    numbers = {"at": [T0 + 1, T0 + 2], "waiting": [1, 0], "running": [0, 1]}
    r.messages.append({"content": wire.timeline(5000, steps=numbers), "buffers": []})
    r.messages.append({"content": wire_answers.file("command-2"), "buffers": [_b64(b"a piece")]})
    return {
        "snapshot": {**trait, "statuses": {"$bytes": _b64(bytes(Totals(r.jobs).codes))}},
        "messages": r.messages,
    }


def test_the_messages_are_those_recorded() -> None:
    session = record()
    if os.environ.get("QJM_RECORD"):
        SESSION.write_text(json.dumps(session, indent=1, ensure_ascii=False) + "\n", "utf-8")
    assert session == json.loads(SESSION.read_text("utf-8"))


@pytest.mark.parametrize("cut", [[100, 100, 50], [1] * 7, [3, 3, 2, 2, 2, 1]])
def test_runs_give_every_span(cut: list[int]) -> None:
    jobs, start = [], 0
    for row, size in enumerate(cut):
        jobs.append(JobRecord(row, Span(start, start + size)))
        start += size
    spans = [
        (first + index * size, first + (index + 1) * size)
        for first, size, _, number in wire.runs(jobs)
        for index in range(number)
    ]
    assert spans == [tuple(job.span) for job in jobs]


def test_an_error_of_a_megabyte_is_shortened() -> None:
    job = JobRecord(0, Span(0, 1), status=Status.ERROR, error="x" * 1_000_000)
    assert len(json.dumps(wire.row(0, job, T0, driven=True))) < 1_000
    assert len(json.dumps(wire_answers.detail(0, job, [], str))) < 30_000
