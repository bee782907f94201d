"""One PUB of many points, cut into jobs, on a sampler whose results are ready."""

from __future__ import annotations

import functools
import tempfile
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import BaseSamplerV2, BitArray, DataBin, PrimitiveResult, SamplerPubResult
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.providers import JobStatus

from benchmarks.timing import Row, Spread, Stopwatch, Target, comparison, measure_rounds
from qjm_widgets import JobManager

NAME = "sweep"
POINTS = 100_000
BITS = 3
SHOTS = 100
A_JOB = 1000
MICROSECONDS = 1e6


class ReadyJob:
    """A job that is done."""

    def __init__(self, result: PrimitiveResult) -> None:
        self._result = result

    def job_id(self) -> str:
        return "ready"

    def status(self) -> JobStatus:
        return JobStatus.DONE

    def cancel(self) -> None:
        """It is done."""

    def result(self) -> PrimitiveResult:
        return self._result


class InstantSampler(BaseSamplerV2):  # type: ignore[misc]
    """Gives the next points of a result that is ready; ``copies``: in memory of their own."""

    def __init__(self, *, copies: bool = False) -> None:
        chance = np.random.default_rng(0)
        self.array = chance.integers(0, 1 << BITS, (POINTS, SHOTS, 1), dtype=np.uint8)
        self.copies = copies
        self._at = 0

    def run(self, pubs: Any, *, shots: int | None = None) -> ReadyJob:
        results = []
        for given in pubs:
            pub = SamplerPub.coerce(given, shots)
            stop = self._at + pub.parameter_values.size
            array = self.array[self._at : stop]
            array = array.copy() if self.copies else array
            data = DataBin(meas=BitArray(array.reshape(*pub.shape, SHOTS, 1), BITS), shape=pub.shape)
            results.append(SamplerPubResult(data))
            self._at = stop % POINTS
        return ReadyJob(PrimitiveResult(results))


def run(*, short: bool) -> list[Row]:
    count = 3 if short else 15
    pub = _pub()
    sampler = InstantSampler()
    rounds = measure_rounds(
        {
            "manager": functools.partial(_through_manager, pub, sampler),
            "plain": functools.partial(_plain, pub, sampler),
            "read": functools.partial(_read_counts, pub, sampler),
            "numpy": functools.partial(_count_by_numpy, sampler),
        },
        count,
    )
    overhead = _per_point(rounds.wall("manager"), rounds.wall("plain"))
    what = f"a PUB of {POINTS:,} points, {BITS} bits, {SHOTS} shots, in {POINTS // A_JOB} jobs"
    return [
        Row(
            NAME,
            f"{what}: overhead",
            "µs/point",
            overhead,
            target=Target("value", most=3.0),
        ),
        Row(
            NAME,
            f"{what}: overhead, processor time",
            "µs/point",
            _per_point(rounds.cpu("manager"), rounds.cpu("plain")),
        ),
        comparison(NAME, f"{what}: all counts read back", rounds, "read", "numpy", unit="ms"),
        Row(
            NAME,
            f"{what}: memory beside the sampler's result",
            "BitArrays",
            Spread.of([_memory(pub)]),
            target=Target("value", most=1.5),
        ),
    ]


def _per_point(ours: list[float], theirs: list[float]) -> Spread:
    """Return the differences, round by round, for each point."""
    return Spread.of([MICROSECONDS * (a - b) / POINTS for a, b in zip(ours, theirs, strict=True)])


def _pub() -> tuple[QuantumCircuit, Any]:
    circuit = QuantumCircuit(BITS, name="sweep")
    circuit.rx(Parameter("t"), 0)
    circuit.measure_all()
    return circuit, np.linspace(0, 7, POINTS)


def _through_manager(pub: Any, sampler: InstantSampler, stopwatch: Stopwatch) -> None:
    with tempfile.TemporaryDirectory() as place, JobManager(Path(place) / "store") as manager:
        with stopwatch.timed():
            job_set = manager.run(pub, sampler, shots=SHOTS, max_points_per_job=A_JOB)
            result = job_set.results().primitive_result(0)
        assert result.data.meas.array.shape == sampler.array.shape


def _plain(pub: Any, sampler: InstantSampler, stopwatch: Stopwatch) -> None:
    with stopwatch.timed():
        sampler.run([pub], shots=SHOTS).result()


def _read_counts(pub: Any, sampler: InstantSampler, stopwatch: Stopwatch) -> None:
    with tempfile.TemporaryDirectory() as place, JobManager(Path(place) / "store") as manager:
        job_set = manager.run(pub, sampler, shots=SHOTS, max_points_per_job=A_JOB)
        job_set.wait()
        with stopwatch.timed():
            counts = job_set.counts(0)
        assert sum(counts.values()) == POINTS * SHOTS


def _count_by_numpy(sampler: InstantSampler, stopwatch: Stopwatch) -> None:
    with stopwatch.timed():
        np.bincount(sampler.array.ravel())


def _memory(pub: Any) -> float:
    """The most memory that Python and NumPy had at once, from ``run`` to the joined result."""
    sampler = InstantSampler(copies=True)
    with tempfile.TemporaryDirectory() as place, JobManager(Path(place) / "store") as manager:
        tracemalloc.start()
        try:
            job_set = manager.run(pub, sampler, shots=SHOTS, max_points_per_job=A_JOB)
            result = job_set.results().primitive_result(0)
            most = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    assert result.data.meas.array.shape == sampler.array.shape
    return most / sampler.array.nbytes
