"""The protocol of a store of job sets, and what is written to it and read from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol, TypeAlias

from qjm_widgets._printable import printable_result
from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.formatting import summary, unresumable
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange

#: Bytes, whole or in pieces one after another.
Encoded: TypeAlias = bytes | bytearray | memoryview | Sequence[bytes | memoryview]


class SetSummary(NamedTuple):
    """A set in the store's list: nothing but the set's row and how many jobs are in each status.

    ``owner`` says who drives it now ("this kernel", "another kernel (process 12 on host)"); None where
    nobody does, or all its jobs have ended. ``flawed`` is how many of the jobs that are done have failed
    circuits.
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
        """Whether jobs are left that have not ended and are not held."""
        return any(number and not status.settled for status, number in self.jobs.items())

    @property
    def under_way(self) -> bool:
        """Whether somebody drives unfinished jobs."""
        return self.unfinished and self.owner is not None

    @property
    def interrupted(self) -> bool:
        """Whether jobs are unfinished and nobody drives them."""
        return self.unfinished and self.owner is None

    @printable_result
    def __repr__(self) -> str:
        told = str(summary(self.jobs, flawed=self.flawed))
        if not self.record.complete:
            told += "; saved in part"
        if self.interrupted:
            told += "; interrupted"
        elif self.under_way:
            told += f"; driven by {self.owner}"
        if self.record.unstored_circuits:
            told += f"; {unresumable(self.record)}"
        return f"<SetSummary {self.record.name!r} {self.record.set_id}: {told}>"


@dataclass(slots=True)
class Changes:
    """What one transaction writes for one set.

    ``outcomes`` are encoded (``encode_outcome``) and keyed by row.
    """

    jobs: list[JobRecord] = field(default_factory=list)
    history: list[StatusChange] = field(default_factory=list)
    outcomes: dict[int, Encoded] = field(default_factory=dict)

    def rows(self) -> list[int]:
        """The jobs that are in it."""
        lines = (line.row for line in self.history)
        return list(dict.fromkeys([*(job.row for job in self.jobs), *lines, *self.outcomes]))

    def of(self, row: int) -> Changes:
        """What is in it of one job."""
        return Changes(
            [job for job in self.jobs if job.row == row],
            [line for line in self.history if line.row == row],
            {row: self.outcomes[row]} if row in self.outcomes else {},
        )

    def drop(self, row: int) -> None:
        """Leave out what is in it of one job."""
        self.jobs = [job for job in self.jobs if job.row != row]
        self.history = [line for line in self.history if line.row != row]
        self.outcomes.pop(row, None)


class JobStore(Protocol):
    """What the store keeps. Every method is safe from any thread; every write is one transaction.

    Raises:
        StoreError: one of its kinds, from any method.
    """

    path: str

    def create_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock] = ()
    ) -> None:
        """Store a new set with jobs and circuits, owned by this store; a known id is a StoreError."""

    def extend_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock]
    ) -> None:
        """Append jobs and circuits to a set, and replace its row.

        Raises:
            LeaseLostError: another store owns the set now; nothing was written.
        """

    def add_set(self, record: JobSetRecord, changes: Changes, blocks: Sequence[CircuitBlock]) -> None:
        """Store a whole set in one transaction, owned by nobody; a known id is a StoreError."""

    def update_set(self, record: JobSetRecord) -> None:
        """Replace the row of a known set."""

    def commit(self, changes: Mapping[str, Changes]) -> None:
        """Write the changes of several sets, by set id, in one transaction.

        Raises:
            LeaseLostError: another store owns one of them now; nothing was written.
            StoreValueError: some of it can never be written; it says what, and nothing was written.
        """

    def put_circuits(self, set_id: str, blocks: Sequence[CircuitBlock]) -> None:
        """Write circuits of a set; a block replaces one of the same span."""

    def get_circuits(self, set_id: str, span: Span) -> list[CircuitBlock]:
        """The blocks that overlap the span, in order."""

    def untranspiled(self, set_id: str) -> list[Span]:
        """The blocks that the set's pass manager has still to transpile, in order."""

    def load_set(self, set_id: str) -> tuple[JobSetRecord, list[JobRecord]]:
        """A set and its jobs in the order of rows.

        Raises:
            JobSetNotFoundError: no such set.
        """

    def get_outcome(self, set_id: str, row: int) -> bytes | memoryview | None:
        """The encoded outcome of a job, or None."""

    def job_history(self, set_id: str, row: int) -> list[StatusChange]:
        """Every status that a job had, oldest first."""

    def summaries(self, name: str | None = None, limit: int | None = None) -> list[SetSummary]:
        """All sets, newest first."""

    def size(self) -> int:
        """Bytes that the store takes."""

    def delete_set(self, set_id: str) -> None:
        """Forget a set and all that belongs to it; unknown ids are an error.

        Raises:
            JobSetNotFoundError: no such set.
        """

    def claim(self, set_id: str) -> bool:
        """Own a set from now on, so that its changes can be written.

        Returns:
            Whether nobody has owned it in this store before: it came from elsewhere.

        Raises:
            DrivenElsewhereError: another store that lives owns it.
        """

    def release(self, set_id: str) -> None:
        """Own a set no more; nothing happens where it is not owned."""

    def owner(self, set_id: str) -> str | None:
        """Who drives a set now, in words, where that is another store that lives; else None."""

    def beat(self) -> None:
        """Tell other hosts that this store lives."""

    def take_token(self, key: str, pace: Pace, now: float) -> float:
        """Note a submission and give 0, where the pace that all kernels share allows one; else the wait.

        Args:
            key: the account.
            pace: how many it takes.
            now: seconds since 1970, UTC: the clock that kernels share.

        Returns:
            Seconds to wait.
        """

    def version(self) -> int:
        """A number that changes when another store writes the same file."""

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""
