"""A bundle as a file: written whole or not at all, and read whole or not at all."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from qjm_widgets.bundle import archive, listing, manifest
from qjm_widgets.bundle.checks import check_block, check_outcome
from qjm_widgets.bundle.contents import Bundle, collect
from qjm_widgets.bundle.strict import RefusalError
from qjm_widgets.core.errors import BundleError, explain
from qjm_widgets.core.ports import CircuitBlock, JobStore


def write_bundle(store: JobStore, set_id: str, path: str | os.PathLike[str]) -> None:
    """Write a set to a file that its owner alone can read.

    The file appears whole or not at all, and is read back before it does. What is there already is
    replaced only where it is a bundle of the same set. Run options that look like credentials are left
    out; their names are kept.

    Raises:
        JobSetNotFoundError: the store does not know the set.
        StoreError: the store cannot be read.
        BundleError: the file cannot be written there, or the set is beyond the limits of a bundle.
    """
    target = Path(os.path.realpath(Path(path).expanduser()))
    _check_target(target, set_id)
    bundle = collect(store, set_id)
    try:
        _write(bundle, target)
    except RefusalError as error:
        raise BundleError(f"job set {set_id} does not fit in a bundle: {error}") from error
    except OSError as error:
        reason = error.strerror or explain(error)
        raise BundleError(
            f"the bundle {target} cannot be written: {reason}. Nothing was left there; name a file in a "
            "directory that exists, that you may write, and that has room."
        ) from error


def read_bundle(path: str | os.PathLike[str]) -> Bundle:
    """Read a bundle and check all of it; nothing is stored.

    Raises:
        BundleError: it is damaged, was changed, is beyond the limits, is of a newer version, or is
            something else.
    """
    source = Path(path).expanduser()
    with _refusing(source), _open(source) as (file, size):
        return _read(file, size)


def _write(bundle: Bundle, target: Path) -> None:
    files = manifest.members(bundle)
    files = {archive.MANIFEST: manifest.write(bundle, files), **files}
    archive.check_sizes(files)
    # Made for the owner alone, in the same directory so that it can be moved into place.
    descriptor, name = tempfile.mkstemp(
        prefix=f".{target.name[:100]}.", suffix=".part", dir=target.parent
    )
    try:
        with os.fdopen(descriptor, "w+b") as file:
            archive.write(file, files)
            file.flush()
            os.fsync(file.fileno())
            size = file.tell()
            if _read(file, size) != bundle:
                raise RefusalError("what was written does not read back as the same")
        _check_target(target, bundle.record.set_id)
        Path(name).replace(target)
    except BaseException:
        with suppress(OSError):
            Path(name).unlink()
        raise


def _check_target(target: Path, set_id: str) -> None:
    """Refuse to write over anything but a bundle of the same set."""
    if not target.exists():
        return
    try:
        with _open(target) as (file, size):
            found = listing.read(archive.Archive(file, size).manifest()).record.set_id
    except Exception as error:  # whatever it is, it is not ours to replace
        raise BundleError(
            f"{target} is there already and is no bundle: nothing was written; name another file"
        ) from error
    if found != set_id:
        raise BundleError(
            f"{target} is there already and is a bundle of another job set ({found}): nothing was "
            "written; name another file"
        )


@contextmanager
def _open(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """A regular file and its size: opening a pipe or a device could wait for ever."""
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


def _read(file: BinaryIO, size: int) -> Bundle:
    opened = archive.Archive(file, size)
    told = listing.read(opened.manifest())
    opened.check_members(told.members)

    def member(name: str) -> bytes:
        return opened.read(name, told.members[name])

    blocks = []
    for number, (span, encoding, untranspiled) in enumerate(told.circuits):
        name = listing.circuits_name(number)
        data = member(f"{name}.qpy") if f"{name}.qpy" in told.members else b""
        notes = member(f"{name}.json").decode("utf-8")
        block = CircuitBlock(span, encoding, data, notes, untranspiled)
        check_block(block, name)
        blocks.append(block)
    outcomes = {}
    for row in told.outcomes:
        name = listing.outcome_name(row)
        outcomes[row] = member(name)
        check_outcome(outcomes[row], told.jobs[row].span, name)
    return Bundle(told.record, told.jobs, told.history, tuple(blocks), outcomes)
