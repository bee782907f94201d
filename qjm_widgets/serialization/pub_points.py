"""The part of a PUB that a job with a range of its points sends."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import Span


def input_of_points(pub: CircuitInput, points: Span) -> CircuitInput:
    """Return a PUB with a range of its points only, of shape ``(len(points),)``.

    Args:
        pub: the whole PUB.
        points: in flattened (C) order of the PUB's shape, to which values and observables are broadcast.
    """
    place = _places(pub.shape, points)
    values, observables = pub.values, pub.observables
    if values is not None:
        from qiskit.primitives.containers.bindings_array import BindingsArray

        data = {names: place(array, array.shape[:-1]) for names, array in values.data.items()}
        values = BindingsArray(data, shape=(len(points),))
    if observables is not None:
        observables = place(observables, observables.shape)
    return replace(pub, values=values, observables=observables)


def _places(shape: tuple[int, ...], points: Span) -> Callable[[Any, tuple[int, ...]], Any]:
    """Return a function that takes the points out of an array broadcast to ``shape``."""
    indices: tuple[Any, ...] | None = None

    def take(array: Any, own: tuple[int, ...]) -> Any:
        nonlocal indices
        if own == shape:
            rest = array.shape[len(own) :]
            return array.reshape((math.prod(own), *rest))[points.start : points.stop]
        if indices is None:
            indices = np.unravel_index(np.arange(points.start, points.stop), shape)
        # Only as many entries are made as the range has: a broadcast whole may be very large.
        last = indices[len(shape) - len(own) :] if own else ()
        where = tuple(np.zeros_like(at) if size == 1 else at for at, size in zip(last, own, strict=True))
        if not own:
            array, where = array.reshape((1, *array.shape)), (np.zeros(len(points), dtype=np.intp),)
        return array[where]

    return take
