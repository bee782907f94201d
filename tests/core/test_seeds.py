"""Seeds of jobs, as Aer counts them and as they are derived elsewhere."""

import pytest

from qjm_widgets.backends.seed_options import spread_seeds
from qjm_widgets.core.seeds import AER_STEP, SeedRule, move, piece_seed, places, seed_at
from qjm_widgets.core.splitting import Item, Limits, split
from qjm_widgets.errors import InputError

DERIVED = [SeedRule.STREAM, SeedRule.UNKNOWN]


def test_on_aer_a_seed_moves_by_a_step_for_each_point() -> None:
    items = [Item(10), Item(10, points=3), Item(20, points=0), Item(10)]
    assert places(SeedRule.AER, items) == [0, 1, 4, 4]
    assert seed_at(SeedRule.AER, 7, items, 3) == 7 + 4 * AER_STEP
    assert seed_at(SeedRule.AER, None, items, 3) is None


def test_samplers_count_among_the_circuits_of_equal_shots() -> None:
    items = [Item(10), Item(20, points=3), Item(10), Item(20)]
    assert places(SeedRule.AER_BY_SHOTS, items) == [0, 0, 1, 3]
    assert seed_at(SeedRule.AER_BY_SHOTS, 7, items, 3) == 7 + 3 * AER_STEP


def test_sums_wrap_as_aers_own_do() -> None:
    assert move(SeedRule.AER, 2**63 - 1, 1) == -(2**63) + AER_STEP - 1
    assert move(SeedRule.AER, -1, 1) == AER_STEP - 1


@pytest.mark.parametrize("rule", DERIVED)
def test_derived_seeds_are_the_same_each_time_and_differ_from_each_other(rule: SeedRule) -> None:
    seeds = [move(rule, 7, steps) for steps in range(300)]
    seeds += [move(rule, piece_seed(rule, 7, piece), steps) for piece in (1, 2) for steps in range(300)]
    assert seeds[0] == 7
    assert len(set(seeds)) == len(seeds)
    assert seeds[:300] == [move(rule, 7, steps) for steps in range(300)]
    assert all(0 <= seed < (2**31 if rule is SeedRule.UNKNOWN else 2**63) for seed in seeds)
    assert move(rule, -7, 1) != move(rule, 7, 1)


def test_pieces_of_the_shots_never_meet_another_circuits_seed() -> None:
    found = {
        move(SeedRule.AER, piece_seed(SeedRule.AER, 7, piece), k)
        for piece in range(20)
        for k in range(500)
    }
    assert len(found) == 20 * 500


def test_where_each_circuit_draws_alike_a_cut_changes_nothing() -> None:
    assert move(SeedRule.SAME, 7, 5) == 7
    assert piece_seed(SeedRule.SAME, 7, 1) != 7


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 100])
def test_a_job_holds_no_circuits_that_one_seed_cannot_serve(size: int) -> None:
    items = [Item(10 if index % 3 else 20) for index in range(30)]
    steps = places(SeedRule.AER_BY_SHOTS, items)
    placed = [item._replace(place=place) for item, place in zip(items, steps, strict=True)]
    jobs = split(placed, Limits(circuits=size))
    assert sorted(circuit for job in jobs for circuit in range(*job.span)) == list(range(30))
    for job in jobs:
        inside = places(SeedRule.AER_BY_SHOTS, items[slice(*job.span)])
        moved = [steps[job.span.start] + place for place in inside]
        assert moved == steps[slice(*job.span)]


@pytest.mark.parametrize("seed", [2**63, 2**64, -(2**63) - 1])
def test_a_seed_that_aer_does_not_take(seed: int) -> None:
    with pytest.raises(InputError, match=r"2\*\*63"):
        spread_seeds(seed, 1, SeedRule.AER)
    assert spread_seeds(seed, 1, SeedRule.STREAM) == [seed]
