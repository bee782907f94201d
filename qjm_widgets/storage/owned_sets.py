"""The sets that this store owns, and the check of the ownership before each write."""

from __future__ import annotations

import sqlite3

from qjm_widgets.errors import DrivenElsewhereError, JobSetNotFoundError, LeaseLostError
from qjm_widgets.storage import statements as sql
from qjm_widgets.storage.leases import Owner


def unknown_set(path: str, set_id: str) -> JobSetNotFoundError:
    """Return the error for a set that the store does not have."""
    return JobSetNotFoundError(
        f"The job store {path} has no job set {set_id}. JobManager.history() lists its sets."
    )


class OwnedSets:
    """The sets that a store owns; every method is called inside a transaction.

    Each claim raises the epoch of the set in the store. A store owns a set while the set's row has this
    store as its owner and the epoch of this store's claim.

    Args:
        path: the store's file, for messages.
        owner: the store as an owner.
    """

    def __init__(self, path: str, owner: Owner) -> None:
        self._path = path
        self._owner = owner
        self._epochs: dict[str, int] = {}

    def claim(self, connection: sqlite3.Connection, set_id: str) -> bool:
        """Take the ownership of a set, and return whether the set never had an owner in this store.

        Raises:
            JobSetNotFoundError: no such set.
            DrivenElsewhereError: another store that is alive owns the set.
        """
        key, owner, epoch = self._row(connection, set_id)
        description = self._owner.describe(connection, owner)
        if description is not None and owner != self._owner.id:
            raise DrivenElsewhereError(
                f"{description} drives job set {set_id}: act there, or end it first"
            )
        self.take(connection, set_id, key)
        return epoch == 0

    def take(self, connection: sqlite3.Connection, set_id: str, key: int) -> None:
        """Take the ownership of a set without checking whether another store owns it."""
        self._owner.enter(connection)
        connection.execute(sql.CLAIM, (self._owner.id, key))
        self._epochs[set_id] = self._row(connection, set_id)[2]

    def release(self, connection: sqlite3.Connection, set_id: str) -> None:
        """Release the ownership of a set; do nothing if this store does not own it."""
        self._epochs.pop(set_id, None)
        connection.execute(sql.RELEASE, (set_id, self._owner.id))

    def key(self, connection: sqlite3.Connection, set_id: str) -> int:
        """Return the key of a set in the tables after a check that this store owns the set.

        Raises:
            JobSetNotFoundError: no such set.
            LeaseLostError: this store does not own the set any more.
        """
        key, owner, epoch = self._row(connection, set_id)
        if owner != self._owner.id or epoch != self._epochs.get(set_id):
            description = self._owner.describe(connection, owner) or "another kernel"
            raise LeaseLostError(set_id, f"{description} has taken over job set {set_id}")
        return key

    def other_owner(self, connection: sqlite3.Connection, set_id: str) -> str | None:
        """Return a description of the owner of a set if it is another store that is alive; else None."""
        _, owner, _ = self._row(connection, set_id)
        return None if owner == self._owner.id else self._owner.describe(connection, owner)

    def _row(self, connection: sqlite3.Connection, set_id: str) -> tuple[int, str | None, int]:
        found = connection.execute(sql.OWNED_KEY, (set_id,)).fetchone()
        if found is None:
            raise unknown_set(self._path, set_id)
        return int(found[0]), found[1], int(found[2])
