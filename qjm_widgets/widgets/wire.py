"""Messages to the page, as ``js/src/protocol/wire.ts`` declares them.

``wire_head`` has the head, and ``wire_answers`` what a page asks for. Pure functions from records to
JSON. Times on the wire are milliseconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core import formatting
from qjm_widgets.core.histogram import Histogram
from qjm_widgets.core.records import JobRecord, Span, Status

#: The version of the messages; the page and the kernel ignore messages of another version.
VERSION = 1
#: The maximum number of characters in a name or a note.
TEXT_LENGTH = 200
_KEY_LENGTH = 2_000


def runs(jobs: Sequence[JobRecord]) -> list[list[int]]:
    """Return the map of rows to spans, run-length coded: ``[start, circuits a job, pieces, spans]``.

    If only some shot pieces of a span were cut in halves, each of their rows is a span by itself. Ranges
    of the points of one circuit are coded as ``[start, 1, pieces, ranges, first point, points a range,
    end]``; the last range may have fewer points.
    """
    coded: list[list[int]] = []
    at = 0
    while at < len(jobs):
        span, pieces = jobs[at].span, jobs[at].pieces
        if jobs[at].points is not None:
            coded.append(_ranges(jobs, at))
            at += coded[-1][2] * coded[-1][3]
            continue
        found = [(job.span, job.piece) for job in jobs[at : at + pieces]]
        if found != [(span, piece) for piece in range(pieces)]:
            pieces = 1
        size = len(span)
        last = coded[-1] if coded else None
        if last is not None and last[1:3] == [size, pieces] and last[0] + last[3] * size == span.start:
            last[3] += 1
        else:
            coded.append([span.start, size, pieces, 1])
        at += pieces
    return coded


def _ranges(jobs: Sequence[JobRecord], at: int) -> list[int]:
    """Code the ranges of one circuit's points from a row on, as far as they are regular."""
    span, pieces = jobs[at].span, jobs[at].pieces
    first = reach = (jobs[at].points or Span(0, 0)).start
    step = len(jobs[at].points or ())
    ranges = 0
    while at < len(jobs) and reach == first + ranges * step:
        points = jobs[at].points
        found = [(job.span, job.points, job.piece) for job in jobs[at : at + pieces]]
        if points is None or points.start != reach or len(points) > step:
            break
        if found != [(span, points, piece) for piece in range(pieces)]:
            break
        ranges, reach, at = ranges + 1, points.stop, at + pieces
    if not ranges:  # of one piece only
        return [span.start, 1, 1, 1, first, step, first + step]
    return [span.start, 1, pieces, ranges, first, step, reach]


def row(index: int, job: JobRecord, now: float, *, driven: bool) -> dict[str, Any]:
    """Return one job for a visible row; ``index`` is its place in the order of the circuits."""
    shown = formatting.row(job, now)
    fields = {
        "i": index,
        "start": job.span.start,
        "stop": job.span.stop,
        "piece": job.piece,
        "pieces": job.pieces,
        "points": None if job.points is None else list(job.points),
        "status": job.status.value,
        "cancelRequested": job.cancel_requested and not job.status.final,
        "attempt": job.attempt,
        "jobId": None if job.job_id is None else formatting.first_line(job.job_id, TEXT_LENGTH),
        "queue": shown.queue,
        "qpu": milliseconds(job.qpu_seconds),
        "since": milliseconds(job.since),
        "waited": milliseconds(shown.waited),
        "ran": milliseconds(shown.ran),
        "note": shown.note,
        "can": _actions(job) if driven else [],
    }
    # The page reads a missing field as null or false; rows are most of what is sent and saved.
    return {name: value for name, value in fields.items() if value is not None and value is not False}


def _actions(job: JobRecord) -> list[str]:
    if job.status is Status.ERROR or job.flawed:
        return ["retry"] if job.retryable else []
    if job.status is Status.HELD and job.retryable:
        return ["retry_held", "cancel"]
    return [] if job.status.final or job.cancel_requested else ["cancel"]


def histogram(
    selection: Mapping[str, Any],
    bars: Histogram,
    jobs: int,
    of: int,
    notes: Sequence[str] = (),
    estimates: Sequence[str] | None = None,
) -> dict[str, Any]:
    """Return the histogram of a selection.

    Args:
        selection: the circuits and bits, as the page reads them.
        bars: the bars.
        jobs: how many jobs are in the bars.
        of: how many jobs hold circuits of the selection.
        notes: sentences for the user.
        estimates: replaces the bars in a set of expectation values, a line a circuit.
    """
    likeness = bars.likeness
    found = {
        "choice": selection,
        "jobs": jobs,
        "of": of,
        "shots": bars.shots,
        "keys": [formatting.first_line(key, _KEY_LENGTH) for key in bars.keys],
        "counts": bars.counts,
        "rest": {"outcomes": bars.other_outcomes, "shots": bars.other_shots},
        "expected": None
        if likeness is None
        else {
            "values": [round(value, 7) for value in likeness.values],
            "rest": round(likeness.rest, 7),
            "fidelity": round(likeness.fidelity, 6),
            "distance": round(likeness.distance, 6),
        },
        "notes": list(notes),
    }
    return found if estimates is None else found | {"estimates": list(estimates)}


def timeline(
    jobs: int,
    *,
    bars: Sequence[tuple[int, int, float, float | None, float | None, int]] | None = None,
    spans: Sequence[tuple[int, float, float]] = (),
    steps: Mapping[str, Sequence[float]] | None = None,
) -> dict[str, Any]:
    """Return when jobs waited and ran: a bar for each attempt, or the numbers of jobs over time.

    Args:
        jobs: how many jobs the set has.
        bars: ``(job, attempt, sent, running, ended, status)``, times in seconds since 1970; the status
            as its place in ``Status``.
        spans: when the processor executed a job: ``(job, start, stop)``, in seconds since 1970.
        steps: ``at`` (seconds since 1970), and how many jobs were ``waiting`` and ``running`` from then.
    """
    message: dict[str, Any] = {"kind": "timeline", "v": VERSION, "jobs": jobs}
    if bars is not None:
        message["bars"] = [
            [job, attempt, milliseconds(sent), milliseconds(running), milliseconds(ended), status]
            for job, attempt, sent, running, ended, status in bars
        ]
    if spans:
        message["spans"] = [[job, milliseconds(start), milliseconds(stop)] for job, start, stop in spans]
    if steps is not None:
        message["steps"] = {**steps, "at": [milliseconds(at) for at in steps["at"]]}
    return message


def update(
    seq: int,
    heading: Mapping[str, Any],
    *,
    rows: Sequence[Mapping[str, Any]] = (),
    histograms: Sequence[Mapping[str, Any]] = (),
    orders: Sequence[Mapping[str, Any]] = (),
    layout: Sequence[Sequence[int]] | None = None,
    full: bool = True,
) -> dict[str, Any]:
    """Return an Update without its buffers, which are the statuses, then the rows of each order.

    Args:
        seq: the number of the message.
        heading: what ``wire_head.head`` returns.
        rows: visible rows that changed.
        histograms: histograms and sweeps that changed.
        orders: orders that changed.
        layout: what ``runs`` returns, if it changed.
        full: whether it replaces all that the page has; it takes effect only with a layout.
    """
    message: dict[str, Any] = {
        "kind": "update",
        "v": VERSION,
        "seq": seq,
        "full": full and layout is not None,
        "head": heading,
    }
    if layout is not None:
        message["runs"] = layout
    if rows:
        message["rows"] = list(rows)
    counts = [chart for chart in histograms if "choice" in chart]
    sweeps = [chart for chart in histograms if "axes" in chart]
    if counts:
        message["histograms"] = counts
    if sweeps:
        message["sweeps"] = sweeps
    if orders:
        message["orders"] = list(orders)
    return message


def order(view: str, query_number: int, chosen: bool) -> dict[str, Any]:
    """Return the answer to a view's query.

    Args:
        view: its name.
        query_number: the view's number for the query.
        chosen: True if a buffer has the rows (``order_rows``), False for the order of the circuits.
    """
    return {"view": view, "asked": query_number, "chosen": chosen}


def order_rows(indices: Sequence[int]) -> bytes:
    """Encode row numbers as the page reads them: four bytes each, little-endian."""
    return np.asarray(indices, dtype="<u4").tobytes()


def milliseconds(seconds: float | None) -> int | None:
    """Return a time or duration in seconds as the page has it."""
    return None if seconds is None else round(seconds * 1000)
