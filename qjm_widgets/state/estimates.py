"""The first expectation values of a set, as text: for reports, and for where no figure is."""

from __future__ import annotations

from collections.abc import Iterator

from qjm_widgets.core.estimates import estimates_text
from qjm_widgets.core.formatting import first_line
from qjm_widgets.core.outcomes import PubOutcome
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.errors import StoreError
from qjm_widgets.state.job_set_state import JobSetState

#: Circuits, and values of each.
_CIRCUITS = 8
_VALUES = 4
_NAME = 60


def first_estimates(state: JobSetState, most: int = _CIRCUITS) -> list[str]:
    """Return the values of the first circuits whose jobs are done.

    Args:
        state: of a set; one that gives no expectation values has none.
        most: at most so many circuits.

    Returns:
        A line a circuit: "circuit 3 (ansatz): 0.53 ± 0.05, 0.41 ± 0.05, … (100 in all)".
    """
    if not state.record.estimates:
        return []
    lines: list[str] = []
    for job in state.ordered():
        if job.status is Status.DONE:
            lines += _lines(state, job)
        if len(lines) >= most:
            break
    return lines[:most]


def _lines(state: JobSetState, job: JobRecord) -> Iterator[str]:
    try:
        outcome = state.outcomes.get_local(job.row)
    except StoreError:  # what the store has of it is damaged, or it was closed
        return
    for circuit, found in enumerate(() if outcome is None else outcome.circuits, job.span.start):
        if isinstance(found, PubOutcome) and found.success and found.estimates:
            values = estimates_text(found.data["evs"], found.data.get("stds"), _VALUES)
            where = circuit if job.points is None else job.where
            yield f"circuit {where} ({first_line(found.name, _NAME)}): {values}"
