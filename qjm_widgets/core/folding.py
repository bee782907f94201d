"""Many trees that are nearly alike as one: what all have stands once, what differs in columns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

_SCALARS = frozenset({str, bool, int, float, type(None)})
_ALL, _EACH, _KEYS = "all", "each", "keys"
_MOST_ENTRIES = 20_000_000
"""A few bytes made by hand could else become as many trees as anybody likes."""


def fold(trees: Sequence[Any]) -> dict[str, Any]:
    """One tree for all: ``unfold`` gives equal ones again.

    It says "all" of a value that every tree has, "each" of a column of values, and "keys" of the folded
    values of dicts that have the same keys.
    """
    if len(trees) < 2:
        return {_ALL: trees[0]} if trees else {_EACH: []}
    first = trees[0]
    if type(first) is dict and all(type(tree) is dict and tree.keys() == first.keys() for tree in trees):
        columns = {key: fold([tree[key] for tree in trees]) for key in first}
        if not all(_ALL in column for column in columns.values()):
            return {_KEYS: columns}
    elif not _are_alike(first, trees):
        return {_EACH: list(trees)}
    return {_ALL: first}


def unfold(folded: Mapping[str, Any], number: int) -> list[Any]:
    """The trees again, so many; what they have alike is one object.

    Raises:
        ValueError: they would not fit each other, or be too many.
    """
    return _Unfolding(number).column(folded)


class _Unfolding:
    def __init__(self, number: int) -> None:
        self._number = number
        self._entries = 0

    def column(self, folded: Mapping[str, Any]) -> list[Any]:
        ((how, what),) = folded.items()
        if how == _KEYS:
            self._entries += self._number * len(what)
            if self._entries > _MOST_ENTRIES:
                raise ValueError(f"more than {_MOST_ENTRIES:,} entries")
            columns = [self.column(column) for column in what.values()]
            return [dict(zip(what, row, strict=True)) for row in zip(*columns, strict=True)]
        if how == _ALL:
            return [what] * self._number
        if how != _EACH or len(what) != self._number:
            raise ValueError(f"a column of {len(what)} for {self._number} trees")
        return list(what)


def _are_alike(first: Any, trees: Sequence[Any]) -> bool:
    """Whether all are the same text or number, or lists of such; of anything else it says no."""
    kind = type(first)
    if set(map(type, trees)) != {kind}:  # 1 is equal to True and to 1.0
        return False
    if kind in _SCALARS:
        # -0.0 is equal to 0.0.
        return trees.count(first) == len(trees) and bool(first or kind is not float)
    return _is_plain(first) and len(set(map(repr, trees))) == 1


def _is_plain(tree: Any) -> bool:
    """Whether it is told whole by its repr."""
    if type(tree) in (list, tuple):
        return all(map(_is_plain, tree))
    return type(tree) in _SCALARS
