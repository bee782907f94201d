"""Seeds of jobs, which keep the samples independent of the cut if possible.

If the backend's seed rule is known, a job gets the seed with which its circuits draw the samples of one
plain run of all circuits. Otherwise, each job gets a seed that is derived from the given one and from
the start of the job: independent of the others, and the same for the same plan.
"""

from __future__ import annotations

import enum
import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np

from qjm_widgets.core.splitting import Item

#: Aer draws for circuit k of a run with seed + 2113 k (it says so in its results).
AER_STEP = 2113


class SeedRule(enum.Enum):
    """The rule by which a run derives the seed of each circuit from its own seed."""

    #: Circuit k draws with seed + 2113 k; each point (parameter set) counts as a circuit.
    AER = "aer"
    #: The same, counted among the circuits of equal shots: samplers run those together.
    AER_BY_SHOTS = "aer by shots"
    #: Every circuit draws with the seed itself.
    SAME = "same"
    #: One stream of a generator of NumPy for the whole run: later circuits depend on earlier ones.
    STREAM = "stream"
    #: Unknown; derived seeds have 31 bits, which every generator accepts.
    UNKNOWN = "unknown"


def places(rule: SeedRule, items: Sequence[Item]) -> list[int]:
    """Return the number of steps of the seed before each circuit of one plain run."""
    if rule is SeedRule.AER_BY_SHOTS:
        before: Counter[int | None] = Counter()
        found = []
        for item in items:
            found.append(before[item.shots])
            before[item.shots] += item.points
        return found
    if rule is not SeedRule.AER:
        return list(range(len(items)))
    return [0, *itertools.accumulate(item.points for item in items[:-1])] if items else []


def move(rule: SeedRule, seed: int, steps: int) -> int:
    """Return the seed that is so many steps after ``seed``.

    Seeds of Aer wrap at 64 bits as its own do, as signed integers.
    """
    if rule in (SeedRule.AER, SeedRule.AER_BY_SHOTS):
        return (seed + AER_STEP * steps + 2**63) % 2**64 - 2**63
    if rule is SeedRule.SAME or steps == 0:
        return seed
    return _derived(rule, seed, 0, steps)


def piece_seed(rule: SeedRule, seed: int, piece: int) -> int:
    """Return the seed of a shot piece: the given one for the first, a derived one for others."""
    return seed if piece == 0 else _derived(rule, seed, 1, piece)


def seed_at(rule: SeedRule, seed: int | None, items: Sequence[Item], index: int) -> int | None:
    """Return the seed to send one circuit of a job without those before it.

    Args:
        rule: of the backend.
        seed: the job's; None remains None.
        items: the circuits of the job.
        index: the circuit's place in the job, from 0.
    """
    return None if seed is None else move(rule, seed, places(rule, items[: index + 1])[index])


def _derived(rule: SeedRule, seed: int, *key: int) -> int:
    sequence = np.random.SeedSequence(seed % 2**128, spawn_key=key)
    bits = int(sequence.generate_state(1, np.uint64)[0])
    return bits >> (33 if rule is SeedRule.UNKNOWN else 1)
