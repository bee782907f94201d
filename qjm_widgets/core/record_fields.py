"""The fields of a record, from which its rows in the store and its JSON in a bundle are derived.

A field's annotation says how it is stored: its type, whether it may be None, and, as an ``Annotated``
rule, its limits. A new field is one line in ``records.py``, and a column in ``schema.sql`` with a
migration.
"""

from __future__ import annotations

import types
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple, Union, get_args, get_origin, get_type_hints

#: Characters of a name, an id or a label.
SHORT_TEXT = 65_536
#: Characters of an error or a note; longer ones are cut when a set is exported.
LONG_TEXT = 1 << 20
#: Integers stay below it, so that every reader of JSON has them exactly.
MAX_INTEGER = 2**53


@dataclass(frozen=True, slots=True)
class Rule:
    """The rule by which a field is stored, beyond its type.

    Attributes:
        least: smallest integer.
        most: largest integer.
        characters: length of a text.
        as_text: write an integer as decimal text, because it may be beyond 64 bits.
        empty_is_null: an empty tuple is NULL in the store, and may be null in a bundle.
        later: bundles of the first version do not have the field; then it has its default.
        local: the field does not leave the store in a bundle.
    """

    least: int = 0
    most: int = MAX_INTEGER
    characters: int = SHORT_TEXT
    as_text: bool = False
    empty_is_null: bool = False
    later: bool = False
    local: bool = False


class RecordField(NamedTuple):
    """A field of a record: ``type`` is its annotation without ``| None`` and without its rule."""

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
