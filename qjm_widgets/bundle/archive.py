"""The zip of a bundle: written reproducibly, and read within limits.

``zipfile`` trusts the list of members. A manipulated list may have millions of entries, and members that
overlap or unpack to any size. So the list is checked first.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from types import TracebackType
from typing import BinaryIO, Self

from qjm_widgets.bundle.manifest_reader import Member
from qjm_widgets.bundle.strict_json import RefusalError

MANIFEST = "manifest.json"
#: Limit of the unpacked bytes of all members.
MOST_BYTES = 1 << 40
#: Default limit of the unpacked bytes when a bundle is read.
TAKEN_BYTES = 1 << 30
#: Limit of the number of members; the entries of all members are kept in memory.
MOST_MEMBERS = 400_000
#: Limit of the unpacked bytes of one JSON member.
MOST_TEXT_BYTES = 64 * 1024 * 1024
#: Limits of the compression ratio when writing and when reading. A large member that would exceed the
#: first is written uncompressed. So no bundle has a member beyond the second; one that has is a zip
#: bomb.
_RATIO_WRITTEN, _RATIO_READ = 100, 200
#: Unpacked bytes of a member above which the limits of the ratio apply.
_RATIO_FROM = 1024 * 1024
_NAME = re.compile(r"manifest\.json|circuits/[0-9]{5,7}\.(qpy|json)|outcomes/[0-9]{5,7}\.bin")
# Bytes of an entry in the list of members: its fixed part, its name, and its extra field.
_LONGEST_ENTRY = 46 + 32 + 28
_END = struct.Struct("<4sHHHHLLH")
# A zip64 also has a larger last record, and a locator of this record.
_LOCATOR = struct.Struct("<4sLQL")
_LARGE_END = struct.Struct("<4sQHHLLQQQQ")
_LARGE_FIELD = 1
_ENDED_EARLY = "it is not a bundle, or it was cut short"
_ANOTHER_KIND = "it is a zip of another kind than a bundle"


class Writer:
    """A zip to which members are written one after another; ``with Writer(file) as writer``."""

    def __init__(self, file: BinaryIO) -> None:
        self._zip = zipfile.ZipFile(file, "w")
        self._members = self._bytes = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._zip.close()

    def add(self, name: str, data: bytes | memoryview) -> None:
        """Write a member.

        Raises:
            RefusalError: the bundle exceeds a limit of the reader; the error names the limit.
        """
        self._members += 1
        self._bytes += len(data)
        if self._members > MOST_MEMBERS:
            raise RefusalError(f"it would have more members than the limit of {MOST_MEMBERS:,}")
        if self._bytes > MOST_BYTES:
            raise RefusalError(f"it would unpack to more bytes, beyond the limit of {MOST_BYTES:,}")
        # The entry has no time and no user, so that equal sets have equal bytes.
        entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
        entry.create_system = 3
        entry.external_attr = (stat.S_IFREG | 0o600) << 16
        large = len(data) > _RATIO_FROM
        if not large or len(zlib.compress(data)) * _RATIO_WRITTEN > len(data):
            entry.compress_type = zipfile.ZIP_DEFLATED
        self._zip.writestr(entry, data)


class Archive:
    """An open bundle whose list of members is within the limits.

    Args:
        file: a regular file, open for reading.
        size: its size in bytes.
        most: limit of the unpacked bytes.

    Raises:
        RefusalError: the file is not a zip as ``Writer`` makes it.
    """

    def __init__(self, file: BinaryIO, size: int, most: int) -> None:
        most = min(most, MOST_BYTES)
        members = _check_end(file, size, most)
        self._zip = zipfile.ZipFile(file)
        self._entries = {entry.filename: entry for entry in self._zip.infolist()}
        entries = self._zip.infolist()
        if len(entries) != members:
            raise RefusalError("its list of members is damaged")
        if len(self._entries) < members:
            raise RefusalError("it has two members of one name")
        for entry in entries:
            _check_entry(entry)
        if MANIFEST not in self._entries:
            raise RefusalError("it has no manifest: it is not a bundle of qjm_widgets")
        total = sum(entry.file_size for entry in entries)
        if total > most:
            raise RefusalError(_too_large(f"it unpacks to {total:,} bytes", most))
        at = 0
        for entry in sorted(entries, key=lambda entry: entry.header_offset):
            if entry.header_offset < at:
                raise RefusalError("its members overlap")
            at = entry.header_offset + 30 + len(entry.filename) + entry.compress_size
        if at > self._zip.start_dir:
            raise RefusalError("its members overlap")

    def manifest(self) -> bytes:
        """Return the bytes of the manifest."""
        return self._zip.read(self._entries[MANIFEST])

    def check_members(self, members: Mapping[str, Member]) -> None:
        """Refuse a bundle whose members differ from those that the manifest lists, in name or size.

        Raises:
            RefusalError: a member is not listed, is missing, or has another size.
        """
        names = set(self._entries) - {MANIFEST}
        if unlisted := names - set(members):
            raise RefusalError(f"it has a member that its manifest does not name: {min(unlisted)!r}")
        if missing := set(members) - names:
            raise RefusalError(f"it lacks {min(missing)!r}")
        for name, member in members.items():
            if self._entries[name].file_size != member.size:
                raise RefusalError(f"{name} is not as long as its manifest says")

    def read(self, name: str, expected: Member) -> bytes:
        """Return the contents of a member, checked against its size and checksum in the manifest.

        Raises:
            RefusalError: the size or the checksum differs.
        """
        data = self._zip.read(self._entries[name])
        if len(data) != expected.size or hashlib.sha256(data).hexdigest() != expected.sha256:
            raise RefusalError(f"{name} was changed: its checksum does not fit")
        return data


def _too_large(what: str, most: int) -> str:
    return (
        f"{what}, beyond the limit of {most:,}; if you trust its source, raise the limit by "
        "max_bytes=… or the environment variable QJM_MAX_BUNDLE_BYTES"
    )


def _check_end(file: BinaryIO, size: int, most: int) -> int:
    """Check the last record of a zip, which locates the list of members; return how many it has."""
    if size < _END.size + _LOCATOR.size:
        raise RefusalError(_ENDED_EARLY)
    if size > most + MOST_MEMBERS * 2 * _LONGEST_ENTRY:
        raise RefusalError(_too_large(f"it has {size:,} bytes", most))
    file.seek(size - _END.size - _LOCATOR.size)
    before, end = file.read(_LOCATOR.size), file.read(_END.size)
    mark, disk, first, members_on_disk, members, length, offset, comment = _END.unpack(end)
    stop = size - _END.size
    if mark != b"PK\x05\x06":
        raise RefusalError(_ENDED_EARLY)
    large = before.startswith(b"PK\x06\x07") and size >= _END.size + _LOCATOR.size + _LARGE_END.size
    if large:
        stop -= _LOCATOR.size + _LARGE_END.size
        file.seek(stop)
        record = _LARGE_END.unpack(file.read(_LARGE_END.size))
        if record[0] != b"PK\x06\x06" or _LOCATOR.unpack(before)[2] != stop:
            raise RefusalError(_ANOTHER_KIND)
        disk, first, members_on_disk, members, length, offset = record[4:]
    if offset + length != stop:
        raise RefusalError(_ENDED_EARLY)
    if disk or first or comment or members_on_disk != members:
        raise RefusalError(_ANOTHER_KIND)
    if members > MOST_MEMBERS or length > members * _LONGEST_ENTRY:
        raise RefusalError(
            f"it has {members:,} members, beyond the limit of {MOST_MEMBERS:,} or too long ones"
        )
    return int(members)


def _is_plain(extra: bytes) -> bool:
    """Return whether a member's extra field is empty or has only the sizes of a zip64."""
    if not extra:
        return True
    kind, length = struct.unpack_from("<HH", extra) if len(extra) >= 4 else (0, 0)
    return kind == _LARGE_FIELD and length == len(extra) - 4 and length in (8, 16, 24)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    if not _NAME.fullmatch(name) or name != entry.filename:
        raise RefusalError(f"it has a member that no bundle has: {name[:60]!r}")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise RefusalError(f"{name} is not a plain file")
    if entry.flag_bits & ~0x800 or not _is_plain(entry.extra) or entry.comment:
        raise RefusalError(f"{name} is packed in a way that no bundle is")
    if entry.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise RefusalError(f"{name} is packed in a way that no bundle is")
    if entry.compress_type == zipfile.ZIP_STORED and entry.file_size != entry.compress_size:
        raise RefusalError(f"{name} has a wrong size")
    if name.endswith(".json") and entry.file_size > MOST_TEXT_BYTES:
        raise RefusalError(
            f"{name} has {entry.file_size:,} bytes, beyond the limit of {MOST_TEXT_BYTES:,}"
        )
    if entry.file_size > max(_RATIO_FROM, entry.compress_size * _RATIO_READ):
        raise RefusalError(f"{name} unpacks to {entry.file_size:,} bytes, too many for what is packed")
