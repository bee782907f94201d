"""What a figure or panel of a set shows first."""

from __future__ import annotations

import logging
from dataclasses import replace
from typing import Any

from qjm_widgets.errors import InputError
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.points import FirstView, Points
from qjm_widgets.plotting.selection import Selection
from qjm_widgets.state.job_set_state import JobSetState

_LOG = logging.getLogger(__name__)


def first_view(state: JobSetState) -> FirstView:
    """Return what is shown first; the sum of all counts if the circuits cannot be read."""
    try:
        return Points(state).first_view
    except Exception:  # damaged bytes can make Qiskit raise anything
        _LOG.warning("the points of the set cannot be read", exc_info=True)
        return "sum"


def selection_of(view: FirstView) -> Selection:
    """Return the circuits of which counts are shown: of one alone unless all are copies of it."""
    return Selection() if view == "sum" else Selection(circuit=0)


def choose(
    state: JobSetState, kind: Any, selection: Selection, only_counts: bool, axes: Axes
) -> Selection | Axes:
    """Return what a figure shows: counts of circuits, or a sweep.

    Args:
        state: the set.
        kind: "counts", "sweep", or None to choose.
        selection: the circuits and bits of counts.
        only_counts: whether an argument besides ``selection`` is of counts only.
        axes: of a sweep.

    Raises:
        InputError: ``kind`` is none of these, or the other arguments do not fit it.
    """
    if kind not in (None, "counts", "sweep"):
        raise InputError(f"kind is 'counts' or 'sweep', not {kind!r}")
    counts = only_counts or selection.without_limit() != Selection()
    swept = axes != Axes()
    if (swept and (counts or kind == "counts")) or (counts and kind == "sweep"):
        raise InputError(
            "x, y and expected numbers are arguments of a sweep; circuit, name, metadata, register, "
            "bits, probability, sort and expected distributions are arguments of counts"
        )
    if counts or kind == "counts":
        return selection
    if swept or kind == "sweep":
        return axes
    view = first_view(state)
    return axes if view == "sweep" else replace(selection_of(view), top=selection.top)
