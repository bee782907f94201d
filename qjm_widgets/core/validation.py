"""Checks of the arguments for a whole set; the errors name the argument."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from qjm_widgets.errors import InputError

#: The limit of a budget in seconds; it is longer than the life of any machine.
_MOST = 1e15
#: From this integer on, errors show an integer as a power of 2.
_LONGEST_NUMBER = 10**30


def number(value: int) -> str:
    """Return an integer as text for an error; a large one is shortened.

    Python refuses to write thousands of digits.
    """
    if abs(value) < _LONGEST_NUMBER:
        return str(value)
    return f"{'-' if value < 0 else ''}2**{value.bit_length() - 1} or more"


def as_integer(value: Any) -> int | None:
    """Return an integer of any type, such as NumPy's, as a Python integer; None for other values."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def check_name(name: Any, what: str = "a name") -> str:
    """Return the name of a set or of a group; refuse one that is not a string or is blank."""
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"{what} must be a string that is not empty, not {name!r}")
    return name


def check_budget(seconds: Any) -> None:
    """Refuse a budget unless it is None or a number of seconds above 0."""
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < _MOST:
        text = number(seconds) if isinstance(seconds, int) else repr(seconds)
        raise InputError(f"max_qpu_seconds is a number of seconds above 0, not {text}")


def check_tags(tags: Any) -> tuple[str, ...]:
    """Return tags as a tuple; refuse tags that are not a collection of strings."""
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise InputError(f"tags are a list of strings, not {tags!r}")
    found = tuple(tags)
    for tag in found:
        if not isinstance(tag, str):
            raise InputError(f"a tag is a string, not {tag!r}")
    return found
