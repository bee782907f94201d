"""Qiskit's ``Counts`` from packed integers."""

from __future__ import annotations

from typing import Any

from qiskit.result import Counts

from qjm_widgets.core.counts import Packed


class PackedCounts(Counts):  # type: ignore[misc]
    """Qiskit's ``Counts``, made from packed integers without parsing text."""

    def __init__(self, packed: Packed, creg_sizes: Any, time_taken: float | None) -> None:
        outcomes, counts = packed.outcomes.tolist(), packed.counts.tolist()
        dict.__init__(self, packed.to_dict())
        self.int_raw = dict(zip(outcomes, counts, strict=True))
        self.hex_raw = dict(zip(map(hex, outcomes), counts, strict=True))
        self.creg_sizes = creg_sizes
        self.memory_slots = packed.layout.width
        self.time_taken = time_taken
