"""Convert IBM Quantum's descriptions of jobs and results."""

from __future__ import annotations

import datetime
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.core.observation import Observation
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.core.records import Status
from qjm_widgets.errors import ProviderError
from qjm_widgets.serialization.primitive_result import read_primitive_result

_STATUSES = {
    "queued": Status.QUEUED,
    "running": Status.RUNNING,
    "completed": Status.DONE,
    "failed": Status.ERROR,
    "cancelled": Status.CANCELLED,
}
#: IBM Quantum's code for a job that was cancelled because it ran too long.
_RAN_TOO_LONG = "1305"
#: The program of jobs that give expectation values.
ESTIMATES = "estimator"


def read_job(job: Mapping[str, Any]) -> RemoteJob:
    """Convert the API's description of a job; missing or invalid fields are left out."""
    tags = job.get("tags")
    session_id = job.get("session_id")
    program = job.get("program")
    return RemoteJob(
        job_id=str(job.get("id")),
        backend=str(job.get("backend") or ""),
        tags=tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else (),
        created_at=_time(job.get("created")),
        observation=read_state(job),
        batch_id=session_id if isinstance(session_id, str) else None,
        estimates=isinstance(program, Mapping) and program.get("id") == ESTIMATES,
    )


def read_state(job: Mapping[str, Any]) -> Observation:
    """Convert the API's state of a job.

    An unknown word gives no status, so that the job is polled again. "Cancelled - Ran too long" becomes
    Error. The text of another cancelled job is for one that this package did not cancel. The observation
    has no times, so the time of the poll is used.
    """
    state = job.get("state")
    state = state if isinstance(state, Mapping) else {}
    word = str(state.get("status") or job.get("status") or "")
    status = _STATUSES.get(word.lower().split(" ")[0])
    code = state.get("reason_code")
    if status is None:
        return Observation(None, f"IBM Quantum reports the unknown status {word!r}: polled again")
    if status is Status.CANCELLED and str(code) == _RAN_TOO_LONG:
        status = Status.ERROR
    text = None
    if status is Status.ERROR:
        text = _reason(state, code) or "it failed, and IBM Quantum gives no reason"
    elif status is Status.CANCELLED:
        text = f"cancelled at IBM Quantum, not from here: {_reason(state, code) or 'no reason is given'}"
    usage = job.get("usage")
    usage = usage if isinstance(usage, Mapping) else {}
    used = _seconds(usage.get("qpu_charge_time_seconds")) if usage.get("status") == "complete" else None
    estimate = _seconds(job.get("estimated_running_time_seconds"))
    return Observation(
        status,
        text,
        estimated_seconds=estimate,
        qpu_seconds=used,
        note=_note(status, used, estimate),
    )


def _reason(state: Mapping[str, Any], code: Any) -> str:
    parts = [str(state["reason"])] if state.get("reason") else []
    if code is not None:
        parts.append(f"(code {code})")
    if state.get("reason_solution"):
        parts.append(str(state["reason_solution"]))
    return " ".join(parts)


def _note(status: Status, used: float | None, estimate: float | None) -> str | None:
    if used is not None:
        return f"{used:.3g} s of QPU time"
    if estimate is not None and status.remote:
        return f"about {estimate:.3g} s of QPU time expected"
    return None


def _seconds(value: Any) -> float | None:
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return float(value) if math.isfinite(value) and value >= 0 else None


def _time(text: Any) -> float:
    try:
        time = datetime.datetime.fromisoformat(str(text))
    except ValueError:
        return 0.0
    return (time if time.tzinfo else time.replace(tzinfo=datetime.UTC)).timestamp()


def read_result(text: str, names: Sequence[str], job_id: str) -> JobOutcome:
    """Read the outcome from the text of a job's result.

    Raises:
        ProviderError: the text is not JSON, perhaps because it is incomplete; it can be fetched again.
        ValueError: the text is not a result of a sampler or an estimator.
    """
    from qiskit.primitives import PrimitiveResult
    from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder

    try:
        result = json.loads(text, cls=RuntimeDecoder)
    except json.JSONDecodeError as error:
        raise ProviderError(f"the result of job {job_id} is not JSON: {error}") from None
    if not isinstance(result, PrimitiveResult):
        raise ValueError(f"it is a {type(result).__name__}, not a primitive's")
    # Convert execution spans and the like to plain trees, which can be stored.
    metadata = json.loads(json.dumps(result.metadata, cls=RuntimeEncoder))
    plain = PrimitiveResult(list(result), metadata=metadata)
    return read_primitive_result(plain, names, job_id)
