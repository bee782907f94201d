"""The protocol of a store of job sets, and the types of its contents."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from qjm_widgets._printable import printable_result
from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.formatting import summary, unresumable
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange

#: Bytes in one piece, or in several consecutive pieces.
Encoded: TypeAlias = bytes | bytearray | memoryview | Sequence[bytes | memoryview]


class SetSummary(NamedTuple):
    """A set in the store's list.

    Attributes:
        record: the set.
        jobs: number of jobs in each status.
        owner: the kernel that drives the set ("this kernel", "another kernel (process 12 on host)");
            None if no kernel drives it, or if all jobs have ended.
        flawed: number of done jobs with failed circuits.
    """

    record: JobSetRecord
    jobs: Mapping[Status, int]
    owner: str | None = None
    flawed: int = 0

    @property
    def over(self) -> bool:
        """Whether all jobs have ended."""
        return all(status.final or not number for status, number in self.jobs.items())

    @property
    def unfinished(self) -> bool:
        """Whether the set has jobs that have not ended and are not held."""
        return any(number and not status.settled for status, number in self.jobs.items())

    @property
    def under_way(self) -> bool:
        """Whether a kernel drives unfinished jobs."""
        return self.unfinished and self.owner is not None

    @property
    def interrupted(self) -> bool:
        """Whether jobs are unfinished and no kernel drives them."""
        return self.unfinished and self.owner is None

    @printable_result
    def __repr__(self) -> str:
        text = str(summary(self.jobs, flawed=self.flawed))
        if not self.record.complete:
            text += "; saved in part"
        if self.interrupted:
            text += "; interrupted"
        elif self.under_way:
            text += f"; driven by {self.owner}"
        if self.record.unstored_circuits:
            text += f"; {unresumable(self.record)}"
        return f"<SetSummary {self.record.name!r} {self.record.set_id}: {text}>"


@dataclass(slots=True)
class Changes:
    """The changes of one set that one transaction writes.

    Attributes:
        jobs: the changed records; of several for one job, the last counts.
        history: new lines of the jobs' history.
        outcomes: encoded outcomes (``encode_outcome``), by row.
        record: the new record of the set; None if it has not changed.
        blocks: new circuits.
    """

    jobs: list[JobRecord] = field(default_factory=list)
    history: list[StatusChange] = field(default_factory=list)
    outcomes: dict[int, Encoded] = field(default_factory=dict)
    record: JobSetRecord | None = None
    blocks: list[CircuitBlock] = field(default_factory=list)

    def rows(self) -> list[int]:
        """Return the rows of the changed jobs."""
        history = (change.row for change in self.history)
        return list(dict.fromkeys([*(job.row for job in self.jobs), *history, *self.outcomes]))

    def of(self, row: int) -> Changes:
        """Return the changes of one job."""
        return Changes(
            [job for job in self.jobs if job.row == row],
            [change for change in self.history if change.row == row],
            {row: self.outcomes[row]} if row in self.outcomes else {},
        )

    def drop(self, row: int) -> None:
        """Remove the changes of one job."""
        self.jobs = [job for job in self.jobs if job.row != row]
        self.history = [change for change in self.history if change.row != row]
        self.outcomes.pop(row, None)


class JobStore(Protocol):
    """A store of job sets; every method is thread-safe, and every write is one transaction.

    Raises:
        StoreError: from any method, as one of its subclasses.
    """

    path: str

    def create_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock] = ()
    ) -> None:
        """Store a new set with jobs and circuits; this store owns the set.

        Raises:
            StoreError: the store already has a set of that id.
        """

    def extend_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock]
    ) -> None:
        """Append jobs and circuits to a set, and replace the record of the set.

        Raises:
            LeaseLostError: another store owns the set now; nothing was written.
        """

    def add_set(self, record: JobSetRecord, changes: Changes, blocks: Sequence[CircuitBlock]) -> None:
        """Store a complete set without an owner.

        Raises:
            StoreError: the store already has a set of that id.
        """

    def update_set(self, record: JobSetRecord) -> None:
        """Replace the record of a set that the store has."""

    def commit(self, changes: Mapping[str, Changes]) -> None:
        """Write the changes of several sets, by set id, in one transaction.

        Raises:
            LeaseLostError: another store owns one of the sets now; nothing was written.
            StoreValueError: a value can never be written; the error names the jobs. Nothing was
                written.
        """

    def put_circuits(self, set_id: str, blocks: Sequence[CircuitBlock]) -> None:
        """Write circuits of a set; a block replaces one of the same span."""

    def get_circuits(self, set_id: str, span: Span) -> list[CircuitBlock]:
        """Return the blocks that overlap the span, in order."""

    def untranspiled(self, set_id: str) -> list[Span]:
        """Return the spans of the blocks that must still be transpiled, in order."""

    def load_set(self, set_id: str) -> tuple[JobSetRecord, list[JobRecord]]:
        """Return a set and its jobs in the order of rows.

        Raises:
            JobSetNotFoundError: no such set.
        """

    def get_outcome(self, set_id: str, row: int) -> bytes | memoryview | None:
        """Return the encoded outcome of a job; None if the store has none."""

    def job_history(self, set_id: str, row: int) -> list[StatusChange]:
        """Return every status that a job had, oldest first."""

    def summaries(
        self, name: str | None = None, limit: int | None = None, group: str | None = None
    ) -> list[SetSummary]:
        """Return summaries of the sets, newest first.

        Args:
            name: the name of the sets; None for all sets.
            limit: the most sets; None for no limit.
            group: the group of the sets; None for all sets.
        """

    def sets_of_fingerprint(self, beginning: str) -> list[JobSetRecord]:
        """Return the sets whose fingerprint begins with these hexadecimal digits, newest first."""

    def sets_without_fingerprint(self, recipe: str, circuits: int, limit: int) -> list[JobSetRecord]:
        """Return complete sets without a fingerprint, newest first.

        Args:
            recipe: the recipe of their simulator.
            circuits: how many circuits they have.
            limit: the most sets.
        """

    def put_fingerprint(self, set_id: str, fingerprint: str) -> None:
        """Set the fingerprint of a set; do nothing if the store does not have the set."""

    def size(self) -> int:
        """Return the size of the store in bytes."""

    def delete_set(self, set_id: str) -> None:
        """Delete a set with its jobs, circuits and outcomes.

        Raises:
            JobSetNotFoundError: no such set.
        """

    def claim(self, set_id: str) -> bool:
        """Take the ownership of a set, so that its changes can be written.

        Returns:
            Whether the set never had an owner in this store, because it was imported.

        Raises:
            DrivenElsewhereError: another store that is alive owns the set.
        """

    def release(self, set_id: str) -> None:
        """Release the ownership of a set; do nothing if this store does not own it."""

    def owner(self, set_id: str) -> str | None:
        """Return a description of the owner of a set if it is another store that is alive; else None."""

    def beat(self) -> None:
        """Write the heartbeat of this store; other hosts see by it that the store is alive."""

    def take_token(self, key: str, pace: Pace, now: float) -> float:
        """Record a submission if the pace allows it; all kernels share the pace of an account.

        Args:
            key: the account.
            pace: the pace of the account.
            now: seconds since 1970, UTC, by the clock that the kernels share.

        Returns:
            The seconds to wait before the next try; 0 if the submission was recorded.
        """

    def version(self) -> int:
        """Return a number that changes when another store writes the same file."""

    def close(self) -> None:
        """Close the file; a second call does nothing."""
