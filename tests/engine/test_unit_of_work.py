"""The store fails under a running engine: it keeps its changes, sends nothing, says so, and goes on."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from qiskit.circuit import Instruction

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.engine.engine import BEAT_SECONDS
from qjm_widgets.engine.user_requests import cancel_jobs
from qjm_widgets.errors import DrivenElsewhereError, StoreError, StoreFullError, StoreGoneError
from tests.contract.store_fixtures import python
from tests.fakes import LIMIT, marked, reach
from tests.faults.scenes import JumpingClock, clock, done, idle, start, words
from tests.faults.scripted import Scripted

__all__ = ["clock"]


@pytest.fixture
def store(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def adapter() -> Scripted:
    return Scripted(hold=True, max_pending=3)


@pytest.fixture
def manager(store: Path, clock: JumpingClock) -> Iterator[JobManager]:
    manager = JobManager(store)
    manager._store._connection.execute("PRAGMA busy_timeout = 50")  # type: ignore[union-attr]
    yield manager
    manager._shut_down()


def under_way(manager: JobManager, adapter: Scripted) -> JobSet:
    """A set of six jobs of which three are at the backend."""
    job_set = start(manager, adapter, 6)
    reach(job_set, lambda: job_set._state.numbers()[Status.QUEUED] == 3)
    idle(manager)
    return job_set


def in_trouble(
    manager: JobManager, job_set: JobSet, adapter: Scripted, clock: JumpingClock, text: str
) -> None:
    """A job ends while the store fails: it is said, and nothing more is sent while that lasts."""
    knocks = len(adapter.knocks)
    adapter.sent[0].finish()
    adapter.sent[0].outcome = large(adapter.sent[0].outcome)
    clock.skip(20)
    manager._engine.post(lambda: None)
    reach(job_set, lambda: text in (job_set._state.trouble or ""))
    assert text in repr(job_set)
    assert text in job_set.report()
    for _ in range(3):
        clock.skip(BEAT_SECONDS)
        heard = threading.Event()
        manager._engine.post(heard.set)
        assert heard.wait(LIMIT)
    assert len(adapter.knocks) == knocks
    assert job_set._state.finished == 0
    assert text in (job_set._state.trouble or "")


def large(outcome: JobOutcome | None) -> JobOutcome:
    """The same result with much beside it."""
    assert outcome is not None
    (circuit,) = outcome.circuits
    noise = os.urandom(400_000).hex()
    return JobOutcome([replace(circuit, header={"metadata": {"noise": noise}})])


def goes_on(
    manager: JobManager, job_set: JobSet, adapter: Scripted, clock: JumpingClock, store: Path
) -> None:
    """The store is well again: all goes on, nothing is lost, and another kernel sees it."""
    adapter.sent[0].finish()
    clock.skip(20)
    manager._engine.post(lambda: None)
    reach(job_set, lambda: job_set._state.trouble is None and job_set._state.finished == 1)
    adapter.hold = False
    for job in list(adapter.sent):
        job.finish()
    finished = 0
    while not job_set.wait(0):
        finished += 1
        assert finished < 1000, job_set.report()
        idle(manager)
        clock.skip(5)
    done(job_set, 6)
    assert sorted(value for job in adapter.sent for value in job.values) == list(range(6))
    with JobManager(store) as other:
        done(other.retrieve_job_set(job_set.job_set_id()), 6)
        assert [len(job.history()) for job in other.job_sets()[0].managed_jobs()] == [
            len(job.history()) for job in job_set.managed_jobs()
        ]
    file = sqlite3.connect(store)
    assert file.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    file.close()


# -- full --------------------------------------------------------------------------------------------


def can_mount() -> bool:
    """Whether this user may make a small disk; where not, SQLite itself is given a limit only."""
    with tempfile.TemporaryDirectory() as place:
        made = (
            subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True).returncode == 0
        )
        if made:
            subprocess.run(["umount", place], check=True)
        return made


@contextmanager
def full_file(store: Path, manager: JobManager) -> Iterator[None]:
    """SQLite may use no further page."""
    connection = manager._store._connection
    assert connection is not None
    connection.execute("PRAGMA max_page_count = 1")  # no less than it has
    yield
    if manager._store._connection is connection:  # not closed meanwhile
        connection.execute("PRAGMA max_page_count = 1073741823")


@contextmanager
def full_disk(store: Path, manager: JobManager) -> Iterator[None]:
    """The disk has no byte left."""
    filler = store.with_name("filler")
    with filler.open("wb", buffering=0) as file, pytest.raises(OSError, match="No space"):  # noqa: PT012
        while True:
            file.write(bytes(4096))
    yield
    filler.unlink()


@pytest.mark.parametrize("full", [full_file] + [full_disk] * (sys.platform == "linux" and can_mount()))
def test_a_full_disk_stops_the_sending_and_loses_nothing(
    full: Any, adapter: Scripted, clock: JumpingClock, tmp_path: Path
) -> None:
    disk = tmp_path / "disk"
    disk.mkdir()
    small = full is full_disk
    if small:
        subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk], check=True)
    try:
        with JobManager(disk / "store") as manager:
            job_set = under_way(manager, adapter)
            with full(disk / "store", manager):
                in_trouble(manager, job_set, adapter, clock, "No space is left")
                sets = len(manager.job_sets())
                with pytest.raises(StoreFullError, match="Free some space"):
                    start(manager, Scripted(name="other"), 3000)
                assert len(manager.job_sets()) - sets == len(manager.history()) - 1
                with pytest.raises(StoreFullError):
                    job_set.update_name("another " * 10_000)
            goes_on(manager, job_set, adapter, clock, disk / "store")
    finally:
        if small:
            subprocess.run(["umount", disk], check=True)


def test_a_circuit_that_cannot_be_written_is_named_and_runs(manager: JobManager) -> None:
    odd = [marked(value) for value in range(3)]
    odd[1].append(Unwritten(), [0])
    with pytest.warns(UserWarning, match="circuit 1"):
        job_set = start(manager, Scripted(), 0, circuits=odd)
    assert job_set._state.record.unstored_circuits == (1,)
    done(job_set, 3)


class Unwritten(Instruction):
    """What cannot be written to a file."""

    def __init__(self) -> None:
        super().__init__("unwritten", 1, 0, [])

    @property
    def definition(self) -> Any:
        raise RuntimeError("nobody can write this")


def test_closing_while_the_store_is_full_says_what_is_not_stored(
    manager: JobManager, adapter: Scripted, clock: JumpingClock, store: Path
) -> None:
    job_set = under_way(manager, adapter)
    with full_file(store, manager):
        in_trouble(manager, job_set, adapter, clock, "No space is left")
        with (
            pytest.warns(UserWarning, match="3 jobs not sent yet"),
            pytest.warns(UserWarning, match="could not be stored: No space is left"),
        ):
            manager.close()
    adapter.hold = False
    for job in adapter.sent:
        job.finish()
    with JobManager(store) as other:
        again = other.retrieve_job_set(job_set.job_set_id())
        again.resume(adapter)
        done(again, 6)
    assert sorted(value for job in adapter.sent for value in job.values) == list(range(6))


# -- locked ------------------------------------------------------------------------------------------

HOLD = """
import sqlite3, sys
file = sqlite3.connect(sys.argv[1], isolation_level=None)
file.execute("BEGIN " + sys.argv[2])
print("held", flush=True)
sys.stdin.readline()
file.execute("COMMIT")
"""


def test_a_store_that_another_process_holds_stops_the_sending_and_loses_nothing(
    manager: JobManager, adapter: Scripted, clock: JumpingClock, store: Path
) -> None:
    job_set = under_way(manager, adapter)
    holder = python(HOLD, store, "EXCLUSIVE")
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    in_trouble(manager, job_set, adapter, clock, "Another process held the job store")
    engine = manager._engine
    parts = engine._parts(state_of(manager, job_set))
    with pytest.raises(StoreError, match="no need to ask once more"):
        engine.ask(lambda: cancel_jobs(*parts, [5]), 0.1)
    holder.communicate("\n", timeout=LIMIT)
    clock.skip(5)
    manager._engine.post(lambda: None)
    reach(job_set, lambda: words(job_set)[5] == "cancelled")
    adapter.hold = False
    for job in list(adapter.sent):
        job.finish()
    for _ in range(10):
        idle(manager)
        clock.skip(5)
    assert words(job_set) == ["done"] * 5 + ["cancelled"]
    assert sorted(value for job in adapter.sent for value in job.values) == list(range(5))


def state_of(manager: JobManager, job_set: JobSet) -> Any:
    return manager._engine._sets[job_set.job_set_id()]


def test_circuits_that_cannot_be_read_from_the_store_are_sent_later(
    store: Path, adapter: Scripted, clock: JumpingClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = JobManager(store)
    job_set = under_way(first, adapter)
    first._shut_down()
    with JobManager(store) as manager:
        real = manager._store.get_circuits
        failures = iter([StoreError("the store failed")] * 3)

        def get_circuits(set_id: str, span: Any) -> Any:
            for error in failures:
                raise error
            return real(set_id, span)

        monkeypatch.setattr(manager._store, "get_circuits", get_circuits)
        again = manager.retrieve_job_set(job_set.job_set_id())
        adapter.hold = False
        for job in adapter.sent:
            job.finish()
        again.resume(adapter)
        for _ in range(10):
            idle(manager)
            clock.skip(5)
        done(again, 6)
    assert sorted(value for job in adapter.sent for value in job.values) == list(range(6))


# -- deleted and replaced ----------------------------------------------------------------------------


@pytest.mark.parametrize("beside", [True, False], ids=["with its journal", "alone"])
@pytest.mark.parametrize("moved", [True, False], ids=["moved away", "deleted"])
def test_a_store_that_is_deleted_while_it_is_open_is_written_anew(
    moved: bool, beside: bool, manager: JobManager, adapter: Scripted, clock: JumpingClock, store: Path
) -> None:
    job_set = under_way(manager, adapter)
    for file in [store] + [Path(f"{store}{ending}") for ending in ("-wal", "-shm")] * beside:
        if moved:
            file.rename(file.with_name(f"old {file.name}"))
        else:
            file.unlink()
    clock.skip(5)
    goes_on(manager, job_set, adapter, clock, store)
    assert store.stat().st_mode & 0o777 == 0o600
    assert not list(store.parent.glob("*.new"))


def test_a_store_whose_directory_is_gone_waits_for_it(
    clock: JumpingClock, adapter: Scripted, tmp_path: Path
) -> None:
    place = tmp_path / "disk"
    manager = JobManager(place / "store")
    job_set = under_way(manager, adapter)
    place.rename(tmp_path / "away")
    in_trouble(manager, job_set, adapter, clock, "put the directory back")
    (tmp_path / "away").rename(place)
    goes_on(manager, job_set, adapter, clock, place / "store")
    manager._shut_down()


def test_another_file_in_the_place_of_the_store_is_left_alone(
    manager: JobManager, adapter: Scripted, clock: JumpingClock, store: Path, tmp_path: Path
) -> None:
    job_set = under_way(manager, adapter)
    with JobManager(tmp_path / "other") as other:
        start(other, Scripted(), 1)
    (tmp_path / "other").replace(store)
    before = store.read_bytes()
    in_trouble(manager, job_set, adapter, clock, "was replaced by another file")
    with pytest.raises(StoreGoneError, match="move that file away"):
        start(manager, Scripted(name="other"), 1)
    assert store.read_bytes() == before
    store.rename(tmp_path / "theirs")
    goes_on(manager, job_set, adapter, clock, store)


def test_a_copy_in_the_place_of_the_store_is_taken_when_it_knows_everything(
    manager: JobManager, adapter: Scripted, clock: JumpingClock, store: Path, tmp_path: Path
) -> None:
    """As programs do that keep directories the same on several machines."""
    job_set = under_way(manager, adapter)
    old, new = tmp_path / "old", tmp_path / "new"
    copy(store, old)
    idle(manager)
    adapter.sent[1].finish()
    clock.skip(20)
    reach(job_set, lambda: words(job_set)[1] == "done")
    reach(job_set, lambda: len(adapter.sent) == 4)
    idle(manager)
    copy(store, new)
    old.replace(store)
    knocks = len(adapter.knocks)
    adapter.sent[0].finish()
    clock.skip(20)
    manager._engine.post(lambda: None)
    reach(job_set, lambda: "replaced" in (job_set._state.trouble or ""))
    new.replace(store)
    clock.skip(5)
    manager._engine.post(lambda: None)
    reach(job_set, lambda: job_set._state.trouble is None and job_set._state.finished == 2)
    assert len(adapter.knocks) >= knocks
    assert job_set.cancel() == 4


def copy(store: Path, to: Path) -> None:
    """A whole copy, as of now."""
    source, target = sqlite3.connect(store), sqlite3.connect(to)
    source.backup(target)
    source.close()
    target.close()


def test_two_kernels_that_lose_one_store_find_together_again(
    manager: JobManager, adapter: Scripted, clock: JumpingClock, store: Path
) -> None:
    second = JobManager(store)
    theirs = Scripted(hold=True, name="theirs")
    sets = [under_way(manager, adapter), start(second, theirs, 3)]
    assert sets[1].wait(LIMIT, until="submitted")
    idle(second)
    seen = second.retrieve_job_set(sets[0].job_set_id())
    followed = manager.retrieve_job_set(sets[1].job_set_id())
    for file in store.parent.glob("store*"):
        if file.is_file():
            file.unlink()
    for job in theirs.sent:
        job.finish()
    clock.skip(20)
    for each in (second, manager):
        each._engine.post(lambda: None)
    done(sets[1], 3)
    done(followed, 3)
    goes_on(manager, sets[0], adapter, clock, store)
    done(seen, 6)
    second._shut_down()


@pytest.mark.parametrize("how", ["close", "read", "follow"])
def test_a_manager_that_writes_nothing_writes_a_deleted_store_anew(
    how: str, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    idle_one, first = JobManager(store), JobManager(store)
    adapter = Scripted(hold=how == "follow")
    job_set = start(first, adapter, 3)
    seen = idle_one.retrieve_job_set(job_set.job_set_id())
    if how == "follow":
        assert job_set.wait(LIMIT, until="submitted")
    else:
        done(job_set, 3)
        first.close()
    delete(store)
    if how == "follow":
        reach(seen, store.exists)
        for job in adapter.sent:
            job.finish()
        done(seen, 3)
        first.close()
    elif how == "read":
        assert seen.managed_jobs()[0].history()
        assert store.exists()
    idle_one.close()
    assert "was deleted while it was open, and was restored" in caplog.text
    with JobManager(store) as later:
        done(later.retrieve_job_set(job_set.job_set_id()), 3)
    assert [path.name for path in store.parent.iterdir()] == ["store"]


def delete(store: Path) -> None:
    """The file and its journal, as ``rm store*`` does."""
    for file in store.parent.glob("store*"):
        if file.is_file():
            file.unlink()


@pytest.mark.parametrize("drives", [True, False])
def test_sets_that_another_file_in_the_place_of_the_store_lacks_are_kept_beside_it(
    drives: bool, store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, reader = JobManager(store), JobManager(store)
    sets = [start(first, Scripted(), 2, name=name) for name in ("one", "two")]
    for job_set in sets:
        done(job_set, 2)
    if not drives:
        first.close()
        reader.retrieve_job_set(sets[0].job_set_id())
    else:
        reader.close()
    with JobManager(tmp_path / "other") as other:
        third = start(other, Scripted(), 1, name="three")
        done(third, 1)
    delete(store)
    (tmp_path / "other").replace(store)
    if drives:
        with pytest.warns(UserWarning, match="'one', 'two'.* are kept in"):
            first.close()
    else:
        reader.close()
        assert "2 job sets ('one', 'two') of it are kept in" in caplog.text
    (kept,) = tmp_path.glob("store.*.new")
    assert kept.stat().st_mode & 0o777 == 0o600
    with JobManager(kept) as manager:
        for job_set in sets:
            done(manager.retrieve_job_set(job_set.job_set_id()), 2)
    with JobManager(store) as manager:
        assert [summary.record.name for summary in manager.history()] == ["three"]


def test_sets_that_are_lost_with_the_directory_of_the_store_are_named(tmp_path: Path) -> None:
    place = tmp_path / "place"
    manager = JobManager(place / "store")
    for number in range(7):
        done(start(manager, Scripted(), 1, name=f"set {number}"), 1)
    shutil.rmtree(place)
    with pytest.warns(
        UserWarning, match=r"7 job sets \('set 0', .*'set 4', …\) .* could not be restored"
    ):
        manager.close()
    assert not place.exists()


def test_an_empty_store_whose_directory_is_gone_is_closed_without_a_word(tmp_path: Path) -> None:
    manager = JobManager(tmp_path / "place" / "store")
    shutil.rmtree(tmp_path / "place")
    manager.close()


def test_a_journal_that_is_deleted_while_it_is_open_takes_nothing_with_it(
    manager: JobManager, adapter: Scripted, clock: JumpingClock, store: Path
) -> None:
    job_set = under_way(manager, adapter)
    Path(f"{store}-wal").unlink()
    goes_on(manager, job_set, adapter, clock, store)


# -- the owner's file --------------------------------------------------------------------------------


def test_an_owner_whose_file_was_removed_makes_it_again(
    manager: JobManager, adapter: Scripted, clock: JumpingClock, store: Path
) -> None:
    job_set = under_way(manager, adapter)
    shutil.rmtree(f"{store}.owners")
    clock.skip(BEAT_SECONDS + 1)
    idle(manager)
    with JobManager(store) as other:
        with pytest.raises(DrivenElsewhereError, match="another manager"):
            other.retrieve_job_set(job_set.job_set_id()).resume(adapter)
        goes_on(manager, job_set, adapter, clock, store)
