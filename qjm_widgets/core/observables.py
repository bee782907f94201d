"""Distinguish the PUBs of estimators from those of samplers, for all notations of observables."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

#: The letters of Pauli strings and of Qiskit's further observables.
_LETTERS = frozenset("IXYZ01+-rl")
_PACKAGES = ("qiskit.quantum_info.", "qiskit.opflow.", "qiskit._accelerate.sparse_observable")
_PRIMITIVES = ("ObservablesArray", "EstimatorPub", "SparseObservable")
_DEEPEST = 4


def is_estimator_pub(thing: Any) -> bool:
    """Return whether a value is ``(circuit, observables, ...)`` or an ``EstimatorPub``."""
    if type(thing).__name__ == "EstimatorPub":
        return True
    if not isinstance(thing, (tuple, list)) or len(thing) < 2:
        return False
    names = {parameter.name for parameter in getattr(thing[0], "parameters", ())}
    return hasattr(thing[0], "num_qubits") and _is_observable(thing[1], names)


def has_nan(observables: Any, depth: int = 0) -> bool:
    """Return whether a coefficient of observables, in any form, is NaN or infinite."""
    coefficients = getattr(observables, "coeffs", None)
    if coefficients is None and isinstance(observables, Mapping):
        coefficients = list(observables.values())
    if coefficients is not None:
        try:
            return not np.isfinite(np.asarray(coefficients, dtype=complex)).all()
        except (TypeError, ValueError):  # no numbers: Qiskit says what is wrong with them
            return False
    if depth == _DEEPEST or not isinstance(observables, (list, tuple, np.ndarray)):
        return False
    return getattr(observables, "ndim", 1) > 0 and any(has_nan(part, depth + 1) for part in observables)


def _is_observable(thing: Any, parameters: set[str], depth: int = 0) -> bool:
    kind = type(thing)
    if kind.__name__ in _PRIMITIVES or f"{kind.__module__}.".startswith(_PACKAGES):
        return hasattr(thing, "num_qubits") or kind.__name__ == "ObservablesArray"
    if isinstance(thing, str):
        return bool(thing) and set(thing) <= _LETTERS
    if isinstance(thing, Mapping):
        # The keys of a sampler's mapping are parameters or their names; those are not observables.
        return any(
            key not in parameters and _is_observable(key, parameters) for key in thing if _plain(key)
        )
    if (
        hasattr(thing, "num_clbits")
        or not isinstance(thing, Iterable)
        or getattr(thing, "ndim", 1) == 0
        or depth == _DEEPEST
    ):
        return False
    if getattr(getattr(thing, "dtype", None), "kind", "O") not in "OU":
        return False  # numbers
    parts = list(thing)
    return bool(parts) and all(_is_observable(part, parameters, depth + 1) for part in parts)


def _plain(key: Any) -> bool:
    """Return whether a key may be an observable: a tuple is a sampler's key, of several parameters."""
    return not isinstance(key, tuple)
