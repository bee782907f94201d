"""The tags that identify each attempt of each job, for providers with tags.

A job has the tags ``qjm``, ``qjm:SET``, ``qjm:SET:START-STOP/CIRCUITS:sPIECE/PIECES:aATTEMPT`` and
``qjm-name:NAME``. From these tags alone, any machine can assemble a set again, in order. The third tag
is the identity of the attempt. A job of a range of the points of its circuit has ``:pFROM-TO/SHAPE``
before the piece, with a shape such as ``40x50``. If that is too long for a tag, all numbers are in
base 36: ``qjm:SET:START.CIRCUITS.FROM.TO.PIECE.PIECES.ATTEMPT.SHAPE``, with a dot between the lengths of
the axes; and a shape for which the tag has no room is replaced by the number of its points. A job of an
estimator has ``e`` in place of the ``s``, or ``qjm:SET:e:`` before the numbers in base 36; a job of a
quantum program has ``q``. If circuits were taken from an iterator, their number was not known when the
job was sent, and CIRCUITS is 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qjm_widgets.core.program_item import PROGRAM_ADAPTERS
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span

#: The tag of every job that this package submits.
OURS = "qjm"
#: The beginning of the tag with the name of the set.
NAME = "qjm-name:"
#: Number of tags that this package adds to a job.
OWN_TAGS = 4

#: Characters of a tag that every provider takes.
_LONGEST = 86
_IDENTITY = re.compile(
    r"qjm:([0-9a-f]{32}):(\d{1,9})-(\d{1,9})/(\d{1,9})(?::p(\d{1,9})-(\d{1,9})/(\d{1,9}(?:x\d{1,9})*))?"
    r":([seq])(\d{1,9})/(\d{1,9}):a(\d{1,9})"
)
_COMPACT = re.compile(r"qjm:([0-9a-f]{32}):([eq]:)?((?:[0-9a-z]{1,6}\.){7,}[0-9a-z]{1,6})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"
_SET = re.compile(r"qjm:([0-9a-f]{32})")


class Identity(NamedTuple):
    """The contents of an identity, which is the tag of an attempt.

    Attributes:
        circuits: number of circuits of the set; 0 if it was not known when the job was sent.
        points: the range of points of the one circuit of the job; None for all points.
        pub_shape: the shape of all points of that circuit; empty if ``points`` is None.
        estimates: whether it is a job of an estimator.
        program: whether it is a job of a quantum program.
    """

    set_id: str
    span: Span
    circuits: int
    piece: int
    pieces: int
    attempt: int
    points: Span | None = None
    pub_shape: tuple[int, ...] = ()
    estimates: bool = False
    program: bool = False

    @property
    def place(self) -> tuple[Span, Span | None, int, int]:
        """What all attempts of one job have in common."""
        return self.span, self.points, self.piece, self.pieces


def identity_of(record: JobSetRecord, job: JobRecord) -> str:
    """Return the tag of a job's attempt, of at most 86 characters."""
    start = f"{set_tag(record.set_id)}:{job.span.start}-{job.span.stop}/{_circuits(record)}"
    end = f":{_kind(record) or 's'}{job.piece}/{job.pieces}:a{job.attempt}"
    if job.points is None:
        return start + end
    shape = "x".join(map(str, job.pub_shape))
    tag = f"{start}:p{job.points.start}-{job.points.stop}/{shape}{end}"
    if len(tag) > _LONGEST:
        tag = _compact(record, job, job.pub_shape)
    return tag if len(tag) <= _LONGEST else _compact(record, job, (math.prod(job.pub_shape),))


def _compact(record: JobSetRecord, job: JobRecord, shape: Sequence[int]) -> str:
    assert job.points is not None
    place = job.span.start, _circuits(record), *job.points, job.piece, job.pieces, job.attempt
    kind = _kind(record) and f"{_kind(record)}:"
    return f"{set_tag(record.set_id)}:{kind}{'.'.join(map(_base36, (*place, *shape)))}"


def _circuits(record: JobSetRecord) -> int:
    """Return the number of circuits in a tag, which is the same as long as the set exists."""
    return 0 if record.taken else record.circuits


def _kind(record: JobSetRecord) -> str:
    """Return the letter for the jobs of an estimator or of a program; "" for other jobs."""
    return "e" if record.estimates else "q" if record.adapter in PROGRAM_ADAPTERS else ""


def set_tag(set_id: str) -> str:
    """Return the tag of all jobs of a set."""
    return f"{OURS}:{set_id}"


def set_tag_of(identity: str) -> str:
    """Return the tag of the set of an identity."""
    return ":".join(identity.split(":")[:2])


def parse_identity(tag: str) -> Identity | None:
    """Return the contents of an identity; None if the tag is not a valid identity."""
    found = _IDENTITY.fullmatch(tag)
    if found is None:
        return _parse_compact(tag)
    set_id, start, stop, circuits, first, end, shape, kind, piece, pieces, attempt = found.groups()
    identity = Identity(
        set_id,
        Span(int(start), int(stop)),
        int(circuits),
        int(piece),
        int(pieces),
        int(attempt),
        estimates=kind == "e",
        program=kind == "q",
    )
    if shape is not None:
        lengths = tuple(map(int, shape.split("x")))
        identity = identity._replace(points=Span(int(first), int(end)), pub_shape=lengths)
    return _valid(identity)


def _parse_compact(tag: str) -> Identity | None:
    found = _COMPACT.fullmatch(tag)
    if found is None:
        return None
    start, circuits, first, end, piece, pieces, attempt, *shape = (
        int(digits, 36) for digits in found[3].split(".")
    )
    span, points = Span(start, start + 1), Span(first, end)
    identity = Identity(found[1], span, circuits, piece, pieces, attempt, points, tuple(shape))
    return _valid(identity._replace(estimates=found[2] == "e:", program=found[2] == "q:"))


def _valid(identity: Identity) -> Identity | None:
    """Return an identity; None if it is not valid."""
    span, points = identity.span, identity.points
    inside = span.start < span.stop <= (identity.circuits or span.stop)
    known = inside and identity.piece < identity.pieces
    if not known or identity.attempt < 1:
        return None
    if points is None:
        return identity
    fits = points.start < points.stop <= math.prod(identity.pub_shape) and len(span) == 1
    return identity if fits else None


def _base36(number: int) -> str:
    digits = ""
    while number or not digits:
        number, digit = divmod(number, 36)
        digits = _DIGITS[digit] + digits
    return digits


def identity_in(tags: Iterable[str]) -> str | None:
    """Return the identity among a job's tags; None if no tag is one."""
    return next((tag for tag in tags if parse_identity(tag) is not None), None)


def set_tags_in(tags: Iterable[str]) -> list[str]:
    """Return the ids of the sets that a job's tags name."""
    return [found[1] for tag in tags if (found := _SET.fullmatch(tag))]


def name_in(tags: Iterable[str]) -> str | None:
    """Return the set's name from a job's tags; it may be cut. None if no tag has it."""
    return next((tag.removeprefix(NAME) for tag in tags if tag.startswith(NAME)), None)


def others_in(tags: Iterable[str]) -> tuple[str, ...]:
    """Return those of a job's tags that this package did not add."""
    return tuple(tag for tag in tags if tag != OURS and not tag.startswith((f"{OURS}:", NAME)))


def job_tags(identity: str, name: str, tags: Sequence[str], longest: int) -> list[str]:
    """Return all tags of a job: those of this package, then those of the user.

    Args:
        identity: the identity of the attempt.
        name: the name of the set. Each run of white space becomes one space, and the tag is cut to
            ``longest``.
        tags: the user's tags.
        longest: the most characters of a tag.
    """
    shown = NAME + " ".join(name.split())
    return [OURS, set_tag_of(identity), identity, shown[:longest].strip(), *tags]
