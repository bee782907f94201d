"""Handles of submitted jobs, and the times of those that compute in this process."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any

from qjm_widgets.backends.backend_warnings import with_warnings
from qjm_widgets.backends.qiskit_job import observe_job
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Status


class JobTimes:
    """The times of one job that computes in this process; seconds since 1970, UTC.

    Create it just before the backend is called. Polls are too rare to observe short jobs, and a job that
    waits in the simulator's own queue has not started when it is submitted.

    Args:
        inside: whether the backend computes during the call.
    """

    __slots__ = ("_called", "_duration", "_ended", "_inside")

    def __init__(self, *, inside: bool = False) -> None:
        self._inside = inside
        self._called = time.time()
        self._ended: float | None = None
        self._duration: float | None = None

    def follow(self, job: Any) -> None:
        """Record when the job ends: by its future, which the jobs of Aer and Qiskit's samplers have.

        Without a future, a job that computes during the call has ended now.
        """
        future = getattr(job, "_future", None)
        if isinstance(future, Future):
            future.add_done_callback(self._end)
        elif self._inside:
            self._ended = time.time()
            self._duration = self._ended - self._called

    def _end(self, _future: Any) -> None:
        self._ended = time.time()

    def read(self, result: Any) -> None:
        """Record the duration that the result states."""
        duration = getattr(result, "time_taken", None)
        if self._duration is None and isinstance(duration, (int, float)) and 0 <= duration < math.inf:
            self._duration = float(duration)

    def add_to(self, found: Observation | BaseException) -> Observation | BaseException:
        """Add the times to the observation of an ended job, unless the job itself states them."""
        if not isinstance(found, Observation) or found.status not in (Status.DONE, Status.ERROR):
            return found
        ended = found.finished_at or self._ended or time.time()
        began = found.running_at
        if began is None:
            began = self._called if self._duration is None else max(self._called, ended - self._duration)
        return found._replace(running_at=began, finished_at=max(began, ended))


class SentJob:
    """The handle of a submitted job.

    Args:
        job: the backend's job object.
        read: converts its result to an outcome.
        times: its times, if it computes in this process.
        warnings: the backend's warnings at its submission.
    """

    __slots__ = ("_read", "_times", "_warnings", "job")

    def __init__(
        self,
        job: Any,
        read: Callable[[Any], JobOutcome],
        times: JobTimes | None = None,
        warnings: Sequence[str] = (),
    ) -> None:
        self.job = job
        self._read = read
        self._times = times
        self._warnings = warnings
        if times is not None:
            times.follow(job)

    def call_when_ended(self, callback: Callable[[], None]) -> bool:
        """Call back when the job has ended, if it has a future, as those of Aer and of primitives.

        Return whether it has one.
        """
        future = getattr(self.job, "_future", None)
        if not isinstance(future, Future):
            return False
        future.add_done_callback(lambda _: callback())
        return True

    def observe(self, *, local: bool) -> Observation | BaseException:
        """Poll the job; see ``observe_job``."""
        return with_warnings(self._observe(local), self._warnings)

    def _observe(self, local: bool) -> Observation | BaseException:
        times = self._times
        if times is None:
            return observe_job(self.job, self._read, local=local)

        def read(result: Any) -> JobOutcome:
            times.read(result)
            return self._read(result)

        return times.add_to(observe_job(self.job, read, local=local))
