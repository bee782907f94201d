"""Decide whether a budget of quantum processor time allows another job, as a pure function."""

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
    #: The jobs under way may use up the budget; wait until their cost is known.
    WAIT = "wait"
    #: The budget is used up, or too small for the next job: no further job is submitted automatically.
    STOP = "stop"


class Advice(NamedTuple):
    """A decision, and its reason as text for the user."""

    decision: Decision
    text: str


def advise(jobs: Sequence[JobRecord], candidate: JobRecord, budget: float) -> Advice:
    """Return the decision whether the candidate may be submitted.

    The cost of a job is its quantum processor time; before that is known, it is the backend's estimate.
    The expected cost of the candidate is the highest cost per circuit and shot of the other jobs, times
    the candidate's circuits and shots. While the cost of a job under way is not known, the candidate
    waits. So the first job is usually submitted alone.

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
    """Return the seconds that a job has used or will use by the backend's estimate; None if unknown."""
    return job.qpu_seconds if job.qpu_seconds is not None else job.estimated_seconds


def _size(job: JobRecord) -> int:
    return len(job.points or job.span) * (job.shots or 1)
