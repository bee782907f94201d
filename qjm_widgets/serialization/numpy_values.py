"""The kinds of values of NumPy: scalars and arrays of any dtype, masked arrays, and dtypes."""

from __future__ import annotations

from typing import Any

import numpy as np

from qjm_widgets.serialization.python_values import from_base64, takes, takes_subclasses, to_base64
from qjm_widgets.serialization.tree import Kind, TreeError, Write

#: Type characters of the scalars that JSON has exactly, so that only their dtype is added.
_EASY = frozenset("?bhilqBHILQefd")


def _write_dtype(dtype: np.dtype[Any]) -> Any:
    if dtype.hasobject or dtype.kind == "T":
        raise TreeError(f"an array of {dtype} cannot be written")
    return np.lib.format.dtype_to_descr(dtype)


def _read_dtype(tree: Any) -> np.dtype[Any]:
    dtype = np.lib.format.descr_to_dtype(_with_tuples(tree))
    if dtype.hasobject:
        raise TreeError("an array of objects")
    return dtype


def _with_tuples(descr: Any) -> Any:
    """Restore the tuples in the description of a dtype, which are lists in JSON."""
    if not isinstance(descr, list):
        return descr
    if descr and isinstance(descr[0], list):
        return [
            (
                tuple(name) if isinstance(name, list) else name,
                _with_tuples(inner),
                *map(tuple, shape),
            )
            for name, inner, *shape in descr
        ]
    return tuple(tuple(part) if isinstance(part, list) else part for part in descr)


def _write_array(value: np.ndarray[Any, Any], write: Write) -> Any:
    array = np.asarray(value)
    shape = list(array.shape)
    if array.dtype.kind in "OT":
        kind = "T" if array.dtype.kind == "T" else "O"
        return [kind, shape, [write(inner) for inner in array.ravel().tolist()]]
    return [_write_dtype(array.dtype), shape, to_base64(array.tobytes())]


def _read_array(tree: Any, read: Write) -> Any:
    descr, shape, data = tree
    if descr == "O":
        array = np.empty(len(data), dtype=object)
        for place, inner in enumerate(data):
            array[place] = read(inner)
        return array.reshape(shape)
    if descr == "T":
        dtype: Any = getattr(np.dtypes, "StringDType", lambda: object)()
        return np.array(list(map(read, data)), dtype=dtype).reshape(shape)
    dtype, raw = _read_dtype(descr), from_base64(data)
    if not dtype.itemsize:
        return np.empty(shape, dtype=dtype) if np.prod(shape) < 2**20 else _refuse()
    return np.frombuffer(raw, dtype=dtype).reshape(shape).copy()


def _refuse() -> Any:
    raise TreeError("an array without bytes that is too large")


def _write_scalar(value: np.generic, write: Write) -> Any:
    dtype = value.dtype
    if dtype.char in _EASY:
        return [dtype.str, value.item()]
    return [_write_dtype(dtype), None, to_base64(np.asarray(value).tobytes())]


def _read_scalar(tree: Any, read: Write) -> Any:
    if len(tree) == 2:
        descr, item = tree
        return np.array(item, dtype=_read_dtype(descr))[()]
    descr, _, data = tree
    dtype = _read_dtype(descr)
    if not dtype.itemsize:
        return np.empty((), dtype=dtype)[()]
    return np.frombuffer(from_base64(data), dtype=dtype).copy()[0]


def _write_masked(value: Any, write: Write) -> Any:
    return [write(np.asarray(value.data)), write(np.ma.getmaskarray(value)), write(value.fill_value)]


def _read_masked(tree: Any, read: Write) -> Any:
    data, mask, fill = map(read, tree)
    return np.ma.MaskedArray(data, mask=mask, fill_value=fill)


#: These kinds must precede those of Python, because ``np.float64`` is also a ``float``.
NUMPY: tuple[Kind, ...] = (
    Kind("$numpy", takes_subclasses(np.generic), _write_scalar, _read_scalar),
    Kind("$masked", takes(np.ma.MaskedArray), _write_masked, _read_masked),
    Kind("$array", takes_subclasses(np.ndarray), _write_array, _read_array),
    Kind(
        "$dtype",
        takes_subclasses(np.dtype),
        lambda value, _: _write_dtype(value),
        lambda tree, _: _read_dtype(tree),
    ),
)
