"""The manifest of a bundle read: JSON to records, with every field checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, NamedTuple

from qjm_widgets.bundle.strict_json import WHOLE, Fields, RefusalError, parse
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.span_index import may_run_again
from qjm_widgets.serialization.circuits import FIELDS, NAMES_ONLY

FORMAT = "qjm_widgets bundle"
VERSION = 2
_MOST_CIRCUITS = 10_000_000
LONG_TEXT = 1 << 20
"""Characters of an error or a note; a longer one is cut when it is exported."""
_STATUSES = {status.value: status for status in Status}


class Member(NamedTuple):
    """A file of the bundle as the manifest tells it."""

    size: int
    sha256: str


class Listing(NamedTuple):
    """What the manifest tells: records, and which member holds what.

    ``circuits`` are spans with their encodings and whether a pass manager has
    still to transpile them, in order; ``outcomes`` are rows.
    """

    record: JobSetRecord
    jobs: tuple[JobRecord, ...]
    history: tuple[StatusChange, ...]
    circuits: tuple[tuple[Span, str, bool], ...]
    outcomes: tuple[int, ...]
    members: Mapping[str, Member]


def circuits_name(number: int) -> str:
    """The member of a span of circuits, without its ending."""
    return f"circuits/{number:05}"


def outcome_name(row: int) -> str:
    """The member of what a job gave."""
    return f"outcomes/{row:05}.bin"


def read(data: bytes) -> Listing:
    """What a manifest tells.

    Raises:
        RefusalError: it is wrong in any field, or of a newer version.
    """
    tree = parse(data, "its manifest")
    top = Fields(tree, "its manifest")
    if top.text("format", 100) != FORMAT:
        raise RefusalError("it is not a bundle of qjm_widgets")
    version = top.whole("version", 1)
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
    told = {
        name: _read_member(Fields(member, f"its member {name[:50]!r}"))
        for name, member in top.take("members", dict).items()
    }
    top.end()
    listing = Listing(record, jobs, history, circuits, outcomes, told)
    if sorted(told) != sorted(_expected(listing)):
        raise RefusalError("its list of members is not that of its circuits and outcomes")
    return listing


def _expected(listing: Listing) -> list[str]:
    names = [circuits_name(number) + ".json" for number in range(len(listing.circuits))]
    for number, (_, encoding, _) in enumerate(listing.circuits):
        if encoding != NAMES_ONLY:
            names.append(circuits_name(number) + ".qpy")
    return names + [outcome_name(row) for row in listing.outcomes]


def _read_set(fields: Fields) -> JobSetRecord:
    set_id = fields.text("set_id", 32)
    if len(set_id) != 32 or not set(set_id) <= set("0123456789abcdef"):
        raise fields.bad("set_id", "is not 32 hexadecimal digits")
    name = fields.text("name")
    if not name.strip():
        raise fields.bad("name", "is empty")
    record = JobSetRecord(
        set_id=set_id,
        name=name,
        backend=fields.text("backend"),
        adapter=fields.text("adapter", 100),
        circuits=fields.whole("circuits", 1, _MOST_CIRCUITS),
        created_at=fields.seconds("created_at"),
        shots=fields.maybe(_shots, "shots", fields),
        tags=fields.texts("tags"),
        options=_options(fields),
        unstored_options=fields.texts("unstored_options"),
        survives_kernel=fields.maybe(fields.flag, "survives_kernel"),
        resumable=fields.flag("resumable"),
        complete=fields.flag("complete", missing=True),
        transpiles=fields.flag("transpiles", missing=False),
        batch_id=fields.maybe(fields.text, "batch_id"),
        max_qpu_seconds=fields.maybe(fields.seconds, "max_qpu_seconds"),
    )
    if fields.has("unstored_circuits"):
        record = replace(record, unstored_circuits=_places("unstored_circuits", fields, record.circuits))
    fields.end()
    return record


def _places(name: str, fields: Fields, circuits: int) -> tuple[int, ...]:
    places = fields.take(name, list)
    if not all(type(place) is int and 0 <= place < circuits for place in places):
        raise fields.bad(name, f"has what is none of {circuits} circuits")
    if sorted(set(places)) != places:
        raise fields.bad(name, "is not in order")
    return tuple(places)


def _shots(name: str, fields: Fields) -> tuple[int, int]:
    least, most = _pair(name, fields)
    if not least <= most:
        raise fields.bad(name, "is no range")
    return least, most


def _pair(name: str, fields: Fields) -> tuple[int, int]:
    pair = fields.take(name, list)
    if len(pair) != 2 or not all(type(value) is int and 0 <= value < WHOLE for value in pair):
        raise fields.bad(name, "is not two whole numbers")
    return pair[0], pair[1]


def _options(fields: Fields) -> dict[str, Any]:
    pairs = fields.take("options", list)
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise fields.bad("options", "is not a list of names and values")
    options = dict(pairs)
    if len(options) < len(pairs):
        raise fields.bad("options", "has a name twice")
    return options


def _span(name: str, fields: Fields, circuits: int) -> Span:
    start, stop = _pair(name, fields)
    if not start < stop <= circuits:
        raise fields.bad(name, f"is no span of {circuits} circuits")
    return Span(start, stop)


def _status(fields: Fields) -> Status:
    value = fields.text("status", 20)
    if value not in _STATUSES:
        raise fields.bad("status", f"is unknown ({value!r})")
    return _STATUSES[value]


def _seed(name: str, fields: Fields) -> int:
    text = fields.text(name, 100)
    if not text.removeprefix("-").isdecimal() or not text.isascii():
        raise fields.bad(name, "is no number")
    return int(text)


def _read_job(fields: Fields, row: int, circuits: int) -> JobRecord:
    if fields.whole("row") != row:
        raise fields.bad("row", f"is not {row}")
    job = JobRecord(
        row=row,
        span=_span("span", fields, circuits),
        piece=fields.whole("piece"),
        pieces=fields.whole("pieces", 1),
        shots=fields.maybe(fields.whole, "shots"),
        seed=fields.maybe(_seed, "seed", fields),
        status=_status(fields),
        cancel_requested=fields.flag("cancel_requested"),
        attempt=fields.whole("attempt", 1),
        job_id=fields.maybe(fields.text, "job_id"),
        since=fields.seconds("since"),
        sent_at=fields.maybe(fields.seconds, "sent_at"),
        running_at=fields.maybe(fields.seconds, "running_at"),
        finished_at=fields.maybe(fields.seconds, "finished_at"),
        checked_at=fields.maybe(fields.seconds, "checked_at"),
        error=fields.maybe(fields.text, "error", LONG_TEXT),
        last_error=fields.maybe(fields.text, "last_error", LONG_TEXT),
        queue_position=fields.maybe(fields.whole, "queue_position"),
        estimated_seconds=fields.maybe(fields.seconds, "estimated_seconds"),
        qpu_seconds=fields.maybe(fields.seconds, "qpu_seconds"),
        note=fields.maybe(fields.text, "note", LONG_TEXT),
        spent_seconds=fields.later(fields.seconds, "spent_seconds"),
        failed_circuits=fields.later(fields.wholes, "failed_circuits") or (),
        retryable=fields.flag("retryable", missing=True),
    )
    fields.end()
    failed = job.failed_circuits
    if not all(circuit in job.span for circuit in failed) or sorted(set(failed)) != list(failed):
        raise fields.bad("failed_circuits", "are not ascending circuits of its span")
    if job.piece >= job.pieces:
        raise fields.bad("piece", f"is not one of {job.pieces}")
    return job


def _read_change(fields: Fields, jobs: int) -> StatusChange:
    change = StatusChange(
        row=fields.whole("row", 0, jobs - 1),
        attempt=fields.whole("attempt", 1),
        status=_status(fields),
        at=fields.seconds("at"),
        job_id=fields.maybe(fields.text, "job_id"),
        text=fields.maybe(fields.text, "text", LONG_TEXT),
    )
    fields.end()
    return change


def _read_circuits(fields: Fields, circuits: int) -> tuple[Span, str, bool]:
    span, encoding = _span("span", fields, circuits), fields.text("encoding", 20)
    if encoding not in FIELDS:
        raise fields.bad("encoding", f"is unknown ({encoding!r})")
    untranspiled = fields.flag("untranspiled", missing=False)
    fields.end()
    return span, encoding, untranspiled


def _read_member(fields: Fields) -> Member:
    member = Member(fields.whole("size"), fields.text("sha256", 64))
    fields.end()
    return member


def _check_cover(jobs: tuple[JobRecord, ...], circuits: int) -> None:
    """Every circuit is held, and no piece of its shots by two jobs, but by one that runs it again."""
    open_jobs: dict[int, list[JobRecord]] = {}
    whole = 0
    for job in sorted(jobs, key=lambda job: (job.span.start, -job.span.stop)):
        start, stop = job.span
        around = open_jobs.setdefault(job.piece, [])
        while around and around[-1].span.stop <= start:
            around.pop()
        if around and not _runs_again(job, around[-1]):
            raise RefusalError("two of its jobs hold the same circuits")
        if start > whole:
            raise RefusalError("its jobs do not hold every circuit")
        around.append(job)
        whole = max(whole, stop)
    if whole != circuits:
        raise RefusalError("its jobs do not hold every circuit")


def _runs_again(job: JobRecord, earlier: JobRecord) -> bool:
    """Whether a job runs circuits again that failed in an earlier one."""
    done = earlier.status is Status.DONE
    return done and may_run_again(job.span, job.attempt, earlier.span, earlier.attempt)
