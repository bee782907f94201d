"""The adapters of one manager: one for each backend and executor, so that sets share their limits."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from qjm_widgets import backends
from qjm_widgets.backends.executors.process_pool import Processes
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.records import JobSetRecord
from qjm_widgets.interfaces.backend import ManagedBackend
from qjm_widgets.interfaces.managed import unwrapped
from qjm_widgets.manager.resume_options import rebuilt_backend


class Adapters:
    """The adapters of one manager, which are made when they are first needed and then kept.

    Args:
        known: backends that ``resume`` finds by name.
    """

    def __init__(self, known: Sequence[Any] = ()) -> None:
        self._adapters: dict[tuple[object, ...], tuple[tuple[Any, Any], BackendAdapter]] = {}
        self._processes: Processes | None = None
        self._lock = threading.RLock()
        for backend in known:
            self.of(backend)

    def of(self, backend: Any, executor: Any = None, *, rerun: bool | None = None) -> BackendAdapter:
        """Return the adapter of a backend and, if one is given, an executor.

        Raises:
            InputError: the backend or the executor cannot run circuits.
        """
        with self._lock:
            given = (backend, executor)
            plain = unwrapped(backend)
            resolve = backends.resolve
            if isinstance(backend, ManagedBackend):
                resolve = backends.resolve_backend
            key = (id(plain), resolve, executor if isinstance(executor, str) else id(executor))
            known = self._adapters.get(key)
            if known is None:
                adapter = resolve(plain)
                if executor is not None:
                    from qjm_widgets.backends.executors.adapter import on_executor

                    adapter = on_executor(adapter, plain, executor, self._own_processes, rerun=rerun)
                known = self._adapters[key] = (given, adapter)
            else:
                known[1].refresh()
            return known[1]

    def of_set(self, record: JobSetRecord, backend: Any, executor: Any) -> BackendAdapter:
        """Return the adapter with which a set is resumed.

        Without a backend, it is the adapter of a known backend of the same name and kind, or of a
        simulator that is made again.

        Raises:
            InputError: no backend is known for it.
        """
        if backend is None:
            matching = [
                (given, known)
                for (given, _), known in self._adapters.values()
                if (known.name, known.kind) == (record.backend, record.adapter)
            ]
            if matching and executor is None:
                return matching[0][1]
            backend = matching[0][0] if matching else rebuilt_backend(record)
        return self.of(backend, executor, rerun=record.rerun_on_resume)

    def close(self) -> None:
        """Close the adapters, and end the processes that were started."""
        for _, adapter in self._adapters.values():
            adapter.close()
        if self._processes is not None:
            self._processes.stop(timeout=2.0)

    def _own_processes(self) -> Processes:
        """Return the manager's own pool of processes, which the first call makes."""
        with self._lock:
            if self._processes is None:
                self._processes = Processes()
            return self._processes
