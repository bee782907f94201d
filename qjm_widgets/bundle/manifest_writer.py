"""Write the manifest of a bundle, with the records as JSON; compute the checksum of a bundle."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

from qjm_widgets.bundle.contents import Bundle
from qjm_widgets.bundle.manifest_reader import (
    FORMAT,
    VERSION,
    Listing,
    Member,
    circuits_name,
    outcome_name,
)
from qjm_widgets.bundle.record_json import to_json
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.serialization.circuits import NAMES_ONLY


def block_members(number: int, block: CircuitBlock) -> Iterator[tuple[str, bytes]]:
    """Yield the name and the contents of each member of a block of circuits."""
    if block.encoding != NAMES_ONLY:
        yield circuits_name(number) + ".qpy", block.data
    yield circuits_name(number) + ".json", block.notes.encode("utf-8")


def member(data: bytes | memoryview) -> Member:
    """Describe a member by its size and checksum."""
    return Member(len(data), hashlib.sha256(data).hexdigest())


def write(listing: Listing) -> bytes:
    """Return the bytes of a manifest; equal sets have equal bytes."""
    return _json({"format": FORMAT, "version": VERSION, **_tree(listing)})


def checksum(bundle: Bundle) -> str:
    """Return a SHA-256 over everything but the set's id; it is equal for equal sets."""
    members: dict[str, Member] = {}
    for number, block in enumerate(bundle.blocks):
        members.update((name, member(data)) for name, data in block_members(number, block))
    members.update((outcome_name(row), member(data)) for row, data in bundle.outcomes.items())
    circuits = tuple((block.span, block.encoding, block.untranspiled) for block in bundle.blocks)
    rows = tuple(bundle.outcomes)
    tree = _tree(Listing(bundle.record, bundle.jobs, bundle.history, circuits, rows, members))
    tree["set"].pop("set_id")
    return hashlib.sha256(_json(tree)).hexdigest()


def _json(tree: Any) -> bytes:
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()


def _tree(listing: Listing) -> dict[str, Any]:
    return {
        "set": to_json(listing.record),
        "jobs": [to_json(job) for job in listing.jobs],
        "history": [to_json(change) for change in listing.history],
        "circuits": [
            {
                "span": list(span),
                "encoding": encoding,
                "untranspiled": untranspiled,
            }
            for span, encoding, untranspiled in listing.circuits
        ],
        "outcomes": list(listing.outcomes),
        "members": {name: entry._asdict() for name, entry in listing.members.items()},
    }
