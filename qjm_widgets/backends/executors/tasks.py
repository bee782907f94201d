"""Run the task of a job on a worker of an executor: from bytes and texts to packed counts."""

from __future__ import annotations

import hashlib
import importlib
import multiprocessing
import pickle
import platform
import socket
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple

from qjm_widgets.backends.executors.started_events import send_started
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.lost_values import join_notes, note_of_lost
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Span, Status
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import CircuitError, InputError, explain
from qjm_widgets.serialization.circuits import Missing, read_block
from qjm_widgets.serialization.outcomes import encode_outcome

_PYTHON = "Python"
#: The most adapters that a worker's thread keeps.
_KEPT = 4


class Pickled(NamedTuple):
    """A pickled object; ``key`` is the SHA-256 of its data."""

    key: str
    data: bytes


class TaskResult(NamedTuple):
    """The result of a worker for a job that has ended; times are seconds since 1970, UTC.

    ``outcome`` is encoded (``JobOutcome.encode``); ``failed`` is as in ``Observation``.
    """

    status: str
    text: str | None
    outcome: bytes | None
    started_at: float
    finished_at: float
    failed: dict[int, str]
    note: str | None = None


def pickle_for_workers(thing: Any, what: str) -> Pickled:
    """Pickle an object. If cloudpickle is installed, use it, so that a notebook's classes are included.

    Args:
        thing: the object.
        what: the object's name, for the error.

    Raises:
        InputError: the object cannot be pickled.
    """
    dumps = pickle.dumps
    with suppress(ImportError):
        dumps = importlib.import_module("cloudpickle").dumps
    try:
        data = dumps(thing)
    except Exception as error:  # third parties raise anything
        raise InputError(
            f"{what} cannot be sent to the workers of an executor ({explain(error)}): "
            "run it without an executor"
        ) from error
    return Pickled(hashlib.sha256(data).hexdigest(), data)


def versions(thing: Any) -> dict[str, str]:
    """Return the versions that must be the same here and on a worker, so that results are the same.

    They are the versions of this package, of Qiskit and of the simulator, also if a sampler uses it. If
    a class of a notebook is sent as code, Python's version is added: no other Python reads that code.
    """
    kinds = [
        type(candidate).__module__.split(".")[0]
        for candidate in (thing, getattr(thing, "backend", None))
    ]
    packages = ("qjm_widgets", "qiskit", *(_PYTHON if kind == "__main__" else kind for kind in kinds))
    found = {package: _version(package) for package in packages}
    return {package: version for package, version in found.items() if version is not None}


def unpickling_call(task: Mapping[str, Any]) -> tuple[Callable[[bytes], Any], bytes]:
    """Return the function and the argument with which a worker calls ``run_task(task)``.

    Neither refers to a module of this package until the call is made. Otherwise a Dask worker or
    scheduler that cannot import that module would end, instead of refusing the task.
    """
    return pickle.loads, pickle.dumps(_RunsWhenUnpickled(task))


class _RunsWhenUnpickled:
    """An object that runs the task when it is unpickled."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        self._task = task

    def __reduce__(self) -> tuple[Any, ...]:
        return run_task, (self._task,)


def run_task(task: Mapping[str, Any]) -> tuple[Any, ...]:
    """Run one job on a worker; return a ``TaskResult`` as a plain tuple. Errors become results."""
    started_at = time.time()
    try:
        if differing := _differing(task["versions"]):
            return tuple(TaskResult(Status.ERROR.value, differing, None, started_at, time.time(), {}))
        send_started(task["events"], task["token"])
        found = _run(task)
    except Exception as error:
        return tuple(TaskResult(Status.ERROR.value, explain(error), None, started_at, time.time(), {}))
    outcome, failed = found.outcome, dict(found.failed)
    lost: list[str] = []
    if isinstance(outcome, JobOutcome):
        failed = outcome.failed()
        outcome = encode_outcome(outcome, lost, task["span"][0])
    note = join_notes(found.note, note_of_lost(lost))
    status = Status.ERROR if found.status is None else found.status
    return tuple(TaskResult(status.value, found.text, outcome, started_at, time.time(), failed, note))


def _run(task: Mapping[str, Any]) -> Observation:
    inputs = []
    for circuit_input in read_block(CircuitBlock(Span(*task["span"]), *task["circuits"])):
        if isinstance(circuit_input, Missing):
            raise CircuitError(
                f"a circuit of this job cannot be read by the worker: {circuit_input.reason}"
            )
        inputs.append(circuit_input)
    adapter = _adapter(Pickled(*task["backend"]))
    handle = adapter.submit(
        Submission(inputs=inputs, options=pickle.loads(task["options"]), **task["submission"])
    )
    with suppress(Exception):  # observe reports it
        adapter.native_job(handle).result()
    observations: list[Observation | BaseException] = []
    adapter.observe([handle], lambda _, observation: observations.append(observation))
    found = observations[0]
    if isinstance(found, Observation) and found.fetch is not None:
        found = found.fetch()
    if isinstance(found, BaseException):
        raise found
    return found


_kept = threading.local()
_random = {"reseeded": multiprocessing.parent_process() is None}


def _adapter(pickled: Pickled) -> Any:
    """Return the adapter of a backend. Each thread has its own: simulators may not be thread-safe."""
    _reseed_after_fork()
    known: OrderedDict[str, Any] = _kept.__dict__.setdefault("adapters", OrderedDict())
    if pickled.key not in known:
        from qjm_widgets.backends import resolve

        known[pickled.key] = resolve(pickle.loads(pickled.data))
        if len(known) > _KEPT:
            known.popitem(last=False)
    known.move_to_end(pickled.key)
    return known[pickled.key]


def _reseed_after_fork() -> None:
    """Reseed NumPy's global generator, which BasicSimulator uses: a fork copies the parent's."""
    if not _random["reseeded"]:
        import numpy as np

        np.random.seed()
        _random["reseeded"] = True


def _differing(wanted: Mapping[str, str]) -> str | None:
    """Return which packages have other versions here than in the kernel, with advice; or None."""
    installed = {package: _version(package) for package in wanted}
    parts = [
        f"{package} {installed[package] or 'is missing'} instead of {version}"
        for package, version in wanted.items()
        if installed[package] != version
    ]
    if not parts:
        return None
    return (
        f"the worker on {socket.gethostname()} has other versions, so results could differ: "
        f"{', '.join(parts)}. Install the same there, restart its workers, then retry."
    )


def _version(package: str) -> str | None:
    if package == _PYTHON:
        return ".".join(platform.python_version_tuple()[:2])
    try:
        version = getattr(importlib.import_module(package), "__version__", None)
    except ImportError:
        return None
    return version if isinstance(version, str) else None
