"""A sweep: a quantity of each point of a set over its coordinates, which grows as jobs finish."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.formatting import first_line
from qjm_widgets.core.frequencies import wilson_intervals
from qjm_widgets.errors import InputError
from qjm_widgets.plotting.collected import Collected, Collector
from qjm_widgets.plotting.drawing import Axes, Drawing, HeatMap, Series
from qjm_widgets.plotting.expected_curve import ExpectedCurve
from qjm_widgets.plotting.points import INDEX, MOST_SERIES, Floats, Points
from qjm_widgets.plotting.quantities import VALUE, Quantity, common_label, quantities
from qjm_widgets.state.job_set_state import JobSetState

#: The places at which a function is drawn.
_SMOOTH = 200


class Sweep:
    """The sweep of a set. Each finished job is read once for a quantity. Not safe between threads.

    Args:
        state: the set.
        expected: what to draw besides, or None.

    Attributes:
        points: its points.
    """

    def __init__(self, state: JobSetState, expected: ExpectedCurve | None = None) -> None:
        self._state = state
        self._expected = expected
        self.points = Points(state)
        self._collector = Collector(state, self.points)

    def x_choices(self) -> list[tuple[tuple[str, ...], str]]:
        """Return the coordinates that are offered, the default first: names and label."""
        return [(names, " and ".join(map(self.points.label, names))) for names in self.points.choices()]

    def y_choices(self, x: tuple[str, ...]) -> list[tuple[str, str]]:
        """Return the quantities over these coordinates, the default first; none before a result."""
        kind = self._collector.kind()
        single = len(x) == 2 or self.points.groups(x[0]) is not None
        return [] if kind is None else kind.choices(single)

    def draw(self, axes: Axes, most: int, most_cells: int) -> Drawing:
        """Return the sweep as it is now.

        Args:
            axes: what it shows.
            most: the most drawn points of a series; more are drawn together in bins of equal number.
            most_cells: the most rows and the most columns of a heat map.

        Raises:
            InputError: the set has no such coordinate or quantity.
        """
        x = axes.x or self.points.choices()[0]
        unknown = [name for name in x if name not in self.points.numbers]
        if unknown or (len(x) == 2 and x not in (self.points.pair, (self.points.pair or ())[::-1])):
            known = ", ".join(repr(n[0] if len(n) == 1 else n) for n in self.points.choices())
            raise InputError(f"x is one of {known}, not {x[0] if len(x) == 1 else x!r}")
        kind = self._collector.kind()
        names = axes.y or tuple(name for name, _ in self.y_choices(x)[:1])
        shown = [] if kind is None else quantities(names, kind)
        if len(x) == 2 and len(shown) > 1:
            raise InputError("a heat map shows one quantity: give one y")
        collected = [self._collector.collect(quantity) for quantity in shown]
        notes = self._collector.notes(collected)
        if len(x) == 2:
            grid, thinned = self._grid(x, [*zip(shown, collected, strict=True)][:1], most_cells)
            series: list[Series] = []
        else:
            grid = None
            series, thinned, more = self._series(x[0], [*zip(shown, collected, strict=True)], most)
            notes += [more] * bool(more)
            if self._expected is not None and self._expects(axes, x):
                try:
                    series = _named(series, shown) + self._curves(self._expected, x[0], most)
                except InputError as error:
                    notes.append(str(error))
        label = shown[0].label if len(shown) == 1 else common_label(shown)
        labels = [*map(self.points.label, x), label, ""][:3]
        return Drawing(
            x,
            names if shown else (),
            (first_line(labels[0], 80), first_line(labels[1], 80), first_line(labels[2], 80)),
            not (self._state.record.estimates if kind is None else kind.estimates),
            self._ends(x[0]),
            series,
            grid,
            self._there(collected),
            len(self.points),
            self.points.unit,
            thinned if shown else 1,
            notes,
        )

    def _ends(self, name: str) -> tuple[float, float]:
        numbers = self.points.numbers[name]
        return (float(numbers.min()), float(numbers.max())) if len(numbers) else (0.0, 1.0)

    def _there(self, collected: Sequence[Collected]) -> int:
        return int(np.count_nonzero(collected[0].weight)) if collected else 0

    # -- drawing -------------------------------------------------------------------------------------

    def _series(
        self, name: str, shown: Sequence[tuple[Quantity, Collected]], most: int
    ) -> tuple[list[Series], int, str]:
        """Return the series, how many points are drawn as one, and a note if series are left out."""
        numbers, groups = self.points.numbers[name], self.points.groups(name)
        names = [""] if groups is None else groups.names
        series: list[Series] = []
        thinned = 1
        for group, title in list(enumerate(names))[:MOST_SERIES]:
            at = np.arange(len(numbers)) if groups is None else np.flatnonzero(groups.of == group)
            at = at[np.argsort(numbers[at], kind="stable")]
            size = max(1, -(-len(at) // most))
            thinned = max(thinned, size)
            for quantity, found in shown[: MOST_SERIES - len(series)]:
                parts = [title] if title else []
                parts += [quantity.label] if len(shown) > 1 else []
                series.append(_binned(", ".join(parts), numbers[at], found, at, size, quantity))
        total = len(names) * len(shown)
        more = f"{len(series)} of {total} series are drawn" if len(series) < total else ""
        return series, thinned, more

    def _expects(self, axes: Axes, x: tuple[str, ...]) -> bool:
        """Return whether these are the axes of what is expected. Values fit any coordinate."""
        assert self._expected is not None
        wanted = self._expected.axes
        default = tuple(name for name, _ in self.y_choices(x)[:1])
        same_x = x == (wanted.x or self.points.choices()[0]) or self._expected.values is not None
        return same_x and (axes.y or default) == (wanted.y or default)

    def _curves(self, expected: ExpectedCurve, name: str, most: int) -> list[Series]:
        """Return the expected values: one curve of a function, or one for each group of points."""
        numbers, groups = self.points.numbers[name], self.points.groups(name)
        if expected.values is None:
            low, high = self._ends(name)
            smooth = name != INDEX and len(numbers) > 1
            x = np.linspace(low, high, min(most, _SMOOTH)) if smooth else np.unique(numbers)[:most]
            return [_curve("Expected", x, expected.at(x))]
        names = [""] if groups is None else groups.names[:MOST_SERIES]
        curves = []
        for group, title in enumerate(names):
            at = np.arange(len(numbers)) if groups is None else np.flatnonzero(groups.of == group)
            at = at[np.argsort(numbers[at], kind="stable")]
            size = max(1, -(-len(at) // most))
            x, y = _means(numbers[at], size), _means(expected.values[at], size)
            curves.append(_curve(f"Expected, {title}" if title else "Expected", x, y))
        return curves

    def _grid(
        self, x: tuple[str, ...], shown: Sequence[tuple[Quantity, Collected]], most: int
    ) -> tuple[HeatMap, int]:
        """Return the heat map, and how many points are drawn as one."""
        columns, column = np.unique(self.points.numbers[x[0]], return_inverse=True)
        rows, row = np.unique(self.points.numbers[x[1]], return_inverse=True)
        wide, high = (max(1, -(-len(each) // most)) for each in (columns, rows))
        shape = -(-len(rows) // high), -(-len(columns) // wide)
        place = (row // high) * shape[1] + column // wide
        weight, total = np.zeros((2, shape[0] * shape[1]))
        for _, found in shown:
            np.add.at(weight, place, found.weight)
            np.add.at(total, place, found.total)
        values = np.divide(total, weight, out=np.full_like(total, np.nan), where=weight > 0)
        grid = HeatMap(_means(columns, wide), _means(rows, high), values.reshape(shape))
        return grid, wide * high


def _named(series: list[Series], shown: Sequence[Quantity]) -> list[Series]:
    """Return the series with names: the only one has none, unless others are beside it."""
    return [each if each.name else each._replace(name=shown[0].label) for each in series]


def _curve(name: str, x: Floats, y: Floats) -> Series:
    return Series(name, x, y, y, y, len(np.unique(x)) == len(x), expected=True)


def _binned(
    name: str,
    x: Floats,
    found: Collected,
    at: npt.NDArray[np.int64],
    size: int,
    quantity: Quantity,
) -> Series:
    starts = np.arange(0, len(at), size)
    weight, total, variance = (
        np.add.reduceat(each[at], starts) for each in (found.weight, found.total, found.variance)
    )
    there = weight > 0
    y = np.divide(total, weight, out=np.full(len(starts), np.nan), where=there)
    if quantity.name != VALUE:
        low, high = wilson_intervals(total, weight)
    else:
        error = np.sqrt(variance) / np.maximum(weight, 1)
        low, high = y - error, y + error
    nothing = np.where(there, 0.0, np.nan)
    return Series(name, _means(x, size), y, low + nothing, high + nothing, len(np.unique(x)) == len(x))


def _means(values: Floats, size: int) -> Floats:
    """Return the mean of each ``size`` consecutive values."""
    starts = np.arange(0, len(values), size)
    numbers = np.diff([*starts, len(values)])
    found: Floats = np.add.reduceat(values, starts) / numbers
    return found
