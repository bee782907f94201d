"""Cut the circuits, the points or the shots of jobs into jobs with rows of their own.

Every function runs on the engine's thread.
"""

from __future__ import annotations

import math
from contextlib import suppress
from dataclasses import replace
from typing import Any

from qjm_widgets.core.circuit_input import item_of
from qjm_widgets.core.formatting import circuits_words
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.core.seeds import SeedRule, piece_seed, point_seed, seed_at
from qjm_widgets.core.span_index import runs_of
from qjm_widgets.core.splitting import Item, parts
from qjm_widgets.engine.engine_set import EngineSet
from qjm_widgets.engine.transitions import FRESH, Transitions
from qjm_widgets.errors import NotAvailableError, QJMError


def halve(transitions: Transitions, job_set: EngineSet, row: int, text: str) -> None:
    """Cut a job of several circuits, or of several points of one, into two.

    The second half gets a row of its own.
    """
    text = f"too large, cut in halves: {text}"
    start, stop = job_set.jobs[row].span
    if stop - start == 1:
        _cut_points(transitions, job_set, row, text)
    else:
        _cut(transitions, job_set, row, (start + stop) // 2, text)


def can_be_halved(job_set: EngineSet, job: JobRecord) -> bool:
    """Return whether a job has several circuits, or several points of one."""
    if len(job.span) > 1:
        return True
    try:
        return len(_points(job_set, job)[0]) > 1
    except QJMError:  # the circuit cannot be read: submitting it again reports why
        return False


def cut_out(transitions: Transitions, job_set: EngineSet, row: int, circuit: int, text: str) -> None:
    """Cut a job of several circuits before a circuit, or after it if it is the job's first circuit."""
    start = job_set.jobs[row].span.start
    _cut(transitions, job_set, row, circuit + 1 if circuit == start else circuit, text)


def _cut(transitions: Transitions, job_set: EngineSet, row: int, at: int, text: str) -> None:
    job = job_set.jobs[row]
    if job.cancel_requested:
        transitions.unsend(job_set, row, text)
        return
    start, stop = job.span
    job_set.jobs[row] = replace(job, span=Span(start, at))
    transitions.unsend(job_set, row, text)
    _add_part(transitions, job_set, job, Span(at, stop), f"cut from job {row}")


def _cut_points(transitions: Transitions, job_set: EngineSet, row: int, text: str) -> None:
    job = job_set.jobs[row]
    if job.cancel_requested:
        transitions.unsend(job_set, row, text)
        return
    points, shape = _points(job_set, job)
    middle = (points.start + points.stop) // 2
    job_set.jobs[row] = replace(job, points=Span(points.start, middle), pub_shape=shape)
    transitions.unsend(job_set, row, text)
    seed = job.seed
    if seed is not None:
        seed = point_seed(job_set.adapter.seed_rule, seed, middle - points.start)
    second = {"points": Span(middle, points.stop), "pub_shape": shape, "seed": seed}
    _add_part(transitions, job_set, job, job.span, f"cut from job {row}", **second)


def _points(job_set: EngineSet, job: JobRecord) -> tuple[Span, tuple[int, ...]]:
    """Return the points of a job of one circuit, and the shape of all points of that circuit.

    Raises:
        QJMError: the circuit cannot be read.
    """
    if job.points is not None:
        return job.points, job.pub_shape
    [circuit] = job_set.state.circuits.get(job.span)
    return Span(0, math.prod(circuit.shape)), circuit.shape


def rerun_failed(transitions: Transitions, job_set: EngineSet, row: int) -> int:
    """Give the failed circuits of a done job rows of their own, one row for each run of neighbours.

    The attempt of these rows is higher than the job's attempt, so that no two attempts have the same
    identity. The job keeps the results of its other circuits.

    Returns:
        How many rows were added.
    """
    job = job_set.jobs[row]
    spans = runs_of(job.failed_circuits)
    again = replace(job, attempt=job.attempt + 1, cancel_requested=False, error=None)
    for span in spans:
        _add_part(transitions, job_set, again, span, f"failed in job {row}", spent_seconds=None)
    note = f"{circuits_words(job.failed_circuits)} failed: sent again"
    transitions.amend(job_set, row, failed_circuits=(), note=note)
    return len(spans)


def _add_part(
    transitions: Transitions, job_set: EngineSet, job: JobRecord, span: Span, text: str, **fields: Any
) -> None:
    """Give a part of a job's circuits a row of its own, which is Not sent."""
    part = replace(
        job,
        row=len(job_set.jobs),
        span=span,
        status=Status.NOT_SENT,
        since=transitions.wall(),
        **{**FRESH, "seed": _seed_at(job_set, job, span.start), **fields},
    )
    job_set.jobs.append(part)
    transitions.change(job_set, part.row, Status.NOT_SENT, text=text)
    job_set.add_unsent([part.row])


def cut_shots(transitions: Transitions, job_set: EngineSet, row: int, most: int) -> None:
    """Cut the shots of a job that is Not sent into pieces of at most ``most`` shots.

    Each piece after the first gets a row of its own.
    """
    job = job_set.jobs[row]
    shots = job.shots or 0
    first, *others = parts(shots, -(-shots // most))
    overlapping = [other for other in job_set.jobs if _overlap(other, job)]
    at = max(max(other.pieces, other.piece + 1) for other in overlapping)
    pieces = at + len(others)
    for other in overlapping:
        # A job that was sent keeps its number of pieces, because its tag has this number.
        if other.status is Status.NOT_SENT:
            transitions.amend(job_set, other.row, pieces=pieces)
    text = f"{job_set.adapter.name} takes {most:,} shots at once"
    transitions.amend(job_set, row, shots=first, last_error=f"{text}: cut from {shots:,}")
    for piece, part in enumerate(others, at):
        seed = job.seed
        if seed is not None:
            seed = piece_seed(job_set.adapter.seed_rule, seed, piece)
        new = replace(
            job_set.jobs[row],
            row=len(job_set.jobs),
            piece=piece,
            shots=part,
            seed=seed,
            since=transitions.wall(),
            last_error=None,
        )
        job_set.jobs.append(new)
        transitions.change(job_set, new.row, Status.NOT_SENT, text=f"shots of job {row}: {text}")
        job_set.add_unsent([new.row])


def _overlap(job: JobRecord, other: JobRecord) -> bool:
    """Return whether jobs have some circuits and points in common."""
    if not job.span.overlaps(other.span):
        return False
    return job.points is None or other.points is None or job.points.overlaps(other.points)


def _seed_at(job_set: EngineSet, job: JobRecord, circuit: int) -> int | None:
    """Return the seed of a new job that begins at a circuit of an existing job."""
    rule = job_set.adapter.seed_rule
    before = Span(job.span.start, circuit + 1)
    items = [Item()] * len(before)
    if rule is SeedRule.AER_BY_SHOTS and job.seed is not None and len(before) > 1:
        # Only samplers run circuits of several points, or of several numbers of shots.
        with suppress(NotAvailableError):  # a lost circuit draws no samples
            items = [item_of(circuit_input) for circuit_input in job_set.state.circuits.get(before)]
    return seed_at(rule, job.seed, items, circuit - job.span.start)
