"""A sweep as a Plotly figure."""

from __future__ import annotations

import numpy as np
import plotly.graph_objects as go

from qjm_widgets.core.formatting import first_line
from qjm_widgets.errors import InputError
from qjm_widgets.plotting.bar_chart import escape_text
from qjm_widgets.plotting.drawing import Axes, Drawing, HeatMap, Series
from qjm_widgets.plotting.expected_curve import ExpectedCurve
from qjm_widgets.plotting.points import Floats
from qjm_widgets.plotting.sweep import Sweep
from qjm_widgets.state.job_set_state import JobSetState

#: Okabe and Ito's palette, with yellow darkened for a white background.
_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#946300", "#56b4e9", "#e69f00", "#5f6772")
_SYMBOLS = ("circle", "square", "diamond", "triangle-up", "cross", "x", "star", "circle-open")
_EXPECTED = "#333333"
_MOST_CELLS = 500
#: With more points than this, markers would hide each other.
_MOST_MARKERS = 200


def sweep_figure(
    state: JobSetState, axes: Axes, most: int, error_bars: bool, expected: ExpectedCurve | None = None
) -> go.Figure:
    """Draw lines with error bars, or a heat map.

    Args:
        state: the set.
        axes: what is shown.
        most: the most drawn points of a series.
        error_bars: whether intervals are drawn.
        expected: what to draw besides, or None.

    Raises:
        InputError: the set has no such coordinate or quantity, or ``most`` is no number of points.
    """
    if isinstance(most, bool) or not isinstance(most, (int, np.integer)) or most < 1:
        raise InputError(f"most is a number of points, an integer of at least 1, not {most!r}")
    drawing = Sweep(state, expected).draw(axes, int(most), min(int(most), _MOST_CELLS))
    figure = go.Figure()
    if drawing.grid is not None:
        figure.add_trace(_heat_map(drawing, drawing.grid))
    for number, series in enumerate(drawing.series):
        figure.add_trace(_line(number, series, error_bars))
    below = " · ".join(map(escape_text, (drawing.caption, *drawing.notes)))
    x, y, _ = map(escape_text, drawing.labels)
    figure.update_layout(
        title=f"{escape_text(first_line(state.record.name))}<br><sup>{below}</sup>",
        xaxis={"title": x},
        yaxis={"title": y},
        template="plotly_white",
        showlegend=len(drawing.series) > 1,
    )
    return figure


def _line(number: int, series: Series, error_bars: bool) -> go.Scatter:
    if series.expected:
        line = {"color": _EXPECTED, "width": 1, "dash": "dash"}
        name, x, y = escape_text(series.name), series.x.tolist(), _plain(series.y)
        return go.Scatter(name=name, mode="lines", x=x, y=y, line=line)
    colour = _COLOURS[number]
    few = len(series.x) <= _MOST_MARKERS
    lines = "lines+markers" if few else "lines"
    errors = None
    if error_bars:
        errors = {
            "type": "data",
            "symmetric": False,
            "array": _plain(series.high - series.y),
            "arrayminus": _plain(series.y - series.low),
            "thickness": 1,
            "width": 0,
        }
    return go.Scatter(
        name=escape_text(series.name),
        mode=lines if series.joined else "markers",
        x=series.x.tolist(),
        y=_plain(series.y),
        error_y=errors,
        line={"color": colour, "width": 1},
        marker={"color": colour, "symbol": _SYMBOLS[number], "size": 5},
    )


def _heat_map(drawing: Drawing, grid: HeatMap) -> go.Heatmap:
    return go.Heatmap(
        x=grid.x.tolist(),
        y=grid.y.tolist(),
        z=[_plain(row) for row in grid.values],
        colorscale="Viridis",
        zmin=0 if drawing.shares else None,
        zmax=1 if drawing.shares else None,
        colorbar={"title": escape_text(drawing.labels[2])},
        hoverongaps=False,
    )


def _plain(values: Floats) -> list[float | None]:
    """Return numbers as JSON has them: None where no result is there yet."""
    return [value if np.isfinite(value) else None for value in values.tolist()]
