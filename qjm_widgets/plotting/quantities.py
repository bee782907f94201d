"""What a sweep shows of each point: a share of the shots, or an expectation value."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import Integers, Packed
from qjm_widgets.core.formatting import plural
from qjm_widgets.core.outcomes import CircuitOutcome, PubOutcome
from qjm_widgets.errors import InputError

#: The expectation value of an estimator's PUB.
VALUE = "value"
#: The share of shots in which a bit is 1, for each bit; the share of each outcome.
EACH_BIT, EACH_OUTCOME = "bits", "outcomes"
#: Outcomes of more bits are not offered one by one.
_MOST_OUTCOME_BITS = 3
_MOST_BITS = 16
_HOW = "'0?1' for the shots with these bits (? for any), 'bit 2', 'bits', 'outcomes', or 'value'"


class Quantity(NamedTuple):
    """A share of the shots, or the expectation value.

    Attributes:
        name: as a user gives it, such as "011", "1?0", "bit 2" or "value".
        mask: the bits that count; bit 0 is the rightmost of all registers.
        wanted: these bits in the shots that are counted.
        width: how many bits the outcomes have; None for more than the highest bit of ``mask``.
    """

    name: str
    mask: int = 0
    wanted: int = 0
    width: int | None = None

    @property
    def label(self) -> str:
        """The quantity as text: "P(011)", "P(bit 2 = 1)", "Expectation value"."""
        if self.name == VALUE:
            return "Expectation value"
        return f"P({self.name} = 1)" if self.width is None else f"P({self.name})"

    def fits(self, width: int | None) -> bool:
        """Return whether outcomes of so many bits have the quantity."""
        if self.name == VALUE or width is None:
            return False
        return self.mask.bit_length() <= width if self.width is None else self.width == width

    def matches(self, outcomes: Integers) -> npt.NDArray[np.bool_]:
        """Return which outcomes are counted."""
        mask = self.mask if outcomes.dtype == object else outcomes.dtype.type(self.mask)
        wanted = self.wanted if outcomes.dtype == object else outcomes.dtype.type(self.wanted)
        found: npt.NDArray[np.bool_] = ((outcomes & mask) == wanted).astype(bool)
        return found


class Kind(NamedTuple):
    """What the outcomes of a set hold: expectation values, or so many bits."""

    estimates: bool
    width: int

    def choices(self, single: bool) -> list[tuple[str, str]]:
        """Return the quantities that are offered, the default first: name and label.

        Args:
            single: whether only one series or heat map can be drawn of each point.
        """
        if self.estimates:
            return [(VALUE, "Expectation value")]
        width = self.width
        if width == 1:
            return [(name, f"P({name})") for name in ("1", "0")]
        bits = [(f"bit {bit}", f"P(bit {bit} = 1)") for bit in range(min(width, _MOST_BITS))]
        few = width <= _MOST_OUTCOME_BITS
        names = _all_outcomes(width) if few else ["0" * width, "1" * width]
        several = [(EACH_BIT, "Each bit")] + [(EACH_OUTCOME, "Each outcome")] * few
        return [*([] if single else several), *bits, *[(name, f"P({name})") for name in names]]


def kind_of(outcome: CircuitOutcome) -> Kind | None:
    """Return what an outcome holds; None if it has neither values nor outcomes of known width."""
    if _estimates(outcome):
        return Kind(True, 0)
    if isinstance(outcome, PubOutcome):
        width = outcome.layout.width if outcome.registers else None
    else:
        packed = outcome.packed()
        width = None if packed is None else packed.layout.width
    return Kind(False, width) if width else None


def quantities(names: tuple[str, ...], kind: Kind) -> list[Quantity]:
    """Return the quantities of names that a user or page gives.

    Raises:
        InputError: a name is none, or does not fit what the outcomes hold.
    """
    found: list[Quantity] = []
    for name in names:
        if kind.estimates != (name == VALUE):
            holds = "expectation values: y is 'value'" if kind.estimates else "counts, no values"
            raise InputError(f"y is {name!r}, and these results are {holds}")
        if name == EACH_BIT:
            found += [_bit(bit) for bit in range(kind.width)]
        elif name == EACH_OUTCOME:
            found += [_pattern(text) for text in _all_outcomes(min(kind.width, _MOST_BITS))]
        else:
            found.append(parse(name))
    for each in found:
        if not kind.estimates and not each.fits(kind.width):
            raise InputError(f"y is {each.name!r}, and the outcomes have {plural(kind.width, 'bit')}")
    return found


def common_label(shown: Sequence[Quantity]) -> str:
    """Return one label for several quantities; empty for none."""
    if not shown:
        return ""
    return "P(bit = 1)" if all(each.width is None for each in shown) else "Probability"


def parse(name: str) -> Quantity:
    """Return one quantity.

    Raises:
        InputError: the name is none.
    """
    if name == VALUE:
        return Quantity(VALUE)
    bit = re.fullmatch(r"bit (\d{1,4})", name)
    if bit is not None:
        return _bit(int(bit[1]))
    plain = name.replace(" ", "")
    if not re.fullmatch(r"[01?]{1,4096}", plain):
        raise InputError(f"y is {_HOW}, not {name!r}")
    return _pattern(plain)


def _bit(bit: int) -> Quantity:
    return Quantity(f"bit {bit}", 1 << bit, 1 << bit)


def _pattern(text: str) -> Quantity:
    mask = int("".join("0" if each == "?" else "1" for each in text), 2)
    return Quantity(text, mask, int(text.replace("?", "0"), 2), len(text))


def _all_outcomes(width: int) -> list[str]:
    return [format(outcome, f"0{width}b") for outcome in range(1 << width)]


class Measured(NamedTuple):
    """A quantity of consecutive points; all arrays have shape ``(points,)``.

    Attributes:
        weight: the shots, or 1 for each expectation value that is there.
        total: the shots that are counted, or the expectation values.
        variance: of the expectation values; 0 for shots.
    """

    weight: npt.NDArray[np.float64]
    total: npt.NDArray[np.float64]
    variance: npt.NDArray[np.float64]


def measure(outcome: CircuitOutcome, quantity: Quantity) -> Measured | None:
    """Return a quantity of all points of an outcome; None if the outcome lacks it."""
    if quantity.name == VALUE:
        return _values(outcome) if _estimates(outcome) else None
    if isinstance(outcome, PubOutcome) and outcome.shape:
        if not outcome.registers or not quantity.fits(outcome.layout.width):
            return None
        shots = outcome.joined().reshape(-1, outcome.shots)
        total = quantity.matches(shots).sum(axis=1).astype(np.float64)
        return Measured(np.full(len(total), float(outcome.shots)), total, np.zeros(len(total)))
    packed = outcome.packed()
    if packed is None or not quantity.fits(packed.layout.width):
        return None
    return _share(packed, quantity)


def _share(packed: Packed, quantity: Quantity) -> Measured:
    counts = packed.counts.astype(np.float64)
    total = counts[quantity.matches(packed.outcomes)].sum()
    return Measured(np.array([counts.sum()]), np.array([total]), np.zeros(1))


def _estimates(outcome: CircuitOutcome) -> bool:
    return isinstance(outcome, PubOutcome) and outcome.estimates


def _values(outcome: CircuitOutcome) -> Measured:
    values = _flat(outcome.data["evs"])
    errors = _flat(outcome.data.get("stds", np.zeros(values.shape)))
    there = np.isfinite(values)
    variance = np.where(np.isfinite(errors), errors, 0.0) ** 2
    return Measured(there.astype(np.float64), np.where(there, values, 0.0), np.where(there, variance, 0))


def _flat(values: Any) -> npt.NDArray[np.float64]:
    return np.asarray(values, dtype=np.float64).reshape(-1)
