"""A job as a worker of an executor runs it: plain bytes and texts in, packed counts out."""

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

from qjm_widgets.backends.executors.started_events import send
from qjm_widgets.core.lost_values import join_notes, note_of_lost
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.ports import CircuitBlock, Observation, Submission
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import CircuitError, InputError, explain
from qjm_widgets.serialization.circuits import Missing, read_block
from qjm_widgets.serialization.outcomes import encode_outcome

_PYTHON = "Python"
_KEPT = 4
"""How many backends a worker's thread keeps ready."""


class Parcel(NamedTuple):
    """An object on its way to the workers: ``key`` tells it from every other."""

    key: str
    data: bytes


class Answer(NamedTuple):
    """What a worker says of a job that has ended; times are seconds since 1970, UTC.

    ``outcome`` is encoded (``JobOutcome.encode``); ``failed`` is as in ``Observation``.
    """

    status: str
    text: str | None
    outcome: bytes | None
    began: float
    ended: float
    failed: dict[int, str]
    note: str | None = None


def pack(thing: Any, what: str) -> Parcel:
    """Make ready what workers need; classes of a notebook travel too where cloudpickle is installed.

    Raises:
        InputError: it cannot leave this process; ``what`` names it.
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
    return Parcel(hashlib.sha256(data).hexdigest(), data)


def versions(thing: Any) -> dict[str, str]:
    """What has to be the same here and on a worker for the same results.

    Ours, Qiskit's, that of the simulator, also behind a sampler; and Python's where a class of a
    notebook travels as code, which no other Python reads.
    """
    kinds = [type(each).__module__.split(".")[0] for each in (thing, getattr(thing, "backend", None))]
    packages = ("qjm_widgets", "qiskit", *(_PYTHON if kind == "__main__" else kind for kind in kinds))
    found = {package: _version(package) for package in packages}
    return {package: version for package, version in found.items() if version is not None}


def call_of(task: Mapping[str, Any]) -> tuple[Callable[[bytes], Any], bytes]:
    """The function and the argument that make a worker call ``run_task(task)``.

    Nothing in them names a module of ours before the call is made: a Dask worker or scheduler that
    cannot import what a task names does not refuse the task, it ends.
    """
    return pickle.loads, pickle.dumps(_Deferred(task))


class _Deferred:
    """Unpickling it is running the task."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        self._task = task

    def __reduce__(self) -> tuple[Any, ...]:
        return run_task, (self._task,)


def run_task(task: Mapping[str, Any]) -> tuple[Any, ...]:
    """On a worker: run one job; an ``Answer`` as a plain tuple. It raises nothing on purpose."""
    began = time.time()
    try:
        if differing := _differing(task["versions"]):
            return tuple(Answer(Status.ERROR.value, differing, None, began, time.time(), {}))
        send(task["mailbox"], task["token"])
        found = _run(task)
    except Exception as error:
        return tuple(Answer(Status.ERROR.value, explain(error), None, began, time.time(), {}))
    outcome, failed = found.outcome, dict(found.failed)
    lost: list[str] = []
    if isinstance(outcome, JobOutcome):
        failed = outcome.failed()
        outcome = encode_outcome(outcome, lost, task["span"][0])
    note = join_notes(found.note, note_of_lost(lost))
    status = Status.ERROR if found.status is None else found.status
    return tuple(Answer(status.value, found.text, outcome, began, time.time(), failed, note))


def _run(task: Mapping[str, Any]) -> Observation:
    works = []
    for work in read_block(CircuitBlock(Span(*task["span"]), *task["circuits"])):
        if isinstance(work, Missing):
            raise CircuitError(f"a circuit of this job cannot be read by the worker: {work.reason}")
        works.append(work)
    adapter = _adapter(Parcel(*task["backend"]))
    handle = adapter.submit(
        Submission(works=works, options=pickle.loads(task["options"]), **task["submission"])
    )
    with suppress(Exception):  # whatever it is, observing tells it
        adapter.native_job(handle).result()
    answers: list[Observation | BaseException] = []
    adapter.observe([handle], lambda _, answer: answers.append(answer))
    found = answers[0]
    if isinstance(found, Observation) and found.fetch is not None:
        found = found.fetch()
    if isinstance(found, BaseException):
        raise found
    return found


_ready = threading.local()
_chance = {"fresh": multiprocessing.parent_process() is None}


def _adapter(parcel: Parcel) -> Any:
    """The adapter of a backend, made once for each thread: simulators are not made to be shared."""
    _refresh_chance()
    known: OrderedDict[str, Any] = _ready.__dict__.setdefault("adapters", OrderedDict())
    if parcel.key not in known:
        from qjm_widgets.backends import resolve

        known[parcel.key] = resolve(pickle.loads(parcel.data))
        if len(known) > _KEPT:
            known.popitem(last=False)
    known.move_to_end(parcel.key)
    return known[parcel.key]


def _refresh_chance() -> None:
    """After a fork NumPy's global generator, which BasicSimulator uses, is a copy of the parent's."""
    if not _chance["fresh"]:
        import numpy as np

        np.random.seed()
        _chance["fresh"] = True


def _differing(wanted: Mapping[str, str]) -> str | None:
    """Which packages are others here than where the job comes from, and what to do."""
    here = {package: _version(package) for package in wanted}
    parts = [
        f"{package} {here[package] or 'is missing'} instead of {version}"
        for package, version in wanted.items()
        if here[package] != version
    ]
    if not parts:
        return None
    return (
        f"the worker on {socket.gethostname()} has other versions, so results could differ: "
        f"{', '.join(parts)}. Install the same there, start its workers anew, then retry."
    )


def _version(package: str) -> str | None:
    if package == _PYTHON:
        return ".".join(platform.python_version_tuple()[:2])
    try:
        version = getattr(importlib.import_module(package), "__version__", None)
    except ImportError:
        return None
    return version if isinstance(version, str) else None
