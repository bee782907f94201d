"""The seed that the user gave, in whatever way a backend takes one, and seeds of shot pieces.

Two pieces of one circuit with one seed would draw identical samples: each gets a seed of its own.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from qjm_widgets.core.seeds import SeedRule, piece_seed
from qjm_widgets.errors import InputError

SEED = "seed_simulator"
#: What backends call a seed; Qiskit's own word is the first.
_NAMES = (SEED, "seed", "sampler_seed", "simulator_seed", "random_seed", "rng_seed")
_AER = (SeedRule.AER, SeedRule.AER_BY_SHOTS)


def seed_option(options: Mapping[str, Any]) -> str:
    """The name of the run option that holds the seed."""
    return next((name for name in _NAMES if options.get(name) is not None), SEED)


def whole_seed(given: Any, name: str = SEED) -> int | None:
    """A seed as a number of Python's; None stays None.

    Raises:
        InputError: it is no whole number.
    """
    if given is None:
        return None
    try:
        return operator.index(given)
    except TypeError:
        raise InputError(f"{name} must be a whole number, not {given!r}") from None


def spread_seeds(given: Any, pieces: int, rule: SeedRule, name: str = SEED) -> list[int | None]:
    """The user's seed for the first piece and an independent one, derived from it, for each other.

    Without a seed, several pieces draw from the system; one piece has none.

    Raises:
        InputError: it is no whole number, or one that the backend does not take.
    """
    seed = whole_seed(given, name)
    if seed is None:
        if pieces == 1:
            return [None]
        return [int(s) for s in np.random.SeedSequence().generate_state(pieces) >> 1]
    if rule in _AER and not -(2**63) <= seed < 2**63:
        raise InputError(f"{name}={seed} is beyond what Aer takes: give one below 2**63")
    return [piece_seed(rule, seed, piece) for piece in range(pieces)]
