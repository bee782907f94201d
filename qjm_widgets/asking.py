"""Asking one backend about its jobs: their states, their cancellation, and where lost ones are.

Every method runs on the engine's thread, except those that say so: they are the calls, which go out on
a lane of their own, so that a submission that computes or hangs holds up no cancellation.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from qjm_widgets.calls import Lane
from qjm_widgets.core import pacing
from qjm_widgets.core.errors import NotFoundError, explain
from qjm_widgets.core.ports import BackendAdapter, Observation
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.recovery import Recovery
from qjm_widgets.core.refusals import Refusal, judge
from qjm_widgets.identity import identity_of
from qjm_widgets.set_state import SetState, Turn

_DEADLINE = 60.0
"""Seconds after which a question that hangs is given up and asked again on another thread."""

_BESIDE = ("queue_position", "estimated_seconds", "note")
"""What an answer replaces, said or not."""

Key = tuple[str, int]


class _Asked(NamedTuple):
    """A job that a question is about."""

    state: SetState
    row: int
    attempt: int
    handle: Any


class _Lookup:
    """A job that is being had back by its id, or looked for by its tag."""

    def __init__(self, state: SetState, row: int, recovery: Recovery, now: float) -> None:
        self.state = state
        self.row = row
        self.recovery = recovery
        self.attempt = state.jobs[row].attempt
        self.since = now
        self.due = now
        self.tries = 0
        self.under_way = False


class Asker:
    """Asks one adapter for all sets on it.

    Args:
        ended: called when a job that the backend had has ended.
    """

    def __init__(self, adapter: BackendAdapter, turn: Turn, ended: Callable[[], None]) -> None:
        self._adapter = adapter
        self._turn = turn
        self._ended = ended
        self._lane = Lane(f"qjm-ask-{adapter.name}")
        self._handles: dict[Key, tuple[SetState, Any]] = {}
        self._lookups: dict[Key, _Lookup] = {}
        self._polling = pacing.Polling.start(turn.now(), local=adapter.survives_kernel is False)
        self._question = 0
        self._open_question: int | None = None

    @property
    def pending(self) -> int:
        """How many jobs the backend has, or may have."""
        return len(self._handles) + len(self._lookups)

    def due(self) -> float | None:
        """When there is something to ask, monotonic seconds; None: nothing by itself."""
        times = [lookup.due for lookup in self._lookups.values() if not lookup.under_way]
        if self._open_question is not None:
            times.append(self._turn.now() + _DEADLINE)
        elif self._handles:
            times.append(self._polling.due)
        return min(times) if times else None

    def step(self) -> None:
        """Ask what is due."""
        now = self._turn.now()
        self._give_up_hanging_question()
        for lookup in self._lookups.values():
            if not lookup.under_way and now >= lookup.due:
                lookup.under_way = True
                self._call(functools.partial(self._look_up, lookup))
        if self._handles and self._open_question is None and now >= self._polling.due:
            self._observe()

    def add(self, state: SetState, row: int, handle: Any) -> None:
        """Follow a job from now on."""
        self._handles[state.live.set_id, row] = (state, handle)
        state.live.natives[row] = getattr(handle, "job", handle)
        self._polling = self._polling.soon(self._turn.now())
        if state.jobs[row].cancel_requested:
            self.cancel(state, row)

    def look_for(self, state: SetState, row: int, recovery: Recovery) -> None:
        """Have a job back by its id, or look for it by its tag."""
        key = state.live.set_id, row
        self._lookups[key] = _Lookup(state, row, recovery, self._turn.now())

    def cancel(self, state: SetState, row: int) -> None:
        """Ask the backend to stop a job, if it has it and has not computed it already."""
        found = self._handles.get((state.live.set_id, row))
        if found is not None and not self._adapter.runs_inside_submit:
            asked = _Asked(state, row, state.jobs[row].attempt, found[1])
            self._call(functools.partial(self._cancel_call, asked))

    def drop(self, state: SetState, row: int) -> None:
        """Forget a job: a new attempt gets its own handle."""
        self._handles.pop((state.live.set_id, row), None)
        self._lookups.pop((state.live.set_id, row), None)

    def forget(self, state: SetState) -> None:
        """Forget all jobs of a set."""
        for row in range(len(state.jobs)):
            self.drop(state, row)

    def stop(self) -> None:
        """Make no further call."""
        self._lane.stop()

    def join(self, timeout: float) -> None:
        """Wait (seconds) for the call under way."""
        self._lane.join(timeout)

    def _call(self, work: Callable[[], None]) -> None:
        self._turn.after_commit(lambda: self._lane.call(work))

    # -- states --------------------------------------------------------------------------------------

    def _observe(self) -> None:
        self._question += 1
        self._open_question = self._question
        asked = [
            _Asked(state, row, state.jobs[row].attempt, handle)
            for (_, row), (state, handle) in self._handles.items()
        ]
        self._call(functools.partial(self._observe_call, self._question, asked))

    def _observe_call(self, question: int, asked: list[_Asked]) -> None:
        """On the lane."""
        last = time.monotonic()
        took = 0.0
        news = False

        def report(index: int, found: Observation | BaseException) -> None:
            nonlocal last, took, news
            now = time.monotonic()
            if not (isinstance(found, Observation) and found.status and found.status.final):
                took += now - last  # what has ended is not asked again, however long its result took
            last = now
            about = asked[index]
            job = about.state.jobs[about.row]
            if isinstance(found, BaseException) or job.last_error or _tells(found, job):
                news = news or not isinstance(found, BaseException)
                self._turn.post(lambda: self._observed(about, found))

        error: BaseException | None = None
        try:
            self._adapter.observe([about.handle for about in asked], report)
        except BaseException as caught:
            error = caught
        took += time.monotonic() - last
        self._turn.post(lambda: self._answered(question, asked, took, news, error))

    def _answered(
        self, question: int, asked: list[_Asked], took: float, news: bool, error: BaseException | None
    ) -> None:
        if question != self._open_question:
            return
        self._open_question = None
        self._polling = self._polling.asked(self._turn.now(), took=took, news=news)
        if error is not None:
            for about in asked:
                self._observed(about, error)

    def _observed(self, about: _Asked, found: Observation | BaseException) -> None:
        """What the backend said of one job; late words about an older attempt are ignored."""
        state, row = about.state, about.row
        job = state.jobs[row]
        key = state.live.set_id, row
        if job.attempt != about.attempt or key not in self._handles:
            return
        now = self._turn.wall()
        if isinstance(found, BaseException):
            if job.last_error != explain(found):
                self._turn.amend(state, row, last_error=explain(found))
            return
        if found.status is None:
            self._turn.amend(state, row, checked_at=now, last_error=found.text)
            return
        if found.status.remote:
            fields = {"checked_at": now, "last_error": None, **_said(found)}
            if found.status is job.status:
                self._turn.amend(state, row, **fields)
            else:
                running_at = (found.running_at or now) if found.status is Status.RUNNING else None
                self._turn.change(state, row, found.status, running_at=running_at, **fields)
            return
        del self._handles[key]
        self._turn.change(
            state,
            row,
            found.status,
            outcome=found.outcome,
            error=found.text if found.status is Status.ERROR else None,
            running_at=found.running_at or job.running_at,
            finished_at=found.finished_at or now,
            checked_at=now,
            last_error=None,
            **_said(found),
        )
        self._ended()

    def _give_up_hanging_question(self) -> None:
        if self._lane.busy_for() < _DEADLINE:
            return
        self._lane.stop()
        self._lane = Lane(f"qjm-ask-{self._adapter.name}")
        self._open_question = None
        self._polling = self._polling.asked(self._turn.now(), took=0.0, news=False)
        text = f"{self._adapter.name} has not answered for {_DEADLINE:.0f} s"
        for (_, row), (state, _) in self._handles.items():
            self._turn.amend(state, row, last_error=text)
            if state.jobs[row].cancel_requested:  # it may have waited behind the question
                self.cancel(state, row)
        for lookup in self._lookups.values():
            lookup.under_way = False

    # -- cancelling ----------------------------------------------------------------------------------

    def _cancel_call(self, about: _Asked) -> None:
        """On the lane."""
        text: str | None = None
        try:
            if not self._adapter.cancel(about.handle):
                text = f"{self._adapter.name} did not cancel it: it may be too late"
        except BaseException as caught:
            text = f"cancelling failed: {explain(caught)}"
        self._turn.post(lambda: self._cancelled(about, text))

    def _cancelled(self, about: _Asked, text: str | None) -> None:
        job = about.state.jobs[about.row]
        if job.attempt == about.attempt and not job.status.final:
            if text is not None:
                self._turn.amend(about.state, about.row, last_error=text)
            self._polling = self._polling.soon(self._turn.now())

    # -- lost jobs -----------------------------------------------------------------------------------

    def _look_up(self, lookup: _Lookup) -> None:
        """On the lane."""
        job = lookup.state.jobs[lookup.row]
        live = lookup.state.live
        try:
            names = live.circuits.names()[job.span.start : job.span.stop]
            if lookup.recovery is Recovery.FETCH:
                found = [self._adapter.retrieve(str(job.job_id), names)]
            else:
                found = self._adapter.find(identity_of(live.record, job), names)
            job_ids = [self._adapter.job_id(handle) for handle in found]
        except BaseException as caught:
            error = caught
            self._turn.post(lambda: self._not_looked_up(lookup, error))
        else:
            self._turn.post(lambda: self._looked_up(lookup, found, job_ids))

    def _is_current(self, lookup: _Lookup) -> bool:
        key = lookup.state.live.set_id, lookup.row
        return self._lookups.get(key) is lookup

    def _looked_up(self, lookup: _Lookup, found: list[Any], job_ids: list[str | None]) -> None:
        if not self._is_current(lookup):
            return
        state, row = lookup.state, lookup.row
        if not found:
            now = self._turn.now()
            if now - lookup.since < self._adapter.settling:
                # An empty answer is no proof: what was accepted may be listed later.
                lookup.under_way = False
                lookup.tries += 1
                lookup.due = min(now + 0.25 * 2**lookup.tries, lookup.since + self._adapter.settling)
            else:
                self._give_up(lookup, "it may have been sent, but no job carries its tag")
            return
        del self._lookups[state.live.set_id, row]
        if state.jobs[row].status is Status.SENDING:
            self._turn.change(state, row, Status.QUEUED, job_id=job_ids[0], last_error=None)
        else:
            self._turn.amend(state, row, job_id=job_ids[0], last_error=None)
        self.add(state, row, found[0])
        for handle in found[1:]:  # the provider took one submission twice: one is enough
            about = _Asked(state, row, lookup.attempt, handle)
            self._call(functools.partial(self._cancel_call, about))

    def _not_looked_up(self, lookup: _Lookup, error: BaseException) -> None:
        if not self._is_current(lookup):
            return
        verdict = judge(error)
        if not isinstance(error, NotFoundError) and verdict.refusal is not Refusal.LASTING:
            lookup.under_way = False
            lookup.tries += 1
            wait = pacing.back_off(lookup.tries, verdict.retry_after, self._turn.chance())
            lookup.due = self._turn.now() + wait
            self._turn.amend(lookup.state, lookup.row, last_error=verdict.text)
            return
        self._give_up(lookup, verdict.text)

    def _give_up(self, lookup: _Lookup, text: str) -> None:
        """Nobody can tell whether the job lives: the user decides, or has decided."""
        state, row = lookup.state, lookup.row
        del self._lookups[state.live.set_id, row]
        if state.live.record.rerun_on_resume:
            self._turn.unsend(state, row, f"run again: {text}")
        else:
            self._turn.hold(state, row, f"{text}: submit again?")
        self._ended()


def _said(found: Observation) -> dict[str, Any]:
    """What an observation tells beside the status, as fields of the job's record."""
    fields: dict[str, Any] = {name: getattr(found, name) for name in _BESIDE}
    if found.qpu_seconds is not None:
        fields["qpu_seconds"] = found.qpu_seconds
    return fields


def _tells(found: Observation, job: JobRecord) -> bool:
    """Whether an observation is news of a job."""
    return found.status is not job.status or any(
        getattr(job, name) != value for name, value in _said(found).items()
    )
