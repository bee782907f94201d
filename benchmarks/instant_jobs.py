"""A backend that takes no time: the rest is the manager's overhead."""

from __future__ import annotations

import functools
from collections.abc import Iterator

from benchmarks.timing import Row, Spread, Target, measure_rounds
from benchmarks.workloads import (
    InstantBackend,
    cut,
    ready_results,
    run_with_loop,
    run_with_manager,
    small_circuits,
    write_qpy,
)

NAME = "instant"
CASES = ((1000, 100), (10_000, 1000))
MICROSECONDS = 1e6


def run(*, short: bool) -> Iterator[Row]:
    for circuits, jobs in CASES:
        yield from _case(circuits, jobs, 3 if short else 15)


def _case(circuits: int, jobs: int, count: int) -> list[Row]:
    made = small_circuits(circuits)
    parts = cut(made, jobs)
    fewer = jobs // 10
    many, few = (InstantBackend(ready_results(made, number)) for number in (jobs, fewer))

    rounds = measure_rounds(
        {
            "manager": functools.partial(run_with_manager, circuits=made, backend=many, jobs=jobs),
            "plain loop": functools.partial(run_with_loop, parts=parts, backend=many),
            "QPY": functools.partial(write_qpy, parts=parts),
            "fewer jobs": functools.partial(run_with_manager, circuits=made, backend=few, jobs=fewer),
        },
        count,
    )

    def per_job(what: str, seconds: list[float], of: int = jobs, target: Target | None = None) -> Row:
        spread = Spread.of([MICROSECONDS * each / of for each in seconds])
        case = f"{circuits:,} circuits in {jobs:,} jobs: {what}"
        return Row(NAME, case, "µs/job", spread, target=target)

    overhead = _differences(rounds.wall("manager"), rounds.wall("plain loop"))
    return [
        per_job("overhead", overhead, target=Target("value", most=100.0)),
        per_job(
            "overhead, processor time", _differences(rounds.cpu("manager"), rounds.cpu("plain loop"))
        ),
        per_job("their QPY alone", rounds.wall("QPY")),
        per_job("overhead without QPY", _differences(overhead, rounds.wall("QPY"))),
        per_job("until run returned", rounds.lap("manager", "run returned")),
        per_job(
            f"each job beyond {fewer:,}, circuits alike",
            _differences(rounds.wall("manager"), rounds.wall("fewer jobs")),
            of=jobs - fewer,
        ),
    ]


def _differences(some: list[float], others: list[float]) -> list[float]:
    """Return the differences, round by round."""
    return [a - b for a, b in zip(some, others, strict=True)]
