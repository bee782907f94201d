"""Errors of every kind that a backend may raise, and what the report of a job says after one."""

from __future__ import annotations

import json
from collections.abc import Callable

import requests
from qiskit.exceptions import QiskitError
from qiskit.providers import JobError, JobTimeoutError


class Mute(Exception):  # noqa: N818 - named after what it does
    """An exception that cannot be converted to text."""

    def __str__(self) -> str:
        raise ValueError("no text")


def answered(status: int, retry_after: str | None = None) -> requests.HTTPError:
    """Return the error that ``requests`` raises for an HTTP status."""
    response = requests.Response()
    response.status_code = status
    if retry_after is not None:
        response.headers["Retry-After"] = retry_after
    return requests.HTTPError(f"{status} Error for url: https://quantum.example/jobs", response=response)


def wrapped(outer: BaseException, inner: BaseException) -> BaseException:
    """Return an error that was raised from another, as providers do."""
    outer.__cause__ = inner
    return outer


KINDS: dict[str, Callable[[], BaseException]] = {
    "broken connection": lambda: ConnectionResetError("gone"),
    "connection": lambda: requests.ConnectionError("gone"),
    "no network": lambda: wrapped(requests.ConnectionError("x"), ConnectionRefusedError("nobody")),
    "time-out": lambda: TimeoutError("no answer"),
    "read time-out": lambda: requests.ReadTimeout("no answer"),
    **{f"http {n}": lambda n=n: answered(n) for n in (400, 401, 404, 409, 413, 429, 500, 502, 503)},
    "http 429, wait": lambda: answered(429, "7"),
    "http 503, wait": lambda: answered(503, "7"),
    "unreadable answer": lambda: json.JSONDecodeError("Expecting value", "<html>", 0),
    "qiskit": lambda: QiskitError("wrong circuit"),
    "qiskit over http": lambda: wrapped(QiskitError("not submitted"), answered(502)),
    "job": lambda: JobError("the job broke"),
    "job time-out": lambda: JobTimeoutError("slow"),
    "key": lambda: KeyError("id"),
    "attribute": lambda: AttributeError("'NoneType' object has no attribute 'id'"),
    "runtime": lambda: RuntimeError("something"),
    "memory": lambda: MemoryError(),
    "exit": lambda: SystemExit(1),
    "interrupt": lambda: KeyboardInterrupt(),
    "mute": lambda: Mute(),
}
WAITS = {"no network", "http 429", "http 429, wait"}
"""It was not accepted, and may be later."""
ODD = {"unreadable answer", "key", "memory", "exit", "interrupt"}
"""The call broke off by itself, perhaps after the job was accepted."""
UNANSWERED = {
    *("broken connection", "connection", "time-out", "read time-out", "qiskit over http"),
    *("http 500", "http 502", "http 503", "http 503, wait"),
}
"""It may have been accepted, and the server may answer later."""
DOUBTFUL = sorted(UNANSWERED | ODD)
TEMPORARY = UNANSWERED | WAITS
