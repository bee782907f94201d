"""The contents of one submission of a job by an adapter."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput


@dataclass(frozen=True, slots=True)
class Submission:
    """An attempt of a job as an adapter submits it.

    Attributes:
        inputs: the circuits; empty if ``block`` is given.
        shots: shots per circuit; None if circuits differ or the backend decides.
        seed: the job's seed; None if it has no seed.
        options: the run options.
        identity: a text that is unique to this attempt of this job (``job_tags``); a provider with tags
            gets it as a tag.
        name: the name of the set.
        tags: the user's tags.
        block: the encoded circuits for an adapter with ``sends_blocks``, or None.
        batch_id: the provider's id of the batch in which the set's jobs run; None if there is no batch.
        row: the number of the job in its set.
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
    row: int = 0
