"""How one attempt of one job is told from every other, wherever the provider has tags.

A job carries ``qjm``, ``qjm:SET``, ``qjm:SET:START-STOP/CIRCUITS:sPIECE/PIECES:aATTEMPT`` and
``qjm-name:NAME``: with these alone a set is put together again, in order, on any machine.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from qjm_widgets.core.records import JobRecord, JobSetRecord, Span

OURS = "qjm"
"""The tag of every job that was sent by us."""
NAME = "qjm-name:"
OWN_TAGS = 4
"""How many tags of a job are ours."""

_IDENTITY = re.compile(
    r"qjm:([0-9a-f]{32}):(\d{1,9})-(\d{1,9})/(\d{1,9}):s(\d{1,9})/(\d{1,9}):a(\d{1,9})"
)
_SET = re.compile(r"qjm:([0-9a-f]{32})")


class Identity(NamedTuple):
    """What the tag of an attempt says."""

    set_id: str
    span: Span
    circuits: int
    piece: int
    pieces: int
    attempt: int


def identity_of(record: JobSetRecord, job: JobRecord) -> str:
    """The tag of a job's attempt; at most 86 characters."""
    return (
        f"{set_tag(record.set_id)}:{job.span.start}-{job.span.stop}/{record.circuits}"
        f":s{job.piece}/{job.pieces}:a{job.attempt}"
    )


def set_tag(set_id: str) -> str:
    """The tag that all jobs of a set carry."""
    return f"{OURS}:{set_id}"


def set_tag_of(identity: str) -> str:
    """The set's tag of a tag of an attempt."""
    return ":".join(identity.split(":")[:2])


def parse_identity(tag: str) -> Identity | None:
    """What a tag says, or None where it is no identity that can be true."""
    found = _IDENTITY.fullmatch(tag)
    if found is None:
        return None
    start, stop, circuits, piece, pieces, attempt = (int(group) for group in found.groups()[1:])
    if not (start < stop <= circuits and piece < pieces and attempt >= 1):
        return None
    return Identity(found[1], Span(start, stop), circuits, piece, pieces, attempt)


def identity_in(tags: Iterable[str]) -> str | None:
    """The tag of an attempt among a job's tags."""
    return next((tag for tag in tags if parse_identity(tag) is not None), None)


def set_tags_in(tags: Iterable[str]) -> list[str]:
    """The ids of the sets that a job's tags name."""
    return [found[1] for tag in tags if (found := _SET.fullmatch(tag))]


def name_in(tags: Iterable[str]) -> str | None:
    """The set's name among a job's tags, as far as it fitted."""
    return next((tag.removeprefix(NAME) for tag in tags if tag.startswith(NAME)), None)


def others_in(tags: Iterable[str]) -> tuple[str, ...]:
    """A job's tags that are not ours."""
    return tuple(tag for tag in tags if tag != OURS and not tag.startswith((f"{OURS}:", NAME)))


def job_tags(identity: str, name: str, tags: Sequence[str], longest: int) -> list[str]:
    """All tags of a job: ours, and after them the user's.

    Args:
        identity: of the attempt.
        name: of the set; white space becomes blanks, and what is beyond ``longest`` is cut.
        longest: characters of a tag.
    """
    shown = NAME + " ".join(name.split())
    return [OURS, set_tag_of(identity), identity, shown[:longest].strip(), *tags]
