"""The counts of many circuits summed into one histogram."""

from __future__ import annotations

from collections import Counter

import numpy as np

from benchmarks.timing import Row, Stopwatch, Target, comparison, measure_rounds
from benchmarks.workloads import cut
from qjm_widgets.core.counts import Layout, pack_shots
from qjm_widgets.core.counts_sum import CountsSum
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome, PubOutcome

NAME = "aggregation"
CIRCUITS, JOBS, SHOTS, BITS = 10_000, 100, 1024, 10


def run(*, short: bool) -> list[Row]:
    shots = np.random.default_rng(5).integers(0, 1 << BITS, (CIRCUITS, SHOTS), dtype=np.uint16)
    as_bytes = shots.astype(">u2").view(np.uint8).reshape(CIRCUITS, SHOTS, 2)
    layout = Layout((BITS,), BITS)
    counted = [_experiment(each, layout) for each in shots]
    sampled = [PubOutcome(f"c{index}", (), {"c": (each, BITS)}) for index, each in enumerate(as_bytes)]
    of_counts = [JobOutcome(part) for part in cut(counted, JOBS)]
    of_shots = [JobOutcome(part) for part in cut(sampled, JOBS)]

    def bincount(stopwatch: Stopwatch) -> None:
        with stopwatch.timed():
            packed = as_bytes.reshape(-1, 2).view(">u2").reshape(-1)
            np.bincount(packed.astype(np.int64), minlength=1 << BITS)

    contenders = {
        "packed counts": lambda stopwatch: _sum_outcomes(stopwatch, of_counts),
        "packed shots": lambda stopwatch: _sum_outcomes(stopwatch, of_shots),
        "np.bincount": bincount,
    }
    if not short:
        dicts = [outcome.counts.to_dict() for outcome in counted if outcome.counts is not None]
        contenders["Counter"] = lambda stopwatch: _counter(stopwatch, dicts)
    rounds = measure_rounds(contenders, 3 if short else 5)
    case = f"{CIRCUITS:,} circuits of {SHOTS:,} shots at {BITS} qubits"
    most = Target("ratio", most=3.0)
    rows = [
        comparison(NAME, f"{case}: {ours}", rounds, ours, "np.bincount", unit="ms", target=most)
        for ours in ("packed counts", "packed shots")
    ]
    if not short:
        rows.append(
            comparison(NAME, f"{case}: packed counts", rounds, "packed counts", "Counter", unit="ms")
        )
    return rows


def _sum_outcomes(stopwatch: Stopwatch, outcomes: list[JobOutcome]) -> None:
    """Sum as ``job_set.counts()`` does: job by job, formatted once."""
    with stopwatch.timed():
        total = CountsSum()
        for outcome in outcomes:
            total.add(outcome.sums())
        counts = total.to_dict()
    assert sum(counts.values()) == CIRCUITS * SHOTS


def _counter(stopwatch: Stopwatch, dicts: list[dict[str, int]]) -> None:
    with stopwatch.timed():
        total: Counter[str] = Counter()
        for counts in dicts:
            total += Counter(counts)


def _experiment(shots: np.ndarray, layout: Layout) -> ExperimentOutcome:
    return ExperimentOutcome("c", SHOTS, True, "DONE", {}, layout, pack_shots(shots, layout))
