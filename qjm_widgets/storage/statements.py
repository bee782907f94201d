"""The statements of the store, and what is made of their rows in one or more parts."""

from __future__ import annotations

import sqlite3

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.records import Span
from qjm_widgets.storage import row_mapping
from qjm_widgets.storage.bulk_insert import Insert
from qjm_widgets.storage.large_values import Parted


def _marks(columns: str) -> str:
    return ", ".join("?" for _ in columns.split(","))


def _insert(into: str, columns: str, tail: str = "") -> Insert:
    """Rows of a table: the key of their set, and these columns."""
    return Insert(f"{into} (set_key, {columns})", 1 + len(columns.split(",")), tail)


def _updates(columns: str) -> str:
    return ", ".join(f"{name} = excluded.{name}" for name in columns.split(", "))


OWNED_KEY = "SELECT set_key, owner, epoch FROM job_sets WHERE set_id = ?"
CLAIM = "UPDATE job_sets SET owner = ?, epoch = epoch + 1 WHERE set_key = ?"
SET_KEY = "SELECT set_key FROM job_sets WHERE set_id = ?"
GET_SET = f"SELECT {row_mapping.SET_COLUMNS} FROM job_sets WHERE set_id = ?"
ADD_SET = f"INSERT INTO job_sets ({row_mapping.SET_COLUMNS}) VALUES ({_marks(row_mapping.SET_COLUMNS)})"
UPDATE_SET = (
    f"UPDATE job_sets SET ({row_mapping.SET_COLUMNS}) = ({_marks(row_mapping.SET_COLUMNS)})"
    " WHERE set_key = ?"
)
DELETE_SET = "DELETE FROM job_sets WHERE set_key = ?"
# The jobs are counted first: grouping them when joined to their sets takes four times as long.
LIST_SETS = (
    "WITH chosen AS (SELECT * FROM job_sets WHERE ?1 IS NULL OR name = ?1"
    "                ORDER BY created_at DESC, set_key DESC LIMIT ?2),"
    " tallies AS (SELECT set_key AS tallied, status, count(*) AS jobs, count(failed_circuits) AS flawed"
    "             FROM jobs"
    "             WHERE set_key IN (SELECT set_key FROM chosen) GROUP BY set_key, status)"
    f" SELECT {row_mapping.SET_COLUMNS}, owner, status, jobs, flawed"
    " FROM chosen LEFT JOIN tallies ON tallied = set_key"
    " ORDER BY created_at DESC, set_key DESC"
)
GET_JOBS = f"SELECT {row_mapping.JOB_COLUMNS} FROM jobs WHERE set_key = ({SET_KEY}) ORDER BY row"
ADD_JOBS = _insert("INSERT INTO jobs", row_mapping.JOB_COLUMNS)
# Not INSERT OR REPLACE: that deletes the row first, and with it the job's history and outcome.
PUT_JOBS = _insert(
    "INSERT INTO jobs",
    row_mapping.JOB_COLUMNS,
    f"ON CONFLICT (set_key, row) DO UPDATE SET {_updates(row_mapping.JOB_COLUMNS)}",
)
ADD_CHANGES = _insert("INSERT INTO history", row_mapping.CHANGE_COLUMNS)
GET_CHANGES = (
    f"SELECT {row_mapping.CHANGE_COLUMNS} FROM history"
    f" WHERE set_key = ({SET_KEY}) AND row = ? ORDER BY change"
)
OUTCOMES = Parted("outcomes", "row")
GET_OUTCOME = f"SELECT set_key, data, parts FROM outcomes WHERE set_key = ({SET_KEY}) AND row = ?"
CIRCUITS = Parted("circuits", "start, stop", "encoding, notes, untranspiled, ")
GET_CIRCUITS = (
    f"SELECT set_key, {row_mapping.CIRCUIT_COLUMNS} FROM circuits"
    f" WHERE set_key = ({SET_KEY}) AND start < ? AND stop > ? ORDER BY start, stop"
)
UNTRANSPILED = (
    f"SELECT start, stop FROM circuits WHERE set_key = ({SET_KEY}) AND untranspiled ORDER BY start, stop"
)


def block(connection: sqlite3.Connection, row: row_mapping.Row) -> CircuitBlock:
    """The record of a row of ``GET_CIRCUITS``, with all parts of its data."""
    set_key, start, stop, encoding, notes, data, untranspiled, parts = row
    whole = CIRCUITS.whole(connection, (set_key, start, stop), data, parts)
    return CircuitBlock(Span(start, stop), encoding, bytes(whole), notes, bool(untranspiled))
