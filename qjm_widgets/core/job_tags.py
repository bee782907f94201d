"""The tags that identify each attempt of each job, for providers with tags.

A job has the tags ``qjm``, ``qjm:SET``, ``qjm:SET:START-STOP/CIRCUITS:sPIECE/PIECES:aATTEMPT`` and
``qjm-name:NAME``. From these tags alone, any machine can assemble a set again, in order. The third tag
is the identity of the attempt.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qjm_widgets.core.records import JobRecord, JobSetRecord, Span

#: The tag of every job that this package submits.
OURS = "qjm"
#: The beginning of the tag with the name of the set.
NAME = "qjm-name:"
#: Number of tags that this package adds to a job.
OWN_TAGS = 4

_IDENTITY = re.compile(
    r"qjm:([0-9a-f]{32}):(\d{1,9})-(\d{1,9})/(\d{1,9}):s(\d{1,9})/(\d{1,9}):a(\d{1,9})"
)
_SET = re.compile(r"qjm:([0-9a-f]{32})")


class Identity(NamedTuple):
    """The contents of an identity, which is the tag of an attempt.

    Attributes:
        circuits: number of circuits of the set.
    """

    set_id: str
    span: Span
    circuits: int
    piece: int
    pieces: int
    attempt: int


def identity_of(record: JobSetRecord, job: JobRecord) -> str:
    """Return the tag of a job's attempt, of at most 86 characters."""
    return (
        f"{set_tag(record.set_id)}:{job.span.start}-{job.span.stop}/{record.circuits}"
        f":s{job.piece}/{job.pieces}:a{job.attempt}"
    )


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
        return None
    start, stop, circuits, piece, pieces, attempt = (int(group) for group in found.groups()[1:])
    if not (start < stop <= circuits and piece < pieces and attempt >= 1):
        return None
    return Identity(found[1], Span(start, stop), circuits, piece, pieces, attempt)


def identity_in(tags: Iterable[str]) -> str | None:
    """Return the identity among a job's tags; None if there is none."""
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
