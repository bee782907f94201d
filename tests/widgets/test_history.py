"""The manager's panel in the kernel: messages from and to the page."""

from __future__ import annotations

import dataclasses
import datetime
import time
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.errors import JobSetNotFoundError
from qjm_widgets.storage.sqlite import SQLiteStore
from qjm_widgets.widgets.history import History, history_html
from tests.fakes import LIMIT, ScriptedBackend, marked

DAY = 86_400.0


class Page:
    """A page that shows the list: it sends messages and keeps those that it gets."""

    def __init__(self, history: History) -> None:
        self.history = history
        self.messages: list[tuple[dict[str, Any], list[bytes]]] = []
        history._list.send = lambda content, buffers=None: self.messages.append((content, buffers or []))
        self._commands = 0

    def list(self, first: int = 0, last: int = 30, groups: Any = (), **query: str) -> dict[str, Any]:
        span = {"first": first, "last": last, "groups": groups}
        self._receive({"kind": "list", "view": "a", "query": query, **span})
        return self.last("listing")

    def do(self, command: str, set_id: str | None = None, **arguments: Any) -> dict[str, Any]:
        self._commands += 1
        name = f"command {self._commands}"
        self._receive({"kind": "do", "id": name, "do": command, "set": set_id, **arguments})
        ack = self.last("ack")
        assert ack["id"] == name
        return ack

    def last(self, kind: str) -> dict[str, Any]:
        return [content for content, _ in self.messages if content["kind"] == kind][-1]

    def names(self, **query: str) -> list[str]:
        return [entry["name"] for entry in self.list(**query)["sets"]]

    def _receive(self, content: dict[str, Any]) -> None:
        self.history._receive(None, {"v": 1, **content}, [])


def stored(name: str, statuses: list[Status], days: float = 0.0, **fields: Any) -> tuple[Any, Any]:
    record = JobSetRecord(
        set_id=uuid.uuid4().hex,
        name=name,
        backend=fields.pop("backend", "fake"),
        adapter="backend_run",
        circuits=len(statuses),
        created_at=time.time() - days * DAY,
        **fields,
    )
    return record, [JobRecord(i, Span(i, i + 1), status=status) for i, status in enumerate(statuses)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store of six sets that other kernels made, the newest first."""
    path = tmp_path / "store.sqlite"
    store = SQLiteStore(path)
    sets = [
        stored("bell sweep", [Status.DONE] * 3, 1, tags=("thesis",)),
        stored("Ring of qubits", [Status.DONE, Status.ERROR], 2, tags=("thesis", "week 12")),
        stored("stopped", [Status.DONE, Status.NOT_SENT], 3, backend="ibm_fez"),
        stored("undecided", [Status.HELD, Status.CANCELLED], 40),
        stored("ancient", [Status.DONE], 400),
        stored("<b>evil</b>\u202e", [Status.DONE], 500, tags=("<i>x</i>",)),
    ]
    for record, jobs in sets:
        store.create_set(record, jobs)
    store.close()
    return path


@pytest.fixture
def manager(path: Path) -> Iterator[JobManager]:
    manager = JobManager(path)
    yield manager
    for job_set in manager.job_sets() if not manager._closed else []:
        if job_set._state.adapter is not None:
            job_set.cancel()
    manager.close()


@pytest.fixture
def page(manager: JobManager) -> Page:
    return Page(History(manager))


def test_the_list_has_a_line_for_each_set(page: Page) -> None:
    listing = page.list()
    assert (listing["total"], listing["matching"], listing["first"]) == (6, 6, 0)
    assert listing["bytes"] > 4096
    first, _, stopped, *_ = listing["sets"]
    assert (first["name"], first["tags"], first["lead"]) == ("bell sweep", ["thesis"], "3 of 3 done")
    assert sum(first["jobs"]) == 3
    assert abs(first["created"] / 1000 - (time.time() - DAY)) < 60
    assert (stopped["interrupted"], stopped["open"], first["interrupted"]) == (True, False, False)
    assert listing["backends"] == [["fake", 5], ["ibm_fez", 1]]
    assert listing["tags"] == [["<i>x</i>", 1], ["thesis", 2], ["week 12", 1]]


def test_words_are_searched_in_name_backend_tags_and_id(page: Page, manager: JobManager) -> None:
    assert page.names(text="RING") == ["Ring of qubits"]
    assert page.names(text="thesis sweep") == ["bell sweep"]
    assert page.names(text="fez") == ["stopped"]
    assert page.names(text=manager.history()[4].record.set_id[:12]) == ["ancient"]
    assert page.names(text="nothing like it") == []


def test_sets_are_filtered(page: Page) -> None:
    assert page.names(state="interrupted") == ["stopped"]
    assert page.names(state="failed", tag="thesis") == ["Ring of qubits"]
    assert page.names(state="held") == page.names(state="cancelled") == ["undecided"]
    assert page.names(state="done")[:2] == ["bell sweep", "ancient"]
    assert page.names(backend="ibm_fez") == ["stopped"]
    assert page.names(tag="week 12") == ["Ring of qubits"]
    assert page.names(state="under_way") == []


def test_only_visible_rows_are_sent(page: Page) -> None:
    listing = page.list(first=1, last=3)
    assert [entry["name"] for entry in listing["sets"]] == ["Ring of qubits", "stopped"]
    assert (listing["first"], listing["matching"]) == (1, 6)
    assert page.list(first=90, last=99)["sets"] == []
    assert page.list(first=-5, last=10**9)["first"] == 0


def test_a_thousand_sets_are_searched_at_once(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "many.sqlite")
    for i in range(1000):
        store.create_set(*stored(f"sweep {i}", [Status.DONE] * 3))
    store.close()
    with JobManager(tmp_path / "many.sqlite") as manager:
        page = Page(History(manager))
        listing = page.list()
        assert (len(listing["sets"]), listing["total"]) == (30, 1000)
        assert page.names(text="sweep 777") == ["sweep 777"]
        assert len(str(listing)) < 30_000
        assert history_html(manager).count("<tr>") == 52


def test_changes_are_sent_without_a_request(page: Page, manager: JobManager) -> None:
    page.list()
    page.messages.clear()
    backend = ScriptedBackend(hold=True)
    job_set = manager.run([marked(1)], backend, name="fresh")
    assert job_set.wait(LIMIT, until="submitted")
    backend.sent[0].finish()
    assert job_set.wait(LIMIT)
    while page.history.repaint():  # at most one listing a second
        page.history._due = 0.0
    newest = page.last("listing")["sets"][0]
    assert (newest["name"], newest["lead"]) == ("fresh", "1 of 1 done")
    page.messages.clear()
    page.history._due = 0.0
    page.history.repaint()
    assert page.messages == []  # nothing new


def test_a_set_opens_below_and_closes(page: Page, manager: JobManager) -> None:
    set_id = page.list()["sets"][0]["id"]
    assert page.do("open", set_id)["text"] == "bell sweep is open below"
    assert page.list()["sets"][0]["open"] is True
    assert len(page.history.children) == 2
    page.do("open", set_id)
    assert len(page.history.children) == 2
    assert page.do("close", set_id)["ok"]
    assert len(page.history.children) == 1
    assert page.list()["sets"][0]["open"] is False


def test_a_set_that_cannot_be_resumed_names_the_call(page: Page) -> None:
    set_id = page.list(text="stopped")["sets"][0]["id"]
    ack = page.do("resume", set_id)
    assert ack["ok"] is False
    assert "resume(backend)" in ack["text"]


def test_a_set_is_renamed_and_tagged(page: Page, manager: JobManager) -> None:
    set_id = page.list()["sets"][0]["id"]
    assert page.do("rename", set_id, name=" the good one ")["ok"]
    assert page.do("tag", set_id, tags=["a", " b ", "", "a"])["text"] == "Tags: a, b"
    record = manager.history()[0].record
    assert (record.name, record.tags) == ("the good one", ("a", "b"))
    assert page.do("rename", set_id, name="  ")["ok"] is False
    assert page.do("tag", set_id, tags=[])["text"] == "The set has no tags now"


def test_a_set_is_exported_to_a_path_or_downloaded(
    page: Page, manager: JobManager, tmp_path: Path
) -> None:
    job_set = manager.run([marked(1)], ScriptedBackend(), name="bell / sweep", shots=5)
    assert job_set.wait(LIMIT)
    target = tmp_path / "out.qjm"
    assert page.do("export", job_set.job_set_id(), path=str(target))["text"] == f"Written to {target}"
    assert page.do("download", job_set.job_set_id())["ok"]
    content, (data,) = next(each for each in page.messages if each[0]["kind"] == "file")
    assert content["name"] == "bell-sweep.qjm"
    assert data == target.read_bytes()
    with JobManager(":memory:") as away:
        (tmp_path / "downloaded.qjm").write_bytes(data)
        assert away.load(tmp_path / "downloaded.qjm").counts() == job_set.counts()
    refused = page.do("export", job_set.job_set_id(), path=str(tmp_path / "nowhere" / "x"))
    assert refused["ok"] is False
    assert "nowhere" in refused["text"]


def test_a_set_is_deleted_with_its_panel(page: Page, manager: JobManager) -> None:
    set_id = page.list()["sets"][0]["id"]
    page.do("open", set_id)
    assert page.do("delete", set_id)["ok"]
    assert len(page.history.children) == 1
    assert "bell sweep" not in page.names()
    with pytest.raises(JobSetNotFoundError):
        manager.retrieve_job_set(set_id)
    assert page.do("delete", set_id)["ok"] is False


def test_a_set_under_way_is_not_deleted(page: Page, manager: JobManager) -> None:
    job_set = manager.run([marked(1)], ScriptedBackend(hold=True), name="fresh")
    assert job_set.wait(LIMIT, until="submitted")
    assert page.names(state="under_way") == ["fresh"]
    ack = page.do("delete", job_set.job_set_id())
    assert ack["ok"] is False
    assert "under way" in ack["text"]
    assert page.do("count_older", days=0)["text"] == "6"
    assert page.do("prune", days=0)["text"] == "6 sets deleted"
    assert page.names() == ["fresh"]


def test_pruning_first_counts_the_sets_that_it_would_delete(page: Page, manager: JobManager) -> None:
    assert page.do("count_older", days=30)["text"] == "3"
    assert len(manager.history()) == 6
    assert page.do("prune", days=30)["text"] == "3 sets deleted"
    assert page.names() == ["bell sweep", "Ring of qubits", "stopped"]
    assert page.do("count_older", days=30)["text"] == "0"
    assert manager.prune(datetime.timedelta(days=2.5), dry_run=True) == 1
    for days in (-1, True, "90", None, 10**9):
        assert page.do("prune", days=days)["ok"] is False
    assert len(manager.history()) == 3


def test_foreign_text_is_one_line_of_text(page: Page, manager: JobManager) -> None:
    entry = page.list(text="evil")["sets"][0]
    assert entry["name"] == "<b>evil</b>�"
    assert "&lt;b&gt;evil&lt;/b&gt;" in history_html(manager)
    assert "<b>evil" not in history_html(manager)


def test_malformed_messages_are_ignored_or_refused(page: Page) -> None:
    for content in (None, [], {}, {"v": 1}, {"v": 2, "kind": "list"}, {"v": 1, "kind": "list"}):
        page.history._receive(None, content, [])
    assert page.messages == []
    assert page.do("format the disk")["ok"] is False
    assert page.do("open", "f" * 32)["ok"] is False
    assert page.list(state=5, text=["x"])["matching"] == 6  # type: ignore[arg-type]


def test_an_unreadable_store_is_reported(page: Page, manager: JobManager) -> None:
    manager.close()
    page._receive({"kind": "list", "view": "a", "first": 0, "last": 9, "query": {}})
    assert "closed" in page.last("trouble")["text"]


def test_the_record_of_a_set_is_unchanged(manager: JobManager, page: Page) -> None:
    before = manager.history()
    page.list()
    page.do("count_older", days=0)
    assert [dataclasses.asdict(a.record) for a in manager.history()] == [
        dataclasses.asdict(b.record) for b in before
    ]


# -- groups ------------------------------------------------------------------------------------------


@pytest.fixture
def loops(path: Path) -> None:
    """Put two groups among the sets: one of 120 sets over some days, and one of a single set."""
    store = SQLiteStore(path)
    for number in range(120):
        statuses = [Status.ERROR if number == 7 else Status.DONE if number else Status.NOT_SENT]
        fields = {"group": "VQE on H2", "backend": "ibm_fez" if number % 2 else "fake"}
        record, jobs = stored(f"VQE on H2 {120 - number}", statuses, 1.5 + number / 100, **fields)
        store.create_set(record, jobs)
    store.create_set(*stored("T1 1", [Status.DONE], 4, group="T1"))
    store.close()


def lines(listing: dict[str, Any]) -> list[str]:
    return [entry["name"] for entry in listing["sets"]]


@pytest.mark.usefixtures("loops")
def test_the_sets_of_a_group_are_one_line(page: Page) -> None:
    listing = page.list()
    assert (listing["total"], listing["matching"], listing["rows"]) == (127, 127, 8)
    names = ["bell sweep", "VQE on H2", "Ring of qubits", "stopped", "T1 1", "undecided", "ancient"]
    assert lines(listing)[:7] == names
    group = listing["sets"][1]
    assert (group["lead"], group["line"]) == ("118 of 120 done", "1 error, 1 not sent")
    assert group["title"] == "fake and 1 more · 120 sets · 120 circuits"
    assert (group["interrupted"], group["unfolded"], group["open"]) == (1, False, False)
    assert sum(group["jobs"]) == 120


@pytest.mark.usefixtures("loops")
def test_a_group_opens_to_its_sets(page: Page) -> None:
    listing = page.list(groups=["VQE on H2", "no group", "T1"])
    assert listing["rows"] == 128
    assert lines(listing)[1:4] == ["VQE on H2", "VQE on H2 120", "VQE on H2 119"]
    assert [entry.get("inside") for entry in listing["sets"][:4]] == [False, None, True, True]
    assert listing["sets"][1]["unfolded"]
    later = page.list(119, 125, groups=["VQE on H2"])
    names = ["VQE on H2 3", "VQE on H2 2", "VQE on H2 1", "Ring of qubits", "stopped", "T1 1"]
    assert (later["first"], lines(later)) == (119, names)
    for malformed in (None, "VQE on H2", [1, None], {"VQE on H2": 1}):
        assert page.list(groups=malformed)["rows"] == 8


@pytest.mark.usefixtures("loops")
def test_a_search_finds_sets_of_a_group(page: Page) -> None:
    listing = page.list(text="h2")
    assert (listing["matching"], listing["rows"]) == (120, 1)
    assert page.names(state="failed") == ["VQE on H2 113", "Ring of qubits"]  # one of its sets alone
    assert page.list(backend="ibm_fez")["sets"][0]["title"] == "ibm_fez · 60 sets · 60 circuits"
    assert page.names(text="t1") == ["T1 1"]


@pytest.mark.usefixtures("loops")
def test_the_panel_of_a_group_opens_below_the_list(page: Page, manager: JobManager) -> None:
    def do(command: str, group: Any) -> dict[str, Any]:
        return page.do(command, group=group)

    assert do("open", "VQE on H2")["text"] == "VQE on H2 is open below"
    assert do("open", "VQE on H2")["ok"]
    [_, panel] = page.history.children
    assert panel._view.group["sets"] == 120
    assert page.list()["sets"][1]["open"]
    assert do("close", "VQE on H2")["ok"]
    assert len(page.history.children) == 1
    assert not page.list()["sets"][1]["open"]
    for command, group in (("open", ""), ("delete", "VQE on H2")):
        assert not do(command, group)["ok"]
    assert len(manager.history()) == 127


@pytest.mark.usefixtures("loops")
def test_the_static_list_has_one_row_for_a_group(manager: JobManager) -> None:
    html = history_html(manager)
    assert html.count("VQE on H2") == 1
    assert "118 of 120 done, 1 error, 1 not sent" in html
    assert html.count("<tr>") == 1 + 8
