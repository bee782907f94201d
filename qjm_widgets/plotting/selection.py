"""The selection of the circuits and bits that a histogram shows."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, register_sizes
from qjm_widgets.errors import InputError

#: The most bars of a histogram by default and in a saved notebook.
TOP = 64
#: The most bars that a page may request.
_MOST = 4096


@dataclass(frozen=True, slots=True)
class Selection:
    """A selection of circuits, and of bits in their outcomes.

    It selects the circuits that match all of ``circuit``, ``name`` and ``metadata`` that are given. If
    none of them is given, it selects all circuits.

    Attributes:
        circuit: the index of one circuit.
        name: circuits of this name.
        metadata: circuits with all these values in their metadata, by key; values are formatted by
            ``label``.
        register: the classical register that is shown; None for all bits.
        bits: the bits that are shown, ascending; None for all. Bit 0 is the rightmost of the register,
            or of all bits without a register.
        top: the maximum number of bars.
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
        """Return the selection that the arguments of a call describe.

        Args:
            circuit, name, metadata, register, bits: as the attributes.
            most: the maximum number of bars, ``top``.

        Raises:
            InputError: an argument has the wrong type or value.
        """
        for what, text in (("name", name), ("register", register)):
            if text is not None and not isinstance(text, str):
                raise InputError(f"{what} is a string, not {text!r}")
        if metadata is not None and not isinstance(metadata, Mapping):
            raise InputError(f"metadata is a mapping of keys to values, not {metadata!r}")
        if not _is_integer(most) or most < 1:
            raise InputError(f"most is a number of bars, an integer of at least 1, not {most!r}")
        pairs = tuple(sorted((str(key), label(value)) for key, value in (metadata or {}).items()))
        return cls(
            circuit, name, pairs, register, None if bits is None else _check_bits(bits), int(most)
        )

    @classmethod
    def read(cls, tree: Any, circuits: int) -> Selection | None:
        """Return the selection of a page's message; None if it is malformed."""
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
        if circuit is not None and not (_is_integer(circuit) and 0 <= circuit < circuits):
            return None
        try:
            chosen = None if bits is None else _check_bits(bits)
        except InputError:
            return None
        most = max(1, min(top, _MOST)) if isinstance(top, int) and _is_integer(top) else TOP
        pairs = () if metadata is None else ((metadata[0], metadata[1]),)
        return cls(circuit, name, pairs, register, chosen, most)

    def to_wire(self) -> dict[str, Any]:
        """Return the selection as the page reads it."""
        return {
            "circuit": self.circuit,
            "name": self.name,
            "metadata": list(self.metadata[0]) if self.metadata else None,
            "register": self.register,
            "bits": None if self.bits is None else list(self.bits),
            "top": self.top,
        }

    def without_limit(self) -> Selection:
        """Return the selection with the default number of bars.

        Selections that differ only in the number of bars are then equal, and share one sum.
        """
        return replace(self, top=TOP)

    def title(self) -> str:
        """Return the selection as text for a title; empty for all circuits."""
        parts = [] if self.circuit is None else [f"circuit {self.circuit}"]
        parts += [] if self.name is None else [f"circuits named {self.name}"]
        parts += [f"{key} = {value}" for key, value in self.metadata]
        parts += [] if self.register is None else [f"register {self.register}"]
        if self.bits is not None:
            parts.append(f"bits {', '.join(map(str, self.bits))}")
        return ", ".join(parts)

    def bits_of(self, outcome: CircuitOutcome, width: int | None) -> tuple[int, ...] | None:
        """Return the bits of a circuit's outcomes that are shown, ascending.

        It is None if the result lacks the register or one of the bits.

        Args:
            outcome: the circuit's result.
            width: how many bits its outcomes have; None if that is unknown.
        """
        if self.register is None:
            positions: range | None = range(width) if width is not None else None
        else:
            positions = registers(outcome).get(self.register)
            if positions is None:
                return None
        if positions is None:
            return self.bits
        if self.bits is None:
            return tuple(positions)
        return tuple(positions[bit] for bit in self.bits) if self.bits[-1] < len(positions) else None


def registers(outcome: CircuitOutcome) -> dict[str, range]:
    """Return the classical registers of a circuit's result by name, with the positions of their bits."""
    if isinstance(outcome, ExperimentOutcome):
        try:
            sizes = register_sizes(outcome.header)
        except ValueError:  # a malformed header
            sizes = []
    else:
        sizes = [(name, bits) for name, (_, bits) in outcome.registers.items()]
    found, first = {}, 0
    for name, size in sizes:
        found[name] = range(first, first + size)
        first += size
    return found


def label(value: Any) -> str:
    """Format a value of a circuit's metadata; values with equal text are one group."""
    if isinstance(value, str):
        return value
    return repr(value.item() if isinstance(value, np.generic) else value)


def _check_bits(bits: Any) -> tuple[int, ...]:
    if isinstance(bits, str) or not isinstance(bits, Iterable):
        raise InputError(f"bits is a list of integers (bit 0 is the rightmost), not {bits!r}")
    found = list(bits)
    for bit in found:
        if not _is_integer(bit) or bit < 0:
            raise InputError(f"a bit is an integer of at least 0 (bit 0 is the rightmost), not {bit!r}")
    if not found or len(set(found)) < len(found):
        raise InputError(f"bits has at least one bit, each once, not {found}")
    return tuple(sorted(int(bit) for bit in found))


def _is_integer(value: Any) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
