"""Records as JSON objects of a manifest; the objects are derived from the records' fields.

Reading checks every field.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, TypeVar

from qjm_widgets.bundle.strict_json import Fields
from qjm_widgets.core.record_fields import MAX_INTEGER, RecordField, Rule, fields_of
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange

T = TypeVar("T")

_STATUSES = {status.value: status for status in Status}
_FIELDS: Mapping[type, tuple[RecordField, ...]] = {
    record_type: tuple(field for field in fields_of(record_type) if not field.rule.local)
    for record_type in (JobSetRecord, JobRecord, StatusChange)
}


def to_json(record: JobSetRecord | JobRecord | StatusChange) -> dict[str, Any]:
    """Return the JSON object of a record."""
    tree: dict[str, Any] = {}
    for field in _FIELDS[type(record)]:
        value = getattr(record, field.name)
        # Large integers are written as text, because other readers of JSON may not keep them exactly.
        write = str if field.rule.as_text else _WRITERS.get(field.type)
        tree[field.name] = value if write is None or value is None else write(value)
    return tree


def from_json(fields: Fields, record_type: type[T]) -> T:
    """Return the record of a JSON object.

    An older bundle may lack a field that was added later; then the field has its default.

    Raises:
        RefusalError: a field is missing, unknown, of a wrong type or beyond its limits.
    """
    values: dict[str, Any] = {}
    for name, kind, nullable, rule in _FIELDS[record_type]:
        if rule.later and not fields.has(name):
            continue
        read = _read_integer_text if rule.as_text else _READERS[kind]
        if nullable or rule.empty_is_null:
            value = fields.nullable(read, name, fields, rule)
            if value is None and not nullable:
                continue
        else:
            value = read(name, fields, rule)
        values[name] = value
    fields.end()
    return record_type(**values)


def read_span(name: str, fields: Fields, circuits: int) -> Span:
    """Read a span of the circuits of a set.

    Raises:
        RefusalError: the field is not two integers, or is not a span of so many circuits.
    """
    start, stop = _read_pair(name, fields)
    check_span(name, fields, Span(start, stop), circuits)
    return Span(start, stop)


def check_span(name: str, fields: Fields, span: Span, circuits: int) -> None:
    """Refuse a span that is empty or exceeds the circuits of its set.

    Raises:
        RefusalError: it is not a span of so many circuits.
    """
    if not span.start < span.stop <= circuits:
        raise fields.bad(name, f"is no span of {circuits} circuits")


def _read_pair(name: str, fields: Fields) -> tuple[int, int]:
    pair = fields.take(name, list)
    if len(pair) != 2 or not all(type(value) is int and 0 <= value < MAX_INTEGER for value in pair):
        raise fields.bad(name, "is not two integers")
    return pair[0], pair[1]


def _read_range(name: str, fields: Fields, rule: Rule) -> tuple[int, int]:
    least, most = _read_pair(name, fields)
    if not least <= most:
        raise fields.bad(name, "is not a range")
    return least, most


def _read_float_range(name: str, fields: Fields, rule: Rule) -> tuple[float, float]:
    pair = fields.take(name, list)
    if len(pair) != 2 or not all(type(value) in (int, float) for value in pair):
        raise fields.bad(name, "is not two numbers")
    least, most = map(float, pair)
    if not 0 <= least <= most < math.inf:
        raise fields.bad(name, "is not a range")
    return least, most


def _read_options(name: str, fields: Fields, rule: Rule) -> dict[str, Any]:
    pairs = fields.take(name, list)
    for pair in pairs:
        if not isinstance(pair, list) or len(pair) != 2 or not isinstance(pair[0], str):
            raise fields.bad(name, "is not a list of names and values")
    options = dict(pairs)
    if len(options) < len(pairs):
        raise fields.bad(name, "has a name twice")
    return options


def _read_status(name: str, fields: Fields, rule: Rule) -> Status:
    value = fields.text(name, 20)
    if value not in _STATUSES:
        raise fields.bad(name, f"is unknown ({value!r})")
    return _STATUSES[value]


def _read_integer_text(name: str, fields: Fields, rule: Rule) -> int:
    text = fields.text(name, rule.characters)
    if not text.removeprefix("-").isdecimal() or not text.isascii():
        raise fields.bad(name, "is not an integer")
    return int(text)


_WRITERS: Mapping[Any, Callable[[Any], Any]] = {
    Status: attrgetter("value"),
    Span: list,
    # Pairs keep the order of the options.
    Mapping[str, Any]: lambda options: [[name, value] for name, value in options.items()],
}
_Read = Callable[[str, Fields, Rule], Any]
_READERS: Mapping[Any, _Read] = {
    str: lambda name, fields, rule: fields.text(name, rule.characters),
    int: lambda name, fields, rule: fields.integer(name, rule.least, rule.most),
    float: lambda name, fields, rule: (fields.real if rule.signed else fields.seconds)(name),
    bool: lambda name, fields, rule: fields.flag(name),
    Status: _read_status,
    Span: lambda name, fields, rule: Span(*_read_pair(name, fields)),
    tuple[int, int]: _read_range,
    tuple[float, float]: _read_float_range,
    tuple[str, ...]: lambda name, fields, rule: fields.texts(name),
    tuple[int, ...]: lambda name, fields, rule: fields.integers(name),
    Mapping[str, Any]: _read_options,
}
