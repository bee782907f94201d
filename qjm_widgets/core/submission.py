"""One job as an adapter submits it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput


@dataclass(frozen=True, slots=True)
class Submission:
    """One attempt of a job to submit.

    Attributes:
        inputs: the circuits; empty if ``block`` is given.
        shots: shots per circuit; None if circuits differ or the backend decides.
        seed: the job's seed, if it has one.
        options: run options.
        identity: text that is unique to this attempt of this job: a tag, if the provider has tags.
        name: of the set.
        tags: the user's tags.
        block: the encoded circuits, for an adapter with ``sends_blocks``.
        batch_id: the batch in which the set's jobs run, if the provider has batches.
    """

    inputs: Sequence[CircuitInput]
    shots: int | None
    seed: int | None
    options: Mapping[str, Any]
    identity: str
    name: str
    tags: tuple[str, ...]
    block: CircuitBlock | None = None
    batch_id: str | None = None
