"""The SQL statements of the store, and the conversion of a row to a block of circuits."""

from __future__ import annotations

import sqlite3

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.records import Span
from qjm_widgets.storage.bulk_insert import Insert
from qjm_widgets.storage.large_values import Parted
from qjm_widgets.storage.row_mapping import CHANGES, CIRCUIT_COLUMNS, JOBS, SETS, Row


def _marks(columns: str) -> str:
    return ", ".join("?" for _ in columns.split(","))


def _insert(into: str, columns: str, tail: str = "") -> Insert:
    """Return an insertion of rows that have the key of their set and these columns."""
    return Insert(f"{into} (set_key, {columns})", 1 + len(columns.split(",")), tail)


def _updates(columns: str) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in columns.split(", "))


OWNED_KEY = "SELECT set_key, owner, epoch FROM job_sets WHERE set_id = ?"
CLAIM = "UPDATE job_sets SET owner = ?, epoch = epoch + 1 WHERE set_key = ?"
RELEASE = "UPDATE job_sets SET owner = NULL WHERE set_id = ? AND owner = ?"
SET_KEY = "SELECT set_key FROM job_sets WHERE set_id = ?"
GET_SET = f"SELECT {SETS.columns} FROM job_sets WHERE set_id = ?"
ADD_SET = f"INSERT INTO job_sets ({SETS.columns}) VALUES ({_marks(SETS.columns)})"
UPDATE_SET = f"UPDATE job_sets SET ({SETS.columns}) = ({_marks(SETS.columns)}) WHERE set_key = ?"
DELETE_SET = "DELETE FROM job_sets WHERE set_key = ?"
# The jobs are counted before they are joined to their sets; the other order takes four times as long.
_LIST = (
    "WITH chosen AS (SELECT * FROM job_sets WHERE {where}"
    "                ORDER BY created_at DESC, set_key DESC LIMIT ?2),"
    " tallies AS (SELECT set_key AS tallied, status, count(*) AS jobs, count(failed_circuits) AS flawed"
    "             FROM jobs"
    "             WHERE set_key IN (SELECT set_key FROM chosen) GROUP BY set_key, status)"
    f" SELECT {SETS.columns}, owner, status, jobs, flawed"
    " FROM chosen LEFT JOIN tallies ON tallied = set_key"
    " ORDER BY created_at DESC, set_key DESC"
)
LIST_SETS = _LIST.format(where="?1 IS NULL OR name = ?1")
# Otherwise SQLite expects ten sets in a group, and joins thousands without an index.
LIST_GROUP = _LIST.format(where="likelihood([group] = ?3, 0.9) AND (?1 IS NULL OR name = ?1)")
SETS_OF_FINGERPRINT = (
    f"SELECT {SETS.columns} FROM job_sets WHERE fingerprint >= ?1 AND fingerprint < ?1 || 'g'"
    " ORDER BY created_at DESC, set_key DESC"
)
SETS_WITHOUT_FINGERPRINT = (
    f"SELECT {SETS.columns} FROM job_sets"
    " WHERE fingerprint IS NULL AND recipe = ? AND circuits = ? AND complete AND NOT transpiles"
    " ORDER BY created_at DESC, set_key DESC LIMIT ?"
)
PUT_FINGERPRINT = "UPDATE job_sets SET fingerprint = ? WHERE set_id = ?"
GET_JOBS = f"SELECT {JOBS.columns} FROM jobs WHERE set_key = ({SET_KEY}) ORDER BY row"
ADD_JOBS = _insert("INSERT INTO jobs", JOBS.columns)
# INSERT OR REPLACE would delete the row first, and with it the job's history and outcome.
PUT_JOBS = _insert(
    "INSERT INTO jobs",
    JOBS.columns,
    f"ON CONFLICT (set_key, row) DO UPDATE SET {_updates(JOBS.columns)}",
)
ADD_CHANGES = _insert("INSERT INTO history", CHANGES.columns)
GET_CHANGES = (
    f"SELECT {CHANGES.columns} FROM history WHERE set_key = ({SET_KEY}) AND row = ? ORDER BY change"
)
OUTCOMES = Parted("outcomes", "row")
GET_OUTCOME = f"SELECT set_key, data, parts FROM outcomes WHERE set_key = ({SET_KEY}) AND row = ?"
CIRCUITS = Parted("circuits", "start, stop", "encoding, notes, untranspiled, ")
GET_CIRCUITS = (
    f"SELECT set_key, {CIRCUIT_COLUMNS} FROM circuits"
    f" WHERE set_key = ({SET_KEY}) AND start < ? AND stop > ? ORDER BY start, stop"
)
UNTRANSPILED = (
    f"SELECT start, stop FROM circuits WHERE set_key = ({SET_KEY}) AND untranspiled ORDER BY start, stop"
)


def block(connection: sqlite3.Connection, row: Row) -> CircuitBlock:
    """Return the block of a row of ``GET_CIRCUITS``, with all parts of its data."""
    set_key, start, stop, encoding, notes, first, untranspiled, parts = row
    data = CIRCUITS.join(connection, (set_key, start, stop), first, parts)
    return CircuitBlock(Span(start, stop), encoding, bytes(data), notes, bool(untranspiled))
