"""The manifest of a bundle written: records as JSON, and one checksum over them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from qjm_widgets.bundle.contents import Bundle
from qjm_widgets.bundle.listing import FORMAT, VERSION, circuits_name, outcome_name
from qjm_widgets.core.records import JobRecord
from qjm_widgets.serialization.circuits import NAMES_ONLY


def members(bundle: Bundle) -> dict[str, bytes | memoryview]:
    """Every file of a bundle but the manifest, by name."""
    found: dict[str, bytes | memoryview] = {}
    for number, block in enumerate(bundle.blocks):
        if block.encoding != NAMES_ONLY:
            found[circuits_name(number) + ".qpy"] = block.data
        found[circuits_name(number) + ".json"] = block.notes.encode("utf-8")
    for row, data in bundle.outcomes.items():
        found[outcome_name(row)] = data
    return found


def write(bundle: Bundle, files: Mapping[str, bytes | memoryview]) -> bytes:
    """The manifest of a bundle with these members; the same for the same set."""
    return _json({"format": FORMAT, "version": VERSION, **_tree(bundle, files)})


def checksum(bundle: Bundle) -> str:
    """One SHA-256 over all but the set's id: equal for equal sets."""
    tree = _tree(bundle, members(bundle))
    tree["set"].pop("set_id")
    return hashlib.sha256(_json(tree)).hexdigest()


def _json(tree: Any) -> bytes:
    return json.dumps(tree, sort_keys=True, separators=(",", ":")).encode()


def _tree(bundle: Bundle, files: Mapping[str, bytes | memoryview]) -> dict[str, Any]:
    record = bundle.record
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
        "jobs": [_job_tree(job) for job in bundle.jobs],
        "history": [{**line._asdict(), "status": line.status.value} for line in bundle.history],
        "circuits": [
            {
                "span": list(block.span),
                "encoding": block.encoding,
                "untranspiled": block.untranspiled,
            }
            for block in bundle.blocks
        ],
        "outcomes": list(bundle.outcomes),
        "members": {
            name: {"size": len(data), "sha256": hashlib.sha256(data).hexdigest()}
            for name, data in files.items()
        },
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
