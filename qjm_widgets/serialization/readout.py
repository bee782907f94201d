"""Convert the counts and memory of backends to integers, or raise the reason why they cannot be read.

The keys of counts are those that ``qiskit.result.Counts`` reads: integers, hexadecimal texts, binary
texts, or bit strings. Counts with other texts as keys (of qudits) are not packed.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core.counts import Integers, Layout, Packed, fit, integers, pack_hex

_BITS = re.compile(r"[01\s_]*[01][01\s_]*")
_SEPARATORS = re.compile(r"[\s_]")
_EXAMPLE = 60


def read_counts(found: Any, layout: Layout) -> Packed | None:
    """Return packed counts; None if the keys cannot be packed: texts that are not bits.

    Bit strings are not packed, either, if the layout has no width.

    Raises:
        ValueError: these are not counts, or they do not fit the layout; the message gives the reason.
    """
    if not isinstance(found, Mapping):
        raise ValueError(f"they are a {type(found).__name__}, not outcomes with their numbers")
    if not {int}.issuperset(map(type, found.values())):  # rare, and slower
        for count in found.values():
            if not _is_number(count):
                raise ValueError(f"{_shown(count)} is no number of shots")
    hexadecimal = _hexadecimal(found, layout)
    if hexadecimal is None:
        return None
    try:
        packed = pack_hex(hexadecimal, layout)
    except OverflowError:
        wide = layout.width is not None and max(map(_outcome, hexadecimal)) >> layout.width
        raise ValueError(
            _too_wide(hexadecimal, layout) if wide else "a number in them is too large"
        ) from None
    except ValueError:
        _check(hexadecimal)
        raise
    if not packed.fits():
        raise ValueError(_too_wide(hexadecimal, layout))
    return packed


def read_memory(found: Any, layout: Layout) -> Integers | None:
    """Return the outcomes of shots as integers; None if they are not hexadecimal texts.

    None is returned for memory of level 0 or 1 and for bit strings.

    Raises:
        ValueError: these are not outcomes, or they do not fit the layout; the message gives the reason.
    """
    if isinstance(found, np.ndarray) and found.dtype.kind != "U":
        return None
    if not isinstance(found, (list, tuple, np.ndarray)):
        raise ValueError(f"it is a {type(found).__name__}, not a list of outcomes")
    kinds = {_kind(shot) if isinstance(shot, str) else "" for shot in found}
    if kinds and kinds.isdisjoint(("hexadecimal", "bits", "text")):
        return None
    if kinds - {"hexadecimal"}:
        if kinds == {"bits"} and all(_width(shot) <= (layout.width or math.inf) for shot in found):
            return None
        raise ValueError("not all of its entries are outcomes of one kind")
    try:
        values = integers([int(shot, 16) for shot in found], layout.width)
    except OverflowError:
        values = np.array([-1], dtype=object)
    if not fit(values, layout.width):
        raise ValueError(f"an outcome in it has more than {layout.width} bits")
    return values


def _hexadecimal(found: Mapping[Any, Any], layout: Layout) -> Mapping[str, Any] | None:
    """Return the counts with hexadecimal texts as keys; None if the keys cannot be packed."""
    if all(isinstance(key, str) and key[:2] == "0x" for key in found):
        return found
    kinds = set(map(_kind, found))
    if len(kinds) > 1 and kinds <= {"bits", "text"}:
        kinds = {"text"}
    if len(kinds) > 1:
        raise ValueError(f"their keys are of several kinds ({', '.join(sorted(kinds))})")
    kind = kinds.pop()
    if kind == "text" or (kind == "bits" and layout.width is None and not layout.sizes):
        return None
    return _summed([(_value(key, kind), count) for key, count in found.items()])


def _outcome(key: str) -> int:
    return int(key, 16)


def _too_wide(keys: Mapping[str, Any], layout: Layout) -> str:
    return f"outcome {_shown(max(keys, key=_outcome))} has more than {layout.width} bits"


def _check(keys: Mapping[str, Any]) -> None:
    """Raise an error for the key that is not a hexadecimal number."""
    for key in keys:
        try:
            int(key, 16)
        except ValueError:
            raise ValueError(f"{_shown(key)} is no outcome") from None


def _kind(key: Any) -> str:
    if isinstance(key, str):
        if key[:2] in ("0x", "0X"):
            return "hexadecimal"
        if key[:2] in ("0b", "0B"):
            return "binary"
        return "bits" if _BITS.fullmatch(key) else "text"
    if isinstance(key, (int, np.integer)) and not isinstance(key, bool):
        return "numbers"
    raise ValueError(f"{_shown(key)} is no outcome")


def _value(key: Any, kind: str) -> int:
    try:
        if kind == "hexadecimal":
            return int(key, 16)
        value = int(key) if kind == "numbers" else int(_SEPARATORS.sub("", key), 2)
    except ValueError:
        raise ValueError(f"{_shown(key)} is no outcome") from None
    if value < 0:
        raise ValueError(f"{_shown(key)} is no outcome")
    return value


def _width(bits: str) -> int:
    return int(_SEPARATORS.sub("", bits), 2).bit_length()


def _summed(pairs: Sequence[tuple[int, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for value, count in pairs:
        key = hex(value)
        found[key] = found[key] + count if key in found else count
    return found


def _is_number(value: Any) -> bool:
    kinds = (int, float, np.integer, np.floating)
    return isinstance(value, kinds) and not isinstance(value, bool) and math.isfinite(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= _EXAMPLE else f"{text[:_EXAMPLE]}…"
