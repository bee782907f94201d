"""One number for a whole set, for the trend of a loop."""

from __future__ import annotations

import math

import numpy as np

from qjm_widgets.core.outcomes import PubOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.state.job_set_state import JobSetState

ESTIMATES = "expectation value"
ZEROS = "share of 0…0"


def value_of(state: JobSetState) -> float | None:
    """Return the mean of a set's expectation values, or the share of its shots that gave only zeros.

    Raises:
        StoreError: a result is damaged in the store.
    """
    value = _mean(state) if state.record.estimates else _zeros(state)
    return value if math.isfinite(value) else None


def _mean(state: JobSetState) -> float:
    total, number = 0.0, 0
    for job in state.ordered():
        outcome = state.outcomes.get_local(job.row) if job.status is Status.DONE else None
        for found in () if outcome is None else outcome.circuits:
            if isinstance(found, PubOutcome) and found.success and found.estimates:
                values = np.asarray(found.data["evs"], dtype=float)
                total, number = total + float(values.sum()), number + values.size
    return total / number if number else math.nan


def _zeros(state: JobSetState) -> float:
    counts, _ = state.outcomes.total()
    shots = sum(counts.values())
    return (
        sum(count for key, count in counts.items() if not key.strip("0 ")) / shots if shots else math.nan
    )
