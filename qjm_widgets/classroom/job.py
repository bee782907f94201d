"""A job of a classroom backend: a Qiskit job with a status computed from the clock."""

from __future__ import annotations

import datetime
import threading
import time
from collections.abc import Callable
from typing import Any, Protocol

from qiskit.providers import JobStatus, JobV1
from qiskit.result import Result

from qjm_widgets.classroom.clock import LessonClock
from qjm_widgets.classroom.errors import JobFailedError, ResultTimeoutError
from qjm_widgets.errors import explain

_ENDED = (JobStatus.DONE, JobStatus.ERROR, JobStatus.CANCELLED)


class JobTimeline(Protocol):
    """The start and the end of one job, in seconds of the lesson.

    ``started`` and ``ended`` may be in the future; they are None while they are not known.
    """

    @property
    def started(self) -> float | None:
        """The time at which it starts to run."""

    @property
    def ended(self) -> float | None:
        """The time at which it ends."""

    @property
    def error(self) -> str | None:
        """The reason why it fails at its end; None if it does not."""

    @property
    def cancelled(self) -> bool:
        """Whether it was cancelled."""


class JobRunner(Protocol):
    """The part that runs jobs: a machine with a queue, or a recording."""

    def update(self, timeline: Any, now: float) -> None:
        """Update the timeline to the time ``now``."""

    def queue_position(self, timeline: Any, now: float) -> int | None:
        """Return a queued job's position in the queue, from 1; None if it is not queued."""

    def seconds_to_start(self, timeline: Any, now: float) -> float:
        """Return the seconds until a queued job is expected to start."""

    def usage(self, timeline: Any, now: float) -> float | None:
        """Return the seconds of machine time that a job has used; None if it is not known."""

    def cancel(self, timeline: Any, now: float) -> bool:
        """Cancel a job; return False if it has ended."""


class ClassroomJob(JobV1):  # type: ignore[misc]
    """One job of a classroom backend. The backend's ``run`` makes it; users do not.

    Args:
        backend: the backend.
        job_id: the job's id.
        timeline: when the job starts and ends.
        runner: updates the timeline.
        clock: the lesson's clock.
        lock: held while the runner is called.
        compute: returns the result; called once, after the job has ended without an error.
    """

    _async = True

    def __init__(
        self,
        backend: Any,
        job_id: str,
        timeline: JobTimeline,
        runner: JobRunner,
        clock: LessonClock,
        lock: threading.RLock,
        compute: Callable[[], Result],
    ) -> None:
        super().__init__(backend, job_id)
        self._timeline = timeline
        self._runner = runner
        self._clock = clock
        self._lock = lock
        self._compute: Callable[[], Result] | None = compute
        self._computing = threading.Lock()
        self._result: Result | None = None
        self._error: str | None = None
        self._sent = time.time()

    def submit(self) -> None:
        """Do nothing: the backend's ``run`` has submitted the job."""

    def status(self) -> JobStatus:
        """Return Qiskit's status of the job at this moment of the lesson."""
        status = self._status_now()
        if status is JobStatus.DONE:
            self._run()
            if self._error is not None:
                return JobStatus.ERROR
        return status

    def _status_now(self) -> JobStatus:
        with self._lock:
            now = self._clock.now()
            self._runner.update(self._timeline, now)
            timeline = self._timeline
            if timeline.cancelled:
                return JobStatus.CANCELLED
            if timeline.started is None or now < timeline.started:
                return JobStatus.QUEUED
            if timeline.ended is None or now < timeline.ended:
                return JobStatus.RUNNING
            return JobStatus.DONE if timeline.error is None else JobStatus.ERROR

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the job and return its result.

        Args:
            timeout: real seconds; None waits without limit.

        Raises:
            JobError: the job failed, was cancelled, or did not end in time.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.status()) not in _ENDED:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise ResultTimeoutError(f"job {self.job_id()} was {status.value} after {timeout} s")
            self._clock._wait(left)
        if status is JobStatus.DONE:
            return self._result
        raise JobFailedError(self.error_message() or f"job {self.job_id()} was cancelled")

    def cancel(self) -> bool:
        """Cancel the job; return False if it has ended."""
        with self._lock:
            return self._runner.cancel(self._timeline, self._clock.now())

    def error_message(self) -> str | None:
        """Return why the job failed; None if it did not."""
        if self._error is not None:
            return self._error
        return self._timeline.error if self._status_now() is JobStatus.ERROR else None

    def queue_position(self) -> int | None:
        """Return the job's position in the queue, from 1; None if it is not queued."""
        with self._lock:
            return self._runner.queue_position(self._timeline, self._clock.now())

    def waiting_seconds(self) -> float:
        """Return the seconds of the lesson until the job is expected to start; 0 if it is not queued."""
        with self._lock:
            return self._runner.seconds_to_start(self._timeline, self._clock.now())

    def usage(self) -> float | None:
        """Return the seconds of machine time that the job has used, also if it failed.

        It is None if it is not known: a recording may have it only for jobs that have ended.
        """
        with self._lock:
            return self._runner.usage(self._timeline, self._clock.now())

    def time_per_step(self) -> dict[str, datetime.datetime]:
        """Return when the job was created, started to run and ended, in real time (UTC).

        A step that has not happened is left out.
        """
        with self._lock:
            now = self._clock.now()
            self._runner.update(self._timeline, now)
            moments = {"RUNNING": self._timeline.started, "COMPLETED": self._timeline.ended}
            steps = {"CREATED": self._sent}
            for name, moment in moments.items():
                if moment is not None and moment <= now:
                    # If the clock was advanced by hand, the time may be before the job was created.
                    steps[name] = max(self._sent, self._clock._unix_time(moment))
        return {name: datetime.datetime.fromtimestamp(at, datetime.UTC) for name, at in steps.items()}

    def _run(self) -> None:
        with self._computing:
            if self._compute is None:
                return
            try:
                self._result = self._compute()
            except Exception as error:  # whatever the simulator raises is the error of this job
                self._error = explain(error)
            self._compute = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.job_id()}: {self._status_now().name}>"
