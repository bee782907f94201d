"""Statuses, reports, jobs, counts, tables and figures of a job set."""

import re

import pandas as pd
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.providers import JobStatus

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.frequencies import wilson
from qjm_widgets.widgets.static_html import html_of, text_of
from tests.fakes import LIMIT, ScriptedBackend, marked, reach


@pytest.fixture
def backend() -> ScriptedBackend:
    return ScriptedBackend(hold=True, refuse={4: RuntimeError("the queue is full")})


@pytest.fixture
def mixed(manager: JobManager, backend: ScriptedBackend) -> JobSet:
    """Five jobs of two circuits: done, failed, cancelled, running, refused."""
    circuits = [marked(value, bits=4) for value in range(10)]
    job_set = manager.run(
        circuits, backend, name="mixed", shots=10, max_circuits_per_job=2, tags=["lab"]
    )
    assert job_set.wait(LIMIT, until="submitted")
    done, failed, _, running = backend.sent
    done.finish()
    failed.fail("qubit 3\nis broken")
    running.start()
    assert job_set.cancel(2) == 1
    names = [JobStatus.DONE, JobStatus.ERROR, JobStatus.CANCELLED, JobStatus.RUNNING]
    reach(job_set, lambda: job_set.statuses() == [*names, JobStatus.ERROR])
    return job_set


def test_statuses_are_qiskits_own(manager: JobManager, mixed: JobSet) -> None:
    assert all(isinstance(status, JobStatus) for status in mixed.statuses())
    backend = ScriptedBackend(hold=True)
    backend.gate.clear()
    waiting = manager.run([marked(0), marked(1)], backend, max_circuits_per_job=1)
    assert backend.entered.wait(LIMIT)
    assert waiting.statuses() == [JobStatus.INITIALIZING] * 2
    backend.gate.set()
    reach(waiting, lambda: waiting.statuses() == [JobStatus.QUEUED] * 2)


def test_the_numbers_of_a_report_add_up(mixed: JobSet) -> None:
    short = mixed.report(detailed=False)
    assert "1 of 5 done, 2 errors, 1 cancelled, 1 running" in short
    assert mixed.job_set_id() in short
    assert "10 circuits · 5 jobs · 10 shots" in short
    assert "tags: lab" in short
    full = mixed.report()
    assert full.startswith(short)
    rows = re.findall(r"^ +(\d) +circuits (\S+) +(\w+)", full, re.MULTILINE)
    assert rows == [
        ("0", "0–1", "Done"),
        ("1", "2–3", "Error"),
        ("2", "4–5", "Cancelled"),
        ("3", "6–7", "Running"),
        ("4", "8–9", "Error"),
    ]
    assert "qubit 3" in full
    assert "RuntimeError: the queue is full" in full
    assert repr(mixed).endswith("1 of 5 done, 2 errors, 1 cancelled, 1 running>")


def test_error_messages_include_those_of_submissions(mixed: JobSet) -> None:
    messages = mixed.error_messages() or ""
    assert "Job 1, circuits 2–3: " in messages
    assert "qubit 3\nis broken" in messages
    assert "Job 4, circuits 8–9: RuntimeError: the queue is full" in messages
    assert len(re.findall(r"^Job \d", messages, re.MULTILINE)) == 2


def test_a_circuits_job_is_found_also_after_a_failed_submission(
    manager: JobManager, mixed: JobSet, backend: ScriptedBackend
) -> None:
    assert mixed.job("c7") == mixed.job(7) == mixed.job(marked(7)) == (backend.sent[3], 1)
    assert mixed.job(8) == (None, 0)
    assert mixed.jobs() == [*backend.sent, None]
    assert [job.row for job in mixed.jobs_of(9)] == [4]
    first = ScriptedBackend(refuse={0: RuntimeError("no")})
    job_set = manager.run([marked(0), marked(1)], first, max_circuits_per_job=1)
    assert job_set.wait(LIMIT)
    assert job_set.job("c1") == (first.sent[0], 0)
    assert job_set.results().get_counts("c1")


def test_all_pieces_of_a_circuit_are_found(manager: JobManager) -> None:
    circuits = [marked(value) for value in range(4)]
    backend = ScriptedBackend()
    job_set = manager.run(circuits, backend, shots=100, max_circuits_per_job=2, max_shots_per_job=40)
    assert job_set.wait(LIMIT)
    assert job_set.job("c3") == (backend.sent[3], 1)
    jobs = job_set.jobs_of("c3")
    assert [(job.row, job.job_id()) for job in jobs] == [(3, "job-3"), (4, "job-4"), (5, "job-5")]
    assert [job.job for job in jobs] == backend.sent[3:]
    assert job_set.counts("c3") == {format(3, "010b"): 100}
    assert sum(job_set.counts().values()) == 400


def test_managed_jobs_have_their_span_and_state(mixed: JobSet) -> None:
    jobs = mixed.managed_jobs()
    assert [(job.span.start, job.span.stop) for job in jobs] == [(n, n + 2) for n in range(0, 10, 2)]
    assert [job.status() for job in jobs] == mixed.statuses()
    assert [job.job_id() for job in jobs] == ["job-0", "job-1", "job-2", "job-3", None]
    assert jobs[0].error_message() is None
    assert "broken" in (jobs[1].error_message() or "")


def test_counts_of_different_layouts_are_never_merged(manager: JobManager) -> None:
    one, two = QuantumCircuit(1, 1, name="one"), QuantumCircuit(1, 2, name="two")
    a, b = ClassicalRegister(1, "a"), ClassicalRegister(1, "b")
    split = QuantumCircuit(QuantumRegister(1), a, b, name="split")
    for circuit in (one, two, split):
        circuit.measure(0, 0)
    backend = ScriptedBackend()
    pairs = [(one, 1), (two, 10), (split, 100)]
    sets = [manager.run([c], backend, shots=shots) for c, shots in pairs]
    together = manager.run([one, two, split, one], backend, shots=7, max_circuits_per_job=3)
    for job_set in (*sets, together):
        assert job_set.wait(LIMIT)
    assert [job_set.counts() for job_set in sets] == [{"0": 1}, {"00": 10}, {"0 0": 100}]
    assert together.counts() == {"0": 14, "00": 7, "0 0": 7}
    assert together.counts(3) == {"0": 7}
    assert together.counts("split") == {"0 0": 7}


def test_a_table_has_a_row_for_each_job(mixed: JobSet) -> None:
    table = mixed.to_dataframe()
    assert table["status"].tolist() == ["done", "error", "cancelled", "running", "error"]
    assert table["first_circuit"].tolist() == [0, 2, 4, 6, 8]
    assert table["circuits"].tolist() == [2] * 5
    assert table["shots"].tolist() == [10] * 5
    assert table["job_id"][3] == "job-3"
    assert "queue is full" in table["error"][4]
    for column in ("sent_at", "running_at", "finished_at"):
        assert str(table[column].dt.tz) == "UTC"
    assert pd.notna(table["running_at"][3])
    assert pd.isna(table["finished_at"][3])
    assert (table["waited"].dropna() >= 0).all()
    assert table["ran"][3] >= 0


def test_a_figure_draws_the_counts_with_their_intervals(mixed: JobSet) -> None:
    figure = mixed.figure(kind="counts")
    (bars,) = figure.data
    assert list(bars.x) == ["0000", "0001"]
    assert list(bars.y) == [10, 10]
    assert figure.layout.title.text == "mixed"
    low, high = wilson(10, 20)
    assert bars.error_y.array[0] == pytest.approx(high * 20 - 10)
    assert bars.error_y.arrayminus[0] == pytest.approx(10 - low * 20)
    (one,) = mixed.figure(1).data
    assert (list(one.x), list(one.y)) == (["0001"], [10])
    (cut,) = mixed.figure(most=1, kind="counts").data
    assert (list(cut.x), list(cut.y)) == (["0000", "the rest"], [10, 10])
    (empty,) = mixed.figure(9).data
    assert list(empty.x) == []


def test_names_are_text_in_a_figure(manager: JobManager) -> None:
    job_set = manager.run(marked(0), ScriptedBackend(), name="<b>bold</b> & <a href='x'>")
    assert job_set.wait(LIMIT)
    title = job_set.figure().layout.title.text
    assert "<" not in title
    assert "&lt;b&gt;bold" in title


def test_the_static_form_shows_all_jobs_and_the_time(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    circuits = [marked(value) for value in range(30)]
    job_set = manager.run(circuits, backend, max_circuits_per_job=1)
    assert job_set.wait(LIMIT, until="submitted")
    text, page = text_of(job_set._state), html_of(job_set._state)
    assert "30 circuits · 30 jobs" in text
    assert "30 circuits · 30 jobs" in page
    assert re.search(r"\n  as of \d{4}-\d\d-\d\d \d\d:\d\d:\d\d$", text)
    assert re.search(r"Job set \w{32}, as of \d{4}-", page)
    job_set.cancel()
    assert job_set.wait(LIMIT)
    assert "as of" not in text_of(job_set._state)
    assert "as of" not in html_of(job_set._state)
