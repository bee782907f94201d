"""Talking to Qiskit job objects, whose ``status`` is an enum, a string or a sloppy answer."""

from __future__ import annotations

import datetime
import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from qjm_widgets.core.bounds import shown
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.errors import NotFoundError, explain

_WORDS = {
    "INITIALIZING": Status.QUEUED,
    "VALIDATING": Status.QUEUED,
    "QUEUED": Status.QUEUED,
    "RUNNING": Status.RUNNING,
    "DONE": Status.DONE,
    "COMPLETED": Status.DONE,
    "ERROR": Status.ERROR,
    "FAILED": Status.ERROR,
    "CANCELLED": Status.CANCELLED,
}

_TOO_LONG = re.compile(r"\b1305\b|ran too long|(maximum|max) execution time", re.I)
"""What providers say of a job that they call cancelled although nobody has cancelled it."""
# In so many characters of what they say, which may have megabytes.
_LOOKED_AT = 10_000


def observe_job(
    job: Any, read: Callable[[Any], JobOutcome], *, local: bool
) -> Observation | BaseException:
    """One job's state; an exception when asking failed.

    Of a job of this process that has ended, the outcome is in it; of a remote one, what fetches it.
    """
    try:
        return _state(job, read, local=local)
    except BaseException as error:  # an interrupt inside one job must not hide the others
        return error


def _state(job: Any, read: Callable[[Any], JobOutcome], *, local: bool) -> Observation | BaseException:
    word = job.status()
    status = _WORDS.get(str(getattr(word, "name", word)).upper())
    if status is None:
        return Observation(None, f"unknown status {shown(word)}")
    if status is Status.QUEUED:
        return Observation(status, queue_position=_told(job, "queue_position"))
    if status is Status.RUNNING:
        return Observation(status, running_at=_times(job).get("running_at"))
    if local:
        return _end(job, status, read, local=True)
    return Observation(status, fetch=functools.partial(_end, job, status, read, local=False))


def _end(
    job: Any, status: Status, read: Callable[[Any], JobOutcome], *, local: bool
) -> Observation | BaseException:
    """The end of a job, with its outcome.

    A remote job that is done but whose result cannot be had now is asked again: calling it failed would
    invite running it twice. What a job of this process raises is final.
    """
    if status is Status.DONE:
        try:
            result = job.result()
        except BaseException as error:
            if not local:
                return error
            found = _failed(error)
        else:
            found = read_done(result, read)
    elif status is Status.ERROR:
        found = _failed_or_late(job, read)
    elif status is Status.CANCELLED and _TOO_LONG.search(
        (why := _word(_told(job, "error_message"))), 0, _LOOKED_AT
    ):
        found = Observation(Status.ERROR, why)
    else:
        found = Observation(status)
    return found._replace(**_times(job), qpu_seconds=_usage(job))


def _failed_or_late(job: Any, read: Callable[[Any], JobOutcome]) -> Observation:
    """The result decides: a PrimitiveJob that has not begun yet calls itself ERROR."""
    try:
        result = job.result()
    except BaseException as error:
        return _failed(error, job)
    return read_done(result, read)


def read_done(result: Any, read: Callable[[Any], JobOutcome]) -> Observation:
    """The end of a job whose result is here."""
    try:
        outcome = read(result)
    except BaseException as error:  # a result that nobody can read is this job's error, not the engine's
        return Observation(Status.ERROR, f"its result cannot be read: {explain(error)}")
    failure = outcome.failure
    return Observation(Status.DONE if failure is None else Status.ERROR, failure, outcome)


def _failed(error: BaseException, job: Any = None) -> Observation:
    # Without a message, the result's own error is what we tell.
    return Observation(Status.ERROR, _word(_told(job, "error_message")) or explain(error))


def _word(value: Any) -> str:
    """Give what a job says as text; empty where it is nothing, or no text can be made of it."""
    try:
        return str(value or "")
    except BaseException:
        return ""


def _told(job: Any, method: str) -> Any:
    """What a job answers where it has the method; None where it has not, or cannot say."""
    try:
        call = getattr(job, method, None)
        return call() if callable(call) else None
    except BaseException:  # it is said beside the status: without it the status still holds
        return None


def _times(job: Any) -> dict[str, Any]:
    """Give when the job ran by its own clock, where it says so: fields of an observation."""
    steps = _told(job, "time_per_step")
    found: dict[str, Any] = {}
    for field, step in (("running_at", "RUNNING"), ("finished_at", "COMPLETED")):
        try:
            moment = steps.get(step) if isinstance(steps, Mapping) else None
            if isinstance(moment, datetime.datetime) and moment.year > 1970:
                found[field] = moment.timestamp()
        except BaseException:  # a foreign mapping, a date that no clock has
            continue
    return found


def _usage(job: Any) -> float | None:
    """Give the seconds of quantum processor time that it used, where it says so."""
    used = _told(job, "usage")
    return used if issubclass(type(used), (int, float)) else None  # isinstance asks the object, too


def cancel_job(job: Any) -> bool:
    """Ask a job to stop; False when it says no or cannot."""
    cancel = getattr(job, "cancel", None)
    if not callable(cancel):
        return False
    return cancel() is not False


def job_id(job: Any) -> str | None:
    """A job's id: a method of jobs, an attribute of some."""
    found = getattr(job, "job_id", None)
    if callable(found):
        found = found()
    return None if found is None else str(found)


def retrieve_job(backend: Any, job_id: str) -> Any:
    """A job that was sent before, from whoever can have jobs back.

    Raises:
        NotFoundError: nobody near the backend can; what they raise themselves passes through.
    """
    for holder, method in _retrievers(backend):
        call = getattr(holder, method, None)
        if callable(call):
            return call(job_id)
    raise NotFoundError(
        f"{type(backend).__name__} cannot have job {job_id} back: it has no retrieve_job and no service"
    )


def _retrievers(backend: Any) -> list[tuple[Any, str]]:
    provider = getattr(backend, "provider", None)
    if callable(provider) and not hasattr(provider, "retrieve_job"):
        provider = provider()
    service = getattr(backend, "service", None)
    return [
        (backend, "retrieve_job"),
        (provider, "retrieve_job"),
        (service, "job"),
        (provider, "job"),
    ]
