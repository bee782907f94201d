"""The observables of an estimator's points as texts, which name the series of a sweep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.records import Span
from qjm_widgets.errors import QJMError
from qjm_widgets.serialization.observables import write_observables
from qjm_widgets.state.job_set_state import JobSetState

#: The observables of more circuits are not read: each circuit is decoded for it.
_MOST_CIRCUITS = 50
#: Arrays of more observables, such as one for each point, name no series.
_MOST_OBSERVABLES = 1_000
_LENGTH = 40


def observable_labels(
    state: JobSetState, shapes: Sequence[tuple[int, ...]], most: int
) -> npt.NDArray[Any] | None:
    """Return the observable of each point, such as "ZZ" or "0.5 XX + 2 ZI"; qubit 0 is the rightmost.

    Args:
        state: the set.
        shapes: the shape of the points of each circuit.
        most: the most distinct texts.

    Returns:
        Texts of shape ``(points,)``; None if there are fewer than two distinct texts or more than
        ``most``, and for a set without observables.
    """
    if not state.record.estimates or len(shapes) > _MOST_CIRCUITS:
        return None
    found = []
    for circuit, shape in enumerate(shapes):
        try:
            [circuit_input] = state.circuits.get(Span(circuit, circuit + 1))
        except QJMError:  # the set came without its circuits
            return None
        observables = circuit_input.observables
        if observables is None or observables.size > _MOST_OBSERVABLES:
            return None
        found.append(_texts(write_observables(observables) or {}, shape))
    texts = np.concatenate(found)
    return texts if 1 < len(set(texts.tolist())) <= most else None


def _texts(tree: Mapping[str, Any], shape: tuple[int, ...]) -> npt.NDArray[Any]:
    names = np.array([_text(terms) for terms in tree["terms"]])
    which = np.array(tree["which"], dtype=np.intp).reshape(tree["shape"])
    found: npt.NDArray[Any] = names[np.broadcast_to(which, shape).reshape(-1)]
    return found


def _text(terms: Mapping[str, float]) -> str:
    text = " + ".join(name if c == 1 else f"{c:.4g} {name}" for name, c in terms.items())
    text = text.replace("+ -", "− ").replace("-", "−")
    return text if len(text) <= _LENGTH else f"{text[: _LENGTH - 1]}…"
