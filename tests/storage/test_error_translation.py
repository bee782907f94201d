"""The errors of a store that cannot be opened, read or written, and that it works afterwards."""

import os
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from qjm_widgets.core.records import Status
from qjm_widgets.core.store_port import Changes
from qjm_widgets.errors import (
    StoreCorruptError,
    StoreError,
    StoreFullError,
    StoreLockedError,
    StoreReadOnlyError,
    StoreVersionError,
)
from qjm_widgets.storage import SQLiteStore, connection
from tests.contract.store_fixtures import a_job, a_set, answer, python

A = a_set().set_id


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A store with a set of 500 jobs, closed."""
    path = tmp_path / "jobs.db"
    store = SQLiteStore(path)
    store.create_set(a_set(), [a_job(row) for row in range(500)])
    store.commit({A: Changes(outcomes={0: bytes(100_000)})})
    store.close()
    return path


def change(path: Path, *statements: str) -> None:
    connection = sqlite3.connect(path)
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


@pytest.mark.parametrize("place", ["file", "memory"])
def test_a_full_store_keeps_its_content_and_works_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    connections: list[sqlite3.Connection] = []
    connect = sqlite3.connect

    def small(*arguments: object, **options: object) -> sqlite3.Connection:
        connections.append(connect(*arguments, **options))  # type: ignore[call-overload]
        connections[0].execute("PRAGMA max_page_count = 60")
        return connections[0]

    monkeypatch.setattr(connection.sqlite3, "connect", small)
    store = SQLiteStore(":memory:" if place == "memory" else tmp_path / "jobs.db")
    store.create_set(a_set(), [a_job(0), a_job(1)])
    done = a_job(0, status=Status.DONE)
    with pytest.raises(StoreFullError, match=r"space.*try again") as caught:
        store.commit({A: Changes([done], outcomes={0: bytes(400_000)})})
    assert isinstance(caught.value.__cause__, sqlite3.Error)
    assert store.load_set(A)[1] == [a_job(0), a_job(1)]
    store.commit({A: Changes([done], outcomes={0: b"small"})})
    assert store.get_outcome(A, 0) == b"small"
    connections[0].execute("PRAGMA max_page_count = 6000")
    store.commit({A: Changes(outcomes={1: bytes(400_000)})})
    assert store.get_outcome(A, 1) == bytes(400_000)
    store.close()


def test_a_file_that_may_not_grow_is_a_full_store(path: Path) -> None:
    # As with a used-up quota: the system says no, and SQLite knows only of an I/O error.
    code = """
import os, resource, sys
from qjm_widgets.errors import StoreFullError
from qjm_widgets.core.store_port import Changes
from qjm_widgets.core.records import Status
from qjm_widgets.storage import SQLiteStore
from tests.contract.store_fixtures import a_job, a_set
store, A = SQLiteStore(sys.argv[1]), a_set().set_id
store.claim(A)
store.commit({A: Changes(outcomes={1: b"before"})})
soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (os.path.getsize(sys.argv[1]) + 100_000, hard))
try:
    store.commit({A: Changes([a_job(0, status=Status.DONE)], outcomes={1: bytes(5_000_000)})})
except StoreFullError as error:
    print(error)
assert store.get_outcome(A, 1) == b"before"
assert store.load_set(A)[1][0] == a_job(0)
resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
store.commit({A: Changes(outcomes={1: bytes(5_000_000)})})
assert store.get_outcome(A, 1) == bytes(5_000_000)
"""
    said = answer(code, path)
    assert str(path) in said
    assert "quota" in said


@pytest.fixture
def public() -> Iterator[Path]:
    """A directory that every user can reach: that of pytest belongs to its user alone."""
    directory = Path(tempfile.mkdtemp())
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


WITHOUT_RIGHTS = """
import os, sys
from qjm_widgets.errors import StoreReadOnlyError
from qjm_widgets.storage import SQLiteStore
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    SQLiteStore(sys.argv[1])
except StoreReadOnlyError as error:
    print(error)
"""


@pytest.mark.parametrize("where", ["jobs.db", "new/jobs.db"])
def test_a_directory_without_rights_raises(public: Path, where: str) -> None:
    public.chmod(0o555)
    said = answer(WITHOUT_RIGHTS, public / where)
    public.chmod(0o755)
    assert str(public / where) in said
    assert "QJM_STORE" in said
    assert list(public.iterdir()) == []


@pytest.mark.parametrize(("directory", "file"), [(0o555, 0o666), (0o777, 0o444)])
def test_a_store_without_rights_raises_when_it_is_opened(
    public: Path, path: Path, directory: int, file: int
) -> None:
    store = public / "jobs.db"
    shutil.copy(path, store)
    store.chmod(file)
    public.chmod(directory)
    said = answer(WITHOUT_RIGHTS, store)
    public.chmod(0o755)
    assert "directory" in said if directory == 0o555 else "file" in said
    assert "QJM_STORE" in said


def test_a_file_system_that_takes_no_file_raises() -> None:
    with pytest.raises(StoreError, match=r"/proc/jobs\.db"):
        SQLiteStore("/proc/jobs.db")


def test_rights_lost_while_open_raise(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = SQLiteStore(path)
    store._open_connection().execute("PRAGMA query_only = ON")
    with pytest.raises(StoreReadOnlyError, match="writable"):
        store.update_set(a_set(name="new"))
    store._open_connection().execute("PRAGMA query_only = OFF")
    store.update_set(a_set(name="new"))
    store.close()


HOLDER = """
import sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
for statement in sys.argv[2:]:
    connection.execute(statement).fetchall()
print("held", flush=True)
sys.stdin.readline()
"""


def test_a_store_locked_by_another_process_raises_and_works_when_it_is_free(path: Path) -> None:
    store = SQLiteStore(path, timeout=0.05)
    with python(HOLDER, path, "BEGIN IMMEDIATE") as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreLockedError, match=r"Another process.*Try again"):
            store.update_set(a_set(name="new"))
        assert store.load_set(A)[0].name == "set 0"  # reading goes on
        holder.communicate("\n", timeout=30)
    store.update_set(a_set(name="new"))
    store.close()


def test_a_store_locked_exclusively_cannot_be_opened_meanwhile(path: Path) -> None:
    alone = ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN EXCLUSIVE")
    with python(HOLDER, path, *alone) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == "held\n"
        with pytest.raises(StoreLockedError):
            SQLiteStore(path, timeout=0.05)
        holder.communicate("\n", timeout=30)
    SQLiteStore(path, timeout=0.05).close()


def test_a_newer_store_is_refused_and_left_alone(path: Path) -> None:
    change(path, "PRAGMA journal_mode = DELETE", "PRAGMA user_version = 99")
    before = path.read_bytes()
    with pytest.raises(StoreVersionError, match=r"99.*Upgrade qjm_widgets"):
        SQLiteStore(path)
    assert path.read_bytes() == before


def test_the_database_of_another_program_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "other.db"
    change(path, "CREATE TABLE notes (text)")
    before = path.read_bytes()
    with pytest.raises(StoreCorruptError, match="another program"):
        SQLiteStore(path)
    assert path.read_bytes() == before


@pytest.mark.parametrize("content", [b"not a database at all\n" * 400, os.urandom(40_000), b"{}"])
def test_a_file_that_is_no_database_raises_and_is_not_changed(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "jobs.db"
    path.write_bytes(content)
    with pytest.raises(StoreCorruptError, match="Move it away"):
        SQLiteStore(path)
    assert path.read_bytes() == content


def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "jobs.db").touch()
    store = SQLiteStore(tmp_path / "jobs.db")
    assert store.summaries() == []
    store.close()


@pytest.mark.parametrize("left", [100, 4096, 30_000])
def test_a_truncated_store_raises_when_it_is_opened(path: Path, left: int) -> None:
    with path.open("r+b") as file:
        file.truncate(left)
    with pytest.raises(StoreCorruptError, match=str(path)):
        SQLiteStore(path)


def test_a_destroyed_page_raises_when_it_is_read(path: Path) -> None:
    connection = sqlite3.connect(path)
    (page,) = connection.execute("SELECT rootpage FROM sqlite_master WHERE name = 'jobs'").fetchone()
    (size,) = connection.execute("PRAGMA page_size").fetchone()
    connection.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(bytes(size))
    store = SQLiteStore(path)
    for call in (
        lambda: store.load_set(A),
        lambda: store.summaries(),
        lambda: (store.claim(A), store.commit({A: Changes([a_job(0, status=Status.DONE)])})),
    ):
        with pytest.raises(StoreCorruptError, match="put back a copy"):
            call()
    assert store.get_outcome(A, 0) == bytes(100_000)  # what is whole can still be had
    store.close()


@pytest.mark.parametrize(
    "damage",
    [
        "UPDATE jobs SET status = 'dreaming' WHERE row = 3",
        "UPDATE jobs SET seed = 'x' WHERE row = 3",
        "UPDATE jobs SET error = CAST(x'ff' AS TEXT) WHERE row = 3",
        "UPDATE job_sets SET options = '{'",
    ],
)
def test_an_invalid_row_raises(path: Path, damage: str) -> None:
    change(path, damage)
    store = SQLiteStore(path)
    with pytest.raises(StoreCorruptError):
        store.load_set(A)
    store.close()


def test_a_store_without_a_table_raises(path: Path) -> None:
    change(path, "DROP TABLE outcomes")
    with pytest.raises(StoreCorruptError, match="lacks outcomes"):
        SQLiteStore(path)


def test_a_path_that_cannot_be_a_file_raises(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=str(tmp_path)):
        SQLiteStore(tmp_path)
    (tmp_path / "file").write_text("x")
    with pytest.raises(StoreError, match="directory"):
        SQLiteStore(tmp_path / "file" / "jobs.db")
