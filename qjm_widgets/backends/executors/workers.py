"""The workers of an executor of any kind: submit calls, count workers, replace a pool that broke."""

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

#: The assumed number of workers of an executor that does not state it.
_DEFAULT_WORKERS = 32
#: Seconds after which the workers of a cluster are counted again, because they come and go.
_COUNT_SECONDS = 10.0
_KEEP = (
    "keep it open until job_set.wait() returns. job_set.resume(executor=...) with another one, and then "
    "job_set.retry(), runs what is missing"
)


class Workers:
    """The workers of one executor.

    Args:
        executor: any ``concurrent.futures.Executor``, ``Processes``, or a Dask ``Client``.
        own_processes: returns the manager's own processes, which replace a pool that broke.

    Attributes:
        client: the Dask client that the executor uses, or None.
        reports_starts: whether tasks report their start, so that a task without an event waits.
    """

    def __init__(self, executor: Any, own_processes: Callable[[], Processes]) -> None:
        self.client = dask_client(executor)
        self._executor = executor.get_executor(pure=False) if is_client(executor) else executor
        self._own_processes = own_processes
        number = workers_of(self._executor)
        self.reports_starts = self.client is not None or number is not None
        self._number = number or _DEFAULT_WORKERS
        self._counted_at: float | None = None
        self._replacing = threading.Lock()

    def check(self) -> None:
        """Refuse a Dask client that is closed.

        Raises:
            InputError: the client is closed.
        """
        dask_client(self._executor)

    def submit(self, function: Callable[..., Any], *arguments: Any) -> Any:
        """Submit a call and return its future.

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
                # The job was not accepted, but is not at fault: it stays Not sent in the store.
                raise ConnectionRefusedError(str(error)) from error
            raise InvalidStateError(f"the executor accepts no more jobs ({error}): {_KEEP}") from error

    def cancel(self, future: Any) -> None:
        """Stop a call if that is possible; else it runs on, and its result is to be discarded."""
        executor = self._executor
        if isinstance(executor, Processes):
            future.cancel()
            executor.kill(future)
        else:
            with suppress(Exception):  # it may have ended meanwhile
                getattr(future, "abort", future.cancel)()

    def count(self) -> None:
        """Count the workers of a cluster, at most every ten seconds."""
        now = time.monotonic()
        late = self._counted_at is None or now - self._counted_at > _COUNT_SECONDS
        if self.client is not None and late:
            self._counted_at = now
            with suppress(Exception):  # `submit` reports a client that is closed
                self._number = sum(self.client.nthreads().values())

    @property
    def pending_limit(self) -> int:
        """The number of submitted jobs that keeps all workers busy; other jobs can be cancelled."""
        return 2 * max(1, self._number) + 2

    def _replace(self, broken: Any) -> Any:
        """Replace a broken pool, which accepts no calls, by the manager's own processes."""
        with self._replacing:
            if self._executor is broken:
                own_processes = self._own_processes()
                self._executor, self._number, self.reports_starts = (
                    own_processes,
                    own_processes.number,
                    True,
                )
            return self._executor
