"""A thousand circuits on AerSimulator: the manager compared with the plain loop."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from benchmarks.timing import Row, Spread, Target, comparison, measure_rounds
from benchmarks.workloads import cut, random_circuits, run_with_loop, run_with_manager, write_qpy

NAME = "aer"
CIRCUITS = 1000
JOBS = (10, 100)


def run(*, short: bool) -> Iterator[Row]:
    from qiskit_aer import AerSimulator

    backend = AerSimulator()
    circuits = random_circuits(CIRCUITS, backend)
    for jobs in JOBS:
        yield from _case(circuits, backend, jobs, 3 if short else 15)


def _case(circuits: list[Any], backend: Any, jobs: int, count: int) -> list[Row]:
    parts = cut(circuits, jobs)
    rounds = measure_rounds(
        {
            "manager": functools.partial(
                run_with_manager, circuits=circuits, backend=backend, jobs=jobs
            ),
            "plain loop": functools.partial(run_with_loop, parts=parts, backend=backend),
            "QPY": functools.partial(write_qpy, parts=parts),
        },
        count,
    )
    case = f"{CIRCUITS:,} circuits in {jobs:,} jobs"
    returned = Spread.of(rounds.lap("manager", "run returned"))
    return [
        comparison(
            NAME, case, rounds, "manager", "plain loop", target=Target("ratio", most=1.2, aim=1.1)
        ),
        comparison(NAME, f"{case}: their QPY alone", rounds, "QPY", "plain loop"),
        Row(NAME, f"{case}: until run returned", "s", returned, target=Target("value", most=1.0)),
    ]
