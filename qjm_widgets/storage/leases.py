"""Owners of sets. An owner is alive while it holds the lock on its own file.

The system frees the lock when the process dies, and keeps it while a laptop sleeps. Other hosts cannot
see the lock; for them, the owner writes a heartbeat. The clocks of two hosts are never compared: a host
measures by its own clock how long the beat of another host does not change. When it sees a beat for the
first time, it takes the age of the beat from the file system that both hosts share.
"""

from __future__ import annotations

import contextlib
import os
import socket
import sqlite3
import sys
import tempfile
import time
import uuid
import weakref
from pathlib import Path

if sys.platform == "win32":
    import msvcrt
else:
    import fcntl

#: An owner on another host is dead if its beat has not changed for so many seconds.
_DEAD_AFTER = 120.0


class Owner:
    """This store as an owner of sets.

    Args:
        path: the store's file, or None for a store in memory, which no other process can reach.
    """

    def __init__(self, path: str | None) -> None:
        self.id = uuid.uuid4().hex
        self.host = socket.gethostname()
        self._directory = None if path is None else Path(f"{path}.owners")
        self._descriptor: int | None = None
        self._beat = 0.0
        # For each owner on another host: its last beat, and the time of the change (monotonic seconds).
        self._seen: dict[str, tuple[float, float]] = {}
        _owners.add(self)

    def enter(self, connection: sqlite3.Connection) -> None:
        """Take the lock and write the owner's row, inside a transaction; it can be called again.

        Raises:
            OSError: the lock cannot be taken.
        """
        if self._descriptor is None and self._directory is not None:
            descriptor = self._make(self._directory)
            if not _lock(descriptor):
                os.close(descriptor)
                raise OSError(f"the lock of a new owner is taken: {self._file(self.id)}")
            self._descriptor = descriptor
        self.beat(connection)

    def restore_lock_file(self) -> None:
        """Make the lock file again if it was removed; without it, other stores see a dead owner."""
        held = self._descriptor
        if held is None or self._directory is None:
            return
        try:
            if os.path.samestat(self._file(self.id).stat(), os.fstat(held)):
                return
        except FileNotFoundError:
            pass
        descriptor = self._make(self._directory)
        if _lock(descriptor):
            self._descriptor = descriptor
            os.close(held)
        else:  # another process is checking the lock now; the next call tries again
            os.close(descriptor)

    def _make(self, directory: Path) -> int:
        while True:
            # Another owner that leaves removes the empty directory. If that happens during `mkdir`,
            # Python raises FileExistsError.
            try:
                directory.mkdir(mode=0o700, exist_ok=True)
                return os.open(self._file(self.id), os.O_CREAT | os.O_RDWR, 0o600)
            except FileNotFoundError:
                continue
            except FileExistsError:
                if directory.is_symlink() or directory.is_file():
                    raise

    def beat(self, connection: sqlite3.Connection) -> None:
        """Write the heartbeat of this owner, inside a transaction."""
        self.restore_lock_file()
        if self._descriptor is not None:
            os.utime(self._file(self.id))  # sets the file's time by the clock of the file system
        now = time.time()
        self._beat = (
            now if now != self._beat else now + 0.001
        )  # the beat must change even if the clock does not
        connection.execute(
            "INSERT OR REPLACE INTO owners (owner, host, process, beat) VALUES (?, ?, ?, ?)",
            (self.id, self.host, os.getpid(), self._beat),
        )

    def leave(self) -> None:
        """Free the lock and remove its file."""
        if self._descriptor is not None:
            with contextlib.suppress(OSError):
                self._file(self.id).unlink()
            os.close(self._descriptor)
            self._descriptor = None
            with contextlib.suppress(OSError):  # others may still have their files in it
                self._file(self.id).parent.rmdir()

    def describe(self, connection: sqlite3.Connection, owner: str | None) -> str | None:
        """Return a description of an owner; None if it is not alive."""
        if owner is None:
            return None
        if owner == self.id:
            return "this kernel"
        found = connection.execute(
            "SELECT host, process, beat FROM owners WHERE owner = ?", (owner,)
        ).fetchone()
        if found is None:
            return None
        host, process, beat = found
        if host != self.host:
            if not self._beats(owner, beat):
                return None
        elif not self._is_locked(owner):
            return None
        if host == self.host and process == os.getpid():
            return "another manager of this kernel"
        return f"another kernel (process {process} on {host})"

    def _beats(self, owner: str, beat: float) -> bool:
        """Return whether an owner on another host is alive, by its heartbeat."""
        now = time.monotonic()
        known = self._seen.get(owner)
        if known is None:
            known = self._seen[owner] = beat, now - self._age(owner)
        elif known[0] != beat:
            known = self._seen[owner] = beat, now
        return now - known[1] <= _DEAD_AFTER

    def _age(self, owner: str) -> float:
        """Return the seconds since an owner's last beat by the file system's clock; 0 if unknown."""
        try:
            beat = self._file(owner).stat().st_mtime
            with tempfile.NamedTemporaryFile(dir=self._directory) as probe:
                return max(0.0, os.fstat(probe.fileno()).st_mtime - beat)
        except OSError:
            return 0.0

    def _file(self, owner: str) -> Path:
        assert self._directory is not None
        return self._directory / f"{owner}.lock"

    def _is_locked(self, owner: str) -> bool:
        try:
            descriptor = os.open(self._file(owner), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            if not _lock(descriptor, shared=True):
                return True
            # No process holds the lock: the owner has died, and its file is not needed any more.
            with contextlib.suppress(OSError):
                self._file(owner).unlink()
            return False
        finally:
            os.close(descriptor)


_owners: weakref.WeakSet[Owner] = weakref.WeakSet()


def _close_in_child() -> None:
    """Close the lock files in a forked child; otherwise the locks would outlive the kernel."""
    for owner in list(_owners):
        held, owner._descriptor = owner._descriptor, None
        if held is not None:
            os.close(held)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_in_child)


def _lock(descriptor: int, *, shared: bool = False) -> bool:
    """Try to take the lock on a file, and return whether it was taken.

    A check takes a shared lock, so that two checks at the same time do not take each other for an owner.
    """
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
