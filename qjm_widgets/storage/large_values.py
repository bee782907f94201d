"""Store large values in parts of bounded size.

SQLite refuses values of more than 10^9 bytes, and copies each value. The first part of a value is in the
table itself, together with the number of further parts; these are in a second table.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence

from qjm_widgets.core.store_port import Encoded
from qjm_widgets.storage.bulk_insert import Insert
from qjm_widgets.storage.row_mapping import Row

#: The most bytes of a value that one row holds.
PART_BYTES = 16 * 1024 * 1024
#: Values of at least so many bytes are written one by one.
_LARGE = 64 * 1024


def cut(data: Encoded) -> Iterator[bytes | memoryview]:
    """Yield the bytes of a value in parts of one row each; an empty value has one empty part."""
    given = [data] if isinstance(data, (bytes, bytearray, memoryview)) else data
    pieces: list[memoryview] = []
    room = PART_BYTES
    for buffer in given:
        view = memoryview(buffer).cast("B")
        while len(view):
            pieces.append(view[:room])
            view = view[room:]
            room -= len(pieces[-1])
            if room == 0:
                yield _joined(pieces)
                pieces, room = [], PART_BYTES
    if pieces or not any(len(memoryview(buffer)) for buffer in given):
        yield _joined(pieces)


def _joined(pieces: Sequence[memoryview]) -> bytes | memoryview:
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


class Parted:
    """A table for large values: ``data`` is the first part, and ``parts`` the number of further parts.

    Args:
        table: the name of the table.
        key: the columns that identify a value, without ``set_key``.
        beside: further columns, each followed by ", ".
    """

    def __init__(self, table: str, key: str, beside: str = "") -> None:
        columns = f"set_key, {key}, {beside}data, parts"
        follow = table.removesuffix("s") + "_parts"
        names = key.split(", ")
        where = " AND ".join(f"{name} = ?" for name in ("set_key", *names))
        self._put = Insert(f"INSERT OR REPLACE INTO {table} ({columns})", columns.count(",") + 1)
        self._put_part = Insert(f"INSERT INTO {follow} (set_key, {key}, part, data)", len(names) + 3)
        self._length = f"SELECT sum(length(data)) FROM {follow} WHERE {where}"
        self._select = f"SELECT data FROM {follow} WHERE {where} ORDER BY part"

    def write(self, connection: sqlite3.Connection, values: Sequence[tuple[Row, Row, Encoded]]) -> None:
        """Write values.

        Args:
            connection: the connection, inside a transaction.
            values: for each value, its key (with the key of the set first), its further columns, and its
                bytes.
        """
        small: list[Row] = []
        for key, beside, data in values:
            if isinstance(data, bytes) and len(data) < _LARGE:
                small.append((*key, *beside, data, 0))
                continue
            follow = -(-max(1, _size(data)) // PART_BYTES) - 1
            for part, buffer in enumerate(cut(data)):
                if part == 0:
                    self._put.run(connection, [(*key, *beside, buffer, follow)])
                else:
                    self._put_part.run(connection, [(*key, part, buffer)])
        self._put.run(connection, small)

    def join(
        self, connection: sqlite3.Connection, key: Row, first: bytes, parts: int
    ) -> bytes | memoryview:
        """Return all bytes of a value.

        Args:
            connection: the connection, inside a transaction.
            key: the key of the value, with the key of the set first.
            first: the first part.
            parts: the number of further parts.

        Raises:
            ValueError: parts are missing.
        """
        if not parts:
            return first
        length = connection.execute(self._length, key).fetchone()[0] or 0
        data = bytearray(len(first) + length)
        data[: len(first)] = first
        at, found = len(first), 0
        for (buffer,) in connection.execute(self._select, key):
            data[at : at + len(buffer)] = buffer
            at += len(buffer)
            found += 1
        if found != parts:
            raise ValueError(f"{parts - found} of {parts + 1} parts are missing")
        return memoryview(data).toreadonly()


def _size(data: Encoded) -> int:
    given = [data] if isinstance(data, (bytes, bytearray, memoryview)) else data
    return sum(memoryview(buffer).nbytes for buffer in given)
