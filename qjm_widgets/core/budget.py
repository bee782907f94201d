"""Decide, as a pure function, whether a budget of quantum processor time allows another job."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from qjm_widgets.core.records import JobRecord, Status

#: The first words of the reason of a job that is held for the budget.
OVER_BUDGET = "not sent, to keep within the budget"


class Decision(enum.Enum):
    """The decision about the next job."""

    SEND = "send"
    #: Jobs under way may use up the budget; their cost will be known later.
    WAIT = "wait"
    #: The budget is used up: nothing more is submitted automatically.
    STOP = "stop"


class Advice(NamedTuple):
    """An answer and its reason, as text for the user."""

    decision: Decision
    text: str


def advise(jobs: Sequence[JobRecord], candidate: JobRecord, budget: float) -> Advice:
    """Return whether the candidate may be submitted.

    The expected cost of a job is the highest cost per shot of the others, times its shots. While a job
    runs, its cost is the backend's estimate. So the first job is submitted alone, and the next when a
    cost is known.

    Args:
        jobs: all jobs of the set.
        candidate: the job to submit next.
        budget: seconds of quantum processor time for the whole set.
    """
    used = sum(job.spent_seconds or 0.0 for job in jobs)
    used += sum(_cost(job) or 0.0 for job in jobs if job.status.final)
    under_way = [job for job in jobs if job.status.remote or job.status is Status.SENDING]
    costs = [_cost(job) for job in under_way]
    text = f"{used:.3g} s of {budget:.3g} s of QPU time used"
    if used >= budget:
        return Advice(Decision.STOP, text)
    if None in costs:
        return Advice(Decision.WAIT, f"{text}; the cost of the jobs under way is not known yet")
    rates = [cost / _size(job) for job in jobs if (cost := _cost(job)) and job is not candidate]
    expected = _size(candidate) * max(rates, default=0.0)
    if used + sum(cost or 0.0 for cost in costs) + expected <= budget:
        return Advice(Decision.SEND, text)
    if under_way:
        return Advice(Decision.WAIT, f"{text}; the jobs under way may need the rest")
    return Advice(Decision.STOP, f"{text}, and the next job may take {expected:.3g} s")


def _cost(job: JobRecord) -> float | None:
    """Return the seconds that a job cost or will cost; None if they are not known."""
    return job.qpu_seconds if job.qpu_seconds is not None else job.estimated_seconds


def _size(job: JobRecord) -> int:
    return len(job.span) * (job.shots or 1)
