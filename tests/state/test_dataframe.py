"""The table of jobs as files that spreadsheets and pandas open."""

from __future__ import annotations

import io
from collections.abc import Iterator

import pandas
import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.state.dataframe import cell
from tests.fakes import ScriptedBackend, marked, reach


@pytest.mark.parametrize(
    "text",
    [
        "=cmd|' /C calc'!A0",
        "+1+1",
        "-1+1",
        "@SUM(A1)",
        "\t=1",
        " =1",
        "\n=1",
        "\uff1d1",
        "-x",
        "+",
        "-",
        "--1",
        "-1-",
    ],
)
def test_what_a_spreadsheet_would_run_is_preceded_by_an_apostrophe(text: str) -> None:
    assert cell(text) == f"'{text}"


@pytest.mark.parametrize("text", ["-5", "+5", "-1.5e-3", "5", "a=b", "a-b", "", "job-1", "0 = 0"])
def test_other_texts_and_numbers_stay(text: str) -> None:
    assert cell(text) == text
    assert cell(None) is None
    assert cell("\r=1") == r"\x0d=1"


@pytest.fixture
def job_set() -> Iterator[JobSet]:
    backend = ScriptedBackend(refuse={1: RuntimeError("\n=1+1")}, fail={0: "=1\x1b[31m"}, hold=True)
    with JobManager(":memory:") as manager:
        circuits = [marked(value) for value in range(3)]
        job_set = manager.run(circuits, backend, shots=5, max_circuits_per_job=1)
        reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 1)
        reach(job_set, lambda: job_set._state.numbers()[Status.ERROR] == 2)
        yield job_set
        job_set.cancel()


def test_a_table_of_jobs_survives_a_file(job_set: JobSet) -> None:
    table = job_set.to_dataframe()
    back = pandas.read_csv(io.StringIO(table.to_csv(index=False)))
    assert back["error"].tolist()[:2] == table["error"].tolist()[:2]
    assert back["shots"].tolist() == [5, 5, 5]
    assert "\x1b" not in table.to_csv()
    for column in ("error", "job_id", "status"):
        assert not back[column].dropna().str.match(r"\s*[=+\-@]").any()
