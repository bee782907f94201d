"""Whose counts a histogram shows, and which of their bits."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, register_sizes
from qjm_widgets.errors import InputError

TOP = 64
"""Outcomes that are shown first, and that a saved notebook keeps."""
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Selection:
    """All circuits, or those that everything named here fits.

    Attributes:
        circuit: the index of one circuit.
        name: circuits of this name.
        metadata: circuits with all these values in their metadata, by key; values as ``label`` writes
            them.
        register: one classical register alone, by name.
        bits: these bits alone, ascending; bit 0 is the rightmost of the register or of all.
        top: at most so many bars.
    """

    circuit: int | None = None
    name: str | None = None
    metadata: tuple[tuple[str, str], ...] = ()
    register: str | None = None
    bits: tuple[int, ...] | None = None
    top: int = TOP

    @classmethod
    def make(
        cls,
        circuit: int | None,
        name: str | None,
        metadata: Mapping[str, Any] | None,
        register: str | None,
        bits: Iterable[int] | None,
        most: int,
    ) -> Selection:
        """The choice that a call's arguments make.

        Raises:
            InputError: one of them cannot be.
        """
        for what, text in (("name", name), ("register", register)):
            if text is not None and not isinstance(text, str):
                raise InputError(f"{what} is a string, not {text!r}")
        if metadata is not None and not isinstance(metadata, Mapping):
            raise InputError(f"metadata is a mapping of keys to values, not {metadata!r}")
        if not _is_whole(most) or most < 1:
            raise InputError(f"most is a whole number of bars from 1 on, not {most!r}")
        pairs = tuple(sorted((str(key), label(value)) for key, value in (metadata or {}).items()))
        return cls(
            circuit, name, pairs, register, None if bits is None else _check_bits(bits), int(most)
        )

    @classmethod
    def read(cls, tree: Any, circuits: int) -> Selection | None:
        """The choice of a page; None where it makes no sense."""
        if not isinstance(tree, Mapping):
            return None
        circuit, name, register = (tree.get(key) for key in ("circuit", "name", "register"))
        top, metadata, bits = tree.get("top"), tree.get("metadata"), tree.get("bits")
        texts = [text for text in (name, register) if text is not None]
        if metadata is not None:
            if not isinstance(metadata, list) or len(metadata) != 2:
                return None
            texts += metadata
        if not all(isinstance(text, str) for text in texts):
            return None
        if circuit is not None and not (_is_whole(circuit) and 0 <= circuit < circuits):
            return None
        try:
            chosen = None if bits is None else _check_bits(bits)
        except InputError:
            return None
        most = max(1, min(top, _MOST)) if isinstance(top, int) else TOP
        pairs = () if metadata is None else ((metadata[0], metadata[1]),)
        return cls(circuit, name, pairs, register, chosen, most)

    def wire(self) -> dict[str, Any]:
        """As the page reads it."""
        return {
            "circuit": self.circuit,
            "name": self.name,
            "metadata": list(self.metadata[0]) if self.metadata else None,
            "register": self.register,
            "bits": None if self.bits is None else list(self.bits),
            "top": self.top,
        }

    def whose(self) -> Selection:
        """The same with any number of bars: equal ones share their sum."""
        return replace(self, top=TOP)

    def words(self) -> str:
        """The choice as it stands in a title; empty for all."""
        parts = [] if self.circuit is None else [f"circuit {self.circuit}"]
        parts += [] if self.name is None else [f"circuits named {self.name}"]
        parts += [f"{key} = {value}" for key, value in self.metadata]
        parts += [] if self.register is None else [f"register {self.register}"]
        if self.bits is not None:
            parts.append(f"bits {', '.join(map(str, self.bits))}")
        return ", ".join(parts)

    def bits_of(self, outcome: CircuitOutcome, width: int | None) -> tuple[int, ...] | None:
        """Which bits of a circuit's outcomes are shown, ascending; None where it lacks one of them."""
        if self.register is None:
            place: range | None = range(width) if width is not None else None
        else:
            place = registers(outcome).get(self.register)
            if place is None:
                return None
        if place is None:
            return self.bits
        if self.bits is None:
            return tuple(place)
        return tuple(place[bit] for bit in self.bits) if self.bits[-1] < len(place) else None


def registers(outcome: CircuitOutcome) -> dict[str, range]:
    """The classical registers of a circuit's result by name, with their bits."""
    if isinstance(outcome, ExperimentOutcome):
        try:
            sizes = register_sizes(outcome.header)
        except ValueError:  # an odd header
            sizes = []
    else:
        sizes = [(name, bits) for name, (_, bits) in outcome.registers.items()]
    found, first = {}, 0
    for name, size in sizes:
        found[name] = range(first, first + size)
        first += size
    return found


def label(value: Any) -> str:
    """A value of a circuit's metadata as text: equal text is one group."""
    if isinstance(value, str):
        return value
    return repr(value.item() if isinstance(value, np.generic) else value)


def _check_bits(bits: Any) -> tuple[int, ...]:
    if isinstance(bits, str) or not isinstance(bits, Iterable):
        raise InputError(f"bits are several whole numbers (bit 0 is the rightmost), not {bits!r}")
    found = list(bits)
    for bit in found:
        if not _is_whole(bit) or bit < 0:
            raise InputError(f"a bit is a whole number from 0 on (bit 0 is the rightmost), not {bit!r}")
    if not found or len(set(found)) < len(found):
        raise InputError(f"bits are at least one, each once, not {found}")
    return tuple(sorted(int(bit) for bit in found))


def _is_whole(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
