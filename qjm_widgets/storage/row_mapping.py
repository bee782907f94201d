"""Records to rows of the tables in ``schema.sql``, and back.

Whole numbers pass through ``int``: numpy's integers come out of index arithmetic, and SQLite does
not know them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.store_port import SetSummary

Row = tuple[Any, ...]

SET_COLUMNS = (
    "set_id, name, backend, adapter, circuits, created_at, shots_min, shots_max, tags, options,"
    " unstored_options, survives_kernel, rerun_on_resume, resumable, recipe,"
    " batch_id, max_qpu_seconds, complete, transpiles, unstored_circuits"
)
JOB_COLUMNS = (
    "row, start, stop, piece, pieces, shots, seed, status, cancel_requested, attempt, job_id,"
    " since, sent_at, running_at, finished_at, checked_at, error, last_error,"
    " queue_position, estimated_seconds, qpu_seconds, note, spent_seconds, failed_circuits, retryable"
)
CHANGE_COLUMNS = "row, attempt, status, at, job_id, text"
CIRCUIT_COLUMNS = "start, stop, encoding, notes, data, untranspiled, parts"

# A dictionary is several times faster than calling the Enum, and there may be 10,000 rows.
_STATUSES = {status.value: status for status in Status}


def set_to_row(record: JobSetRecord) -> Row:
    """The values of ``SET_COLUMNS``."""
    shots_min, shots_max = record.shots if record.shots is not None else (None, None)
    return (
        record.set_id,
        _text(record.name),
        _text(record.backend),
        record.adapter,
        int(record.circuits),
        float(record.created_at),
        _integer(shots_min),
        _integer(shots_max),
        json.dumps(list(record.tags)),
        json.dumps(dict(record.options)),
        json.dumps(list(record.unstored_options)),
        record.survives_kernel,
        record.rerun_on_resume,
        record.resumable,
        record.recipe,
        _text(record.batch_id),
        _seconds(record.max_qpu_seconds),
        record.complete,
        record.transpiles,
        json.dumps(list(map(int, record.unstored_circuits))),
    )


def set_from_row(row: Row) -> JobSetRecord:
    """The record of a row of ``SET_COLUMNS``."""
    (
        set_id,
        name,
        backend,
        adapter,
        circuits,
        created_at,
        shots_min,
        shots_max,
        tags,
        options,
        unstored_options,
        survives_kernel,
        rerun_on_resume,
        resumable,
        recipe,
        batch_id,
        max_qpu_seconds,
        complete,
        transpiles,
        unstored_circuits,
    ) = row
    return JobSetRecord(
        set_id=set_id,
        name=name,
        backend=backend,
        adapter=adapter,
        circuits=circuits,
        created_at=created_at,
        shots=None if shots_min is None else (shots_min, shots_max),
        tags=tuple(json.loads(tags)),
        options=json.loads(options),
        unstored_options=tuple(json.loads(unstored_options)),
        survives_kernel=_flag(survives_kernel),
        rerun_on_resume=_flag(rerun_on_resume),
        resumable=bool(resumable),
        recipe=recipe,
        batch_id=batch_id,
        max_qpu_seconds=max_qpu_seconds,
        complete=bool(complete),
        transpiles=bool(transpiles),
        unstored_circuits=tuple(json.loads(unstored_circuits)),
    )


def job_to_row(set_key: int, job: JobRecord) -> Row:
    """The set's key and the values of ``JOB_COLUMNS``."""
    return (
        set_key,
        int(job.row),
        int(job.span.start),
        int(job.span.stop),
        int(job.piece),
        int(job.pieces),
        _integer(job.shots),
        None if job.seed is None else str(int(job.seed)),
        job.status.value,
        bool(job.cancel_requested),
        int(job.attempt),
        _text(job.job_id),
        float(job.since),
        _seconds(job.sent_at),
        _seconds(job.running_at),
        _seconds(job.finished_at),
        _seconds(job.checked_at),
        _text(job.error),
        _text(job.last_error),
        _integer(job.queue_position),
        _seconds(job.estimated_seconds),
        _seconds(job.qpu_seconds),
        _text(job.note),
        _seconds(job.spent_seconds),
        json.dumps([int(circuit) for circuit in job.failed_circuits]) if job.failed_circuits else None,
        bool(job.retryable),
    )


def job_from_row(row: Row) -> JobRecord:
    """The record of a row of ``JOB_COLUMNS``."""
    (number, start, stop, piece, pieces, shots, seed, status, cancel_requested, *rest) = row
    *rest, failed, retryable = rest
    rest += [() if failed is None else tuple(json.loads(failed)), bool(retryable)]
    return JobRecord(
        number,
        Span(start, stop),
        piece,
        pieces,
        shots,
        None if seed is None else int(seed),
        _STATUSES[status],
        bool(cancel_requested),
        *rest,
    )


def change_to_row(set_key: int, change: StatusChange) -> Row:
    """The set's key and the values of ``CHANGE_COLUMNS``."""
    return (
        set_key,
        int(change.row),
        int(change.attempt),
        change.status.value,
        float(change.at),
        _text(change.job_id),
        _text(change.text),
    )


def change_from_row(row: Row) -> StatusChange:
    """The record of a row of ``CHANGE_COLUMNS``."""
    number, attempt, status, at, job_id, text = row
    return StatusChange(number, attempt, _STATUSES[status], at, job_id, text)


def block_to_row(set_key: int, block: CircuitBlock) -> tuple[Row, Row, bytes]:
    """The key of a block, what is beside its data, and its data."""
    span = block.span
    key = (set_key, int(span.start), int(span.stop))
    return key, (block.encoding, _text(block.notes), bool(block.untranspiled)), block.data


def summaries_from_rows(rows: list[Row], living: Callable[[str | None], str | None]) -> list[SetSummary]:
    """Join rows of ``SET_COLUMNS``, an owner, a status and its numbers of jobs (all, and flawed ones).

    Those of one set follow each other. ``living`` tells in words who an owner is, or None where it lives
    no more.
    """
    summaries: list[SetSummary] = []
    owners: list[str | None] = []
    counts: dict[Status, int] = {}
    last: str | None = None
    for *columns, owner, status, number, flawed in rows:
        if columns[0] != last:
            last, counts = columns[0], {}
            summaries.append(SetSummary(set_from_row(tuple(columns)), counts))
            owners.append(owner)
        if status is not None:  # a set without jobs
            counts[_STATUSES[status]] = number
        if flawed:
            summaries[-1] = summaries[-1]._replace(flawed=flawed)
    return [
        summary if summary.over else summary._replace(owner=living(owner))
        for summary, owner in zip(summaries, owners, strict=True)
    ]


def _integer(value: int | None) -> int | None:
    return None if value is None else int(value)


def _seconds(value: float | None) -> float | None:
    return None if value is None else float(value)


def _flag(value: int | None) -> bool | None:
    return None if value is None else bool(value)


def _text(value: str | None) -> str | None:
    # Error messages come from anywhere. A lone surrogate has no UTF-8, and one odd character must
    # not lose a whole transaction.
    if value is None or value.isascii():
        return value
    return value.encode("utf-8", "backslashreplace").decode("utf-8")
