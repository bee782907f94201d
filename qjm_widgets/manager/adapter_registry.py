"""The adapters of one manager: one a backend and executor, so that all its sets share pace and queue."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from qjm_widgets import backends
from qjm_widgets.backends.executors.process_pool import Processes
from qjm_widgets.core.ports import BackendAdapter
from qjm_widgets.core.records import JobSetRecord
from qjm_widgets.manager.resume_options import rebuilt_backend


class Adapters:
    """Makes adapters when they are first asked for.

    Args:
        known: backends by which sets may be resumed without naming them.
    """

    def __init__(self, known: Sequence[Any] = ()) -> None:
        self._adapters: dict[tuple[int, object], tuple[tuple[Any, Any], BackendAdapter]] = {}
        self._processes: Processes | None = None
        self._lock = threading.RLock()
        for backend in known:
            self.of(backend)

    def of(self, backend: Any, executor: Any = None, *, rerun: bool | None = None) -> BackendAdapter:
        """The adapter of a backend, with an executor where one is given.

        Raises:
            InputError: nothing can be run with it.
        """
        with self._lock:
            given = (backend, executor)
            key = (id(backend), executor if isinstance(executor, str) else id(executor))
            known = self._adapters.get(key)
            if known is None:
                adapter = backends.resolve(backend)
                if executor is not None:
                    from qjm_widgets.backends.executors.adapter import on_executor

                    adapter = on_executor(adapter, backend, executor, self._own_processes, rerun=rerun)
                known = self._adapters[key] = (given, adapter)
            return known[1]

    def of_set(self, record: JobSetRecord, backend: Any, executor: Any) -> BackendAdapter:
        """The adapter by which a set goes on: without a backend that of one alike, or a simulator's.

        Raises:
            InputError: no backend is known for it.
        """
        if backend is None:
            alike = [
                (given, known)
                for (given, _), known in self._adapters.values()
                if (known.name, known.kind) == (record.backend, record.adapter)
            ]
            if alike and executor is None:
                return alike[0][1]
            backend = alike[0][0] if alike else rebuilt_backend(record)
        return self.of(backend, executor, rerun=record.rerun_on_resume)

    def close(self) -> None:
        """Let go of what adapters hold, and end the processes that were started."""
        for _, adapter in self._adapters.values():
            adapter.close()
        if self._processes is not None:
            self._processes.stop(timeout=2.0)

    def _own_processes(self) -> Processes:
        """Processes of the manager's own, started when first asked for."""
        with self._lock:
            if self._processes is None:
                self._processes = Processes()
            return self._processes
