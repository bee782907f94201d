"""How tasks tell that they have begun, from wherever they run.

On this machine by a datagram, so that a worker that is killed can leave no lock behind, as a
``multiprocessing.Queue`` would; in a Dask cluster through the scheduler and the client. Reports may get
lost: a job whose report is missing is shown as queued until its result is there.
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

_LONGEST = 4096


class Report(NamedTuple):
    """A task has begun: which, when (seconds since 1970, UTC, on the worker's clock), and where."""

    token: str
    at: float
    where: str


class Mailbox:
    """Where the reports of tasks arrive; read by one thread.

    Args:
        client: a Dask client whose workers will run the tasks, or None.

    Attributes:
        address: goes with each task; ``send`` finds the mailbox by it.
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

    def read(self) -> Iterator[Report]:
        """All reports that have arrived."""
        with suppress(BlockingIOError):
            while True:
                with suppress(ValueError, TypeError):  # anybody on this machine may send anything
                    yield Report(*json.loads(self._socket.recv(_LONGEST)))
        with suppress(queue.Empty):
            while True:
                yield Report(*self._events.get_nowait())

    def close(self) -> None:
        """Take no more reports."""
        self._socket.close()
        if self._client is not None and getattr(self._client, "status", "") == "running":
            with suppress(Exception):  # the cluster may be on its way out
                self._client.unsubscribe_topic(self.address["topic"])


def send(address: Mapping[str, Any], token: str) -> None:
    """Tell a mailbox that a task begins here."""
    at = time.time()
    topic = address.get("topic")
    worker = _dask_worker() if topic is not None else None
    if worker is not None:
        worker.log_event(topic, Report(token, at, f"on {worker.address}"))
        return
    report = json.dumps(Report(token, at, f"in process {os.getpid()}"))
    with suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as out:
        out.setblocking(False)
        out.sendto(report.encode(), ("127.0.0.1", int(address["port"])))


def _dask_worker() -> Any:
    """The Dask worker that runs this task, or None."""
    if "distributed" not in sys.modules:
        return None
    from distributed import get_worker

    try:
        return get_worker()
    except ValueError:
        return None
