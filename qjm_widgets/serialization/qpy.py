"""Write circuits as QPY without metadata, in the newest version that the installed Qiskit writes."""

from __future__ import annotations

import io
import struct
from collections.abc import Sequence
from typing import Any

_MAGIC = b"QISKIT"
#: The oldest version of QPY that can run no code while it is read. Older versions have expressions that
#: Qiskit up to 1.4.1 evaluates as Python (CVE-2025-2000) and that symengine reads by pickle.
_SAFE = 13
#: The QPY of no circuits, which is only a head; Qiskit 0.46 cannot write it.
_NO_CIRCUITS = struct.pack("!6sBBBBQ", _MAGIC, _SAFE, 1, 3, 0, 0)


class _Nothing:
    """A JSON encoder that writes all metadata as empty, so that the circuits need not be changed."""

    @staticmethod
    def encode(metadata: Any) -> str:
        return "{}"


_NOTHING = _Nothing()


def _no_metadata(**_: Any) -> Any:
    # QPY calls this for each circuit, as it would make an encoder of a class; this returns the same one.
    return _NOTHING


def dump(circuits: Sequence[Any]) -> bytes:
    """Write circuits as QPY, without their metadata."""
    from qiskit import qpy

    if not circuits:
        return _NO_CIRCUITS
    stream = io.BytesIO()
    qpy.dump(list(circuits), stream, metadata_serializer=_no_metadata)
    return stream.getvalue()


def load(data: bytes) -> list[Any]:
    """Return the circuits that ``dump`` wrote."""
    from qiskit import qpy

    if data == _NO_CIRCUITS:
        return []

    return list(qpy.load(io.BytesIO(data)))


def is_qpy(data: bytes) -> bool:
    """Return whether data begins as QPY does."""
    return len(data) > len(_MAGIC) and data.startswith(_MAGIC)


def is_safe(data: bytes) -> bool:
    """Return whether data is QPY of a version that can run no code while it is read."""
    return is_qpy(data) and data[len(_MAGIC)] >= _SAFE
