"""Asking one backend for the states of its jobs; ``cancelling`` stops them, ``looking`` finds lost ones.

Every method runs on the engine's thread, except those that say so: they are the calls, which go out on
a lane of their own, so that a submission that computes or hangs holds up no cancellation.
"""

from __future__ import annotations

import functools
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from qjm_widgets.calls import SteadyLane
from qjm_widgets.cancelling import Cancellations
from qjm_widgets.core import pacing
from qjm_widgets.core.pacing import Silence
from qjm_widgets.core.ports import BackendAdapter, Observation, RemoteAdapter
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.core.recovery import Recovery
from qjm_widgets.core.refusals import judge
from qjm_widgets.core.snapshot import duration
from qjm_widgets.looking import UNTOLD, Doubt, Key, Lookups
from qjm_widgets.set_state import SetState, Turn

_DEADLINE = 60.0
"""Seconds after which a call that hangs is given up; what is asked next goes out on another thread."""
_MOST_HANGING = 8
"""With so many threads hanging, what is asked waits behind the last one."""

_BESIDE = ("queue_position", "estimated_seconds", "note")
"""What an answer replaces, said or not."""


class _Followed:
    """A job that the backend has."""

    __slots__ = ("handle", "nameless", "silence", "state")

    def __init__(self, state: SetState, handle: Any, nameless: bool) -> None:
        self.state = state
        self.handle = handle
        self.nameless = nameless
        self.silence: Silence | None = None


class _Asked(NamedTuple):
    """A job that a question is about."""

    state: SetState
    row: int
    attempt: int
    handle: Any
    nameless: bool = False

    @property
    def key(self) -> Key:
        return self.state.live.set_id, self.row


class _Answer(NamedTuple):
    """How a question went: its seconds, whether it told news, how many ended, and what went wrong.

    ``silent`` are the jobs of which nothing was said, where the call raised ``error``; ``told`` is
    whether anything was said of any job.
    """

    took: float
    news: bool
    ended: int
    told: bool
    silent: list[_Asked]
    error: BaseException | None


class Asker:
    """Asks one adapter for all sets on it.

    Args:
        ended: called when a job that the backend had has ended.
    """

    def __init__(self, adapter: BackendAdapter, turn: Turn, ended: Callable[[], None]) -> None:
        self._adapter = adapter
        self._turn = turn
        self._ended = ended
        self._lane = SteadyLane(f"qjm-ask-{adapter.name}", _MOST_HANGING)
        self._followed: dict[Key, _Followed] = {}
        self._cancellations = Cancellations(adapter, turn, self._call, self._ask_soon)
        self._lookups = Lookups(adapter, turn, self._call, self._found, ended)
        self._polling = pacing.Polling.start(turn.now(), local=adapter.survives_kernel is False)
        if isinstance(adapter, RemoteAdapter):
            self._polling = self._polling.between(*adapter.poll_seconds)
        self._unanswered = 0
        self._question = 0
        self._open_question: int | None = None

    @property
    def pending(self) -> int:
        """How many jobs the backend has, or may have."""
        return len(self._followed) + len(self._lookups)

    def due(self) -> float | None:
        """When there is something to ask, monotonic seconds; None: nothing by itself."""
        times = [self._lookups.due(), self._cancellations.due()]
        if self._lane.backlog:
            times.append(self._turn.now() + _DEADLINE)
        if self._followed and self._open_question is None:
            times.append(self._polling.due)
        known = [time for time in times if time is not None]
        return min(known) if known else None

    def step(self) -> None:
        """Ask what is due."""
        now = self._turn.now()
        self._give_up_hanging_call()
        self._lookups.step()
        if self._followed and self._open_question is None and now >= self._polling.due:
            self._observe()
        self._cancellations.step()

    def add(self, state: SetState, row: int, handle: Any, *, nameless: bool = False) -> None:
        """Follow a job from now on; ``nameless``: its id could not be had yet."""
        others = len(self._followed)
        self._followed[state.live.set_id, row] = _Followed(state, handle, nameless)
        state.live.natives[row] = getattr(handle, "job", handle)
        self._polling = self._polling.sent(self._turn.now(), others)
        if state.jobs[row].cancel_requested:
            self.cancel(state, row)

    def look_for(self, state: SetState, row: int, recovery: Recovery, doubt: Doubt = UNTOLD) -> None:
        """Have a job back by its id, or look for it by its tag; nothing happens where it is followed."""
        if (state.live.set_id, row) not in self._followed:
            self._lookups.look_for(state, row, recovery, doubt)

    def cancel(self, state: SetState, row: int) -> None:
        """Ask the backend to stop a job, if it has it and has not computed it already."""
        followed = self._followed.get((state.live.set_id, row))
        if followed is not None and not self._adapter.runs_inside_submit:
            self._cancellations.wish(state, row, followed.handle)

    def cancel_spare(self, handle: Any) -> None:
        """Ask the backend to stop a job that nobody follows."""
        self._cancellations.spare(handle)

    def drop(self, state: SetState, row: int) -> None:
        """Forget a job: a new attempt gets its own handle. Its cancellation, if wished, is asked for."""
        key = state.live.set_id, row
        self._followed.pop(key, None)
        self._lookups.drop(key)
        self._cancellations.drop(key, last=state.jobs[row].status is Status.CANCELLED)

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

    def _ask_soon(self) -> None:
        self._polling = self._polling.soon(self._turn.now())

    def _call(self, work: Callable[[], None]) -> None:
        self._turn.after_commit(lambda: self._lane.call(work))

    def _found(self, state: SetState, row: int, handles: list[Any]) -> None:
        """A lost job is there."""
        self.add(state, row, handles[0], nameless=state.jobs[row].job_id is None)
        for handle in handles[1:]:  # the provider took one submission twice: one is enough
            self.cancel_spare(handle)

    def _give_up_hanging_call(self) -> None:
        if not self._lane.hangs(_DEADLINE):
            return
        self._lane.give_up()
        error = TimeoutError(f"{self._adapter.name} has not answered for {_DEADLINE:.0f} s")
        if self._open_question is not None:
            about = [self._about(row, followed) for (_, row), followed in self._followed.items()]
            self._answered(self._open_question, _Answer(0.0, False, 0, False, about, error))
        self._lookups.hung(error)
        self._cancellations.hung(error)

    # -- states --------------------------------------------------------------------------------------

    def _about(self, row: int, followed: _Followed) -> _Asked:
        state = followed.state
        return _Asked(state, row, state.jobs[row].attempt, followed.handle, followed.nameless)

    def _observe(self) -> None:
        self._question += 1
        self._open_question = self._question
        asked = [self._about(row, followed) for (_, row), followed in self._followed.items()]
        # Asking changes nothing: it need not wait until what was decided is on disk.
        self._lane.call(functools.partial(self._observe_call, self._question, asked))

    def _observe_call(self, question: int, asked: list[_Asked]) -> None:
        """On the lane."""
        last = time.monotonic()
        took = 0.0
        news = False
        ended = 0
        reported: set[int] = set()
        error: BaseException | None = None
        told = False

        def report(index: int, found: Observation | BaseException) -> None:
            nonlocal last, took, news, ended, told, error
            now = time.monotonic()
            if isinstance(found, Observation) and found.status and found.status.final:
                ended += 1  # and is not asked again, however long its result took
            else:
                took += now - last
            last = now
            about = asked[index]
            if not isinstance(found, BaseException):
                about.state.live.heard_at = self._turn.wall()
            job = about.state.jobs[about.row]
            reported.add(index)
            if isinstance(found, BaseException):
                error = found
            else:
                told = True
                tells = _tells(found, job)
                news = news or (tells and found.status is not None)
                if not tells and not job.last_error:
                    return
            self._turn.post(lambda: self._observed(about, found))

        try:
            self._adapter.observe([about.handle for about in asked], report)
        except BaseException as caught:
            error = caught
        took += time.monotonic() - last
        for index in sorted(reported):
            if asked[index].nameless:
                self._name_call(asked[index])
        silent = [about for index, about in enumerate(asked) if index not in reported]
        answer = _Answer(took, news, ended, told, silent, error)
        self._turn.post(lambda: self._answered(question, answer))

    def _name_call(self, about: _Asked) -> None:
        """On the lane: ask for an id that could not be had before."""
        try:
            job_id = self._adapter.job_id(about.handle)
        except BaseException:  # what is wrong is told of the job's state
            return
        self._turn.post(lambda: self._named(about, job_id))

    def _named(self, about: _Asked, job_id: str | None) -> None:
        followed = self._followed.get(about.key)
        if followed is not None and followed.handle is about.handle:
            followed.nameless = False
            self._turn.amend(about.state, about.row, job_id=job_id)

    def _answered(self, question: int, answer: _Answer) -> None:
        if question != self._open_question:
            return
        self._open_question = None
        now = self._turn.now()
        self._polling = self._polling.asked(
            now,
            took=answer.took,
            news=answer.news,
            ended=answer.ended,
            left=len(self._followed),
        )
        if answer.error is None:
            self._unanswered = 0
            return
        if not answer.told:
            self._unanswered += 1
            asked_for = judge(answer.error).retry_after
            wait = pacing.back_off(self._unanswered, asked_for, self._turn.chance())
            self._polling = self._polling.failed(now, min(wait, pacing.HELD_INTERVAL))
        for about in answer.silent:
            self._observed(about, answer.error)

    def _observed(self, about: _Asked, found: Observation | BaseException) -> None:
        """What the backend said of one job; late words about an older attempt are ignored."""
        state, row = about.state, about.row
        job = state.jobs[row]
        followed = self._followed.get(about.key)
        if job.attempt != about.attempt or followed is None:
            return
        if isinstance(found, BaseException):
            self._not_observed(followed, row, found)
            return
        followed.silence = None
        now = self._turn.wall()
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
        del self._followed[about.key]
        self._cancellations.drop(about.key)
        self._turn.change(
            state,
            row,
            found.status,
            outcome=found.outcome,
            failed=found.failed,
            error=found.text if found.status is Status.ERROR else None,
            running_at=found.running_at or job.running_at,
            finished_at=found.finished_at or now,
            checked_at=now,
            last_error=None,
            **_said(found),
        )
        self._ended()

    def _not_observed(self, followed: _Followed, row: int, error: BaseException) -> None:
        """A failed poll is no status; after long silence the user decides, and may still be answered."""
        state = followed.state
        job = state.jobs[row]
        now = self._turn.now()
        followed.silence = followed.silence.again() if followed.silence else Silence(now)
        verdict = judge(error)
        if job.status is Status.HELD:
            return
        if not followed.silence.is_over(now, temporary=verdict.refusal.temporary):
            if job.last_error != verdict.text:
                self._turn.amend(state, row, last_error=verdict.text)
            return
        silent = duration(now - followed.silence.since)
        text = f"no word of it for {silent}; it is asked for on, and may run: submit again?"
        self._turn.hold(state, row, f"{text}\n{verdict.text}")
        if state.jobs[row].status.final:  # its cancellation was wished
            self.drop(state, row)
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
