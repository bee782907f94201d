"""Make the runtime's ``SamplerV2`` with options, check its circuits and classify its errors."""

from __future__ import annotations

import re
import traceback
from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets.backends.sampler_input import check_samplable
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.error_policy import Refusal, chain, judge, retry_after
from qjm_widgets.errors import CircuitError, InputError, ProviderError, explain

#: The only run option that is not an option of the sampler: whether, or in which batch, jobs run.
BATCH = "batch"
#: The calls that the runtime makes before it submits: if one fails, no job was submitted.
_BEFORE_SUBMISSION = frozenset({"cloud_usage", "backend_status", "create_session", "from_id"})
#: The call with which the runtime submits.
_SUBMISSION = "program_run"


def sampler_with(mode: Any, options: Mapping[str, Any]) -> Any:
    """Create a runtime sampler without the deprecation warning that ``SamplerV2(…)`` gives.

    Warnings can be disabled only for the whole process, not for the thread that submits.
    """
    from qiskit.primitives import BaseSamplerV2
    from qiskit_ibm_runtime import SamplerV2
    from qiskit_ibm_runtime.base_primitive import BasePrimitiveV2

    sampler = SamplerV2.__new__(SamplerV2)
    BaseSamplerV2.__init__(sampler)
    BasePrimitiveV2.__init__(sampler, mode=mode, options=dict(options))
    return sampler


def sampler_options() -> frozenset[str]:
    """Return the names of the options of the runtime's sampler, and ``batch``."""
    from qiskit_ibm_runtime.options import SamplerOptions

    names = SamplerOptions.__dataclass_fields__
    return frozenset(name for name in names if not name.startswith("_")) | {BATCH}


def merged_options(own: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the adapter's options for the sampler, overridden by the run options.

    Args:
        own: the adapter's options: ``SamplerOptions``, a dict or None.
        given: the run options.

    Raises:
        InputError: an option is unknown, has a value that the runtime refuses, or is ``job_tags``.
    """
    from qiskit_ibm_runtime.options import SamplerOptions
    from qiskit_ibm_runtime.options.utils import merge_options_v2

    requested = {name: value for name, value in given.items() if name != BATCH}
    try:
        tree: dict[str, Any] = merge_options_v2(own if own is not None else SamplerOptions(), requested)
        SamplerOptions(**tree)
    except (TypeError, ValueError) as error:
        raise InputError(f"the runtime's sampler refuses these options: {error}") from error
    if (tree.get("environment") or {}).get("job_tags"):
        raise InputError("job_tags are given to run as tags=")
    return tree


def check_batch(batch: Any) -> None:
    """Refuse a ``batch=`` that is neither a bool nor the id of a batch."""
    if not isinstance(batch, bool) and not is_batch_id(batch):
        raise InputError(f"batch must be True, False or the id of a batch, not {batch!r}")


def is_batch_id(text: Any) -> bool:
    """Return whether an object is a text that can be the id of a batch.

    The runtime puts the id into a URL without quoting it.
    """
    return isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,100}", text) is not None


def check_circuits(inputs: Sequence[CircuitInput], backend: Any) -> None:
    """Refuse circuits that the device would refuse: without measurements, or not ISA circuits.

    Raises:
        CircuitError: a circuit is refused; the message names it and, if it helps, how to transpile it.
    """
    from qiskit.primitives.containers.sampler_pub import SamplerPub
    from qiskit_ibm_runtime.utils.validations import (
        validate_classical_registers,
        validate_isa_circuits,
        validate_rzz_pubs,
    )

    target = getattr(backend, "target", None)
    for index, circuit_input in enumerate(inputs):
        circuit = circuit_input.circuit
        check_samplable(index, circuit_input)
        pub = SamplerPub(circuit, circuit_input.values, shots=circuit_input.shots)
        try:
            validate_classical_registers([pub])
            if target is not None:
                validate_isa_circuits([circuit], target)
            validate_rzz_pubs([pub])
            if callable(getattr(backend, "check_faulty", None)):
                backend.check_faulty(circuit)
        except Exception as error:
            # Replace the runtime's long advice by a line that the user can copy.
            reason = str(error).strip("'").split(" Circuits that do not match")[0]
            raise CircuitError(
                f"circuit {index} ({circuit.name}) does not fit {backend.name}: {reason}\n"
                "Transpile it for this backend first: "
                "generate_preset_pass_manager(optimization_level=1, backend=backend).run(circuits), "
                "or give such a pass manager to run as pass_manager="
            ) from error


def submission_error(error: Exception, redact: Any) -> Exception:
    """Remove secrets from the error of a submission, and add whether the job may have arrived.

    The runtime repeats a submission after a response 5xx. Even if its last try was refused, an earlier
    one may have been accepted.
    """
    calls = {
        frame.f_code.co_name
        for cause in chain(error)
        for frame, _ in traceback.walk_tb(cause.__traceback__)
    }
    submitted = _SUBMISSION in calls or not calls & _BEFORE_SUBMISSION
    verdict = judge(error)
    in_doubt = (
        verdict.refusal in (Refusal.UNSURE, Refusal.BROKEN_OFF)
        or (verdict.refusal is Refusal.BUSY and _status(error) is None)
        or _was_repeated(error)
    )
    text = redact(explain(error))
    if in_doubt:
        return ProviderError(text, _status(error), retry_after(error), arrived=submitted)
    if text != explain(error):
        return ProviderError(text, _status(error), retry_after(error))
    return error


def _was_repeated(error: Exception) -> bool:
    """Return whether an earlier try of this request failed in a way that the job may have arrived."""
    for cause in chain(error):
        if type(cause).__name__ in ("RetryError", "MaxRetryError"):
            return True
        raw = getattr(getattr(cause, "response", None), "raw", None)
        history = getattr(getattr(raw, "retries", None), "history", None) or ()
        if any((past.status or 500) >= 500 for past in history):
            return True
    return False


def _status(error: Exception) -> int | None:
    for cause in chain(error):
        for holder in (cause, getattr(cause, "response", None)):
            status = getattr(holder, "status_code", None)
            if isinstance(status, int) and status > 0:
                return status
    return None
