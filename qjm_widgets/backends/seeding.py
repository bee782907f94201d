"""Seeds of shot pieces: two pieces of one circuit with one seed would draw identical samples."""

from __future__ import annotations

from typing import Any

import numpy as np

SEED = "seed_simulator"


def spread_seeds(given: Any, pieces: int) -> list[int | None]:
    """The user's seed for the first piece and an independent one, derived from it, for each other.

    Without a seed, several pieces draw from the system; one piece has none.
    """
    if pieces == 1:
        return [None if given is None else int(given)]
    if given is None:
        return [int(s) for s in np.random.SeedSequence().generate_state(pieces) >> 1]
    derived = np.random.SeedSequence(int(given)).generate_state(pieces - 1) >> 1
    return [int(given), *(int(seed) for seed in derived)]
