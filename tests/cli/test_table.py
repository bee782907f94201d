"""The table of ``qjm watch``."""

from __future__ import annotations

import io
import re

from rich.console import Console

from qjm_widgets import JobSet
from qjm_widgets.cli.table import JobsTable
from qjm_widgets.core.formatting import STATUS_NAMES
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.storage.sqlite import SQLiteStore


def test_it_has_the_name_of_every_status() -> None:
    store = SQLiteStore(":memory:")
    record = JobSetRecord("a" * 32, "every status", "fake", "backend_run", len(Status), 0.0)
    jobs = [JobRecord(row, Span(row, row + 1), status=status) for row, status in enumerate(Status)]
    job_set = JobSet(JobSetState(record, jobs, store), None, None)  # type: ignore[arg-type]
    output = io.StringIO()
    Console(file=output, width=100, height=40).print(JobsTable(job_set, 0.0, lambda _: "the last line"))
    names = re.findall(r"^ *\d+ +\d+ +(\w+(?: sent)?)", output.getvalue(), re.MULTILINE)
    assert names == list(STATUS_NAMES.values())
    assert output.getvalue().endswith("the last line\n")
    store.close()
