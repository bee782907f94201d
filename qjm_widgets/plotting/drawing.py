"""A sweep as it is drawn: its axes, series, or heat map."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from qjm_widgets.core.formatting import plural
from qjm_widgets.errors import InputError
from qjm_widgets.plotting.points import INDEX, Floats

#: The most drawn points of a series by default.
MOST_DRAWN = 2_000


@dataclass(frozen=True, slots=True)
class Axes:
    """What a sweep shows; None for the default.

    Attributes:
        x: the coordinate, or the two of a heat map, the horizontal one first.
        y: the quantities.
    """

    x: tuple[str, ...] | None = None
    y: tuple[str, ...] | None = None

    @classmethod
    def make(cls, x: Any, y: Any) -> Axes:
        """Return the axes of a call's arguments.

        Raises:
            InputError: an argument has the wrong type.
        """
        names = _names(x, "x")
        if names is not None and len(names) not in (1, 2):
            raise InputError(f"x is the name of a coordinate, or two of them, not {x!r}")
        one = isinstance(y, (int, np.integer)) and not isinstance(y, bool)
        return cls(names, (f"bit {y}",) if one else _names(y, "y"))

    @classmethod
    def read(cls, tree: Any) -> Axes | None:
        """Return the axes of a page's message; None if it is malformed."""
        if not isinstance(tree, Mapping):
            return None
        try:
            return cls.make(tree.get("x"), tree.get("y"))
        except InputError:
            return None

    def to_wire(self) -> dict[str, Any]:
        """Return the axes as the page reads them."""
        x, y = ([*names] if names is not None else None for names in (self.x, self.y))
        return {"x": x, "y": y}


def _names(value: Any, argument: str) -> tuple[str, ...] | None:
    if value is None:
        return None
    found = (value,) if isinstance(value, str) else value
    if not isinstance(found, (list, tuple)) or not all(isinstance(name, str) for name in found):
        raise InputError(f"{argument} is a name or a list of names, not {value!r}")
    return tuple(found) or None


class Series(NamedTuple):
    """One line; all arrays have shape ``(drawn points,)``, NaN where no result is there yet.

    Attributes:
        name: empty for the only series.
        x: ascending; never NaN.
        y, low, high: the quantity and its interval.
        joined: whether the points are joined by a line: each ``x`` occurs once.
        expected: whether it is what the user expects; ``low`` and ``high`` are ``y`` then.
    """

    name: str
    x: Floats
    y: Floats
    low: Floats
    high: Floats
    joined: bool
    expected: bool = False


class HeatMap(NamedTuple):
    """A quantity on a grid.

    Attributes:
        x, y: the coordinates, shapes ``(columns,)`` and ``(rows,)``, ascending.
        values: shape ``(rows, columns)``; NaN where no result is there yet.
    """

    x: Floats
    y: Floats
    values: Floats


class Drawing(NamedTuple):
    """A sweep as it is drawn.

    Attributes:
        x, y: the names of the coordinates and quantities; ``y`` is empty before the first result.
        labels: of the horizontal and the vertical axis, and of the colour of a heat map, else "".
        shares: whether the quantity is a share, from 0 to 1.
        ends: the least and the greatest horizontal coordinate of all points.
        series: at most eight, and those of what is expected; none for a heat map.
        grid: the heat map, if there is one.
        there, of: points with a result, and all points.
        unit: what a point is: "point" or "circuit".
        thinned: points that are drawn as one, at most.
        notes: what a reader should know, a sentence each.
    """

    x: tuple[str, ...]
    y: tuple[str, ...]
    labels: tuple[str, str, str]
    shares: bool
    ends: tuple[float, float]
    series: list[Series]
    grid: HeatMap | None
    there: int
    of: int
    unit: str
    thinned: int
    notes: list[str]

    @property
    def caption(self) -> str:
        """One line: "P(1) over theta · 12,400 of 20,000 points"."""
        what = self.labels[1 if self.grid is None else 2]
        over = " and ".join(self.labels[:2]) if self.grid is not None else self.labels[0]
        over = over.lower() if self.x == (INDEX,) else over
        parts = [f"{what} over {over}"] if what else []
        parts.append(f"{self.there:,} of {plural(self.of, self.unit)}")
        if self.thinned > 1:
            parts.append(f"up to {self.thinned:,} {self.unit}s drawn as one")
        return " · ".join(parts)
