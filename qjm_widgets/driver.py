"""One backend as the engine drives it: what to send next, when to ask, what replies mean.

Every method runs on the engine's thread, except the calls themselves: those go out on two lanes, one
that sends and one that asks and cancels, so that a submission that computes holds up no cancellation.
"""

from __future__ import annotations

import functools
import threading
import time
from collections import deque
from collections.abc import Sequence
from typing import Any

from qjm_widgets.calls import Lane
from qjm_widgets.core import pacing
from qjm_widgets.core.errors import explain
from qjm_widgets.core.ports import BackendAdapter, Observation, Submission
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.live import LiveSet
from qjm_widgets.set_state import SetState, Turn

_ASK_DEADLINE = 60.0
"""Seconds after which a question that hangs is given up and asked again on another thread."""


class _Sending:
    """A submission that is queued or under way."""

    __slots__ = ("_claimed", "row", "state")

    def __init__(self, state: SetState, row: int) -> None:
        self.state = state
        self.row = row
        self._claimed = threading.Lock()

    def claim(self) -> bool:
        """True once only: whoever claims it decides whether it goes out."""
        return self._claimed.acquire(blocking=False)


class Driver:
    """Drives one adapter for all sets on it."""

    def __init__(self, adapter: BackendAdapter, engine: Turn) -> None:
        self.adapter = adapter
        self._engine = engine
        self._send = Lane(f"qjm-send-{adapter.name}")
        self._ask = Lane(f"qjm-ask-{adapter.name}")
        self._sending: dict[tuple[str, int], _Sending] = {}
        self._handles: dict[tuple[str, int], tuple[SetState, Any]] = {}
        self._turn: deque[str] = deque()
        self._call_seconds = 0.0
        self._polling = pacing.Polling.start(engine.now(), local=adapter.survives_kernel is False)
        self._asking: int | None = None
        self._question = 0

    # -- what the engine asks for --------------------------------------------------------------------

    def due(self) -> float | None:
        """When this driver wants its next turn, monotonic seconds; None: only when a message comes."""
        if self._asking is not None:
            return self._engine.now() + _ASK_DEADLINE
        return self._polling.due if self._handles else None

    def step(self, states: Sequence[SetState]) -> None:
        """Send what may be sent and ask what is due."""
        self._give_up_hanging_question()
        for state, row in self._choose(states):
            self._dispatch(state, row)
        if self._handles and self._asking is None and self._engine.now() >= self._polling.due:
            self._observe()

    def revoke(self, state: SetState, row: int) -> bool:
        """Take back a submission that was marked but has not begun; True when it never goes out."""
        sending = self._sending.get((state.live.set_id, row))
        if sending is None or not sending.claim():
            return False
        del self._sending[state.live.set_id, row]
        return True

    def cancel(self, state: SetState, row: int) -> None:
        """Ask the backend to stop a job; one that is being sent is asked as soon as it is known."""
        found = self._handles.get((state.live.set_id, row))
        if found is not None and not self.adapter.runs_inside_submit:
            handle = found[1]
            attempt = state.jobs[row].attempt
            call = functools.partial(self._cancel_call, state, row, attempt, handle)
            self._engine.after_commit(lambda: self._ask.call(call))

    def drop(self, state: SetState, row: int) -> None:
        """Forget a job's handle: a new attempt gets its own."""
        self._handles.pop((state.live.set_id, row), None)

    def stop(self, deadline: float) -> None:
        """Make no further call; wait until the deadline (monotonic) for the one under way."""
        self._send.stop()
        self._ask.stop()
        for lane in (self._send, self._ask):
            lane.join(max(0.0, deadline - time.monotonic()))

    def unsend(self) -> None:
        """Mark submissions that were announced and never began as not sent."""
        for (set_id, row), sending in list(self._sending.items()):
            if sending.claim():
                del self._sending[set_id, row]
                self._engine.change(sending.state, row, Status.NOT_SENT, sent_at=None)

    # -- sending -------------------------------------------------------------------------------------

    def _choose(self, states: Sequence[SetState]) -> list[tuple[SetState, int]]:
        """The next jobs, one set after another, as many as may go out together."""
        room = 1 if self.adapter.runs_inside_submit else pacing.batch(self._call_seconds)
        room -= len(self._sending)
        if self.adapter.max_pending is not None:
            room = min(room, self.adapter.max_pending - len(self._sending) - len(self._handles))
        ready = {state.live.set_id: state for state in states if _next(state) is not None}
        self._turn = deque(
            [*(s for s in self._turn if s in ready), *(s for s in ready if s not in self._turn)]
        )
        chosen = []
        while room > 0 and self._turn:
            state = ready[self._turn[0]]
            chosen.append((state, state.unsent.pop()))
            room -= 1
            self._turn.rotate(-1)
            if _next(state) is None:
                self._turn.remove(state.live.set_id)
        return chosen

    def _dispatch(self, state: SetState, row: int) -> None:
        job = self._engine.change(state, row, Status.SENDING, sent_at=self._engine.wall())
        sending = self._sending[state.live.set_id, row] = _Sending(state, row)
        call = functools.partial(self._submit_call, sending, job)
        self._engine.after_commit(lambda: self._send.call(call))

    def _submit_call(self, sending: _Sending, job: JobRecord) -> None:
        """On the sending lane."""
        if not sending.claim():
            return
        if self.adapter.runs_inside_submit:
            self._engine.post(lambda: self._began(sending))
        began = time.monotonic()
        handle, error, job_id = None, None, None
        try:
            handle = self.adapter.submit(_submission(sending.state.live, job))
            job_id = self.adapter.job_id(handle)
        except Exception as caught:
            error = caught
        took = time.monotonic() - began
        self._engine.post(lambda: self._submitted(sending, handle, job_id, error, took))

    def _began(self, sending: _Sending) -> None:
        state, row = sending.state, sending.row
        if state.jobs[row].status is Status.SENDING:
            self._engine.change(state, row, Status.RUNNING, running_at=self._engine.wall())

    def _submitted(
        self,
        sending: _Sending,
        handle: Any,
        job_id: str | None,
        error: Exception | None,
        took: float,
    ) -> None:
        state, row = sending.state, sending.row
        key = state.live.set_id, row
        if self._sending.pop(key, None) is None:
            return
        self._call_seconds = took if self._call_seconds == 0 else 0.7 * self._call_seconds + 0.3 * took
        if handle is None:
            text = explain(error) if error is not None else "the backend gave no job"
            self._engine.change(state, row, Status.ERROR, error=text, finished_at=self._engine.wall())
            return
        self._handles[key] = (state, handle)
        state.live.natives[row] = getattr(handle, "job", handle)
        if state.jobs[row].status is Status.SENDING:
            self._engine.change(state, row, Status.QUEUED, job_id=job_id)
        else:
            self._engine.amend(state, row, job_id=job_id)
        self._polling = self._polling.soon(self._engine.now())
        if state.jobs[row].cancel_requested:
            self.cancel(state, row)

    # -- asking --------------------------------------------------------------------------------------

    def _observe(self) -> None:
        self._question += 1
        question = self._asking = self._question
        asked = [
            (key, state, state.jobs[key[1]].attempt, h) for key, (state, h) in self._handles.items()
        ]
        self._engine.after_commit(lambda: self._ask.call(lambda: self._observe_call(question, asked)))

    def _observe_call(self, question: int, asked: list[tuple[Any, SetState, int, Any]]) -> None:
        """On the asking lane."""
        began = time.monotonic()
        news = False

        def report(index: int, found: Observation | Exception) -> None:
            nonlocal news
            (_, row), state, attempt, _ = asked[index]
            job = state.jobs[row]
            if isinstance(found, Exception) or job.last_error or found.status is not job.status:
                news = news or isinstance(found, Observation)
                self._engine.post(lambda: self._observed(state, row, attempt, found))

        error: Exception | None = None
        try:
            self.adapter.observe([handle for *_, handle in asked], report)
        except Exception as caught:
            error = caught
        took = time.monotonic() - began
        self._engine.post(lambda: self._answered(question, asked, took, news, error))

    def _answered(
        self,
        question: int,
        asked: list[tuple[Any, SetState, int, Any]],
        took: float,
        news: bool,
        error: Exception | None,
    ) -> None:
        if question != self._asking:
            return
        self._asking = None
        self._polling = self._polling.asked(self._engine.now(), took=took, news=news)
        if error is not None:
            for (_, row), state, attempt, _ in asked:
                self._observed(state, row, attempt, error)

    def _observed(self, state: SetState, row: int, attempt: int, found: Observation | Exception) -> None:
        """What the backend said of one job; late words about an older attempt are ignored."""
        job = state.jobs[row]
        if job.attempt != attempt or (state.live.set_id, row) not in self._handles:
            return
        now = self._engine.wall()
        if isinstance(found, Exception):
            if job.last_error != explain(found):
                self._engine.amend(state, row, last_error=explain(found))
            return
        if found.status is None:
            self._engine.amend(state, row, checked_at=now, last_error=found.text)
            return
        if found.status.remote:
            if found.status is job.status:
                self._engine.amend(state, row, checked_at=now, last_error=None)
                return
            running_at = now if found.status is Status.RUNNING else None
            self._engine.change(
                state, row, found.status, running_at=running_at, checked_at=now, last_error=None
            )
            return
        del self._handles[state.live.set_id, row]
        self._engine.change(
            state,
            row,
            found.status,
            outcome=found.outcome,
            error=found.text if found.status is Status.ERROR else None,
            finished_at=now,
            checked_at=now,
            last_error=None,
        )

    def _give_up_hanging_question(self) -> None:
        if self._asking is None or self._ask.busy_for() < _ASK_DEADLINE:
            return
        self._ask.stop()
        self._ask = Lane(f"qjm-ask-{self.adapter.name}")
        self._asking = None
        self._polling = self._polling.asked(self._engine.now(), took=0.0, news=False)
        for (_, row), (state, _) in self._handles.items():
            text = f"{self.adapter.name} has not answered for {_ASK_DEADLINE:.0f} s"
            self._engine.amend(state, row, last_error=text)

    def _cancel_call(self, state: SetState, row: int, attempt: int, handle: Any) -> None:
        """On the asking lane."""
        text: str | None = None
        try:
            if not self.adapter.cancel(handle):
                text = f"{self.adapter.name} did not cancel it: it may be too late"
        except Exception as caught:
            text = f"cancelling failed: {explain(caught)}"
        self._engine.post(lambda: self._cancelled(state, row, attempt, text))

    def _cancelled(self, state: SetState, row: int, attempt: int, text: str | None) -> None:
        job = state.jobs[row]
        if job.attempt == attempt and not job.status.final:
            if text is not None:
                self._engine.amend(state, row, last_error=text)
            self._polling = self._polling.soon(self._engine.now())


def _next(state: SetState) -> int | None:
    """The next row that a set wants to send: not sent yet, and its circuits are on disk."""
    while state.unsent:
        row = state.unsent[-1]
        job = state.jobs[row]
        if job.status is Status.NOT_SENT:
            return row if job.span.stop <= state.written else None
        state.unsent.pop()
    return None


def _submission(live: LiveSet, job: JobRecord) -> Submission:
    return Submission(
        works=live.circuits(job.span),
        shots=job.shots,
        seed=job.seed,
        options=live.options,
        identity=f"qjm:{live.set_id}:{job.span.start}-{job.span.stop}/{live.record.circuits}"
        f":s{job.piece}/{job.pieces}:a{job.attempt}",
        name=live.record.name,
        tags=live.record.tags,
    )
