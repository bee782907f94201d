"""Comparison with the retired IBMQJobManager, which needs Qiskit 0.46 in an environment of its own."""

from __future__ import annotations

import functools
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from benchmarks.timing import Row, Spread
from benchmarks.workloads import SHOTS, InstantBackend, fresh_manager, ready_results, small_circuits

NAME = "retired"
#: Measured only if it is named, because it fetches packages.
ON_REQUEST = True
CASES = ((1000, 100), (1000, 1000), (10_000, 1000))
HOME = Path(".venv-retired")
PACKAGES = ("qiskit-ibmq-provider==0.20.2", "qiskit-terra==0.46.3", "numpy<2", "setuptools")
MICROSECONDS = 1e6


def run(*, short: bool) -> Iterator[Row]:
    python = _environment()
    cases = CASES[:1] if short else CASES
    peer = Path(__file__).with_name("retired_peer.py")
    done = subprocess.run(
        [python, peer, *(f"{circuits}/{jobs}" for circuits, jobs in cases)],
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    theirs: dict[str, dict[str, float]] = json.loads(done.stdout)
    for circuits, jobs in cases:
        yield from _rows(circuits, jobs, theirs[f"{circuits}/{jobs}"])


def _environment() -> Path:
    """Return the Python of the environment; make the environment if it is missing."""
    python = HOME / "bin" / "python"
    if not (HOME / ".stamp").exists():
        if sys.version_info >= (3, 13):
            sys.exit("the retired manager needs Qiskit 0.46 and so Python 3.11 or 3.12")
        subprocess.run([sys.executable, "-m", "venv", HOME], check=True)
        pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, *PACKAGES], check=True)
        (HOME / ".stamp").touch()
    return python


def _rows(circuits: int, jobs: int, theirs: dict[str, float]) -> list[Row]:
    made = small_circuits(circuits)
    size = circuits // jobs
    backend = InstantBackend(ready_results(made[:size], 1))
    ours = [_ours(made, backend, size) for _ in range(3)]
    case = f"{circuits:,} circuits in {jobs:,} jobs"
    row = functools.partial(Row, NAME, peer="IBMQJobManager")

    def pair(what: str, unit: str, key: str, scale: float) -> Row:
        value, other = scale * min(one[key] for one in ours), scale * theirs[key]
        return row(
            f"{case}: {what}",
            unit,
            Spread.of([value]),
            peer_value=Spread.of([other]),
            ratio=Spread.of([value / other]),
        )

    return [
        pair("overhead, ours on disk, theirs nowhere", "µs/job", "overhead", MICROSECONDS / jobs),
        pair("every count by index", "ms", "counts", 1e3),
    ]


def _ours(circuits: list[Any], backend: InstantBackend, size: int) -> dict[str, float]:
    with fresh_manager() as manager:
        began = time.perf_counter()
        for start in range(0, len(circuits), size):
            backend.run(circuits[start : start + size]).result()
        loop = time.perf_counter() - began
        began = time.perf_counter()
        results = manager.run(circuits, backend, shots=SHOTS, max_circuits_per_job=size).results()
        whole = time.perf_counter() - began
        began = time.perf_counter()
        for index in range(len(circuits)):
            results.get_counts(index)
        return {"overhead": whole - loop, "counts": time.perf_counter() - began}
