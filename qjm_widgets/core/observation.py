"""What a poll returned for one job."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import NamedTuple

from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Status

#: No circuit of a job has failed.
NONE_FAILED: Mapping[int, str] = MappingProxyType({})


class Observation(NamedTuple):
    """What a backend says of a job. ``status`` None: it said nothing that we understand.

    ``running_at`` and ``finished_at`` are seconds since 1970, UTC, where the backend tells them; else
    the time of the answer is taken. The others are as in ``JobRecord``; None takes back what was said
    before, except of ``qpu_seconds``. An outcome may be encoded already (``encode_outcome``). Beside
    one that is encoded, ``failed`` says what its ``JobOutcome.failed`` would.

    ``fetch`` is there where the job has ended, and what it gave is still at the backend: it gives the
    end of the job with its outcome, or the error with which that failed. It may take long: it is called
    once, beside other questions.
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
