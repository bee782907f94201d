"""SQLiteStore: every job set in one file, or in memory."""

from __future__ import annotations

import os
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, StatusChange
from qjm_widgets.core.store_port import Changes, SetSummary
from qjm_widgets.errors import (
    DrivenElsewhereError,
    JobSetNotFoundError,
    LeaseLostError,
    StoreError,
    StoreGoneError,
    StoreValueError,
)
from qjm_widgets.storage import forks, row_mapping, submissions
from qjm_widgets.storage import statements as sql
from qjm_widgets.storage.connection import MEMORY, open_store
from qjm_widgets.storage.error_translation import damaged, translated, unstorable
from qjm_widgets.storage.file_guard import FileGuard
from qjm_widgets.storage.leases import Owner

T = TypeVar("T")


class SQLiteStore:
    """The ``JobStore`` over SQLite: one connection that all threads share.

    Args:
        path: the file, which is made with its directories where it is missing and which only its
            owner can read; ``":memory:"`` keeps everything until ``close``.
        timeout: seconds to wait for another process that holds the file.

    Attributes:
        path: the file's absolute path without symbolic links, or ``":memory:"``.

    Raises:
        StoreError: one of its kinds.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float = 5.0) -> None:
        name = os.fspath(path)
        # Absolute: the notebook may change its working directory later. Without symbolic links: whatever
        # path names the file, its owners are beside it.
        self.path = name if name == MEMORY else os.path.realpath(Path(name).expanduser())
        self._lock = threading.RLock()
        self._process = os.getpid()
        forks.close_inherited()
        self._connection: sqlite3.Connection | None = open_store(self.path, timeout)
        file = None if self.path == MEMORY else self.path
        self._owner = Owner(file)
        self._standing = FileGuard(
            file, self._owner.id, lambda: open_store(self.path, timeout, new=False)
        )
        self._epochs: dict[str, int] = {}
        forks.register(self)

    def create_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock] = ()
    ) -> None:
        """Store a new set with jobs and circuits, owned by this store; a known id is an error."""
        with self._transaction() as connection:
            set_key = self._insert(connection, record)
            self._add(connection, set_key, jobs, blocks)
            self._take(connection, record.set_id, set_key)

    def extend_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock]
    ) -> None:
        """Append jobs and circuits to a set, and replace its row.

        Raises:
            JobSetNotFoundError: no such set.
            LeaseLostError: another store owns the set now; nothing was written.
        """
        with self._transaction() as connection:
            set_key = self._owned_key(connection, record.set_id)
            self._add(connection, set_key, jobs, blocks)
            connection.execute(sql.UPDATE_SET, (*row_mapping.set_to_row(record), set_key))

    def add_set(self, record: JobSetRecord, changes: Changes, blocks: Sequence[CircuitBlock]) -> None:
        """Store a whole set in one transaction, owned by nobody; a known id is a ``StoreError``."""
        with self._transaction() as connection:
            set_key = self._insert(connection, record)
            self._write(connection, set_key, changes)
            sql.CIRCUITS.write(
                connection, [row_mapping.block_to_row(set_key, block) for block in blocks]
            )

    def update_set(self, record: JobSetRecord) -> None:
        """Replace the row of a known set.

        Raises:
            JobSetNotFoundError: no such set.
        """
        with self._transaction() as connection:
            set_key = self._set_key(connection, record.set_id)
            connection.execute(sql.UPDATE_SET, (*row_mapping.set_to_row(record), set_key))

    def commit(self, changes: Mapping[str, Changes]) -> None:
        """Write the changes of several sets in one transaction: all of them or none.

        Raises:
            JobSetNotFoundError: no such set.
            LeaseLostError: another store owns one of them now.
            StoreValueError: something cannot be stored, now or later, or names a row that the set does
                not have; it says which jobs that is.
        """
        try:
            with self._transaction() as connection:
                self._owner.stand()
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
        """The blocks that overlap the span, in order; none for an unknown set."""
        with self._reading() as connection, self._decoding():
            found = connection.execute(sql.GET_CIRCUITS, (set_id, int(span.stop), int(span.start)))
            return [sql.block(connection, row) for row in found.fetchall()]

    def untranspiled(self, set_id: str) -> list[Span]:
        """The blocks that the set's pass manager has still to transpile, in order."""
        return self._select(lambda columns: Span(*columns), sql.UNTRANSPILED, set_id)

    def load_set(self, set_id: str) -> tuple[JobSetRecord, list[JobRecord]]:
        """A set and its jobs in the order of rows.

        Raises:
            JobSetNotFoundError: no such set.
        """
        # One transaction, so that both are of the same moment.
        with self._transaction("BEGIN"):
            records = self._select(row_mapping.set_from_row, sql.GET_SET, set_id)
            if not records:
                raise self._unknown(set_id)
            return records[0], self._select(row_mapping.job_from_row, sql.GET_JOBS, set_id)

    def get_outcome(self, set_id: str, row: int) -> bytes | memoryview | None:
        """The encoded outcome of a job, or None; what is in several parts is read-only memory."""
        with self._reading() as connection, self._decoding():
            found = connection.execute(sql.GET_OUTCOME, (set_id, int(row))).fetchone()
            if found is None:
                return None
            set_key, data, parts = found
            return sql.OUTCOMES.whole(connection, (set_key, int(row)), data, parts)

    def job_history(self, set_id: str, row: int) -> list[StatusChange]:
        """Every status that a job had, oldest first; none for an unknown job."""
        return self._select(row_mapping.change_from_row, sql.GET_CHANGES, set_id, int(row))

    def summaries(self, name: str | None = None, limit: int | None = None) -> list[SetSummary]:
        """All sets, newest first; only those of that name, and no more than ``limit``."""
        found = self._select(tuple, sql.LIST_SETS, name, -1 if limit is None else int(limit))
        with self._decoding():
            return row_mapping.summaries_from_rows(found, self._living())

    def size(self) -> int:
        """Bytes that the store takes, without what is written but not yet moved into the file."""
        pages = "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size"
        found: list[int] = self._select(lambda columns: columns[0], pages)
        return found[0]

    def delete_set(self, set_id: str) -> None:
        """Forget a set and all that belongs to it, and give its space back to the disk.

        Raises:
            JobSetNotFoundError: no such set.
        """
        with self._lock:
            with self._transaction() as connection:
                connection.execute(sql.DELETE_SET, (self._set_key(connection, set_id),))
            # The set is gone: where the space cannot be freed now, the next deletion frees it.
            # Only a script is run to its end; `execute` would free one page.
            with suppress(sqlite3.Error):
                connection.executescript("PRAGMA incremental_vacuum")

    def claim(self, set_id: str) -> bool:
        """Own a set from now on; whether nobody has owned it in this store before.

        Raises:
            JobSetNotFoundError: no such set.
            DrivenElsewhereError: another store that lives owns it.
        """
        with self._transaction() as connection:
            key, owner, epoch = self._ownership(connection, set_id)
            who = self._owner.describe(connection, owner)
            if who is not None and owner != self._owner.id:
                raise DrivenElsewhereError(f"{who} drives job set {set_id}: act there, or end it first")
            self._take(connection, set_id, key)
            return epoch == 0

    def release(self, set_id: str) -> None:
        """Own a set no more; nothing happens where it is not owned."""
        with self._transaction() as connection:
            self._epochs.pop(set_id, None)
            connection.execute(
                "UPDATE job_sets SET owner = NULL WHERE set_id = ? AND owner = ?",
                (set_id, self._owner.id),
            )

    def owner(self, set_id: str) -> str | None:
        """Who drives a set now, in words, where that is another store that lives; else None."""
        with self._lock, translated(self.path):
            connection = self._open_connection()
            _, owner, _ = self._ownership(connection, set_id)
            return None if owner == self._owner.id else self._owner.describe(connection, owner)

    def beat(self) -> None:
        """Tell other hosts that this store lives."""
        with self._transaction() as connection:
            self._owner.beat(connection)

    def take_token(self, key: str, pace: Pace, now: float) -> float:
        """Note a submission where the pace allows one; else the seconds to wait."""
        with self._transaction() as connection:
            return submissions.take_token(connection, key, pace, now)

    def version(self) -> int:
        """A number that changes when another store writes the same file."""
        with self._lock, translated(self.path):
            self._keep_file()
        found: list[int] = self._select(lambda columns: columns[0], "PRAGMA data_version")
        return found[0]

    def close(self) -> None:
        """Let go of the file; a second call does nothing.

        Warns where sets are not in the file: it was deleted or replaced, and cannot be written anew.
        """
        if os.getpid() != self._process:
            return  # in a forked child the file still belongs to the parent
        with self._lock, translated(self.path):
            connection, self._connection = self._connection, None
            left = None
            if connection is not None:
                connection, left = self._standing.leave(connection)
                # Without a row in the store, nothing is left of an owner but its lock.
                with suppress(sqlite3.Error):
                    connection.execute("DELETE FROM owners WHERE owner = ?", (self._owner.id,))
                connection.close()
            self._owner.leave()
        if left is not None:
            warnings.warn(left, stacklevel=3)

    def before_fork(self) -> None:
        """Let no transaction be open while the process is forked: the child would end it in its way."""
        self._lock.acquire()

    def after_fork(self) -> sqlite3.Connection | None:
        """Go on; in the child with nothing: what it has of the parent's is given back, to be closed."""
        if os.getpid() == self._process:
            self._lock.release()
            return None
        self._lock = threading.RLock()
        connection, self._connection = self._connection, None
        return connection

    @contextmanager
    def _transaction(self, begin: str = "BEGIN IMMEDIATE") -> Iterator[sqlite3.Connection]:
        with self._lock, translated(self.path):
            connection = self._keep_file()
            try:
                connection.execute(begin)
                if not self._standing.holds():  # gone while another process held it
                    connection.execute("ROLLBACK")
                    connection = self._keep_file()
                    connection.execute(begin)
                yield connection
                if connection.in_transaction:
                    connection.execute("COMMIT")
            except BaseException:  # KeyboardInterrupt too: the connection goes on being used
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """What is read inside is of one moment; the file may be gone meanwhile."""
        with self._lock, translated(self.path):
            connection = self._readable()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def _living(self) -> Callable[[str | None], str | None]:
        """Who an owner is, looked at once only: many sets may have the same."""
        known: dict[str | None, str | None] = {}

        def living(owner: str | None) -> str | None:
            if owner not in known:
                with self._lock, translated(self.path):
                    known[owner] = self._owner.describe(self._open_connection(), owner)
            return known[owner]

        return living

    def _select(self, make: Callable[[row_mapping.Row], T], query: str, *values: object) -> list[T]:
        with self._lock, translated(self.path):
            found: Iterable[row_mapping.Row] = self._readable().execute(query, values).fetchall()
        with self._decoding():
            return [make(row) for row in found]

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self.path, f"a row makes no sense: {error}") from error

    def _open_connection(self) -> sqlite3.Connection:
        if os.getpid() != self._process:
            # SQLite: a connection that is used on both sides of a fork destroys the file.
            raise StoreError(
                f"The job store {self.path} was opened by the process that this one was forked"
                " from. Open it again here."
            )
        if self._connection is None:
            raise StoreError(f"The job store {self.path} is closed. Open it again.")
        return self._connection

    def _keep_file(self) -> sqlite3.Connection:
        """The connection, after a look whether its file is still there."""
        connection = self._open_connection()
        if not connection.in_transaction:
            self._connection = None  # where the file cannot be opened again
            try:
                kept = self._standing.keep(connection)
            except BaseException:
                self._connection = connection
                raise
            self._connection = kept
            return kept
        return connection

    def _readable(self) -> sqlite3.Connection:
        """As ``_keep_file``; where another file is in its place, the one that is still open."""
        try:
            return self._keep_file()
        except StoreGoneError:
            return self._open_connection()

    def _insert(self, connection: sqlite3.Connection, record: JobSetRecord) -> int:
        if connection.execute(sql.SET_KEY, (record.set_id,)).fetchone():
            raise StoreError(f"The job store {self.path} already has job set {record.set_id}.")
        set_key = connection.execute(sql.ADD_SET, row_mapping.set_to_row(record)).lastrowid
        assert set_key is not None
        return set_key

    def _add(
        self,
        connection: sqlite3.Connection,
        set_key: int,
        jobs: Sequence[JobRecord],
        blocks: Sequence[CircuitBlock],
    ) -> None:
        sql.ADD_JOBS.run(connection, [row_mapping.job_to_row(set_key, job) for job in jobs])
        sql.CIRCUITS.write(connection, [row_mapping.block_to_row(set_key, block) for block in blocks])

    def _write_all(self, connection: sqlite3.Connection, changes: Mapping[str, Changes]) -> None:
        for set_id, change in changes.items():
            key = self._owned_key(connection, set_id)
            try:
                self._write(connection, key, change)
            except (AttributeError, MemoryError, OverflowError, TypeError, ValueError) as error:
                raise unstorable(self.path, error) from error  # no value of SQLite's

    def _refused(self, changes: Mapping[str, Changes]) -> dict[tuple[str, int], str]:
        """Which jobs cannot be written and why: tried set by set, then job by job; nothing is kept."""
        refused: dict[tuple[str, int], str] = {}
        for set_id, change in changes.items():
            for row in change.rows() if self._refusal(set_id, change) else ():
                if why := self._refusal(set_id, change.of(row)):
                    refused[set_id, row] = why
        return refused

    def _refusal(self, set_id: str, change: Changes) -> str | None:
        try:
            with self._transaction() as connection:
                self._write_all(connection, {set_id: change})
                connection.execute("ROLLBACK")  # others of the changes are not written yet
        except StoreValueError as error:
            return str(error)
        return None

    def _write(self, connection: sqlite3.Connection, key: int, change: Changes) -> None:
        newest = {job.row: job for job in change.jobs}
        sql.PUT_JOBS.run(connection, [row_mapping.job_to_row(key, job) for job in newest.values()])
        sql.ADD_CHANGES.run(
            connection, [row_mapping.change_to_row(key, line) for line in change.history]
        )
        sql.OUTCOMES.write(
            connection, [((key, int(row)), (), data) for row, data in change.outcomes.items()]
        )

    def _take(self, connection: sqlite3.Connection, set_id: str, key: int) -> None:
        self._owner.enter(connection)
        connection.execute(sql.CLAIM, (self._owner.id, key))
        self._epochs[set_id] = int(self._ownership(connection, set_id)[2])

    def _owned_key(self, connection: sqlite3.Connection, set_id: str) -> int:
        key, owner, epoch = self._ownership(connection, set_id)
        if owner != self._owner.id or epoch != self._epochs.get(set_id):
            who = self._owner.describe(connection, owner) or "another kernel"
            raise LeaseLostError(set_id, f"{who} has taken over job set {set_id}")
        return key

    def _ownership(self, connection: sqlite3.Connection, set_id: str) -> tuple[int, str | None, int]:
        found = connection.execute(sql.OWNED_KEY, (set_id,)).fetchone()
        if found is None:
            raise self._unknown(set_id)
        return int(found[0]), found[1], int(found[2])

    def _set_key(self, connection: sqlite3.Connection, set_id: str) -> int:
        found = connection.execute(sql.SET_KEY, (set_id,)).fetchone()
        if found is None:
            raise self._unknown(set_id)
        return int(found[0])

    def _unknown(self, set_id: str) -> JobSetNotFoundError:
        return JobSetNotFoundError(
            f"The job store {self.path} has no job set {set_id}. JobManager.history() lists its sets."
        )
