"""Qiskit's job over a whole job set, and that of a backend."""

from __future__ import annotations

import abc
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from qiskit.providers import JobError, JobStatus, JobV1

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.interfaces.errors import SetFailedError, SetTimeoutError
from qjm_widgets.interfaces.managed import Managed
from qjm_widgets.job_set import JobSet
from qjm_widgets.job_set.completion import unfinished_text
from qjm_widgets.state.outcome_reader import no_result_text

if TYPE_CHECKING:
    from qjm_widgets.results import JobSetResults

_FINAL = (JobStatus.DONE, JobStatus.CANCELLED, JobStatus.ERROR)
#: The most jobs without a result that an error names.
_MOST_NAMED = 10


class SetJob(abc.ABC):
    """The part of Qiskit's job classes that is a job set. The id of the job is the set's.

    Attributes:
        job_set: the job set.
        metadata: the set's name and tags when it was run or retrieved.
    """

    def __init__(self, job_set: JobSet, managed: Managed) -> None:
        self.job_set = job_set
        self._managed = managed
        self._job_id = job_set.job_set_id()
        self.metadata: dict[str, Any] = {"name": job_set.name(), "tags": job_set.tags()}
        self._whole: Any = None  # the result, when every circuit has one

    def job_id(self) -> str:
        """Return the id of the job set."""
        return self._job_id

    def status(self) -> JobStatus:
        """Return the status of the set as a whole, by the rules of ``JobSet.status``."""
        return self.job_set.status()

    def done(self) -> bool:
        """Return whether all jobs of the set are done."""
        return self.status() is JobStatus.DONE

    def running(self) -> bool:
        """Return whether the set is under way and a job of it has begun."""
        return self.status() is JobStatus.RUNNING

    def cancelled(self) -> bool:
        """Return whether the set has ended without an error and jobs of it were cancelled."""
        return self.status() is JobStatus.CANCELLED

    def in_final_state(self) -> bool:
        """Return whether no job of the set goes on by itself: all have ended or are held."""
        return self.status() in _FINAL

    def wait_for_final_state(
        self,
        timeout: float | None = None,
        wait: float = 5,
        callback: Callable[[str, JobStatus, Any], object] | None = None,
    ) -> None:
        """Wait until no job of the set goes on by itself.

        Args:
            timeout: seconds; None waits without limit.
            wait: seconds between two calls of ``callback``.
            callback: called meanwhile with the id, the status and this job.

        Raises:
            SetTimeoutError: the set had not ended in time; its jobs go on.
            ClosedError: the manager was closed before.
        """
        deadline = None if timeout is None else time.monotonic() + timeout
        while True:
            left = None if deadline is None else max(0.0, deadline - time.monotonic())
            step = left if callback is None else wait if left is None else min(wait, left)
            if self.job_set.wait(step, progress=False):
                return
            if deadline is not None and time.monotonic() >= deadline:
                raise SetTimeoutError(unfinished_text(self.job_set._state, timeout))
            if callback is not None:
                callback(self.job_id(), self.status(), self)

    def result(self, timeout: float | None = None, *, partial: bool = False) -> Any:
        """Wait for the set and return its result, as a plain run of all circuits gives it.

        Args:
            timeout: seconds; None waits without limit.
            partial: return what is there, at once or after ``timeout`` seconds. A circuit without a
                result has the reason in its place: an ``ExperimentResult`` that failed, or a PUB result
                without data (of an estimator: NaN) whose metadata has an ``"error"``.

        Raises:
            SetFailedError: jobs have failed, were cancelled or are held, or no kernel drives the set.
                The message names them and the reasons.
            SetTimeoutError: the set had not ended in time; its jobs go on.
            ClosedError: the manager was closed before.
        """
        if self._whole is not None:
            return self._whole
        state = self.job_set._state
        limit = 0 if partial and timeout is None else timeout
        if not self.job_set.wait(limit, progress=False) and not partial:
            raise SetTimeoutError(unfinished_text(state, timeout))
        if not partial and self.status() is not JobStatus.DONE:
            raise SetFailedError(self.error_message() or repr(self.job_set))
        found = self.job_set.results(0, partial=True, progress=False)
        try:
            result = self._combined(found, partial=partial)
        except NotAvailableError as error:  # of a job that is done
            raise SetFailedError(str(error)) from error
        if found.success:
            self._whole = result
        return result

    @abc.abstractmethod
    def _combined(self, results: JobSetResults, *, partial: bool) -> Any:
        """Return the results of all circuits as one object of Qiskit."""

    def error_message(self) -> str | None:
        """Return why the set has no whole result, with a line for each such job; None if it goes on."""
        if self.status() not in (JobStatus.ERROR, JobStatus.CANCELLED):
            stalled = self.job_set._state.interrupted
            return repr(self.job_set) if stalled else None
        jobs = self.job_set._state.ordered()
        missing = [job for job in jobs if job.status is not Status.DONE]
        lines = [no_result_text(job) for job in missing[:_MOST_NAMED]]
        if len(missing) > _MOST_NAMED:
            lines.append(f"… and {len(missing) - _MOST_NAMED:,} more")
        advice = ["result(partial=True) returns what is there"]
        for status, which, call in (
            (Status.ERROR, "failed", "retry()"),
            (Status.HELD, "held", "retry(held=True)"),
            (Status.CANCELLED, "cancelled", "retry(cancelled=True)"),
        ):
            if any(job.status is status for job in missing):
                advice.append(f"job.job_set.{call} submits the {which} jobs again")
        return "\n".join(
            [
                f"{len(missing):,} of {len(jobs):,} jobs of {self.job_set.name()!r} have no result:",
                *lines,
                "; ".join(advice),
            ]
        )

    def cancel(self) -> bool:
        """Request the cancellation of the unfinished jobs, without waiting for it.

        Returns:
            Whether there were any.
        """
        return self.job_set.cancel() > 0

    def submit(self) -> None:
        """Raise an error: ``run`` has submitted the set.

        Raises:
            JobError: always.
        """
        raise JobError("it was submitted by run; job.job_set.retry() submits failed jobs again")

    def _inputs(self) -> list[CircuitInput]:
        """Return the circuits of the set, in order."""
        state = self.job_set._state
        return list(state.circuits.get(Span(0, state.record.circuits)))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.job_set!r}>"

    def _ipython_display_(self, **keywords: Any) -> None:
        self.job_set._ipython_display_(**keywords)


class BackendSetJob(SetJob, JobV1):  # type: ignore[misc]
    """The ``JobV1`` of a job set. ``run`` of a managed backend makes it; users do not."""

    def backend(self) -> Any:
        """Return the managed backend."""
        return self._managed

    @property
    def inputs(self) -> dict[str, Any]:
        """The circuits of the set, as ``{"circuits": […]}``."""
        return {"circuits": [circuit_input.circuit for circuit_input in self._inputs()]}

    def _combined(self, results: JobSetResults, *, partial: bool) -> Any:
        result = results.combine_results(partial=partial)
        result.job_id = self.job_id()
        return result
