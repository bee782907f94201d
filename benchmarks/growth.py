"""The growth of time and memory with the number of jobs, and the parts of the time."""

from __future__ import annotations

import gc
import io
import itertools
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

from qiskit import qpy
from qiskit.providers.basic_provider import BasicSimulator

from benchmarks.timing import Row, Spread, Target, resident
from benchmarks.workloads import (
    SHOTS,
    InstantBackend,
    cut,
    random_circuits,
    ready_results,
    small_circuits,
)
from qjm_widgets import JobManager
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status
from qjm_widgets.storage.sqlite import SQLiteStore

NAME = "growth"
JOBS = (10, 100, 1000, 10_000)
CIRCUITS_A_JOB = 10
LARGE = ((100_000, 1000), (100_000, 10_000))
OLD_SETS = 1000
MICROSECONDS = 1e6

# The parts of a set's time, and the functions that make them.
PARTS = {
    "circuits to QPY": ("qjm_widgets.manager.set_writer.write_block",),
    "results read": ("qjm_widgets.backends.backend_run.read_result",),
    "outcomes written": ("qjm_widgets.engine.transitions.encode_outcome",),
    "the store": (
        "qjm_widgets.storage.sqlite.SQLiteStore.create_set",
        "qjm_widgets.storage.sqlite.SQLiteStore.extend_set",
        "qjm_widgets.storage.sqlite.SQLiteStore.commit",
    ),
    "published": ("qjm_widgets.state.job_set_state.JobSetState.publish",),
}


def run(*, short: bool) -> Iterator[Row]:
    for jobs in JOBS[:3] if short else JOBS:
        yield from _jobs(jobs, 1 if short else 3)
    if not short:
        for circuits, jobs in LARGE:
            yield from _large_set(circuits, jobs)
    yield _quickstart()
    yield _open_store()


def _jobs(jobs: int, rounds: int) -> list[Row]:
    circuits = small_circuits(jobs * CIRCUITS_A_JOB)
    backend = InstantBackend(ready_results(circuits[:CIRCUITS_A_JOB], 1))
    case = f"{jobs:,} jobs of {CIRCUITS_A_JOB}"
    whole, returned = [], []
    for _ in range(rounds):
        one = _measure(circuits, backend, jobs)
        whole.append(MICROSECONDS * one["whole"] / jobs)
        returned.append(one["returned"])
    parts: Counter[str] = Counter()
    with _time_parts(parts):
        _measure(circuits, backend, jobs)
    return [
        Row(NAME, f"{case}: total", "µs/job", Spread.of(whole)),
        Row(NAME, f"{case}: until run returned", "s", Spread.of(returned)),
        *(
            Row(NAME, f"{case}: {part}", "µs/job", Spread.of([MICROSECONDS * parts[part] / jobs]))
            for part in PARTS
        ),
    ]


def _quickstart() -> Row:
    circuits = random_circuits(1000, BasicSimulator())
    backend = InstantBackend(ready_results(circuits[:100], 1))
    returned = [_measure(circuits, backend, 10)["returned"] for _ in range(3)]
    case = "1,000 circuits of the quickstart: until run returned"
    return Row(NAME, case, "s", Spread.of(returned), target=Target("value", 0.4))


def _large_set(circuits: int, jobs: int) -> list[Row]:
    made = small_circuits(circuits)
    backend = InstantBackend(ready_results(made[: circuits // jobs], 1))
    written = _qpy_seconds(made, jobs)
    one = _measure(made, backend, jobs)
    case = f"{circuits:,} circuits in {jobs:,} jobs"
    return [
        Row(NAME, f"{case}: until run returned", "s", Spread.of([one["returned"]])),
        Row(
            NAME,
            f"{case}: until run returned, beside writing their QPY alone",
            "times",
            Spread.of([one["returned"] / written]),
            target=Target("value", 1.5),
        ),
        Row(NAME, f"{case}: until run returned, processor", "s", Spread.of([one["cpu"]])),
        Row(NAME, f"{case}: total", "s", Spread.of([one["whole"]])),
        Row(NAME, f"{case}: most memory beside the user's circuits", "MB", Spread.of([one["most"]])),
        Row(NAME, f"{case}: memory when it is done", "MB", Spread.of([one["left"]])),
    ]


def _qpy_seconds(circuits: Sequence[Any], jobs: int) -> float:
    """Return the seconds for writing the QPY of each job's circuits, and nothing else."""
    gc.collect()
    began = time.perf_counter()
    for part in cut(circuits, jobs):
        qpy.dump(part, io.BytesIO())
    return time.perf_counter() - began


def _measure(circuits: Sequence[Any], backend: Any, jobs: int) -> dict[str, float]:
    """Return seconds, and the megabytes that this process has more than before."""
    with tempfile.TemporaryDirectory() as directory:
        gc.collect()
        before = resident()
        most = before
        with JobManager(Path(directory, "store.sqlite")) as manager:
            began, cpu = time.perf_counter(), time.thread_time()
            job_set = manager.run(
                circuits, backend, shots=SHOTS, max_circuits_per_job=len(circuits) // jobs
            )
            returned, cpu = time.perf_counter() - began, time.thread_time() - cpu
            most = max(most, resident())
            while not job_set.wait(0.25):
                most = max(most, resident())
            whole = time.perf_counter() - began
            assert job_set._state.numbers()[Status.DONE] == jobs
            most = max(most, resident())
            gc.collect()
            left = resident()
    return {
        "whole": whole,
        "returned": returned,
        "cpu": cpu,
        "most": most - before,
        "left": left - before,
    }


@contextmanager
def _time_parts(parts: Counter[str]) -> Iterator[None]:
    """Add the processor seconds of each part, in the thread that does it."""
    lock = threading.Lock()

    def timing(part: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def timed(*arguments: Any, **named: Any) -> Any:
            began = time.thread_time()
            try:
                return function(*arguments, **named)
            finally:
                took = time.thread_time() - began
                with lock:
                    parts[part] += took

        return timed

    with ExitStack() as stack:
        for part, names in PARTS.items():
            for name in names:
                owner, attribute = name.rsplit(".", 1)
                target = _find(owner)
                stack.enter_context(
                    mock.patch.object(target, attribute, timing(part, getattr(target, attribute)))
                )
        yield


def _find(name: str) -> Any:
    import pkgutil

    return pkgutil.resolve_name(name)


def _open_store() -> Row:
    with tempfile.TemporaryDirectory() as directory:
        path = Path(directory, "store.sqlite")
        store = SQLiteStore(path)
        for number in range(OLD_SETS):
            jobs = [JobRecord(row, Span(row, row + 1), status=Status.DONE) for row in range(10)]
            record = JobSetRecord(
                f"{number:032x}", f"old {number}", "b", "backend_run", 10, float(number)
            )
            store.create_set(record, jobs)
        store.close()
        took = []
        for _ in itertools.repeat(None, 5):
            began = time.perf_counter()
            with JobManager(path) as manager:
                assert len(manager.history()) == OLD_SETS
                took.append(1e3 * (time.perf_counter() - began))
    case = f"a store with {OLD_SETS:,} old sets, opened and listed"
    return Row(NAME, case, "ms", Spread.of(took), target=Target("value", 100.0))
