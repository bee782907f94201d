"""The zip of a bundle: written the same way each time, and read within limits.

``zipfile`` is careful, but it believes the list of members, which may have millions of entries that
overlap and unpack to any size. What it is not to believe is looked at first.
"""

from __future__ import annotations

import hashlib
import re
import stat
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import BinaryIO

from qjm_widgets.bundle.listing import Member
from qjm_widgets.bundle.strict import RefusalError

MANIFEST = "manifest.json"
MOST_BYTES = 1 << 30
"""Of all members, unpacked."""
MOST_MEMBERS = 65_000
"""Of a zip without extensions for large ones."""
MOST_TEXT_BYTES = 64 * 1024 * 1024
"""Of a member that is JSON."""
_RATIO_WRITTEN, _RATIO_READ = 100, 200
_RATIO_FROM = 1024 * 1024
"""A member above this size that packs better than the ratio is not packed: a bomb is told from it."""
_NAME = re.compile(r"manifest\.json|circuits/[0-9]{5,7}\.(qpy|json)|outcomes/[0-9]{5,7}\.bin")
_LONGEST_ENTRY = 46 + 32
_END = struct.Struct("<4sHHHHLLH")
_LOCATOR = b"PK\x06\x07"
_ENDED_EARLY = "it is not a bundle, or it was cut short"


def check_sizes(files: Mapping[str, bytes | memoryview]) -> None:
    """Refuse members that no reader would take.

    Raises:
        RefusalError: a limit is passed; it is named.
    """
    if len(files) > MOST_MEMBERS:
        raise RefusalError(f"it would have {len(files):,} members, beyond the limit of {MOST_MEMBERS:,}")
    total = sum(map(len, files.values()))
    if total > MOST_BYTES:
        raise RefusalError(f"it would unpack to {total:,} bytes, beyond the limit of {MOST_BYTES:,}")


def write(file: BinaryIO, files: Mapping[str, bytes | memoryview]) -> None:
    """Write members as a zip, the manifest first as it is given."""
    with zipfile.ZipFile(file, "w", allowZip64=False) as archive:
        for name, data in files.items():
            # No time and no user of this machine: the same set gives the same bytes.
            entry = zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0))
            entry.create_system = 3
            entry.external_attr = (stat.S_IFREG | 0o600) << 16
            large = len(data) > _RATIO_FROM
            if not large or len(zlib.compress(data)) * _RATIO_WRITTEN > len(data):
                entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)


class Archive:
    """An open bundle, whose list of members is within the limits.

    Args:
        file: a regular file, open for reading.
        size: its bytes.

    Raises:
        RefusalError: it is no zip as ``write`` makes it.
    """

    def __init__(self, file: BinaryIO, size: int) -> None:
        members = _check_end(file, size)
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
        if total > MOST_BYTES:
            raise RefusalError(f"it unpacks to {total:,} bytes, beyond the limit of {MOST_BYTES:,}")
        at = 0
        for entry in sorted(entries, key=lambda entry: entry.header_offset):
            if entry.header_offset < at:
                raise RefusalError("its members overlap")
            at = entry.header_offset + 30 + len(entry.filename) + entry.compress_size
        if at > self._zip.start_dir:
            raise RefusalError("its members overlap")

    def manifest(self) -> bytes:
        """The manifest."""
        return self._zip.read(self._entries[MANIFEST])

    def check_members(self, told: Mapping[str, Member]) -> None:
        """Refuse members that the manifest does not tell of, or tells otherwise."""
        names = set(self._entries) - {MANIFEST}
        if strange := names - set(told):
            raise RefusalError(f"it has a member that its manifest does not name: {min(strange)!r}")
        if missing := set(told) - names:
            raise RefusalError(f"it lacks {min(missing)!r}")
        for name, member in told.items():
            if self._entries[name].file_size != member.size:
                raise RefusalError(f"{name} is not as long as its manifest says")

    def read(self, name: str, told: Member) -> bytes:
        """A member, when it is the one that the manifest tells."""
        data = self._zip.read(self._entries[name])
        if len(data) != told.size or hashlib.sha256(data).hexdigest() != told.sha256:
            raise RefusalError(f"{name} was changed: its checksum does not fit")
        return data


def _check_end(file: BinaryIO, size: int) -> int:
    """The last record of a zip, which tells where its list of members is; their number."""
    if size < _END.size + 20:
        raise RefusalError(_ENDED_EARLY)
    if size > MOST_BYTES + MOST_MEMBERS * 2 * _LONGEST_ENTRY:
        raise RefusalError(f"it has {size:,} bytes, beyond the limit")
    file.seek(size - _END.size - 20)
    before, end = file.read(20), file.read(_END.size)
    mark, disk, first, here, members, length, offset, comment = _END.unpack(end)
    if mark != b"PK\x05\x06" or offset + length + _END.size != size:
        raise RefusalError(_ENDED_EARLY)
    if disk or first or comment or here != members or before.startswith(_LOCATOR):
        raise RefusalError("it is a zip of another kind than a bundle")
    if members > MOST_MEMBERS or length > members * _LONGEST_ENTRY:
        raise RefusalError(
            f"it has {members:,} members, beyond the limit of {MOST_MEMBERS:,} or too long ones"
        )
    return int(members)


def _check_entry(entry: zipfile.ZipInfo) -> None:
    name = entry.orig_filename
    if not _NAME.fullmatch(name) or name != entry.filename:
        raise RefusalError(f"it has a member that no bundle has: {name[:60]!r}")
    if stat.S_IFMT(entry.external_attr >> 16) not in (0, stat.S_IFREG):
        raise RefusalError(f"{name} is not a plain file")
    if entry.flag_bits & ~0x800 or entry.extra or entry.comment:
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
