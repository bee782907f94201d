"""Bundles as files: each is written or read completely, or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from qjm_widgets.bundle import archive, manifest_reader, manifest_writer
from qjm_widgets.bundle.contents import Bundle, Records, blocks_of, collect_records, outcomes_of
from qjm_widgets.bundle.manifest_reader import Listing, Member
from qjm_widgets.bundle.strict_json import RefusalError
from qjm_widgets.bundle.validation import check_block, check_outcome
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.errors import BundleError, InputError, explain

_VARIABLE = "QJM_MAX_BUNDLE_BYTES"

#: Called with the step ("checking circuits"), the number done, and the total.
Progress = Callable[[str, int, int], None]


def _silent(what: str, done: int, of: int) -> None:
    pass


def write_bundle(
    store: JobStore, set_id: str, path: str | os.PathLike[str], progress: Progress = _silent
) -> None:
    """Write a set of any size to a file that only its owner can read.

    The file is read back and checked before it appears at its path. An existing file is replaced only if
    it is a bundle of the same set. For run options that look like credentials, only the names are kept.

    Raises:
        JobSetNotFoundError: the store does not know the set.
        StoreError: the store cannot be read.
        BundleError: the file cannot be written there, the path names another file, or the set exceeds
            the limits of a bundle.
    """
    target = Path(os.path.realpath(Path(path).expanduser()))
    _check_target(target, set_id)
    records = collect_records(store, set_id)
    try:
        _write(store, records, target, progress)
    except RefusalError as error:
        raise BundleError(f"job set {set_id} does not fit in a bundle: {error}") from error
    except OSError as error:
        reason = error.strerror or explain(error)
        raise BundleError(
            f"the bundle {target} cannot be written: {reason}. Nothing was left there; name a file in a "
            "directory that exists, that you may write, and that has space."
        ) from error


def read_bundle(
    path: str | os.PathLike[str], max_bytes: int | None = None, progress: Progress = _silent
) -> Bundle:
    """Read a bundle and check all of it; nothing is stored.

    Args:
        path: the file.
        max_bytes: limit of the unpacked size in bytes. None for the value of the environment variable
            QJM_MAX_BUNDLE_BYTES, or 1 GiB without it.
        progress: called after each step.

    Raises:
        InputError: the limit is not a whole number of at least 1.
        BundleError: the file is not a bundle, is damaged or changed, exceeds the limits, or is of a
            newer version.
    """
    most = _most_bytes(max_bytes)
    source = Path(path).expanduser()
    with _refusing(source), _open(source) as (file, size):
        opened = archive.Archive(file, size, most)
        listing = _listing(opened)
        blocks = tuple(_blocks(opened, listing, progress))
        outcomes = dict(_outcomes(opened, listing, progress))
        return Bundle(listing.record, listing.jobs, listing.history, blocks, outcomes)


def _most_bytes(given: int | None) -> int:
    value: object = os.environ.get(_VARIABLE) if given is None else given
    if value is None or value == "":
        return archive.TAKEN_BYTES
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 20:
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        name = _VARIABLE if given is None else "max_bytes"
        raise InputError(f"{name} is a whole number of bytes of at least 1, not {value!r}")
    return value


def _write(store: JobStore, records: Records, target: Path, progress: Progress) -> None:
    # mkstemp makes a file that only its owner can read. It is in the same directory, so that it can be
    # renamed.
    descriptor, name = tempfile.mkstemp(
        prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent
    )
    try:
        with os.fdopen(descriptor, "w+b") as file:
            with archive.Writer(file) as writer:
                written = _add_all(writer, store, records, progress)
            file.flush()
            os.fsync(file.fileno())
            opened = archive.Archive(file, file.seek(0, os.SEEK_END), archive.MOST_BYTES)
            if _listing(opened) != written:
                raise RefusalError("the written manifest does not read back as the same")
            for _ in _blocks(opened, written, progress):
                pass
            for _ in _outcomes(opened, written, progress):
                pass
        _check_target(target, records.record.set_id)
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _add_all(writer: archive.Writer, store: JobStore, records: Records, progress: Progress) -> Listing:
    """Write every member; the manifest is last, because it lists the others."""
    members: dict[str, Member] = {}

    def add(name: str, data: bytes | memoryview) -> None:
        writer.add(name, data)
        members[name] = manifest_writer.member(data)

    circuits = []
    for number, block in enumerate(blocks_of(store, records.record)):
        for name, data in manifest_writer.block_members(number, block):
            add(name, data)
        circuits.append((block.span, block.encoding, block.untranspiled))
        progress("exporting circuits", block.span.stop, records.record.circuits)
    rows = []
    for row, outcome in outcomes_of(store, records):
        add(manifest_reader.outcome_name(row), outcome)
        rows.append(row)
        progress("exporting results of jobs", len(rows), len(records.jobs))
    store.load_set(records.record.set_id)  # raises if the set was deleted meanwhile
    found = Listing(*records, tuple(circuits), tuple(rows), members)
    writer.add(archive.MANIFEST, manifest_writer.write(found))
    return found


def _check_target(target: Path, set_id: str) -> None:
    """Refuse to replace any file except a bundle of the same set."""
    if not target.exists():
        return
    try:
        with _open(target) as (file, size):
            found = manifest_reader.read(
                archive.Archive(file, size, archive.MOST_BYTES).manifest()
            ).record.set_id
    except Exception as error:  # another file may make the reader raise anything
        raise BundleError(
            f"{target} exists and is not a bundle: nothing was written; name another file"
        ) from error
    if found != set_id:
        raise BundleError(
            f"{target} exists and is a bundle of another job set ({found}): nothing was "
            "written; name another file"
        )


@contextmanager
def _open(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Yield an open regular file and its size; refuse others, because opening a pipe could block."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise RefusalError("it is not a file")
    with path.open("rb") as file:
        yield file, os.fstat(file.fileno()).st_size


@contextmanager
def _refusing(path: Path) -> Iterator[None]:
    try:
        yield
    except RefusalError as error:
        raise BundleError(f"the bundle {path} was refused: {error}. Nothing was stored.") from error
    except FileNotFoundError as error:
        raise BundleError(f"there is no bundle {path}") from error
    except OSError as error:
        raise BundleError(f"the bundle {path} cannot be read: {error.strerror or error}") from error
    except Exception as error:  # bytes made by hand can make zipfile and zlib raise anything
        raise BundleError(
            f"the bundle {path} was refused: it is damaged ({explain(error)}). Nothing was stored."
        ) from error


def _listing(opened: archive.Archive) -> Listing:
    listing = manifest_reader.read(opened.manifest())
    opened.check_members(listing.members)
    return listing


def _blocks(opened: archive.Archive, listing: Listing, progress: Progress) -> Iterator[CircuitBlock]:
    """Yield the blocks of circuits, checked."""
    for number, (span, encoding, untranspiled) in enumerate(listing.circuits):
        name = manifest_reader.circuits_name(number)
        qpy, notes = listing.members.get(f"{name}.qpy"), listing.members[f"{name}.json"]
        data = b"" if qpy is None else opened.read(f"{name}.qpy", qpy)
        text = opened.read(f"{name}.json", notes).decode("utf-8")
        block = CircuitBlock(span, encoding, data, text, untranspiled)
        check_block(block, name)
        yield block
        progress("checking circuits", span.stop, listing.record.circuits)


def _outcomes(
    opened: archive.Archive, listing: Listing, progress: Progress
) -> Iterator[tuple[int, bytes]]:
    """Yield the outcomes, checked, with their rows."""
    for number, row in enumerate(listing.outcomes):
        name = manifest_reader.outcome_name(row)
        data = opened.read(name, listing.members[name])
        check_outcome(data, listing.jobs[row].span, name)
        yield row, data
        progress("checking results of jobs", number + 1, len(listing.outcomes))
