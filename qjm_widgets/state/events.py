"""Subscriptions to status changes: their callbacks never block the engine or each other."""

from __future__ import annotations

import logging
import queue
import threading
from collections.abc import Callable
from dataclasses import dataclass

from qjm_widgets._threads import start_thread
from qjm_widgets.core.records import JobRecord, Status

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class JobEvent:
    """A job changed its status; the change is committed.

    Attributes:
        job_set_id: 32 hexadecimal digits.
        job: the job's record after the change.
        previous: its status before.
    """

    job_set_id: str
    job: JobRecord
    previous: Status


class Subscription:
    """Delivers events to one callback, in order, on a thread of its own; a context manager.

    An error of the callback is logged; the next event is delivered anyway.
    """

    def __init__(self, callback: Callable[[JobEvent], object], ended: Callable[[Subscription], None]):
        self._callback = callback
        self._ended = ended
        self._events: queue.SimpleQueue[JobEvent | None] = queue.SimpleQueue()
        self._thread = start_thread(self._deliver, "qjm-subscription")

    def put(self, event: JobEvent) -> None:
        """Queue an event for the callback."""
        self._events.put(event)

    def unsubscribe(self) -> None:
        """Stop; events queued before are still delivered. No-op the second time."""
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

    def __exit__(self, *_: object) -> None:
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
        """Queue events for all subscriptions; return at once."""
        with self._lock:
            subscriptions = list(self._subscriptions)
        for subscription in subscriptions:
            for event in events:
                subscription.put(event)

    def close(self) -> None:
        """End all subscriptions; queued events are still delivered."""
        with self._lock:
            subscriptions, self._subscriptions = self._subscriptions, []
        for subscription in subscriptions:
            subscription.unsubscribe()

    def _remove(self, subscription: Subscription) -> None:
        with self._lock:
            if subscription in self._subscriptions:
                self._subscriptions.remove(subscription)
