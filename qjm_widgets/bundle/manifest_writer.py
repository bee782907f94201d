"""The manifest of a bundle written: records as JSON, and one checksum over them."""

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
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.records import JobRecord
from qjm_widgets.serialization.circuits import NAMES_ONLY


def block_members(number: int, block: CircuitBlock) -> Iterator[tuple[str, bytes]]:
    """The files of a block of circuits."""
    if block.encoding != NAMES_ONLY:
        yield circuits_name(number) + ".qpy", block.data
    yield circuits_name(number) + ".json", block.notes.encode("utf-8")


def member(data: bytes | memoryview) -> Member:
    """Describe a file as the manifest does."""
    return Member(len(data), hashlib.sha256(data).hexdigest())


def write(listing: Listing) -> bytes:
    """The manifest of a bundle; the same for the same set."""
    return _json({"format": FORMAT, "version": VERSION, **_tree(listing)})


def checksum(bundle: Bundle) -> str:
    """One SHA-256 over all but the set's id: equal for equal sets."""
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
    record = listing.record
    return {
        "set": {
            "set_id": record.set_id,
            "name": record.name,
            "backend": record.backend,
            "adapter": record.adapter,
            "circuits": record.circuits,
            "created_at": record.created_at,
            "shots": record.shots,
            "tags": record.tags,
            # A list of pairs: a set's own order of options stays.
            "options": [[name, value] for name, value in record.options.items()],
            "unstored_options": record.unstored_options,
            "survives_kernel": record.survives_kernel,
            "resumable": record.resumable,
            "complete": record.complete,
            "transpiles": record.transpiles,
            "batch_id": record.batch_id,
            "max_qpu_seconds": record.max_qpu_seconds,
            "unstored_circuits": record.unstored_circuits,
        },
        "jobs": [_job_tree(job) for job in listing.jobs],
        "history": [{**line._asdict(), "status": line.status.value} for line in listing.history],
        "circuits": [
            {
                "span": list(span),
                "encoding": encoding,
                "untranspiled": untranspiled,
            }
            for span, encoding, untranspiled in listing.circuits
        ],
        "outcomes": list(listing.outcomes),
        "members": {name: each._asdict() for name, each in listing.members.items()},
    }


def _job_tree(job: JobRecord) -> dict[str, Any]:
    return {
        "row": job.row,
        "span": list(job.span),
        "piece": job.piece,
        "pieces": job.pieces,
        "shots": job.shots,
        # As text: a seed may be beyond what other readers of JSON keep exactly.
        "seed": None if job.seed is None else str(job.seed),
        "status": job.status.value,
        "cancel_requested": job.cancel_requested,
        "attempt": job.attempt,
        "job_id": job.job_id,
        "since": job.since,
        "sent_at": job.sent_at,
        "running_at": job.running_at,
        "finished_at": job.finished_at,
        "checked_at": job.checked_at,
        "error": job.error,
        "last_error": job.last_error,
        "queue_position": job.queue_position,
        "estimated_seconds": job.estimated_seconds,
        "qpu_seconds": job.qpu_seconds,
        "note": job.note,
        "spent_seconds": job.spent_seconds,
        "failed_circuits": job.failed_circuits,
        "retryable": job.retryable,
    }
