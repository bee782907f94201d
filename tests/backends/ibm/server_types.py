"""Jobs, faults, requests and answers of the loopback server."""

from __future__ import annotations

import datetime
import json
import threading
from dataclasses import dataclass, field
from typing import Any

TOKEN = "an-api-key-that-nobody-may-see"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/0123456789abcdef:instance-1::"
SECOND_CRN = CRN.replace("instance-1", "instance-2")
THIRD_CRN = CRN.replace("instance-1", "instance-3")


@dataclass
class Job:
    """A job as the server has it; it is not listed before ``lists_at`` (monotonic seconds)."""

    id: str
    backend: str
    tags: list[str]
    params: Any = None
    status: str = "Queued"
    reason: dict[str, Any] = field(default_factory=dict)
    result: str | None = None
    private: bool = False
    session_id: str | None = None
    program: str = "sampler"
    created: str = ""
    usage: float | None = None
    estimate: float | None = 2.5
    lists_at: float = 0.0
    crn: str = CRN
    """The instance that has it."""

    def as_json(self, *, params: bool) -> dict[str, Any]:
        complete = self.status in ("Completed", "Failed", "Cancelled")
        found = {
            "id": self.id,
            "backend": self.backend,
            "created": self.created,
            "program": {"id": self.program},
            "state": {"status": self.status, **self.reason},
            "status": self.status,
            "tags": self.tags,
            "private": self.private,
            "cost": 10800,
            "usage": {
                "qpu_charge_time_seconds": self.usage or 0,
                "status": "complete" if complete else "pending",
            },
            "estimated_running_time_seconds": self.estimate,
        }
        if self.session_id:
            found["session_id"] = self.session_id
        return found | ({"params": self.params} if params and not self.private else {})

    def metrics(self) -> dict[str, Any]:
        """What the service knows of it: it ran from the fifth to the ninth second after its creation."""
        created = datetime.datetime.fromisoformat(self.created)
        at = [created + datetime.timedelta(seconds=seconds) for seconds in (0, 5, 9)]
        times = [f"{moment:%Y-%m-%dT%H:%M:%S}Z" for moment in at]
        return {
            "timestamps": dict(zip(("created", "running", "finished"), times, strict=True)),
            "usage": {"quantum_seconds": self.usage or 0, "seconds": self.usage or 0},
        }


@dataclass
class Fault:
    """A fault of a request.

    ``after``: the request is carried out first, and only its answer is spoilt. ``drop``: the connection
    is closed without an answer. ``truncate``: the answer's body ends half way. ``delay``: seconds.
    ``gate``: nothing is done before it is opened.
    """

    method: str
    path: str
    times: int = 1
    status: int | None = None
    body: str = ""
    headers: dict[str, str] = field(default_factory=dict)
    after: bool = False
    drop: bool = False
    truncate: bool = False
    delay: float = 0.0
    gate: threading.Event | None = None
    skip: int = 0


@dataclass(frozen=True)
class Request:
    method: str
    path: str
    query: dict[str, list[str]]


class Answer(Exception):  # noqa: N818
    """The answer to a request; raising it ends the handling."""

    def __init__(self, status: int, body: Any = None, headers: dict[str, str] | None = None) -> None:
        self.status = status
        self.text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        self.headers = headers or {}


def error(status: int, code: int, message: str) -> Answer:
    errors = [
        {"code": code, "message": message, "more_info": "https://example.org", "solution": "Wait."}
    ]
    return Answer(status, {"trace": "t-1", "errors": errors})


def check_tags(tags: list[str]) -> list[str]:
    if len(tags) > 8:
        raise error(400, 1204, "Too many tags")
    if any(len(tag) > 86 for tag in tags):
        raise error(400, 1205, "A tag is too long")
    return tags
