"""A bundle is written as a whole, for its owner alone, and never over another file."""

import json
import os
import sqlite3
import stat
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from qjm_widgets import JobManager
from qjm_widgets.bundle import read_bundle, store_bundle, write_bundle
from qjm_widgets.bundle.contents import collect
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.errors import (
    BundleError,
    JobSetNotFoundError,
    StoreFullError,
)
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import SET_ID, block, example, packed
from tests.bundle.test_import_bundle import ended
from tests.fakes import ScriptedBackend, marked

# -- the file --------------------------------------------------------------------------------------


def test_a_bundle_is_a_zip_for_its_owner_alone(store: SQLiteStore, bundle: Path) -> None:
    example(store)
    write_bundle(store, SET_ID, bundle)
    assert stat.S_IMODE(bundle.stat().st_mode) == 0o600
    with zipfile.ZipFile(bundle) as archive:
        assert archive.testzip() is None
        assert json.loads(archive.read("manifest.json"))["format"] == "qjm_widgets bundle"
        assert archive.read("circuits/00000.qpy") == block(0, 2).data
    first = bundle.read_bytes()
    write_bundle(store, SET_ID, bundle)
    assert bundle.read_bytes() == first
    assert [path.name for path in bundle.parent.glob("*set*")] == ["set.qjm"]


@pytest.mark.parametrize("there", [b"", b"my thesis", packed({"manifest.json": b"{}"}), None])
def test_another_file_is_not_overwritten(store: SQLiteStore, bundle: Path, there: bytes | None) -> None:
    example(store)
    if there is None:
        bundle.mkdir()
    else:
        bundle.write_bytes(there)
    with pytest.raises(BundleError, match="exists and is not a bundle"):
        write_bundle(store, SET_ID, bundle)
    assert bundle.is_dir() if there is None else bundle.read_bytes() == there


def test_a_bundle_of_another_set_is_not_overwritten(store: SQLiteStore, bundle: Path) -> None:
    example(store)
    write_bundle(store, SET_ID, bundle)
    before = bundle.read_bytes()
    other = replace(store.load_set(SET_ID)[0], set_id="f" * 32)
    store.create_set(other, store.load_set(SET_ID)[1])
    with pytest.raises(BundleError, match="another job set"):
        write_bundle(store, "f" * 32, bundle)
    assert bundle.read_bytes() == before


def test_a_newer_state_of_the_set_replaces_its_bundle(store: SQLiteStore, bundle: Path) -> None:
    example(store)
    write_bundle(store, SET_ID, bundle)
    store.update_set(replace(store.load_set(SET_ID)[0], name="later"))
    write_bundle(store, SET_ID, bundle)
    assert read_bundle(bundle).record.name == "later"


def test_a_link_is_followed_and_stays(store: SQLiteStore, bundle: Path, tmp_path: Path) -> None:
    example(store)
    link = tmp_path / "link.qjm"
    link.symlink_to(bundle)
    write_bundle(store, SET_ID, link)
    assert link.is_symlink()
    assert read_bundle(bundle) == read_bundle(link)


def test_an_unknown_set_leaves_no_file(store: SQLiteStore, bundle: Path) -> None:
    with pytest.raises(JobSetNotFoundError):
        write_bundle(store, SET_ID, bundle)
    assert list(bundle.parent.glob("*set*")) == []


def test_a_directory_that_is_missing_is_named(store: SQLiteStore, tmp_path: Path) -> None:
    example(store)
    with pytest.raises(BundleError, match=r"nowhere/set\.qjm cannot be written: No such file"):
        write_bundle(store, SET_ID, tmp_path / "nowhere" / "set.qjm")


@pytest.mark.parametrize("name", ["fsync", "write", "replace"])
def test_a_full_disk_leaves_no_file_and_keeps_the_old_one(
    store: SQLiteStore, bundle: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    example(store)

    def full(*_: Any, **__: Any) -> Any:
        raise OSError(28, "No space left on device")

    for old in (None, "a bundle"):
        before = bundle.read_bytes() if old else None
        with monkeypatch.context() as patch:
            place: Any = {"fsync": os, "write": zipfile.ZipFile, "replace": Path}[name]
            patch.setattr(place, {"write": "writestr"}.get(name, name), full)
            with pytest.raises(BundleError, match="No space left"):
                write_bundle(store, SET_ID, bundle)
        assert [path.name for path in bundle.parent.glob("*set*")] == (["set.qjm"] if old else [])
        assert (bundle.read_bytes() if old else None) == before
        write_bundle(store, SET_ID, bundle)


def test_a_bundle_that_no_reader_accepts_is_not_written(
    store: SQLiteStore, bundle: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from qjm_widgets.bundle import archive

    example(store)
    monkeypatch.setattr(archive, "MOST_BYTES", 1000)
    with pytest.raises(BundleError, match=r"does not fit in a bundle: .* beyond the limit of 1,000"):
        write_bundle(store, SET_ID, bundle)
    assert list(bundle.parent.glob("*set*")) == []


def test_results_that_compress_very_well_are_accepted(
    managers: Callable[[str], JobManager], bundle: Path
) -> None:
    circuits = [marked(0, 40, f"zero {number}") for number in range(3)]
    job_set = ended(managers("home").run(circuits, ScriptedBackend(), shots=1_000_000))
    managers("home").export(job_set, bundle)
    loaded = managers("away").load(bundle)
    assert loaded.results().get_counts(2) == {"0" * 40: 1_000_000}


# -- a store that fails ----------------------------------------------------------------------------


class Failing:
    """A store whose disk is full at one write."""

    def __init__(self, store: JobStore, at: int) -> None:
        self._store = store
        self._left = at

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._store, name)
        if name not in (
            "create_set",
            "add_set",
            "update_set",
            "commit",
            "put_circuits",
            "release",
            "delete_set",
        ):
            return found

        def write(*arguments: Any) -> Any:
            self._left -= 1
            if self._left == -1:
                raise StoreFullError("full")
            return found(*arguments)

        return write


def content(path: Path) -> list[Any]:
    """Return every row of a store's sets."""
    connection = sqlite3.connect(path)
    try:
        return [
            connection.execute(f"SELECT * FROM {table}").fetchall()
            for table in ("job_sets", "jobs", "history", "outcomes", "circuits")
        ]
    finally:
        connection.close()


def test_a_disk_that_is_full_at_any_write_leaves_nothing_behind(
    store: SQLiteStore, bundle: Path, tmp_path: Path
) -> None:
    example(store)
    write_bundle(store, SET_ID, bundle)
    target = SQLiteStore(tmp_path / "target.store")
    target.create_set(replace(store.load_set(SET_ID)[0], set_id="a" * 32), store.load_set(SET_ID)[1])
    before = content(tmp_path / "target.store")
    read = read_bundle(bundle)
    failures = 0
    while True:
        failing: Any = Failing(target, failures)
        try:
            store_bundle(failing, read)
            break
        except StoreFullError:
            assert content(tmp_path / "target.store") == before
            failures += 1
    assert failures >= 1
    assert collect(target, SET_ID).outcomes == collect(store, SET_ID).outcomes
    target.close()
