"""Check that a store's path still names the open file, and restore the file if it does not.

The system allows an open file to be deleted or replaced; later writes to the open file are then lost,
and SQLite does not notice. When SQLite closes such a file, it leaves its journals beside the path.
"""

from __future__ import annotations

import logging
import os
import sqlite3
import uuid
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

from qjm_widgets.errors import StoreError
from qjm_widgets.storage.error_translation import gone, replaced

_LOG = logging.getLogger(__name__)

_LINES = "(SELECT count(*) FROM history WHERE history.set_key = job_sets.set_key)"
_OWNED = f"SELECT set_id, epoch, {_LINES} FROM job_sets WHERE owner = ? ORDER BY set_id"
_ALL = f"SELECT set_id, name, {_LINES} FROM job_sets ORDER BY created_at, set_key"
#: The most sets that a warning names.
_NAMED = 5

#: Device and inode of a file; None if there is no file.
_File = tuple[int, int] | None


class FileGuard:
    """A guard of the file that a connection has open.

    Args:
        path: an absolute path, or None for a store in memory.
        owner: the id of this store as an owner of sets.
        reopen: a function that opens the store at its path. It must not make a missing file, because the
            empty file would then be used as the store.
    """

    def __init__(self, path: str | None, owner: str, reopen: Callable[[], sqlite3.Connection]) -> None:
        self._path = path
        self._owner = owner
        self._reopen = reopen
        self._known: _File = None
        self._journal: _File = None
        self._copy: Path | None = None
        self._note_identities()

    def keep(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """Return the connection to use; it is the given one while the path names its file.

        A deleted file is restored from the open one. If another file is in its place, that file is used
        only if it has everything that this store wrote about the sets that it owns. Other sets that it
        lacks are kept in a third file beside it.

        Raises:
            StoreGoneError: the file is gone and cannot be restored, or another file that cannot be used
                is in its place.
        """
        path = self._path
        if path is None:
            return connection
        found, journal = _identity(path), _identity(f"{path}-wal")
        if found is not None and found == self._known:
            if self._journal is None:
                self._journal = journal
            if journal == self._journal:
                return connection
            # The journal was deleted: move its contents into the file first.
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        elif found is None:
            if self._copy is None:
                self._copy = self._copied(connection, path)
            self._place(self._copy, path)
        else:
            if connection.execute(_OWNED, (self._owner,)).fetchall() != self._rows_in(
                path, _OWNED, self._owner
            ):
                raise replaced(path)
            if left := self._copy_unsaved_sets(connection, path):
                _LOG.warning(left)
            self._remove_journal(path)
        again = self._reopen()
        connection.close()
        self._note_identities()
        return again

    def holds(self) -> bool:
        """Return whether the path still names the open file."""
        return self._path is None or _identity(self._path) == self._known

    def leave(self, connection: sqlite3.Connection) -> tuple[sqlite3.Connection, str | None]:
        """Return the connection to close, and a warning about sets that the file now lacks, or None."""
        try:
            return self.keep(connection), None
        except (StoreError, OSError, sqlite3.Error):
            assert self._path is not None
            return connection, self._copy_unsaved_sets(connection, self._path)

    def _copy_unsaved_sets(self, connection: sqlite3.Connection, path: str) -> str | None:
        """Copy the open file if it has sets or changes that the file at the path lacks.

        Returns:
            A warning that names these sets and the copy; None if there are no such sets.
        """
        lines_there = {set_id: lines for set_id, _, lines in self._rows_in(path, _ALL) or ()}
        names = [
            name
            for set_id, name, lines in connection.execute(_ALL)
            if lines > lines_there.get(set_id, -1)
        ]
        if not names:
            return None
        some = ", ".join(map(repr, names[:_NAMED])) + (", …" if len(names) > _NAMED else "")
        sets = f"{len(names):,} job set{'s'[: len(names) - 1]} ({some})"
        what = f"The job store {path} was deleted or replaced while it was open"
        try:
            copy = self._copied(connection, path)
        except (StoreError, OSError, sqlite3.Error) as error:
            return f"{what}, and {sets} of it could not be restored: {error}"
        return f"{what}, and {sets} of it are kept in {copy}: JobManager(store={str(copy)!r}) has them."

    def _note_identities(self) -> None:
        if self._path is not None:
            self._known = _identity(self._path)
            self._journal = _identity(f"{self._path}-wal")

    def _rows_in(self, path: str, query: str, *values: str) -> list[tuple[Any, ...]] | None:
        """Return the rows of a query on the file at the path; None if that is not a store.

        The file is read without its journal, which may belong to the file that was open.
        """
        where = f"{Path(path).as_uri()}?immutable=1"
        try:
            with closing(sqlite3.connect(where, uri=True)) as other:
                return other.execute(query, values).fetchall()
        except sqlite3.Error:
            return None

    def _copied(self, connection: sqlite3.Connection, path: str) -> Path:
        """Copy the open file to a new file beside the store's path, and return its path.

        Raises:
            StoreGoneError: the directory is gone.
        """
        if not Path(path).parent.is_dir():  # for example, a disk was removed
            raise gone(path)
        copy = Path(f"{path}.{uuid.uuid4().hex}.new")
        try:
            os.close(os.open(copy, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            with closing(sqlite3.connect(copy, isolation_level=None)) as target:
                connection.backup(target)
        except BaseException:
            with suppress(FileNotFoundError):
                copy.unlink()
            raise
        return copy

    def _place(self, copy: Path, path: str) -> None:
        """Move the copy to the store's path.

        Raises:
            StoreGoneError: there is a file already, for example because another kernel was faster. On a
                file system without links, this is not raised, and the copy is removed.
        """
        self._remove_journal(path)
        self._copy = None
        try:
            os.link(copy, path)
        except FileExistsError:
            raise replaced(path) from None  # the next check decides whether it can be used
        except OSError:  # no links on this file system
            if not Path(path).exists():
                copy.rename(path)
        finally:
            copy.unlink(missing_ok=True)
        _LOG.warning("the job store %s was deleted while it was open, and was restored", path)

    def _remove_journal(self, path: str) -> None:
        """Remove the journal of the open file, because SQLite would use it for the new file."""
        if self._journal is not None and _identity(f"{path}-wal") == self._journal:
            for ending in ("-wal", "-shm"):
                Path(f"{path}{ending}").unlink(missing_ok=True)


def _identity(path: str) -> _File:
    try:
        status = os.stat(path)  # noqa: PTH116 -- called three times a transaction, and a Path takes 5 µs
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino
