"""Parameter values of a PUB as JSON: each array as base64 of its float64 numbers, little-endian.

Numbers as text would be slow to write and to read where a PUB has many points.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qjm_widgets.serialization.python_values import from_base64, to_base64


def write_values(values: Any) -> dict[str, Any]:
    """Write a ``BindingsArray``: its shape, and for each array its parameters and numbers."""
    data = [
        [list(names), to_base64(np.ascontiguousarray(array, dtype="<f8").tobytes())]
        for names, array in values.data.items()
    ]
    return {"shape": list(values.shape), "data": data}


def read_values(tree: Any) -> Any:
    """Read what ``write_values`` wrote, or lists of numbers as older versions wrote them.

    Returns:
        A ``BindingsArray``, or None.

    Raises:
        ValueError: the numbers do not fit the shape.
    """
    if tree is None:
        return None
    from qiskit.primitives.containers.bindings_array import BindingsArray

    shape = tuple(tree["shape"])
    data = {tuple(names): _numbers(array).reshape(*shape, len(names)) for names, array in tree["data"]}
    return BindingsArray(data, shape=shape)


def _numbers(array: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    if isinstance(array, str):
        return np.frombuffer(from_base64(array), dtype="<f8").astype(float)
    return np.array(array, dtype=float)
