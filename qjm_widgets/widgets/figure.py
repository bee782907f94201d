"""Counts as a Plotly figure."""

from __future__ import annotations

from collections.abc import Mapping

import plotly.graph_objects as go

from qjm_widgets.core.counts import top, wilson
from qjm_widgets.core.snapshot import first_line

_BAR = "#0072b2"


def counts_figure(counts: Mapping[str, int], title: str, most: int) -> go.Figure:
    """A bar an outcome, with the 95 % Wilson interval of its count; others in one bar, "the rest"."""
    shots = sum(counts.values())
    chosen = top(counts, most)
    keys = [f"{first_line(key, 80)}" for key in chosen.keys]
    values = list(chosen.counts)
    if chosen.other_outcomes:
        keys.append("the rest")
        values.append(chosen.other_shots)
    intervals = [wilson(value, shots) for value in values]
    errors = {
        "type": "data",
        "symmetric": False,
        "array": [high * shots - value for value, (_, high) in zip(values, intervals, strict=True)],
        "arrayminus": [value - low * shots for value, (low, _) in zip(values, intervals, strict=True)],
    }
    figure = go.Figure(
        go.Bar(x=[_escape(key) for key in keys], y=values, error_y=errors, marker_color=_BAR)
    )
    figure.update_layout(
        title=_escape(first_line(title)),
        xaxis={"title": "Outcome (qubit 0 rightmost)", "type": "category"},
        yaxis={"title": f"Counts of {shots:,} shots"},
    )
    return figure


def _escape(text: str) -> str:
    """Plotly reads some HTML in texts: what comes from elsewhere is only text."""
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
