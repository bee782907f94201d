"""The store's file is deleted, moved or replaced while an engine writes to it: no change is lost."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from qjm_widgets import JobManager
from qjm_widgets.engine.engine import BEAT_SECONDS
from qjm_widgets.errors import DrivenElsewhereError, StoreGoneError
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, reach
from tests.job_sets import check_done, start, statuses, wait_until_idle
from tests.scripted_adapter import ScriptedAdapter
from tests.store_failures import adapter, check_recovery, check_trouble, manager, start_half, store

__all__ = ["adapter", "manager", "store"]


# -- deleted and replaced ----------------------------------------------------------------------------


@pytest.mark.parametrize("beside", [True, False], ids=["with its journal", "alone"])
@pytest.mark.parametrize("moved", [True, False], ids=["moved away", "deleted"])
def test_a_store_that_is_deleted_while_it_is_open_is_written_again(
    moved: bool,
    beside: bool,
    manager: JobManager,
    adapter: ScriptedAdapter,
    clock: JumpingClock,
    store: Path,
) -> None:
    job_set = start_half(manager, adapter)
    for file in [store] + [Path(f"{store}{ending}") for ending in ("-wal", "-shm")] * beside:
        if moved:
            file.rename(file.with_name(f"old {file.name}"))
        else:
            file.unlink()
    clock.skip(5)
    check_recovery(manager, job_set, adapter, clock, store)
    assert store.stat().st_mode & 0o777 == 0o600
    assert not list(store.parent.glob("*.new"))


def test_a_store_without_its_directory_waits_for_it(
    clock: JumpingClock, adapter: ScriptedAdapter, tmp_path: Path
) -> None:
    place = tmp_path / "disk"
    manager = JobManager(place / "store")
    job_set = start_half(manager, adapter)
    place.rename(tmp_path / "away")
    check_trouble(manager, job_set, adapter, clock, "put the directory back")
    (tmp_path / "away").rename(place)
    check_recovery(manager, job_set, adapter, clock, place / "store")
    manager._shut_down()


def test_another_file_that_replaces_the_store_is_not_changed(
    manager: JobManager, adapter: ScriptedAdapter, clock: JumpingClock, store: Path, tmp_path: Path
) -> None:
    job_set = start_half(manager, adapter)
    with JobManager(tmp_path / "other") as other:
        start(other, ScriptedAdapter(), 1)
    (tmp_path / "other").replace(store)
    before = store.read_bytes()
    check_trouble(manager, job_set, adapter, clock, "was replaced by another file")
    with pytest.raises(StoreGoneError, match="move that file away"):
        start(manager, ScriptedAdapter(name="other"), 1)
    assert store.read_bytes() == before
    store.rename(tmp_path / "theirs")
    check_recovery(manager, job_set, adapter, clock, store)


def test_a_copy_that_replaces_the_store_is_used_if_it_is_complete(
    manager: JobManager, adapter: ScriptedAdapter, clock: JumpingClock, store: Path, tmp_path: Path
) -> None:
    """Programs that synchronise directories between machines do so."""
    job_set = start_half(manager, adapter)
    old, new = tmp_path / "old", tmp_path / "new"
    copy(store, old)
    wait_until_idle(manager)
    adapter.sent[1].finish()
    clock.skip(20)
    reach(job_set, lambda: statuses(job_set)[1] == "done")
    reach(job_set, lambda: len(adapter.sent) == 4)
    wait_until_idle(manager)
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
    """Copy a store as it is now."""
    source, target = sqlite3.connect(store), sqlite3.connect(to)
    source.backup(target)
    source.close()
    target.close()


def test_two_kernels_use_one_store_again_after_it_was_deleted(
    manager: JobManager, adapter: ScriptedAdapter, clock: JumpingClock, store: Path
) -> None:
    second = JobManager(store)
    theirs = ScriptedAdapter(hold=True, name="theirs")
    sets = [start_half(manager, adapter), start(second, theirs, 3)]
    assert sets[1].wait(LIMIT, until="submitted")
    wait_until_idle(second)
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
    check_done(sets[1], 3)
    check_done(followed, 3)
    check_recovery(manager, sets[0], adapter, clock, store)
    check_done(seen, 6)
    second._shut_down()


@pytest.mark.parametrize("how", ["close", "read", "follow"])
def test_an_idle_manager_writes_a_deleted_store_again(
    how: str, store: Path, caplog: pytest.LogCaptureFixture
) -> None:
    idle_one, first = JobManager(store), JobManager(store)
    adapter = ScriptedAdapter(hold=how == "follow")
    job_set = start(first, adapter, 3)
    seen = idle_one.retrieve_job_set(job_set.job_set_id())
    if how == "follow":
        assert job_set.wait(LIMIT, until="submitted")
    else:
        check_done(job_set, 3)
        first.close()
    delete(store)
    if how == "follow":
        reach(seen, store.exists)
        for job in adapter.sent:
            job.finish()
        check_done(seen, 3)
        first.close()
    elif how == "read":
        assert seen.managed_jobs()[0].history()
        assert store.exists()
    idle_one.close()
    assert "was deleted while it was open, and was restored" in caplog.text
    with JobManager(store) as later:
        check_done(later.retrieve_job_set(job_set.job_set_id()), 3)
    assert [path.name for path in store.parent.iterdir()] == ["store"]


def delete(store: Path) -> None:
    """The file and its journal, as ``rm store*`` does."""
    for file in store.parent.glob("store*"):
        if file.is_file():
            file.unlink()


@pytest.mark.parametrize("drives", [True, False])
def test_sets_that_a_replacing_file_lacks_are_kept_in_a_file_beside_it(
    drives: bool, store: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    first, reader = JobManager(store), JobManager(store)
    sets = [start(first, ScriptedAdapter(), 2, name=name) for name in ("one", "two")]
    for job_set in sets:
        check_done(job_set, 2)
    if not drives:
        first.close()
        reader.retrieve_job_set(sets[0].job_set_id())
    else:
        reader.close()
    with JobManager(tmp_path / "other") as other:
        third = start(other, ScriptedAdapter(), 1, name="three")
        check_done(third, 1)
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
            check_done(manager.retrieve_job_set(job_set.job_set_id()), 2)
    with JobManager(store) as manager:
        assert [summary.record.name for summary in manager.history()] == ["three"]


def test_sets_that_are_lost_with_the_directory_of_the_store_are_named(tmp_path: Path) -> None:
    place = tmp_path / "place"
    manager = JobManager(place / "store")
    for number in range(7):
        check_done(start(manager, ScriptedAdapter(), 1, name=f"set {number}"), 1)
    shutil.rmtree(place)
    with pytest.warns(
        UserWarning, match=r"7 job sets \('set 0', .*'set 4', …\) .* could not be restored"
    ):
        manager.close()
    assert not place.exists()


def test_an_empty_store_without_its_directory_is_closed_without_a_warning(tmp_path: Path) -> None:
    manager = JobManager(tmp_path / "place" / "store")
    shutil.rmtree(tmp_path / "place")
    manager.close()


def test_deleting_an_open_journal_loses_nothing(
    manager: JobManager, adapter: ScriptedAdapter, clock: JumpingClock, store: Path
) -> None:
    job_set = start_half(manager, adapter)
    Path(f"{store}-wal").unlink()
    check_recovery(manager, job_set, adapter, clock, store)


# -- the owner's file --------------------------------------------------------------------------------


def test_an_owner_whose_file_was_removed_makes_it_again(
    manager: JobManager, adapter: ScriptedAdapter, clock: JumpingClock, store: Path
) -> None:
    job_set = start_half(manager, adapter)
    shutil.rmtree(f"{store}.owners")
    clock.skip(BEAT_SECONDS + 1)
    wait_until_idle(manager)
    with JobManager(store) as other:
        with pytest.raises(DrivenElsewhereError, match="another manager"):
            other.retrieve_job_set(job_set.job_set_id()).resume(adapter)
        check_recovery(manager, job_set, adapter, clock, store)
