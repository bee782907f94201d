"""Compare the values of results by type, value and bytes, with Qiskit's classes in place of Aer's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

AER = "qiskit_aer.backends.compatibility"


def difference(found: Any, expected: Any, where: str = "it") -> str | None:
    """Return where two values differ, as text; None if they are the same."""
    kind = type(expected)
    if kind.__module__ == AER:
        kind = kind.__mro__[1]
    if type(found) is not kind:
        return f"{where} is a {type(found)}, not a {kind}"
    if isinstance(expected, np.ndarray):
        same = (found.dtype, found.shape) == (expected.dtype, expected.shape)
        return None if same and found.tobytes() == expected.tobytes() else f"{where} is {found}"
    if isinstance(expected, Mapping):
        if list(found) != list(expected):
            return f"{where} has the keys {list(found)}, not {list(expected)}"
        pairs = [(f"{where}[{key!r}]", found[key], expected[key]) for key in expected]
    elif isinstance(expected, (list, tuple)):
        if len(found) != len(expected):
            return f"{where} has {len(found)} entries, not {len(expected)}"
        pairs = [(f"{where}[{i}]", *pair) for i, pair in enumerate(zip(found, expected, strict=True))]
    elif hasattr(expected, "tableau"):
        pairs = [(f"{where}.tableau", found.tableau, expected.tableau)]
    elif hasattr(expected, "clifford"):
        pairs = [(f"{where}.clifford", found.clifford, expected.clifford)]
    elif hasattr(expected, "data") and hasattr(expected, "_op_shape"):
        pairs = [
            (f"{where}.data", np.asarray(found.data), np.asarray(expected.data)),
            (f"{where} (shape)", repr(found._op_shape), repr(expected._op_shape)),
        ]
    else:
        return None if repr(found) == repr(expected) else f"{where} is {found!r}, not {expected!r}"
    return next((text for name, a, b in pairs if (text := difference(a, b, name))), None)
