"""One query to a backend for the states of many jobs: the part that runs on the polling thread."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.backoff import Silence
from qjm_widgets.core.bounds import bounded_observation
from qjm_widgets.core.error_policy import readable
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.records import JobRecord
from qjm_widgets.engine.engine_set import EngineSet, Key

#: The fields of a record that each observation replaces, even by None.
_REPLACED = ("queue_position", "estimated_seconds", "note")


class Followed:
    """A job that the backend has; each attempt is followed anew.

    Attributes:
        nameless: whether its id is still unknown.
        silence: the polls in a row without an answer; None if it answered the last one.
        cancel_error: why its cancellation failed; None if it did not. A poll does not clear it.
    """

    __slots__ = ("cancel_error", "handle", "job_set", "nameless", "row", "silence")

    def __init__(self, job_set: EngineSet, row: int, handle: Any, nameless: bool) -> None:
        self.job_set = job_set
        self.row = row
        self.handle = handle
        self.nameless = nameless
        self.silence: Silence | None = None
        self.cancel_error: str | None = None

    @property
    def key(self) -> Key:
        """The id of its set, and its row."""
        return self.job_set.set_id, self.row

    @property
    def job(self) -> JobRecord:
        """Its record."""
        return self.job_set.jobs[self.row]


class QueryCallbacks(NamedTuple):
    """Functions that a query calls on the polling thread.

    Attributes:
        observed: called with a job and its observation or error.
        named: called with a job and its id, which was unknown before.
        ended: called with the query after its last job.
        wall: returns the time for records, seconds since 1970, UTC.
    """

    observed: Callable[[Followed, Observation | BaseException], None]
    named: Callable[[Followed, str | None], None]
    ended: Callable[[StatusQuery], None]
    wall: Callable[[], float]


class StatusQuery:
    """A query for the states of jobs: one by one in order, or all in one call (``together``).

    A query whose call hangs can be split: the job that does not answer keeps the thread, and ``run``
    continues with the others on another thread.

    Attributes:
        seconds: how long polling took, without the jobs that have ended.
        changed: whether a status has changed.
        ended: how many jobs it found to have ended.
        observed: whether there was an observation of any job.
        silent: the jobs without an answer, if a call raised an error.
        error: the last error.
    """

    def __init__(
        self,
        adapter: BackendAdapter,
        jobs: Sequence[Followed],
        callbacks: QueryCallbacks,
        *,
        together: bool,
    ) -> None:
        self._adapter = adapter
        self._callbacks = callbacks
        self._groups = deque([list(jobs)] if together else [[job] for job in jobs])
        self._lock = threading.Lock()
        self._runner: object = None
        self._unanswered: dict[int, Followed] = {}
        self._since: float | None = None
        self.seconds = 0.0
        self.changed = False
        self.ended = 0
        self.observed = False
        self.silent: list[Followed] = []
        self.error: BaseException | None = None

    def busy_for(self) -> float | None:
        """Return how many seconds the call under way has taken so far; None if none has begun."""
        since = self._since
        return None if since is None else time.monotonic() - since

    def split(self) -> list[Followed]:
        """Remove and return the jobs of the call under way; ``run`` continues with the others."""
        with self._lock:
            self._runner = None
            self._since = None
            hanging, self._unanswered = self._unanswered, {}
            return list(hanging.values())

    def close(self) -> list[Followed]:
        """Poll no further job; return those without an answer."""
        hanging = self.split()
        with self._lock:
            rest = [job for group in self._groups for job in group]
            self._groups.clear()
            return hanging + rest

    @property
    def left(self) -> bool:
        """Whether some jobs were not polled yet."""
        return bool(self._groups)

    def run(self) -> None:
        """Poll until all jobs are polled or the query is split or closed; runs on the call queue."""
        runner = self._runner = object()
        while (group := self._next(runner)) is not None:
            self._poll(group, runner)
        with self._lock:
            done = self._runner is runner
        if done:
            self._callbacks.ended(self)

    def _next(self, runner: object) -> list[Followed] | None:
        with self._lock:
            if self._runner is not runner or not self._groups:
                return None
            group = self._groups.popleft()
            self._unanswered = dict(enumerate(group))
            self._since = time.monotonic()
            return group

    def _poll(self, group: list[Followed], runner: object) -> None:
        reported: set[int] = set()
        last = time.monotonic()

        def report(index: int, found: Observation | BaseException) -> None:
            nonlocal last
            now = time.monotonic()
            seconds, last = now - last, now
            reported.add(index)
            with self._lock:
                is_runner = self._runner is runner
                if is_runner:
                    self._unanswered.pop(index, None)
                    self._since = now
            self._report(group[index], bounded_observation(found), seconds, split=not is_runner)

        try:
            self._adapter.observe([job.handle for job in group], report)
        except BaseException as error:
            silent = [job for index, job in enumerate(group) if index not in reported]
            self._call_failed(silent, readable(error), runner)
        self.seconds += time.monotonic() - last
        for index in reported:
            if group[index].nameless:
                self._name(group[index])

    def _call_failed(self, silent: list[Followed], error: BaseException, runner: object) -> None:
        with self._lock:
            is_runner = self._runner is runner
        if is_runner:
            self.error = error
            self.silent += silent
        else:  # they were split off, so nothing else reports them
            for job in silent:
                self._callbacks.observed(job, error)

    def _report(
        self, job: Followed, found: Observation | BaseException, seconds: float, *, split: bool
    ) -> None:
        if isinstance(found, BaseException):
            self.error = found
            self.seconds += seconds
            self._callbacks.observed(job, found)
            return
        job.job_set.state.set_answered(self._callbacks.wall())
        self.observed = True
        if found.fetch is not None or (found.status is not None and found.status.final):
            self.ended += 1  # it is not polled again, so the time that its result took does not count
        else:
            self.seconds += seconds
        changed = found.fetch is not None or _is_change(found, job.job)
        self.changed = self.changed or (changed and found.status is not None)
        if changed or split or job.job.last_error != job.cancel_error:
            self._callbacks.observed(job, found)

    def _name(self, job: Followed) -> None:
        """Read the id of a job if it was unknown at submission."""
        try:
            job_id = self._adapter.job_id(job.handle)
        except BaseException:  # the job's state shows what is wrong
            return
        self._callbacks.named(job, job_id)


def status_fields(found: Observation) -> dict[str, Any]:
    """Return the fields of an observation other than its status, as fields of the job's record."""
    fields: dict[str, Any] = {name: getattr(found, name) for name in _REPLACED}
    if found.qpu_seconds is not None:
        fields["qpu_seconds"] = found.qpu_seconds
    return fields


def _is_change(found: Observation, job: JobRecord) -> bool:
    """Return whether an observation differs from the record of its job."""
    return found.status is not job.status or any(
        getattr(job, name) != value for name, value in status_fields(found).items()
    )
