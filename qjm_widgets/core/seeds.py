"""The seeds of jobs; if possible, the samples do not depend on how circuits are cut into jobs.

A *plain run* is one call of the backend with all circuits and the given seed. If the backend's seed rule
allows it, each job gets the seed with which its circuits draw the same samples as in the plain run.
Otherwise, each job gets a seed that is derived from the given seed and from the start of the job. These
seeds are independent of each other, and the same for the same plan.
"""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence

import numpy as np

from qjm_widgets.core.splitting import Item

#: Aer draws the samples of circuit k of a run with the seed ``seed + 2113 k``, as its results show.
AER_STEP = 2113


class SeedRule(enum.Enum):
    """The rule by which a run derives the seed of each circuit from its own seed."""

    #: Circuit k draws with ``seed + 2113 k``. Each point of a PUB counts as a circuit.
    AER = "aer"
    #: The same, but k counts only circuits with equal shots, because samplers run these together.
    AER_BY_SHOTS = "aer by shots"
    #: Every circuit draws with the seed itself.
    SAME = "same"
    #: Every PUB draws with the seed itself, and its points one after another: an estimator's noise.
    EACH_PUB = "each pub"
    #: One random generator of NumPy is used for the whole run, so later circuits depend on earlier ones.
    STREAM = "stream"
    #: The rule is unknown. Derived seeds have 31 bits, which every generator accepts.
    UNKNOWN = "unknown"


class Places:
    """Counts, for each next circuit of a plain run, the steps from the run's seed to its own."""

    def __init__(self, rule: SeedRule) -> None:
        self._rule = rule
        self._before: Counter[int | None] = Counter()

    def add(self, item: Item) -> int:
        """Return the number of steps to the next circuit."""
        by_shots = self._rule is SeedRule.AER_BY_SHOTS
        key = item.shots if by_shots else None
        place = self._before[key]
        self._before[key] += item.points if by_shots or self._rule is SeedRule.AER else 1
        return place


def places(rule: SeedRule, items: Sequence[Item]) -> list[int]:
    """Return, for each circuit of a plain run, the number of steps from the run's seed to its own."""
    counter = Places(rule)
    return [counter.add(item) for item in items]


def move(rule: SeedRule, seed: int, steps: int) -> int:
    """Return the seed that is ``steps`` steps after ``seed``.

    By the rules of Aer, the seed wraps around as a signed integer of 64 bits, as in Aer.
    """
    if rule in (SeedRule.AER, SeedRule.AER_BY_SHOTS):
        return (seed + AER_STEP * steps + 2**63) % 2**64 - 2**63
    if rule in (SeedRule.SAME, SeedRule.EACH_PUB) or steps == 0:
        return seed
    return _derived(rule, seed, 0, steps)


def point_seed(rule: SeedRule, seed: int, points: int) -> int:
    """Return the seed of a range that begins so many points after the point that draws with ``seed``.

    If the rule allows it, the range draws what it would in one run of all points. Otherwise its samples
    are independent of those of the other ranges.
    """
    if rule in (SeedRule.AER, SeedRule.AER_BY_SHOTS):
        return move(rule, seed, points)
    return seed if rule is SeedRule.SAME or points == 0 else _derived(rule, seed, 2, points)


def piece_seed(rule: SeedRule, seed: int, piece: int) -> int:
    """Return the seed of a shot piece: ``seed`` for the first piece, a derived seed for the others."""
    return seed if piece == 0 else _derived(rule, seed, 1, piece)


def seed_at(rule: SeedRule, seed: int | None, items: Sequence[Item], index: int) -> int | None:
    """Return the seed of a job that begins at one of the circuits of another job.

    Args:
        rule: the rule of the backend.
        seed: the seed of the other job; for None, None is returned.
        items: the circuits of the other job, at least up to ``index``.
        index: the circuit's place in the other job, from 0.
    """
    return None if seed is None else move(rule, seed, places(rule, items[: index + 1])[index])


def _derived(rule: SeedRule, seed: int, *key: int) -> int:
    sequence = np.random.SeedSequence(seed % 2**128, spawn_key=key)
    bits = int(sequence.generate_state(1, np.uint64)[0])
    return bits >> (33 if rule is SeedRule.UNKNOWN else 1)
