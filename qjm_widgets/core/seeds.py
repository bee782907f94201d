"""Seeds of jobs: how a set is cut changes no sample that it need not change.

Where the backend's own rule is known, a job gets the seed with which its circuits draw what they would
in one plain run of all circuits. Elsewhere each job gets a seed that is derived from the one given and
from where the job begins: independent of the others, and the same for the same plan.
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
    """What a run makes of its one seed, circuit by circuit."""

    #: Circuit k draws with seed + 2113 k; each point (parameter set) counts as a circuit.
    AER = "aer"
    #: The same, counted among the circuits of equal shots: samplers run those together.
    AER_BY_SHOTS = "aer by shots"
    #: Every circuit draws with the seed itself, whatever came before it.
    SAME = "same"
    #: One stream for the whole run, of a generator of NumPy's: later circuits depend on earlier ones.
    STREAM = "stream"
    #: Nobody knows; seeds that are derived have 31 bits, which every generator takes.
    UNKNOWN = "unknown"


def places(rule: SeedRule, items: Sequence[Item]) -> list[int]:
    """How many steps of the seed lie before each circuit of one plain run."""
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
    """The seed of what begins so many steps after the circuit that draws with ``seed``.

    Sums on Aer wrap as its own do, at 64 bits; it takes them as signed numbers.
    """
    if rule in (SeedRule.AER, SeedRule.AER_BY_SHOTS):
        return (seed + AER_STEP * steps + 2**63) % 2**64 - 2**63
    if rule is SeedRule.SAME or steps == 0:
        return seed
    return _derived(rule, seed, 0, steps)


def piece_seed(rule: SeedRule, seed: int, piece: int) -> int:
    """The seed for one piece of a circuit's shots: the given one for the first, derived for others."""
    return seed if piece == 0 else _derived(rule, seed, 1, piece)


def seed_at(rule: SeedRule, seed: int | None, items: Sequence[Item], index: int) -> int | None:
    """The seed with which one circuit of a job is sent without those before it.

    Args:
        rule: of the backend.
        seed: the job's; None stays None.
        items: the circuits of the job.
        index: the circuit's place in the job, from 0.
    """
    return None if seed is None else move(rule, seed, places(rule, items[: index + 1])[index])


def _derived(rule: SeedRule, seed: int, *key: int) -> int:
    sequence = np.random.SeedSequence(seed % 2**128, spawn_key=key)
    bits = int(sequence.generate_state(1, np.uint64)[0])
    return bits >> (33 if rule is SeedRule.UNKNOWN else 1)
