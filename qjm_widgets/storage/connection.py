"""Open a store's file, which only its owner can read, with durable writes.

The journal is one that works on the file system.
"""

from __future__ import annotations

import os
import sqlite3
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from qjm_widgets.storage.error_translation import not_writable, read_only, translated
from qjm_widgets.storage.filesystems import on_network
from qjm_widgets.storage.migrations import prepare, version_of

MEMORY = ":memory:"

_PAUSE_SECONDS = 0.005
#: After a large transaction, the WAL is cut to this many bytes.
_JOURNAL_BYTES = 16 * 1024 * 1024
# POSIX drops all locks of a process on a file as soon as it closes any descriptor of that file. Making
# the file closes one, so no thread may open the database meanwhile.
_making = threading.Lock()


def open_store(path: str, timeout: float, *, new: bool = True) -> sqlite3.Connection:
    """Return a connection to a store, which is migrated to the current version.

    Args:
        path: an absolute path, or ``":memory:"``.
        timeout: seconds to wait for other processes that hold the file.
        new: whether to make the file and its directories if they are missing.

    Raises:
        StoreError: the store cannot be opened; the error is of a subclass where one fits.
    """
    with translated(path):
        if path != MEMORY:
            if new:
                _make_file(Path(path))
            if reason := not_writable(path):
                raise read_only(path, reason)
        where = path if new else f"{Path(path).as_uri()}?mode=rw"
        connection = sqlite3.connect(
            where, timeout=timeout, isolation_level=None, check_same_thread=False, uri=not new
        )
        try:
            # The version is checked first, because another program's file must not get our journal.
            _until_free(timeout, lambda: version_of(connection, path))
            _until_free(timeout, lambda: _configure(connection, path))
            _until_free(timeout, lambda: prepare(connection, path))
        except BaseException:
            connection.close()
            raise
        return connection


def _until_free(timeout: float, step: Callable[[], object]) -> None:
    # SQLite's own timeout does not apply when the journal is changed, or when another process recovers
    # or removes the WAL. In these cases, SQLite fails at once because the file is busy.
    deadline = time.monotonic() + timeout
    while True:
        try:
            step()
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() >= deadline:
                raise
        time.sleep(_PAUSE_SECONDS)


def _make_file(path: Path) -> None:
    missing = [parent for parent in path.parents if not parent.exists()]
    for directory in reversed(missing):
        directory.mkdir(mode=0o700, exist_ok=True)
    with _making, suppress(FileExistsError):
        # SQLite gives the -wal and -shm files the rights of this one.
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))


def _configure(connection: sqlite3.Connection, path: str) -> None:
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute("PRAGMA auto_vacuum = INCREMENTAL")  # has an effect only while the file is empty
    if path == MEMORY:
        return
    if on_network(Path(path)) or _journal(connection, "WAL") != "wal":
        _journal(connection, "TRUNCATE")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA journal_size_limit = {_JOURNAL_BYTES}")


def _journal(connection: sqlite3.Connection, mode: str) -> str:
    return str(connection.execute(f"PRAGMA journal_mode = {mode}").fetchone()[0])
