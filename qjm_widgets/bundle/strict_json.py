"""JSON that somebody else wrote: read within limits, every field asked for by its type."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable
from typing import Any, Concatenate, ParamSpec, TypeVar

T = TypeVar("T")
P = ParamSpec("P")

DEPTH = 64
"""Lists and objects inside each other; deeper ones could exhaust the stack of whoever reads them."""
_NODES = 10_000_000
"""Values in one text: what is short as text is large in memory."""
WHOLE = 2**53
"""Whole numbers stay below it, so that every reader of JSON has them exactly."""


class RefusalError(ValueError):
    """Why a bundle is not believed, in words that follow its name."""


def parse(data: bytes, where: str, *, strict: bool = True) -> Any:
    """Read JSON.

    Args:
        data: UTF-8.
        where: what it is, for messages.
        strict: refuse NaN, infinities, and a name that is given twice; Python's own writer makes them.

    Raises:
        RefusalError: it is no such JSON, or too large or too deep.
    """
    if data.count(b",") + data.count(b"[") + data.count(b"{") > _NODES:
        raise RefusalError(f"{where} has too many values")
    try:
        tree = json.loads(data.decode("utf-8"), **(_STRICT if strict else {}))
    except RecursionError:
        raise RefusalError(f"{where} is nested too deeply") from None
    except ValueError as error:
        raise RefusalError(f"{where} is not JSON as it should be: {error}") from error
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
        raise ValueError("a name is given twice")
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
    """A JSON object whose fields are taken one by one.

    Args:
        tree: what should be an object.
        where: what it is, for messages.
    """

    def __init__(self, tree: Any, where: str) -> None:
        if not isinstance(tree, dict):
            raise RefusalError(f"{where} is not an object")
        self._tree = dict(tree)
        self._where = where

    def take(self, name: str, *kinds: type) -> Any:
        """The value of a field that is of one of these types exactly: no bool for an int."""
        if name not in self._tree:
            raise RefusalError(f"{self._where} has no {name!r}")
        value = self._tree.pop(name)
        if type(value) not in kinds:
            raise self.bad(name, f"is of the wrong type ({type(value).__name__})")
        return value

    def text(self, name: str, most: int = 65_536) -> str:
        """A string of at most so many characters that can be written as UTF-8."""
        value: str = self.take(name, str)
        if len(value) > most:
            raise self.bad(name, f"is longer than {most:,} characters")
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            raise self.bad(name, "has half a character")
        return value

    def whole(self, name: str, least: int = 0, most: int = WHOLE) -> int:
        """A whole number in ``least`` to ``most``."""
        value: int = self.take(name, int)
        if not least <= value <= most:
            raise self.bad(name, f"is not in {least:,} to {most:,}")
        return value

    def seconds(self, name: str) -> float:
        """Seconds, of a duration or since 1970 (before the year 9000)."""
        value = float(self.take(name, int, float))
        if not 0 <= value <= 2.2e11:
            raise self.bad(name, "is no time")
        return value

    def flag(self, name: str, missing: bool | None = None) -> bool:
        """True or False; ``missing`` where older bundles do not have the field."""
        if missing is not None and name not in self._tree:
            return missing
        return bool(self.take(name, bool))

    def texts(self, name: str, most: int = 10_000) -> tuple[str, ...]:
        """At most so many strings."""
        values = self.take(name, list)
        if len(values) > most or not all(isinstance(value, str) for value in values):
            raise self.bad(name, f"is no list of at most {most:,} strings")
        return tuple(values)

    def wholes(self, name: str, most: int = 10_000_000) -> tuple[int, ...]:
        """At most so many whole numbers."""
        values = self.take(name, list)
        if len(values) > most or not all(type(value) is int and 0 <= value < WHOLE for value in values):
            raise self.bad(name, f"is no list of at most {most:,} whole numbers")
        return tuple(values)

    def maybe(
        self, read: Callable[Concatenate[str, P], T], name: str, *args: P.args, **kwargs: P.kwargs
    ) -> T | None:
        """What another method of this object reads, or None where the field is null."""
        if name in self._tree and self._tree[name] is None:
            del self._tree[name]
            return None
        return read(name, *args, **kwargs)

    def later(self, read: Callable[[str], T], name: str) -> T | None:
        """As ``maybe``, of a field that bundles written before it was there do not have."""
        return self.maybe(read, name) if name in self._tree else None

    def has(self, name: str) -> bool:
        """Whether there is such a field: bundles written before it was there do not have it."""
        return name in self._tree

    def end(self) -> None:
        """Refuse fields that nobody asked for."""
        if self._tree:
            raise RefusalError(f"{self._where} has an unknown {min(self._tree)[:50]!r}")

    def bad(self, name: str, why: str) -> RefusalError:
        """The error about a field."""
        return RefusalError(f"{name!r} of {self._where} {why}")
