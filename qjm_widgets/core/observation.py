"""The observation of a job: what a poll returned for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Status

#: The ``failed`` of a job in which no circuit has failed.
NONE_FAILED: Mapping[int, str] = MappingProxyType({})


class Observation(NamedTuple):
    """The result of a poll for one job.

    Fields that are not listed here are as in ``JobRecord``. None replaces an earlier value, except for
    ``qpu_seconds``.

    Attributes:
        status: the status of the job; None if the backend's answer is not understood.
        text: the error of a failed job; the error of a cancelled job if this package did not cancel it
            (None: it is Cancelled anyway); or the reason why an answer is not understood.
        outcome: the outcome of a done job, which may be encoded (``encode_outcome``).
        running_at, finished_at: seconds since 1970, UTC; if None, the time of the answer is taken.
        failed: for an encoded outcome, what ``JobOutcome.failed`` returned.
        fetch: a function, if the job has ended and its outcome is still at the backend; else None. It
            returns the last observation, with the outcome, or the error of fetching it. It may take
            long. It is called once, and other polls continue meanwhile.
        too_large: whether a failed job did not run because the backend, which had accepted it, found it
            too large.
    """

    status: Status | None
    text: str | None = None
    outcome: JobOutcome | bytes | None = None
    running_at: float | None = None
    finished_at: float | None = None
    queue_position: int | None = None
    estimated_seconds: float | None = None
    qpu_seconds: float | None = None
    note: str | None = None
    failed: Mapping[int, str] = NONE_FAILED
    fetch: Callable[[], Observation | BaseException] | None = None
    too_large: bool = False
