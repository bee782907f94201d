"""JSON from untrusted files: it is parsed within limits, and each field is read with its type."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

from qjm_widgets.core.record_fields import MAX_INTEGER, SHORT_TEXT

T = TypeVar("T")
P = ParamSpec("P")

#: Limit of the depth of nested lists and objects. A deeper tree could exhaust the stack of a later
#: reader.
DEPTH = 64
#: Limit of the number of values in one text; even a short text can be large in memory.
_NODES = 10_000_000


class RefusalError(ValueError):
    """A bundle was refused; a message has the name of the bundle, then this error's text."""


def parse(data: bytes, where: str, *, strict: bool = True) -> Any:
    """Return the value of a JSON text.

    Args:
        data: the text as UTF-8.
        where: a name of the text, for messages.
        strict: refuse NaN, infinities and duplicate names, which are not standard JSON but which Python
            can read.

    Raises:
        RefusalError: the text is not such JSON, has too many values, or is nested too deeply.
    """
    if data.count(b",") + data.count(b"[") + data.count(b"{") > _NODES:
        raise RefusalError(f"{where} has too many values")
    try:
        tree = json.loads(data.decode("utf-8"), **(_STRICT if strict else {}))
    except RecursionError:
        raise RefusalError(f"{where} is nested too deeply") from None
    except ValueError as error:
        raise RefusalError(f"{where} is not valid JSON: {error}") from error
    check_depth(tree, where)
    return tree


def check_depth(tree: Any, where: str) -> None:
    """Refuse lists and objects that are nested beyond ``DEPTH``."""
    level = [tree]
    for _ in range(DEPTH):
        level = [inner for value in level for inner in _inside(value)]
        if not level:
            return
    raise RefusalError(f"{where} is nested too deeply")


def _inside(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        return [inner for inner in value.values() if isinstance(inner, (dict, list, tuple))]
    if isinstance(value, (list, tuple)):
        return [inner for inner in value if isinstance(inner, (dict, list, tuple))]
    return ()


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    tree = dict(pairs)
    if len(tree) < len(pairs):
        raise ValueError("a name occurs twice")
    return tree


def _no_constant(text: str) -> Any:
    raise ValueError(f"{text} is no number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"{text[:20]} is too large")
    return value


_STRICT: dict[str, Any] = {
    "object_pairs_hook": _unique,
    "parse_constant": _no_constant,
    "parse_float": _finite,
}


class Fields:
    """The fields of a JSON object; each is read once and checked.

    Args:
        tree: the parsed value, which must be an object.
        where: a name of the object, for messages.

    Raises:
        RefusalError: the value is not an object. Each method that reads a field raises it if the field
            is missing or wrong.
    """

    def __init__(self, tree: Any, where: str) -> None:
        if not isinstance(tree, dict):
            raise RefusalError(f"{where} is not an object")
        self._tree = dict(tree)
        self._where = where

    def take(self, name: str, *kinds: type) -> Any:
        """Return a field of exactly one of these types; a bool is not an int."""
        if name not in self._tree:
            raise RefusalError(f"{self._where} has no {name!r}")
        value = self._tree.pop(name)
        if type(value) not in kinds:
            raise self.bad(name, f"is of the wrong type ({type(value).__name__})")
        return value

    def text(self, name: str, most: int = SHORT_TEXT) -> str:
        """Return a string of at most ``most`` characters that can be encoded as UTF-8."""
        value: str = self.take(name, str)
        if len(value) > most:
            raise self.bad(name, f"is longer than {most:,} characters")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise self.bad(name, "has a lone surrogate")
        return value

    def integer(self, name: str, least: int = 0, most: int = MAX_INTEGER) -> int:
        """Return an integer from ``least`` to ``most``, both included."""
        value: int = self.take(name, int)
        if not least <= value <= most:
            raise self.bad(name, f"is not in {least:,} to {most:,}")
        return value

    def seconds(self, name: str) -> float:
        """Return seconds: a duration, or a time since 1970 before the year 9000."""
        value = float(self.take(name, int, float))
        if not 0 <= value <= 2.2e11:
            raise self.bad(name, "is not a time")
        return value

    def real(self, name: str) -> float:
        """Return any finite number."""
        value = self.take(name, int, float)
        if not -sys.float_info.max <= value <= sys.float_info.max:
            raise self.bad(name, "is too large")
        return float(value)

    def flag(self, name: str) -> bool:
        """Return true or false."""
        return bool(self.take(name, bool))

    def texts(self, name: str, most: int = 10_000) -> tuple[str, ...]:
        """Return a list of at most ``most`` strings."""
        values = self.take(name, list)
        if len(values) > most or not all(isinstance(value, str) for value in values):
            raise self.bad(name, f"is not a list of at most {most:,} strings")
        return tuple(values)

    def integers(self, name: str, most: int = 10_000_000) -> tuple[int, ...]:
        """Return a list of at most ``most`` integers from 0 to below ``MAX_INTEGER``."""
        values = self.take(name, list)
        if len(values) > most or not all(
            type(value) is int and 0 <= value < MAX_INTEGER for value in values
        ):
            raise self.bad(name, f"is not a list of at most {most:,} integers")
        return tuple(values)

    def nullable(
        self, read: Callable[Concatenate[str, P], T], name: str, *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """Return None if the field is null; else return its value, read by another method."""
        if name in self._tree and self._tree[name] is None:
            del self._tree[name]
            return None
        return read(name, *args, **kwargs)

    def has(self, name: str) -> bool:
        """Return whether the object has this field and the field was not read yet."""
        return name in self._tree

    def end(self) -> None:
        """Refuse the object if it has fields that were not read."""
        if self._tree:
            raise RefusalError(f"{self._where} has an unknown {min(self._tree)[:50]!r}")

    def bad(self, name: str, why: str) -> RefusalError:
        """Return the error for a field; ``why`` follows the names of the field and the object."""
        return RefusalError(f"{name!r} of {self._where} {why}")
