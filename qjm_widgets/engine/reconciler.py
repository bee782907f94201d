"""Reconcile jobs whose handle this process lacks: retrieve them by their id or find them by their tag.

Every method runs on the engine's thread, except the lookup itself, which is a call to the backend.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from qjm_widgets import _threads
from qjm_widgets._threads import Call
from qjm_widgets.core import backoff
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.backoff import Silence
from qjm_widgets.core.error_policy import judge, readable
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.records import Status
from qjm_widgets.core.recovery import RERUN_HINT, Recovery
from qjm_widgets.engine.engine_set import EngineSet, Key
from qjm_widgets.engine.transitions import Transitions
from qjm_widgets.errors import NotFoundError, StoreError

#: Tries of a lookup whose error is not temporary: a provider may know a new job only after a while.
_LASTING_TRIES = 3
#: Seconds before the second lookup of a job that was not found; each later wait is twice as long.
_FIRST_WAIT = 0.5


class _Lookup:
    """A job that is retrieved by its id or found by its tag.

    Attributes:
        reason: the error of the submission that may have been accepted, or "".
        fails: whether the job becomes an error if it is not found; else it is held.
        since: when the lookup began, monotonic seconds.
        started: when the last call began, monotonic seconds.
        empty: how many calls found nothing.
    """

    def __init__(
        self,
        job_set: EngineSet,
        row: int,
        recovery: Recovery,
        now: float,
        *,
        reason: str,
        fails: bool,
    ) -> None:
        self.job_set = job_set
        self.row = row
        self.recovery = recovery
        self.reason = reason
        self.fails = fails
        self.since = now
        self.started = now
        self.due = now
        self.empty = 0
        self.silence: Silence | None = None
        self.call: Call | None = None

    @property
    def key(self) -> Key:
        return self.job_set.set_id, self.row


class Reconciler:
    """The lookups of one adapter.

    Args:
        call: makes a call to the backend after the turn is committed.
        found: receives a job that was found: its handle, and any others that carry its tag.
        ended: called if a job does not exist or is held, so that others may be submitted.
    """

    def __init__(
        self,
        adapter: BackendAdapter,
        transitions: Transitions,
        *,
        call: Callable[[Callable[[], None]], None],
        found: Callable[[EngineSet, int, list[Any]], None],
        ended: Callable[[], None],
    ) -> None:
        self._adapter = adapter
        self._transitions = transitions
        self._call = call
        self._found = found
        self._ended = ended
        self._lookups: dict[Key, _Lookup] = {}

    def __len__(self) -> int:
        return len(self._lookups)

    def due(self) -> float | None:
        """Return when the next lookup is due, in monotonic seconds; None if no job waits for one."""
        times = [lookup.due for lookup in self._lookups.values() if lookup.call is None]
        return min(times) if times else None

    def step(self) -> None:
        """Start the lookups that are due."""
        now = self._transitions.now()
        for lookup in self._lookups.values():
            if lookup.call is None and now >= lookup.due:
                lookup.call = Call(functools.partial(self._look_up, lookup))
                lookup.started = now
                self._call(lookup.call)

    def reconcile(
        self, job_set: EngineSet, row: int, recovery: Recovery, *, reason: str = "", fails: bool = False
    ) -> None:
        """Retrieve a job by its id, or find it by its tag.

        Args:
            job_set: the set.
            row: the job.
            recovery: ``Recovery.FETCH`` retrieves the job by its id; others find it by its tag.
            reason: the error of the submission that may have been accepted.
            fails: whether the job becomes an error with ``reason`` if it is not found; else it is held.
        """
        now = self._transitions.now()
        lookup = _Lookup(job_set, row, recovery, now, reason=reason, fails=fails)
        self._lookups[lookup.key] = lookup

    def drop(self, key: Key) -> None:
        """Forget a lookup."""
        self._lookups.pop(key, None)

    def give_up(self) -> None:
        """Give up calls that were not answered within the deadline; they count as failed lookups."""
        for lookup in list(self._lookups.values()):
            if lookup.call is not None and lookup.call.busy_for() >= _threads.DEADLINE:
                seconds = lookup.call.busy_for()
                error = TimeoutError(f"{self._adapter.name} has not answered for {seconds:.0f} s")
                self._failed(lookup, error)

    def _look_up(self, lookup: _Lookup) -> None:
        """Retrieve or find a job; runs on the call queue."""
        job = lookup.job_set.jobs[lookup.row]
        state = lookup.job_set.state
        try:
            names = state.circuits.names()[job.span.start : job.span.stop]
            if lookup.recovery is Recovery.FETCH:
                found = [self._adapter.retrieve(str(job.job_id), names)]
            else:
                found = self._adapter.find(identity_of(state.record, job), names)
        except BaseException as caught:
            error = readable(caught)
            self._transitions.post(lambda: self._failed(lookup, error))
        else:
            job_id = self._id_of(found[0]) if found else None
            self._transitions.post(lambda: self._answered(lookup, found, job_id))

    def _id_of(self, handle: Any) -> str | None:
        """Return the id of a job, None if that fails; runs on the call queue."""
        try:
            return self._adapter.job_id(handle)
        except BaseException:  # the next poll gets it
            return None

    def _answered(self, lookup: _Lookup, found: list[Any], job_id: str | None) -> None:
        if self._lookups.get(lookup.key) is not lookup:
            return
        job_set, row = lookup.job_set, lookup.row
        if not found:
            self._not_found(lookup)
            return
        del self._lookups[lookup.key]
        job = job_set.jobs[row]
        fields: dict[str, Any] = {"job_id": job_id or job.job_id, "last_error": None}
        if job.status in (Status.SENDING, Status.HELD):
            self._transitions.change(job_set, row, Status.QUEUED, **fields)
        else:
            self._transitions.amend(job_set, row, **fields)
        self._found(job_set, row, found)

    def _not_found(self, lookup: _Lookup) -> None:
        """Look again until the settling time is over, then fail or hold the job.

        A provider may list an accepted job late. The last call begins after the settling time, however
        long the answers take.
        """
        now = self._transitions.now()
        if lookup.started - lookup.since < self._adapter.settling:
            lookup.call = None
            lookup.due = min(now + _FIRST_WAIT * 2**lookup.empty, lookup.since + self._adapter.settling)
            lookup.empty += 1
            return
        job_set, row = lookup.job_set, lookup.row
        reason = lookup.reason
        if not lookup.fails:
            text = "it may have been sent, but no job carries its tag: submit again?"
            self._hold(lookup, f"{text}\n{reason}" if reason else text)
            return
        del self._lookups[lookup.key]
        if job_set.jobs[row].cancel_requested:
            self._transitions.unsend(job_set, row, reason)
        else:
            at = self._transitions.wall()
            self._transitions.change(job_set, row, Status.ERROR, error=reason, finished_at=at)
        self._ended()

    def _failed(self, lookup: _Lookup, error: BaseException) -> None:
        """Retry a lookup that raised an error. Hold its job if it does not exist or after some tries."""
        if self._lookups.get(lookup.key) is not lookup:
            return
        lookup.call = None
        now = self._transitions.now()
        lookup.silence = lookup.silence.again() if lookup.silence else Silence(now)
        job = lookup.job_set.jobs[lookup.row]
        verdict = judge(error)
        name = self._adapter.name
        sent = f"was sent as {job.job_id}" if lookup.recovery is Recovery.FETCH else "may have been sent"
        if isinstance(error, NotFoundError):
            text = f"{sent}, but {name} does not have it: submit again?"
            if self._adapter.lifetime is JobLifetime.UNKNOWN:
                text += f" ({RERUN_HINT})"
            self._hold(lookup, f"{text}\n{verdict.text}")
            return
        temporary = verdict.refusal.temporary or isinstance(error, StoreError)
        if temporary:
            over = lookup.silence.is_over(now, temporary=True)
        else:
            over = lookup.silence.tries >= _LASTING_TRIES
        if job.status is Status.HELD or over:
            lookup.due = now + backoff.HELD_INTERVAL
            why = "does not answer" if temporary else "returns no status for it"
            more = "submit again, or wait: it is looked for every hour and by resume()"
            self._hold(lookup, f"{sent}, but {name} {why}: {more}\n{verdict.text}", retry=True)
            return
        wait = backoff.back_off(lookup.silence.tries, verdict.retry_after, self._transitions.chance())
        lookup.due = now + wait
        self._transitions.amend(lookup.job_set, lookup.row, last_error=verdict.text)

    def _hold(self, lookup: _Lookup, text: str, *, retry: bool = False) -> None:
        """Hold a job that may have been sent, or submit it again if the set has ``rerun_on_resume``.

        Args:
            lookup: the lookup of the job.
            text: the reason.
            retry: whether to keep the lookup of a held job, so that it is tried again.
        """
        job_set, row = lookup.job_set, lookup.row
        rerun = job_set.state.record.rerun_on_resume
        if rerun or not retry:
            del self._lookups[lookup.key]
        if rerun:
            self._transitions.unsend(job_set, row, f"run again: {text}")
        elif job_set.jobs[row].status is not Status.HELD:
            self._transitions.hold(job_set, row, text)
            if job_set.jobs[row].status.final:  # its cancellation was requested
                self.drop(lookup.key)
        elif job_set.jobs[row].last_error != text:
            self._transitions.amend(job_set, row, last_error=text)
        self._ended()
