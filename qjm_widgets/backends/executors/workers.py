"""The workers of an executor of any kind: they take calls, are counted, and replaced when they break."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor
from contextlib import suppress
from typing import Any

from qjm_widgets.backends.executors.kinds import dask_client, is_client, is_closed, workers_of
from qjm_widgets.backends.executors.process_pool import Processes
from qjm_widgets.errors import InvalidStateError

_UNTOLD = 32
"""How many workers an executor is taken to have that does not tell."""
_COUNT_SECONDS = 10.0
"""The workers of a cluster, which come and go, are counted again after so long."""
_KEEP = (
    "keep it open until job_set.wait() returns. job_set.resume(executor=...) with another one, and then "
    "job_set.retry(), runs what is missing"
)


class Workers:
    """Whoever computes for an executor.

    Args:
        executor: any ``concurrent.futures.Executor``, ``Processes``, or a Dask ``Client``.
        spare: gives processes of the manager's own, which take the place of a pool that broke.

    Attributes:
        client: the Dask client that the executor stands on, or None.
        told: whether it is known of every task if it runs.
    """

    def __init__(self, executor: Any, spare: Callable[[], Processes]) -> None:
        self.client = dask_client(executor)
        self._executor = executor.get_executor(pure=False) if is_client(executor) else executor
        self._spare = spare
        number = workers_of(self._executor)
        self.told = self.client is not None or number is not None
        self._number = number or _UNTOLD
        self._counted_at: float | None = None
        self._swapping = threading.Lock()

    def check(self) -> None:
        """Refuse a client that was closed.

        Raises:
            InputError: it was.
        """
        dask_client(self._executor)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """The future of a call.

        Raises:
            InvalidStateError: the executor was shut down, or the client closed.
            ConnectionRefusedError: the interpreter is ending.
        """
        if is_closed(self.client):
            raise InvalidStateError(f"the Dask client was closed: {_KEEP}")
        executor = self._executor
        try:
            return executor.submit(function, *arguments)
        except BrokenExecutor:
            return self._replace(executor).submit(function, *arguments)
        except RuntimeError as error:
            if "interpreter" in str(error):
                # Not accepted, and no fault of the job's: it stays in the store as not sent.
                raise ConnectionRefusedError(str(error)) from error
            raise InvalidStateError(f"the executor takes no more jobs ({error}): {_KEEP}") from error

    def take_back(self, future: Any) -> None:
        """Stop a call where that is possible; elsewhere it goes on, for nothing."""
        executor = self._executor
        if isinstance(executor, Processes):
            future.cancel()
            executor.kill(future)
        else:
            with suppress(Exception):  # it may be over by now, which is as well
                getattr(future, "abort", future.cancel)()

    def count(self) -> None:
        """Ask a cluster how many workers it has, now and then."""
        now = time.monotonic()
        late = self._counted_at is None or now - self._counted_at > _COUNT_SECONDS
        if self.client is not None and late:
            self._counted_at = now
            with suppress(Exception):  # of a client that is gone, `submit` tells
                self._number = sum(self.client.nthreads().values())

    @property
    def pending_limit(self) -> int:
        """Jobs enough for all workers; what is not with the executor can still be cancelled."""
        return 2 * max(1, self._number) + 2

    def _replace(self, broken: Any) -> Any:
        """Go on with processes of the manager's own: a pool that broke never works again."""
        with self._swapping:
            if self._executor is broken:
                spare = self._spare()
                self._executor, self._number, self.told = spare, spare.number, True
            return self._executor
