"""What a finished job gave, circuit by circuit, in compact form; ``outcome_codec`` writes it.

``ExperimentOutcome`` is one circuit of ``Backend.run`` (an ``ExperimentResult``), ``PubOutcome`` one PUB
of a sampler (a ``SamplerPubResult``). Both know their packed counts; the adapters make them and
``results`` turns them back into Qiskit's types.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import (
    Integers,
    Layout,
    Packed,
    bits_to_integers,
    pack_shots,
    together,
)

#: Shots that are counted at once: each takes 8 bytes or more meanwhile.
_AT_ONCE = 1 << 22
#: So many partial counts are summed as they come.
_MOST_PARTS = 16


@dataclass(frozen=True, slots=True)
class ExperimentOutcome:
    """One circuit of ``Backend.run``.

    Attributes:
        name: the circuit's name.
        shots: shots that were run.
        success: False when the backend failed this circuit; ``status`` says why.
        header: the result's header, as a dict.
        layout: how its outcomes are written.
        counts: packed; None when the circuit measured nothing or its keys are no bits.
        memory: one integer a shot, in order, shape ``(shots,)``; None where it was not asked for.
        data: everything else (statevector, texts that are no bits, level-1 memory, …).
        fields: further fields of the ``ExperimentResult`` (seed, metadata, time_taken, …).
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

    def packed(self) -> Packed | None:
        """The counts, or None."""
        return self.counts


@dataclass(frozen=True, slots=True)
class PubOutcome:
    """One PUB of a sampler.

    Attributes:
        name: the circuit's name.
        shape: the shape of the PUB's parameter values; ``()`` for one point.
        registers: for each classical register, in order, its packed shots ``(*shape, shots, bytes)``
            (uint8, big-endian) and its number of bits.
        data: further arrays of the DataBin.
        metadata: the result's metadata.
    """

    name: str
    shape: tuple[int, ...]
    registers: Mapping[str, tuple[npt.NDArray[np.uint8], int]]
    data: Mapping[str, Any] = field(default_factory=dict)
    metadata: Mapping[str, Any] = field(default_factory=dict)
    success: bool = True
    status: str = "DONE"

    @property
    def shots(self) -> int:
        """Shots at each point."""
        found = next((int(array.shape[-2]) for array, _ in self.registers.values()), None)
        told = self.metadata.get("shots") if found is None else found
        return told if isinstance(told, int) else 0

    def packed(self) -> Packed | None:
        """The counts of all registers joined, summed over all points."""
        if not self.registers:
            return None
        return _counted([self])

    @property
    def layout(self) -> Layout:
        """All bits without spaces, the first register rightmost: as ``join_data`` writes them."""
        return Layout((), sum(bits for _, bits in self.registers.values()))

    def joined(self) -> Integers:
        """One integer a shot over all registers, shape ``(*shape, shots)``."""
        return _join([self]).reshape(*self.shape, self.shots)


def _join(pubs: Sequence[PubOutcome]) -> Integers:
    """All shots of PUBs with registers of the same sizes, one integer each over all registers."""
    columns = zip(*(pub.registers.values() for pub in pubs), strict=True)
    sizes = [bits for _, bits in pubs[0].registers.values()]
    wide = sum(sizes) > 64
    total: Integers | None = None
    at = 0
    for bits, column in zip(sizes, columns, strict=True):
        rows = [np.asarray(array).reshape(-1, array.shape[-1]) for array, _ in column]
        part = bits_to_integers(rows[0] if len(rows) == 1 else np.concatenate(rows))
        if len(sizes) > 1:
            part = part.astype(object if wide else np.uint64) << (at if wide else np.uint64(at))
        total = part if total is None else total | part
        at += bits
    assert total is not None
    return total


def _counted(pubs: Sequence[PubOutcome]) -> Packed:
    """The counts of all shots of PUBs with registers of the same sizes, some shots at a time."""
    layout = pubs[0].layout
    shots = [math.prod(pub.shape) * pub.shots for pub in pubs]
    if sum(shots) <= _AT_ONCE:
        return pack_shots(_join(pubs), layout)
    parts: list[Packed] = []
    for pub, number in zip(pubs, shots, strict=True):
        rows = {
            name: (np.asarray(array).reshape(number, -1), bits)
            for name, (array, bits) in pub.registers.items()
        }
        for at in range(0, number, _AT_ONCE):
            some = {name: (each[at : at + _AT_ONCE], bits) for name, (each, bits) in rows.items()}
            parts.append(pack_shots(_join([PubOutcome(pub.name, (), some)]), layout))
            if len(parts) >= _MOST_PARTS:
                parts = [together(parts)]
    return together(parts)


CircuitOutcome: TypeAlias = ExperimentOutcome | PubOutcome


@dataclass(frozen=True, slots=True)
class JobOutcome:
    """What one job gave.

    Attributes:
        circuits: in the order of the job's span; None where the backend gave nothing for a circuit.
        info: of the whole result: ``backend_name``, ``backend_version``, ``job_id``, ``date``, metadata.
    """

    circuits: Sequence[CircuitOutcome | None]
    info: Mapping[str, Any] = field(default_factory=dict)

    def sums(self) -> list[Packed]:
        """Packed counts that sum to those of all circuits; layouts are kept apart.

        The shots of PUBs that are alike are counted in one pass.
        """
        found: list[Packed] = []
        alike: dict[tuple[int, ...], list[PubOutcome]] = {}
        for circuit in self.circuits:
            if isinstance(circuit, PubOutcome) and circuit.registers:
                sizes = tuple(bits for _, bits in circuit.registers.values())
                alike.setdefault(sizes, []).append(circuit)
            elif isinstance(circuit, ExperimentOutcome) and circuit.counts is not None:
                found.append(circuit.counts)
        return found + [_counted(pubs) for pubs in alike.values()]


def layout_of(header: Mapping[str, Any]) -> Layout:
    """The layout that a result's header tells (``creg_sizes``, ``memory_slots``), as Qiskit reads it."""
    slots = header.get("memory_slots") or None
    sizes = tuple(int(size) for _, size in header.get("creg_sizes") or ()) if slots else ()
    return Layout(sizes, slots)
