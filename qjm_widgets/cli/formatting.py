"""Sets as text and as JSON. Foreign text is made printable before it reaches the terminal."""

from __future__ import annotations

import datetime
import json
from collections.abc import Sequence
from typing import Any

from qjm_widgets._printable import printable
from qjm_widgets.core import formatting
from qjm_widgets.core.records import JobRecord
from qjm_widgets.core.set_groups import SetGroup
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.job_set import JobSet

#: The minimum width of the names in a narrow list, in characters.
_LEAST_NAME = 10


def dump(tree: Any) -> str:
    """Return JSON in ASCII, so that no text controls the terminal."""
    return json.dumps(tree, indent=2)


def line_of(tree: Any) -> str:
    """Return JSON in one line."""
    return json.dumps(tree)


def summary_tree(summary: SetSummary) -> dict[str, Any]:
    """Return the summary of a set as values for JSON."""
    record = summary.record
    return {
        "id": record.set_id,
        "name": record.name,
        "group": record.group,
        "backend": record.backend,
        "circuits": record.circuits,
        "created_at": _time(record.created_at),
        "tags": list(record.tags),
        "jobs": {status.value: number for status, number in summary.jobs.items() if number},
        "jobs_with_failed_circuits": summary.flawed,
        "driven_by": summary.owner,
        "interrupted": summary.interrupted,
    }


def set_tree(job_set: JobSet) -> dict[str, Any]:
    """Return a set without its jobs as values for JSON."""
    state = job_set._state
    flawed = len(state.totals.flawed)
    return summary_tree(SetSummary(state.record, state.numbers(), _driver(job_set), flawed))


def jobs_tree(job_set: JobSet) -> list[dict[str, Any]]:
    """Return the jobs as values for JSON, in the order of their circuits."""
    return [_job(job) for job in job_set._state.ordered()]


def _driver(job_set: JobSet) -> str | None:
    state = job_set._state
    if state.over:
        return None
    return "this process" if state.adapter is not None else state.owner


def _job(job: JobRecord) -> dict[str, Any]:
    return {
        "row": job.row,
        "circuits": [job.span.start, job.span.stop],
        "points": None if job.points is None else list(job.points),
        "piece": job.piece,
        "pieces": job.pieces,
        "shots": job.shots,
        "precision": job.precision,
        "status": job.status.value,
        "cancel_requested": job.cancel_requested,
        "attempt": job.attempt,
        "job_id": job.job_id,
        "queue_position": job.queue_position,
        "qpu_seconds": job.qpu_seconds,
        "sent_at": _time(job.sent_at),
        "running_at": _time(job.running_at),
        "finished_at": _time(job.finished_at),
        "error": job.error,
        "failed_circuits": list(job.failed_circuits),
        "note": job.note,
        "last_error": job.last_error,
    }


def _time(at: float | None) -> str | None:
    return None if at is None else datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat()


def list_text(lines: Sequence[SetSummary | SetGroup], width: int | None = None) -> str:
    """Return the list of sets, one line for each: id, time of creation, name, backend and summary.

    Args:
        lines: the sets; a group is one line, with its number of sets in place of an id.
        width: the width of the terminal in characters; None for no limit. If the list is wider, the
            backend is left out, then the time, and then names are shortened.
    """
    if not lines:
        return "No job sets in the store."
    rows = [_group_line(line) if isinstance(line, SetGroup) else _line(line) for line in lines]
    widths = [max(len(row[place]) for row in rows) for place in range(5)]
    kept = [0, 1, 2, 3, 4]

    def excess() -> int:
        return 0 if width is None else max(0, sum(widths[column] + 2 for column in kept) - 2 - width)

    for place in (3, 1):
        if excess():
            kept.remove(place)
    widths[2] = max(min(widths[2], _LEAST_NAME), widths[2] - excess())
    cut = [[formatting.first_line(row[place], widths[place]) for place in range(5)] for row in rows]
    return "\n".join(
        "  ".join(f"{row[place]:<{widths[place]}}" for place in kept).rstrip() for row in cut
    )


def _group_line(group: SetGroup) -> tuple[str, str, str, str, str]:
    _, created, _, backend, _ = _line(group.sets[0])
    text = str(group.summary)
    if group.interrupted:
        text += f" · {group.interrupted:,} interrupted"
    sets = formatting.plural(len(group.sets), "set")
    return sets, created, formatting.first_line(group.name, 32), backend, text


def _line(summary: SetSummary) -> tuple[str, str, str, str, str]:
    record = summary.record
    created = f"{datetime.datetime.fromtimestamp(record.created_at):%Y-%m-%d %H:%M}"
    text = str(formatting.summary(summary.jobs, flawed=summary.flawed))
    if summary.interrupted:
        text += " · interrupted: qjm resume"
    elif summary.owner is not None and not summary.owner.startswith("this"):
        text += f" · driven by {summary.owner}"
    if record.unstored_circuits:
        text += f" · {formatting.unresumable(record)}"
    name, backend = formatting.first_line(record.name, 32), formatting.first_line(record.backend, 24)
    return record.set_id[:8], created, name, backend, text


def show_text(job_set: JobSet) -> str:
    """Return a set and its jobs as text."""
    owner = _driver(job_set)
    driven = f"\n  driven by {owner}" if owner is not None and not job_set._state.settled else ""
    return printable(job_set.report() + driven)


def counts_text(counts: dict[str, int]) -> str:
    """Return counts as text, the most frequent first, each with a bar of characters."""
    if not counts:
        return "No counts yet."
    most = max(counts.values())
    ranked = sorted(counts.items(), key=lambda pair: (-pair[1], pair[0]))
    lines = (
        f"  {formatting.first_line(key, 80)}  {count:>9,}  {formatting.bar_text(count, most, 30)}"
        for key, count in ranked
    )
    return "\n".join(line.rstrip() for line in lines)
