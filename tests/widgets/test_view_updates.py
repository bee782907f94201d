"""The updates of a panel to its views."""

from __future__ import annotations

import json
import struct
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.job_set import JobSet
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.storage.sqlite import SQLiteStore
from qjm_widgets.widgets.row_query import RowQuery
from qjm_widgets.widgets.view_updates import Message, ViewUpdates

JOBS = 10_000
FAILED = RowQuery.read({"text": "", "statuses": ["error"], "sort": "job", "down": True})


class Scene:
    """A set of many jobs of which a test changes some, and its updates."""

    def __init__(self) -> None:
        self.store = SQLiteStore(":memory:")
        record = JobSetRecord("a" * 32, "many", "scripted", "scripted", JOBS, 0.0)
        jobs = [
            JobRecord(row, Span(row, row + 1), job_id=f"id-{row}", error="x" * 500)
            for row in range(JOBS)
        ]
        self._state = JobSetState(record, jobs, self.store)
        self._state.set_owner("another kernel")
        self.updates = ViewUpdates(JobSet(self._state, None, None))  # type: ignore[arg-type]

    def change(self, row: int, **fields: Any) -> None:
        self._state.publish([replace(self._state.jobs[row], **fields)], {})

    def update_view(self, first: int, last: int, query: RowQuery | None = None, number: int = 0) -> None:
        self.updates.update_view("a", first, last, Selection(), query, number)

    def update(self) -> dict[str, Any]:
        message = self.updates.update()
        assert message is not None
        return message.content


@pytest.fixture
def scene() -> Iterator[Scene]:
    made = Scene()
    yield made
    made.store.close()


def rows(content: dict[str, Any]) -> list[int]:
    return [row["i"] for row in content.get("rows", [])]


def order(message: Message, buffer: int = 1) -> list[int]:
    data = message.buffers[buffer]
    return list(struct.unpack(f"<{len(data) // 4}I", data))


def test_only_visible_rows_are_sent(scene: Scene) -> None:
    opened = scene.updates.open_view("a")
    assert rows(opened.content) == list(range(12))
    assert len(opened.buffers[0]) == JOBS
    assert len(json.dumps(opened.content)) < 20_000
    scene.update_view(5000, 5020)
    message = scene.updates.update()
    assert message is not None
    assert rows(message.content) == list(range(5000, 5020))
    assert message.buffers == [b""]  # no job has changed
    scene.update_view(0, 12)
    assert scene.updates.update() is None  # the page has them
    scene.update_view(5000, 5020)
    scene.change(5001, status=Status.QUEUED)
    scene.change(17, status=Status.QUEUED)
    assert rows(scene.update()) == [5001]
    assert scene.updates.update() is None


def test_the_trait_stays_small(scene: Scene) -> None:
    trait = scene.updates.trait()
    statuses = trait.pop("statuses")
    assert len(statuses) == JOBS
    assert len(json.dumps(trait)) < 60_000


def test_a_query_is_answered_with_rows_and_again_when_they_change(scene: Scene) -> None:
    scene.updates.open_view("a")
    for row in (7, 9000):
        scene.change(row, status=Status.ERROR)
    scene.update_view(0, 20, FAILED, number=1)
    message = scene.updates.update()
    assert message is not None
    assert message.content["orders"] == [{"view": "a", "asked": 1, "chosen": True}]
    assert order(message) == [9000, 7]
    assert rows(message.content) == [7, 9000]
    assert scene.updates.update() is None

    scene.change(4000, status=Status.ERROR)
    scene.updates._views["a"].due = 0.0  # half a second later
    message = scene.updates.update()
    assert message is not None
    assert order(message) == [9000, 4000, 7]
    assert 4000 in rows(message.content)

    scene.update_view(0, 12, None, number=2)
    content = scene.update()
    assert content["orders"] == [{"view": "a", "asked": 2, "chosen": False}]
    assert rows(content) == []  # the page has them


def test_orders_change_at_most_twice_a_second(scene: Scene) -> None:
    scene.updates.open_view("a")
    scene.update_view(0, 20, FAILED, number=1)
    scene.update()
    scene.change(3, status=Status.ERROR)
    assert "orders" not in scene.update()
    assert scene.updates.pending


def test_two_views_have_their_own_queries_and_opening_a_view_sends_its_order(scene: Scene) -> None:
    scene.change(3, status=Status.ERROR)
    scene.updates.open_view("a")
    scene.updates.open_view("b")
    scene.update_view(0, 20, FAILED, number=1)
    assert scene.update()["orders"] == [{"view": "a", "asked": 1, "chosen": True}]
    again = scene.updates.open_view("a")
    assert again.content["orders"] == [{"view": "a", "asked": 1, "chosen": True}]
    assert order(again) == [3]


def test_the_head_has_what_backends_report(scene: Scene) -> None:
    scene.updates.open_view("a")
    scene.change(1, status=Status.DONE, qpu_seconds=1.5, running_at=100.0, finished_at=102.0)
    scene.change(2, status=Status.DONE, qpu_seconds=2.0, running_at=102.0, finished_at=104.0, attempt=2)
    scene.change(3, status=Status.QUEUED, queue_position=4, sent_at=90.0, last_error="timed out")
    scene._state.set_answered(50.0)
    scene.updates._end_estimate_due = 0.0  # a second later
    head = scene.update()["head"]
    assert head["qpu"] == 3500
    assert head["columns"] == ["queue", "attempts", "qpu", "id"]
    assert head["stale"] == {"since": 50_000, "text": "timed out", "next": None}
    scene._state.set_next_poll(80.0)
    assert scene.update()["head"]["stale"]["next"] == 80_000
    assert head["ends"] is not None
    scene.change(3, last_error=None)
    assert scene.update()["head"]["stale"] is None
