"""PUBs of a generator are cut, seeded and joined as those of a list."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator, StatevectorSampler
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from tests.fakes import LIMIT


@pytest.fixture
def manager(tmp_path: Path) -> Iterator[JobManager]:
    manager = JobManager(tmp_path / "store")
    yield manager
    manager._shut_down()


def parametrized(*, measured: bool = True) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("a"), 0)
    if measured:
        circuit.measure_all()
    return circuit


@pytest.mark.parametrize(
    "limits",
    [
        {"max_points_per_job": 4},
        {"max_points_per_job": 10},
        {"max_shots_per_job": 30},
        {"max_circuits_per_job": 3, "max_shots_per_job": 40},
        {"max_payload_bytes": 3000},
        {},
    ],
    ids=str,
)
def test_a_generator_is_cut_as_its_list(manager: JobManager, limits: dict[str, int]) -> None:
    circuit = parametrized()
    rng = np.random.default_rng(3)
    pubs = [(circuit, rng.random(2 + index % 7), 50 + index % 3) for index in range(23)]
    backend = AerSimulator()
    runs = [
        manager.run(given, backend, seed_simulator=5, **limits) for given in (pubs, (p for p in pubs))
    ]
    results = [job_set.results(LIMIT) for job_set in runs]
    listed, taken = (
        [
            (job.span, job.points, job.piece, job.pieces, job.shots, job.seed)
            for job in s._state.ordered()
        ]
        for s in runs
    )
    assert taken == listed
    for index in range(23):
        for point in range(2 + index % 7):
            one, two = (result.get_counts(index, loc=point) for result in results)
            assert one == two
    first, second = (job_set._state.record for job_set in runs)
    assert (first.points, first.shots) == (second.points, second.shots)


def test_a_seeded_set_that_goes_on_equals_one_plain_run(manager: JobManager) -> None:
    circuit = parametrized()
    pubs = [(circuit, [0.1 * index, 0.5, 1.5, 2.5][: 2 + index % 3], 100) for index in range(12)]

    def broken() -> Iterator[Any]:
        yield from pubs[:7]
        raise ValueError("off")

    backend = AerSimulator()
    whole = manager.run(pubs, backend, seed_simulator=3).results(LIMIT)
    job_set = manager.run(broken(), backend, seed_simulator=3, max_circuits_per_job=2)
    assert job_set.wait(LIMIT)
    manager.run(iter(pubs), backend, max_circuits_per_job=2, continue_set=job_set)
    results = job_set.results(LIMIT)
    for index in range(12):
        for point in range(2 + index % 3):
            assert results.get_counts(index, loc=point) == whole.get_counts(index, loc=point)


@pytest.mark.parametrize("points", [3, 100])
def test_pubs_of_a_sampler(manager: JobManager, points: int) -> None:
    circuit, angles = parametrized(), np.linspace(0, 3, 7)
    pubs = [(circuit, angles + index, 20 + index) for index in range(9)]
    limits = {"max_points_per_job": points, "max_circuits_per_job": 4}
    runs = [manager.run(given, StatevectorSampler(seed=4), **limits) for given in (pubs, iter(pubs))]
    listed, taken = (
        [(job.span, job.points, job.shots, job.seed) for job in job_set._state.ordered()]
        for job_set in runs
        if job_set.wait(LIMIT)
    )
    assert taken == listed
    one, two = (job_set.results() for job_set in runs)
    for index in range(9):
        assert two.get_counts(index, loc=5) == one.get_counts(index, loc=5)
        assert sum(two.get_counts(index, loc=5).values()) == 20 + index


@pytest.mark.parametrize("points", [3, 100])
def test_pubs_of_an_estimator(manager: JobManager, points: int) -> None:
    circuit, angles = parametrized(measured=False), np.linspace(0, 3, 7)
    pubs: list[Any] = [(circuit, "Z", angles * index, 0.1 if index % 4 else None) for index in range(9)]
    limits = {"max_points_per_job": points, "max_circuits_per_job": 3}
    estimator = StatevectorEstimator(seed=4, default_precision=0.02)
    runs = [manager.run(given, estimator, **limits) for given in (pubs, iter(pubs))]
    one, two = (job_set.results(LIMIT) for job_set in runs)
    for index in range(9):
        assert two.evs(index).shape == (7,)
        np.testing.assert_array_equal(two.evs(index), one.evs(index))
    assert runs[0]._state.record.precision == runs[1]._state.record.precision == (0.02, 0.1)
    job_set = manager.run((pub if pub[3] else "no PUB" for pub in pubs[1:]), estimator, **limits)
    assert job_set.wait(LIMIT)
    assert job_set._state.record.circuits == 3
    assert "item 3" in str(job_set.error_messages())
