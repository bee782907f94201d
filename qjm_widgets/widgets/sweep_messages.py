"""The sweep of a set as its page reads it."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np

from qjm_widgets.core.formatting import first_line
from qjm_widgets.errors import QJMError, explain
from qjm_widgets.plotting.drawing import Axes, Drawing
from qjm_widgets.plotting.expected_curve import ExpectedCurve
from qjm_widgets.plotting.points import FirstView, Floats
from qjm_widgets.plotting.sweep import Sweep
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)
#: The most drawn points of a series, about one a pixel; all series have twice as many together.
_MOST = 600
#: The most columns and rows of a heat map.
_MOST_CELLS = 64
#: A saved notebook has this part of the points.
_SAVED = 4
_TEXT = 200


class SweepMessages:
    """The sweep of a set; it is made when it is first needed. Not safe between threads.

    Args:
        state: the set.
        expected: what to draw besides, or None.
    """

    def __init__(self, state: JobSetState, expected: ExpectedCurve | None = None) -> None:
        self._state = state
        self._expected = expected
        self._sweep: Sweep | None = None

    @property
    def first_view(self) -> FirstView:
        """What a panel shows first; the sum of all counts if the circuits cannot be read."""
        try:
            return self._made().points.first_view
        except Exception:  # damaged bytes can make Qiskit raise anything
            _LOG.warning("the points of the set cannot be read", exc_info=True)
            return "sum"

    def build(self, axes: Axes, *, saved: bool = False) -> dict[str, Any]:
        """Return the sweep as it is now.

        Args:
            axes: what it shows.
            saved: whether it is for a saved notebook, with fewer points.
        """
        try:
            return _message(axes, self._made(), _SAVED if saved else 1)
        except Exception as error:  # the panel shows all else, whatever a backend returned
            if not isinstance(error, QJMError):
                _LOG.exception("the sweep could not be shown")
            return {**_EMPTY, "axes": axes.to_wire(), "notes": [f"No sweep: {explain(error)}"]}

    def _made(self) -> Sweep:
        if self._sweep is None:
            self._sweep = Sweep(self._state, self._expected)
        return self._sweep


_EMPTY: dict[str, Any] = {
    "x": [],
    "y": [],
    "xs": [],
    "ys": [],
    "labels": ["", "", ""],
    "caption": "",
    "shares": True,
    "ends": [0.0, 1.0],
    "series": [],
    "grid": None,
    "notes": [],
}


def _message(axes: Axes, sweep: Sweep, divisor: int) -> dict[str, Any]:
    most, cells = _MOST // divisor, _MOST_CELLS // divisor * 2 if divisor > 1 else _MOST_CELLS
    drawing = sweep.draw(axes, most, cells)
    if len(drawing.series) > 2:
        drawing = sweep.draw(axes, 2 * most // len(drawing.series), cells)
    grid = drawing.grid
    return {
        "axes": axes.to_wire(),
        "x": list(drawing.x),
        "y": list(drawing.y),
        "xs": [[list(names), first_line(label, _TEXT)] for names, label in sweep.x_choices()],
        "ys": [list(choice) for choice in sweep.y_choices(drawing.x)],
        "labels": list(drawing.labels),
        "caption": first_line(drawing.caption, _TEXT),
        "shares": drawing.shares,
        "ends": list(drawing.ends),
        "series": _series(drawing),
        "grid": None
        if grid is None
        else {
            "x": _numbers(grid.x, 6),
            "y": _numbers(grid.y, 6),
            "values": [_numbers(row, 3) for row in grid.values],
        },
        "notes": drawing.notes,
    }


def _series(drawing: Drawing) -> list[dict[str, Any]]:
    return [
        {
            "name": first_line(series.name, _TEXT),
            "x": _numbers(series.x, 6),
            "y": _numbers(series.y, 4),
            "low": _numbers(series.low, 4),
            "high": _numbers(series.high, 4),
            "joined": series.joined,
            "expected": series.expected,
        }
        for series in drawing.series
    ]


def _numbers(values: Floats, digits: int) -> list[float | None]:
    """Return numbers with so many significant digits; None where no result is there yet."""
    return [float(f"{each:.{digits}g}") if np.isfinite(each) else None for each in values.tolist()]
