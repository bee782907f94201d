"""A tree of JSON values and arrays as bytes, and back; nothing is pickled.

What a result holds beside counts (statevectors, expectation values, metadata) travels so. A value that
is none of the known kinds is replaced by a note with its type, so that one odd value never loses the
rest.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np

_MAGIC = b"QJM1"
_ARRAY, _COMPLEX, _BYTES, _PAIRS, _LOST = "$array", "$complex", "$bytes", "$pairs", "$lost"
_LARGE = 1_000_000
"""Arrays of so many bytes are not copied while they are written."""
_TO_JSON = json.JSONEncoder(separators=(",", ":")).encode
_QUANTUM = "$quantum_info"
_QUANTUM_CLASSES = ("Statevector", "DensityMatrix", "Operator", "SuperOp")


class Lost:
    """Stands for a value that could not be stored; ``kind`` is the type that it had."""

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __repr__(self) -> str:
        return f"<a {self.kind}, which could not be stored>"


def encode(tree: Any) -> bytes:
    """Write a tree of dicts, lists, numbers, strings, bytes and numpy arrays."""
    return b"".join(encode_in_pieces(tree))


def encode_in_pieces(tree: Any) -> list[bytes | memoryview]:
    """The same in pieces, one after another; large arrays are not copied."""
    arrays: list[np.ndarray[Any, Any]] = []
    # Not compressed: zlib lets go of the interpreter, and getting it back costs more than the bytes.
    text = _TO_JSON(_plain(tree, arrays)).encode()
    parts: list[bytes | memoryview] = [struct.pack("<II", len(text), len(arrays)), text]
    for array in arrays:
        head = _TO_JSON([array.dtype.str, list(array.shape)]).encode()
        large = array.nbytes >= _LARGE
        content = array.reshape(-1).view(np.uint8).data if large else array.tobytes()
        parts += [struct.pack("<IQ", len(head), array.nbytes), head, content]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return [_MAGIC + struct.pack("<I", checksum), *parts]


def decode(data: bytes | bytearray | memoryview) -> Any:
    """Read what ``encode`` wrote; arrays are read-only views of the data.

    Raises:
        ValueError: the bytes are damaged.
    """
    data = memoryview(data).toreadonly()
    if data[:4] != _MAGIC:
        raise ValueError("not an encoded tree")
    if len(data) < 16 or struct.unpack_from("<I", data, 4)[0] != zlib.crc32(data[8:]):
        raise ValueError("the encoded tree is damaged: its checksum does not fit")
    try:
        length, count = struct.unpack_from("<II", data, 8)
        at = 16 + length
        text = bytes(data[16:at])
        arrays = []
        for _ in range(count):
            head_length, size = struct.unpack_from("<IQ", data, at)
            at += 12
            kind, shape = json.loads(bytes(data[at : at + head_length]))
            at += head_length
            dtype = np.dtype(kind)
            if dtype.hasobject:
                raise ValueError("an array of objects")
            arrays.append(np.frombuffer(data[at : at + size], dtype=dtype).reshape(shape))
            at += size
        return _rich(json.loads(text), arrays)
    except Exception as error:  # bytes made by hand can make NumPy and Qiskit raise anything
        raise ValueError(f"the encoded tree is damaged: {error}") from error


def _plain(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """The tree with everything that JSON lacks replaced by tagged dicts."""
    kind = type(value)
    if kind in _JSON_SCALARS:
        return value
    if isinstance(value, (str, bool, int, float)):
        # Subclasses (numpy's float64 is one of float) become JSON's own.
        return _scalar(value)
    # The built-in kinds are looked at first: asking an abstract class is slow.
    if kind is dict or (kind is not list and kind is not tuple and isinstance(value, Mapping)):
        if _KNOWN_KEYS.issuperset(value) or _are_keys(value):
            return {
                key: inner if type(inner) in _JSON_SCALARS else _plain(inner, arrays)
                for key, inner in value.items()
            }
        return {_PAIRS: [[_plain(k, arrays), _plain(v, arrays)] for k, v in value.items()]}
    if isinstance(value, (list, tuple)):
        if _JSON_SCALARS.issuperset(map(type, value)):
            return value
        return [_plain(inner, arrays) for inner in value]
    if isinstance(value, np.ndarray) and not value.dtype.hasobject:
        arrays.append(np.ascontiguousarray(value).reshape(value.shape))
        return {_ARRAY: len(arrays) - 1}
    if isinstance(value, np.generic) and not value.dtype.hasobject:
        return _plain(value.item(), arrays)
    if isinstance(value, complex):
        return {_COMPLEX: [value.real, value.imag]}
    if isinstance(value, (bytes, bytearray)):
        return _plain_bytes(bytes(value), arrays)
    if kind.__name__ in _QUANTUM_CLASSES and kind.__module__.startswith("qiskit.quantum_info"):
        dims = [list(value.dims()), None] if hasattr(value, "dims") else None
        if dims is None:
            dims = [list(value.input_dims()), list(value.output_dims())]
        return {_QUANTUM: [kind.__name__, _plain(np.asarray(value.data), arrays), dims]}
    return {_LOST: f"{kind.__module__}.{kind.__qualname__}"}


_JSON_SCALARS = frozenset({str, bool, int, float, type(None)})
_KNOWN_KEYS: set[Any] = set()
"""Keys that JSON objects may have, as far as they were met: there are few, and met often."""
_MOST_KNOWN_KEYS = 1000


def _are_keys(tree: Mapping[Any, Any]) -> bool:
    """Whether a JSON object may have these keys: texts that are none of our tags."""
    # By type, not isinstance: what equals a known key has to be one.
    if not all(type(key) is str and not key.startswith("$") for key in tree):
        return False
    if len(_KNOWN_KEYS) < _MOST_KNOWN_KEYS:
        _KNOWN_KEYS.update(tree)
    return True


def _scalar(value: Any) -> Any:
    for kind in (bool, int, float, str):
        if isinstance(value, kind):
            return kind(value)
    return value


def _plain_bytes(value: bytes, arrays: list[np.ndarray[Any, Any]]) -> Any:
    arrays.append(np.frombuffer(value, dtype=np.uint8))
    return {_BYTES: len(arrays) - 1}


def _rich(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """The inverse of ``_plain``."""
    if isinstance(value, list):
        return [_rich(inner, arrays) for inner in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if tag == _ARRAY:
            return arrays[inner]
        if tag == _COMPLEX:
            return complex(*inner)
        if tag == _BYTES:
            return arrays[inner].tobytes()
        if tag == _PAIRS:
            return {_key(_rich(k, arrays)): _rich(v, arrays) for k, v in inner}
        if tag == _LOST:
            return Lost(inner)
        if tag == _QUANTUM:
            return _quantum(inner, arrays)
    return {key: _rich(inner, arrays) for key, inner in value.items()}


def _key(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _quantum(inner: list[Any], arrays: list[np.ndarray[Any, Any]]) -> Any:
    import qiskit.quantum_info

    name, data, (left, right) = inner
    if name not in _QUANTUM_CLASSES:
        raise ValueError(f"an unknown object {name!r}")
    make = getattr(qiskit.quantum_info, name)
    array = _rich(data, arrays)
    if right is None:
        return make(array, dims=tuple(left))
    return make(array, input_dims=tuple(left), output_dims=tuple(right))
