"""Encode a tree of JSON values and arrays as bytes, and decode it; nothing is pickled.

The values of a result other than its counts (statevectors, expectation values, metadata) are decoded to
equal values of the same types. A value of an unknown kind becomes ``Lost`` with its type, so that it
does not affect the others. Bytes of older versions are decoded, too.
"""

from __future__ import annotations

import json
import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core import qiskit_values
from qjm_widgets.core.lost import Lost
from qjm_widgets.serialization import scalar_values

_MAGIC = b"QJM1"
#: Arrays of at least so many bytes are not copied when they are encoded.
_LARGE = 1_000_000
_ARRAY, _BYTES, _PAIRS, _LOST = "$array", "$bytes", "$pairs", "$lost"
_TUPLE, _OBJECTS, _MASKED, _INTEGER = "$tuple", "$objects", "$masked", "$int"
_NUMPY, _VALUE, _QISKIT = "$numpy", "$value", "$qiskit"
#: Tags of older versions.
_OLD_COMPLEX, _OLD_QUANTUM = "$complex", "$quantum_info"
_TO_JSON = json.JSONEncoder(separators=(",", ":")).encode
#: Limit of the depth of nested lists and objects in the text. Bundles refuse a text that is much deeper.
_DEPTH = 60


def encode(tree: Any, lost: list[str] | None = None) -> bytes:
    """Encode a tree as ``encode_in_pieces`` does, in one piece."""
    return b"".join(encode_in_pieces(tree, lost))


def encode_in_pieces(tree: Any, lost: list[str] | None = None) -> list[bytes | memoryview]:
    """Encode a tree of dicts, lists, tuples, numbers, strings, arrays and values of Qiskit.

    The result is in consecutive pieces; large arrays are not copied.

    Args:
        tree: the tree.
        lost: a list to which the type of each value that cannot be encoded is added.
    """
    # The bytes are not compressed. zlib releases the interpreter lock, and waiting to get it back costs
    # more than writing the bytes that compression saves.
    writer = _Writer()
    try:
        text = _TO_JSON(writer.plain(tree))
    except ValueError:  # an integer with more digits than Python writes
        writer = _Writer(long_integers=True)
        text = _TO_JSON(writer.plain(tree))
    if lost is not None:
        lost += writer.lost
    parts: list[bytes | memoryview] = [struct.pack("<II", len(text), len(writer.arrays)), text.encode()]
    for array in writer.arrays:
        head = _TO_JSON([scalar_values.describe(array.dtype), list(array.shape)]).encode()
        large = array.nbytes >= _LARGE
        content = array.reshape(-1).view(np.uint8).data if large else array.tobytes()
        parts += [struct.pack("<IQ", len(head), array.nbytes), head, content]
    checksum = 0
    for part in parts:
        checksum = zlib.crc32(part, checksum)
    return [_MAGIC + struct.pack("<I", checksum), *parts]


def decode(data: bytes | bytearray | memoryview) -> Any:
    """Return the tree that ``encode`` encoded; its arrays are read-only views of the data.

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
            arrays.append(_array(scalar_values.dtype_of(kind), shape, data[at : at + size]))
            at += size
        return _rich(json.loads(text), arrays)
    except Exception as error:  # with manipulated bytes, NumPy and Qiskit may raise anything
        raise ValueError(f"the encoded tree is damaged: {error}") from error


def _array(dtype: np.dtype[Any], shape: Sequence[int], data: memoryview) -> np.ndarray[Any, Any]:
    if dtype.itemsize == 0:
        return np.zeros(shape, dtype=dtype)
    return np.frombuffer(data, dtype=dtype).reshape(shape)


_JSON_SCALARS = frozenset({str, bool, int, float, type(None)})
#: Cache of keys that JSON objects may have; there are few different keys.
_KNOWN_KEYS: set[Any] = set()
_MOST_KNOWN_KEYS = 1000


class _Writer:
    """A writer that replaces each value that JSON lacks by a tagged dict, and collects the arrays."""

    def __init__(self, *, long_integers: bool = False) -> None:
        self.arrays: list[np.ndarray[Any, Any]] = []
        self.lost: list[str] = []
        self._scalars = _JSON_SCALARS - {int} if long_integers else _JSON_SCALARS
        self._above: list[int] = []  # ids of the containers around the current value
        self._depth = 0

    def plain(self, value: Any) -> Any:
        kind = type(value)
        if kind in self._scalars:
            return value
        # Built-in types are checked first, because a check against an abstract class is slow.
        if kind is dict:
            return self._mapping(value)
        if kind is list or kind is tuple:
            if self._scalars.issuperset(map(type, value)) and self._depth < _DEPTH - 2:
                return value if kind is list else {_TUPLE: value}
            return self._sequence(value)
        if kind is np.ndarray and not value.dtype.hasobject:
            return self._put(_ARRAY, value)
        above, depth = len(self._above), self._depth
        try:
            return self._other(value, kind)
        except BaseException:  # a third party's value may raise anything
            del self._above[above:]
            self._depth = depth
            return self._lose(value)

    def _mapping(self, value: Mapping[Any, Any]) -> Any:
        if _KNOWN_KEYS.issuperset(value) or _are_keys(value):
            if not self._enter(value, 1):
                return self._lose(value)
            scalars = self._scalars
            written: Any = {
                key: inner if type(inner) in scalars else self.plain(inner)
                for key, inner in value.items()
            }
            self._leave(1)
            return written
        if not self._enter(value, 3):
            return self._lose(value)
        written = {_PAIRS: [[self.plain(k), self.plain(v)] for k, v in value.items()]}
        self._leave(3)
        return written

    def _sequence(self, value: Sequence[Any]) -> Any:
        levels = 1 if isinstance(value, list) else 2
        if not self._enter(value, levels):
            return self._lose(value)
        written = [self.plain(inner) for inner in value]
        self._leave(levels)
        return written if levels == 1 else {_TUPLE: written}

    def _enter(self, value: Any, levels: int) -> bool:
        """Enter a container; return False if it is inside itself or too deep."""
        if self._depth + levels > _DEPTH or id(value) in self._above:
            return False
        self._above.append(id(value))
        self._depth += levels
        return True

    def _leave(self, levels: int) -> None:
        self._above.pop()
        self._depth -= levels

    def _other(self, value: Any, kind: type) -> Any:
        """Write a value that is neither plain JSON nor a plain array."""
        if isinstance(value, np.generic) and not value.dtype.hasobject:
            return {_NUMPY: scalar_values.write_numpy(value)}
        if (parts := qiskit_values.take(value)) is not None:
            return self._parts({_QISKIT: parts}, value)
        if isinstance(value, int) and not isinstance(value, bool):
            # A value of a subclass is kept as its number.
            return int(value) if abs(value) < 1 << 64 else {_INTEGER: hex(value)}
        if isinstance(value, str):
            return str.__str__(value)  # `str(value)` may be the name of a member of an enumeration
        if isinstance(value, (bool, float)):
            return value if isinstance(value, bool) else float(value)
        if (parts := scalar_values.write(value)) is not None:
            return self._parts({_VALUE: parts}, value)
        if isinstance(value, (bytes, bytearray, memoryview)):
            return self._put(_BYTES, np.frombuffer(value, dtype=np.uint8))
        if isinstance(value, np.ndarray):
            return self._odd_array(value)
        if isinstance(value, Mapping):
            return self._mapping(value)
        if isinstance(value, (list, tuple)):
            return self._sequence(value)
        return self._lose(value)

    def _parts(self, tagged: dict[str, list[Any]], value: Any) -> Any:
        """Write a value of several parts; if one of the parts is lost, the value is lost."""
        before = len(self.lost)
        ((tag, (name, *parts)),) = tagged.items()
        if not self._enter(value, 2):
            return self._lose(value)
        written = [self.plain(part) for part in parts]
        self._leave(2)
        if len(self.lost) > before:
            del self.lost[before:]
            return self._lose(value)
        return {tag: [name, *written]}

    def _odd_array(self, value: np.ndarray[Any, Any]) -> Any:
        if isinstance(value, np.ma.MaskedArray):
            return {_MASKED: [self.plain(value.data), self.plain(np.ma.getmaskarray(value))]}
        if not value.dtype.hasobject:
            return self._put(_ARRAY, np.asarray(value))
        if value.dtype != object or not self._enter(value, 3):
            return self._lose(value)
        written = [self.plain(inner) for inner in value.reshape(-1)]
        self._leave(3)
        return {_OBJECTS: [list(value.shape), written]}

    def _put(self, tag: str, array: np.ndarray[Any, Any]) -> Any:
        self.arrays.append(np.ascontiguousarray(array).reshape(array.shape))
        return {tag: len(self.arrays) - 1}

    def _lose(self, value: Any) -> Any:
        kind = type(value)
        self.lost.append(f"{kind.__module__}.{kind.__qualname__}".removeprefix("builtins."))
        return {_LOST: self.lost[-1]}


def _are_keys(tree: Mapping[Any, Any]) -> bool:
    """Return whether a JSON object may have these keys: strings that are not tags."""
    # By type, not isinstance, because equal keys of the cache must be strings.
    if not all(type(key) is str and not key.startswith("$") for key in tree):
        return False
    if len(_KNOWN_KEYS) < _MOST_KNOWN_KEYS:
        _KNOWN_KEYS.update(tree)
    return True


def _rich(value: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    """Invert ``_Writer.plain``."""
    kind = type(value)
    if kind is list:
        return [inner if type(inner) in _JSON_SCALARS else _rich(inner, arrays) for inner in value]
    if kind is not dict:
        return value
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if tag[:1] == "$":
            return _tagged(tag, inner, arrays)
    return {
        key: inner if type(inner) in _JSON_SCALARS else _rich(inner, arrays)
        for key, inner in value.items()
    }


def _tagged(tag: str, inner: Any, arrays: list[np.ndarray[Any, Any]]) -> Any:
    if tag == _ARRAY:
        return arrays[inner]
    if tag == _TUPLE:
        return tuple(_rich(inner, arrays))
    if tag == _PAIRS:
        return {_key(_rich(k, arrays)): _rich(v, arrays) for k, v in inner}
    if tag == _NUMPY:
        return scalar_values.read_numpy(inner)
    if tag == _BYTES:
        return arrays[inner].tobytes()
    if tag == _INTEGER:
        return int(inner, 16)
    if tag == _LOST:
        return Lost(f"a {inner}")
    if tag == _OBJECTS:
        shape, flat = inner
        objects = np.empty(len(flat), dtype=object)
        for place, each in enumerate(flat):
            objects[place] = _rich(each, arrays)
        return objects.reshape(shape)
    if tag == _MASKED:
        return np.ma.MaskedArray(*_rich(inner, arrays))
    if tag == _VALUE:
        return scalar_values.read(*_rich(inner, arrays))
    if tag == _QISKIT:
        return qiskit_values.make(*_rich(inner, arrays))
    if tag == _OLD_COMPLEX:
        return complex(*inner)
    if tag == _OLD_QUANTUM:
        name, data, (left, right) = inner
        return qiskit_values.make_old(name, _rich(data, arrays), left, right)
    raise ValueError(f"an unknown kind {tag!r}")


def _key(value: Any) -> Any:
    """Return a key of a dict; older versions wrote tuples as lists."""
    return tuple(value) if isinstance(value, list) else value
