"""A job of the classroom: Qiskit's own kind, whose state follows from the clock."""

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


class Course(Protocol):
    """What happens to one job, in seconds of the lesson.

    ``started`` and ``ended`` may lie ahead of the clock, and are None while nobody knows.
    """

    @property
    def started(self) -> float | None:
        """When it begins to run."""

    @property
    def ended(self) -> float | None:
        """When it is over."""

    @property
    def error(self) -> str | None:
        """Why it fails then."""

    @property
    def cancelled(self) -> bool:
        """Whether it was taken out."""


class Desk(Protocol):
    """Who runs jobs: a machine with a queue, or a recording."""

    def look(self, course: Any, now: float) -> None:
        """Bring a course to what it is now."""

    def place(self, course: Any, now: float) -> int | None:
        """A waiting job's place in the queue, from 1; None where there is none."""

    def wait(self, course: Any, now: float) -> float:
        """Seconds until a waiting job is expected to start."""

    def usage(self, course: Any, now: float) -> float | None:
        """Seconds of the machine that a job has used; None where nobody knows."""

    def cancel(self, course: Any, now: float) -> bool:
        """Take a job out; False when it has ended."""


class ClassroomJob(JobV1):  # type: ignore[misc]
    """One job. Made by the backend's ``run``.

    Args:
        compute: gives the result; called once, when the job has ended well.
        lock: held while the desk is asked.
    """

    _async = True

    def __init__(
        self,
        backend: Any,
        job_id: str,
        course: Course,
        desk: Desk,
        clock: LessonClock,
        lock: threading.RLock,
        compute: Callable[[], Result],
    ) -> None:
        super().__init__(backend, job_id)
        self._course = course
        self._desk = desk
        self._clock = clock
        self._lock = lock
        self._compute: Callable[[], Result] | None = compute
        self._computing = threading.Lock()
        self._result: Result | None = None
        self._trouble: str | None = None
        self._sent = time.time()

    def submit(self) -> None:
        """Jobs are sent by the backend's ``run``."""

    def status(self) -> JobStatus:
        """Qiskit's status of the job at this moment of the lesson."""
        status = self._status_now()
        if status is JobStatus.DONE:
            self._run()
            if self._trouble is not None:
                return JobStatus.ERROR
        return status

    def _status_now(self) -> JobStatus:
        with self._lock:
            now = self._clock.now()
            self._desk.look(self._course, now)
            course = self._course
            if course.cancelled:
                return JobStatus.CANCELLED
            if course.started is None or now < course.started:
                return JobStatus.QUEUED
            if course.ended is None or now < course.ended:
                return JobStatus.RUNNING
            return JobStatus.DONE if course.error is None else JobStatus.ERROR

    def result(self, timeout: float | None = None) -> Result:
        """Wait for the job and give its result.

        Args:
            timeout: seconds on the wall; None waits as long as it takes.

        Raises:
            JobError: it failed, was cancelled, or had not ended in time.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while (status := self.status()) not in _ENDED:
            left = None if deadline is None else deadline - time.monotonic()
            if left is not None and left <= 0:
                raise ResultTimeoutError(f"job {self.job_id()} was {status.value} after {timeout} s")
            self._clock.look_again(left)
        if status is JobStatus.DONE:
            return self._result
        raise JobFailedError(self.error_message() or f"job {self.job_id()} was cancelled")

    def cancel(self) -> bool:
        """Take the job out of the machine; False when it has ended."""
        with self._lock:
            return self._desk.cancel(self._course, self._clock.now())

    def error_message(self) -> str | None:
        """Why the job failed; None when it has not."""
        if self._trouble is not None:
            return self._trouble
        return self._course.error if self._status_now() is JobStatus.ERROR else None

    def queue_position(self) -> int | None:
        """The job's place in the queue, from 1; None when it does not wait."""
        with self._lock:
            return self._desk.place(self._course, self._clock.now())

    def waiting_seconds(self) -> float:
        """Seconds of the lesson until the job is expected to start; 0 when it does not wait."""
        with self._lock:
            return self._desk.wait(self._course, self._clock.now())

    def usage(self) -> float | None:
        """Seconds of the machine that the job has used, those of a failed job too.

        None where that is not known: a recording tells it of jobs that have ended, if at all.
        """
        with self._lock:
            return self._desk.usage(self._course, self._clock.now())

    def time_per_step(self) -> dict[str, datetime.datetime]:
        """When the job was created, began to run and ended, on the clock on the wall, UTC."""
        with self._lock:
            now = self._clock.now()
            self._desk.look(self._course, now)
            moments = {"RUNNING": self._course.started, "COMPLETED": self._course.ended}
            steps = {"CREATED": self._sent}
            for name, moment in moments.items():
                if moment is not None and moment <= now:
                    # A clock that was moved by hand may place it before the job was there.
                    steps[name] = max(self._sent, self._clock.wall(moment))
        return {name: datetime.datetime.fromtimestamp(at, datetime.UTC) for name, at in steps.items()}

    def _run(self) -> None:
        with self._computing:
            if self._compute is None:
                return
            try:
                self._result = self._compute()
            except Exception as error:  # the simulator's own error is this job's
                self._trouble = explain(error)
            self._compute = None

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.job_id()}: {self._status_now().name}>"
