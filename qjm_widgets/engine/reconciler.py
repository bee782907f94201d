"""Looking for jobs whose handle this process lacks: had back by their id, or found by their tag.

Every method runs on the engine's thread, except the look-up itself, which is a call to the backend.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

from qjm_widgets import _threads
from qjm_widgets._threads import Call
from qjm_widgets.core import backoff
from qjm_widgets.core.backoff import Silence
from qjm_widgets.core.error_policy import judge, readable
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.job_tags import identity_of
from qjm_widgets.core.ports import BackendAdapter
from qjm_widgets.core.records import Status
from qjm_widgets.core.recovery import RERUN_HINT, Recovery
from qjm_widgets.engine.engine_set import EngineSet, Key, Turn
from qjm_widgets.errors import NotFoundError, StoreError

_LASTING_TRIES = 3
"""An answer that waiting does not mend is asked for so often: a new job may not be listed at once."""


class Doubt(NamedTuple):
    """Why nobody knows whether a job was accepted; with ``fails``, a job that is nowhere has failed."""

    why: str = ""
    fails: bool = False


UNTOLD = Doubt()


class _Lookup:
    """A job that is being had back by its id, or looked for by its tag."""

    def __init__(self, job_set: EngineSet, row: int, recovery: Recovery, doubt: Doubt, now: float):
        self.job_set = job_set
        self.row = row
        self.recovery = recovery
        self.doubt = doubt
        self.attempt = job_set.jobs[row].attempt
        self.since = now
        self.asked = now
        self.due = now
        self.empty = 0
        self.silence: Silence | None = None
        self.call: Call | None = None

    @property
    def key(self) -> Key:
        return self.job_set.state.set_id, self.row


class Reconciler:
    """The look-ups of one adapter.

    Args:
        call: makes a call to the backend once the turn is on disk.
        found: takes a job that was found, and any others that carry its tag.
        ended: called when a job turns out not to be there, or is held.
    """

    def __init__(
        self,
        adapter: BackendAdapter,
        turn: Turn,
        call: Callable[[Callable[[], None]], None],
        found: Callable[[EngineSet, int, list[Any]], None],
        ended: Callable[[], None],
    ) -> None:
        self._adapter = adapter
        self._turn = turn
        self._call = call
        self._found = found
        self._ended = ended
        self._lookups: dict[Key, _Lookup] = {}

    def __len__(self) -> int:
        return len(self._lookups)

    def due(self) -> float | None:
        """When there is something to look for, monotonic seconds; None: nothing by itself."""
        times = [lookup.due for lookup in self._lookups.values() if lookup.call is None]
        return min(times) if times else None

    def step(self) -> None:
        """Look for what is due."""
        now = self._turn.now()
        for lookup in self._lookups.values():
            if lookup.call is None and now >= lookup.due:
                lookup.call = Call(functools.partial(self._look_up, lookup))
                lookup.asked = now
                self._call(lookup.call)

    def look_for(self, job_set: EngineSet, row: int, recovery: Recovery, doubt: Doubt) -> None:
        """Have a job back by its id, or look for it by its tag."""
        lookup = _Lookup(job_set, row, recovery, doubt, self._turn.now())
        self._lookups[lookup.key] = lookup

    def drop(self, key: Key) -> None:
        """Look for a job no more."""
        self._lookups.pop(key, None)

    def give_up(self) -> None:
        """Try again later what has not come back in time."""
        for lookup in list(self._lookups.values()):
            if lookup.call is not None and lookup.call.busy_for() >= _threads.DEADLINE:
                seconds = lookup.call.busy_for()
                error = TimeoutError(f"{self._adapter.name} has not answered for {seconds:.0f} s")
                self._unanswered(lookup, error)

    def _look_up(self, lookup: _Lookup) -> None:
        """On the lane."""
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
            self._turn.post(lambda: self._unanswered(lookup, error))
        else:
            job_id = self._id_of(found[0]) if found else None
            self._turn.post(lambda: self._answered(lookup, found, job_id))

    def _id_of(self, handle: Any) -> str | None:
        """On the lane."""
        try:
            return self._adapter.job_id(handle)
        except BaseException:  # it is asked for again with the job's state
            return None

    def _answered(self, lookup: _Lookup, found: list[Any], job_id: str | None) -> None:
        if self._lookups.get(lookup.key) is not lookup:
            return
        job_set, row = lookup.job_set, lookup.row
        if not found:
            self._nowhere_yet(lookup)
            return
        del self._lookups[lookup.key]
        job = job_set.jobs[row]
        fields: dict[str, Any] = {"job_id": job_id or job.job_id, "last_error": None}
        if job.status in (Status.SENDING, Status.HELD):
            self._turn.change(job_set, row, Status.QUEUED, **fields)
        else:
            self._turn.amend(job_set, row, **fields)
        self._found(job_set, row, found)

    def _nowhere_yet(self, lookup: _Lookup) -> None:
        """An empty answer is no proof: what was accepted may be listed later.

        The last question is asked when the settling time is over, however long the answers took.
        """
        now = self._turn.now()
        if lookup.asked - lookup.since < self._adapter.settling:
            lookup.call = None
            lookup.empty += 1
            settled = lookup.since + self._adapter.settling
            lookup.due = min(now + 0.25 * 2**lookup.empty, settled)
            return
        job_set, row = lookup.job_set, lookup.row
        why = lookup.doubt.why
        if not lookup.doubt.fails:
            text = "it may have been sent, but no job carries its tag: submit again?"
            self._hold(lookup, f"{text}\n{why}" if why else text)
            return
        del self._lookups[lookup.key]
        if job_set.jobs[row].cancel_requested:
            self._turn.unsend(job_set, row, why)
        else:
            now = self._turn.wall()
            self._turn.change(job_set, row, Status.ERROR, error=why, finished_at=now)
        self._ended()

    def _unanswered(self, lookup: _Lookup, error: BaseException) -> None:
        if self._lookups.get(lookup.key) is not lookup:
            return
        lookup.call = None
        now = self._turn.now()
        lookup.silence = lookup.silence.again() if lookup.silence else Silence(now)
        job = lookup.job_set.jobs[lookup.row]
        verdict = judge(error)
        who = self._adapter.name
        sent = f"was sent as {job.job_id}" if lookup.recovery is Recovery.FETCH else "may have been sent"
        if isinstance(error, NotFoundError):
            text = f"{sent}, but {who} does not have it: submit again?"
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
            why = "gives no answer" if temporary else "does not tell of it"
            more = "submit again, or wait: it is looked for every hour and by resume()"
            self._hold(lookup, f"{sent}, but {who} {why}: {more}\n{verdict.text}", go_on=True)
            return
        wait = backoff.back_off(lookup.silence.tries, verdict.retry_after, self._turn.chance())
        lookup.due = now + wait
        self._turn.amend(lookup.job_set, lookup.row, last_error=verdict.text)

    def _hold(self, lookup: _Lookup, text: str, *, go_on: bool = False) -> None:
        """Nobody can tell whether the job lives: the user decides, or has decided."""
        job_set, row = lookup.job_set, lookup.row
        rerun = job_set.state.record.rerun_on_resume
        if rerun or not go_on:
            del self._lookups[lookup.key]
        if rerun:
            self._turn.unsend(job_set, row, f"run again: {text}")
        elif job_set.jobs[row].status is not Status.HELD:
            self._turn.hold(job_set, row, text)
            if job_set.jobs[row].status.final:  # its cancellation was wished
                self.drop(lookup.key)
        elif job_set.jobs[row].last_error != text:
            self._turn.amend(job_set, row, last_error=text)
        self._ended()
