"""The store of job sets in one SQLite file, or in memory."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress

from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, StatusChange
from qjm_widgets.core.store_port import Changes, SetSummary
from qjm_widgets.errors import StoreError, StoreValueError
from qjm_widgets.storage import row_mapping, submissions
from qjm_widgets.storage import statements as sql
from qjm_widgets.storage.error_translation import translated, unstorable
from qjm_widgets.storage.owned_sets import OwnedSets, unknown_set
from qjm_widgets.storage.shared_connection import SharedConnection


class SQLiteStore(SharedConnection):
    """The ``JobStore`` on SQLite.

    Args:
        path: the file, which is made with its directories if it is missing. Only its owner can read it.
            With ``":memory:"``, the store is in memory until ``close``.
        timeout: seconds to wait for another process that holds the file.

    Attributes:
        path: the file's absolute path without symbolic links, or ``":memory:"``.

    Raises:
        StoreError: from any method, as one of its subclasses.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 5.0) -> None:
        super().__init__(path, timeout=timeout)
        self._owned = OwnedSets(self.path, self._owner)

    def create_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock] = ()
    ) -> None:
        """Store a new set with jobs and circuits; this store owns the set.

        Raises:
            StoreError: the store already has a set of that id.
        """
        with self._transaction() as connection:
            set_key = self._insert(connection, record)
            self._add(connection, set_key, jobs, blocks)
            self._owned.take(connection, record.set_id, set_key)

    def extend_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock]
    ) -> None:
        """Append jobs and circuits to a set, and replace the record of the set.

        Raises:
            JobSetNotFoundError: no such set.
            LeaseLostError: another store owns the set now; nothing was written.
        """
        with self._transaction() as connection:
            set_key = self._owned.key(connection, record.set_id)
            self._add(connection, set_key, jobs, blocks)
            connection.execute(sql.UPDATE_SET, (*row_mapping.SETS.to_row(record), set_key))

    def add_set(self, record: JobSetRecord, changes: Changes, blocks: Sequence[CircuitBlock]) -> None:
        """Store a complete set in one transaction, without an owner.

        Raises:
            StoreError: the store already has a set of that id.
        """
        with self._transaction() as connection:
            set_key = self._insert(connection, record)
            self._write(connection, set_key, changes)
            sql.CIRCUITS.write(
                connection, [row_mapping.block_to_row(set_key, block) for block in blocks]
            )

    def update_set(self, record: JobSetRecord) -> None:
        """Replace the record of a set that the store has.

        Raises:
            JobSetNotFoundError: no such set.
        """
        with self._transaction() as connection:
            set_key = self._set_key(connection, record.set_id)
            connection.execute(sql.UPDATE_SET, (*row_mapping.SETS.to_row(record), set_key))

    def commit(self, changes: Mapping[str, Changes]) -> None:
        """Write the changes of several sets in one transaction: all or none.

        Raises:
            JobSetNotFoundError: no such set.
            LeaseLostError: another store owns one of the sets now.
            StoreValueError: a value can never be stored, or a row is not in the set; the error names
                the jobs.
        """
        try:
            with self._transaction() as connection:
                self._owner.restore_lock_file()
                self._write_all(connection, changes)
        except StoreValueError as error:
            raise StoreValueError(str(error), self._refused(changes)) from error

    def put_circuits(self, set_id: str, blocks: Sequence[CircuitBlock]) -> None:
        """Write circuits of a set; a block replaces one of the same span.

        Raises:
            JobSetNotFoundError: no such set.
        """
        with self._transaction() as connection:
            key = self._set_key(connection, set_id)
            sql.CIRCUITS.write(connection, [row_mapping.block_to_row(key, block) for block in blocks])

    def get_circuits(self, set_id: str, span: Span) -> list[CircuitBlock]:
        """Return the blocks that overlap the span, in order; none for an unknown set."""
        with self._reading() as connection, self._decoding():
            found = connection.execute(sql.GET_CIRCUITS, (set_id, int(span.stop), int(span.start)))
            return [sql.block(connection, row) for row in found.fetchall()]

    def untranspiled(self, set_id: str) -> list[Span]:
        """Return the spans of the blocks that must still be transpiled, in order."""
        return self._select(lambda columns: Span(*columns), sql.UNTRANSPILED, set_id)

    def load_set(self, set_id: str) -> tuple[JobSetRecord, list[JobRecord]]:
        """Return a set and its jobs in the order of rows.

        Raises:
            JobSetNotFoundError: no such set.
        """
        # One transaction reads both, so that the jobs fit the set.
        with self._transaction("BEGIN"):
            records = self._select(row_mapping.SETS.from_row, sql.GET_SET, set_id)
            if not records:
                raise unknown_set(self.path, set_id)
            return records[0], self._select(row_mapping.JOBS.from_row, sql.GET_JOBS, set_id)

    def get_outcome(self, set_id: str, row: int) -> bytes | memoryview | None:
        """Return the encoded outcome of a job, or None.

        An outcome that is stored in several parts is returned as a read-only view.
        """
        with self._reading() as connection, self._decoding():
            found = connection.execute(sql.GET_OUTCOME, (set_id, int(row))).fetchone()
            if found is None:
                return None
            set_key, data, parts = found
            return sql.OUTCOMES.join(connection, (set_key, int(row)), data, parts)

    def job_history(self, set_id: str, row: int) -> list[StatusChange]:
        """Return every status that a job had, oldest first; none for an unknown job."""
        return self._select(row_mapping.CHANGES.from_row, sql.GET_CHANGES, set_id, int(row))

    def summaries(
        self, name: str | None = None, limit: int | None = None, group: str | None = None
    ) -> list[SetSummary]:
        """Return summaries of the sets, newest first.

        Args:
            name: the name of the sets; None for all sets.
            limit: the most sets; None for no limit.
            group: the group of the sets; None for all sets.
        """
        most = -1 if limit is None else int(limit)
        if group is None:
            found = self._select(tuple, sql.LIST_SETS, name, most)
        else:
            found = self._select(tuple, sql.LIST_GROUP, name, most, group)
        with self._decoding():
            return row_mapping.summaries_from_rows(found, self._owner_describer())

    def sets_of_fingerprint(self, beginning: str) -> list[JobSetRecord]:
        """Return the sets whose fingerprint begins with these hexadecimal digits, newest first."""
        return self._select(row_mapping.SETS.from_row, sql.SETS_OF_FINGERPRINT, beginning)

    def sets_without_fingerprint(self, recipe: str, circuits: int, limit: int) -> list[JobSetRecord]:
        """Return complete sets without a fingerprint, newest first.

        Args:
            recipe: the recipe of their simulator.
            circuits: how many circuits they have.
            limit: the most sets.
        """
        return self._select(
            row_mapping.SETS.from_row, sql.SETS_WITHOUT_FINGERPRINT, recipe, circuits, limit
        )

    def put_fingerprint(self, set_id: str, fingerprint: str) -> None:
        """Set the fingerprint of a set; do nothing if the store does not have the set."""
        with self._transaction() as connection:
            connection.execute(sql.PUT_FINGERPRINT, (fingerprint, set_id))

    def size(self) -> int:
        """Return the size of the store in bytes, without the journal."""
        pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        found: list[int] = self._select(lambda columns: columns[0], pages)
        return found[0]

    def delete_set(self, set_id: str) -> None:
        """Delete a set with its jobs, circuits and outcomes, and return its space to the disk.

        Raises:
            JobSetNotFoundError: no such set.
        """
        with self._lock:
            with self._transaction() as connection:
                connection.execute(sql.DELETE_SET, (self._set_key(connection, set_id),))
            # If the space cannot be freed now, the next deletion frees it.
            # `executescript` runs the pragma to its end; `execute` would free one page.
            with suppress(sqlite3.Error):
                connection.executescript("PRAGMA incremental_vacuum")

    def claim(self, set_id: str) -> bool:
        """Take the ownership of a set, and return whether the set never had an owner in this store.

        Raises:
            JobSetNotFoundError: no such set.
            DrivenElsewhereError: another store that is alive owns the set.
        """
        with self._transaction() as connection:
            return self._owned.claim(connection, set_id)

    def release(self, set_id: str) -> None:
        """Release the ownership of a set; do nothing if this store does not own it."""
        with self._transaction() as connection:
            self._owned.release(connection, set_id)

    def owner(self, set_id: str) -> str | None:
        """Return a description of the owner of a set if it is another store that is alive; else None."""
        with self._lock, translated(self.path):
            return self._owned.other_owner(self._open_connection(), set_id)

    def beat(self) -> None:
        """Write the heartbeat of this store; other hosts see by it that the store is alive."""
        with self._transaction() as connection:
            self._owner.beat(connection)

    def take_token(self, key: str, pace: Pace, now: float) -> float:
        """Record a submission and return 0 if the pace allows it; else return the seconds to wait."""
        with self._transaction() as connection:
            return submissions.take_token(connection, key, pace, now)

    def version(self) -> int:
        """Return a number that changes when another store writes the same file."""
        with self._lock, translated(self.path):
            self._keep_file()
        found: list[int] = self._select(lambda columns: columns[0], "PRAGMA data_version")
        return found[0]

    def _owner_describer(self) -> Callable[[str | None], str | None]:
        """Return a function that returns the description of an owner and caches it."""
        known: dict[str | None, str | None] = {}

        def describe(owner: str | None) -> str | None:
            if owner not in known:
                with self._lock, translated(self.path):
                    known[owner] = self._owner.describe(self._open_connection(), owner)
            return known[owner]

        return describe

    def _insert(self, connection: sqlite3.Connection, record: JobSetRecord) -> int:
        if connection.execute(sql.SET_KEY, (record.set_id,)).fetchone():
            raise StoreError(f"The job store {self.path} already has job set {record.set_id}.")
        set_key = connection.execute(sql.ADD_SET, row_mapping.SETS.to_row(record)).lastrowid
        assert set_key is not None
        return set_key

    def _add(
        self,
        connection: sqlite3.Connection,
        set_key: int,
        jobs: Sequence[JobRecord],
        blocks: Sequence[CircuitBlock],
    ) -> None:
        sql.ADD_JOBS.run(connection, [(set_key, *row_mapping.JOBS.to_row(job)) for job in jobs])
        sql.CIRCUITS.write(connection, [row_mapping.block_to_row(set_key, block) for block in blocks])

    def _write_all(self, connection: sqlite3.Connection, changes: Mapping[str, Changes]) -> None:
        for set_id, change in changes.items():
            key = self._owned.key(connection, set_id)
            try:
                self._write(connection, key, change)
            except (AttributeError, MemoryError, OverflowError, TypeError, ValueError) as error:
                raise unstorable(self.path, error) from error  # SQLite cannot store the value

    def _refused(self, changes: Mapping[str, Changes]) -> dict[tuple[str, int], str]:
        """Return the reason for each job whose changes cannot be written; nothing is written."""
        refused: dict[tuple[str, int], str] = {}
        for set_id, change in changes.items():
            for row in change.rows() if self._refusal(set_id, change) else ():
                if reason := self._refusal(set_id, change.of(row)):
                    refused[set_id, row] = reason
        return refused

    def _refusal(self, set_id: str, change: Changes) -> str | None:
        try:
            with self._transaction() as connection:
                self._write_all(connection, {set_id: change})
                connection.execute("ROLLBACK")  # this was a try; the other changes are not written
        except StoreValueError as error:
            return str(error)
        return None

    def _write(self, connection: sqlite3.Connection, key: int, change: Changes) -> None:
        if change.record is not None:
            connection.execute(sql.UPDATE_SET, (*row_mapping.SETS.to_row(change.record), key))
        sql.CIRCUITS.write(connection, [row_mapping.block_to_row(key, block) for block in change.blocks])
        newest = {job.row: job for job in change.jobs}
        sql.PUT_JOBS.run(connection, [(key, *row_mapping.JOBS.to_row(job)) for job in newest.values()])
        sql.ADD_CHANGES.run(
            connection, [(key, *row_mapping.CHANGES.to_row(line)) for line in change.history]
        )
        sql.OUTCOMES.write(
            connection, [((key, int(row)), (), data) for row, data in change.outcomes.items()]
        )

    def _set_key(self, connection: sqlite3.Connection, set_id: str) -> int:
        found = connection.execute(sql.SET_KEY, (set_id,)).fetchone()
        if found is None:
            raise unknown_set(self.path, set_id)
        return int(found[0])
