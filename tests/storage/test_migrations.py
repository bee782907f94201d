"""A store of an older version is brought to the current one, or left as it was."""

import itertools
import sqlite3
from pathlib import Path

import pytest

from qjm_widgets.errors import StoreError
from qjm_widgets.storage import SQLiteStore, migrations
from tests.contract.store_fixtures import a_job, a_set

A = a_set().set_id
ADDED_IN_4 = [
    ("job_sets", "complete"),
    ("job_sets", "transpiles"),
    ("job_sets", "unstored_circuits"),
    ("circuits", "untranspiled"),
    ("jobs", "failed_circuits"),
    ("jobs", "retryable"),
    ("circuits", "parts"),
    ("outcomes", "parts"),
]
PARTS_OF_4 = ("outcome_parts", "circuit_parts")
ADDED_IN_5 = [
    *(("job_sets", column) for column in ("precision_min", "precision_max", "estimates", "points")),
    *(("jobs", column) for column in ("precision", "points_start", "points_stop", "pub_shape")),
]
ADDED_IN_6 = [("job_sets", "fingerprint")]
ADDED_IN_7 = [("job_sets", "[group]"), ("job_sets", "value")]
ADDED_IN_8 = [("job_sets", "taken")]
NEWEST = migrations.VERSION


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with a set of 500 jobs, closed."""
    path = tmp_path / "jobs.db"
    store = SQLiteStore(path)
    store.create_set(a_set(), [a_job(row) for row in range(500)])
    store.close()
    return path


@pytest.mark.parametrize("version", [1, 2, 3, 4, 5, 6, 7])
def test_an_old_store_becomes_what_a_new_one_is(path: Path, version: int) -> None:
    connection = sqlite3.connect(path)
    newest = shape(connection)
    for table in PARTS_OF_4 if version < 4 else ():
        connection.execute(f"DROP TABLE {table}")
    added = [ADDED_IN_8]
    if version < 7:
        connection.execute("DROP INDEX job_sets_of_group")
        added += [ADDED_IN_7]
    if version < 6:
        connection.execute("DROP INDEX job_sets_of_fingerprint")
        added += [ADDED_IN_6]
    added += [ADDED_IN_5 if version < 5 else [], ADDED_IN_4 if version < 4 else []]
    for table, column in itertools.chain(*added):
        connection.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
    if version < 3:
        connection.execute("ALTER TABLE jobs DROP COLUMN spent_seconds")
        connection.execute("DROP TABLE submissions")
        connection.execute("CREATE TABLE buckets (bucket TEXT PRIMARY KEY, tokens REAL, at REAL)")
    if version == 1:
        for column in ("queue_position", "estimated_seconds", "qpu_seconds", "note"):
            connection.execute(f"ALTER TABLE jobs DROP COLUMN {column}")
        for column in ("batch_id", "max_qpu_seconds"):
            connection.execute(f"ALTER TABLE job_sets DROP COLUMN {column}")
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()
    store = SQLiteStore(path)
    assert store.load_set(A)[1] == [a_job(row) for row in range(500)]
    store.close()
    connection = sqlite3.connect(path)
    assert shape(connection) == newest
    connection.close()


def shape(connection: sqlite3.Connection) -> list[list[tuple[object, ...]]]:
    """Names and types of the columns of every table, and every index."""
    rows = connection.execute("SELECT type, name FROM sqlite_master ORDER BY name").fetchall()
    tables = [name for kind, name in rows if kind == "table"]
    return [rows, *(connection.execute(f"PRAGMA table_info({table})").fetchall() for table in tables)]


def test_an_older_store_is_brought_up(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step = """
ALTER TABLE job_sets ADD COLUMN colour TEXT;  -- two statements; and a comment
UPDATE job_sets
   SET colour = 'a; b';
"""
    monkeypatch.setattr(migrations, "STEPS", {NEWEST: step, NEWEST + 1: "CREATE TABLE paints (colour)"})
    monkeypatch.setattr(migrations, "VERSION", NEWEST + 2)
    store = SQLiteStore(path)
    assert len(store.load_set(A)[1]) == 500
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (NEWEST + 2,)
    assert connection.execute("SELECT colour FROM job_sets").fetchall() == [("a; b",)]
    assert connection.execute("SELECT * FROM paints").fetchall() == []
    connection.close()


def test_a_migration_that_fails_changes_nothing(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps = {NEWEST: "ALTER TABLE jobs ADD COLUMN x;", NEWEST + 1: "CREATE TABLE jobs (no)"}
    monkeypatch.setattr(migrations, "STEPS", steps)
    monkeypatch.setattr(migrations, "VERSION", NEWEST + 2)
    with pytest.raises(StoreError, match="already exists"):
        SQLiteStore(path)
    monkeypatch.undo()
    store = SQLiteStore(path)
    assert len(store.load_set(A)[1]) == 500
    store.close()
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA user_version").fetchone() == (NEWEST,)
    assert "x" not in [column[1] for column in connection.execute("PRAGMA table_info(jobs)")]
    connection.close()
