"""Map records to rows of the tables in ``schema.sql``, and rows to records.

The columns of a record are derived from its fields. Integers are converted by ``int``, because indices
may be integers of NumPy, which SQLite does not know.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Generic, TypeVar

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.record_fields import RecordField, fields_of
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.store_port import SetSummary

T = TypeVar("T")
Row = tuple[Any, ...]

CIRCUIT_COLUMNS = "start, stop, encoding, notes, data, untranspiled, parts"

# Looking up a dictionary is several times faster than calling the Enum; there may be 10,000 rows.
_STATUSES = {status.value: status for status in Status}


def _text(value: str) -> str:
    # Error messages may have any characters. A lone surrogate has no UTF-8 form; one such character must
    # not make a whole transaction fail.
    return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode("utf-8")


def _json_integers(values: tuple[int, ...]) -> str:
    return json.dumps([int(value) for value in values])


def _json_integers_or_null(values: tuple[int, ...]) -> str | None:
    return _json_integers(values) if values else None


def _integer_text(value: int) -> str:
    return str(int(value))


def _json_list(values: tuple[Any, ...]) -> str:
    return json.dumps(list(values))


def _json_object(values: Mapping[str, Any]) -> str:
    return json.dumps(dict(values))


def _json_tuple(text: str | None) -> tuple[Any, ...]:
    return () if text is None else tuple(json.loads(text))


_Encode = Callable[[Any], Any]
#: For each type of a field, the functions that write a value to its column and read it; None if a value
#: is read as it is.
_CONVERSIONS: Mapping[Any, tuple[_Encode, _Encode | None]] = {
    str: (_text, None),
    int: (int, None),
    float: (float, None),
    bool: (bool, bool),
    Status: (attrgetter("value"), _STATUSES.__getitem__),
    tuple[str, ...]: (_json_list, _json_tuple),
    tuple[int, ...]: (_json_integers, _json_tuple),
    Mapping[str, Any]: (_json_object, json.loads),
}


def _pair(value: tuple[int, int]) -> tuple[int, int]:
    return int(value[0]), int(value[1])


def _float_pair(value: tuple[float, float]) -> tuple[float, float]:
    return float(value[0]), float(value[1])


def _span_or_none(start: int | None, stop: int | None) -> Span | None:
    return None if start is None or stop is None else Span(start, stop)


def _pair_or_none(first: T | None, second: T | None) -> tuple[T, T] | None:
    return None if first is None or second is None else (first, second)


#: How a range of numbers is written to its two columns.
_RANGES: Mapping[Any, _Encode] = {tuple[int, int]: _pair, tuple[float, float]: _float_pair}


class RowMapping(Generic[T]):
    """The columns of a type of record, and its conversion to rows and from rows.

    A field has a column of its name. A span has two columns, ``start`` and ``stop``. A range of points
    has two columns that end in ``_start`` and ``_stop``, and a range of numbers two that end in ``_min``
    and ``_max``.

    Args:
        record_type: the type of record, which is a dataclass or a NamedTuple.

    Raises:
        TypeError: a field is of a type that has no column.
    """

    def __init__(self, record_type: type[T]) -> None:
        self._make: Callable[..., T] = record_type
        fields = fields_of(record_type)
        self._values = attrgetter(*(field.name for field in fields))
        self._encode: list[_Encode] = []
        self._decode: list[tuple[int, _Encode]] = []
        # Places of the fields that have two columns.
        self._pairs: list[tuple[int, Callable[[Any, Any], Any]]] = []
        columns: list[str] = []
        for place, field in enumerate(fields):
            if field.type == Span:
                before = f"{field.name}_" if field.nullable else ""
                columns += [f"{before}start", f"{before}stop"]
                self._encode.append(_pair)
                self._pairs.append((place, _span_or_none if field.nullable else Span))
            elif field.type in _RANGES:
                columns += [f"{field.name}_min", f"{field.name}_max"]
                self._encode.append(_RANGES[field.type])
                self._pairs.append((place, _pair_or_none))
            else:
                columns.append(f"[{field.name}]")  # it may be a keyword of SQL, such as group
                encode, decode = _conversion(field)
                self._encode.append(encode)
                if decode is not None:
                    self._decode.append((place, decode))
        self.columns = ", ".join(columns)

    def to_row(self, record: T) -> Row:
        """Return a record as a row of ``columns``."""
        row = [
            None if value is None else encode(value)
            for encode, value in zip(self._encode, self._values(record), strict=True)
        ]
        for place, _ in reversed(self._pairs):
            row[place : place + 1] = row[place] or (None, None)
        return tuple(row)

    def from_row(self, row: Row) -> T:
        """Return the record of a row of ``columns``."""
        values = list(row)
        for place, join in self._pairs:
            values[place : place + 2] = [join(*values[place : place + 2])]
        for place, decode in self._decode:
            if decode is _json_tuple or values[place] is not None:
                values[place] = decode(values[place])
        return self._make(*values)


def _conversion(field: RecordField) -> tuple[_Encode, _Encode | None]:
    if field.type not in _CONVERSIONS:
        raise TypeError(f"{field.name!r} is of type {field.type}, which no column holds")
    encode, decode = _CONVERSIONS[field.type]
    if field.rule.as_text:
        return _integer_text, int
    if field.rule.empty_is_null:
        return _json_integers_or_null, decode
    return encode, decode


SETS = RowMapping(JobSetRecord)
JOBS = RowMapping(JobRecord)
CHANGES = RowMapping(StatusChange)


def block_to_row(set_key: int, block: CircuitBlock) -> tuple[Row, Row, bytes]:
    """Return the key of a block, its further columns, and its data, as ``Parted.write`` takes them."""
    span = block.span
    key = (set_key, int(span.start), int(span.stop))
    return key, (block.encoding, _text(block.notes), bool(block.untranspiled)), block.data


def summaries_from_rows(
    rows: list[Row], describe_owner: Callable[[str | None], str | None]
) -> list[SetSummary]:
    """Return the summaries of sets from rows, of which each has the number of jobs in one status.

    Args:
        rows: for each set and status: the columns of the set, its owner, the status, the number of jobs
            in it, and the number of those that are flawed. The rows of one set follow each other.
        describe_owner: a function that returns a description of an owner, or None if it is not alive.
    """
    summaries: list[SetSummary] = []
    owners: list[str | None] = []
    counts: dict[Status, int] = {}
    last: str | None = None
    for *columns, owner, status, number, flawed in rows:
        if columns[0] != last:
            last, counts = columns[0], {}
            summaries.append(SetSummary(SETS.from_row(tuple(columns)), counts))
            owners.append(owner)
        if status is not None:  # it is None for a set without jobs
            counts[_STATUSES[status]] = number
        if flawed:
            summaries[-1] = summaries[-1]._replace(flawed=flawed)
    return [
        summary if summary.over else summary._replace(owner=describe_owner(owner))
        for summary, owner in zip(summaries, owners, strict=True)
    ]
