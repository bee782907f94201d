"""Counts as a Plotly figure."""

from __future__ import annotations

from typing import Any, NamedTuple

import plotly.graph_objects as go

from qjm_widgets.core.formatting import first_line, plural
from qjm_widgets.core.frequencies import wilson
from qjm_widgets.core.histogram import Histogram, Likeness
from qjm_widgets.errors import CircuitNotFoundError, InputError
from qjm_widgets.plotting.aggregate import Aggregate
from qjm_widgets.plotting.expected import Expected
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.state.job_set_state import JobSetState

_BAR = "#0072b2"
_REST = "#9aa3ae"
_EXPECTED = "#1c2128"
#: Pixels: about the default width of all bars together. Plotly draws lines 1.4 times as long as asked.
_WIDTH = 560
#: Integers from ``_LARGE`` on are written as floats; ``_LARGEST`` is the length of the longest bar.
_LARGE, _LARGEST = 2**53, 10**300


class BarStyle(NamedTuple):
    """The style of the bars."""

    probability: bool
    by_value: bool
    error_bars: bool

    @classmethod
    def make(cls, probability: bool, sort: str, error_bars: bool) -> BarStyle:
        """Return the style that the arguments of a call describe.

        Raises:
            InputError: ``sort`` is neither "key" nor "value".
        """
        if sort not in ("key", "value"):
            raise InputError(f"sort is 'key' or 'value', not {sort!r}")
        return cls(bool(probability), sort == "value", bool(error_bars))


class _Bar(NamedTuple):
    key: str
    shots: int
    expected: float
    rest: bool


def counts_figure(
    state: JobSetState, selection: Selection, expected: Expected | None, style: BarStyle
) -> go.Figure:
    """Return a figure with a bar for each outcome. Outcomes beyond the limit are one bar, "the rest".

    With ``style.error_bars``, each bar has the 95 % Wilson interval of its count.

    Args:
        state: the set.
        selection: which circuits and bits, and how many bars.
        expected: the expected distributions, which are drawn too, or None.
        style: how the bars are drawn.

    Raises:
        CircuitNotFoundError: no circuit is selected.
        InputError: the expected distribution does not fit, or no result has the register or bits.
    """
    aggregate = Aggregate(state, selection, expected)
    if aggregate.empty:
        raise CircuitNotFoundError(f"the set has no {selection.title() or 'circuits'}")
    aggregate.refresh()
    if aggregate.mismatch():
        raise InputError(f"expected: {aggregate.mismatch()}")
    found = aggregate.histogram(selection.top)
    if aggregate.without and not found.shots:
        found_text = plural(aggregate.without, "result")
        raise InputError(f"{found_text} found, and none has {selection.title()}")
    bars = _bars(found, style)
    unit = 1 / max(1, found.shots) if style.probability else 1
    figure = go.Figure(_measured(bars, found.shots, unit, style))
    if found.likeness is not None:
        figure.add_trace(_expected(bars, found.shots, unit))
    title = ", ".join(part for part in (first_line(state.record.name), selection.title()) if part)
    share = "Probability" if style.probability else "Counts"
    figure.update_layout(
        title=escape_text(title) + _subtitle(found.likeness, aggregate.notes()),
        xaxis={"title": "Outcome (qubit 0 rightmost)", "type": "category"},
        yaxis={"title": f"{share} of {plural(found.shots, 'shot')}", "rangemode": "tozero"},
        template="plotly_white",
        showlegend=found.likeness is not None,
    )
    return figure


def _bars(found: Histogram, style: BarStyle) -> list[_Bar]:
    likeness = found.likeness
    values = likeness.values if likeness is not None else [0.0] * len(found.keys)
    shown = zip(found.keys, found.counts, values, strict=True)
    bars = [_Bar(first_line(key, 80), count, value, rest=False) for key, count, value in shown]
    if style.by_value:
        bars.sort(key=lambda bar: -bar.shots)
    if found.other_outcomes:
        bars.append(_Bar("the rest", found.other_shots, likeness.rest if likeness else 0.0, rest=True))
    return bars


def _measured(bars: list[_Bar], shots: int, unit: float, style: BarStyle) -> go.Bar:
    errors: dict[str, Any] | None = None
    if style.error_bars:
        ends = [(bar.shots, *wilson(bar.shots, shots)) for bar in bars]
        errors = {
            "type": "data",
            "symmetric": False,
            # A mitigated count may be negative or above the shots, and so outside its interval.
            "array": [max(0.0, (high * shots - count) * unit) for count, _, high in ends],
            "arrayminus": [max(0.0, (count - low * shots) * unit) for count, low, _ in ends],
        }
    return go.Bar(
        name="measured",
        x=[escape_text(bar.key) for bar in bars],
        y=[_drawn(bar.shots * unit) for bar in bars],
        error_y=errors,
        marker_color=[_REST if bar.rest else _BAR for bar in bars],
    )


def _drawn(count: float) -> float:
    """Return the length of a bar as a number that every reader of JSON accepts."""
    return count if abs(count) < _LARGE else float(max(-_LARGEST, min(_LARGEST, count)))


def _expected(bars: list[_Bar], shots: int, unit: float) -> go.Scatter:
    """Draw a short line at the expected end of each bar."""
    return go.Scatter(
        name="expected",
        mode="markers",
        x=[escape_text(bar.key) for bar in bars],
        y=[bar.expected * shots * unit for bar in bars],
        marker={
            "symbol": "line-ew",
            "size": max(3, 0.9 * _WIDTH / len(bars) / 1.4),
            "line": {"width": 2, "color": _EXPECTED},
        },
    )


def _subtitle(likeness: Likeness | None, notes: list[str]) -> str:
    """Return the smaller line below a title."""
    close = (
        []
        if likeness is None
        else [
            f"Hellinger fidelity {likeness.fidelity:.3f}",
            f"total variation distance {likeness.distance:.3f}",
        ]
    )
    words = [*close, *map(escape_text, notes)]
    return f"<br><sup>{' · '.join(words)}</sup>" if words else ""


def escape_text(text: str) -> str:
    """Escape foreign text, because Plotly interprets some HTML in texts."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
