"""One job as an adapter gets it to submit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput


@dataclass(frozen=True, slots=True)
class Submission:
    """What one job sends.

    ``identity`` is text that tells this attempt of this job from every other (a tag, where the provider
    has tags). ``batch_id`` is the batch in which the set's jobs ran so far, where there are batches.
    ``block`` is the circuits as they were written, for an adapter with ``sends_blocks``;
    where it is there, ``works`` is empty.
    """

    works: Sequence[CircuitInput]
    shots: int | None
    seed: int | None
    options: Mapping[str, Any]
    identity: str
    name: str
    tags: tuple[str, ...]
    block: CircuitBlock | None = None
    batch_id: str | None = None
