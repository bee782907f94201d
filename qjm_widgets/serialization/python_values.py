"""The kinds of values of Python and its standard library."""

from __future__ import annotations

import base64
import collections
import datetime
import decimal
import enum
import fractions
import functools
import operator
import pathlib
import sys
import types
import uuid
import zoneinfo
from collections.abc import Callable, Mapping
from typing import Any

from qjm_widgets.serialization.tree import Kind, TreeError, Unstored, Untagged, Write


def to_base64(data: bytes) -> str:
    """Encode bytes as text."""
    return base64.b64encode(data).decode("ascii")


def from_base64(text: str) -> bytes:
    """Return the bytes that ``to_base64`` encoded."""
    return base64.b64decode(text, validate=True)


def takes(*kinds: type) -> Callable[[type], bool]:
    """Return a function that accepts exactly these types."""
    return frozenset(kinds).__contains__


def takes_subclasses(*kinds: type) -> Callable[[type], bool]:
    """Return a function that accepts these types and their subclasses."""
    return lambda kind: issubclass(kind, kinds)


def _simple(tag: str, kind: type, write: Callable[[Any], Any], read: Callable[[Any], Any]) -> Kind:
    """Return a kind without inner values; a value of a subclass is read as one of its base class."""
    return Kind(tag, takes_subclasses(kind), lambda value, _: write(value), lambda tree, _: read(tree))


# -- numbers and texts ---------------------------------------------------------------------------------


def _write_number(value: Any, write: Write) -> Any:
    """Write a large integer in hexadecimal; write a value of a subclass as its equal plain value."""
    if type(value) is int:
        return hex(value)
    kind = next(kind for kind in (int, float, str) if isinstance(value, kind))
    # The methods of the base classes are called, because a subclass may override them.
    plain = {int: int.__int__, float: float.__float__, str: str.__str__}[kind](value)
    return Untagged(write(plain))


def _write_enum(value: enum.Enum, write: Write) -> Any:
    kind = type(value)
    inner = write(value.value) if isinstance(value, (int, float, str)) else None
    return [kind.__module__, kind.__qualname__, value.name, inner, repr(value)[:1000]]


def _read_enum(tree: Any, read: Write) -> Any:
    """Return a member of an enumeration if its module is loaded; else its plain value or its text."""
    module, qualname, name, inner, text = tree
    found: Any = sys.modules.get(module)
    for part in str(qualname).split("."):
        # getattr could run code, because a module may define ``__getattr__``.
        found = getattr(found, "__dict__", {}).get(part)
    if isinstance(found, enum.EnumMeta):
        # The name of combined flags has the names of all: "RED|BLUE".
        members = [found.__members__.get(part) for part in str(name).split("|")]
        if None not in members:
            return functools.reduce(operator.or_, members) if len(members) > 1 else members[0]
    return read(inner) if inner is not None else Unstored(f"{module}.{qualname}", str(text))


# -- containers ----------------------------------------------------------------------------------------


def _write_list(value: Any, write: Write) -> Any:
    return Untagged([write(inner) for inner in value])


def _write_sequence(value: Any, write: Write) -> Any:
    return [write(inner) for inner in value]


def _write_set(value: Any, write: Write) -> Any:
    # Equal sets have equal trees if their values can be sorted.
    try:
        return [write(inner) for inner in sorted(value)]
    except TypeError:
        return [write(inner) for inner in value]


def _write_dict(value: Mapping[Any, Any], write: Write) -> Any:
    items = list(value.items())
    if all(type(key) is str for key, _ in items) and not (len(items) == 1 and items[0][0][:1] == "$"):
        return Untagged({key: write(inner) for key, inner in items})
    return _write_pairs(value, write)


def _write_pairs(value: Mapping[Any, Any], write: Write) -> Any:
    return [[write(key), write(inner)] for key, inner in value.items()]


def _read_pairs(tree: Any, read: Write) -> list[tuple[Any, Any]]:
    return [(read(key), read(inner)) for key, inner in tree]


def _write_deque(value: Any, write: Write) -> Any:
    return [value.maxlen, [write(inner) for inner in value]]


def _read_deque(tree: Any, read: Write) -> Any:
    most, items = tree
    return collections.deque(map(read, items), most)


# -- times ---------------------------------------------------------------------------------------------


def _write_datetime(value: datetime.datetime, write: Write) -> Any:
    zone = None if value.tzinfo is None else write(value.tzinfo)
    return [datetime.datetime.isoformat(value.replace(tzinfo=None)), value.fold, zone]


def _read_datetime(tree: Any, read: Write) -> Any:
    text, fold, zone = tree
    return datetime.datetime.fromisoformat(text).replace(tzinfo=read(zone), fold=fold)


def _write_time(value: datetime.time, write: Write) -> Any:
    zone = None if value.tzinfo is None else write(value.tzinfo)
    return [datetime.time.isoformat(value.replace(tzinfo=None)), value.fold, zone]


def _read_time(tree: Any, read: Write) -> Any:
    text, fold, zone = tree
    return datetime.time.fromisoformat(text).replace(tzinfo=read(zone), fold=fold)


def _write_timedelta(value: datetime.timedelta) -> Any:
    return [value.days, value.seconds, value.microseconds]


def _write_timezone(value: datetime.timezone, write: Write) -> Any:
    # The name is kept only if it is not the default name.
    delta = value.utcoffset(None)
    name = value.tzname(None)
    return [write(delta), None if name == datetime.timezone(delta).tzname(None) else name]


def _read_timezone(tree: Any, read: Write) -> Any:
    delta, name = tree
    return datetime.timezone(read(delta)) if name is None else datetime.timezone(read(delta), name)


def _write_zone(value: zoneinfo.ZoneInfo, write: Write) -> Any:
    if value.key is None:
        raise TreeError("a time zone without a name cannot be written")
    return value.key


# -- paths ---------------------------------------------------------------------------------------------


def _write_path(value: pathlib.PurePath, write: Write) -> Any:
    windows = isinstance(value, pathlib.PureWindowsPath)
    return ["windows" if windows else "posix", isinstance(value, pathlib.Path), str(value)]


def _read_path(tree: Any, read: Write) -> Any:
    family, concrete, text = tree
    kind = {"windows": pathlib.PureWindowsPath, "posix": pathlib.PurePosixPath}[family]
    if concrete and issubclass(type(pathlib.Path()), kind):
        return pathlib.Path(text)
    return kind(text)


#: The order matters, because the first kind that takes a type writes it. For example, a member of an
#: enumeration of integers is written as a member, not as an integer.
PYTHON: tuple[Kind, ...] = (
    Kind("$enum", takes_subclasses(enum.Enum), _write_enum, _read_enum),
    Kind(
        "$int",
        takes_subclasses(int, float, str),
        _write_number,
        lambda tree, _: int(str(tree), 16),
    ),
    _simple("$complex", complex, lambda value: [value.real, value.imag], lambda tree: complex(*tree)),
    _simple("$bytes", bytes, to_base64, from_base64),
    _simple("$bytearray", bytearray, to_base64, lambda tree: bytearray(from_base64(tree))),
    _simple("$memoryview", memoryview, lambda v: to_base64(v.tobytes()), from_base64),
    Kind("$tuple", takes_subclasses(tuple), _write_sequence, lambda tree, read: tuple(map(read, tree))),
    Kind("$list", takes_subclasses(list), _write_list, lambda tree, read: list(map(read, tree))),
    Kind("$set", takes_subclasses(set), _write_set, lambda tree, read: set(map(read, tree))),
    Kind("$frozenset", takes_subclasses(frozenset), _write_set, lambda t, read: frozenset(map(read, t))),
    Kind(
        "$ordered",
        takes(collections.OrderedDict),
        _write_pairs,
        lambda tree, read: collections.OrderedDict(_read_pairs(tree, read)),
    ),
    Kind(
        "$counter",
        takes(collections.Counter),
        _write_pairs,
        lambda tree, read: collections.Counter(dict(_read_pairs(tree, read))),
    ),
    Kind("$deque", takes_subclasses(collections.deque), _write_deque, _read_deque),
    Kind("$dict", takes_subclasses(Mapping), _write_dict, lambda t, read: dict(_read_pairs(t, read))),
    _simple("$decimal", decimal.Decimal, str, lambda tree: decimal.Decimal(str(tree))),
    _simple(
        "$fraction",
        fractions.Fraction,
        lambda value: [hex(value.numerator), hex(value.denominator)],
        lambda tree: fractions.Fraction(int(tree[0], 16), int(tree[1], 16)),
    ),
    Kind("$datetime", takes_subclasses(datetime.datetime), _write_datetime, _read_datetime),
    _simple("$date", datetime.date, datetime.date.isoformat, datetime.date.fromisoformat),
    Kind("$time", takes_subclasses(datetime.time), _write_time, _read_time),
    _simple(
        "$timedelta",
        datetime.timedelta,
        _write_timedelta,
        lambda tree: datetime.timedelta(tree[0], tree[1], tree[2]),
    ),
    Kind("$timezone", takes(datetime.timezone), _write_timezone, _read_timezone),
    Kind(
        "$zone",
        takes_subclasses(zoneinfo.ZoneInfo),
        _write_zone,
        lambda tree, _: zoneinfo.ZoneInfo(str(tree)),
    ),
    _simple("$uuid", uuid.UUID, str, uuid.UUID),
    Kind("$path", takes_subclasses(pathlib.PurePath), _write_path, _read_path),
    _simple(
        "$range",
        range,
        lambda value: [hex(value.start), hex(value.stop), hex(value.step)],
        lambda tree: range(*(int(part, 16) for part in tree)),
    ),
    Kind(
        "$slice",
        takes(slice),
        lambda value, write: [write(value.start), write(value.stop), write(value.step)],
        lambda tree, read: slice(*map(read, tree)),
    ),
    Kind(
        "$namespace",
        takes(types.SimpleNamespace),
        lambda value, write: _write_pairs(vars(value), write),
        lambda tree, read: types.SimpleNamespace(**dict(_read_pairs(tree, read))),
    ),
    _simple("$ellipsis", type(...), lambda value: None, lambda tree: ...),
)
