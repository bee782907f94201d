"""Insert many rows in few statements.

``executemany`` releases the interpreter lock at each row. A simulator that takes the lock keeps it for a
whole job, so ten rows could wait for ten jobs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from qjm_widgets.storage.row_mapping import Row

#: Numbers of rows of a statement. There are only a few, because parsed statements are cached.
_SIZES = (64, 16, 4, 1)


class Insert:
    """An INSERT of any number of rows.

    Args:
        head: the part of the statement before ``VALUES``.
        columns: number of values of a row.
        tail: the part of the statement after the rows.
    """

    def __init__(self, head: str, columns: int, tail: str = "") -> None:
        self._columns = columns
        row = f"({', '.join('?' * columns)})"
        self._statements = {size: f"{head} VALUES {', '.join([row] * size)} {tail}" for size in _SIZES}

    def run(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Insert rows in their order, inside a transaction."""
        most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // self._columns
        at = 0
        for size in (size for size in _SIZES if size <= max(1, most)):
            while at + size <= len(rows):
                part = rows[at : at + size]
                connection.execute(self._statements[size], [value for row in part for value in row])
                at += size
