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
_WIDTH = 560
"""About as wide as Plotly draws the bars where nobody says; its lines are 1.4 times what it is told."""
#: Whole numbers from here on are written as fractions, and none is longer than the other.
_LARGE, _LARGEST = 2**53, 10**300


class Looks(NamedTuple):
    """How the bars are drawn."""

    probability: bool
    by_value: bool
    error_bars: bool

    @classmethod
    def make(cls, probability: bool, sort: str, error_bars: bool) -> Looks:
        """The looks that a call's arguments make.

        Raises:
            InputError: one of them cannot be.
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
    state: JobSetState, choice: Selection, expected: Expected | None, looks: Looks
) -> go.Figure:
    """A bar an outcome, with the 95 % Wilson interval of its count; others in one bar, "the rest"."""
    tally = Aggregate(state, choice, expected)
    if tally.empty:
        raise CircuitNotFoundError(f"the set has no {choice.words() or 'circuits'}")
    tally.refresh()
    if tally.misfit():
        raise InputError(f"expected: {tally.misfit()}")
    found = tally.histogram(choice.top)
    if tally.without and not found.shots:
        raise InputError(f"{plural(tally.without, 'result')} found, and none has {choice.words()}")
    bars = _bars(found, looks)
    unit = 1 / max(1, found.shots) if looks.probability else 1
    figure = go.Figure(_measured(bars, found.shots, unit, looks))
    if found.likeness is not None:
        figure.add_trace(_expected(bars, found.shots, unit))
    title = ", ".join(part for part in (first_line(state.record.name), choice.words()) if part)
    share = "Probability" if looks.probability else "Counts"
    figure.update_layout(
        title=_escape(title) + _below(found.likeness, tally.notes()),
        xaxis={"title": "Outcome (qubit 0 rightmost)", "type": "category"},
        yaxis={"title": f"{share} of {plural(found.shots, 'shot')}", "rangemode": "tozero"},
        template="plotly_white",
        showlegend=found.likeness is not None,
    )
    return figure


def _bars(found: Histogram, looks: Looks) -> list[_Bar]:
    likeness = found.likeness
    values = likeness.values if likeness is not None else [0.0] * len(found.keys)
    shown = zip(found.keys, found.counts, values, strict=True)
    bars = [_Bar(first_line(key, 80), count, value, rest=False) for key, count, value in shown]
    if looks.by_value:
        bars.sort(key=lambda bar: -bar.shots)
    if found.other_outcomes:
        bars.append(_Bar("the rest", found.other_shots, likeness.rest if likeness else 0.0, rest=True))
    return bars


def _measured(bars: list[_Bar], shots: int, unit: float, looks: Looks) -> go.Bar:
    errors: dict[str, Any] | None = None
    if looks.error_bars:
        ends = [(bar.shots, *wilson(bar.shots, shots)) for bar in bars]
        errors = {
            "type": "data",
            "symmetric": False,
            # A mitigated count may be outside of the interval, which has probabilities only.
            "array": [max(0.0, (high * shots - count) * unit) for count, _, high in ends],
            "arrayminus": [max(0.0, (count - low * shots) * unit) for count, low, _ in ends],
        }
    return go.Bar(
        name="measured",
        x=[_escape(bar.key) for bar in bars],
        y=[_drawn(bar.shots * unit) for bar in bars],
        error_y=errors,
        marker_color=[_REST if bar.rest else _BAR for bar in bars],
    )


def _drawn(count: float) -> float:
    """The length of a bar: what JSON takes for a number in every reader."""
    return count if abs(count) < _LARGE else float(max(-_LARGEST, min(_LARGEST, count)))


def _expected(bars: list[_Bar], shots: int, unit: float) -> go.Scatter:
    """A short line where each bar was expected to end."""
    return go.Scatter(
        name="expected",
        mode="markers",
        x=[_escape(bar.key) for bar in bars],
        y=[bar.expected * shots * unit for bar in bars],
        marker={
            "symbol": "line-ew",
            "size": max(3, 0.9 * _WIDTH / len(bars) / 1.4),
            "line": {"width": 2, "color": _EXPECTED},
        },
    )


def _below(likeness: Likeness | None, notes: list[str]) -> str:
    """The smaller line below a title."""
    close = (
        []
        if likeness is None
        else [
            f"Hellinger fidelity {likeness.fidelity:.3f}",
            f"total variation distance {likeness.distance:.3f}",
        ]
    )
    words = [*close, *map(_escape, notes)]
    return f"<br><sup>{' · '.join(words)}</sup>" if words else ""


def _escape(text: str) -> str:
    """Plotly reads some HTML in texts: what comes from elsewhere is only text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
