"""A job set as static HTML and text, which a saved notebook shows without a kernel."""

from __future__ import annotations

import datetime
import logging
import math
import time
from collections.abc import Sequence
from html import escape

from qjm_widgets.core import formatting, frequencies
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.sweep import Sweep
from qjm_widgets.state.estimates import first_estimates
from qjm_widgets.state.job_set_state import JobSetState

_ROWS = 20
_BARS = 16
_TEXT = 200
#: The most series of a sweep.
_COLUMNS = 4
_LOG = logging.getLogger(__name__)
_MARKS = {
    Status.NOT_SENT: "○",
    Status.SENDING: "◌",
    Status.HELD: "?",
    Status.QUEUED: "◷",
    Status.RUNNING: "▶",
    Status.DONE: "✓",
    Status.ERROR: "⚠",
    Status.CANCELLED: "⊘",
}
_HEADINGS = ("Job", "Circuits", "Status", "Waited", "Ran", "Note")

# Notebooks align the cells of tables to the right, which suits only numbers. JupyterLab drops these
# rules if a notebook is not trusted. For a widget without a kernel JupyterLab shows "model not found" in
# the output before this one; the last rule hides that message.
_RULES = (
    "<style>.qjm-static table :is(th, td) { text-align: left !important; white-space: nowrap }"
    ".qjm-static .qjm-static-jobs tr > :is(:nth-child(4), :nth-child(5)),"
    ".qjm-static .qjm-static-counts td:nth-child(2) { text-align: right !important }"
    ".qjm-static .qjm-static-jobs td:last-child, .qjm-static .qjm-static-sets td:nth-child(-n+2)"
    " { white-space: normal }"
    ".jp-OutputArea-child:has(+ .jp-OutputArea-child .qjm-static)"
    ":not(:has(.jp-OutputArea-output *, [data-mime-type])) { display: none }</style>"
)


def text_of(state: JobSetState) -> str:
    """Return the set as a few lines of plain text."""
    report = formatting.report(
        state.record,
        state.jobs,
        time.time(),
        detailed=False,
        trouble=state.trouble,
        estimates=first_estimates(state),
    )
    return report if state.settled else f"{report}\n  {_as_of()}"


def html_of(state: JobSetState) -> str:
    """Return the set as HTML without scripts, in the colours of the surrounding page."""
    record = state.record
    summary = state.summary()
    shown = _listed(state.jobs)
    left_out = len(state.jobs) - len(shown)
    rows = "".join(_row(job) for job in shown)
    more = f"<p>… and {left_out:,} more jobs.</p>" if left_out else ""
    rest = "".join(
        f", {escape(part)}" for part in (summary.rest, formatting.unresumable(record)) if part
    )
    return static(
        f"<p><strong>{escape(formatting.first_line(record.name, _TEXT))}</strong> "
        f"{escape(formatting.title(record, len(state.jobs), taking=state.is_taking))}</p>"
        f"<p><strong>{escape(summary.lead)}</strong>{rest}</p>"
        f"{_sweep(state)}{_estimates(state) if record.estimates else _bars(state)}"
        f"{table('jobs', rows, _HEADINGS)}{more}"
        f"<p><small>Job set {record.set_id}{'' if state.settled else f', {_as_of()}'}</small></p>"
    )


def _as_of() -> str:
    """Return the current time as text, for a set that may still change."""
    return f"as of {datetime.datetime.now():%Y-%m-%d %H:%M:%S}"


def static(content: str) -> str:
    """Wrap content that a page without a kernel shows instead of a live panel."""
    return f'<div class="qjm-static">{_RULES}{content}</div>'


def _listed(jobs: list[JobRecord]) -> list[JobRecord]:
    """Return the first 20 jobs, then the first 20 later jobs with an error or failed circuits."""
    errors = [job for job in jobs[_ROWS:] if job.status is Status.ERROR or job.flawed][:_ROWS]
    return [*jobs[:_ROWS], *errors]


def _row(job: JobRecord) -> str:
    shown = formatting.row(job, job.finished_at or time.time())
    where = f"{shown.span} · {shown.piece}" if shown.piece else shown.span
    cells = (
        f"{shown.row}",
        where,
        f"{_MARKS[Status.ERROR if job.flawed else shown.status]} {shown.status_name}",
        formatting.duration(shown.waited),
        formatting.duration(shown.ran),
        shown.note,
    )
    return "<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>"


def _estimates(state: JobSetState) -> str:
    """Return the first expectation values, a line a circuit."""
    lines = first_estimates(state)
    if not lines:
        return ""
    rows = "".join(f"<tr><td>{escape(line)}</td></tr>" for line in lines)
    done = f"{state.finished:,} of {formatting.plural(len(state.jobs), 'job')}"
    return f"<p>Expectation values of {done}</p>{table('estimates', rows)}"


def _sweep(state: JobSetState) -> str:
    """Return a sweep as a table of few points, each for several; empty if the set shows counts first."""
    try:
        sweep = Sweep(state)
        shown = sweep.draw(Axes(), _BARS, 1) if sweep.points.first_view == "sweep" else None
    except Exception:  # damaged bytes can make Qiskit raise anything
        _LOG.warning("the sweep of the set cannot be read", exc_info=True)
        return ""
    if shown is None or not shown.series or not shown.there:
        return ""
    first = shown.series[0]
    columns = [each for each in shown.series if each.x.tolist() == first.x.tolist()][:_COLUMNS]
    rows = "".join(
        f"<tr><td>{x:.5g}</td>" + "".join(f"<td>{_value(each.y[at])}</td>" for each in columns) + "</tr>"
        for at, x in enumerate(first.x.tolist())
    )
    names = [shown.labels[0], *(each.name or shown.labels[1] for each in columns)]
    return f"<p>{escape(shown.caption)}</p>{table('sweep', rows, [escape(name) for name in names])}"


def _value(value: float) -> str:
    return "" if math.isnan(value) else f"{value:.4g}"


def _bars(state: JobSetState) -> str:
    """Return the most frequent outcomes as a table with bars of characters."""
    counts, jobs = state.outcomes.total()
    if not counts:
        return ""
    top = frequencies.top(counts, _BARS)
    most = max(top.counts)
    shots = sum(counts.values())
    rows = "".join(
        f"<tr><td><code>{escape(formatting.first_line(key, 80))}</code></td><td>{count:,}</td>"
        f"<td>{formatting.bar_text(count, most, 24)}</td></tr>"
        for key, count in zip(top.keys, top.counts, strict=True)
    )
    if top.other_outcomes:
        rows += f"<tr><td>{top.other_outcomes:,} others</td><td>{top.other_shots:,}</td><td></td></tr>"
    damaged = len(state.outcomes.damaged)
    left_out = (
        f" · left out: {formatting.plural(damaged, 'job')} with a damaged result" if damaged else ""
    )
    return (
        f"<p>Counts of {jobs:,} of {formatting.plural(len(state.jobs), 'job')} · "
        f"{formatting.plural(shots, 'shot')}{left_out}</p>"
        f"{table('counts', rows)}"
    )


def table(kind: str, rows: str, headings: Sequence[str] = ()) -> str:
    """Return a table of jobs, counts or sets, which scrolls if the page is narrow."""
    heading = "".join(f"<th>{name}</th>" for name in headings)
    head = f"<thead><tr>{heading}</tr></thead>" if heading else ""
    return (
        f'<div style="overflow-x: auto"><table class="qjm-static-{kind}">'
        f"{head}<tbody>{rows}</tbody></table></div>"
    )
