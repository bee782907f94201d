"""Many small circuits on all cores: the manager's processes, the kernel alone and a process pool."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import get_context
from typing import Any

from benchmarks.timing import Row, Stopwatch, comparison, measure_rounds
from benchmarks.workloads import SHOTS, cut, random_circuits, run_with_loop
from qjm_widgets import JobManager

NAME = "executors"
CIRCUITS = 1000
JOBS = 50
SHORT_CIRCUITS = 200


def run(*, short: bool) -> Iterator[Row]:
    from qiskit.primitives import StatevectorSampler
    from qiskit.providers.basic_provider import BasicSimulator
    from qiskit_aer import AerSimulator

    number = SHORT_CIRCUITS if short else CIRCUITS
    basic, aer = BasicSimulator(), AerSimulator()
    few_gates = random_circuits(number, basic)
    cases = ((basic, few_gates), (StatevectorSampler(), few_gates), (aer, random_circuits(number, aer)))
    with (
        JobManager(":memory:") as manager,
        ProcessPoolExecutor(mp_context=get_context("forkserver")) as pool,
        ThreadPoolExecutor() as threads,
    ):
        for backend, circuits in cases:
            yield from _case(manager, pool, threads, circuits, backend, 2 if short else 5)


def _case(
    manager: JobManager,
    pool: Executor,
    threads: Executor,
    circuits: list[Any],
    backend: Any,
    count: int,
) -> list[Row]:
    name = type(backend).__name__
    parts = cut(circuits, JOBS)
    contenders: dict[str, Callable[[Stopwatch], None]] = {
        "processes": functools.partial(_run_managed, manager, circuits, backend, "processes"),
        "in the kernel": functools.partial(_run_managed, manager, circuits, backend, None),
        "plain loop": functools.partial(run_with_loop, parts=parts, backend=backend)
        if hasattr(backend, "target")
        else functools.partial(_run_sampler_loop, parts, backend),
        "futures.map": functools.partial(_run_in_pool, pool, parts, backend),
    }
    if name == "AerSimulator":
        own = type(backend)(executor=threads, max_job_size=max(1, len(circuits) // JOBS))
        contenders["Aer's executor option"] = functools.partial(_run_at_once, circuits, own)
    rounds = measure_rounds(contenders, count)
    case = f"{name}, {len(circuits):,} circuits in {JOBS} jobs: processes"
    rows = [
        comparison(NAME, case, rounds, "processes", peer) for peer in contenders if peer != "processes"
    ]
    # The processor time of processes that still run is unknown.
    return [dataclasses.replace(row, cpu_ratio=None) for row in rows]


def _run_managed(
    manager: JobManager, circuits: list[Any], backend: Any, executor: Any, stopwatch: Stopwatch
) -> None:
    with stopwatch.timed():
        job_set = manager.run(
            circuits, backend, shots=SHOTS, max_circuits_per_job=len(circuits) // JOBS, executor=executor
        )
        job_set.wait()
    assert job_set.error_messages() is None


def _run_sampler_loop(parts: list[list[Any]], sampler: Any, stopwatch: Stopwatch) -> None:
    with stopwatch.timed():
        jobs = [sampler.run(part, shots=SHOTS) for part in parts]
        for job in jobs:
            job.result()


def _run_in_pool(pool: Executor, parts: list[list[Any]], backend: Any, stopwatch: Stopwatch) -> None:
    """Run as a user does for all cores: circuits and results are pickled."""
    with stopwatch.timed():
        list(pool.map(functools.partial(_result, backend), parts))


def _result(backend: Any, part: list[Any]) -> Any:
    return backend.run(part, shots=SHOTS).result()


def _run_at_once(circuits: list[Any], backend: Any, stopwatch: Stopwatch) -> None:
    with stopwatch.timed():
        assert backend.run(circuits, shots=SHOTS).result().success
