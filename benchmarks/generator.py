"""A million circuits of a generator on a backend that takes no time: seconds and memory."""

from __future__ import annotations

import gc
import time
from collections.abc import Iterator

from qiskit import QuantumCircuit

from benchmarks.timing import Row, Spread, Target, resident
from benchmarks.workloads import SHOTS, InstantBackend, fresh_manager, ghz, ready_results

NAME = "generator"
QUBITS = 3
CIRCUITS = 1_000_000
SHORT = 50_000
CIRCUITS_A_JOB = 1000
#: Of the time and memory for all circuits; a part of them may take its share of the time.
MOST_SECONDS, MOST_MEGABYTES = 200.0, 600.0


def run(*, short: bool) -> Iterator[Row]:
    number = SHORT if short else CIRCUITS
    sample = list(_circuits(CIRCUITS_A_JOB))
    backend = InstantBackend(ready_results(sample, 1, QUBITS))
    making = _making_seconds(number)
    gc.collect()
    before = most = resident()
    with fresh_manager() as manager:
        began = time.perf_counter()
        job_set = manager.run(
            _circuits(number), backend, shots=SHOTS, max_circuits_per_job=CIRCUITS_A_JOB, size=number
        )
        returned = time.perf_counter() - began
        while not job_set.wait(0.25):
            most = max(most, resident())
        whole = time.perf_counter() - began
        most = max(most, resident())
        began = time.perf_counter()
        job_set.counts()
        summed = time.perf_counter() - began
        began = time.perf_counter()
        assert sum(job_set.results().get_counts(number // 2).values()) == SHOTS
        read = time.perf_counter() - began
    case = f"{number:,} circuits in {number // CIRCUITS_A_JOB:,} jobs"
    limit = MOST_SECONDS * number / CIRCUITS
    yield Row(NAME, f"{case}: until run returned", "s", Spread.of([returned]))
    yield Row(
        NAME,
        f"{case}: total without the generator's own time",
        "s",
        Spread.of([whole - making]),
        target=Target("value", limit),
    )
    yield Row(
        NAME,
        f"{case}: most memory",
        "MB",
        Spread.of([most - before]),
        target=Target("value", MOST_MEGABYTES),
    )
    yield Row(NAME, f"{case}: the sum of all counts", "s", Spread.of([summed]))
    yield Row(NAME, f"{case}: counts of one circuit", "s", Spread.of([read]))


def _circuits(number: int) -> Iterator[QuantumCircuit]:
    return (ghz(f"ghz {index}", QUBITS) for index in range(number))


def _making_seconds(number: int) -> float:
    """Return the seconds in which a generator alone makes so many circuits, from a part of them."""
    part = number // 20
    began = time.perf_counter()
    for _ in _circuits(part):
        pass
    return 20 * (time.perf_counter() - began)
