"""Outcomes: the result of a finished job in compact form, circuit by circuit.

An ``ExperimentOutcome`` is the result of one circuit of ``Backend.run`` (Qiskit's ``ExperimentResult``).
A ``PubOutcome`` is the result of one PUB of a sampler (Qiskit's ``SamplerPubResult``). Both give packed
counts. The adapters make outcomes, ``serialization.outcomes`` writes them, and ``results`` converts them
to Qiskit's types.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import Integers, Layout, Packed, bits_to_integers, pack_shots, together

#: The reason for a circuit that a job's result lacks.
MISSING = "it is missing in the job's result"
#: The most bits of one outcome. A header with more is taken for a mistake, because each outcome becomes
#: a bit string of this length.
WIDEST = 1 << 16
#: Shots that are counted at once; each takes 8 bytes or more of memory.
_AT_ONCE = 1 << 22
#: Number of partial counts that are kept before they are summed.
_MOST_PARTS = 16


@dataclass(frozen=True, slots=True)
class ExperimentOutcome:
    """The outcome of one circuit of ``Backend.run``.

    Attributes:
        name: the circuit's name.
        shots: number of shots that were run.
        success: False if this circuit failed; ``status`` gives the reason.
        header: the result's header, as a dict.
        layout: how outcomes are written as bit strings.
        counts: packed counts; None if there are none, or if they are in ``data``.
        memory: one integer per shot, in order, shape ``(shots,)``; None if the backend gave none, or
            if it is in ``data``.
        data: everything else (statevector, counts whose keys are not bits, level-1 memory, …).
        fields: further fields of the ``ExperimentResult`` (seed, metadata, time_taken, …).
        odd: the reason why ``"counts"`` or ``"memory"`` cannot be read, by this name; ``data`` then has
            the value as it was received.
    """

    name: str
    shots: int
    success: bool
    status: str
    header: Mapping[str, Any]
    layout: Layout
    counts: Packed | None = None
    memory: Integers | None = None
    data: Mapping[str, Any] = field(default_factory=dict)
    fields: Mapping[str, Any] = field(default_factory=dict)
    odd: Mapping[str, str] = field(default_factory=dict)

    @property
    def failure(self) -> str | None:
        """The reason why the circuit has no result, or why this cannot be read; else None."""
        if not self.success:
            has_reason = self.status.upper() not in ("", "DONE", "COMPLETED")
            return self.status if has_reason else "it failed without a reason"
        has_counts = self.counts is not None or "counts" in self.data.keys() - self.odd.keys()
        if has_counts or not self.odd:
            return None
        part = "counts" if "counts" in self.odd else "memory"
        return f"its {part} cannot be read: {self.odd[part]}"

    def packed(self) -> Packed | None:
        """Return the counts; None if there are none or the circuit failed."""
        return self.counts if self.success else None

    @property
    def texts(self) -> Mapping[str, Any]:
        """The counts whose keys are not bits; empty if there are none, or if they cannot be read."""
        found = self.data.get("counts")
        readable = self.success and "counts" not in self.odd and isinstance(found, Mapping)
        return found if readable and found is not None else {}


@dataclass(frozen=True, slots=True)
class PubOutcome:
    """The outcome of one PUB of a sampler or an estimator.

    Attributes:
        name: the circuit's name.
        shape: the shape of the PUB's points; ``()`` for one point.
        registers: for each classical register, in order, its packed shots and its number of bits. The
            shots have shape ``(*shape, shots, bytes)`` and are big-endian uint8. An estimator's PUB has
            none.
        data: further arrays of the ``DataBin``: an estimator's ``evs`` and ``stds``, each of this shape.
        metadata: the metadata of the PUB's result.
        success: False if the PUB's result cannot be read; ``status`` gives the reason.
    """

    name: str
    shape: tuple[int, ...]
    registers: Mapping[str, tuple[npt.NDArray[np.uint8], int]]
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    success: bool = True
    status: str = "DONE"

    @property
    def failure(self) -> str | None:
        """The reason why the circuit has no result; None if it has one."""
        return None if self.success else self.status

    @property
    def estimates(self) -> bool:
        """Whether it holds expectation values, and no counts."""
        return not self.registers and "evs" in self.data

    @property
    def odd(self) -> Mapping[str, str]:
        """The reasons why parts cannot be read; always empty, as a PUB is readable or has failed."""
        return {}

    @property
    def texts(self) -> Mapping[str, Any]:
        """The counts whose keys are not bits; always empty, because a sampler's outcomes are bits."""
        return {}

    @property
    def shots(self) -> int:
        """The number of shots per point; 0 if it is unknown."""
        found = next((int(array.shape[-2]) for array, _ in self.registers.values()), None)
        shots = self.metadata.get("shots") if found is None else found
        return shots if isinstance(shots, int) else 0

    def packed(self) -> Packed | None:
        """Return the counts of all joined registers, summed over all points.

        None if there are no registers or the PUB failed.
        """
        if not self.registers or not self.success:
            return None
        return _counted([self])

    @property
    def layout(self) -> Layout:
        """The layout of all bits without spaces, first register rightmost, as ``join_data`` has it."""
        return Layout((), sum(bits for _, bits in self.registers.values()))

    def joined(self) -> Integers:
        """Return the integer of each shot over all joined registers, shape ``(*shape, shots)``."""
        return join_shots([self]).reshape(*self.shape, self.shots)


def join_shots(pubs: Sequence[PubOutcome]) -> Integers:
    """Return the integer of each shot over all joined registers, for PUBs with equal register sizes."""
    columns = zip(*(pub.registers.values() for pub in pubs), strict=True)
    sizes = [bits for _, bits in pubs[0].registers.values()]
    wide = sum(sizes) > 64
    total: Integers | None = None
    at = 0
    for bits, column in zip(sizes, columns, strict=True):
        rows = [_rows(np.asarray(array)) for array, _ in column]
        part = bits_to_integers(rows[0] if len(rows) == 1 else np.concatenate(rows))
        if bits % 8:  # ignore bits beyond the register, as Qiskit's BitArray does
            part = part & np.array((1 << bits) - 1, dtype=part.dtype)
        if len(sizes) > 1:
            part = part.astype(object if wide else np.uint64) << (at if wide else np.uint64(at))
        total = part if total is None else total | part
        at += bits
    assert total is not None
    return total


def _rows(array: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    """Return an array with a row of bytes for each shot.

    It also works for a register without bits and for a PUB without points, where NumPy cannot infer a
    size.
    """
    return array.reshape(math.prod(array.shape[:-1]), array.shape[-1])


def _counted(pubs: Sequence[PubOutcome]) -> Packed:
    """Return the counts of all shots of PUBs with equal register sizes.

    Many shots are counted part by part, to limit the memory.
    """
    layout = pubs[0].layout
    shots = [math.prod(pub.shape) * pub.shots for pub in pubs]
    if sum(shots) <= _AT_ONCE:
        return pack_shots(join_shots(pubs), layout)
    parts: list[Packed] = []
    for pub, number in zip(pubs, shots, strict=True):
        rows = {name: (_rows(np.asarray(array)), bits) for name, (array, bits) in pub.registers.items()}
        for at in range(0, number, _AT_ONCE):
            some = {name: (each[at : at + _AT_ONCE], bits) for name, (each, bits) in rows.items()}
            parts.append(pack_shots(join_shots([PubOutcome(pub.name, (), some)]), layout))
            if len(parts) >= _MOST_PARTS:
                parts = [together(parts)]
    return together(parts)


@dataclass(frozen=True, slots=True)
class ItemOutcome(PubOutcome):
    """The outcome of one item of a quantum program: an array for each name.

    Classified bits are ``registers``, with the flips of a measurement that was twirled undone, so that
    they can be counted. All other arrays are ``data``, of any shape. ``metadata`` is that of the item.
    """

    @property
    def estimates(self) -> bool:
        """Whether it holds expectation values; always False."""
        return False


CircuitOutcome: TypeAlias = ExperimentOutcome | PubOutcome


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """The result of one job.

    Attributes:
        circuits: the outcomes in the order of the job's span; None for a circuit without a result.
        info: facts about the whole result: ``backend_name``, ``backend_version``, ``job_id``, ``date``,
            metadata.
    """

    circuits: Sequence[CircuitOutcome | None]
    info: Mapping[str, Any] = field(default_factory=dict)

    def circuit_at(self, place: int) -> CircuitOutcome | None:
        """Return the outcome of a circuit by its place in the job; None if the job gave none for it."""
        return self.circuits[place] if place < len(self.circuits) else None

    @property
    def points(self) -> int:
        """The points of all circuits together; a circuit without parameter values has one."""
        shapes = [circuit.shape for circuit in self.circuits if isinstance(circuit, PubOutcome)]
        return len(self.circuits) - len(shapes) + sum(map(math.prod, shapes))

    def failed(self) -> dict[int, str]:
        """Return the reason for each circuit without a result, by the circuit's place in the job."""
        reasons = ((place, MISSING if c is None else c.failure) for place, c in enumerate(self.circuits))
        return {place: reason for place, reason in reasons if reason is not None}

    @property
    def failure(self) -> str | None:
        """The reason why no circuit of the job has a result; None if at least one has a result."""
        if all(circuit is None for circuit in self.circuits):
            return "its result has none of its circuits"
        failed = self.failed()
        return "; ".join(sorted(set(failed.values()))) if len(failed) == len(self.circuits) else None

    def texts(self) -> Iterator[Mapping[str, Any]]:
        """Yield, for each circuit that has them, the counts whose keys are not bits."""
        return (circuit.texts for circuit in self.circuits if circuit is not None and circuit.texts)

    def readable(self) -> JobOutcome:
        """Return the outcome with counts and memory that do not fit their circuit marked as odd.

        A store of an older version may have such counts.
        """
        circuits = [
            _named_odd(circuit) if isinstance(circuit, ExperimentOutcome) else circuit
            for circuit in self.circuits
        ]
        return replace(self, circuits=circuits)

    def sums(self) -> list[Packed]:
        """Return packed counts whose sum, for each layout, is the sum of the counts of all circuits.

        The shots of PUBs with equal register sizes are counted in one pass.
        """
        found: list[Packed] = []
        alike: dict[tuple[int, ...], list[PubOutcome]] = {}
        for circuit in self.circuits:
            if circuit is None or not circuit.success:
                continue
            if isinstance(circuit, PubOutcome) and circuit.registers:
                sizes = tuple(bits for _, bits in circuit.registers.values())
                alike.setdefault(sizes, []).append(circuit)
            elif isinstance(circuit, ExperimentOutcome) and circuit.counts is not None:
                found.append(circuit.counts)
        return found + [_counted(pubs) for pubs in alike.values()]


def _named_odd(outcome: ExperimentOutcome) -> ExperimentOutcome:
    width, counts, memory = outcome.layout.width, outcome.counts, outcome.memory
    absurd = width is not None and not 0 <= width <= WIDEST
    if not absurd and (counts is None or counts.fits()):
        return outcome
    reason = (
        f"its header has memory_slots {width}" if absurd else f"an outcome has more than {width} bits"
    )
    odd, data = dict(outcome.odd), dict(outcome.data)
    if counts is not None:
        keys = map(hex, counts.outcomes.tolist())
        odd["counts"], data["counts"] = reason, dict(zip(keys, counts.counts.tolist(), strict=True))
    if memory is not None:
        odd["memory"], data["memory"] = reason, list(map(hex, memory.tolist()))
    return replace(outcome, layout=Layout((), None), counts=None, memory=None, odd=odd, data=data)


def register_sizes(header: Mapping[str, Any]) -> list[tuple[str, int]]:
    """Return the names and sizes of the classical registers in a result's header.

    Raises:
        ValueError: the header has invalid values for the registers.
    """
    found = header.get("creg_sizes")
    try:
        sizes = [(str(name), operator.index(size)) for name, size in found or ()]
    except (TypeError, ValueError):
        raise ValueError(f"its header has creg_sizes {found!r:.80}") from None
    if any(size < 0 for _, size in sizes) or sum(size for _, size in sizes) > WIDEST:
        raise ValueError(f"its header has creg_sizes {found!r:.80}")
    return sizes


def layout_of(header: Mapping[str, Any]) -> Layout:
    """Return the layout that a result's header gives (``creg_sizes``, ``memory_slots``), as in Qiskit.

    Raises:
        ValueError: the header is invalid.
    """
    slots = header.get("memory_slots")
    if not slots:
        return Layout((), None)
    is_integer = isinstance(slots, (int, np.integer)) and not isinstance(slots, bool)
    if not is_integer or not 0 < slots <= WIDEST:
        raise ValueError(f"its header has memory_slots {slots!r:.80}")
    return Layout(tuple(size for _, size in register_sizes(header)), int(slots))
