"""Jobs of the runtime: the batch that they run in, and the errors of their submission."""

from __future__ import annotations

import re
import traceback
from typing import Any

from qjm_widgets.core.error_policy import Refusal, chain, judge, retry_after
from qjm_widgets.errors import BackendError, InputError, ProviderError, explain

#: The calls that the runtime makes before it submits: if one fails, no job was submitted.
_BEFORE_SUBMISSION = frozenset({"cloud_usage", "backend_status", "create_session", "from_id"})
#: The functions in which a job of the program ``executor`` is prepared, before all others: by the
#: runtime's newer primitives, by this package, and by the runtime's encoder of programs.
_PREPARATION = re.compile(r"prepare|run_input|quantum_program_to_\w+")
#: The call with which the runtime submits.
_SUBMISSION = "program_run"


def check_batch(batch: Any) -> None:
    """Refuse a ``batch=`` that is neither a bool nor the id of a batch."""
    if not isinstance(batch, bool) and not is_batch_id(batch):
        raise InputError(f"batch must be True, False or the id of a batch, not {batch!r}")


def is_batch_id(text: Any) -> bool:
    """Return whether an object is a text that can be the id of a batch.

    The runtime puts the id into a URL without quoting it.
    """
    return isinstance(text, str) and re.fullmatch(r"[A-Za-z0-9_-]{1,100}", text) is not None


def submission_error(error: Exception, redact: Any) -> Exception:
    """Remove secrets from the error of a submission, and add whether the job may have arrived.

    The runtime repeats a submission after a response 5xx. Even if its last try was refused, an earlier
    one may have been accepted.
    """
    calls = {
        frame.f_code.co_name
        for each in chain(error)
        for frame, _ in traceback.walk_tb(each.__traceback__)
    }
    if any(map(_PREPARATION.fullmatch, calls)) and not calls & {_SUBMISSION, *_BEFORE_SUBMISSION}:
        return BackendError(f"the runtime could not prepare it: {redact(explain(error))}")
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
    for each in chain(error):
        if type(each).__name__ in ("RetryError", "MaxRetryError"):
            return True
        raw = getattr(getattr(each, "response", None), "raw", None)
        history = getattr(getattr(raw, "retries", None), "history", None) or ()
        if any((past.status or 500) >= 500 for past in history):
            return True
    return False


def _status(error: Exception) -> int | None:
    for each in chain(error):
        for holder in (each, getattr(each, "response", None)):
            status = getattr(holder, "status_code", None)
            if isinstance(status, int) and status > 0:
                return status
    return None
