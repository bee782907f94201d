"""Many rows in few statements.

``executemany`` takes a step for each row, and at each lets go of the interpreter: a simulator that takes
it then keeps it for a whole job. Ten rows waited for ten jobs.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Sequence

from qjm_widgets.storage.row_mapping import Row

_SIZES = (64, 16, 4, 1)
"""Rows of one statement: few sizes, as SQLite reads a statement once and then knows it."""


class Insert:
    """An INSERT of any number of rows.

    Args:
        head: the statement before ``VALUES``.
        columns: how many values a row has.
        tail: the statement after the rows.
    """

    def __init__(self, head: str, columns: int, tail: str = "") -> None:
        self._columns = columns
        row = f"({', '.join('?' * columns)})"
        self._statements = {size: f"{head} VALUES {', '.join([row] * size)} {tail}" for size in _SIZES}

    def run(self, connection: sqlite3.Connection, rows: Sequence[Row]) -> None:
        """Insert rows in their order; inside a transaction they go together or not at all."""
        most = connection.getlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER) // self._columns
        at = 0
        for size in (size for size in _SIZES if size <= max(1, most)):
            while at + size <= len(rows):
                part = rows[at : at + size]
                connection.execute(self._statements[size], [value for row in part for value in row])
                at += size
