"""What an error of a submission means: wait, look it up, cut smaller, or give up with advice.

The question that decides everything is whether the backend may have the job. An error that arrives
before anything was sent, or a refusal in words (429), leaves no doubt; a broken connection or a server
error does.
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
    """Stand for an exception that raises when it is looked at; it may be no ``Exception`` either."""


class Refusal(enum.Enum):
    """What to do about a failed submission."""

    BUSY = "busy"
    """It was not accepted, and may be later: wait and send again."""
    PENDING_LIMIT = "pending limit"
    """It was not accepted, because too many jobs are pending: wait until one has ended."""
    TOO_LARGE = "too large"
    """It was not accepted, and never will be in this size: cut it in halves."""
    TOO_MANY_SHOTS = "too many shots"
    """It was not accepted, and never will be with so many shots: cut them."""
    UNSURE = "unsure"
    """It may have been accepted: look it up, never repeat it blindly."""
    LASTING = "lasting"
    """It was not accepted, and sending it again would not help."""
    ODD = "odd"
    """The call broke off for a reason of its own: the answer may have been on its way."""

    @property
    def temporary(self) -> bool:
        """Whether asking the same again may help."""
        return self in (Refusal.BUSY, Refusal.PENDING_LIMIT, Refusal.UNSURE)


class Verdict(NamedTuple):
    """A refusal, its text with advice, and how many seconds the server asked to wait."""

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
    r"|exceeds?[^.]{0,40}(maximum|limit)[^.]{0,40}(circuits|experiments|executions|payload|size)",
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
# By the name of a class or of one that it is derived from.
_NOT_REACHED = frozenset(
    {"NewConnectionError", "ConnectTimeoutError", "ConnectTimeout", "ConnectError", "gaierror"}
)
_NOT_REACHED_NUMBERS = frozenset({errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN})
_BROKEN = re.compile(
    r"Connection|Timeout|Protocol|Remote|Incomplete|Chunked|Decoding|SSL|NetworkError|BadStatus"
)
# Characters of an error's text in which its reason has to be; it may have megabytes.
_LOOKED_AT = 10_000
# Of a number of shots: Python makes no integer of thousands of them.
_MOST_DIGITS = 18
_UNREADABLE = frozenset({"JSONDecodeError", "UnicodeError", "LookupError", "MemoryError"})


def readable(error: BaseException) -> BaseException:
    """The exception of a third party, or one with its words where looking at it raises.

    It is made on the thread of the call: what decides for all sets meets no exception of its kind.
    """
    try:
        judge(error)
    except BaseException:
        return UnreadableError(explain(error))
    return error


def judge(error: BaseException) -> Verdict:
    """What to do about an exception that a submission raised."""
    text = explain(error)
    status = _http_status(error)
    if isinstance(error, ProviderError) and error.arrived is not None:
        doubt = Refusal.UNSURE if error.arrived else Refusal.BUSY
        return Verdict(doubt, text, retry_after(error))
    words = text[:_LOOKED_AT]
    if _PENDING.search(words) or any("JobLimit" in type(e).__name__ for e in chain(error)):
        return Verdict(Refusal.PENDING_LIMIT, text, retry_after(error))
    if status == 413 or _LARGE.search(words):
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
            return Verdict(broken, text + _advice(status, words))
        if _is_odd(error):
            return Verdict(Refusal.ODD, text)
    return Verdict(Refusal.LASTING, text + _advice(status, words))


def shots_limit(text: str, shots: int) -> int | None:
    """How many shots a backend takes at once, by the words of its refusal; None: not a matter of that.

    Args:
        text: of the refusal.
        shots: with how many it was refused. The limit is below, and so the largest number below it that
            the text names; where it names none and calls them too many, half of them are tried.
    """
    text = text[:_LOOKED_AT]
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


def _advice(status: int | None, text: str) -> str:
    if status in (401, 403) or _CREDENTIALS.search(text):
        return "\nCheck the account's credentials, then retry."
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return "\nThe server's certificate is not trusted here: check proxy and clock, then retry."
    if _USAGE.search(text):
        return (
            "\nThe account's usage limit is reached: retry when it is renewed, or use another account."
        )
    return ""


def chain(error: BaseException) -> Iterator[BaseException]:
    """The error, what caused it, and so on."""
    seen: set[int] = set()
    current: BaseException | None = error
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        yield current
        current = current.__cause__ or current.__context__


def _broken_connection(error: BaseException) -> Refusal | None:
    """What became of a submission whose connection broke; None where none did.

    The outermost error that is more than a wrapper tells: what stands behind it may be an earlier try.
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
    """Whether a connection broke after the request had gone out."""
    return any(name.startswith(("Read", "Remote", "Incomplete", "Chunked")) for name in names)


def _is_odd(error: BaseException) -> bool:
    """Whether it may have come after the request: an interrupt, or an answer nobody understood."""
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
    """Seconds: a number, or the time until a date, from the server's Retry-After."""
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
    """An attribute, or None: those of a third party's exceptions may be properties that raise."""
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
        # The server's own clock says how far away its date is.
        until = email.utils.parsedate_to_datetime(str(value))
        return max(0.0, (until - email.utils.parsedate_to_datetime(str(sent))).total_seconds())
    except (TypeError, ValueError):
        return None
