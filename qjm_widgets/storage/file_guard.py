"""Whether a store's path still names the file that is open, and what is done when it does not.

The system lets a file be deleted or replaced while it is open: what is written then goes nowhere.
SQLite does not notice; when it closes such a file, it leaves the journals beside the path alone.
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
# So many sets are named in a warning.
_NAMED = 5

_File = tuple[int, int] | None
"""Device and number of a file; None where there is none."""


class FileGuard:
    """The file that a connection has open.

    Args:
        path: an absolute path, or None for a store in memory.
        owner: this store as an owner of sets.
        reopen: opens the store at its path; it makes none, for an empty one would be taken for it.
    """

    def __init__(self, path: str | None, owner: str, reopen: Callable[[], sqlite3.Connection]) -> None:
        self._path = path
        self._owner = owner
        self._reopen = reopen
        self._known: _File = None
        self._journal: _File = None
        self._copy: Path | None = None
        self._learn()

    def keep(self, connection: sqlite3.Connection) -> sqlite3.Connection:
        """The connection to use: the same while its file is there.

        A file that was deleted is written anew from what is still open. Another file in its place is
        taken only if it knows all that this store has written of the sets that it drives; what it lacks
        of other sets is kept in a file beside it.

        Raises:
            StoreGoneError: the file is gone and cannot be written anew, or another is in its place.
        """
        path = self._path
        if path is None:
            return connection
        found, journal = _look(path), _look(f"{path}-wal")
        if found is not None and found == self._known:
            if self._journal is None:
                self._journal = journal
            if journal == self._journal:
                return connection
            # Somebody deleted the journal: what only it has goes into the file first.
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
            if left := self._left(connection, path):
                _LOG.warning(left)
            self._remove_journal(path)
        again = self._reopen()
        connection.close()
        self._learn()
        return again

    def holds(self) -> bool:
        """Whether the path still names the file that is open."""
        return self._path is None or _look(self._path) == self._known

    def leave(self, connection: sqlite3.Connection) -> tuple[sqlite3.Connection, str | None]:
        """Look for the last time: the connection to close, and what has to be said of sets, or None."""
        try:
            return self.keep(connection), None
        except (StoreError, OSError, sqlite3.Error):
            assert self._path is not None
            return connection, self._left(connection, self._path)

    def _left(self, connection: sqlite3.Connection, path: str) -> str | None:
        """In words what becomes of sets that only the open file has; they are kept where they can be."""
        there = {set_id: lines for set_id, _, lines in self._rows_in(path, _ALL) or ()}
        names = [
            name for set_id, name, lines in connection.execute(_ALL) if lines > there.get(set_id, -1)
        ]
        if not names:
            return None
        some = ", ".join(map(repr, names[:_NAMED])) + (", …" if len(names) > _NAMED else "")
        sets = f"{len(names):,} job set{'s'[: len(names) - 1]} ({some})"
        what = f"The job store {path} was deleted or replaced while it was open"
        try:
            copy = self._copied(connection, path)
        except (StoreError, OSError, sqlite3.Error) as error:
            return f"{what}, and {sets} of it could not be written anew: {error}"
        return f"{what}, and {sets} of it are kept in {copy}: JobManager(store={str(copy)!r}) has them."

    def _learn(self) -> None:
        if self._path is not None:
            self._known = _look(self._path)
            self._journal = _look(f"{self._path}-wal")

    def _rows_in(self, path: str, query: str, *values: str) -> list[tuple[Any, ...]] | None:
        """What a file answers; None where it is no store.

        It is read alone: the journal beside it may be that of the file which was open.
        """
        where = f"{Path(path).as_uri()}?immutable=1"
        try:
            with closing(sqlite3.connect(where, uri=True)) as other:
                return other.execute(query, values).fetchall()
        except sqlite3.Error:
            return None

    def _copied(self, connection: sqlite3.Connection, path: str) -> Path:
        """All that is still open, in a file beside the store's."""
        if not Path(path).parent.is_dir():  # a disk that was taken out, perhaps
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
        """Give the copy the store's name, unless another kernel with the same file was faster."""
        self._remove_journal(path)
        self._copy = None
        try:
            os.link(copy, path)
        except FileExistsError:
            raise replaced(path) from None  # the next look tells whether it will do
        except OSError:  # no links on this file system
            if not Path(path).exists():
                copy.rename(path)
        finally:
            copy.unlink(missing_ok=True)
        _LOG.warning("the job store %s was deleted while it was open, and was written anew", path)

    def _remove_journal(self, path: str) -> None:
        """What is left beside the path of the file that was open would be taken for the new one's."""
        if self._journal is not None and _look(f"{path}-wal") == self._journal:
            for ending in ("-wal", "-shm"):
                Path(f"{path}{ending}").unlink(missing_ok=True)


def _look(path: str) -> _File:
    try:
        status = Path(path).stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    return status.st_dev, status.st_ino
