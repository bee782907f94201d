"""What differs between executors: who they are, how many workers they have, how their workers die."""

from __future__ import annotations

from concurrent.futures import BrokenExecutor, CancelledError
from typing import Any

from qjm_widgets.backends.executors.process_pool import Processes, WorkerDiedError
from qjm_widgets.errors import InputError, explain

MEMORY = "It may need more memory than a worker has: run fewer circuits in a job, or use larger workers."
_DIED = frozenset({"EngineError", "TaskAborted"})
"""What ipyparallel says of a job whose engine is gone."""


def is_client(thing: Any) -> bool:
    """Whether it is a Dask client itself, or of a kind made from one."""
    return _is_dasks(thing) and hasattr(thing, "get_executor")


def dask_client(executor: Any) -> Any:
    """The Dask client that an executor is, or stands on; else None."""
    if not _is_dasks(executor):
        return None
    client = executor if is_client(executor) else getattr(executor, "_client", None)
    if getattr(client, "asynchronous", False):
        raise InputError("this Dask Client is asynchronous: give one made without asynchronous=True")
    if is_closed(client):
        raise InputError("this Dask Client is closed: give one that is open")
    return client


def is_closed(client: Any) -> bool:
    """Whether a Dask client takes no more tasks."""
    return getattr(client, "status", "") in ("closing", "closed")


def _is_dasks(thing: Any) -> bool:
    return any(kind.__module__.split(".")[0] == "distributed" for kind in type(thing).__mro__)


def workers_of(executor: Any) -> int | None:
    """How many workers an executor of the standard library or of ours has; None: it does not tell."""
    if isinstance(executor, Processes):
        return executor.number
    number = getattr(executor, "_max_workers", None)
    standard = type(executor).__module__.startswith("concurrent.futures.")
    return number if standard and isinstance(number, int) else None


def is_death(error: BaseException) -> bool:
    """Whether a task was lost with its worker, and may be given to another."""
    if isinstance(error, (BrokenExecutor, WorkerDiedError, CancelledError)):
        return True
    return getattr(error, "ename", type(error).__name__) in _DIED


def explained(error: BaseException) -> str:
    """Why a task could not be run at all, with advice."""
    text = explain(error)
    if "No module named 'qjm_widgets" in text:
        return f"{text}: install qjm_widgets on the workers, in the version that is here, then retry"
    if type(error).__name__ == "KilledWorker":
        return f"{text}\n{MEMORY}"
    return text
