"""What must not leave in a bundle: credentials, known by the names of options and the looks of text."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

_REMOVED = "(removed)"
_PARTS = (
    *("token", "apikey", "password", "passwd", "passphrase", "secret", "credential", "authorization"),
    *("bearer", "cookie", "privatekey", "accesskey"),
)
# An instance is a CRN, which names the account; proxies hold passwords.
_NAMES = frozenset({"auth", "key", "pwd", "crn", "instance", "serviceinstance", "proxies", "headers"})
_TEXT = re.compile(
    r"""
      \bcrn:v1:\S+                                   # IBM Cloud: an instance of an account
    | \beyJ[\w-]{10,}\.[\w-]+\.[\w-]+                # a JSON web token
    | \b[0-9a-f]{128}\b                              # a token of the retired IBM Quantum Experience
    | (?i:\b(?:bearer|basic|apikey)\s+(?-i:[\w.+/=-]{16,}))
    | (?<=://)[^\s/:@]+:[^\s/@]+(?=@)                # https://user:password@host
    | (?i:[\w-]*(?:token|api[_-]?key|password|passwd|secret|credential)[\w-]*["']?\s*[=:]\s*["']?)
      [^\s"',;&)]{6,}
    """,
    re.VERBOSE,
)


def keep_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """The run options that may leave, and the names of the others."""
    kept = {name: value for name, value in options.items() if not _is_secret(name, value)}
    return kept, tuple(name for name in options if name not in kept)


def redacted(text: str | None) -> str | None:
    """A text, such as an error message, without what looks like a credential."""
    return None if text is None else _TEXT.sub(_REMOVED, text)


def _is_secret(name: str, value: Any) -> bool:
    plain = "".join(character for character in name.lower() if character.isalnum())
    if plain in _NAMES or any(part in plain for part in _PARTS):
        return value is not None
    if isinstance(value, str):
        return _TEXT.search(value) is not None
    if isinstance(value, Mapping):
        return any(_is_secret(str(key), inner) for key, inner in value.items())
    if isinstance(value, (list, tuple)):
        return any(_is_secret("", inner) for inner in value)
    return False
