"""A job on an executor: its task, its future, and its state."""

from __future__ import annotations

from collections.abc import Mapping
from concurrent.futures import CancelledError
from typing import Any

from qjm_widgets.backends.executors.kinds import MEMORY, is_worker_death, task_error_text
from qjm_widgets.backends.executors.started_events import StartedEvent
from qjm_widgets.backends.executors.tasks import TaskResult
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.records import Status
from qjm_widgets.errors import explain

#: After the deaths of so many workers a job is an error: the job itself may kill them.
_MAX_DEATHS = 3


class ExecutorJob:
    """A job on an executor, kept so that it can be submitted again.

    Args:
        task: the argument of ``run_task``, without the token.
        note: the note while it is unknown whether the job runs.

    Attributes:
        token: a text that identifies the current submission to the executor.
        future: the future of the current submission.
        started: the event with which the task reported its start, or None.
        cancelled: whether the user cancelled it.
        deaths: how many workers died while they had the job.
    """

    def __init__(self, task: Mapping[str, Any], note: str | None) -> None:
        self.task = task
        self.note = note
        self.token = ""
        self.future: Any = None
        self.started: StartedEvent | None = None
        self.cancelled = False
        self.deaths = 0

    def observe(self) -> Observation | BaseException:
        """Return the state of the job.

        Returns:
            The observation; or the error of a worker's death, if the job may be submitted again.
        """
        if self.cancelled:
            note = None if self.started is None else "it was running: its result is discarded"
            return Observation(Status.CANCELLED, note=note)
        if not self.future.done():
            return self._unfinished()
        try:
            result = TaskResult(*self.future.result())
        except (Exception, CancelledError) as error:
            return self._without_result(error)
        return Observation(
            Status(result.status),
            result.text,
            result.outcome,
            running_at=result.started_at,
            finished_at=result.finished_at,
            note=result.note,
            failed=result.failed,
        )

    def _unfinished(self) -> Observation:
        again = " (run again: its worker died)" if self.deaths else ""
        if self.started is None:
            return Observation(Status.QUEUED, note=again.strip(" ()") or self.note)
        return Observation(Status.RUNNING, running_at=self.started.time, note=self.started.place + again)

    def _without_result(self, error: BaseException) -> Observation | BaseException:
        """Handle a task without a result, because its worker died or could not run the task at all.

        Return the error if the job may be submitted again, else the observation.
        """
        if not is_worker_death(error):
            return Observation(Status.ERROR, task_error_text(error))
        self.deaths += 1
        if self.deaths < _MAX_DEATHS:
            return error
        return Observation(
            Status.ERROR,
            f"its worker died {self.deaths} times, the last time: {explain(error)}\n{MEMORY}",
        )
