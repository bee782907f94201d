"""The live panel of a group in the kernel: what its page gets, and its static form."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.manager import JobSetGroup
from qjm_widgets.widgets import display
from qjm_widgets.widgets.group import GroupPanel
from qjm_widgets.widgets.group_wire import MOST_POINTS, trend
from qjm_widgets.widgets.repaint_loop import REPAINT_LOOP
from qjm_widgets.widgets.static_group import group_html, group_text
from tests.contract.store_fixtures import a_set
from tests.fakes import LIMIT, ScriptedBackend, marked, until


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


class Page:
    """A page that shows a group: it sends messages and keeps those that it gets."""

    def __init__(self, group: JobSetGroup) -> None:
        self.panel = GroupPanel(group)
        self.answers: list[dict[str, Any]] = []
        self.panel._view.send = lambda content, buffers=None: self.answers.append(content)
        self.send(kind="hello", view="a")

    def send(self, **content: Any) -> dict[str, Any]:
        """Send a message and return the last answer."""
        self.panel._receive(None, {"v": 1, **content}, [])
        return self.answers[-1]

    @property
    def shown(self) -> dict[str, Any]:
        return self.panel._view.group  # type: ignore[no-any-return]

    def reaches(self, condition: Callable[[dict[str, Any]], object]) -> None:
        """Wait until the page shows something."""
        until(lambda: REPAINT_LOOP.flush() or condition(self.shown))


def ran(manager: JobManager, value: int = 0, **backend: Any) -> str:
    job_set = manager.run(marked(value), ScriptedBackend(**backend), shots=10)
    assert job_set.wait(LIMIT, until="submitted" if backend.get("hold") else "done")
    return job_set.job_set_id()


def test_a_loop_is_shown_from_its_start_to_its_end(manager: JobManager) -> None:
    group = manager.group("VQE")
    page = Page(group)
    assert page.answers[0]["kind"] == "welcome"
    assert (page.shown["sets"], page.shown["lead"], page.shown["going"]) == (0, "no sets yet", False)
    with group:
        page.reaches(lambda shown: shown["going"])
        ran(manager, 0)
        page.reaches(lambda shown: shown["newest"] == [1, 1.0])
        assert page.shown["label"] == "share of 0…0"
        ran(manager, 3)
        failed = ran(manager, 0, fail={0: "no light\nat all"})
        page.reaches(lambda shown: shown["sets"] == 3)
        assert (page.shown["lead"], page.shown["line"]) == ("2 of 3 done", "1 error")
        assert page.shown["trend"]["y"] == [1.0, 0.0, None]
        assert (page.shown["newest"], page.shown["lowest"], page.shown["highest"]) == (
            [2, 0.0],
            [2, 0.0],
            [1, 1.0],
        )
        [[number, set_id, name, error]] = page.shown["failures"]
        assert (number, set_id, name) == (3, failed, "VQE 3")
        assert "no light" in error
        assert page.shown["going"]
    page.reaches(lambda shown: not shown["going"])
    elapsed = page.shown["elapsed"]
    page.send(kind="hello", view="b")
    assert page.shown["elapsed"] == elapsed  # the time stands still after the end
    page.panel.close()


def test_values_of_the_users_function_are_read_on_a_thread(manager: JobManager) -> None:
    def wrong(results: Any) -> float:
        return 1 / 0

    group = manager.group("loop", value=wrong)
    with group:
        ran(manager)
    page = Page(group)
    page.reaches(lambda shown: shown["unread"] == 0 and shown["problem"])
    assert page.shown["problem"] == "loop 1 has no value: ZeroDivisionError: division by zero"
    manager.group("loop", value=lambda results: results.get_counts(0)["0000000000"])
    page.send(kind="hello", view="a")
    page.reaches(lambda shown: shown["newest"] == [1, 10])
    assert (page.shown["problem"], page.shown["label"]) == (None, "value")


def test_a_set_is_chosen_opened_and_closed(manager: JobManager) -> None:
    group = manager.group("loop")
    with group:
        first, second = ran(manager, 0), ran(manager, 0, fail={0: "no light"})
    page = Page(group)
    answer = page.send(kind="set", number=1)
    assert {
        name: answer[name] for name in ("number", "id", "name", "status", "text", "value", "error")
    } == {
        "number": 1,
        "id": first,
        "name": "loop 1",
        "status": "done",
        "text": "1 of 1 done",
        "value": 1.0,
        "error": "",
    }
    assert "no light" in page.send(kind="set", number=2)["error"]
    for number in (0, 3, -1, True, "1", None):
        assert page.send(kind="set", number=number)["number"] == 2  # no new answer

    assert page.send(kind="do", id="1", do="open", set=first)["ok"]
    assert (page.shown["opened"], len(page.panel.children)) == (first, 2)
    before = page.panel.children[1]
    assert page.send(kind="do", id="2", do="open", set=second)["ok"]
    assert page.panel.children[1].snapshot["head"]["name"] == "loop 2"
    assert before.comm is None  # closed
    assert page.send(kind="do", id="3", do="close", set=second)["ok"]
    assert (page.shown["opened"], len(page.panel.children)) == (None, 1)
    for message in ({"do": "open", "set": "x"}, {"do": "burn", "set": first}):
        answer = page.send(kind="do", id="4", **message)
        assert (answer["kind"], answer["ok"]) == ("ack", False)
        assert answer["text"]


def test_what_the_page_should_not_send_is_ignored(manager: JobManager) -> None:
    page = Page(manager.group("loop"))
    for content in (None, [], {}, {"v": 9, "kind": "set", "number": 1}, {"v": 1, "kind": "x"}, {"v": 1}):
        page.panel._receive(None, content, [])
    assert len(page.answers) == 1


def test_a_panel_without_views_watches_nothing(manager: JobManager) -> None:
    before = len(manager._session.watchers)
    page = Page(manager.group("loop"))
    assert len(manager._session.watchers) == before + 1
    page.panel._receive(None, {"v": 1, "kind": "bye", "view": "a"}, [])
    assert len(manager._session.watchers) == before
    with manager.group("loop"):
        ran(manager)
    page.send(kind="hello", view="b")
    assert page.shown["sets"] == 1
    page.panel.close()
    assert len(manager._session.watchers) == before


def test_the_panel_shows_the_end_although_its_manager_was_closed() -> None:
    with JobManager(":memory:") as manager, manager.group("loop") as group:
        page = Page(group)
        for value in range(3):
            ran(manager, value)
    page.reaches(lambda shown: shown["sets"] == 3 and not shown["going"])
    assert page.shown["trend"]["y"] == [1.0, 0.0, 0.0]
    assert page.shown["trouble"] is None


def test_a_later_kernel_shows_the_loop_of_an_earlier_one(tmp_path: Path) -> None:
    with JobManager(tmp_path / "store") as manager, manager.group("loop"):
        ran(manager, 0)
        ran(manager, 0, fail={0: "no light"})
        ran(manager, 1)
    with JobManager(tmp_path / "store") as manager:
        page = Page(manager.group("loop"))
        page.reaches(lambda shown: shown["unread"] == 0)
        assert page.shown["trend"]["y"] == [1.0, None, 0.0]
        assert "no light" in page.shown["failures"][0][3]
        assert manager.job_sets() == []  # nothing was loaded for it
        assert not page.shown["going"]


def test_a_set_of_another_kernel_is_named(tmp_path: Path) -> None:
    with JobManager(tmp_path / "store") as other, JobManager(tmp_path / "store") as manager:
        held = ScriptedBackend(hold=True)
        job_set = other.run(marked(0), held, shots=10, group="loop")
        page = Page(manager.group("loop"))
        assert page.shown["elsewhere"] == "another manager of this kernel"
        assert page.shown["going"]
        assert job_set.wait(LIMIT, until="submitted")
        held.sent[0].finish()
        assert job_set.wait(LIMIT)
        page.send(kind="hello", view="a")
        assert (page.shown["elsewhere"], page.shown["newest"]) == (None, [1, 1.0])


def test_values_are_read_once_although_others_write(tmp_path: Path) -> None:
    calls: list[str] = []
    with JobManager(tmp_path / "store") as other, JobManager(tmp_path / "store") as manager:
        group = manager.group("loop", value=lambda results: calls.append("") or 1.0)
        with group:
            ran(manager)
        assert group.values() == [1.0]
        with other.group("loop"):
            ran(other)
        assert group.values() == [1.0, 1.0]
        assert [job_set.name() for job_set in other.job_sets()] == ["loop 2"]
    assert len(calls) == 2


def test_a_set_that_is_retried_is_read_again(manager: JobManager) -> None:
    backend = ScriptedBackend(fail={0: "no light"})
    with manager.group("loop") as group:
        job_set = manager.run(marked(0), backend, shots=10)
        assert job_set.wait(LIMIT)
    page = Page(group)
    assert (page.shown["failed"], page.shown["newest"]) == (1, None)
    job_set.retry()
    page.reaches(lambda shown: shown["newest"] == [1, 1.0])
    assert page.shown["failed"] == 0


def test_thousands_of_sets_are_few_points(manager: JobManager) -> None:
    values = [float(number) for number in range(2_345)]
    drawn = trend([*values[:2_000], None, *values[2_001:]])
    assert drawn["size"] == 5
    assert len(drawn["x"]) == len(drawn["y"]) == 469 <= MOST_POINTS
    assert (drawn["x"][0], drawn["y"][0], drawn["low"][0], drawn["high"][0]) == (3.0, 2.0, 0.0, 4.0)
    assert (drawn["low"][400], drawn["y"][400]) == (2001.0, 2002.5)
    assert trend([None, None]) == {
        "x": [1, 2],
        "y": [None] * 2,
        "low": [None] * 2,
        "high": [None] * 2,
        "size": 1,
    }
    assert trend([])["x"] == []


def test_the_message_of_a_long_loop_is_small(manager: JobManager) -> None:
    for number in range(700):
        record = a_set(number, group="long", name=f"long {number}", value=number / 7)
        error = "x" * 10_000 if number % 5 == 0 else None
        status = Status.ERROR if error else Status.DONE
        manager._store.create_set(record, [JobRecord(0, Span(0, 10), status=status, error=error)])
    page = Page(manager.group("long"))
    assert (page.shown["failed"], len(page.shown["failures"])) == (140, 20)
    assert page.shown["failures"][0][0] == 696  # the newest first
    assert len(repr(page.shown)) < 50_000


def test_the_static_form_has_the_trend_and_what_failed(manager: JobManager) -> None:
    group = manager.group("<b>loop</b>")
    assert "no sets yet" in group_html(group)
    with group:
        for value in (0, 1, 0):
            ran(manager, value)
        ran(manager, 0, fail={0: "<i>no light</i>"})
        group.values()
        assert "as of" in group_text(group)
    html, text = group_html(group), group_text(group)
    assert "<b>loop" not in html
    assert "<i>no" not in html
    for part in ("3 of 4 done, 1 error", "4 sets", "share of 0…0: 1 (set 3)", "no light"):
        assert part in text
        assert part in html
    assert "took" in text
    assert html.count("<tr>") == 1 + 3 + 1 + 1


def test_displays_share_one_panel_and_one_static_output(
    manager: JobManager, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    group = manager.group("loop")
    group._ipython_display_()
    assert "JobSetGroup" in capsys.readouterr().out  # in a terminal
    updates: list[dict[str, Any]] = []
    monkeypatch.setattr(display, "_in_kernel", lambda: True)
    monkeypatch.setattr(display, "_publish", lambda bundle: None)
    monkeypatch.setattr(display, "update_display", lambda name, bundle: updates.append(bundle))
    group._ipython_display_()
    before = len(manager._session.watchers), group._shown
    with group:
        for _ in range(3):
            group._ipython_display_()
        group._shown._ipython_display_()
        assert (len(manager._session.watchers), group._shown) == before
        ran(manager)
    # At the end of a block, the static output is updated at once.
    until(lambda: REPAINT_LOOP.flush() or updates)
    assert "1 of 1 done" in updates[-1]["text/plain"]
    assert "as of" not in updates[-1]["text/plain"]


def test_a_deleted_set_leaves_the_panel(manager: JobManager) -> None:
    group = manager.group("loop")
    with group:
        first = ran(manager, 0)
        ran(manager, 1)
    page = Page(group)
    manager.delete(first)
    page.reaches(lambda shown: shown["sets"] == 1)
    assert page.shown["newest"] == [1, 0.0]


def test_the_time_of_a_loop(manager: JobManager) -> None:
    record = a_set(0, group="loop", created_at=time.time() - 100)
    job = JobRecord(0, Span(0, 10), status=Status.DONE, finished_at=record.created_at + 7)
    manager._store.create_set(record, [job])
    assert Page(manager.group("loop")).shown["elapsed"] == 7_000
