"""Answers to messages of the page, as ``js/src/protocol/wire.ts`` declares them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qjm_widgets.core import formatting
from qjm_widgets.core.records import JobRecord, Span, Status, StatusChange
from qjm_widgets.widgets.wire import VERSION

_ERROR_LENGTH = 20_000


def detail(
    index: int,
    job: JobRecord,
    history: Sequence[StatusChange],
    clock: Callable[[float], str],
    failures: str | None = None,
) -> dict[str, Any]:
    """Return the details of a job.

    Args:
        index: its place in the order of the circuits.
        job: the job.
        history: its statuses, oldest first.
        clock: formats a time (seconds since 1970).
        failures: which circuits of a done job failed, and why, or None.
    """
    circuits = f"circuit{'' if len(job.span) == 1 else 's'} {job.where}"
    attempts = f"attempt {job.attempt}" if job.attempt > 1 else "first attempt"
    error = failures or (job.error if job.status is Status.ERROR else job.last_error)
    return {
        "kind": "detail",
        "v": VERSION,
        "row": index,
        "title": f"Job {index}, {circuits} · {attempts}",
        "error": None if error is None else _shortened(error),
        "history": [_history_line(change, clock) for change in history],
    }


def _history_line(change: StatusChange, clock: Callable[[float], str]) -> str:
    line = f"{clock(change.at)}  {formatting.STATUS_NAMES[change.status]}"
    if change.attempt > 1:
        line += f" (attempt {change.attempt})"
    return f"{line}: {formatting.first_line(change.text)}" if change.text else line


def _shortened(text: str) -> str:
    if len(text) <= _ERROR_LENGTH:
        return text
    return text[:_ERROR_LENGTH] + f"\n… ({len(text):,} characters in all)"


def drawings(
    index: int,
    span: Span,
    first: int,
    drawn: Sequence[Mapping[str, Any]],
    problem: str | None = None,
) -> dict[str, Any]:
    """Return drawings of circuits of a job.

    Args:
        index: the job's place in the order of the circuits.
        span: its circuits.
        first: the place in the job of the first drawn circuit.
        drawn: what ``circuit_drawing.draw`` returns.
        problem: why they cannot be drawn, or None.
    """
    return {
        "kind": "drawings",
        "v": VERSION,
        "row": index,
        "first": first,
        "of": len(span),
        "drawings": list(drawn),
        "problem": problem,
    }


def groups(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return the answer to the page's ``groups``."""
    return {"kind": "groups", "v": VERSION, **found}


def ack(command: str, ok: bool, text: str) -> dict[str, Any]:
    """Return the answer to a command."""
    return {"kind": "ack", "v": VERSION, "id": command, "ok": ok, "text": text}


def file(command: str) -> dict[str, Any]:
    """Return the message of one piece of a file that a command asked for; its buffer has the bytes."""
    return {"kind": "file", "v": VERSION, "id": command}


def plotly() -> dict[str, Any]:
    """Return the message with Plotly; its buffer has the bytes."""
    return {"kind": "plotly", "v": VERSION}
