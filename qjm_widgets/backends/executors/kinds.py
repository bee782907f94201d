"""The differences between executors: kind, number of workers, errors of dead workers."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any

from qjm_widgets.backends.executors.process_pool import Processes, WorkerDiedError
from qjm_widgets.errors import InputError, explain

MEMORY = "It may need more memory than a worker has: run fewer circuits in a job, or use larger workers."
#: ipyparallel's errors for a job of an engine that died.
_DEATHS = frozenset({"EngineError", "TaskAborted"})


def is_client(thing: Any) -> bool:
    """Return whether an object is a Dask client."""
    return _is_dask(thing) and hasattr(thing, "get_executor")


def dask_client(executor: Any) -> Any:
    """Return the Dask client that an executor is or uses; None if it is not of Dask.

    Raises:
        InputError: the client is asynchronous or closed.
    """
    if not _is_dask(executor):
        return None
    client = executor if is_client(executor) else getattr(executor, "_client", None)
    if getattr(client, "asynchronous", False):
        raise InputError("this Dask Client is asynchronous: give one made without asynchronous=True")
    if is_closed(client):
        raise InputError("this Dask Client is closed: give one that is open")
    return client


def is_closed(client: Any) -> bool:
    """Return whether a Dask client accepts no more tasks."""
    return getattr(client, "status", "") in ("closing", "closed")


def _is_dask(thing: Any) -> bool:
    return any(kind.__module__.split(".")[0] == "distributed" for kind in type(thing).__mro__)


def workers_of(executor: Any) -> int | None:
    """Return how many workers a ``Processes`` or an executor of the standard library has.

    None if the number is unknown.
    """
    if isinstance(executor, Processes):
        return executor.number
    number = getattr(executor, "_max_workers", None)
    standard = type(executor).__module__.startswith("concurrent.futures.")
    return number if standard and isinstance(number, int) else None


def is_worker_death(error: BaseException) -> bool:
    """Return whether a task was lost because its worker died, so that another may run it."""
    if isinstance(error, (BrokenExecutor, WorkerDiedError, CancelledError)):
        return True
    return getattr(error, "ename", type(error).__name__) in _DEATHS


def task_error_text(error: BaseException) -> str:
    """Return why a task could not be run at all, with advice."""
    text = explain(error)
    if "No module named 'qjm_widgets" in text:
        return f"{text}: install qjm_widgets on the workers, in the version of this kernel, then retry"
    if type(error).__name__ == "KilledWorker":
        return f"{text}\n{MEMORY}"
    return text
