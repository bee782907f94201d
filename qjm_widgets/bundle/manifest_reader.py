"""Read the manifest of a bundle: JSON to records, with every field checked."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import NamedTuple

from qjm_widgets.bundle.record_json import check_span, from_json, read_span
from qjm_widgets.bundle.strict_json import Fields, RefusalError, parse
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.span_index import held_ranges, may_run_again
from qjm_widgets.serialization.circuits import FIELDS, NAMES_ONLY

FORMAT = "qjm_widgets bundle"
VERSION = 4


class Member(NamedTuple):
    """A member of the bundle as the manifest describes it; ``size`` is in bytes."""

    size: int
    sha256: str


class Listing(NamedTuple):
    """The contents of a manifest: the records, and the members of the bundle.

    Attributes:
        circuits: for each block of circuits, in order, its span, its encoding, and whether its circuits
            must still be transpiled.
        outcomes: rows of the jobs with an outcome.
        members: the members of the bundle, except the manifest, by name.
    """

    record: JobSetRecord
    jobs: tuple[JobRecord, ...]
    history: tuple[StatusChange, ...]
    circuits: tuple[tuple[Span, str, bool], ...]
    outcomes: tuple[int, ...]
    members: Mapping[str, Member]


def circuits_name(number: int) -> str:
    """Return the name of the member of a block of circuits, without its suffix."""
    return f"circuits/{number:05}"


def outcome_name(row: int) -> str:
    """Return the name of the member of a job's outcome."""
    return f"outcomes/{row:05}.bin"


def read(data: bytes) -> Listing:
    """Return the contents of a manifest.

    Raises:
        RefusalError: a field is wrong, or the version is newer than ``VERSION``.
    """
    tree = parse(data, "its manifest")
    top = Fields(tree, "its manifest")
    if top.text("format", 100) != FORMAT:
        raise RefusalError("it is not a bundle of qjm_widgets")
    version = top.integer("version", 1)
    if version > VERSION:
        raise RefusalError(
            f"it was written by a newer qjm_widgets (its format is {version}, the newest known here is "
            f"{VERSION}): upgrade qjm_widgets"
        )
    record = _read_set(Fields(top.take("set", dict), "its set"))
    jobs = tuple(
        _read_job(Fields(job, f"its job {row}"), row, record.circuits)
        for row, job in enumerate(top.take("jobs", list))
    )
    _check_cover(jobs, record.circuits)
    history = tuple(
        _read_change(Fields(line, "a line of its history"), len(jobs))
        for line in top.take("history", list)
    )
    circuits = tuple(
        _read_circuits(Fields(block, "a span of its circuits"), record.circuits)
        for block in top.take("circuits", list)
    )
    spans = [span for span, _, _ in circuits]
    if sorted(set(spans)) != spans:
        raise RefusalError("its circuits are not in order")
    outcomes = tuple(top.take("outcomes", list))
    if not all(type(row) is int and 0 <= row < len(jobs) and jobs[row].status.final for row in outcomes):
        raise RefusalError("its outcomes are not of jobs that ended")
    members = {
        name: _read_member(Fields(member, f"its member {name[:50]!r}"))
        for name, member in top.take("members", dict).items()
    }
    top.end()
    listing = Listing(record, jobs, history, circuits, outcomes, members)
    if sorted(members) != sorted(_expected(listing)):
        raise RefusalError("its list of members is not that of its circuits and outcomes")
    return listing


def _expected(listing: Listing) -> list[str]:
    names = [circuits_name(number) + ".json" for number in range(len(listing.circuits))]
    for number, (_, encoding, _) in enumerate(listing.circuits):
        if encoding != NAMES_ONLY:
            names.append(circuits_name(number) + ".qpy")
    return names + [outcome_name(row) for row in listing.outcomes]


def _read_set(fields: Fields) -> JobSetRecord:
    record = from_json(fields, JobSetRecord)
    if len(record.set_id) != 32 or not set(record.set_id) <= set("0123456789abcdef"):
        raise fields.bad("set_id", "is not 32 hexadecimal digits")
    if not record.name.strip():
        raise fields.bad("name", "is empty")
    if record.group is not None and not record.group.strip():
        raise fields.bad("group", "is empty")
    unstored = record.unstored_circuits
    if not all(circuit < record.circuits for circuit in unstored):
        raise fields.bad("unstored_circuits", f"has one that is not of {record.circuits} circuits")
    if not _is_ascending(unstored):
        raise fields.bad("unstored_circuits", "is not in order")
    return record


def _is_ascending(circuits: tuple[int, ...]) -> bool:
    return sorted(set(circuits)) == list(circuits)


def _read_job(fields: Fields, row: int, circuits: int) -> JobRecord:
    job = from_json(fields, JobRecord)
    if job.row != row:
        raise fields.bad("row", f"is not {row}")
    check_span("span", fields, job.span, circuits)
    if not all(circuit in job.span for circuit in job.failed_circuits) or not _is_ascending(
        job.failed_circuits
    ):
        raise fields.bad("failed_circuits", "are not ascending circuits of its span")
    if job.piece >= job.pieces:
        raise fields.bad("piece", f"is not one of {job.pieces}")
    if (job.points is None) is not (not job.pub_shape):
        raise fields.bad("pub_shape", "does not fit its points")
    if job.points is not None:
        if len(job.span) != 1 or not job.points.start < job.points.stop <= (job.pub_points or 0):
            raise fields.bad("points", "are not a range of the points of one circuit")
        if job.failed_circuits:
            raise fields.bad("failed_circuits", "are of a range of points")
    return job


def _read_change(fields: Fields, jobs: int) -> StatusChange:
    change = from_json(fields, StatusChange)
    if change.row >= jobs:
        raise fields.bad("row", f"is not one of {jobs} jobs")
    return change


def _read_circuits(fields: Fields, circuits: int) -> tuple[Span, str, bool]:
    span, encoding = read_span("span", fields, circuits), fields.text("encoding", 20)
    if encoding not in FIELDS:
        raise fields.bad("encoding", f"is unknown ({encoding!r})")
    # Older bundles do not have this field.
    untranspiled = fields.has("untranspiled") and fields.flag("untranspiled")
    fields.end()
    return span, encoding, untranspiled


def _read_member(fields: Fields) -> Member:
    member = Member(fields.integer("size"), fields.text("sha256", 64))
    fields.end()
    return member


def _check_cover(jobs: tuple[JobRecord, ...], circuits: int) -> None:
    """Refuse jobs of which none holds some circuit, and two jobs that hold one piece of a circuit.

    Two jobs may hold the same piece of a circuit if the second reruns the circuit.
    """
    open_jobs: dict[int, list[JobRecord]] = {}
    covered = 0
    for job in sorted(_check_points(jobs), key=lambda job: (job.span.start, -job.span.stop)):
        start, stop = job.span
        enclosing = open_jobs.setdefault(job.piece, [])
        while enclosing and enclosing[-1].span.stop <= start:
            enclosing.pop()
        if enclosing and not _runs_again(job, enclosing[-1]):
            raise RefusalError("two of its jobs hold the same circuits")
        if start > covered:
            raise RefusalError("its jobs do not hold every circuit")
        enclosing.append(job)
        covered = max(covered, stop)
    if covered != circuits:
        raise RefusalError("its jobs do not hold every circuit")


def _check_points(jobs: tuple[JobRecord, ...]) -> list[JobRecord]:
    """Refuse ranges that miss a point of their circuit, or two jobs with one piece of a point.

    Returns:
        The jobs, those of ranges of one piece of a circuit as one job.
    """
    checked = [job for job in jobs if job.points is None]
    whole = {job.span for job in checked}
    ranges: dict[Span, dict[int, list[JobRecord]]] = {}
    for job in sorted((job for job in jobs if job.points is not None), key=lambda job: job.place):
        ranges.setdefault(job.span, {}).setdefault(job.piece, []).append(job)
    for span, pieces in ranges.items():
        every = [job for piece in pieces.values() for job in piece]
        if len({job.pub_shape for job in every}) > 1:
            raise RefusalError("the jobs of one circuit differ in the shape of its points")
        for piece in pieces.values():
            parts = [job.points for job in piece if job.points is not None]
            if any(one.overlaps(two) for one, two in itertools.pairwise(parts)):
                raise RefusalError("two of its jobs hold the same points")
            checked.append(min(piece, key=lambda job: job.attempt))
        held = held_ranges(every)
        if not all(each.rows for each in held) and span not in whole:
            raise RefusalError("its jobs do not hold every point")
    return checked


def _runs_again(job: JobRecord, earlier: JobRecord) -> bool:
    """Return whether a job reruns circuits that failed in an earlier one."""
    done = earlier.status is Status.DONE
    return done and may_run_again(job.span, job.attempt, earlier.span, earlier.attempt)
