"""Seeds of shot pieces: two pieces of one circuit with one seed would draw identical samples."""

from __future__ import annotations

import operator
from typing import Any

import numpy as np

from qjm_widgets.core.errors import InputError

SEED = "seed_simulator"


def spread_seeds(given: Any, pieces: int) -> list[int | None]:
    """The user's seed for the first piece and an independent one, derived from it, for each other.

    Without a seed, several pieces draw from the system; one piece has none.
    """
    try:
        seed = None if given is None else operator.index(given)
    except TypeError:
        raise InputError(f"{SEED} must be a whole number, not {given!r}") from None
    if pieces == 1:
        return [seed]
    if seed is None:
        return [int(s) for s in np.random.SeedSequence().generate_state(pieces) >> 1]
    derived = np.random.SeedSequence(seed).generate_state(pieces - 1) >> 1
    return [seed, *(int(seed) for seed in derived)]
