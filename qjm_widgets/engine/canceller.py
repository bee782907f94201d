"""Asking one backend to stop jobs, and once more where that may help.

Every method runs on the engine's thread, except the calls to the backend.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from qjm_widgets import _threads
from qjm_widgets._threads import Call
from qjm_widgets.core import backoff
from qjm_widgets.core.error_policy import judge, readable
from qjm_widgets.core.ports import BackendAdapter, RemoteAdapter
from qjm_widgets.engine.engine_set import EngineSet, Key, Turn


class _Wish:
    """A cancellation that the backend has not answered yet; ``call`` is the one under way."""

    __slots__ = ("call", "due", "handle", "job_set", "row", "tries")

    def __init__(self, job_set: EngineSet, row: int, handle: Any, due: float) -> None:
        self.job_set = job_set
        self.row = row
        self.handle = handle
        self.due = due
        self.tries = 0
        self.call: Call | None = None

    @property
    def key(self) -> Key:
        return self.job_set.state.set_id, self.row


class Canceller:
    """The cancellations of one adapter.

    Args:
        call: makes a call to the backend once the turn is on disk.
        answered: called with the job and why its cancellation failed, or None, when the backend has
            answered: the job should be polled.
    """

    def __init__(
        self,
        adapter: BackendAdapter,
        turn: Turn,
        call: Callable[[Callable[[], None]], None],
        answered: Callable[[Key, str | None], None],
    ) -> None:
        self._adapter = adapter
        self._turn = turn
        self._call = call
        self._answered = answered
        self._wishes: dict[Key, _Wish] = {}

    def due(self) -> float | None:
        """When a cancellation is tried again, monotonic seconds; None: there is none."""
        times = [wish.due for wish in self._wishes.values() if wish.call is None]
        return min(times) if times else None

    def step(self) -> None:
        """Ask for what is due, together where the adapter can."""
        now = self._turn.now()
        due = [wish for wish in self._wishes.values() if wish.call is None and now >= wish.due]
        if len(due) > 1 and isinstance(self._adapter, RemoteAdapter):
            call = Call(functools.partial(self._cancel_several, self._adapter, due))
            for wish in due:
                wish.call = call
            self._call(call)
        else:
            for wish in due:
                wish.call = Call(functools.partial(self._cancel, wish))
                self._call(wish.call)

    def wish(self, job_set: EngineSet, row: int, handle: Any) -> None:
        """Stop a job."""
        wish = _Wish(job_set, row, handle, self._turn.now())
        self._wishes[wish.key] = wish

    def spare(self, handle: Any) -> None:
        """Stop a job that nobody follows; nobody hears the answer."""

        def cancel() -> None:
            try:
                self._adapter.cancel(handle)
            except BaseException:  # there is no row that could tell
                return

        self._call(cancel)

    def drop(self, key: Key, *, last: bool = False) -> None:
        """Ask no more for a job's cancellation; ``last``: but once, where it was not asked for yet."""
        wish = self._wishes.pop(key, None)
        if last and wish is not None and wish.call is None:
            self.spare(wish.handle)

    def give_up(self) -> None:
        """Try again later what has not come back in time."""
        for wish in list(self._wishes.values()):
            if wish.call is not None and wish.call.busy_for() >= _threads.DEADLINE:
                seconds = wish.call.busy_for()
                error = TimeoutError(f"{self._adapter.name} has not answered for {seconds:.0f} s")
                self._failed(wish, error)

    def _cancel(self, wish: _Wish) -> None:
        """On the lane."""
        try:
            done = self._adapter.cancel(wish.handle)
        except BaseException as caught:
            error = readable(caught)
            self._turn.post(lambda: self._failed(wish, error))
        else:
            self._turn.post(lambda: self._done(wish, done))

    def _cancel_several(self, adapter: RemoteAdapter, wishes: list[_Wish]) -> None:
        """On the lane."""
        unanswered = dict(enumerate(wishes))

        def report(index: int, answer: bool | BaseException) -> None:
            wish = unanswered.pop(index)
            if isinstance(answer, BaseException):
                self._turn.post(lambda: self._failed(wish, answer))
            else:
                self._turn.post(lambda: self._done(wish, answer))

        try:
            adapter.cancel_several([wish.handle for wish in wishes], report)
        except BaseException as caught:
            for index in list(unanswered):
                report(index, readable(caught))

    def _done(self, wish: _Wish, done: bool) -> None:
        if self._wishes.get(wish.key) is not wish:
            return
        del self._wishes[wish.key]
        text = None
        if not done:
            text = f"{self._adapter.name} did not cancel it: it may be too late"
            self._turn.amend(wish.job_set, wish.row, last_error=text)
        self._answered(wish.key, text)

    def _failed(self, wish: _Wish, error: BaseException) -> None:
        """What may help later is tried again; the rest is told."""
        if self._wishes.get(wish.key) is not wish:
            return
        wish.tries += 1
        wish.call = None
        verdict = judge(error)
        if verdict.refusal.temporary and wish.tries < backoff.TRIES:
            wait = backoff.back_off(wish.tries, verdict.retry_after, self._turn.chance())
            wish.due = self._turn.now() + wait
            text = f"cancelling failed and is tried again: {verdict.text}"
        else:
            del self._wishes[wish.key]
            text = f"cancelling failed: {verdict.text}"
        self._turn.amend(wish.job_set, wish.row, last_error=text)
        self._answered(wish.key, text)
