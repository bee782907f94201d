"""A bundle that is not as it should be is refused in words, and the store stays as it was."""

import contextlib
import json
import os
import random
import re
import stat
import struct
import time
import zipfile
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from qjm_widgets.bundle import archive, read_bundle, strict_json, validation
from qjm_widgets.errors import BundleError, InputError
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import (
    MANIFEST,
    SET_ID,
    Files,
    dump,
    example,
    example_files,
    load,
    packed,
    with_member,
)

quick = settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def files(tmp_path_factory: pytest.TempPathFactory) -> Files:
    return example_files(tmp_path_factory.mktemp("bundle"))


@pytest.fixture(scope="module")
def intact(files: Files) -> bytes:
    return packed(files)


@pytest.fixture
def store() -> Iterator[SQLiteStore]:
    store = SQLiteStore(":memory:")
    example(store)
    yield store
    store.close()


def refused(store: SQLiteStore, data: bytes, directory: Path) -> str:
    """Why these bytes are refused; fails where they are not, or where the store was changed."""
    before = dump(store)
    with pytest.raises(BundleError) as caught:
        load(store, data, directory)
    assert dump(store) == before
    assert str(directory / "loaded.qjm") in str(caught.value)
    return str(caught.value)


def manifest(files: Files, change: Callable[[Any], object]) -> bytes:
    """The example with another manifest."""
    tree = json.loads(files[MANIFEST])
    change(tree)
    return packed(files | {MANIFEST: json.dumps(tree).encode()})


# -- damage ------------------------------------------------------------------------------------------


def test_the_intact_one_is_the_set_itself(store: SQLiteStore, intact: bytes, tmp_path: Path) -> None:
    before = dump(store)
    assert load(store, intact, tmp_path) == SET_ID
    assert dump(store) == before


@quick
@given(data=st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(
    store: SQLiteStore, intact: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(intact) - 1))
    byte = data.draw(st.integers(0, 255))
    before = dump(store)
    with contextlib.suppress(BundleError):
        assert load(store, intact[:at] + bytes([byte]) + intact[at + 1 :], tmp_path) == SET_ID
    assert dump(store) == before


@quick
@given(data=st.data())
def test_a_part_of_a_bundle_is_refused(
    store: SQLiteStore, intact: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    start = data.draw(st.sampled_from([0, 0, 0, 1, 22]))
    stop = data.draw(st.integers(0, len(intact) - (start == 0)))
    refused(store, intact[start:stop], tmp_path)


@quick
@given(data=st.binary(max_size=300) | st.binary(max_size=100).map(lambda rest: b"PK\3\4" + rest))
def test_anything_else_is_refused(store: SQLiteStore, tmp_path: Path, data: bytes) -> None:
    assert "not a bundle" in refused(store, data, tmp_path)


def test_a_member_with_another_content_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    for name in files:
        if name != MANIFEST:
            changed = files[name][:-1] + bytes([files[name][-1] ^ 1])
            reason = refused(store, packed(files | {name: changed}), tmp_path)
            assert f"{name} was changed: its checksum does not fit" in reason
            assert "is not as long" in refused(store, packed(files | {name: b"x"}), tmp_path)


def test_a_missing_member_is_refused(store: SQLiteStore, files: Files, tmp_path: Path) -> None:
    for name in files:
        rest = {other: data for other, data in files.items() if other != name}
        reason = refused(store, packed(rest), tmp_path)
        assert ("no manifest" if name == MANIFEST else f"lacks {name!r}") in reason


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "pipe"])
def test_what_is_no_file_is_refused(store: SQLiteStore, tmp_path: Path, kind: str) -> None:
    path = tmp_path / "bundle"
    if kind == "directory":
        path.mkdir()
    elif kind == "empty":
        path.touch()
    elif kind == "pipe":
        os.mkfifo(path)
    with pytest.raises(BundleError, match="there is no bundle" if kind == "missing" else "not a"):
        read_bundle(path)


# -- names of members --------------------------------------------------------------------------------

BAD_NAMES = [
    "../outcomes/00000.bin",
    "circuits/../../etc/passwd",
    "/etc/passwd",
    "C:\\windows\\x",
    "c:x",
    "..\\x",
    "circuits\\00000.qpy",
    "circuits/",
    "circuits/00000.qpy/",
    "./manifest.json",
    "outcomes//00000.bin",
    "outcomes/00000.bin ",
    "outcomes/0.bin",
    "outcomes/\u0660\u0660\u0660\u0660\u0660.bin",
    "OUTCOMES/00000.bin",
    "outcomes/00099.exe",
    "__MACOSX/manifest.json",
    "a" * 5000,
]


@pytest.mark.parametrize("name", BAD_NAMES, ids=lambda name: name[:20])
def test_a_member_that_no_bundle_has_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path, name: str
) -> None:
    for changed in (files | {name: b"x"}, with_member(files, name, b"x")):
        reason = refused(store, packed(changed), tmp_path)
        assert "no bundle has" in reason or "too long ones" in reason
        assert len(reason) < 400
    assert [path.name for path in tmp_path.iterdir()] == ["loaded.qjm"]


def test_a_name_with_a_hidden_end_is_refused(
    store: SQLiteStore, intact: bytes, files: Files, tmp_path: Path
) -> None:
    long, hidden = b"outcomes/00000.bin", b"outcomes/\0.bin/../x"[:18]
    assert len(long) == len(hidden)
    assert "no bundle has" in refused(store, intact.replace(long, hidden), tmp_path)


def test_a_member_of_a_bundle_that_its_manifest_does_not_name_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    data = packed(files | {"outcomes/00003.bin": b"x"})
    assert "does not name: 'outcomes/00003.bin'" in refused(store, data, tmp_path)


@pytest.mark.parametrize("name", [MANIFEST, "outcomes/00000.bin"])
def test_two_members_of_one_name_are_refused(
    store: SQLiteStore, files: Files, tmp_path: Path, name: str
) -> None:
    stream = BytesIO(packed(files))
    with zipfile.ZipFile(stream, "a") as more, pytest.warns(UserWarning, match="Duplicate"):
        more.writestr(name, files[name])
    assert "two members of one name" in refused(store, stream.getvalue(), tmp_path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(
    store: SQLiteStore, files: Files, tmp_path: Path, kind: int
) -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = ((kind if name != MANIFEST else stat.S_IFREG) | 0o777) << 16
            made.writestr(entry, data)
    assert "is not a plain file" in refused(store, stream.getvalue(), tmp_path)


# -- bombs -------------------------------------------------------------------------------------------


def test_a_member_that_unpacks_to_far_more_is_refused_before_it_is_unpacked(
    store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    zeros = bytes(64 * 1024 * 1024)
    data = packed(with_member(files, "outcomes/00000.bin", zeros))
    assert len(data) < 100_000
    began = time.process_time()
    assert "unpacks to 67,108,864 bytes, too many" in refused(store, data, tmp_path)
    assert time.process_time() - began < 0.05 + 0.5


def test_too_large_a_manifest_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_TEXT_BYTES", len(files[MANIFEST]) - 1)
    assert "manifest.json has" in refused(store, packed(files), tmp_path)


def test_members_that_are_too_large_together_are_refused(
    store: SQLiteStore, intact: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 4000)
    assert "beyond the limit of 4,000" in refused(store, intact, tmp_path)


def test_too_many_members_are_refused(
    store: SQLiteStore, intact: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    assert "beyond the limit of 3" in refused(store, intact, tmp_path)


def test_a_list_of_millions_of_members_is_not_read(
    store: SQLiteStore, intact: bytes, tmp_path: Path
) -> None:
    start = intact.index(b"PK\1\2")
    entry = intact[start : intact.index(b"PK\1\2", start + 4)]
    many = entry * 100_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, len(many), start, 0)
    assert "too long ones" in refused(store, intact[:start] + many + end, tmp_path)


def test_a_zip_with_extensions_for_large_ones_is_refused(
    store: SQLiteStore, intact: bytes, tmp_path: Path
) -> None:
    end = intact[-22:]
    before = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    length, offset = struct.unpack_from("<2L", end, 12)
    longer = end[:12] + struct.pack("<2L", length + 20, offset) + end[20:]
    assert "another kind" in refused(store, intact[:-22] + before + longer, tmp_path)


def test_members_that_share_their_bytes_are_refused(
    store: SQLiteStore, files: Files, intact: bytes, tmp_path: Path
) -> None:
    with zipfile.ZipFile(BytesIO(intact)) as opened:
        entries = opened.infolist()
    first = intact.index(b"PK\1\2")
    second = intact.index(b"PK\1\2", first + 4)
    where = second + 42
    shared = intact[:where] + struct.pack("<L", entries[0].header_offset) + intact[where + 4 :]
    assert "overlap" in refused(store, shared, tmp_path)


def test_text_inside_a_result_that_unpacks_to_far_more_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "_TEXT_BYTES", 100)
    assert "more than 100 bytes of text" in refused(store, packed(files), tmp_path)


def test_texts_with_very_many_values_are_refused(
    store: SQLiteStore, intact: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_json, "_NODES", 50)
    assert "too many values" in refused(store, intact, tmp_path)


@pytest.mark.parametrize("depth", [100, 5_000, 500_000])
@pytest.mark.parametrize("name", [MANIFEST, "circuits/00000.json"])
def test_deep_json_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path, depth: int, name: str
) -> None:
    deep = b"[" * depth + b"]" * depth
    changed = files | {MANIFEST: deep} if name == MANIFEST else with_member(files, name, deep)
    assert "nested too deeply" in refused(store, packed(changed), tmp_path)


# -- the manifest, field by field --------------------------------------------------------------------


def places(tree: Any, at: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The way to every value; of a list only its first and last."""
    yield at
    if at[-1:] == ("options",):
        return
    if isinstance(tree, dict):
        for key, inner in tree.items():
            yield from places(inner, (*at, key))
    elif isinstance(tree, list):
        for index in {0, len(tree) - 1} if tree else ():
            yield from places(tree[index], (*at, index))


def put(tree: Any, at: tuple[Any, ...], value: Any) -> Any:
    if not at:
        return value
    inner = tree
    for key in at[:-1]:
        inner = inner[key]
    inner[at[-1]] = value
    return tree


TIMES = {
    *("since", "sent_at", "running_at", "finished_at", "checked_at", "at", "created_at"),
    *("estimated_seconds", "qpu_seconds", "spent_seconds", "max_qpu_seconds"),
}
NULLABLE = {
    *("shots", "seed", "job_id", "sent_at", "running_at", "finished_at", "checked_at", "error"),
    *("last_error", "text", "survives_kernel"),
    *("queue_position", "estimated_seconds", "qpu_seconds", "note", "spent_seconds"),
    *("batch_id", "max_qpu_seconds", "failed_circuits"),
}
LATER = {
    *("spent_seconds", "complete", "transpiles", "untranspiled", "unstored_circuits"),
    *("failed_circuits", "retryable"),
}
"""What bundles that were written before do not have."""
VALUES = (None, True, -1, 2**80, 0.5, -0.5, 1e300, "", "x", [], [[]], {}, {"a": 1}, "\ud800")


def may_be(old: Any, new: Any, at: tuple[Any, ...]) -> bool:
    """Whether a field could be that as well."""
    name = at[-1] if at else ""
    if new is None:
        return name in NULLABLE
    if name in TIMES:
        return new == 0.5
    if name == "survives_kernel" or isinstance(old, bool):
        return isinstance(new, bool)
    if name in ("job_id", "error", "last_error", "text", "note", "backend", "adapter", "batch_id"):
        return isinstance(new, str) and new != "\ud800"
    if name == "name" or at[1:2] in (("tags",), ("unstored_options",)):
        return (
            isinstance(new, str) and (name != "name" or new == "x")
            if isinstance(old, str)
            else new == []
        )
    return name in ("options", "history", "unstored_circuits") and new == []


def test_every_value_of_a_wrong_type_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    tree = json.loads(files[MANIFEST])
    tried = 0
    path = tmp_path / "loaded.qjm"
    for at in places(tree):
        for value in VALUES:
            fresh = json.loads(files[MANIFEST])
            old = fresh
            for key in at:
                old = old[key]
            if type(value) is type(old) and value == old:
                continue
            path.write_bytes(packed(files | {MANIFEST: json.dumps(put(fresh, at, value)).encode()}))
            tried += 1
            believed = True
            try:
                read_bundle(path)
            except BundleError:
                believed = False
            assert believed is may_be(old, value, at), (at, value)
    assert tried > 1000


FIRST_FIELDS = {
    *("set_id", "name", "backend", "adapter", "circuits", "created_at", "shots", "tags", "options"),
    *("unstored_options", "survives_kernel", "resumable", "batch_id", "max_qpu_seconds"),
    *("row", "span", "piece", "pieces", "shots", "seed", "status", "cancel_requested", "attempt"),
    *("job_id", "since", "sent_at", "running_at", "finished_at", "checked_at", "error", "last_error"),
    *("queue_position", "estimated_seconds", "qpu_seconds", "note", "encoding"),
}
"""What every bundle of this version has: a field that is added must be marked as later."""


def test_a_bundle_from_before_a_field_was_there_is_read(files: Files, tmp_path: Path) -> None:
    tree = json.loads(files[MANIFEST])
    for part in (tree["set"], *tree["jobs"], *tree["circuits"]):
        for name in part.keys() - FIRST_FIELDS:
            assert name in LATER
            del part[name]
    path = tmp_path / "loaded.qjm"
    path.write_bytes(packed(files | {MANIFEST: json.dumps(tree).encode()}))
    read = read_bundle(path)
    assert all(job.spent_seconds is None and job.failed_circuits == () for job in read.jobs)
    assert all(job.retryable for job in read.jobs)
    assert read.record.complete
    assert not read.record.transpiles
    assert not any(block.untranspiled for block in read.blocks)


def test_a_missing_or_an_unknown_field_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    for at in places(json.loads(files[MANIFEST])):
        fresh = json.loads(files[MANIFEST])
        inner = fresh
        for key in at:
            inner = inner[key]
        if isinstance(inner, dict) and (at[-1:] != ("members",)):
            inner["extra"] = 1
            data = packed(files | {MANIFEST: json.dumps(fresh).encode()})
            assert "unknown 'extra'" in refused(store, data, tmp_path)
            del inner["extra"]
            for name in inner.keys() - LATER:
                changed = json.loads(files[MANIFEST])
                target = changed
                for key in at:
                    target = target[key]
                del target[name]
                data = packed(files | {MANIFEST: json.dumps(changed).encode()})
                assert f"has no {name!r}" in refused(store, data, tmp_path)


def job(row: int, /, **fields: Any) -> Callable[[Any], object]:
    return lambda tree: tree["jobs"][row].update(fields)


def of_set(**fields: Any) -> Callable[[Any], object]:
    return lambda tree: tree["set"].update(fields)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda tree: tree.update(version=3), "newer qjm_widgets .*upgrade"),
        (lambda tree: tree.update(version=99, more={"a": 1}), "newer qjm_widgets .*upgrade"),
        (lambda tree: tree.update(version=0), "'version'"),
        (lambda tree: tree.update(format="zip of mine"), "not a bundle of qjm_widgets"),
        (of_set(set_id="x" * 32), "32 hexadecimal"),
        (of_set(set_id="A" * 32), "32 hexadecimal"),
        (of_set(circuits=10**12), "'circuits'"),
        (of_set(circuits=8), "span of 8 circuits"),
        (of_set(circuits=10), "every circuit"),
        (of_set(name="x" * 70_000), "longer than"),
        (of_set(name=" \n"), "is empty"),
        (of_set(shots=[9, 3]), "not a range"),
        (of_set(options=[["a", 1], ["a", 2]]), "a name twice"),
        (of_set(options={"a": 1}), "wrong type"),
        (of_set(created_at=1e12), "not a time"),
        (job(0, span=[0, 99]), "no span"),
        (job(0, span=[2, 2]), "no span"),
        (job(0, span=[-1, 2]), "not two integers"),
        (job(0, span=[0, 2, 3]), "not two integers"),
        (job(0, piece=1), "hold the same circuits"),
        (job(0, piece=2), "not one of 2"),
        (job(2, span=[3, 4]), "same circuits|every circuit"),
        (job(0, row=1), "is not 0"),
        (job(0, status="finished"), "unknown"),
        (job(0, attempt=0), "'attempt'"),
        (job(0, seed="9" * 5000), "longer than"),
        (job(0, seed="²"), "not an integer"),
        (job(0, error=random.Random(0).randbytes(600_000).hex()), "longer than"),
        (lambda tree: tree["jobs"].clear(), "every circuit"),
        (lambda tree: tree["history"][0].update(row=9), "'row' of a line of its history"),
        (lambda tree: tree["circuits"][0].update(encoding="pickle"), "unknown"),
        (lambda tree: tree["circuits"].reverse(), "not in order"),
        (lambda tree: tree["outcomes"].append(0), "list of members"),
        (lambda tree: tree["outcomes"].append(99), "not of jobs that ended"),
        (job(0, status="running"), "not of jobs that ended"),
        (lambda tree: tree["outcomes"].pop(), "list of members"),
        (lambda tree: tree["members"].popitem(), "list of members"),
        (lambda tree: tree["members"]["outcomes/00000.bin"].update(size=1), "not as long"),
    ],
)
def test_a_manifest_that_makes_no_sense_is_refused_with_the_reason(
    store: SQLiteStore, files: Files, tmp_path: Path, change: Callable[[Any], object], reason: str
) -> None:
    assert re.search(reason, refused(store, manifest(files, change), tmp_path))


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b"\xff\xfe{}",
        b'{"a": 1, "a": 1}',
        b'{"version": NaN}',
        b'{"version": 1e999}',
        b'{"version": ' + b"9" * 10_000 + b"}",
        b"{" * 10,
        b'"' + b"x" * 100_000,
    ],
)
def test_a_manifest_that_is_no_json_object_is_refused(
    store: SQLiteStore, files: Files, tmp_path: Path, text: bytes
) -> None:
    assert "its manifest" in refused(store, packed(files | {MANIFEST: text}), tmp_path)


def test_who_catches_input_errors_catches_refusals(tmp_path: Path) -> None:
    with pytest.raises(InputError):
        read_bundle(tmp_path / "nothing")
