"""A bundle with a damaged archive, or one of anything else, is refused; the store stays as it was."""

import contextlib
import os
import stat
import struct
import time
import zipfile
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qjm_widgets.bundle import archive, read_bundle, strict_json, validation
from qjm_widgets.errors import BundleError
from qjm_widgets.storage import SQLiteStore
from tests.bundle.makers import (
    MANIFEST,
    SET_ID,
    Files,
    dump,
    load,
    packed,
    with_member,
)
from tests.bundle.refusals import quick, refused

# -- damage ------------------------------------------------------------------------------------------


def test_an_intact_bundle_loads_the_set(
    example_store: SQLiteStore, intact: bytes, tmp_path: Path
) -> None:
    before = dump(example_store)
    assert load(example_store, intact, tmp_path) == SET_ID
    assert dump(example_store) == before


@quick
@given(data=st.data())
def test_a_changed_byte_is_refused_or_changes_nothing(
    example_store: SQLiteStore, intact: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    at = data.draw(st.integers(0, len(intact) - 1))
    byte = data.draw(st.integers(0, 255))
    before = dump(example_store)
    with contextlib.suppress(BundleError):
        assert load(example_store, intact[:at] + bytes([byte]) + intact[at + 1 :], tmp_path) == SET_ID
    assert dump(example_store) == before


@quick
@given(data=st.data())
def test_a_part_of_a_bundle_is_refused(
    example_store: SQLiteStore, intact: bytes, tmp_path: Path, data: st.DataObject
) -> None:
    start = data.draw(st.sampled_from([0, 0, 0, 1, 22]))
    stop = data.draw(st.integers(0, len(intact) - (start == 0)))
    refused(example_store, intact[start:stop], tmp_path)


@quick
@given(data=st.binary(max_size=300) | st.binary(max_size=100).map(lambda rest: b"PK\3\4" + rest))
def test_a_file_of_another_kind_is_refused(
    example_store: SQLiteStore, tmp_path: Path, data: bytes
) -> None:
    assert "not a bundle" in refused(example_store, data, tmp_path)


def test_a_member_with_another_content_is_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    for name in files:
        if name != MANIFEST:
            changed = files[name][:-1] + bytes([files[name][-1] ^ 1])
            reason = refused(example_store, packed(files | {name: changed}), tmp_path)
            assert f"{name} was changed: its checksum does not fit" in reason
            assert "is not as long" in refused(example_store, packed(files | {name: b"x"}), tmp_path)


def test_a_missing_member_is_refused(example_store: SQLiteStore, files: Files, tmp_path: Path) -> None:
    for name in files:
        rest = {other: data for other, data in files.items() if other != name}
        reason = refused(example_store, packed(rest), tmp_path)
        assert ("no manifest" if name == MANIFEST else f"lacks {name!r}") in reason


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "pipe"])
def test_directories_and_devices_are_refused(
    example_store: SQLiteStore, tmp_path: Path, kind: str
) -> None:
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
    example_store: SQLiteStore, files: Files, tmp_path: Path, name: str
) -> None:
    for changed in (files | {name: b"x"}, with_member(files, name, b"x")):
        reason = refused(example_store, packed(changed), tmp_path)
        assert "no bundle has" in reason or "too long ones" in reason
        assert len(reason) < 400
    assert [path.name for path in tmp_path.iterdir()] == ["loaded.qjm"]


def test_a_name_with_a_hidden_end_is_refused(
    example_store: SQLiteStore, intact: bytes, files: Files, tmp_path: Path
) -> None:
    long, hidden = b"outcomes/00000.bin", b"outcomes/\0.bin/../x"[:18]
    assert len(long) == len(hidden)
    assert "no bundle has" in refused(example_store, intact.replace(long, hidden), tmp_path)


def test_a_member_of_a_bundle_that_its_manifest_does_not_name_is_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    data = packed(files | {"outcomes/00003.bin": b"x"})
    assert "does not name: 'outcomes/00003.bin'" in refused(example_store, data, tmp_path)


@pytest.mark.parametrize("name", [MANIFEST, "outcomes/00000.bin"])
def test_two_members_of_one_name_are_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path, name: str
) -> None:
    stream = BytesIO(packed(files))
    with zipfile.ZipFile(stream, "a") as more, pytest.warns(UserWarning, match="Duplicate"):
        more.writestr(name, files[name])
    assert "two members of one name" in refused(example_store, stream.getvalue(), tmp_path)


@pytest.mark.parametrize("kind", [stat.S_IFLNK, stat.S_IFDIR, stat.S_IFIFO, stat.S_IFCHR])
def test_links_and_devices_are_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path, kind: int
) -> None:
    stream = BytesIO()
    with zipfile.ZipFile(stream, "w") as made:
        for name, data in files.items():
            entry = zipfile.ZipInfo(name)
            entry.external_attr = ((kind if name != MANIFEST else stat.S_IFREG) | 0o777) << 16
            made.writestr(entry, data)
    assert "is not a plain file" in refused(example_store, stream.getvalue(), tmp_path)


# -- bombs -------------------------------------------------------------------------------------------


def test_a_member_that_unpacks_to_far_more_is_refused_before_it_is_unpacked(
    example_store: SQLiteStore, files: Files, tmp_path: Path
) -> None:
    zeros = bytes(64 * 1024 * 1024)
    data = packed(with_member(files, "outcomes/00000.bin", zeros))
    assert len(data) < 100_000
    began = time.process_time()
    assert "unpacks to 67,108,864 bytes, too many" in refused(example_store, data, tmp_path)
    assert time.process_time() - began < 0.05 + 0.5


def test_too_large_a_manifest_is_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_TEXT_BYTES", len(files[MANIFEST]) - 1)
    assert "manifest.json has" in refused(example_store, packed(files), tmp_path)


def test_members_that_are_too_large_together_are_refused(
    example_store: SQLiteStore, intact: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_BYTES", 4000)
    assert "beyond the limit of 4,000" in refused(example_store, intact, tmp_path)


def test_too_many_members_are_refused(
    example_store: SQLiteStore, intact: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "MOST_MEMBERS", 3)
    assert "beyond the limit of 3" in refused(example_store, intact, tmp_path)


def test_a_list_of_millions_of_members_is_not_read(
    example_store: SQLiteStore, intact: bytes, tmp_path: Path
) -> None:
    start = intact.index(b"PK\1\2")
    entry = intact[start : intact.index(b"PK\1\2", start + 4)]
    many = entry * 100_000
    end = struct.pack("<4s4H2LH", b"PK\5\6", 0, 0, 9, 9, len(many), start, 0)
    assert "too long ones" in refused(example_store, intact[:start] + many + end, tmp_path)


def test_a_zip_with_extensions_for_large_ones_is_refused(
    example_store: SQLiteStore, intact: bytes, tmp_path: Path
) -> None:
    end = intact[-22:]
    before = struct.pack("<4sLQL", b"PK\6\7", 0, 0, 1)
    length, offset = struct.unpack_from("<2L", end, 12)
    longer = end[:12] + struct.pack("<2L", length + 20, offset) + end[20:]
    assert "another kind" in refused(example_store, intact[:-22] + before + longer, tmp_path)


def test_members_that_share_their_bytes_are_refused(
    example_store: SQLiteStore, files: Files, intact: bytes, tmp_path: Path
) -> None:
    with zipfile.ZipFile(BytesIO(intact)) as opened:
        entries = opened.infolist()
    first = intact.index(b"PK\1\2")
    second = intact.index(b"PK\1\2", first + 4)
    where = second + 42
    shared = intact[:where] + struct.pack("<L", entries[0].header_offset) + intact[where + 4 :]
    assert "overlap" in refused(example_store, shared, tmp_path)


def test_text_inside_a_result_that_unpacks_to_far_more_is_refused(
    example_store: SQLiteStore, files: Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(validation, "_TEXT_BYTES", 100)
    assert "more than 100 bytes of text" in refused(example_store, packed(files), tmp_path)


def test_texts_with_very_many_values_are_refused(
    example_store: SQLiteStore, intact: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(strict_json, "_NODES", 50)
    assert "too many values" in refused(example_store, intact, tmp_path)
