"""The fields of a record. The record's row in the store and its JSON in a bundle are derived from them.

A field's annotation says how it is stored: its type, whether it may be None, and its limits (an
``Annotated`` rule). A new field needs one line in ``records.py``, and a column in ``schema.sql`` with a
migration.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

#: The most characters of a name, an id or a label in a bundle.
SHORT_TEXT = 65_536
#: The most characters of an error or a note in a bundle; a longer one is cut when a set is exported.
LONG_TEXT = 1 << 20
#: The largest integer in a bundle; up to it, every reader of JSON reads integers exactly.
MAX_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule by which a field is stored, in addition to its type.

    Attributes:
        least: the smallest integer in a bundle.
        most: the largest integer in a bundle.
        characters: the most characters of a text in a bundle.
        as_text: whether an integer is written as decimal text, because it may exceed 64 bits.
        empty_is_null: whether an empty tuple is NULL in the store, and may be null in a bundle.
        later: whether older bundles lack the field; it then has its default.
        local: whether the field is left out of bundles.
        signed: whether a number may be any finite one; else it is a time or a duration.
    """

    least: int = 0
    most: int = MAX_INTEGER
    characters: int = SHORT_TEXT
    as_text: bool = False
    empty_is_null: bool = False
    later: bool = False
    local: bool = False
    signed: bool = False


class RecordField(NamedTuple):
    """A field of a record.

    Attributes:
        type: the field's annotation without ``| None`` and without its rule.
        nullable: whether the field may be None.
        rule: the rule in the annotation, or the default rule.
    """

    name: str
    type: Any
    nullable: bool
    rule: Rule


def fields_of(record_type: type) -> tuple[RecordField, ...]:
    """Return the fields of a dataclass or a NamedTuple, in the order of its constructor."""
    hints = get_type_hints(record_type, include_extras=True)
    return tuple(_field(name, hint) for name, hint in hints.items())


def _field(name: str, hint: Any) -> RecordField:
    rule = Rule()
    if get_origin(hint) is Annotated:
        hint, rule = get_args(hint)
    nullable = False
    if get_origin(hint) in (Union, types.UnionType):
        (hint,) = (arm for arm in get_args(hint) if arm is not types.NoneType)
        nullable = True
    return RecordField(name, hint, nullable, rule)
