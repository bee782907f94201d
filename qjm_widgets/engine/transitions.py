"""Change the status, the outcome and other fields of jobs on the engine's thread."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.bounds import bounded
from qjm_widgets.core.clock_port import Clock
from qjm_widgets.core.formatting import first_line, plural, some
from qjm_widgets.core.lost_values import join_notes, note_of_lost
from qjm_widgets.core.observation import NONE_FAILED
from qjm_widgets.core.outcomes import MISSING, JobOutcome
from qjm_widgets.core.records import JobRecord, Status, StatusChange
from qjm_widgets.core.store_port import Encoded, JobStore
from qjm_widgets.engine.engine_set import EngineSet
from qjm_widgets.engine.unit_of_work import STORE_RETRY, UnitOfWork
from qjm_widgets.errors import StoreError, explain
from qjm_widgets.serialization.outcomes import encode_outcome_in_pieces

#: The values of a job that is Not sent, by field.
FRESH: dict[str, Any] = {
    "job_id": None,
    "sent_at": None,
    "running_at": None,
    "finished_at": None,
    "checked_at": None,
    "last_error": None,
    "queue_position": None,
    "estimated_seconds": None,
    "qpu_seconds": None,
    "note": None,
    "failed_circuits": (),
}
#: The fields that a job gets from the provider's job that was found for it.
FOUND = (
    "attempt",
    "job_id",
    "sent_at",
    "checked_at",
    "error",
    "last_error",
    "estimated_seconds",
    "qpu_seconds",
    "note",
)


class Transitions:
    """The changes of jobs. Each is made on the engine's thread and added to the unit of work.

    Args:
        store: has the records of sets, and the pace that all kernels share.
        clock: gives the time.
        unit_of_work: collects the changes.
        post: runs a function in a later turn; from any thread.
    """

    def __init__(
        self,
        store: JobStore,
        clock: Clock,
        unit_of_work: UnitOfWork,
        post: Callable[[Callable[[], None]], None],
    ) -> None:
        self._store = store
        self._clock = clock
        self._unit_of_work = unit_of_work
        self.post = post
        self.after_commit = unit_of_work.after_commit

    def now(self) -> float:
        """Return seconds on the monotonic clock."""
        return self._clock.monotonic()

    def wall(self) -> float:
        """Return seconds since 1970, UTC."""
        return self._clock.time()

    def chance(self) -> float:
        """Return a random number in [0, 1)."""
        return random.random()

    def change(
        self,
        job_set: EngineSet,
        row: int,
        status: Status,
        *,
        outcome: JobOutcome | bytes | None = None,
        failed: Mapping[int, str] = NONE_FAILED,
        text: str | None = None,
        **fields: Any,
    ) -> JobRecord:
        """Give a job another status; it is committed at the end of the turn or soon afterwards.

        Args:
            job_set: the set.
            row: the job.
            status: the new status.
            outcome: the job's outcome, which may be encoded; None if it has none.
            failed: for an encoded outcome, why circuits have no result, by place, as in ``Observation``.
            text: for the job's history.
            fields: other fields of the record.

        Returns:
            The job's new record.
        """
        at = self._clock.time()
        encoded: Encoded | None = outcome if isinstance(outcome, bytes) else None
        if isinstance(outcome, JobOutcome):
            lost: list[str] = []
            try:
                encoded = _encoded(outcome, lost, job_set.jobs[row].span.start)
            except BaseException as error:  # the result of a third party may hold anything
                status = Status.ERROR
                fields["error"] = f"its result cannot be stored: {explain(error)}"
            if lost:
                fields["note"] = join_notes(fields.get("note"), note_of_lost(lost))
            failed = outcome.failed()
        if failed and status is Status.DONE:
            flaws = _flaws(job_set, row, failed)
            fields |= {**flaws, "note": join_notes(fields.get("note"), flaws.get("note"))}
        fields = bounded({**fields, "text": text or fields.get("error")})
        text = fields.pop("text")
        job = replace(job_set.jobs[row], status=status, since=at, **fields)
        line = StatusChange(row, job.attempt, status, at, job.job_id, text)
        is_driven = self._unit_of_work.add(job_set, job, line)
        if is_driven and encoded is not None:
            self._unit_of_work.add_outcome(job_set, row, outcome, encoded)
        return job

    def amend(self, job_set: EngineSet, row: int, **fields: Any) -> JobRecord:
        """Change fields of a job other than its status."""
        job = replace(job_set.jobs[row], **bounded(fields))
        self._unit_of_work.add(job_set, job)
        return job

    def amend_set(self, job_set: EngineSet, **fields: Any) -> None:
        """Change fields of the set's record. They are committed at once."""
        record = replace(job_set.state.record, **bounded(fields))
        try:
            self._store.update_set(record)
        except StoreError as error:
            self._unit_of_work.fail(str(error))
        job_set.state.set_record(record)
        self._unit_of_work.amend_pending(job_set.set_id, **bounded(fields))

    def set_outcome(self, job_set: EngineSet, row: int, outcome: JobOutcome) -> None:
        """Store the outcome of a job that is Done already; the outcome was fetched later."""
        lost: list[str] = []
        job, failed = job_set.jobs[row], outcome.failed()
        encoded = _encoded(outcome, lost, job.span.start)
        flaws = _flaws(job_set, row, failed) if failed else {}
        note = join_notes(job.note, note_of_lost(lost), flaws.pop("note", None))
        if self._unit_of_work.add(job_set, replace(job, note=note, **flaws)):
            self._unit_of_work.add_outcome(job_set, row, outcome, encoded)

    def take_token(self, key: str, pace: Pace) -> float:
        """Take a token of the pace that all kernels share.

        Return 0 if it was taken, else the seconds to wait before the next try.
        """
        try:
            return self._store.take_token(key, pace, self.wall())
        except StoreError as error:
            self._unit_of_work.fail(str(error))
            return STORE_RETRY

    def unsend(self, job_set: EngineSet, row: int, text: str) -> None:
        """Mark a job that was certainly not accepted as Not sent, or as Cancelled if requested."""
        if job_set.jobs[row].cancel_requested:
            self.change(job_set, row, Status.CANCELLED, text=text, finished_at=self.wall())
            return
        self.change(job_set, row, Status.NOT_SENT, text=text, **{**FRESH, "last_error": text})
        job_set.add_unsent([row])

    def hold(self, job_set: EngineSet, row: int, text: str) -> None:
        """Hold a job until the user decides, or mark it as Cancelled if requested."""
        if job_set.jobs[row].cancel_requested:
            self.change(job_set, row, Status.CANCELLED, text=text, finished_at=self.wall())
        else:
            self.change(job_set, row, Status.HELD, text=text, last_error=text)

    def hold_unsent(self, job_set: EngineSet, text: str) -> None:
        """Hold all jobs of a set that are Not sent, until the user decides."""
        for row in [job.row for job in job_set.jobs if job.status is Status.NOT_SENT]:
            self.hold(job_set, row, text)


def _flaws(job_set: EngineSet, row: int, failed: Mapping[int, str]) -> dict[str, Any]:
    """Return the fields that a done job gets for its circuits without a result.

    Circuits that another row holds by now are left out.
    """
    span = job_set.jobs[row].span
    reasons = {span.start + place: failed[place] for place in sorted(failed)}
    cover = job_set.cover()
    reasons = {circuit: why for circuit, why in reasons.items() if cover.holds(row, circuit)}
    if not reasons:
        return {}
    parts = []
    for words, missing in (("missing in its result", True), ("failed", False)):
        circuits = [circuit for circuit, why in reasons.items() if (why == MISSING) is missing]
        if circuits:
            what = f"{len(circuits)} of {plural(len(span), 'circuit')} {words} ({some(circuits)})"
            parts.append(what if missing else f"{what}: {first_line(reasons[circuits[0]])}")
    return {"failed_circuits": tuple(reasons), "note": ", ".join(parts)}


def _encoded(outcome: JobOutcome, lost: list[str], start: int) -> Encoded:
    """Encode an outcome as bytes; or as pieces, if some are views of arrays too large to copy."""
    pieces = encode_outcome_in_pieces(outcome, lost, start)
    return b"".join(pieces) if all(isinstance(piece, bytes) for piece in pieces) else pieces
