"""Make records from a provider's jobs: those of sets found by tags, and those of other programs."""

from __future__ import annotations

import math
import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from qjm_widgets.core.job_tags import (
    Identity,
    identity_in,
    name_in,
    others_in,
    parse_identity,
    set_tags_in,
)
from qjm_widgets.core.program_item import PROGRAM_ADAPTERS
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.core.span_index import may_run_again
from qjm_widgets.errors import InputError, JobSetNotFoundError

_MISSING = (
    "no job of this set that the provider has holds these circuits: never sent, or deleted there. "
    "Run them as a new set."
)
# Of several jobs of one place and attempt, one with an earlier status here is chosen.
_BEST = (Status.DONE, Status.RUNNING, Status.QUEUED, Status.ERROR, Status.CANCELLED)


class FoundSet(NamedTuple):
    """A set whose jobs a provider's account has.

    Attributes:
        job_set_id: the set's id, as ``retrieve_job_set`` takes it.
        circuits: number of circuits of the set.
        created_at: time of its first job, seconds since 1970, UTC.
        jobs: number of jobs in each status.
        missing: number of circuits of which no job holds some or all shots.
        instance: the provider's id of the instance that has its first job; None if it is unknown.
    """

    job_set_id: str
    name: str
    backend: str
    circuits: int
    created_at: float
    jobs: Mapping[Status, int]
    missing: int
    instance: str | None = None


class _Placed(NamedTuple):
    job: RemoteJob
    identity: Identity


def assemble(
    set_id: str, found: Sequence[RemoteJob], now: float
) -> tuple[JobSetRecord, list[JobRecord]]:
    """Assemble a set from the tags of its jobs, in the order of its circuits.

    Circuits that no job holds become failed jobs. Foreign jobs with the set's tag, and invalid tags, are
    ignored. Of several jobs with the same span and piece, a done one is taken, or else the newest
    attempt.

    Args:
        set_id: 32 hexadecimal digits.
        found: jobs with the set's tag, oldest first.
        now: seconds since 1970, UTC.

    Raises:
        JobSetNotFoundError: no job is of that set.
    """
    placed = _placed(set_id, found)
    if not placed:
        raise JobSetNotFoundError(f"the provider has no job of job set {set_id}")
    circuits = placed[0].identity.circuits or max(item.identity.span.stop for item in placed)
    chosen, duplicates = _choose(placed)
    shapes = _pub_shapes(chosen.values())
    rows: list[JobRecord] = []
    for place in _places(chosen, circuits, shapes):
        taken = chosen.get(place)
        span, points, piece, pieces = place
        shape = () if points is None else shapes[span]
        if taken is None:
            gap = JobRecord(len(rows), span, piece, pieces, status=Status.ERROR, since=now)
            gap = replace(gap, error=_MISSING, retryable=False, points=points, pub_shape=shape)
            rows.append(gap)
        else:
            job = record_of(taken.job, len(rows), span, now)
            also = duplicates.get(place)
            note = f"the provider has it {len(also) + 1} times: also {', '.join(also)}" if also else None
            rows.append(
                replace(
                    job,
                    piece=piece,
                    pieces=pieces,
                    points=points,
                    pub_shape=shape,
                    attempt=taken.identity.attempt,
                    note="; ".join(text for text in (note, job.note) if text) or None,
                )
            )
    jobs = [item.job for item in placed]
    return _set_record(set_id, _name(jobs) or set_id, jobs, circuits), rows


def found_sets(jobs: Sequence[RemoteJob]) -> list[FoundSet]:
    """Return the sets to which jobs belong by their tags, newest first."""
    members: dict[str, list[RemoteJob]] = defaultdict(list)
    for job in jobs:
        for set_id in set_tags_in(job.tags):
            members[set_id].append(job)
    sets = []
    for set_id, found in members.items():
        try:
            record, rows = assemble(set_id, found, 0.0)
        except JobSetNotFoundError:
            continue  # only foreign jobs
        gaps = {circuit for row in rows if row.job_id is None for circuit in range(*row.span)}
        statuses = Counter(row.status for row in rows if row.job_id is not None)
        sets.append(
            FoundSet(
                set_id,
                record.name,
                record.backend,
                record.circuits,
                record.created_at,
                statuses,
                len(gaps),
                found[0].instance,
            )
        )
    return sorted(sets, key=lambda found: found.created_at, reverse=True)


def adopt(
    jobs: Sequence[tuple[RemoteJob, int]], name: str, now: float
) -> tuple[JobSetRecord, list[JobRecord]]:
    """Make a set of jobs that other programs submitted, in the given order.

    Args:
        jobs: the jobs, each with its number of circuits.
        name: the name of the set.
        now: seconds since 1970, UTC.

    Raises:
        InputError: the jobs are of several backends or instances, or of several kinds: some give
            expectation values, or ran a quantum program, and others did not.
    """
    backends = {job.backend for job, _ in jobs}
    if len(backends) > 1:
        raise InputError(f"the jobs ran on {', '.join(sorted(backends))}: adopt those of one at a time")
    if len({job.instance for job, _ in jobs}) > 1:
        some = ", ".join(f"{job.job_id} in {job.instance}" for job, _ in jobs[:5])
        raise InputError(f"the jobs are in several instances ({some}): adopt those of one at a time")
    if len({job.estimates for job, _ in jobs}) > 1:
        estimated = next(job.job_id for job, _ in jobs if job.estimates)
        raise InputError(
            f"job {estimated} gives expectation values and others give counts: a job set is of one kind"
        )
    of_programs = {job.adapter in PROGRAM_ADAPTERS for job, _ in jobs}
    if len(of_programs) > 1:
        of_program = next(job.job_id for job, _ in jobs if job.adapter in PROGRAM_ADAPTERS)
        raise InputError(
            f"job {of_program} ran a quantum program and others ran circuits: a job set is of one kind"
        )
    rows: list[JobRecord] = []
    start = 0
    for job, circuits in jobs:
        rows.append(record_of(job, len(rows), Span(start, start + circuits), now))
        start += circuits
    return _set_record(uuid.uuid4().hex, name, [job for job, _ in jobs], start), rows


def record_of(job: RemoteJob, row: int, span: Span, now: float) -> JobRecord:
    """Return the record of a provider's job; a job of unknown state becomes Queued and so is polled."""
    state = job.observation
    # If the time of the job's end is unknown, so are the times of waiting and running.
    over = state.status is not None and state.status.final and state.finished_at is None
    return JobRecord(
        row,
        span,
        status=state.status or Status.QUEUED,
        job_id=job.job_id,
        since=now,
        sent_at=None if over else job.created_at or None,
        running_at=state.running_at,
        finished_at=state.finished_at,
        checked_at=now,
        error=state.text if state.status is Status.ERROR else None,
        last_error=state.text if state.status is None else None,
        estimated_seconds=state.estimated_seconds,
        qpu_seconds=state.qpu_seconds,
        note=state.note,
        retryable=False,  # a provider returns results, but no circuits
    )


#: Circuits, points (None: all), piece of the shots, and number of pieces.
_Place = tuple[Span, Span | None, int, int]


def _placed(set_id: str, found: Sequence[RemoteJob]) -> list[_Placed]:
    """Return the jobs that have a place in the set.

    If their tags have different numbers of circuits, only those with the most common number are
    returned.
    """
    placed = []
    for job in found:
        identity = parse_identity(identity_in(job.tags) or "")
        if identity is not None and identity.set_id == set_id:
            placed.append(_Placed(job, identity))
    totals = Counter(item.identity.circuits for item in placed)
    most = totals.most_common(1)
    return [item for item in placed if item.identity.circuits == most[0][0]]


def _choose(placed: Sequence[_Placed]) -> tuple[dict[_Place, _Placed], dict[_Place, list[str]]]:
    """Return the chosen job of each place, and texts about further jobs of the same attempt."""
    chosen: dict[_Place, _Placed] = {}
    for item in sorted(placed, key=_rank):
        place = item.identity.place
        if place not in chosen and not any(_clash(item, other) for other in chosen.values()):
            chosen[place] = item
    duplicates: dict[_Place, list[str]] = defaultdict(list)
    for item in placed:
        identity = item.identity
        taken = chosen.get(identity.place)
        if taken is not None and taken is not item and taken.identity == identity:
            status = item.job.observation.status
            duplicates[identity.place].append(
                f"{item.job.job_id} ({'unknown' if status is None else status.value})"
            )
    return chosen, duplicates


def _rank(item: _Placed) -> tuple[bool, int, int, float]:
    """Return the sort key for the choice: done first, then newest attempt, best status, oldest job."""
    status = item.job.observation.status or Status.QUEUED
    return (
        status is not Status.DONE,
        -item.identity.attempt,
        _BEST.index(status),
        item.job.created_at,
    )


def _clash(item: _Placed, other: _Placed) -> bool:
    """Return whether two jobs hold a common circuit by different cuts, and neither reruns it."""
    one, two = item.identity, other.identity
    if not one.span.overlaps(two.span):
        return False
    if one.points is not None and two.points is not None and not one.points.overlaps(two.points):
        return False
    different = (one.span, one.points, one.pieces) != (two.span, two.points, two.pieces)
    return different and not (_runs_again(item, other) or _runs_again(other, item))


def _runs_again(item: _Placed, earlier: _Placed) -> bool:
    """Return whether a job reruns circuits that failed in an earlier done job."""
    new, old = item.identity, earlier.identity
    done = earlier.job.observation.status is Status.DONE and new.pieces == old.pieces
    return done and may_run_again(new.span, new.attempt, old.span, old.attempt)


def _pub_shapes(chosen: Iterable[_Placed]) -> dict[Span, tuple[int, ...]]:
    """Return the shape of each PUB that is cut along its points: of its tags the one of most points."""
    found: dict[Span, tuple[int, ...]] = {}
    for item in chosen:
        if item.identity.points is not None:
            span = item.identity.span
            found[span] = max(item.identity.pub_shape, found.get(span, (0,)), key=math.prod)
    return found


def _places(
    chosen: Mapping[_Place, _Placed], circuits: int, shapes: Mapping[Span, tuple[int, ...]]
) -> list[_Place]:
    """Return all places of the set in order, including those without a job."""
    cuts: dict[Span, set[tuple[Span | None, int]]] = defaultdict(set)
    for span, points, _, pieces in chosen:
        cuts[span].add((points, pieces))
    places: list[_Place] = []
    reach = 0
    for span in sorted(cuts, key=lambda span: (span.start, -span.stop)):
        if span.start > reach:
            places.append((Span(reach, span.start), None, 0, 1))
        every = _places_of_span(span, cuts[span], shapes.get(span))
        # A span inside that of another job has rerun circuits; for those, not all pieces must exist.
        places += every if span.stop > reach else [place for place in every if place in chosen]
        reach = max(reach, span.stop)
    if reach < circuits:
        places.append((Span(reach, circuits), None, 0, 1))
    return places


def _places_of_span(
    span: Span, cuts: Iterable[tuple[Span | None, int]], shape: tuple[int, ...] | None
) -> list[_Place]:
    """Return the places of one span: all its points, then each range, including missing ranges."""
    places: list[_Place] = []
    reach = 0
    whole = False
    for points, pieces in sorted(cuts, key=lambda cut: (cut[0] or Span(0, 0), cut[1])):
        if points is None:
            whole = True
        elif points.start > reach and not whole:
            places.append((span, Span(reach, points.start), 0, 1))
        places += [(span, points, piece, pieces) for piece in range(pieces)]
        reach = reach if points is None else max(reach, points.stop)
    if shape is not None and reach < math.prod(shape) and not whole:
        places.append((span, Span(reach, math.prod(shape)), 0, 1))
    return places


def _name(jobs: Sequence[RemoteJob]) -> str | None:
    """Return the most common name of the set in the tags, because some jobs may have been renamed."""
    names = Counter(name for job in jobs if (name := name_in(job.tags)))
    return names.most_common(1)[0][0] if names else None


def _set_record(set_id: str, name: str, jobs: Sequence[RemoteJob], circuits: int) -> JobSetRecord:
    tags = Counter(others_in(job.tags) for job in jobs)
    return JobSetRecord(
        set_id=set_id,
        name=name,
        backend=Counter(job.backend for job in jobs).most_common(1)[0][0],
        adapter=jobs[0].adapter,
        estimates=jobs[0].estimates,
        circuits=circuits,
        created_at=min((job.created_at for job in jobs if job.created_at), default=0.0),
        tags=tags.most_common(1)[0][0],
        survives_kernel=True,
        resumable=False,
        batch_id=next((job.batch_id for job in jobs if job.batch_id), None),
    )
