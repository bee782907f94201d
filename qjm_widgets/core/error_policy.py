"""Classify errors of submissions: wait, reconcile, cut the job, or let it fail with advice.

A job must not be submitted again while the backend may have it. The backend does not have the job if the
error occurred before anything was sent, or if the backend refused the job (for example, HTTP status
429). After a broken connection or a server error, it may have the job.
"""

from __future__ import annotations

import email.utils
import enum
import errno
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from qjm_widgets.errors import ProviderError, QJMError, explain


class UnreadableError(BaseException):
    """The replacement of an exception whose attributes raise when they are read."""


class Refusal(enum.Enum):
    """The kinds of failed submissions."""

    #: The job was not accepted now: wait, then submit it again.
    BUSY = "busy"
    #: The job was not accepted, because too many jobs are pending: wait until one has ended.
    PENDING_LIMIT = "pending limit"
    #: The job was not accepted, because it is too large: cut it in halves.
    TOO_LARGE = "too large"
    #: The job was not accepted, because it has too many shots: cut them.
    TOO_MANY_SHOTS = "too many shots"
    #: The job may have been accepted: reconcile it before it is submitted again.
    UNSURE = "unsure"
    #: The job was not accepted, and no other job of the account will be, until the user does something:
    #: the credentials are refused, or the account's usage limit is reached.
    ACCOUNT = "account"
    #: The job was not accepted, and submitting it again would not help.
    LASTING = "lasting"
    #: The call was interrupted, or its answer could not be read: the job may have been accepted.
    BROKEN_OFF = "odd"

    @property
    def temporary(self) -> bool:
        """Whether the same request may succeed later."""
        return self in (Refusal.BUSY, Refusal.PENDING_LIMIT, Refusal.UNSURE)


class Verdict(NamedTuple):
    """The kind of a refusal, its text with advice, and the seconds to wait if the server requests it."""

    refusal: Refusal
    text: str
    retry_after: float | None = None


_PENDING = re.compile(
    r"\b3458\b|pending jobs|job limit|(maximum|limit).{0,30}(pending|concurrent|queued) jobs", re.I
)
_LARGE = re.compile(
    r"(payload|request|job|input)[^.]{0,40}too (large|big)"
    r"|too (large|big)[^.]{0,40}(payload|request|job)"
    r"|too many (circuits|experiments|executions|pubs)"
    r"|number of (circuits|experiments|executions|pubs)[^.]{0,60}(exceed|greater|larger|more than|limit)"
    r"|exceed(s|ed|ing)?[^.]{0,40}(maximum|limit)"
    r"[^.]{0,40}(circuits|experiments|executions|payload|size|gates|instructions)"
    r"|(gates|instructions|payload)[^.]{0,60}(exceed|(beyond|above|over) the (maximum|limit))"
    r"|too many [^.]{0,30}(gates|instructions)"
    r"|(split|smaller number of)[^.]{0,30}(circuits|experiments|pubs)[^.]{0,40}\bjobs?\b"
    # IBM Quantum's codes for too many two-qubit gates and for too large a payload.
    r"|(code\W{1,4}|error_codes#)(1520|5302)\b",
    re.I,
)
_SHOTS = re.compile(
    r"\bshots?\b[^.;\n]{0,80}(must|exceed|range|max|limit|at most|no more|greater|larger"
    r"|(more|less|fewer|smaller|lower) than|too (many|large|high)|above|between|not in|<|≤|up to|only)"
    r"|(too many|max|limit|at most|up to|more than|only|exceed|no more than)[^.;\n]{0,40}\bshots?\b"
    r"|\bshots?\b[^.;\n]{0,20}\d\s*[>≥]=?\s*\d|\binvalid (number of )?shots\b"
    r"|\bmax_shots\b|\bshots?[_ ]?limit\b",
    re.I,
)
_TOO_MANY = re.compile(r"too (many|large|high)|exceed|greater|larger|more than|above", re.I)
_BELOW = re.compile(r"(less|fewer|smaller|lower) than(?! or equal)|below|under|<(?!=)", re.I)
_ALLOWANCE = re.compile(r"quota|credit|daily|monthly|remaining|budget|per (day|month)", re.I)
_CREDENTIALS = re.compile(r"\b(1200|1201)\b|unauthori[sz]ed|not authori[sz]ed|credential", re.I)
_USAGE = re.compile(r"usage limit|quota|out of (credit|time)|limit[^.]{0,30}reached", re.I)
_NETWORK_PACKAGES = ("requests", "urllib3", "httpx", "httpcore", "http", "socket", "aiohttp", "ssl")
# Names of exceptions or of their bases.
_NOT_REACHED = frozenset(
    {"NewConnectionError", "ConnectTimeoutError", "ConnectTimeout", "ConnectError", "gaierror"}
)
_NOT_REACHED_NUMBERS = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_BROKEN = re.compile(
    r"Connection|Timeout|Protocol|Remote|Incomplete|Chunked|Decoding|SSL|NetworkError|BadStatus"
)
#: Characters of an error's text that are searched for its reason; a text may have megabytes.
_SEARCHED = 10_000
#: The most digits of a number of shots; Python refuses to read an integer with thousands of digits.
_MOST_DIGITS = 18
_UNREADABLE = frozenset({"JSONDecodeError", "UnicodeError", "LookupError", "MemoryError"})


def readable(error: BaseException) -> BaseException:
    """Return the exception, or an ``UnreadableError`` with its text if ``judge`` cannot read it.

    Each call to a backend does this on its own thread, so that no such exception reaches the engine's
    thread.
    """
    try:
        judge(error)
    except BaseException:
        return UnreadableError(explain(error))
    return error


def judge(error: BaseException) -> Verdict:
    """Classify an exception that a submission raised."""
    text = explain(error)
    status = _http_status(error)
    if isinstance(error, ProviderError) and error.arrived is not None:
        doubt = Refusal.UNSURE if error.arrived else Refusal.BUSY
        return Verdict(doubt, text, retry_after(error))
    words = text[:_SEARCHED]
    if _PENDING.search(words) or any("JobLimit" in type(e).__name__ for e in chain(error)):
        return Verdict(Refusal.PENDING_LIMIT, text, retry_after(error))
    if status == 413 or is_too_large(text):
        return Verdict(Refusal.TOO_LARGE, text)
    if _SHOTS.search(words) and not _ALLOWANCE.search(words):
        return Verdict(Refusal.TOO_MANY_SHOTS, text)
    if status in (408, 425, 429):
        return Verdict(Refusal.BUSY, text, retry_after(error))
    if status is not None and status >= 500:
        return Verdict(Refusal.UNSURE, text, retry_after(error))
    if status is None:
        broken = _broken_connection(error)
        if broken is not None:
            return Verdict(broken, text + _advice(words))
        if _broke_off(error):
            return Verdict(Refusal.BROKEN_OFF, text)
    account = _refused_account(status, words)
    if account is not None:
        return Verdict(Refusal.ACCOUNT, f"{account}\n{text}")
    return Verdict(Refusal.LASTING, text + _advice(words))


def is_too_large(text: str) -> bool:
    """Return whether a text says that a job is too large."""
    return _LARGE.search(text[:_SEARCHED]) is not None


def shots_limit(text: str, shots: int) -> int | None:
    """Return the limit of shots that a refusal names; None if it has no limit, or another reason.

    The limit is the largest number in the text that is below the refused shots. If the text has no such
    number but says that the shots are too many, the limit is half of them.

    Args:
        text: the text of the refusal.
        shots: the refused number of shots.
    """
    text = text[:_SEARCHED]
    if not _SHOTS.search(text) or _ALLOWANCE.search(text):
        return None
    found = [re.sub("[,_']", "", digits) for digits in re.findall(r"\d[\d,_']*", text)]
    numbers = [int(digits) for digits in found if len(digits) <= _MOST_DIGITS]
    if _BELOW.search(text):
        numbers = [number - 1 if number != shots else number for number in numbers]
    limit = max((number for number in numbers if 1 < number < shots), default=0)
    if not limit and _TOO_MANY.search(text):
        limit = shots // 2
    return limit or None


def _refused_account(status: int | None, text: str) -> str | None:
    """Return why the account is refused, and what the user can do; None if the refusal is of the job."""
    # A usage limit is refused with the status of missing credentials.
    if _USAGE.search(text):
        return "the account's usage limit is reached\nRetry when it is renewed, or use another account."
    if status in (401, 403) or _CREDENTIALS.search(text):
        return "the account's credentials are refused\nCheck them, then retry."
    return None


def _advice(text: str) -> str:
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "\nThe server's certificate is not trusted here: check proxy and clock, then retry."
    return ""


def chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error, its cause or context, the cause or context of that error, and so on."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _broken_connection(error: BaseException) -> Refusal | None:
    """Classify a broken connection; return None if the error is not a broken connection.

    The outermost error that is more than a wrapper decides, because its causes may be from earlier
    tries.
    """
    found = None
    for each in chain(error):
        kinds = type(each).__mro__
        names = {kind.__name__ for kind in kinds}
        if "SSLCertVerificationError" in names:
            return Refusal.LASTING
        if (
            isinstance(each, ConnectionRefusedError)
            or names & _NOT_REACHED
            or (isinstance(each, OSError) and each.errno in _NOT_REACHED_NUMBERS)
        ):
            return Refusal.BUSY
        foreign = any(
            kind.__module__.split(".")[0] in _NETWORK_PACKAGES and _BROKEN.search(kind.__name__)
            for kind in kinds
        )
        if foreign or isinstance(each, (ConnectionError, TimeoutError)):
            found = Refusal.UNSURE
            if not (foreign or type(each) is ConnectionError) or _is_read(names):
                return found
    return found


def _is_read(names: set[str]) -> bool:
    """Return whether the names of an error's classes say that its request had been sent."""
    return any(name.startswith(("Read", "Remote", "Incomplete", "Chunked")) for name in names)


def _broke_off(error: BaseException) -> bool:
    """Return whether a call was interrupted or its answer unreadable; the request may have arrived."""
    if isinstance(error, QJMError):
        return False
    if not isinstance(error, Exception):
        return True
    return any(kind.__name__ in _UNREADABLE for kind in type(error).__mro__)


def _http_status(error: BaseException) -> int | None:
    for each in chain(error):
        for holder in (each, _get(each, "response")):
            for name in ("status_code", "http_status"):
                status = _get(holder, name)
                if isinstance(status, int) and 400 <= status < 600:
                    return status
    return None


def retry_after(error: BaseException) -> float | None:
    """Return the seconds to wait by the server's Retry-After (a number or a date); None without it."""
    for each in chain(error):
        for holder in (each, _get(each, "response")):
            headers = _get(holder, "headers")
            found: Mapping[Any, Any] = headers if isinstance(headers, Mapping) else {}
            value = _get(holder, "retry_after")
            if value is None:
                value = found.get("Retry-After")
            if value is not None:
                return _seconds(value, found.get("Date"))
    return None


def _get(thing: Any, name: str) -> Any:
    """Return an attribute; None if it is missing or raises, as attributes of foreign exceptions may."""
    try:
        return getattr(thing, name, None)
    except Exception:
        return None


def _seconds(value: Any, sent: Any) -> float | None:
    try:
        seconds = float(value)
        return max(0.0, seconds) if math.isfinite(seconds) else None
    except (TypeError, ValueError, OverflowError):
        pass
    try:
        # A date is compared with the server's own clock, which its Date header gives.
        until = email.utils.parsedate_to_datetime(str(value))
        return max(0.0, (until - email.utils.parsedate_to_datetime(str(sent))).total_seconds())
    except (TypeError, ValueError):
        return None
