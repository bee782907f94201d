"""The version of a store: make a new store, migrate an older store, or refuse a newer one."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from importlib import resources

from qjm_widgets.storage.error_translation import damaged, foreign, too_new

APPLICATION_ID = 0x514A4D57  # "QJMW": identifies the file, also for file(1)
VERSION = 8
#: STEPS[n] is the SQL that migrates a store from version n to n + 1. A new store is made by schema.sql.
STEPS: Mapping[int, str] = {
    1: """
ALTER TABLE jobs ADD COLUMN queue_position INTEGER;
ALTER TABLE jobs ADD COLUMN estimated_seconds REAL;
ALTER TABLE jobs ADD COLUMN qpu_seconds REAL;
ALTER TABLE jobs ADD COLUMN note TEXT;
ALTER TABLE job_sets ADD COLUMN batch_id TEXT;
ALTER TABLE job_sets ADD COLUMN max_qpu_seconds REAL;
""",
    2: """
ALTER TABLE jobs ADD COLUMN spent_seconds REAL;
DROP TABLE buckets;
CREATE TABLE submissions (
    account TEXT NOT NULL,
    at      REAL NOT NULL
);
CREATE INDEX submissions_of_account ON submissions (account, at);
""",
    3: """
ALTER TABLE job_sets ADD COLUMN complete INTEGER NOT NULL DEFAULT 1;
ALTER TABLE job_sets ADD COLUMN transpiles INTEGER NOT NULL DEFAULT 0;
ALTER TABLE circuits ADD COLUMN untranspiled INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_sets ADD COLUMN unstored_circuits TEXT NOT NULL DEFAULT '[]';
ALTER TABLE jobs ADD COLUMN failed_circuits TEXT;
ALTER TABLE jobs ADD COLUMN retryable INTEGER NOT NULL DEFAULT 1;
ALTER TABLE outcomes ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;
CREATE TABLE outcome_parts (
    set_key INTEGER NOT NULL,
    row     INTEGER NOT NULL,
    part    INTEGER NOT NULL,
    data    BLOB NOT NULL,
    PRIMARY KEY (set_key, row, part),
    FOREIGN KEY (set_key, row) REFERENCES outcomes ON DELETE CASCADE
);
ALTER TABLE circuits ADD COLUMN parts INTEGER NOT NULL DEFAULT 0;
CREATE TABLE circuit_parts (
    set_key INTEGER NOT NULL,
    start   INTEGER NOT NULL,
    stop    INTEGER NOT NULL,
    part    INTEGER NOT NULL,
    data    BLOB NOT NULL,
    PRIMARY KEY (set_key, start, stop, part),
    FOREIGN KEY (set_key, start, stop) REFERENCES circuits ON DELETE CASCADE
);
""",
    4: """
ALTER TABLE job_sets ADD COLUMN precision_min REAL;
ALTER TABLE job_sets ADD COLUMN precision_max REAL;
ALTER TABLE job_sets ADD COLUMN estimates INTEGER NOT NULL DEFAULT 0;
ALTER TABLE job_sets ADD COLUMN points INTEGER;
ALTER TABLE jobs ADD COLUMN precision REAL;
ALTER TABLE jobs ADD COLUMN points_start INTEGER;
ALTER TABLE jobs ADD COLUMN points_stop INTEGER;
ALTER TABLE jobs ADD COLUMN pub_shape TEXT;
""",
    5: """
ALTER TABLE job_sets ADD COLUMN fingerprint TEXT;
CREATE INDEX job_sets_of_fingerprint ON job_sets (fingerprint);
""",
    6: """
ALTER TABLE job_sets ADD COLUMN [group] TEXT;
ALTER TABLE job_sets ADD COLUMN value REAL;
CREATE INDEX job_sets_of_group ON job_sets ([group], created_at);
""",
    7: """
ALTER TABLE job_sets ADD COLUMN taken INTEGER NOT NULL DEFAULT 0;
""",
}


def version_of(connection: sqlite3.Connection, path: str) -> int | None:
    """Return the version of a store; None for an empty file.

    Raises:
        StoreVersionError: the version is newer than ``VERSION``.
        StoreCorruptError: the file is another program's database, or not a database.
    """
    # A single statement reads all values, so that they are consistent while another process makes the
    # store.
    application, version, tables = connection.execute(
        "SELECT (SELECT application_id FROM pragma_application_id),"
        " (SELECT user_version FROM pragma_user_version), (SELECT count(*) FROM sqlite_master)"
    ).fetchone()
    if application == APPLICATION_ID:
        if version > VERSION:
            raise too_new(path, version, VERSION)
        return int(version)
    if application or version or tables:
        raise foreign(path)
    return None


def prepare(connection: sqlite3.Connection, path: str) -> None:
    """Make the tables of an empty database, or migrate a store to ``VERSION``, in one transaction.

    Raises:
        StoreVersionError: the database is newer.
        StoreCorruptError: the database is another program's, or tables are missing.
    """
    if version_of(connection, path) != VERSION:
        connection.execute("BEGIN IMMEDIATE")
        try:
            # The version is read again, because another process may have migrated the store meanwhile.
            found = version_of(connection, path)
            if found is None:
                _run(
                    connection,
                    resources.files(__package__).joinpath("schema.sql").read_text("utf-8"),
                )
            else:
                for version in range(found, VERSION):
                    _run(connection, STEPS[version])
            connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            connection.execute(f"PRAGMA user_version = {VERSION}")
            connection.execute("COMMIT")
        except BaseException:
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            raise
    tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master")}
    known = {"job_sets", "jobs", "history", "outcomes", "circuits", "owners", "submissions"}
    known |= {"outcome_parts", "circuit_parts"}
    if missing := known - tables:
        raise damaged(path, f"it lacks {', '.join(sorted(missing))}")


def _run(connection: sqlite3.Connection, script: str) -> None:
    # executescript is not used, because it would commit the transaction first.
    for statement in _statements(script):
        connection.execute(statement)


def _statements(script: str) -> Iterator[str]:
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    yield statement  # the last statement may lack a semicolon; an empty statement is valid
