"""A status has the same name in every view."""

from __future__ import annotations

import io
import re
from html import unescape
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.cli import main
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.state.progress import ProgressLine
from qjm_widgets.storage.sqlite import SQLiteStore
from qjm_widgets.widgets import wire_answers
from qjm_widgets.widgets.history import History, history_html
from qjm_widgets.widgets.static_html import html_of, text_of

NAMES = {
    "not_sent": "Not sent",
    "sending": "Sending",
    "held": "Held",
    "queued": "Queued",
    "running": "Running",
    "done": "Done",
    "error": "Error",
    "cancelled": "Cancelled",
}
#: A set with one job in each status, a second one with an error, and a job with a failed circuit.
STATUSES = [*Status, Status.ERROR, Status.DONE]
LEAD = "2 of 10 done (1 with failed circuits)"
REST = "2 errors, 1 cancelled, 1 held, 1 running, 1 queued, 1 sending, 1 not sent"
SET_ID = "a" * 32
SOURCES = Path(__file__).parents[2] / "js" / "src"


@pytest.fixture
def manager(tmp_path: Path) -> JobManager:
    path = tmp_path / "store.sqlite"
    store = SQLiteStore(path)
    jobs = [JobRecord(row, Span(row, row + 1), status=status) for row, status in enumerate(STATUSES)]
    jobs[-1] = JobRecord(9, Span(9, 10), status=Status.DONE, failed_circuits=(9,), note="lost")
    store.create_set(JobSetRecord(SET_ID, "every status", "fake", "backend_run", 10, 0.0), jobs)
    store.close()
    with JobManager(path) as manager:
        yield manager


def test_every_summary_has_the_same_words(
    manager: JobManager, capsys: pytest.CaptureFixture[str]
) -> None:
    job_set = manager.retrieve_job_set(SET_ID)
    line = f"{LEAD}, {REST}"
    for text in (
        repr(job_set),
        repr(manager.history()[0]),
        job_set.report(),
        text_of(job_set._state),
        re.sub("<[^>]*>", "", unescape(html_of(job_set._state))),
        unescape(history_html(manager)),
    ):
        assert line in text
    stream = io.StringIO()
    with ProgressLine(job_set._state, True, stream) as progress:
        progress._update()
    assert line in stream.getvalue()
    head = job_set.panel().snapshot["head"]  # type: ignore[attr-defined]
    assert (head["lead"], head["line"]) == (LEAD, f"{REST} when its kernel ended")
    entry = History(manager)._list.listing["sets"][0]
    assert (entry["lead"], entry["line"]) == (LEAD, REST)
    store = ["--store", str(manager._store_path)]
    for command in (["list"], ["show", SET_ID]):
        assert main([*command, *store]) == 0
        assert line in capsys.readouterr().out


def test_every_table_of_jobs_has_the_same_names(manager: JobManager) -> None:
    job_set = manager.retrieve_job_set(SET_ID)
    names = [NAMES[status.value] for status in STATUSES]
    report = re.findall(r"^ +\d+ +circuits \d+ +(\w+(?: sent)?)", job_set.report(), re.MULTILINE)
    assert report == names
    html = re.findall(r"<td>\d+</td><td>\d+</td><td>\S ([\w ]+)</td>", html_of(job_set._state))
    assert html == names


def test_a_job_and_its_history_have_the_same_names(manager: JobManager) -> None:
    job_set = manager.retrieve_job_set(SET_ID)
    for job, status in zip(job_set.managed_jobs(), STATUSES, strict=True):
        assert repr(job).endswith(f", {NAMES[status.value].lower()}>")
    job = JobRecord(0, Span(0, 1))
    history = [StatusChange(0, 1, status, 0.0, None, "") for status in Status]
    lines = wire_answers.detail(0, job, history, lambda _: "now")["history"]
    assert lines == [f"now  {name}" for name in NAMES.values()]


def test_the_page_has_the_same_names() -> None:
    sources = "\n".join(path.read_text("utf-8") for path in sorted(SOURCES.rglob("*.ts*")))
    for status, name in NAMES.items():
        assert f'{status}: "{name}"' in sources
