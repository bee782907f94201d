"""The store's file: durability, several processes, permissions."""

import os
import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import pytest

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.records import Span, Status, StatusChange
from qjm_widgets.core.store_port import Changes
from qjm_widgets.errors import StoreError
from qjm_widgets.storage import SQLiteStore, connection, file_guard, statements
from tests.contract.store_fixtures import a_job, a_set, answer, python

A = a_set().set_id


def test_a_store_that_was_closed_has_everything(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    done = a_job(0, status=Status.DONE)
    line = StatusChange(0, 1, Status.DONE, 2.0, "j", "ü")
    block = CircuitBlock(Span(0, 1), "qpy", b"c", "{}")
    store = SQLiteStore(path)
    store.create_set(a_set(), [a_job(0)])
    store.commit({A: Changes([done], [line], {0: b"x"})})
    store.put_circuits(A, [block])
    store.close()
    assert sorted(file.name for file in tmp_path.iterdir()) == ["jobs.db"]
    store = SQLiteStore(str(path))
    assert store.load_set(A) == (a_set(), [done])
    assert store.job_history(A, 0) == [line]
    assert store.get_outcome(A, 0) == b"x"
    assert store.get_circuits(A, Span(0, 1)) == [block]
    store.close()


PATCHED = "from qjm_widgets.storage import connection\nconnection.on_network = "
KILLED = """
import sys
from qjm_widgets.core.store_port import Changes
from qjm_widgets.core.records import Status
from qjm_widgets.storage import SQLiteStore
from tests.contract.store_fixtures import a_job, a_set

class Halt(list):
    def __iter__(self):
        print("inside", flush=True)
        sys.stdin.readline()

store = SQLiteStore(sys.argv[1])
rows = range(4000)
store.create_set(a_set(), [a_job(row) for row in rows])
store.commit({a_set().set_id: Changes([a_job(0, job_id="last")], outcomes={0: b"kept"})})
# More than SQLite's cache holds: part of it is in the file before the commit.
jobs = [a_job(row, status=Status.ERROR, error="x" * 2000) for row in rows]
store.commit({a_set().set_id: Changes(jobs, Halt())})
"""


@pytest.mark.parametrize("network", [False, True])
def test_a_process_killed_in_mid_transaction_leaves_the_last_commit(
    tmp_path: Path, network: bool
) -> None:
    path = tmp_path / "jobs.db"
    code = KILLED
    if network:
        code = f"{PATCHED}lambda path: True{code}"
    with python(code, path) as process:
        assert process.stdout
        assert process.stdout.readline() == "inside\n"
        process.kill()
        process.wait(30)
    journal = path.with_name("jobs.db-journal" if network else "jobs.db-wal")
    assert journal.stat().st_size > 100_000
    store = SQLiteStore(path)
    jobs = store.load_set(A)[1]
    assert jobs[0] == a_job(0, job_id="last")
    assert jobs[1:] == [a_job(row) for row in range(1, 4000)]
    assert store.get_outcome(A, 0) == b"kept"
    store.claim(A)
    store.commit({A: Changes(outcomes={1: b"and on"})})
    store.close()
    assert integrity(path) == "ok"


WRITER = """
import sys
from qjm_widgets.core.store_port import Changes
from qjm_widgets.core.records import Status, StatusChange
from qjm_widgets.storage import SQLiteStore
from tests.contract.store_fixtures import a_job, a_set

store = SQLiteStore(sys.argv[1], timeout=60)
mine = a_set(int(sys.argv[2]))
store.create_set(mine, [a_job(0)])
sys.stdin.readline()
for number in range(40):
    lines = [StatusChange(0, 1, Status.QUEUED, number, None, None)]
    store.commit({mine.set_id: Changes([a_job(0, attempt=number)], lines, {0: b"%d" % number})})
"""


@pytest.mark.parametrize("network", [False, True])
def test_processes_write_to_one_store(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, network: bool
) -> None:
    monkeypatch.setattr(connection, "on_network", lambda path: network)
    path = tmp_path / "jobs.db"
    store = SQLiteStore(path, timeout=60)
    store.create_set(a_set(2), [a_job(0)])
    prefix = (
        f"from qjm_widgets.storage import connection\nconnection.on_network = lambda path: {network}"
    )
    writers = [python(prefix + WRITER, path, str(number)) for number in range(2)]
    for writer in writers:
        assert writer.stdin
        writer.stdin.write("go\n")
        writer.stdin.flush()
    for number in range(40):
        line = StatusChange(0, 1, Status.QUEUED, number, None, None)
        store.commit({a_set(2).set_id: Changes(history=[line], outcomes={0: b"%d" % number})})
    for writer in writers:
        _, err = writer.communicate(timeout=60)
        assert writer.returncode == 0, err
    for number in range(3):
        written = a_set(number).set_id
        assert [line.at for line in store.job_history(written, 0)] == list(range(40))
        assert store.get_outcome(written, 0) == b"39"
    store.close()
    assert integrity(path) == "ok"


def test_a_directory_of_owners_that_is_removed_meanwhile_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "jobs.db"
    seen = list[Path]()

    def gone(directory: Path) -> bool:
        """Its last owner leaves between the two looks that `mkdir` takes."""
        seen.append(directory)
        directory.rmdir()
        return False

    with monkeypatch.context() as patched:
        patched.setattr(Path, "is_dir", gone)
        owners = Path(f"{path}.owners")
        owners.mkdir()
        store = SQLiteStore(path)
        store.create_set(a_set(1), [])
    assert seen == [owners]
    assert len(list(owners.iterdir())) == 1
    store.close()


def test_a_file_where_the_owners_directory_belongs_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    Path(f"{path}.owners").write_text("")
    with closing(SQLiteStore(path)) as store, pytest.raises(StoreError, match="File exists"):
        store.create_set(a_set(1), [])


def test_processes_that_make_one_store_at_the_same_time_all_get_it(tmp_path: Path) -> None:
    path = tmp_path / "new" / "jobs.db"
    code = """
import sys
from qjm_widgets.storage import SQLiteStore
from tests.contract.store_fixtures import a_set
print("ready", flush=True)
sys.stdin.readline()
store = SQLiteStore(sys.argv[1], timeout=30)
store.create_set(a_set(int(sys.argv[2])), [])
store.close()
"""
    processes = [python(code, path, str(number)) for number in range(6)]
    for process in processes:
        assert process.stdout
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        _, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
    store = SQLiteStore(path)
    assert len(store.summaries()) == 6
    store.close()


def test_a_forked_process_leaves_the_store_to_its_parent(tmp_path: Path) -> None:
    code = """
import os, sys, warnings
warnings.simplefilter("ignore")
from qjm_widgets.errors import StoreError
from qjm_widgets.storage import SQLiteStore
from tests.contract.store_fixtures import a_set
store = SQLiteStore(sys.argv[1])
store.create_set(a_set(0), [])
child = os.fork()
if child == 0:
    try:
        store.summaries()
    except StoreError as error:
        print(error, flush=True)
    store.close()
    sys.exit()
os.waitpid(child, 0)
store.create_set(a_set(1), [])
store.close()
"""
    assert "forked" in answer(code, tmp_path / "jobs.db")
    store = SQLiteStore(tmp_path / "jobs.db")
    assert len(store.summaries()) == 2
    store.close()


def test_only_the_owner_can_read_a_store(tmp_path: Path) -> None:
    path = tmp_path / "made" / "here" / "jobs.db"
    mask = os.umask(0)
    try:
        store = SQLiteStore(path)
        store.create_set(a_set(), [])
    finally:
        os.umask(mask)
    made = [*path.parent.glob("jobs.db*"), *path.parent.glob("jobs.db.owners/*")]
    modes = {file.name: stat.S_IMODE(file.stat().st_mode) for file in made}
    assert modes.pop("jobs.db.owners") == 0o700
    assert [mode for name, mode in modes.items() if name.endswith(".lock")] == [0o600]
    modes = {name: mode for name, mode in modes.items() if not name.endswith(".lock")}
    assert modes == {"jobs.db": 0o600, "jobs.db-wal": 0o600, "jobs.db-shm": 0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert stat.S_IMODE(path.parent.parent.stat().st_mode) == 0o700
    store.close()


def test_a_store_stays_where_it_was_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    store, home = SQLiteStore("100%?#.db"), SQLiteStore("~/home.db")
    monkeypatch.chdir(tmp_path / "elsewhere")
    store.create_set(a_set(), [])
    for opened in (store, home):
        opened.close()
    found = sorted(file.name for file in tmp_path.iterdir())
    assert found == ["100%?#.db", "elsewhere", "home.db"]


def test_a_write_is_on_the_disk_before_the_call_returns(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "jobs.db")
    assert pragma(store, "journal_mode") == "wal"
    assert pragma(store, "synchronous") == 2
    store.create_set(a_set(), [a_job()])
    code = """
import sys
from qjm_widgets.storage import SQLiteStore
from tests.contract.store_fixtures import a_set
print(len(SQLiteStore(sys.argv[1]).load_set(a_set().set_id)[1]))
"""
    assert answer(code, tmp_path / "jobs.db") == "1"
    store.close()


def test_no_wal_on_a_network_file_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "jobs.db"
    SQLiteStore(path).close()  # made where WAL works, and moved
    monkeypatch.setattr(connection, "on_network", lambda place: place == path)
    store = SQLiteStore(path)
    assert pragma(store, "journal_mode") == "truncate"
    assert pragma(store, "synchronous") == 2
    store.create_set(a_set(), [a_job()])
    made = sorted(file.name for file in tmp_path.iterdir())
    assert made == ["jobs.db", "jobs.db-journal", "jobs.db.owners"]
    store.close()


def test_no_wal_where_sqlite_says_that_there_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[str] = []

    def journal(connection: sqlite3.Connection, mode: str) -> str:
        modes.append(mode)
        return "delete"

    monkeypatch.setattr(connection, "_journal", journal)
    SQLiteStore(tmp_path / "jobs.db").close()
    assert modes == ["WAL", "TRUNCATE"]


def test_a_deleted_set_gives_its_space_back(tmp_path: Path) -> None:
    path = tmp_path / "jobs.db"
    store = SQLiteStore(path)
    store.create_set(a_set(0), [a_job()])
    store.create_set(a_set(1), [a_job()])
    store.commit({A: Changes(outcomes={0: bytes(3_000_000)})})
    store.commit({a_set(1).set_id: Changes(outcomes={0: bytes(200_000)})})
    store.delete_set(A)
    store.close()
    assert path.stat().st_size < 400_000
    assert integrity(path) == "ok"


def test_an_interrupt_in_mid_transaction_leaves_a_store_that_works(tmp_path: Path) -> None:
    class Interrupted(list[StatusChange]):
        def __iter__(self):  # type: ignore[no-untyped-def]
            raise KeyboardInterrupt

    store = SQLiteStore(tmp_path / "jobs.db")
    store.create_set(a_set(), [a_job()])
    with pytest.raises(KeyboardInterrupt):
        store.commit({A: Changes([a_job(status=Status.DONE)], Interrupted())})
    assert store.load_set(A)[1] == [a_job()]
    store.commit({A: Changes([a_job(status=Status.DONE)])})
    store.close()


def test_text_without_utf8_loses_no_transaction() -> None:
    store = SQLiteStore(":memory:")
    store.create_set(a_set(), [a_job()])
    store.commit({A: Changes([a_job(error="bad \udcff byte", status=Status.ERROR)])})
    assert store.load_set(A)[1][0].error == "bad \\udcff byte"
    store.close()


def pragma(store: SQLiteStore, name: str) -> object:
    return store._open_connection().execute(f"PRAGMA {name}").fetchone()[0]


def integrity(path: Path) -> str:
    connection = sqlite3.connect(path)
    (said,) = connection.execute("PRAGMA integrity_check").fetchone()
    connection.close()
    return str(said)


def test_a_directory_that_is_removed_while_its_file_is_checked_is_not_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An empty store in its place would be taken for the one that is open."""
    here, away = tmp_path / "here", tmp_path / "away"
    store = SQLiteStore(here / "jobs.db")
    store.create_set(a_set(), [a_job(0)])
    look = file_guard._identity

    def look_and_move(path: str) -> object:
        found = look(path)
        if here.exists():
            here.rename(away)
        return found

    monkeypatch.setattr(file_guard, "_identity", look_and_move)
    changes = {A: Changes([a_job(0, status=Status.DONE)])}
    with pytest.raises(StoreError):
        store.commit(changes)
    assert not here.exists()
    monkeypatch.undo()
    away.rename(here)
    store.commit(changes)
    store.close()
    store = SQLiteStore(here / "jobs.db")
    assert store.load_set(A) == (a_set(), [a_job(0, status=Status.DONE)])
    store.close()


def test_the_sets_of_a_group_are_joined_by_an_index() -> None:
    store = SQLiteStore(":memory:")
    # Without it, a group of five thousand sets takes a second.
    query = f"EXPLAIN QUERY PLAN {statements.LIST_GROUP}"
    assert store._connection is not None
    plan = [row[3] for row in store._connection.execute(query, (None, -1, "loop"))]
    store.close()
    assert any("SEARCH job_sets USING INDEX job_sets_of_group" in step for step in plan)
    assert any("SEARCH tallies" in step for step in plan)
