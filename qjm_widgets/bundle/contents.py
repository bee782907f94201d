"""The contents of a bundle, collected from a store or prepared for a store, without files."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from qjm_widgets.bundle import credentials
from qjm_widgets.bundle.validation import is_safe_to_read
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.formatting import status_text
from qjm_widgets.core.record_fields import LONG_TEXT
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.serialization.circuits import NAMES_ONLY, packed, read_names, unpacked, unstored_of

_UNFINISHED = frozenset({Status.SENDING, Status.QUEUED, Status.RUNNING})
_ROUNDS = 20


@dataclass(frozen=True, slots=True)
class Bundle:
    """A job set with its jobs, history, circuits and outcomes.

    Attributes:
        history: every status that each job had, in the order of rows; for one job, oldest first.
        blocks: the encoded circuits.
        outcomes: the encoded outcomes, by row.
    """

    record: JobSetRecord
    jobs: tuple[JobRecord, ...]
    history: tuple[StatusChange, ...]
    blocks: tuple[CircuitBlock, ...]
    outcomes: Mapping[int, bytes | memoryview]


class Records(NamedTuple):
    """The records of a set, without its circuits and outcomes, which may be large."""

    record: JobSetRecord
    jobs: tuple[JobRecord, ...]
    history: tuple[StatusChange, ...]


def collect(store: JobStore, set_id: str) -> Bundle:
    """Return the contents of a set's bundle, in memory.

    Raises:
        JobSetNotFoundError: no such set.
        StoreError: the store cannot be read.
    """
    records = collect_records(store, set_id)
    outcomes = dict(outcomes_of(store, records))
    blocks = tuple(blocks_of(store, records.record))
    store.load_set(set_id)  # raises if the set was deleted meanwhile, because then parts are missing
    return Bundle(*records, blocks, outcomes)


def collect_records(store: JobStore, set_id: str) -> Records:
    """Return the records of a set as a bundle may have them.

    Four things are removed: credentials, the recipe (which names code to import), the permission to run
    lost jobs again (``rerun_on_resume``), and the fingerprint (by which ``run`` trusts its results).

    Raises:
        JobSetNotFoundError: no such set.
        StoreError: the store cannot be read.
    """
    record, jobs, history = _consistent(store, set_id)
    options, dropped = credentials.keep_options(record.options)
    return Records(
        record=replace(
            record,
            options=options,
            unstored_options=tuple(dict.fromkeys((*record.unstored_options, *dropped))),
            rerun_on_resume=None,
            recipe=None,
            fingerprint=None,
        ),
        jobs=tuple(
            replace(
                job,
                error=_exportable(job.error),
                last_error=_exportable(job.last_error),
                note=_exportable(job.note),
            )
            for job in jobs
        ),
        history=tuple(line._replace(text=_exportable(line.text)) for line in history),
    )


def outcomes_of(store: JobStore, records: Records) -> Iterator[tuple[int, bytes | memoryview]]:
    """Yield the outcomes of ended jobs, with their rows."""
    for job in records.jobs:
        # Before a job has ended, the store may have a newer state of it than its record here.
        if job.status.final:
            data = store.get_outcome(records.record.set_id, job.row)
            if data is not None:
                yield job.row, data


def blocks_of(store: JobStore, record: JobSetRecord) -> Iterator[CircuitBlock]:
    """Yield the blocks of circuits of a set, in order."""
    last: Span | None = None
    at = 0
    while at < record.circuits:
        found = store.get_circuits(record.set_id, Span(at, at + 1))
        for block in found:
            if last is None or block.span > last:
                last = block.span
                yield unpacked(block)
        at = min((block.span.stop for block in found), default=at + 1)


def _exportable(text: str | None) -> str | None:
    """Return a text without credentials, cut to the length that a bundle accepts."""
    kept = credentials.redacted(text)
    return kept if kept is None or len(kept) <= LONG_TEXT else kept[: LONG_TEXT - 1] + "…"


def _consistent(
    store: JobStore, set_id: str
) -> tuple[JobSetRecord, list[JobRecord], Iterable[StatusChange]]:
    """Return a set, its jobs and a history that fits them, although another kernel may drive the set.

    The history of each changed job is read again, at most ``_ROUNDS`` times.
    """
    known: dict[int, tuple[object, list[StatusChange]]] = {}
    for _ in range(_ROUNDS):
        record, jobs = store.load_set(set_id)
        changed = [job for job in jobs if job.row not in known or known[job.row][0] != _state(job)]
        if not changed:
            break
        for job in changed:
            known[job.row] = _state(job), store.job_history(set_id, job.row)
    return record, jobs, [line for job in jobs for line in known[job.row][1]]


def _state(job: JobRecord) -> object:
    return job.status, job.attempt, job.since


def as_loaded(bundle: Bundle) -> Bundle:
    """Return the set as an import stores it.

    A job that was under way is held, because this store did not submit it: the user decides whether it
    is polled or submitted. If reading a block of circuits could run code, only the circuits' names are
    kept.
    """
    jobs, held = [], []
    for job in bundle.jobs:
        if job.status in _UNFINISHED:
            status = status_text(job.status)
            reason = f"was {status} when the set was exported; its state is not known here"
            since = max(job.since, job.checked_at or 0.0)
            held.append(StatusChange(job.row, job.attempt, Status.HELD, since, job.job_id, reason))
            job = replace(
                job, status=Status.HELD, since=since, last_error=reason, cancel_requested=False
            )
        jobs.append(job)
    blocks = [packed(block) if is_safe_to_read(block) else _names_only(block) for block in bundle.blocks]
    unstored = {circuit for block in blocks for circuit in unstored_of(block)}
    return replace(
        bundle,
        record=replace(bundle.record, unstored_circuits=tuple(sorted(unstored))),
        jobs=tuple(jobs),
        history=tuple(sorted((*bundle.history, *held), key=lambda line: line.row)),
        blocks=tuple(blocks),
    )


def _names_only(block: CircuitBlock) -> CircuitBlock:
    return block._replace(encoding=NAMES_ONLY, data=b"", notes=json.dumps({"names": read_names(block)}))
