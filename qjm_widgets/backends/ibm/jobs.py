"""Convert IBM Quantum's descriptions of jobs and results."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.backends.ibm.executor_primitives import PROGRAM
from qjm_widgets.backends.ibm.primitives import ESTIMATOR, RuntimePrimitive
from qjm_widgets.backends.ibm.program_executor import EXECUTOR
from qjm_widgets.backends.ibm.runtime_primitives import primitive_of_program
from qjm_widgets.core.error_policy import is_too_large
from qjm_widgets.core.job_tags import identity_in, parse_identity
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.provider_port import RemoteJob
from qjm_widgets.core.records import Status
from qjm_widgets.errors import ProviderError, explain
from qjm_widgets.serialization.execution_spans import read_time
from qjm_widgets.serialization.primitive_result import read_primitive_result
from qjm_widgets.serialization.program_result import read_program_result

_STATUSES = {
    "queued": Status.QUEUED,
    "running": Status.RUNNING,
    "completed": Status.DONE,
    "failed": Status.ERROR,
    "cancelled": Status.CANCELLED,
}
#: IBM Quantum's code for a job that was cancelled because it ran too long.
_RAN_TOO_LONG = "1305"
#: The roles that a sampler and an estimator give to their quantum programs.
SAMPLES, ESTIMATES = "sampler_v2", "estimator_v2"


def read_job(job: Mapping[str, Any]) -> RemoteJob:
    """Convert the API's description of a job; missing or invalid fields are left out."""
    tags = job.get("tags")
    texts = tuple(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else ()
    session_id = job.get("session_id")
    primitive = _primitive(job, texts)
    return RemoteJob(
        job_id=str(job.get("id")),
        backend=str(job.get("backend") or ""),
        tags=texts,
        created_at=read_time(job.get("created")) or 0.0,
        observation=read_state(job),
        batch_id=session_id if isinstance(session_id, str) else None,
        adapter="" if primitive is None else primitive.kind,
        estimates=primitive is not None and primitive.estimates,
    )


def _primitive(job: Mapping[str, Any], tags: Sequence[str]) -> RuntimePrimitive | None:
    """Return the primitive of a job; None if it is unknown.

    The program ``executor`` names its primitive in the job's input, which lists do not have. Then our
    tags tell whether it is an estimator, or runs a program of the user's.
    """
    program = job.get("program")
    name = program.get("id") if isinstance(program, Mapping) else None
    described = quantum_program(job)
    role = described.get("semantic_role")
    identity = parse_identity(identity_in(tags) or "")
    of_user = identity.program if identity is not None else bool(described) and role is None
    if name == PROGRAM and of_user:
        return EXECUTOR
    estimates = name == ESTIMATOR.program or role == ESTIMATES
    return primitive_of_program(
        str(name), estimates=estimates or (identity is not None and identity.estimates)
    )


def quantum_program(job: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the quantum program in a job's input; empty if the input has none or was not requested."""
    params = job.get("params")
    program = params.get("quantum_program") if isinstance(params, Mapping) else None
    return program if isinstance(program, Mapping) else {}


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
    # IBM Quantum validates a job after it has accepted it. One that was found too large did not run.
    too_large = status is Status.ERROR and not used and is_too_large(text or "")
    return Observation(
        status,
        text,
        too_large=too_large,
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


def read_metrics(metrics: Mapping[str, Any]) -> dict[str, float]:
    """Convert the API's metrics of a job to fields of its record; missing values are left out."""
    found: dict[str, float] = {}
    times, usage = metrics.get("timestamps"), metrics.get("usage")
    for field, name in (("sent_at", "created"), ("running_at", "running"), ("finished_at", "finished")):
        at = read_time(times.get(name)) if isinstance(times, Mapping) else None
        if at is not None:
            found[field] = at
    names = ("qpu_charge_time_seconds", "quantum_seconds", "seconds")
    used = [_seconds(usage.get(name)) for name in names] if isinstance(usage, Mapping) else []
    known = [seconds for seconds in used if seconds is not None]
    return found | {"qpu_seconds": known[0]} if known else found


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


def read_result(text: str, names: Sequence[str], job_id: str) -> JobOutcome:
    """Read the outcome from the text of the result of a job of a sampler or an estimator.

    Raises:
        ProviderError: the text is not JSON, perhaps because it is incomplete; it can be fetched again.
        ValueError: the text is the result of another program, or of an unknown version of ``executor``.
    """
    from qiskit.primitives import PrimitiveResult
    from qiskit_ibm_runtime.json import RuntimeDecoder, RuntimeEncoder

    try:
        result = json.loads(text, cls=RuntimeDecoder)
    except json.JSONDecodeError as error:
        raise ProviderError(f"the result of job {job_id} is not JSON: {error}") from None
    if isinstance(result, Mapping) and "schema_version" in result:
        result = _primitive_result(text, result)
    if not isinstance(result, PrimitiveResult):
        raise ValueError(f"it is a {type(result).__name__}, not a sampler's or an estimator's")
    # Convert execution spans and the like to plain trees, which can be stored.
    metadata = json.loads(json.dumps(result.metadata, cls=RuntimeEncoder))
    plain = PrimitiveResult(list(result), metadata=metadata)
    return read_primitive_result(plain, names, job_id)


def _primitive_result(text: str, model: Mapping[str, Any]) -> Any:
    """Return the result of a job of the program ``executor`` as its primitive makes it.

    Args:
        text: the result.
        model: the same, decoded as JSON.

    Raises:
        ValueError: it cannot be decoded, perhaps because the runtime here does not know its version.
    """
    from qiskit.primitives import PrimitiveResult
    from qiskit_ibm_runtime.decoders.defaults import DEFAULT_DECODERS

    found: Any = text
    try:
        for decoder in DEFAULT_DECODERS[PROGRAM]:
            if decoder.is_applicable(found):
                found = decoder.decode(found)
    except Exception as error:  # a lasting one of any type, as the text is complete
        raise ValueError(explain(error)) from error
    if isinstance(found, PrimitiveResult):
        # The times of execution, which the runtime's own classes hold, as the service sent them.
        found.metadata["executor"] = model.get("metadata")
    return found


def read_program_text(text: str, names: Sequence[str], job_id: str) -> JobOutcome:
    """Read the outcome from the text of the result of a quantum program of the user's.

    Raises:
        ProviderError: the text is not JSON, perhaps because it is incomplete; it can be fetched again.
        ValueError: the text is the result of another program, or of an unknown version of ``executor``.
    """
    from qiskit_ibm_runtime.decoders.executor.decoder import ExecutorResultDecoder

    try:
        json.loads(text)
    except json.JSONDecodeError as error:
        raise ProviderError(f"the result of job {job_id} is not JSON: {error}") from None
    try:
        result = ExecutorResultDecoder.decode(text)
    except Exception as error:  # a lasting one of any type, as the text is complete
        raise ValueError(explain(error)) from error
    return read_program_result(result, names, job_id)
