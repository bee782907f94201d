"""The name of a set to which the user gave none."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Mapping
from typing import Any

from qjm_widgets.core.formatting import first_line, plural

#: The most characters of what circuits or their metadata say.
_LENGTH = 60
#: The key under which qiskit-experiments writes the type of an experiment into the metadata.
_EXPERIMENT = "experiment_type"
#: What Qiskit appends to the name of a copy with other values, and to "circuit" for a name of its own.
_NUMBERS = re.compile(r"(-\d+)+$")
_AUTOMATIC = "circuit"


def time_name() -> str:
    """Return the local time as a name."""
    return f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}"


def group_name(group: str, number: int) -> str:
    """Return the name of a set in a group: "VQE on H2 12"."""
    return f"{group} {number}"


def next_number(group: str, names: Iterable[str]) -> int:
    """Return the number of the next set of a group, by the names of the sets that it has."""
    numbers = (name.removeprefix(f"{group} ") for name in names if name.startswith(f"{group} "))
    return max((int(text) for text in numbers if text.isascii() and text.isdigit()), default=0) + 1


def name_of_circuits(names: Iterable[str], metadata: Iterable[Mapping[str, Any] | None]) -> str:
    """Return what circuits say of where they come from: the type of the experiment, or their own names.

    Args:
        names: the names of the circuits; those that Qiskit made ("circuit-12") say nothing.
        metadata: the metadata of the circuits.

    Returns:
        A name, or an empty text: "T1", "ghz", "ghz_3 and 4 more".
    """
    types = _distinct(each.get(_EXPERIMENT) for each in metadata if isinstance(each, Mapping))
    if types:
        return _cut(", ".join(types[:3]) + (", …" if len(types) > 3 else ""))
    own = [name for name in _distinct(names) if _NUMBERS.sub("", name) not in ("", _AUTOMATIC)]
    if len(own) == 1:
        return _cut(own[0])
    common = _distinct(_NUMBERS.sub("", name) for name in own)
    if len(common) == 1:
        return _cut(common[0])
    return f"{_cut(own[0])} and {plural(len(own) - 1, 'other')}" if own else ""


def _distinct(values: Iterable[Any]) -> list[str]:
    """Return the texts that are not blank, each once."""
    return list(dict.fromkeys(each for each in values if isinstance(each, str) and each.strip()))


def _cut(text: str) -> str:
    return first_line(text, _LENGTH)
