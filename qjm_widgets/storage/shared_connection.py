"""The connection to a store's file that all threads share: transactions, reads, forks and closing."""

from __future__ import annotations

import os
import sqlite3
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TypeVar

from qjm_widgets.errors import StoreError, StoreGoneError
from qjm_widgets.storage import forks
from qjm_widgets.storage.connection import MEMORY, open_store
from qjm_widgets.storage.error_translation import damaged, translated
from qjm_widgets.storage.file_guard import FileGuard
from qjm_widgets.storage.leases import Owner
from qjm_widgets.storage.row_mapping import Row

T = TypeVar("T")


class SharedConnection:
    """The connection to a store's file, and this process as an owner of sets in it.

    Args:
        path: the file, or ``":memory:"``.
        timeout: seconds to wait for another process that holds the file.

    Attributes:
        path: the file's absolute path without symbolic links, or ``":memory:"``.

    Raises:
        StoreError: from any method, as one of its subclasses.
    """

    def __init__(self, path: str | os.PathLike[str], *, timeout: float) -> None:
        name = os.fspath(path)
        # The path is absolute, because the notebook may change its working directory later. It has no
        # symbolic links, because the directory of owners is beside the file itself.
        self.path = name if name == MEMORY else os.path.realpath(Path(name).expanduser())
        self._lock = threading.RLock()
        self._process = os.getpid()
        forks.close_inherited()
        self._connection: sqlite3.Connection | None = open_store(self.path, timeout)
        file = None if self.path == MEMORY else self.path
        self._owner = Owner(file)
        self._guard = FileGuard(file, self._owner.id, lambda: open_store(self.path, timeout, new=False))
        forks.register(self)

    def close(self) -> None:
        """Close the file; a second call does nothing.

        Warn if the file was deleted or replaced and this store has sets that could not be restored to
        it.
        """
        if os.getpid() != self._process:
            return  # in a forked child, the file still belongs to the parent
        with self._lock, translated(self.path):
            connection, self._connection = self._connection, None
            warning = None
            if connection is not None:
                connection, warning = self._guard.leave(connection)
                # The owner's row must be deleted before its lock file, which is removed below.
                with suppress(sqlite3.Error):
                    connection.execute("DELETE FROM owners WHERE owner = ?", (self._owner.id,))
                connection.close()
            self._owner.leave()
        if warning is not None:
            warnings.warn(warning, stacklevel=3)

    def before_fork(self) -> None:
        """Wait for the end of the open transaction, and allow no other, because a child would end it."""
        self._lock.acquire()

    def after_fork(self) -> sqlite3.Connection | None:
        """Allow transactions again; in a child, give up the parent's connection and return it."""
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
                if not self._guard.holds():  # the file was replaced while another process held it
                    connection.execute("ROLLBACK")
                    connection = self._keep_file()
                    connection.execute(begin)
                yield connection
                if connection.in_transaction:
                    connection.execute("COMMIT")
            except BaseException:  # also KeyboardInterrupt, because the connection remains in use
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection inside a transaction that only reads, even if the file was deleted."""
        with self._lock, translated(self.path):
            connection = self._readable()
            connection.execute("BEGIN")
            try:
                yield connection
            finally:
                connection.execute("ROLLBACK")

    def _select(self, make: Callable[[Row], T], query: str, *values: object) -> list[T]:
        with self._lock, translated(self.path):
            found: Iterable[Row] = self._readable().execute(query, values).fetchall()
        with self._decoding():
            return [make(row) for row in found]

    @contextmanager
    def _decoding(self) -> Iterator[None]:
        try:
            yield
        except (KeyError, TypeError, ValueError) as error:
            raise damaged(self.path, f"a row is invalid: {error}") from error

    def _open_connection(self) -> sqlite3.Connection:
        if os.getpid() != self._process:
            # A connection that is used by both processes after a fork damages the file.
            raise StoreError(
                f"The job store {self.path} was opened by the process that this one was forked"
                " from. Open it again here."
            )
        if self._connection is None:
            raise StoreError(f"The job store {self.path} is closed. Open it again.")
        return self._connection

    def _keep_file(self) -> sqlite3.Connection:
        """Return the connection after a check that the path still names its file.

        Raises:
            StoreGoneError: the file is gone or replaced, and cannot be restored.
        """
        connection = self._open_connection()
        if not connection.in_transaction:
            self._connection = None  # if the file cannot be opened again
            try:
                kept = self._guard.keep(connection)
            except BaseException:
                self._connection = connection
                raise
            self._connection = kept
            return kept
        return connection

    def _readable(self) -> sqlite3.Connection:
        """Return the connection as ``_keep_file`` does, or to the old file if that raises an error."""
        try:
            return self._keep_file()
        except StoreGoneError:
            return self._open_connection()
