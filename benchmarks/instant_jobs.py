"""A backend that takes no time: what remains is the manager's own."""

from __future__ import annotations

import functools

from benchmarks.timing import Row, Spread, Target, take_turns
from benchmarks.workloads import (
    InstantBackend,
    cut,
    ready_results,
    small_circuits,
    through_loop,
    through_manager,
    through_qpy,
)

NAME = "instant"
CASES = ((1000, 100), (10_000, 1000))
MICROSECONDS = 1e6


def run(*, short: bool) -> list[Row]:
    return [row for circuits, jobs in CASES for row in _case(circuits, jobs, 3 if short else 15)]


def _case(circuits: int, jobs: int, count: int) -> list[Row]:
    made = small_circuits(circuits)
    parts = cut(made, jobs)
    fewer = jobs // 10
    many, few = (InstantBackend(ready_results(made, number)) for number in (jobs, fewer))

    rounds = take_turns(
        {
            "manager": functools.partial(through_manager, circuits=made, backend=many, jobs=jobs),
            "plain loop": functools.partial(through_loop, parts=parts, backend=many),
            "QPY": functools.partial(through_qpy, parts=parts),
            "fewer jobs": functools.partial(through_manager, circuits=made, backend=few, jobs=fewer),
        },
        count,
    )

    def a_job(what: str, seconds: list[float], of: int = jobs, target: Target | None = None) -> Row:
        spread = Spread.of([MICROSECONDS * each / of for each in seconds])
        case = f"{circuits:,} circuits in {jobs:,} jobs: {what}"
        return Row(NAME, case, "µs/job", spread, target=target)

    overhead = _less(rounds.wall("manager"), rounds.wall("plain loop"))
    return [
        a_job("overhead", overhead, target=Target("value", most=100.0)),
        a_job("overhead, processor time", _less(rounds.cpu("manager"), rounds.cpu("plain loop"))),
        a_job("their QPY alone", rounds.wall("QPY")),
        a_job("overhead without QPY", _less(overhead, rounds.wall("QPY"))),
        a_job("until run returned", rounds.lap("manager", "run returned")),
        a_job(
            f"each job beyond {fewer:,}, circuits alike",
            _less(rounds.wall("manager"), rounds.wall("fewer jobs")),
            of=jobs - fewer,
        ),
    ]


def _less(some: list[float], others: list[float]) -> list[float]:
    """The differences, round by round."""
    return [a - b for a, b in zip(some, others, strict=True)]
