"""Telling others: subscriptions whose callbacks never hold up the engine or each other."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType

from qjm_widgets.core.records import JobRecord, Status

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A job came into another status; what it tells is on disk already."""

    job_set_id: str
    job: JobRecord
    previous: Status


class Subscription:
    """Delivers events to one callback, in order, on a thread of its own; a context manager.

    A callback that raises is logged and hears the next event all the same.
    """

    def __init__(self, callback: Callable[[JobEvent], object], ended: Callable[[Subscription], None]):
        self._callback = callback
        self._ended = ended
        self._events: queue.SimpleQueue[JobEvent | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._deliver, name="qjm-subscription", daemon=True)
        self._thread.start()

    def put(self, event: JobEvent) -> None:
        """Queue an event for the callback."""
        self._events.put(event)

    def unsubscribe(self) -> None:
        """Stop; what was queued before is still delivered. A second call does nothing."""
        self._ended(self)
        self._events.put(None)

    def join(self, timeout: float | None = None) -> None:
        """Wait (seconds) until everything queued before ``unsubscribe`` was delivered."""
        if threading.current_thread() is not self._thread:
            self._thread.join(timeout)

    def _deliver(self) -> None:
        while (event := self._events.get()) is not None:
            try:
                self._callback(event)
            except BaseException:
                _LOG.exception("a subscriber of a job set raised")

    def __enter__(self) -> Subscription:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.unsubscribe()


class EventBus:
    """The subscriptions of one job set."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._subscriptions: list[Subscription] = []

    def subscribe(self, callback: Callable[[JobEvent], object]) -> Subscription:
        """Call ``callback(event)`` for every event from now on."""
        subscription = Subscription(callback, self._remove)
        with self._lock:
            self._subscriptions.append(subscription)
        return subscription

    def publish(self, events: list[JobEvent]) -> None:
        """Queue events for everybody; returns at once."""
        with self._lock:
            listeners = list(self._subscriptions)
        for subscription in listeners:
            for event in events:
                subscription.put(event)

    def close(self) -> None:
        """End all subscriptions; what was queued is still delivered."""
        with self._lock:
            listeners, self._subscriptions = self._subscriptions, []
        for subscription in listeners:
            subscription.unsubscribe()

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
