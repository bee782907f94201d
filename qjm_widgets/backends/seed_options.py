"""Find the user's seed, by any name that backends use, and derive the seeds of shot pieces.

Two pieces of one circuit with the same seed would draw identical samples, so each has its own seed.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from typing import Any

import numpy as np

from qjm_widgets.core.seeds import SeedRule, piece_seed
from qjm_widgets.errors import InputError

#: Qiskit's name of the option.
SEED = "seed_simulator"
#: The names that backends use, Qiskit's first.
_NAMES = (SEED, "seed", "sampler_seed", "simulator_seed", "random_seed", "rng_seed")
_AER = (SeedRule.AER, SeedRule.AER_BY_SHOTS)


def seed_option(options: Mapping[str, Any]) -> str:
    """Return the name of the run option that holds the seed."""
    return next((name for name in _NAMES if options.get(name) is not None), SEED)


def seed_integer(given: Any, name: str = SEED) -> int | None:
    """Return a seed as a Python int; None stays None.

    Raises:
        InputError: it is not an integer.
    """
    if given is None:
        return None
    try:
        return operator.index(given)
    except TypeError:
        raise InputError(f"{name} must be an integer, not {given!r}") from None


def spread_seeds(given: Any, pieces: int, rule: SeedRule, name: str = SEED) -> list[int | None]:
    """Return the user's seed for the first piece, and seeds derived from it for the others.

    If the user gave no seed, several pieces get random seeds, and a single piece has none.

    Raises:
        InputError: the seed is not an integer, or the backend does not accept it.
    """
    seed = seed_integer(given, name)
    if seed is None:
        if pieces == 1:
            return [None]
        return [int(s) for s in np.random.SeedSequence().generate_state(pieces) >> 1]
    if rule in _AER and not -(2**63) <= seed < 2**63:
        raise InputError(f"{name}={seed} is out of Aer's range: give one below 2**63")
    return [piece_seed(rule, seed, piece) for piece in range(pieces)]
