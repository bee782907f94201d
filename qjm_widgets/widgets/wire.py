"""What is said to the page, in the shapes that ``js/src/wire.ts`` writes down.

Pure functions from records to JSON. Times on the wire are milliseconds since 1970, UTC.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core import formatting
from qjm_widgets.core.histogram import Histogram
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.totals import BackendFacts

VERSION = 1
_TEXT = 200
_ERROR = 20_000
_KEY = 2_000


def runs(jobs: Sequence[JobRecord]) -> list[list[int]]:
    """How rows map to spans, run-length coded: ``[start, circuits a job, pieces, spans]``.

    Where only some shot pieces of a span were cut in halves, each of their rows is a span by itself.
    """
    coded: list[list[int]] = []
    at = 0
    while at < len(jobs):
        span, pieces = jobs[at].span, jobs[at].pieces
        whole = [(job.span, job.piece) for job in jobs[at : at + pieces]]
        if whole != [(span, piece) for piece in range(pieces)]:
            pieces = 1
        size = len(span)
        last = coded[-1] if coded else None
        if last is not None and last[1:3] == [size, pieces] and last[0] + last[3] * size == span.start:
            last[3] += 1
        else:
            coded.append([span.start, size, pieces, 1])
        at += pieces
    return coded


def head(
    record: JobSetRecord,
    numbers: Mapping[Status, int],
    *,
    settled: bool,
    trouble: str | None,
    driven: bool,
    now: float,
    interrupted: bool = False,
    paused: bool = False,
    waiting: formatting.Waiting | None = None,
    owner: str | None = None,
    told: BackendFacts | None = None,
    heard_at: float | None = None,
    ends: float | None = None,
    took: float | None = None,
    teaching: bool = False,
    flawed: int = 0,
    rerunnable: int = 0,
    unretryable: Mapping[Status, int] | None = None,
) -> dict[str, Any]:
    """The set in one line, and what its buttons would act on.

    Args:
        heard_at: when the backend last answered; said where asking fails now.
        ends: when the last job will probably have ended.
        took: from the first submission to the end of the last job.
        teaching: the page explains what it shows.
        flawed: how many of the jobs that are done have failed circuits.
        rerunnable: how many of those can be sent again.
        unretryable: how many jobs of each status can never be sent again.
    """
    lost, failed = unretryable or {}, numbers.get(Status.ERROR, 0)
    words = formatting.summary(numbers, trouble, flawed=flawed)
    line = f"{words.rest} when its kernel ended" if interrupted else words.rest
    under_way = sum(number for status, number in numbers.items() if not status.final)
    return {
        "id": record.set_id,
        "name": formatting.first_line(record.name, _TEXT),
        "backend": formatting.first_line(record.backend, _TEXT),
        "circuits": record.circuits,
        "shots": list(record.shots or (0, 0)),
        "lead": words.lead,
        "line": ", ".join(filter(None, (line, formatting.unresumable(record)))),
        "settled": settled,
        "now": _ms(now),
        "can": {
            "cancel": under_way if driven else 0,
            "retry": failed - lost.get(Status.ERROR, 0) + rerunnable if driven else 0,
            "retry_held": numbers.get(Status.HELD, 0) - lost.get(Status.HELD, 0) if driven else 0,
            "pause": driven and not paused and numbers.get(Status.NOT_SENT, 0) > 0,
            "proceed": driven and paused,
            "resume": interrupted,
        },
        "waiting": None if waiting is None else {"text": waiting.text, "until": _ms(waiting.until)},
        "owner": owner,
        "ends": _ms(ends),
        "took": _ms(took),
        "qpu": None if told is None else _ms(told.qpu_seconds),
        "columns": [] if told is None else list(told.columns),
        "stale": _stale(told, heard_at),
        "teaching": teaching,
    }


def _stale(told: BackendFacts | None, heard_at: float | None) -> dict[str, Any] | None:
    since = heard_at or (told and told.known_at)
    if told is None or told.unheard is None or since is None:
        return None
    return {"since": _ms(since), "text": formatting.first_line(told.unheard, _TEXT)}


def row(index: int, job: JobRecord, now: float, *, driven: bool) -> dict[str, Any]:
    """One job, for a row in sight; ``index`` is its place in the order of the circuits."""
    shown = formatting.row(job, now)
    told = {
        "i": index,
        "start": job.span.start,
        "stop": job.span.stop,
        "piece": job.piece,
        "pieces": job.pieces,
        "status": job.status.value,
        "cancelRequested": job.cancel_requested and not job.status.final,
        "attempt": job.attempt,
        "jobId": None if job.job_id is None else formatting.first_line(job.job_id, _TEXT),
        "queue": shown.queue,
        "qpu": _ms(job.qpu_seconds),
        "since": _ms(job.since),
        "waited": _ms(shown.waited),
        "ran": _ms(shown.ran),
        "note": shown.note,
        "can": _can(job) if driven else [],
    }
    # The page takes what is left out for null or false; rows are most of what is sent and saved.
    return {name: value for name, value in told.items() if value is not None and value is not False}


def _can(job: JobRecord) -> list[str]:
    if job.status is Status.ERROR or job.flawed:
        return ["retry"] if job.retryable else []
    if job.status is Status.HELD and job.retryable:
        return ["retry_held", "cancel"]
    return [] if job.status.final or job.cancel_requested else ["cancel"]


def histogram(
    choice: Mapping[str, Any], bars: Histogram, jobs: int, of: int, notes: Sequence[str] = ()
) -> dict[str, Any]:
    """The bars of a choice; ``jobs`` of the ``of`` jobs that hold its circuits are in them."""
    likeness = bars.likeness
    return {
        "choice": choice,
        "jobs": jobs,
        "of": of,
        "shots": bars.shots,
        "keys": [formatting.first_line(key, _KEY) for key in bars.keys],
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


def groups(found: Mapping[str, Any]) -> dict[str, Any]:
    """The answer to ``groups``."""
    return {"kind": "groups", "v": VERSION, **found}


def timeline(
    jobs: int,
    *,
    bars: Sequence[tuple[int, int, float, float | None, float | None, int]] | None = None,
    steps: Mapping[str, Sequence[float]] | None = None,
) -> dict[str, Any]:
    """When jobs waited and ran: each of their tries (``bars``), or how many at which time.

    Args:
        jobs: how many jobs the set has.
        bars: ``(job, attempt, sent, running, ended, status)``, seconds since 1970.
        steps: ``at`` (seconds since 1970), and how many jobs were ``waiting`` and ``running`` from then.
    """
    message: dict[str, Any] = {"kind": "timeline", "v": VERSION, "jobs": jobs}
    if bars is not None:
        message["bars"] = [
            [job, attempt, _ms(sent), _ms(running), _ms(ended), status]
            for job, attempt, sent, running, ended, status in bars
        ]
    if steps is not None:
        message["steps"] = {**steps, "at": [_ms(at) for at in steps["at"]]}
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
    """An Update; a full one needs a layout. The statuses go beside it, then the rows of each order."""
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
    if histograms:
        message["histograms"] = list(histograms)
    if orders:
        message["orders"] = list(orders)
    return message


def order(view: str, asked: int, chosen: bool) -> dict[str, Any]:
    """The answer to a view's query number ``asked``: its rows go beside, or all as circuits go."""
    return {"view": view, "asked": asked, "chosen": chosen}


def order_rows(indices: Sequence[int]) -> bytes:
    """Row numbers as the page reads them: four bytes each, little-endian."""
    return np.asarray(indices, dtype="<u4").tobytes()


def detail(
    index: int,
    job: JobRecord,
    history: Sequence[StatusChange],
    clock: Any,
    failures: str | None = None,
) -> dict[str, Any]:
    """A job's drawer.

    Args:
        index: its place in the order of the circuits.
        job: the job.
        history: its statuses, oldest first.
        clock: writes a time (seconds) as text.
        failures: which circuits of a done job failed, and why.
    """
    circuits = f"circuit{'' if len(job.span) == 1 else 's'} {job.span}"
    attempts = f"attempt {job.attempt}" if job.attempt > 1 else "first attempt"
    error = failures or (job.error if job.status is Status.ERROR else job.last_error)
    return {
        "kind": "detail",
        "v": VERSION,
        "row": index,
        "title": f"Job {index}, {circuits} · {attempts}",
        "error": None if error is None else _whole(error),
        "history": [_history_line(change, clock) for change in history],
    }


def _history_line(change: StatusChange, clock: Any) -> str:
    line = f"{clock(change.at)}  {formatting.STATUS_NAMES[change.status]}"
    if change.attempt > 1:
        line += f" (attempt {change.attempt})"
    return f"{line}: {formatting.first_line(change.text)}" if change.text else line


def drawings(
    index: int,
    span: Span,
    first: int,
    drawn: Sequence[Mapping[str, Any]],
    problem: str | None = None,
) -> dict[str, Any]:
    """Some circuits of a job, drawn; ``first`` is the place in the job of the first of them."""
    return {
        "kind": "drawings",
        "v": VERSION,
        "row": index,
        "first": first,
        "of": len(span),
        "drawings": list(drawn),
        "problem": problem,
    }


def ack(command: str, ok: bool, text: str) -> dict[str, Any]:
    """The answer to a command."""
    return {"kind": "ack", "v": VERSION, "id": command, "ok": ok, "text": text}


def _whole(text: str) -> str:
    return text if len(text) <= _ERROR else text[:_ERROR] + f"\n… ({len(text):,} characters in all)"


def _ms(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds * 1000)
