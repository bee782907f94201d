"""Translate errors of SQLite and the system to errors that say what happened and what to do."""

from __future__ import annotations

import errno
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qjm_widgets.errors import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreGoneError,
    StoreLockedError,
    StoreReadOnlyError,
    StoreValueError,
    StoreVersionError,
    explain,
)

_FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_FORBIDDEN = frozenset({errno.EACCES, errno.EPERM, errno.EROFS})
#: Whether the system can check the rights of the effective user, which decide about access.
_EFFECTIVE = os.access in os.supports_effective_ids
_PROBE_BYTES = 65536
#: Names of the errors that the data cause, so that writing the data again would fail again.
_LASTING = frozenset({"SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_CONSTRAINT"})


@contextmanager
def translated(path: str) -> Iterator[None]:
    """Raise a ``StoreError`` in place of an error of SQLite or the system.

    Raises:
        StoreError: the error, of a subclass where one fits; its cause is the original error.
    """
    try:
        yield
    except sqlite3.Error as error:
        raise _from_sqlite(error, path) from error
    except OSError as error:
        raise _from_system(error, path) from error


def damaged(path: str, detail: object) -> StoreCorruptError:
    """Return the error for a file that is not a database, or has invalid pages or rows."""
    return StoreCorruptError(
        f"The job store {path} is damaged, or it is another kind of file ({detail}). Move it away"
        " together with the files beside it that end in -wal and -shm, then start a new store or"
        " put back a copy."
    )


def foreign(path: str) -> StoreCorruptError:
    """Return the error for another program's database."""
    return StoreCorruptError(
        f"The database {path} belongs to another program and was left as it is. Give the job store"
        " a file of its own."
    )


def too_new(path: str, found: int, known: int) -> StoreVersionError:
    """Return the error for a store of a newer version of this package."""
    return StoreVersionError(
        f"The job store {path} was written by a newer qjm_widgets (its version is {found}, the"
        f" newest known here is {known}) and was left as it is. Upgrade qjm_widgets, or use another"
        " store."
    )


def read_only(path: str, detail: object) -> StoreReadOnlyError:
    """Return the error for a file or directory that cannot be written."""
    return StoreReadOnlyError(
        f"The job store {path} cannot be written ({detail}). Make the file and its directory"
        " writable for you, or name another place: JobManager(store=…) or the environment variable"
        " QJM_STORE."
    )


def unstorable(path: str, error: BaseException) -> StoreValueError:
    """Return the error for a value that the store cannot hold."""
    return StoreValueError(
        f"The job store {path} cannot hold what was to be written ({explain(error)})."
        " Nothing was changed."
    )


def gone(path: str) -> StoreGoneError:
    """Return the error for a file that was deleted with its directory."""
    return StoreGoneError(
        f"The directory of the job store {path} is gone while the store is open. Nothing is lost while"
        " this kernel runs: put the directory back, empty or as it was, and everything is written there."
    )


def replaced(path: str) -> StoreGoneError:
    """Return the error for a store that another file has replaced."""
    return StoreGoneError(
        f"The job store {path} was replaced by another file while it was open. Nothing is lost while"
        " this kernel runs: move that file away, and what this kernel has is written there; or close"
        " the manager to go on with the other file."
    )


def not_writable(path: str) -> str | None:
    """Return that the user has no right to write the directory or the file; None with both rights."""
    for place, kind in ((Path(path).parent, "directory"), (Path(path), "file")):
        exists = os.access(place, os.F_OK, effective_ids=_EFFECTIVE)
        if exists and not os.access(place, os.W_OK, effective_ids=_EFFECTIVE):
            return f"no right to write the {kind}"
    return None


def _full(path: str, detail: object) -> StoreFullError:
    return StoreFullError(
        f"No space is left for the job store {path} ({detail}). The last change was not written;"
        " what was stored before is safe. Free some space or raise your quota there, then try"
        " again."
    )


def _locked(path: str, detail: object) -> StoreLockedError:
    return StoreLockedError(
        f"Another process held the job store {path} for too long ({detail}). Nothing was changed."
        " Try again; if it lasts, close the other kernels or programs that have the file open."
    )


def _from_sqlite(error: sqlite3.Error, path: str) -> StoreError:
    name: str = getattr(error, "sqlite_errorname", "")
    # The first two parts: SQLITE_IOERR_WRITE is a kind of SQLITE_IOERR.
    kind = "_".join(name.split("_")[:2])
    if kind == "SQLITE_FULL":
        return _full(path, error)
    if kind in ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_PROTOCOL"):
        return _locked(path, error)
    if kind in ("SQLITE_CORRUPT", "SQLITE_NOTADB"):
        return damaged(path, error)
    if kind in _LASTING or "binding parameter" in str(error):  # such an error has no error code
        return unstorable(path, error)
    if kind == "SQLITE_READONLY":
        return read_only(path, error)
    if kind == "SQLITE_CANTOPEN" and (reason := not_writable(path)):
        return read_only(path, reason)
    if kind == "SQLITE_IOERR" and (reason := _no_space(path)):
        return _full(path, reason)
    if "decode to UTF-8" in str(error):  # raised by Python's sqlite3, without an error code
        return damaged(path, error)
    return StoreError(
        f"The job store {path} failed: {error}{f' ({name})' if name else ''}. Nothing was changed."
    )


def _from_system(error: OSError, path: str) -> StoreError:
    if error.errno in _FULL:
        return _full(path, error.strerror)
    if error.errno in _FORBIDDEN:
        return read_only(path, error.strerror)
    return StoreError(
        f"The job store {path} cannot be opened: {error}. Name a file in a directory that can be made."
    )


def _no_space(path: str) -> str | None:
    """Return the reason if there is no space to write a file of the store's size beside it; else None.

    SQLite reports a full disk as such. It reports an exhausted quota, or a limit on the size of a file,
    only as an I/O error.
    """
    try:
        files = (Path(path), Path(f"{path}-wal"))
        size = max((file.stat().st_size for file in files if file.exists()), default=0)
        with tempfile.TemporaryFile(dir=Path(path).parent, buffering=0) as probe:
            probe.seek(size)
            probe.write(bytes(_PROBE_BYTES))
            os.fsync(probe.fileno())
    except OSError as error:
        return error.strerror if error.errno in _FULL else None
    return None
