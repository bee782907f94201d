"""What users say of a set as a whole: checked, with errors that name the argument."""

from __future__ import annotations

import operator
from collections.abc import Iterable
from typing import Any

from qjm_widgets.errors import InputError

# Seconds; far beyond any machine's life, and still a float.
_MOST = 1e15
_LONGEST_NUMBER = 10**30


def number(value: int) -> str:
    """A whole number as an error names it: Python refuses to write those of thousands of digits."""
    if abs(value) < _LONGEST_NUMBER:
        return str(value)
    return f"{'-' if value < 0 else ''}2**{value.bit_length() - 1} or more"


def whole(value: Any) -> int | None:
    """A whole number as Python's own, whoever made it (NumPy, too); None where it is none."""
    if isinstance(value, bool):
        return None
    try:
        return operator.index(value)
    except TypeError:
        return None


def check_name(name: Any) -> str:
    """A set's name: a string that is not empty."""
    if not isinstance(name, str) or not name.strip():
        raise InputError(f"a name is a string that is not empty, not {name!r}")
    return name


def check_budget(seconds: Any) -> None:
    """A budget: seconds above 0, or None."""
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, (int, float)) or not 0 < seconds < _MOST:
        said = number(seconds) if isinstance(seconds, int) else repr(seconds)
        raise InputError(f"max_qpu_seconds is a number of seconds above 0, not {said}")


def check_tags(tags: Any) -> tuple[str, ...]:
    """Tags: several strings."""
    if isinstance(tags, str) or not isinstance(tags, Iterable):
        raise InputError(f"tags are a list of strings, not {tags!r}")
    found = tuple(tags)
    for tag in found:
        if not isinstance(tag, str):
            raise InputError(f"a tag is a string, not {tag!r}")
    return found
