"""Cancel jobs of one backend, and retry if that may help.

Every method runs on the engine's thread, except the calls to the backend.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from qjm_widgets import _threads
from qjm_widgets._threads import Call
from qjm_widgets.core import backoff
from qjm_widgets.core.adapter_port import BackendAdapter, RemoteAdapter
from qjm_widgets.core.error_policy import judge, readable
from qjm_widgets.engine.engine_set import EngineSet, Key
from qjm_widgets.engine.transitions import Transitions


class _CancelRequest:
    """A cancellation that the backend has not answered yet; ``call`` is the call under way."""

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
        return self.job_set.set_id, self.row


class Canceller:
    """The cancellations of one adapter.

    Args:
        call: makes a call to the backend after the turn is committed.
        answered: called after each answer of the backend, with the key of the job and the reason why its
            cancellation failed (None if it did not fail).
    """

    def __init__(
        self,
        adapter: BackendAdapter,
        transitions: Transitions,
        *,
        call: Callable[[Callable[[], None]], None],
        answered: Callable[[Key, str | None], None],
    ) -> None:
        self._adapter = adapter
        self._transitions = transitions
        self._call = call
        self._answered = answered
        self._requests: dict[Key, _CancelRequest] = {}

    def due(self) -> float | None:
        """Return when the next cancellation is due, in monotonic seconds; None if no job needs one."""
        times = [request.due for request in self._requests.values() if request.call is None]
        return min(times) if times else None

    def step(self) -> None:
        """Send the requests that are due, in one call if the adapter can cancel several jobs."""
        now = self._transitions.now()
        due = [
            request for request in self._requests.values() if request.call is None and now >= request.due
        ]
        if len(due) > 1 and isinstance(self._adapter, RemoteAdapter):
            call = Call(functools.partial(self._cancel_several, self._adapter, due))
            for request in due:
                request.call = call
            self._call(call)
        else:
            for request in due:
                request.call = Call(functools.partial(self._cancel, request))
                self._call(request.call)

    def cancel(self, job_set: EngineSet, row: int, handle: Any) -> None:
        """Request the cancellation of a job."""
        request = _CancelRequest(job_set, row, handle, self._transitions.now())
        self._requests[request.key] = request

    def cancel_unfollowed(self, handle: Any) -> None:
        """Cancel a job that no row follows; the backend's answer is ignored."""

        def cancel() -> None:
            try:
                self._adapter.cancel(handle)
            except BaseException:  # no row could show it
                return

        self._call(cancel)

    def drop(self, key: Key, *, last: bool = False) -> None:
        """Forget a cancel request; with ``last``, send it once more before, unless it is under way."""
        request = self._requests.pop(key, None)
        if last and request is not None and request.call is None:
            self.cancel_unfollowed(request.handle)

    def give_up(self) -> None:
        """Give up calls that were not answered within the deadline; they count as failed tries."""
        for request in list(self._requests.values()):
            if request.call is not None and request.call.busy_for() >= _threads.DEADLINE:
                seconds = request.call.busy_for()
                error = TimeoutError(f"{self._adapter.name} has not answered for {seconds:.0f} s")
                self._failed(request, error)

    def _cancel(self, request: _CancelRequest) -> None:
        """Cancel a job; runs on the call queue."""
        try:
            done = self._adapter.cancel(request.handle)
        except BaseException as caught:
            error = readable(caught)
            self._transitions.post(lambda: self._failed(request, error))
        else:
            self._transitions.post(lambda: self._done(request, done))

    def _cancel_several(self, adapter: RemoteAdapter, requests: list[_CancelRequest]) -> None:
        """Cancel several jobs in one call; runs on the call queue."""
        unanswered = dict(enumerate(requests))

        def report(index: int, answer: bool | BaseException) -> None:
            request = unanswered.pop(index)
            if isinstance(answer, BaseException):
                self._transitions.post(lambda: self._failed(request, answer))
            else:
                self._transitions.post(lambda: self._done(request, answer))

        try:
            adapter.cancel_several([request.handle for request in requests], report)
        except BaseException as caught:
            for index in list(unanswered):
                report(index, readable(caught))

    def _done(self, request: _CancelRequest, done: bool) -> None:
        if self._requests.get(request.key) is not request:
            return
        del self._requests[request.key]
        text = None
        if not done:
            text = f"{self._adapter.name} did not cancel it: it may be too late"
            self._transitions.amend(request.job_set, request.row, last_error=text)
        self._answered(request.key, text)

    def _failed(self, request: _CancelRequest, error: BaseException) -> None:
        """Retry a cancellation after a temporary error, up to a number of tries. Report every error."""
        if self._requests.get(request.key) is not request:
            return
        request.tries += 1
        request.call = None
        verdict = judge(error)
        if verdict.refusal.temporary and request.tries < backoff.TRIES:
            chance = self._transitions.chance()
            wait = backoff.back_off(request.tries, verdict.retry_after, chance)
            request.due = self._transitions.now() + wait
            text = f"cancelling failed and is tried again: {verdict.text}"
        else:
            del self._requests[request.key]
            text = f"cancelling failed: {verdict.text}"
        self._transitions.amend(request.job_set, request.row, last_error=text)
        self._answered(request.key, text)
