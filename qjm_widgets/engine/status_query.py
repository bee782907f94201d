"""One question to a backend about the states of many jobs: what is done on the thread that asks."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from qjm_widgets.core.backoff import Silence
from qjm_widgets.core.bounds import bounded_observation
from qjm_widgets.core.error_policy import readable
from qjm_widgets.core.ports import BackendAdapter, Observation
from qjm_widgets.core.records import JobRecord
from qjm_widgets.engine.engine_set import EngineSet, Key

#: What an answer replaces, said or not.
_BESIDE = ("queue_position", "estimated_seconds", "note")


class Followed:
    """A job that the backend has; each attempt is followed anew.

    Attributes:
        nameless: its id could not be had yet.
        silence: since when it has not answered, or None.
        cancel_error: why its cancellation failed, or None. A poll does not clear it.
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
        """Its set and row."""
        return self.job_set.state.set_id, self.row

    @property
    def job(self) -> JobRecord:
        """Its record."""
        return self.job_set.jobs[self.row]


class Replies(NamedTuple):
    """Where the answers to a question go, on the thread that asks; ``wall`` is the time for records."""

    observed: Callable[[Followed, Observation | BaseException], None]
    named: Callable[[Followed, str | None], None]
    ended: Callable[[StatusQuery], None]
    wall: Callable[[], float]


class StatusQuery:
    """Asks for jobs in their order: one by one, or together where the adapter lists them.

    A question whose call hangs can be split: the job that does not answer keeps the thread, and ``run``
    goes on with the others on another.

    Attributes:
        took: seconds of asking, but for what has ended.
        news: whether it gave news.
        ended: how many jobs have ended by it.
        told: whether anything was said of any job.
        silent: the jobs of which nothing was said, where the call raised.
        error: the last error.
    """

    def __init__(
        self, adapter: BackendAdapter, jobs: Sequence[Followed], replies: Replies, *, together: bool
    ) -> None:
        self._adapter = adapter
        self._replies = replies
        self._groups = deque([list(jobs)] if together else [[job] for job in jobs])
        self._lock = threading.Lock()
        self._asking: object = None
        self._unheard: dict[int, Followed] = {}
        self._since: float | None = None
        self.took = 0.0
        self.news = False
        self.ended = 0
        self.told = False
        self.silent: list[Followed] = []
        self.error: BaseException | None = None

    def busy_for(self) -> float | None:
        """Seconds that the call under way has taken so far; None while none has begun."""
        since = self._since
        return None if since is None else time.monotonic() - since

    def split(self) -> list[Followed]:
        """Take out what is asked just now; ``run`` goes on with the rest, if there is some ``left``."""
        with self._lock:
            self._asking = None
            self._since = None
            hanging, self._unheard = self._unheard, {}
            return list(hanging.values())

    def close(self) -> list[Followed]:
        """Ask nothing more; the jobs of which nothing was said."""
        hanging = self.split()
        with self._lock:
            rest = [job for group in self._groups for job in group]
            self._groups.clear()
            return hanging + rest

    @property
    def left(self) -> bool:
        """Whether some jobs were not asked for yet."""
        return bool(self._groups)

    def run(self) -> None:
        """On the lane: ask until all are asked, or the question is split or closed."""
        me = self._asking = object()
        while (group := self._next(me)) is not None:
            self._ask(group, me)
        with self._lock:
            done = self._asking is me
        if done:
            self._replies.ended(self)

    def _next(self, me: object) -> list[Followed] | None:
        with self._lock:
            if self._asking is not me or not self._groups:
                return None
            group = self._groups.popleft()
            self._unheard = dict(enumerate(group))
            self._since = time.monotonic()
            return group

    def _ask(self, group: list[Followed], me: object) -> None:
        reported: set[int] = set()
        last = time.monotonic()

        def report(index: int, found: Observation | BaseException) -> None:
            nonlocal last
            now = time.monotonic()
            took, last = now - last, now
            reported.add(index)
            with self._lock:
                mine = self._asking is me
                if mine:
                    self._unheard.pop(index, None)
                    self._since = now
            self._heard(group[index], bounded_observation(found), took, split=not mine)

        try:
            self._adapter.observe([job.handle for job in group], report)
        except BaseException as error:
            silent = [job for index, job in enumerate(group) if index not in reported]
            self._broke_off(silent, readable(error), me)
        self.took += time.monotonic() - last
        for index in reported:
            if group[index].nameless:
                self._name(group[index])

    def _broke_off(self, silent: list[Followed], error: BaseException, me: object) -> None:
        with self._lock:
            mine = self._asking is me
        if mine:
            self.error = error
            self.silent += silent
        else:  # they were split off: nobody else speaks for them
            for job in silent:
                self._replies.observed(job, error)

    def _heard(
        self, job: Followed, found: Observation | BaseException, took: float, *, split: bool
    ) -> None:
        if isinstance(found, BaseException):
            self.error = found
            self.took += took
            self._replies.observed(job, found)
            return
        job.job_set.state.heard_at = self._replies.wall()
        self.told = True
        if found.fetch is not None or (found.status is not None and found.status.final):
            self.ended += 1  # and is not asked again, however long its result took
        else:
            self.took += took
        tells = found.fetch is not None or _tells(found, job.job)
        self.news = self.news or (tells and found.status is not None)
        if tells or split or job.job.last_error != job.cancel_error:
            self._replies.observed(job, found)

    def _name(self, job: Followed) -> None:
        """Ask for an id that could not be had before."""
        try:
            job_id = self._adapter.job_id(job.handle)
        except BaseException:  # the job's state says what is wrong
            return
        self._replies.named(job, job_id)


def said(found: Observation) -> dict[str, Any]:
    """Give what an observation holds beside the status, as fields of the job's record."""
    fields: dict[str, Any] = {name: getattr(found, name) for name in _BESIDE}
    if found.qpu_seconds is not None:
        fields["qpu_seconds"] = found.qpu_seconds
    return fields


def _tells(found: Observation, job: JobRecord) -> bool:
    """Whether an observation is news of a job."""
    return found.status is not job.status or any(
        getattr(job, name) != value for name, value in said(found).items()
    )
