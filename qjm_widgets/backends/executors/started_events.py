"""Events by which tasks report that they have started.

On this machine an event is a datagram: a killed worker leaves no lock behind, as it could with a
``multiprocessing.Queue``. In a Dask cluster an event goes through the scheduler and the client. Events
may get lost: a job without one is shown as Queued until its result is there.
"""

from __future__ import annotations

import json
import os
import queue
import socket
import sys
import time
import uuid
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

#: Bytes of the longest datagram that is read.
_MAX_BYTES = 4096


class StartedEvent(NamedTuple):
    """The start of a task.

    Attributes:
        token: the token of the task.
        time: seconds since 1970, UTC, on the worker's clock.
        place: the process or worker, as text.
    """

    token: str
    time: float
    place: str


class StartedEvents:
    """The receiver of events, which one thread reads.

    Args:
        client: a Dask client whose workers will run the tasks, or None.

    Attributes:
        address: the address that is sent with each task, for ``send_started``.
    """

    def __init__(self, client: Any = None) -> None:
        self._client = client
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind(("127.0.0.1", 0))
        self._socket.setblocking(False)
        self._events: queue.SimpleQueue[Any] = queue.SimpleQueue()
        self.address: dict[str, Any] = {"port": self._socket.getsockname()[1]}
        if client is not None:
            self.address["topic"] = f"qjm-{uuid.uuid4().hex}"
            client.subscribe_topic(self.address["topic"], lambda event: self._events.put(event[1]))

    def read(self) -> Iterator[StartedEvent]:
        """Yield all events that have arrived."""
        with suppress(BlockingIOError):
            while True:
                with suppress(ValueError, TypeError):  # any process on this machine may send anything
                    yield StartedEvent(*json.loads(self._socket.recv(_MAX_BYTES)))
        with suppress(queue.Empty):
            while True:
                yield StartedEvent(*self._events.get_nowait())

    def close(self) -> None:
        """Receive no more events."""
        self._socket.close()
        if self._client is not None and getattr(self._client, "status", "") == "running":
            with suppress(Exception):  # the cluster may be shutting down
                self._client.unsubscribe_topic(self.address["topic"])


def send_started(address: Mapping[str, Any], token: str) -> None:
    """Report, on a worker, that a task has started."""
    now = time.time()
    topic = address.get("topic")
    worker = _dask_worker() if topic is not None else None
    if worker is not None:
        worker.log_event(topic, StartedEvent(token, now, f"on {worker.address}"))
        return
    event = json.dumps(StartedEvent(token, now, f"in process {os.getpid()}"))
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        out.sendto(event.encode(), ("127.0.0.1", int(address["port"])))


def _dask_worker() -> Any:
    """Return the Dask worker that runs this task, or None."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None
