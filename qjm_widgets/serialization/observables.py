"""An estimator's observables as JSON, and back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np


def write_observables(observables: Any) -> dict[str, Any] | None:
    """Write Qiskit's ``ObservablesArray``; None stays None.

    Returns:
        ``shape`` of the array; ``terms``: each distinct observable as its real coefficients by label
        (qubit 0 rightmost), as Qiskit simplifies it; ``which``: in flattened (C) order, the place in
        ``terms`` of each observable.
    """
    if observables is None:
        return None
    places: dict[tuple[tuple[str, float], ...], int] = {}
    which = [
        places.setdefault(tuple((label, float(np.real(c))) for label, c in terms.items()), len(places))
        for terms in observables.ravel().tolist()
    ]
    terms = [dict(pairs) for pairs in places]
    return {"shape": list(observables.shape), "terms": terms, "which": which}


def read_observables(tree: Mapping[str, Any] | None) -> Any:
    """Read what ``write_observables`` wrote.

    Raises:
        Exception: of any kind, if the tree is damaged or the installed Qiskit has no estimators.
    """
    if tree is None:
        return None
    from qiskit.primitives.containers.observables_array import ObservablesArray

    distinct = ObservablesArray(list(tree["terms"]))
    which = np.array(tree["which"], dtype=np.intp)
    return distinct[which].reshape(*tree["shape"])
