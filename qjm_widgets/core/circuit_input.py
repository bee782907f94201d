"""What a user gives to run: a circuit, or a PUB."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from qjm_widgets.core.splitting import Item


@dataclass(frozen=True, slots=True)
class CircuitInput:
    """One circuit as it is sent: a PUB. ``values`` is a sampler's BindingsArray, or None."""

    circuit: Any
    values: Any = None
    shots: int | None = None


def item_of(work: CircuitInput) -> Item:
    """What splitting and seeds have to know of a circuit."""
    return Item(work.shots, 1 if work.values is None else int(work.values.size))
