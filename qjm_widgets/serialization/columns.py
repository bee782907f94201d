"""Fold many similar trees into one: a value that is equal in all is kept once, others become columns."""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

_SCALARS = frozenset({str, bool, int, float, type(None)})
_DICTS = {dict}
_ALL, _EACH, _SAME, _KEYS = "all", "each", "same", "keys"
#: Limit of the depth of nested dicts that are folded.
_DEPTH = 20
#: Limit of the entries of all unfolded dicts. Without it, a few manipulated bytes could unfold to any
#: size.
_MOST_ENTRIES = 20_000_000


def fold(trees: Sequence[Any], depth: int = 0) -> dict[str, Any]:
    """Fold trees into one; ``unfold`` is the inverse.

    The folded tree is a dict of one of these forms:

    - ``{"all": tree}`` for plain trees that are exactly equal;
    - ``{"same": ..., "keys": ...}`` for dicts with equal keys in the same order. "same" has the common
      values, with None for each other key, to keep the order. "keys" has the folded values of the other
      keys;
    - ``{"each": [...]}`` with all trees, for other trees.

    Args:
        trees: the trees.
        depth: number of dicts around the trees.
    """
    if len(trees) < 2:
        return {_ALL: trees[0]} if trees else {_EACH: []}
    first = trees[0]
    if depth == _DEPTH or not _have_same_keys(first, trees):
        return {_ALL: first} if _are_alike(first, trees) else {_EACH: list(trees)}
    same: dict[Any, Any] = {}
    others: dict[Any, Any] = {}
    for key, column in zip(first, _columns(first, trees), strict=True):
        value = column[0]
        if type(value) is not dict and _are_alike(value, column):
            same[key] = value
            continue
        folded = fold(column, depth + 1)
        if _ALL in folded:
            same[key] = value
        else:
            same[key], others[key] = None, folded
    return {_SAME: same, _KEYS: others} if others else {_ALL: first}


def unfold(folded: Mapping[str, Any], number: int) -> list[Any]:
    """Return the ``number`` unfolded trees; they share the values that are kept once.

    Raises:
        ValueError: the columns differ in length, or the trees are too large.
    """
    return _Unfolding(number).column(folded)


class _Unfolding:
    def __init__(self, number: int) -> None:
        self._number = number
        self._entries = 0

    def column(self, folded: Mapping[str, Any]) -> list[Any]:
        if _KEYS in folded:
            return self._dicts(folded[_KEYS], folded.get(_SAME, {}))
        ((how, what),) = folded.items()
        if how == _ALL:
            return [what] * self._number
        if how != _EACH or len(what) != self._number:
            raise ValueError(f"a column of {len(what)} for {self._number} trees")
        return list(what)

    def _dicts(self, keys: Mapping[str, Any], same: Mapping[str, Any]) -> list[Any]:
        self._entries += self._number * max(len(keys), len(same))
        if self._entries > _MOST_ENTRIES:
            raise ValueError(f"more than {_MOST_ENTRIES:,} entries")
        columns = [self.column(column) for column in keys.values()]
        rows = zip(*columns, strict=True)
        return [{**same, **dict(zip(keys, row, strict=True))} for row in rows]


def _have_same_keys(first: Any, trees: Sequence[Any]) -> bool:
    """Return whether all are non-empty dicts with the same keys in the same order."""
    if type(first) is not dict or not first or set(map(type, trees)) != _DICTS:
        return False
    keys = list(first)
    return all(list(tree) == keys for tree in trees)


def _columns(first: dict[Any, Any], trees: Sequence[dict[Any, Any]]) -> Sequence[Sequence[Any]]:
    """Return the column of values of each key."""
    if len(first) == 1:
        return [list(map(itemgetter(*first), trees))]
    return list(zip(*map(itemgetter(*first), trees), strict=True))


def _are_alike(first: Any, trees: Sequence[Any]) -> bool:
    """Return whether all trees are exactly equal scalars, lists or tuples; False for other trees.

    Of dicts, only empty ones are compared.
    """
    kind = type(first)
    if kind in _SCALARS:
        # The types must be equal too: 1 equals True and 1.0.
        if len(set(map(type, trees))) > 1 or trees.count(first) < len(trees):
            return False
        if first or kind is not float:
            return True
    elif not _is_plain(first, 0):
        return False
    try:  # -0.0 equals 0.0
        exact = marshal.dumps(first, 0)
        return all(marshal.dumps(tree, 0) == exact for tree in trees)
    except ValueError:  # another tree has a value of another type
        return False


def _is_plain(tree: Any, depth: int) -> bool:
    """Return whether trees like this are equal if and only if their marshalled bytes are equal."""
    kind = type(tree)
    if kind is list or kind is tuple:
        if _SCALARS.issuperset(map(type, tree)):
            return True
        return depth < _DEPTH and all(_is_plain(inner, depth + 1) for inner in tree)
    return kind in _SCALARS or (kind is dict and not tree)
