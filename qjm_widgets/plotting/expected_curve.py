"""What a user expects of a sweep: a function of its coordinate, or one value for each point."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np

from qjm_widgets.core.formatting import plural
from qjm_widgets.errors import InputError, explain
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.expected import Expected
from qjm_widgets.plotting.points import Floats, Points
from qjm_widgets.state.job_set_state import JobSetState

#: As for a distribution: probabilities may be rounded.
_TOLERANCE = 1e-3


class ExpectedCurve:
    """The expected values of a sweep, in the units of its vertical axis.

    Args:
        value: a function from the horizontal coordinate to the expected value, or values of shape
            ``(points,)``, NaN where nothing is expected.
        axes: of the sweep that it belongs to; over other axes it is not drawn.

    Attributes:
        axes: the axes.
        function: the function, or None.
        values: the values, or None.
    """

    def __init__(self, value: Callable[[float], Any] | Floats, axes: Axes) -> None:
        self.axes = axes
        self.function = value if callable(value) else None
        self.values: Floats | None = None if callable(value) else value

    def at(self, x: Floats) -> Floats:
        """Return the function's values.

        Raises:
            InputError: it failed, or returned something else than a number.
        """
        assert self.function is not None
        found = np.empty(len(x))
        for place, number in enumerate(x.tolist()):
            try:
                found[place] = float(self.function(number))
            except Exception as error:
                raise InputError(
                    f"expected: the function failed at {number:.6g}: {explain(error)}"
                ) from error
        return found


#: What a user expects: distributions of counts, or a curve of a sweep.
AnyExpected: TypeAlias = Expected | ExpectedCurve


def read_expected(
    value: Any, state: JobSetState, index_of: Callable[[Any], int], axes: Axes
) -> AnyExpected | None:
    """Return what a user expects; None for None.

    Args:
        value: a function or numbers for a sweep, or what ``Expected`` takes for counts.
        state: the set.
        index_of: returns the index of a circuit that is given by its index or name.
        axes: of the sweep to which a function or numbers belong.

    Raises:
        InputError: it is none of these.
    """
    if value is None:
        return None
    if callable(value) and not hasattr(value, "probabilities"):
        return ExpectedCurve(value, axes)
    numbers = _numbers(value, state)
    if numbers is not None and not _is_distribution(numbers):
        points = len(Points(state))
        if len(numbers) == points:
            return ExpectedCurve(numbers, axes)
        if state.record.estimates:
            raise InputError(
                f"expected has {plural(len(numbers), 'value')} and the set has "
                f"{plural(points, 'point')}: give one for each, or a function of the coordinate"
            )
    return Expected(value, state.record.circuits, index_of)


def _numbers(value: Any, state: JobSetState) -> Floats | None:
    """Return numbers in flattened (C) order; None for anything else."""
    if not isinstance(value, (list, tuple, np.ndarray)):
        return None
    try:
        array = np.asarray(value, dtype=np.float64)
    except (TypeError, ValueError):
        return None
    # An array with a row for each circuit holds distributions.
    return array.reshape(-1) if array.ndim == 1 or state.record.circuits == 1 else None


def _is_distribution(numbers: Floats) -> bool:
    """Return whether the numbers are probabilities of all outcomes of some bits."""
    size = len(numbers)
    return (
        size > 1
        and size & (size - 1) == 0
        and bool((numbers >= 0).all())
        and abs(float(numbers.sum()) - 1) <= _TOLERANCE
    )
