"""Find credentials by the names of options and by patterns of text; a bundle must not have them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

_REMOVED = b"(removed)"
_PARTS = (
    *("token", "apikey", "password", "passwd", "passphrase", "secret", "credential", "authorization"),
    *("bearer", "cookie", "privatekey", "accesskey"),
)
# An instance is a CRN (cloud resource name), which identifies the account; proxies may hold passwords.
_NAMES = frozenset({"auth", "key", "pwd", "crn", "instance", "serviceinstance", "proxies", "headers"})

# A foreign text may have megabytes of anything, so the time of the search must be linear in its length.
# So each pattern begins with its literal, and ends at the latest where the next match could begin.
_PATTERNS: dict[bytes, re.Pattern[bytes]] = {
    # IBM Cloud: an instance of an account.
    b"crn:v1:": re.compile(rb"crn:v1:(?<!\wcrn:v1:)\S++"),
    # A JSON web token.
    b"eyj": re.compile(rb"eyj(?<![\w-]eyj)[\w-]{10,}+\.[\w-]++\.[\w-]++"),
    # https://user:password@host
    b"://": re.compile(rb"://[^\s/:@]++:[^\s/@]++(?=@)"),
    **{
        scheme + b" ": re.compile(rb"%b(?<!\w%b)\s++[\w.+/=-]{16,}+" % (scheme, scheme))
        for scheme in (b"bearer", b"basic", b"apikey")
    },
    **{
        name: re.compile(rb"""%b[\w-]{0,64}+["']?+\s*+[=:]\s*+["']?+[^\s"',;&)]{6,}+""" % name)
        for name in (
            *(b"token", b"apikey", b"api_key", b"api-key"),
            *(b"password", b"passwd", b"secret", b"credential"),
        )
    },
}
_WORD = b"abcdefghijklmnopqrstuvwxyz0123456789_-"
# A token of the retired IBM Quantum Experience is a run of 128 hexadecimal digits. To find such runs,
# each hexadecimal digit is replaced by "f", and every other byte by 0.
_DIGITS = b"f" * 128
_AS_DIGITS = bytes(ord("f") if chr(code) in "0123456789abcdef" else 0 for code in range(256))
_RUN = re.compile(rb"f++")


def keep_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the run options that a bundle may have, and the names of the others."""
    kept = {name: value for name, value in options.items() if not _is_secret(name, value)}
    return kept, tuple(name for name in options if name not in kept)


def redacted(text: str | None) -> str | None:
    """Return a text, such as an error message, without everything that looks like a credential."""
    if text is None:
        return None
    data = text.encode("utf-8", "surrogatepass")
    parts = []
    at = 0
    for start, end in sorted(_found(data)):
        if start >= at:
            parts += [data[at:start], _REMOVED]
        at = max(at, end)
    return b"".join((*parts, data[at:])).decode("utf-8", "surrogatepass") if parts else text


def _found(data: bytes) -> Iterator[tuple[int, int]]:
    """Yield the start and end of each credential in a text, in bytes; credentials may overlap."""
    text = data.lower()  # lower case of bytes, unlike that of str, keeps positions
    for literal, pattern in _PATTERNS.items():
        if literal.strip() not in text:
            continue
        done = 0
        for match in pattern.finditer(text):
            start, end = match.span()
            if literal == b"://":
                start += len(literal)
            elif start > done and text[start - 1] in _WORD:  # include the complete name: access_token=…
                start = done + len(text[done:start].rstrip(_WORD))
            yield start, end
            done = end
    digits = text.translate(_AS_DIGITS)
    start = digits.find(_DIGITS)
    while start >= 0:
        run = _RUN.match(digits, start)
        assert run is not None
        yield run.span()
        start = digits.find(_DIGITS, run.end())


def _is_secret(name: str, value: Any) -> bool:
    plain = "".join(character for character in name.lower() if character.isalnum())
    if plain in _NAMES or any(part in plain for part in _PARTS):
        return value is not None
    if isinstance(value, str):
        return next(_found(value.encode("utf-8", "surrogatepass")), None) is not None
    if isinstance(value, Mapping):
        return any(_is_secret(str(key), inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return any(_is_secret("", inner) for inner in value)
    return False
