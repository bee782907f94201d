"""Poll Qiskit job objects; their ``status`` may be an enum, a string or something else."""

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

_STATUSES = {
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

#: The messages of providers for a job with status "cancelled" that nobody cancelled.
_TOO_LONG = re.compile(r"\b1305\b|ran too long|(maximum|max) execution time", re.I)
#: The most characters of a message that are searched: it may have megabytes.
_SEARCHED = 10_000


def observe_job(
    job: Any, read: Callable[[Any], JobOutcome], *, local: bool
) -> Observation | BaseException:
    """Return the observation of one job; an exception if the poll failed.

    If the job has ended, the observation of a local job has its outcome, that of a remote job ``fetch``.
    """
    try:
        return _state(job, read, local=local)
    except BaseException as error:  # an interrupt inside one job must not hide the others
        return error


def _state(job: Any, read: Callable[[Any], JobOutcome], *, local: bool) -> Observation | BaseException:
    reported = job.status()
    status = _STATUSES.get(str(getattr(reported, "name", reported)).upper())
    if status is None:
        return Observation(None, f"unknown status {shown(reported)}")
    if status is Status.QUEUED:
        return Observation(status, queue_position=_call_if_present(job, "queue_position"))
    if status is Status.RUNNING:
        return Observation(status, running_at=_times(job).get("running_at"))
    if local:
        return _end(job, status, read, local=True)
    return Observation(status, fetch=functools.partial(_end, job, status, read, local=False))


def _end(
    job: Any, status: Status, read: Callable[[Any], JobOutcome], *, local: bool
) -> Observation | BaseException:
    """Return the final state of a job, with its outcome.

    If the result of a remote job that is done cannot be fetched now, return the error, so that the job
    is polled again: if it became Error, it might be run twice. An error of a local job is final.

    The times and the usage are asked for before the result: some jobs drop their result, to fetch it
    again, when they are asked for their times.
    """
    facts = {**_times(job), "qpu_seconds": _usage(job)}
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
        (why := _text(_call_if_present(job, "error_message"))), 0, _SEARCHED
    ):
        found = Observation(Status.ERROR, why)
    else:
        found = Observation(status)
    return found._replace(**facts)


def _failed_or_late(job: Any, read: Callable[[Any], JobOutcome]) -> Observation:
    """Return the final state of a job that reports ERROR, by its result.

    A PrimitiveJob that has not started yet reports ERROR, too.
    """
    try:
        result = job.result()
    except BaseException as error:
        return _failed(error, job)
    return read_done(result, read)


def read_done(result: Any, read: Callable[[Any], JobOutcome]) -> Observation:
    """Return the final state of a job from its result."""
    try:
        outcome = read(result)
    except BaseException as error:  # an unreadable result is an error of this job alone
        return Observation(Status.ERROR, f"its result cannot be read: {explain(error)}")
    failure = outcome.failure
    return Observation(Status.DONE if failure is None else Status.ERROR, failure, outcome)


def _failed(error: BaseException, job: Any = None) -> Observation:
    # Without a message, use the error that reading the result raised.
    return Observation(Status.ERROR, _text(_call_if_present(job, "error_message")) or explain(error))


def _text(value: Any) -> str:
    """Return a value as text; empty if the value is empty or cannot be converted."""
    try:
        return str(value or "")
    except BaseException:
        return ""


def _call_if_present(job: Any, method: str) -> Any:
    """Call a method of a job; return None if the job does not have it, or if it raises an error."""
    try:
        call = getattr(job, method, None)
        return call() if callable(call) else None
    except BaseException:  # the value is optional: the status is valid without it
        return None


def _times(job: Any) -> dict[str, Any]:
    """Return when the job ran, if it states that by its own clock, as fields of an observation."""
    steps = _call_if_present(job, "time_per_step")
    found: dict[str, Any] = {}
    for field, step in (("running_at", "RUNNING"), ("finished_at", "COMPLETED")):
        try:
            moment = steps.get(step) if isinstance(steps, Mapping) else None
            if isinstance(moment, datetime.datetime) and moment.year > 1970:
                found[field] = moment.timestamp()
        except BaseException:  # any mapping, and dates outside the range of clocks
            continue
    return found


def _usage(job: Any) -> float | None:
    """Return the seconds of quantum processor time that a job used; None if unknown."""
    used = _call_if_present(job, "usage")
    # isinstance would also read the object's __class__, which may raise.
    return used if issubclass(type(used), (int, float)) else None


def cancel_job(job: Any) -> bool:
    """Request a cancellation; return False if the job refuses it or has no ``cancel``."""
    cancel = getattr(job, "cancel", None)
    if not callable(cancel):
        return False
    return cancel() is not False


def job_id(job: Any) -> str | None:
    """Return a job's id, from its method or attribute ``job_id``; None if it has none."""
    found = getattr(job, "job_id", None)
    if callable(found):
        found = found()
    return None if found is None else str(found)


def retrieve_job(backend: Any, job_id: str) -> Any:
    """Return a job that was submitted before, from the backend, its provider or its service.

    Errors that they raise themselves are not caught.

    Raises:
        NotFoundError: none of them can retrieve jobs.
    """
    for holder, method in _retrievers(backend):
        call = getattr(holder, method, None)
        if callable(call):
            return call(job_id)
    raise NotFoundError(
        f"{type(backend).__name__} cannot retrieve job {job_id}: it has no retrieve_job and no service"
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
