"""A set's jobs as a pandas table; its texts are safe to print and to open in a spreadsheet."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING

from qjm_widgets._printable import printable
from qjm_widgets.core import formatting
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.optional_packages import import_optional

if TYPE_CHECKING:
    import pandas as pd


# Spreadsheets run such texts as formulas unless they are numbers; in some languages also the wide forms.
_FORMULA = re.compile(r"\s*[=+\-@\t\uff1d\uff0b\uff0d\uff20](?!(?<=[+-])\d+(\.\d+)?([eE][+-]?\d+)?\Z)")


def cell(text: str | None) -> str | None:
    """Return a text from elsewhere with unsafe characters escaped; None stays None.

    An apostrophe is put before it if a spreadsheet would run it as a formula.
    """
    if text is None:
        return None
    shown = printable(text)
    return f"'{shown}" if _FORMULA.match(shown) else shown


def frame_of(state: JobSetState) -> pd.DataFrame:
    """Return a table with one row for each job; times are in UTC, durations in seconds.

    Raises:
        ImportError: pandas is not installed.
    """
    pandas = import_optional("pandas", "to_dataframe")
    now = time.time()
    rows = [
        {
            "first_circuit": job.span.start,
            "circuits": len(job.span),
            "first_point": None if job.points is None else job.points.start,
            "points": None if job.points is None else len(job.points),
            "piece": job.piece,
            "pieces": job.pieces,
            "shots": job.shots,
            "precision": job.precision,
            "seed": job.seed,
            "status": job.status.value,
            "attempt": job.attempt,
            "job_id": cell(job.job_id),
            "sent_at": job.sent_at,
            "running_at": job.running_at,
            "finished_at": job.finished_at,
            "qpu_seconds": job.all_qpu_seconds,
            "waited": formatting.row(job, now).waited,
            "ran": formatting.row(job, now).ran,
            "error": cell(job.error),
            "failed_circuits": ", ".join(map(str, job.failed_circuits)) or None,
        }
        for job in state.ordered()
    ]
    table: pd.DataFrame = pandas.DataFrame(rows)
    for column in ("sent_at", "running_at", "finished_at"):
        table[column] = pandas.to_datetime(table[column], unit="s", utc=True)
    return table
