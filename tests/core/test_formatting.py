"""Sets and jobs as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qjm_widgets.core import formatting
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status


def a_job(row: int = 0, **fields: object) -> JobRecord:
    return JobRecord(row, Span(row, row + 1), **fields)  # type: ignore[arg-type]


def a_set(**fields: object) -> JobSetRecord:
    known = {
        "set_id": "a" * 32,
        "name": "bell sweep",
        "backend": "aer_simulator",
        "adapter": "backend_run",
        "circuits": 1000,
        "created_at": 0.0,
    }
    return JobSetRecord(**(known | fields))  # type: ignore[arg-type]


@given(st.dictionaries(st.sampled_from(list(Status)), st.integers(0, 5000)))
def test_the_numbers_of_a_summary_add_up(numbers: dict[Status, int]) -> None:
    summary = formatting.summary(numbers)
    done, of, jobs, _ = summary.lead.replace(",", "").split()
    assert (of, int(jobs)) == ("of", sum(numbers.values()))
    others = [int(part.split()[0].replace(",", "")) for part in summary.rest.split(", ") if part]
    assert int(done) + sum(others) == int(jobs)


def test_a_summary_lists_errors_first_after_done() -> None:
    numbers = {Status.DONE: 1200, Status.ERROR: 1, Status.NOT_SENT: 3, Status.CANCELLED: 2}
    text = "1,200 of 1,206 done, 1 error, 2 cancelled, 3 not sent"
    assert str(formatting.summary(numbers)) == text
    assert str(formatting.summary({Status.DONE: 2})) == "2 of 2 done"
    flawed = formatting.summary({Status.DONE: 7, Status.ERROR: 2, Status.QUEUED: 1}, flawed=1)
    assert str(flawed) == "7 of 10 done (1 with failed circuits), 2 errors, 1 queued"
    assert str(formatting.summary({}, "The disk is full.")) == "0 of 0 done, The disk is full."


def test_a_row_has_its_times() -> None:
    done = a_job(status=Status.DONE, sent_at=10.0, running_at=12.5, finished_at=20.0)
    assert formatting.row(done, 99.0)[-4:-2] == (2.5, 7.5)
    running = a_job(status=Status.RUNNING, sent_at=10.0, running_at=12.5)
    assert formatting.row(running, 15.0)[-4:-2] == (2.5, 2.5)
    queued = a_job(status=Status.QUEUED, sent_at=10.0)
    assert formatting.row(queued, 15.0)[-4:-2] == (5.0, None)
    unsent = a_job()
    assert formatting.row(unsent, 15.0)[-4:-2] == (None, None)


def test_times_are_never_negative_when_a_clock_jumps_back() -> None:
    job = a_job(status=Status.RUNNING, sent_at=10.0, running_at=5.0)
    assert formatting.row(job, 1.0)[-4:-2] == (0.0, 0.0)


def test_a_row_shows_its_piece_and_every_status_has_a_name() -> None:
    shown = formatting.row(a_job(piece=1, pieces=3), 0.0)
    assert (shown.piece, shown.span, shown.status_name) == ("2/3", "0", "Not sent")
    assert formatting.row(a_job(), 0.0).piece == ""
    assert set(formatting.STATUS_NAMES) == set(Status)


@pytest.mark.parametrize(
    ("fields", "note"),
    [
        ({"status": Status.ERROR, "error": "No\nmore"}, "No"),
        ({"status": Status.ERROR}, "no reason given"),
        ({"status": Status.HELD}, "may have been sent: submit again?"),
        ({"status": Status.HELD, "last_error": "lost"}, "lost"),
        (
            {"status": Status.DONE, "cancel_requested": True},
            "finished before it could be cancelled",
        ),
        ({"status": Status.QUEUED, "cancel_requested": True}, "cancellation requested"),
        ({"status": Status.QUEUED, "last_error": "TimeoutError: slow"}, "TimeoutError: slow"),
        ({"status": Status.DONE, "last_error": "TimeoutError: slow"}, ""),
        ({"status": Status.RUNNING, "attempt": 2}, "attempt 2"),
        ({"status": Status.RUNNING}, ""),
    ],
)
def test_the_note_beside_a_status(fields: dict[str, object], note: str) -> None:
    assert formatting.note(a_job(**fields)) == note


@given(st.text(), st.integers(2, 50))
def test_a_first_line_is_one_short_printable_line(text: str, length: int) -> None:
    line = formatting.first_line(text, length)
    assert len(line) <= length
    assert all(character.isprintable() for character in line)
    assert line.strip() == line or len(line) == length


def test_a_long_first_line_ends_with_dots() -> None:
    assert formatting.first_line("\n  \n abc\x1b[31m \ndef") == "abc�[31m"
    assert formatting.first_line("abcdef", 4) == "abc…"


def test_a_title_names_what_runs() -> None:
    text = "aer_simulator · 1,000 circuits · 10 jobs · 1,024 shots"
    assert formatting.title(a_set(shots=(1024, 1024)), 10) == text
    assert formatting.title(a_set(circuits=1, shots=(10, 1000)), 1) == (
        "aer_simulator · 1 circuit · 1 job · 10–1,000 shots"
    )
    assert formatting.title(a_set(), 1).endswith("1 job")


def test_a_set_took_the_time_from_first_submission_to_last_end() -> None:
    done = a_job(0, status=Status.DONE, sent_at=100.0, running_at=101.0, finished_at=131.0)
    failed = a_job(1, status=Status.ERROR, sent_at=105.0, finished_at=110.0)
    never = a_job(2, status=Status.CANCELLED)
    assert formatting.took([done, failed, never]) == 31.0
    assert formatting.took([done, a_job(1, status=Status.QUEUED, sent_at=105.0)]) is None
    assert formatting.took([never]) is None


def test_a_report_has_a_line_for_each_job_only_with_detail() -> None:
    jobs = [
        a_job(0, status=Status.DONE, job_id="abc", sent_at=0.0, running_at=1.0, finished_at=131.0),
        a_job(1, status=Status.ERROR, error="queue is full\ntry later", piece=1, pieces=2),
        a_job(2),
    ]
    record = a_set(tags=("lab", "x\ny"), name="two\nlines", group="loop\n1")
    short = formatting.report(record, jobs, 200.0, detailed=False)
    assert "two" in short
    assert "lines" not in short
    assert "a" * 32 in short
    assert "group: loop\n" in short
    assert "tags: lab, x" in short
    assert "1 of 3 done, 1 error, 1 not sent" in short
    full = formatting.report(record, jobs, 200.0, detailed=True)
    assert full.startswith(short)
    lines = full.splitlines()[-3:]
    for words, line in zip(
        [("Done", "abc", "waited 1.0 s, ran 2:10"), ("Error", "(2/2)", "queue is full"), ("Not",)],
        lines,
        strict=True,
    ):
        assert all(word in line for word in words)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, "–"),
        (0.0, "0 ms"),
        (0.0344, "34 ms"),
        (0.0996, "0.1 s"),
        (0.44, "0.4 s"),
        (9.94, "9.9 s"),
        (9.96, "10 s"),
        (59.4, "59 s"),
        (59.6, "1:00"),
        (130, "2:10"),
        (3723, "1:02:03"),
        (360000, "100:00:00"),
    ],
)
def test_durations_are_rounded(seconds: float | None, text: str) -> None:
    assert formatting.duration(seconds) == text


def test_spans_are_shown_with_their_last_circuit() -> None:
    assert str(Span(3, 4)) == "3"
    assert str(Span(0, 100)) == "0–99"
    assert len(Span(3, 10)) == 7
    assert 9 in Span(3, 10)
    assert 10 not in Span(3, 10)


def test_what_every_status_means_for_the_engine() -> None:
    assert {s for s in Status if s.final} == {Status.DONE, Status.ERROR, Status.CANCELLED}
    assert {s for s in Status if s.remote} == {Status.QUEUED, Status.RUNNING}
    assert {s for s in Status if s.settled} == {s for s in Status if s.final} | {Status.HELD}
