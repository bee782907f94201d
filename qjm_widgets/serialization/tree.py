"""Write Python values with their types as JSON: tuples, sets, keys of any type, dates, numbers.

A value that JSON lacks becomes an object whose only key is its tag: ``{"$tuple": [1, 2]}``. A ``Codec``
has a list of kinds of values; other modules define the kinds of Python, NumPy, pandas and Qiskit.
Reading makes only values of these kinds, and never imports a module that the text names.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from qjm_widgets.errors import explain

#: Limit of the depth of nested lists and objects in one written value. Bundles refuse texts that are
#: nested deeper than 64, and a value is already four levels deep in the text of its block.
DEPTH = 56
#: Integers from this one on are written in hexadecimal, because Python refuses long decimal ones.
_LARGE = 10**1000
#: The most characters of the ``repr`` that is kept for a value that cannot be written.
_TEXT = 1000
_SCALARS = frozenset({str, int, float, bool, type(None)})
_STRINGS = frozenset({str})


class Unstored:
    """The placeholder of a value that could not be stored; it has the value's type and text.

    Attributes:
        kind: the type's module and name.
        text: the value's ``repr``, at most 1,000 characters.
    """

    def __init__(self, kind: str, text: str) -> None:
        self.kind = kind
        self.text = text

    def __repr__(self) -> str:
        return f"<not stored, a {self.kind}: {self.text}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Unstored) and (self.kind, self.text) == (other.kind, other.text)

    def __hash__(self) -> int:
        return hash((self.kind, self.text))

    @classmethod
    def of(cls, value: Any) -> Unstored:
        """Return the placeholder of a value, even if the value's ``repr`` raises."""
        kind = type(value)
        try:
            text = repr(value)
        except Exception as error:  # a user's class may raise anything
            text = f"its repr failed: {explain(error)}"
        return cls(f"{kind.__module__}.{kind.__qualname__}", text[:_TEXT])


class TreeError(ValueError):
    """A value cannot be written as a tree, or a tree cannot be read."""


Write = Callable[[Any], Any]


class Untagged(NamedTuple):
    """A tree that is written without a tag, because it is plain JSON."""

    tree: Any


class Kind(NamedTuple):
    """A kind of values that a codec knows.

    Attributes:
        tag: the tag of the kind, which begins with "$".
        takes: a function that returns whether the kind writes values of a type.
        write: a function that returns a value as JSON; its second argument writes inner values.
        read: the inverse of ``write``; its second argument reads inner values.
    """

    tag: str
    takes: Callable[[type], bool]
    write: Callable[[Any, Write], Any]
    read: Callable[[Any, Write], Any]


class Codec:
    """A writer and reader of values of the given kinds; the first kind that takes a type writes it.

    If ``write`` of a kind returns an ``Untagged`` tree, the value is written without a tag, as plain
    JSON.
    """

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self._kinds = (UNSTORED, *kinds)
        self._by_tag = {kind.tag: kind for kind in self._kinds}
        self._by_type: dict[type, Kind | None] = {}

    def write(self, value: Any) -> Any:
        """Return a value as a tree.

        Raises:
            TreeError: the value or an inner one cannot be written.
        """
        return self._write(value, None)

    def write_most(self, value: Any) -> tuple[Any, list[str]]:
        """Return a value as a tree, and the reason for each inner value that is kept as its text."""
        reasons: list[str] = []
        try:
            tree = self._write(value, reasons)
            _check_depth(tree)
        except (TreeError, RecursionError) as error:
            reason = "it is nested too deeply" if isinstance(error, RecursionError) else str(error)
            return _write_unstored(Unstored.of(value)), [reason]
        return tree, reasons

    def read(self, tree: Any) -> Any:
        """Return the value of a tree.

        Raises:
            TreeError: the tree was not written by a codec of these kinds.
        """
        if isinstance(tree, list):
            return [self.read(inner) for inner in tree]
        if not isinstance(tree, dict):
            return tree
        tag = _tag_of(tree)
        if tag is None:
            return {key: self.read(inner) for key, inner in tree.items()}
        kind = self._by_tag.get(tag)
        if kind is None:
            raise TreeError(f"an unknown kind of value, {tag[:50]!r}")
        try:
            return kind.read(tree[tag], self.read)
        except TreeError:
            raise
        except Exception as error:  # with a manipulated text, any constructor may fail
            raise TreeError(f"a damaged value of the kind {tag!r}: {explain(error)}") from error

    def check_tags(self, tree: Any, check: Callable[[str, Any], None]) -> None:
        """Call ``check`` with each tag of a tree and its content; refuse unknown tags. Nothing is read.

        Raises:
            TreeError: a tag is unknown.
        """
        if isinstance(tree, list):
            for inner in tree:
                self.check_tags(inner, check)
        elif isinstance(tree, dict):
            tag = _tag_of(tree)
            if tag is not None:
                if tag not in self._by_tag:
                    raise TreeError(f"an unknown kind of value, {tag[:50]!r}")
                check(tag, tree[tag])
            for inner in tree.values():
                self.check_tags(inner, check)

    def _write(self, value: Any, reasons: list[str] | None) -> Any:
        kind = type(value)
        if kind in _SCALARS and (kind is not int or -_LARGE < value < _LARGE):
            return value
        known = self._by_type.get(kind)
        if known is None:
            known = next((known for known in self._kinds if known.takes(kind)), None)
            self._by_type[kind] = known
        try:
            if known is None:
                raise TreeError(f"a {kind.__module__}.{kind.__qualname__} cannot be written")
            tree = known.write(value, lambda inner: self._write(inner, reasons))
            return tree.tree if type(tree) is Untagged else {known.tag: tree}
        except RecursionError:
            raise
        except Exception as error:  # foreign classes may raise anything
            reason = str(error) if isinstance(error, TreeError) else explain(error)
            if reasons is None:
                raise TreeError(reason) from error
            reasons.append(reason)
            return _write_unstored(Unstored.of(value))


def is_plain(value: Any, depth: int = DEPTH) -> bool:
    """Return whether a value is plain JSON of at most this depth; then it is its own tree."""
    kind = type(value)
    if kind in _SCALARS:
        return True
    if depth <= 0:
        return False
    if kind is dict:
        if not _STRINGS.issuperset(map(type, value)) or _tag_of(value) is not None:
            return False
        inside: Iterable[Any] = value.values()
    elif kind is list:
        inside = value
    else:
        return False
    return _SCALARS.issuperset(map(type, inside)) or all(is_plain(item, depth - 1) for item in inside)


def _tag_of(tree: Mapping[str, Any]) -> str | None:
    """Return the tag of an object, which is its only key and begins with "$"; None without a tag."""
    if len(tree) != 1:
        return None
    (key,) = tree
    return key if key.startswith("$") else None


def _check_depth(tree: Any) -> None:
    level = [tree]
    for _ in range(DEPTH + 1):
        level = [inner for item in level if isinstance(item, (dict, list)) for inner in _inside(item)]
        if not level:
            return
    raise TreeError("it is nested too deeply")


def _inside(tree: dict[str, Any] | list[Any]) -> Iterable[Any]:
    return tree.values() if isinstance(tree, dict) else tree


def _write_unstored(value: Unstored) -> Any:
    return {UNSTORED.tag: [value.kind, value.text]}


def _read_unstored(tree: Any, read: Write) -> Unstored:
    kind, text = map(str, tree)
    return Unstored(kind, text)


#: The kind of placeholders, which every codec has.
UNSTORED = Kind(
    "$unstored",
    lambda kind: kind is Unstored,
    lambda value, write: [value.kind, value.text],
    _read_unstored,
)
