"""Who drives a set: an owner lives while it holds the lock on a file of its own.

The lock is freed by the system when its process dies, however it dies, and kept while a laptop sleeps.
Other hosts cannot see the lock of a process here: for them, and only for them, there is a heartbeat.
What their clocks say is never compared: a host waits, by its own clock, for the beat to change. How old
a beat is that it sees for the first time is told by the file system that both share.
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

_DEAD_AFTER = 120.0
"""An owner on another host whose beat has not changed for so many seconds is dead."""


class Owner:
    """This store as an owner.

    Args:
        path: the store's file, or None for a store in memory, which nobody else can reach.
    """

    def __init__(self, path: str | None) -> None:
        self.id = uuid.uuid4().hex
        self.host = socket.gethostname()
        self._directory = None if path is None else Path(f"{path}.owners")
        self._descriptor: int | None = None
        self._beat = 0.0
        self._seen: dict[str, tuple[float, float]] = {}
        """The beat of owners on other hosts, and since when (monotonic seconds) it is that."""
        _owners.add(self)

    def enter(self, connection: sqlite3.Connection) -> None:
        """Take the lock and a row in the store; inside a transaction. A second call does nothing."""
        if self._descriptor is None and self._directory is not None:
            descriptor = self._make(self._directory)
            if not _lock(descriptor):
                os.close(descriptor)
                raise OSError(f"the lock of a new owner is taken: {self._file(self.id)}")
            self._descriptor = descriptor
        self.beat(connection)

    def stand(self) -> None:
        """Make the lock's file again where somebody removed it: others would take the owner for dead."""
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
        else:  # somebody looks at it this moment: the next time, then
            os.close(descriptor)

    def _make(self, directory: Path) -> int:
        while True:
            # Another owner that leaves removes the directory while it is empty: also after it was found
            # there and before it was looked at, which Python then takes for a file of that name.
            try:
                directory.mkdir(mode=0o700, exist_ok=True)
                return os.open(self._file(self.id), os.O_CREAT | os.O_RDWR, 0o600)
            except FileNotFoundError:
                continue
            except FileExistsError:
                if directory.is_symlink() or directory.is_file():
                    raise

    def beat(self, connection: sqlite3.Connection) -> None:
        """Say that this owner lives; inside a transaction."""
        self.stand()
        if self._descriptor is not None:
            os.utime(self._file(self.id))  # to the time of the file system
        now = time.time()
        self._beat = now if now != self._beat else now + 0.001  # a clock may stop, a beat may not
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
            with contextlib.suppress(OSError):  # others may still have theirs in it
                self._file(self.id).parent.rmdir()

    def describe(self, connection: sqlite3.Connection, owner: str | None) -> str | None:
        """An owner in words, or None where it lives no more."""
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
        """Whether an owner lives whose lock cannot be seen from here."""
        now = time.monotonic()
        known = self._seen.get(owner)
        if known is None:
            known = self._seen[owner] = beat, now - self._age(owner)
        elif known[0] != beat:
            known = self._seen[owner] = beat, now
        return now - known[1] <= _DEAD_AFTER

    def _age(self, owner: str) -> float:
        """Seconds since the last beat by the clock of the file system; 0 where they are not known."""
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
            # Nobody holds it: its owner died. Its file would only gather dust.
            with contextlib.suppress(OSError):
                self._file(owner).unlink()
            return False
        finally:
            os.close(descriptor)


_owners: weakref.WeakSet[Owner] = weakref.WeakSet()


def _let_go() -> None:
    """In a forked child: a lock that it held along would outlive the kernel that owns the sets."""
    for owner in list(_owners):
        held, owner._descriptor = owner._descriptor, None
        if held is not None:
            os.close(held)


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_let_go)


def _lock(descriptor: int, *, shared: bool = False) -> bool:
    """Take a lock, or not. Those who only look share theirs: each would see the other as an owner."""
    try:
        if sys.platform == "win32":
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        else:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):
        return False
    return True
