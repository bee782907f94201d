"""The widgets of the panel's benchmarks and their changes; the notebooks import this module.

Each widget has a text like ``stamp 1790000000000``: the time of its last change (milliseconds since
1970).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace

import ipywidgets
import numpy as np
import plotly.graph_objects as go

from qjm_widgets import JobSet
from qjm_widgets.core.counts import Layout, pack_shots
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.storage.sqlite import SQLiteStore

BITS = 10
#: Jobs that change at each update.
CHANGED = 100
INTERVAL = 0.1
ERROR = "The backend was recalibrated while the job waited. Nothing was charged for it."


def stamp() -> str:
    return f"stamp {time.time() * 1000:.0f}"


def job_set(jobs: int) -> JobSet:
    """Return a set with half of its jobs ended, every fiftieth with an error, and 1024 outcomes."""
    now = time.time()
    record = JobSetRecord("b" * 32, "benchmark", "backend", "none", 100 * jobs, now, (1024, 1024))
    records = [_job(row, jobs, now) for row in range(jobs)]
    state = JobSetState(record, records, SQLiteStore(":memory:"), adapter=object())  # type: ignore[arg-type]
    state.outcomes.put({row: JobOutcome([]) for row in range(jobs)})
    state.outcomes.put({0: JobOutcome([_outcome()])})
    return JobSet(state, None, None)  # type: ignore[arg-type]


def _job(row: int, jobs: int, now: float) -> JobRecord:
    job = JobRecord(row, Span(100 * row, 100 * row + 100), since=now - 60)
    if row >= jobs / 2:
        return job
    sent = replace(job, job_id=f"d3w7k2e8qf{row:05}g008vbtp", sent_at=now - 90, running_at=now - 70)
    if row % 50 == 49:
        return replace(sent, status=Status.ERROR, error=ERROR, finished_at=now - 60)
    return replace(sent, status=Status.DONE, finished_at=now - 60)


def _outcome() -> ExperimentOutcome:
    layout = Layout((BITS,), BITS)
    outcomes = 1 << BITS
    shots = np.repeat(np.arange(outcomes, dtype=np.uint16), np.arange(1, outcomes + 1))
    counts = pack_shots(shots, layout)
    return ExperimentOutcome("c", len(shots), True, "DONE", {}, layout, counts=counts)


class Changes:
    """A thread that changes a widget ten times a second, until it is stopped."""

    def __init__(self, change: Callable[[int], None]) -> None:
        self._change = change
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        number = 0
        while not self._stopped.wait(INTERVAL):
            number += 1
            self._change(number)

    def stop(self) -> None:
        self._stopped.set()
        self._thread.join()


def change_jobs(shown: JobSet) -> Changes:
    """Change visible and other jobs, and repaint at once instead of at the next interval."""
    state, panel = shown._state, shown._shown
    assert panel is not None
    state.watchers.remove(panel._request_repaint)

    def change(number: int) -> None:
        start = 1000 + number * CHANGED % (len(state.jobs) - 2000)
        status = Status.RUNNING if number % 2 else Status.QUEUED
        others = [replace(job, status=status) for job in state.jobs[start : start + CHANGED]]
        # The first rows change only their notes; jobs further down change their status in turn.
        text = stamp()
        first = [replace(job, note=text) for job in state.jobs[:10]]
        state.publish([*first, *others], {})
        panel.repaint()

    return Changes(change)


def widget_rows(jobs: int) -> ipywidgets.VBox:
    """Return a button and four HTML widgets for each job, as a user would build them."""

    def cells(row: int) -> ipywidgets.HBox:
        texts = [ipywidgets.HTML(f"job {row}") for _ in range(4)]
        return ipywidgets.HBox([ipywidgets.Button(description="Cancel"), *texts])

    return ipywidgets.VBox([cells(row) for row in range(jobs)])


def change_widgets(box: ipywidgets.VBox) -> Changes:
    def change(number: int) -> None:
        text = stamp()
        rows = len(box.children)
        for row in [*range(10), *((number * CHANGED + place) % rows for place in range(CHANGED))]:
            box.children[row].children[4].value = text

    return Changes(change)


def figure() -> go.FigureWidget:
    """Return a FigureWidget with a bar for each outcome."""
    bars = go.Bar(x=[f"{key:0{BITS}b}" for key in range(1 << BITS)], y=[*range(1, (1 << BITS) + 1)])
    return go.FigureWidget([bars])


__all__ = ["change_jobs", "change_widgets", "figure", "job_set", "widget_rows"]
