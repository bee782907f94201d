"""Whether another job may be sent under a budget of quantum processor time: pure."""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import NamedTuple

from qjm_widgets.core.records import JobRecord, Status

OVER_BUDGET = "not sent, to keep within the budget"
"""How the reason begins for which a job is held."""


class Answer(enum.Enum):
    """Whether to send."""

    SEND = "send"
    WAIT = "wait"
    """What was sent may cost too much to send more; it will be known later."""
    STOP = "stop"
    """The budget is used up: nothing more is sent by itself."""


class Advice(NamedTuple):
    """An answer, and why, in words for the user."""

    answer: Answer
    text: str


def advise(jobs: Sequence[JobRecord], candidate: JobRecord, budget: float) -> Advice:
    """Whether the candidate may be sent.

    What a job will cost is what the others cost for each of their shots; a backend's own estimate
    stands for the cost of a job that runs. So the first job is sent alone, and the next when something
    is known.

    Args:
        jobs: all jobs of the set.
        candidate: the next one.
        budget: seconds of quantum processor time for the whole set.
    """
    used = sum(job.spent_seconds or 0.0 for job in jobs)
    used += sum(_cost(job) or 0.0 for job in jobs if job.status.final)
    under_way = [job for job in jobs if job.status.remote or job.status is Status.SENDING]
    costs = [_cost(job) for job in under_way]
    told = f"{used:.3g} s of {budget:.3g} s of QPU time used"
    if used >= budget:
        return Advice(Answer.STOP, told)
    if None in costs:
        return Advice(Answer.WAIT, f"{told}; what was sent has to tell its cost first")
    rates = [cost / _size(job) for job in jobs if (cost := _cost(job)) and job is not candidate]
    expected = _size(candidate) * max(rates, default=0.0)
    if used + sum(cost or 0.0 for cost in costs) + expected <= budget:
        return Advice(Answer.SEND, told)
    if under_way:
        return Advice(Answer.WAIT, f"{told}; the rest may be needed by what was sent")
    return Advice(Answer.STOP, f"{told}, and the next job may take {expected:.3g} s")


def _cost(job: JobRecord) -> float | None:
    """Seconds that a job cost or will cost; None where nobody knows yet."""
    return job.qpu_seconds if job.qpu_seconds is not None else job.estimated_seconds


def _size(job: JobRecord) -> int:
    return len(job.span) * (job.shots or 1)
