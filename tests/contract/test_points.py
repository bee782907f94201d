"""Sweeps that are cut give what one plain run gives, where the sampler's seeds allow it."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import BackendSamplerV2, StatevectorSampler
from qiskit_aer import AerSimulator
from qiskit_aer.primitives import SamplerV2

from qjm_widgets import JobManager
from tests.fakes import LIMIT

SEED = 11
SAMPLERS = {
    "Aer": lambda: SamplerV2(seed=SEED),
    "states": lambda: StatevectorSampler(seed=SEED),
    "backend": lambda: BackendSamplerV2(
        backend=AerSimulator(), options={"seed_simulator": SEED, "default_shots": 20}
    ),
}


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def rabi(name: str) -> QuantumCircuit:
    circuit = QuantumCircuit(3, name=name)
    for qubit in range(3):
        circuit.rx(Parameter(f"t{qubit}"), qubit)
    circuit.measure_all()
    return circuit


def angles(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).uniform(0.5, 2.5, (*shape, 3))


def pubs() -> list[Any]:
    return [
        (rabi("a"), angles(2, 3)),
        (rabi("b"), angles(), 30),
        (rabi("c"), angles(7)),
        (rabi("d"), angles(4), 30),
    ]


def assert_same(job_set: Any, plain: Any) -> None:
    results = job_set.results(LIMIT)
    for index, pub in enumerate(plain):
        ours = results.primitive_result(index)
        assert ours.data.shape == pub.data.shape
        assert np.array_equal(ours.data.meas.array, pub.data.meas.array), index


@pytest.mark.parametrize("points", [1, 2, 4, 5, 100])
@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_a_cut_sweep_equals_the_plain_run(manager: JobManager, make: Any, points: int) -> None:
    plain = make().run(pubs(), shots=20).result()
    assert_same(manager.run(pubs(), make(), shots=20, max_points_per_job=points), plain)


@pytest.mark.parametrize("make", SAMPLERS.values(), ids=SAMPLERS)
def test_halves_equal_the_plain_run(manager: JobManager, make: Any, monkeypatch: Any) -> None:
    # One seed cannot serve the second half of a job whose circuits differ in shots.
    alike = [pub[:2] for pub in pubs()]
    plain = make().run(alike, shots=20).result()
    sampler = make()
    run = type(sampler).run

    def small(self: Any, given: Any, **options: Any) -> Any:
        taken = list(given)
        if sum(1 if values is None else values.size for _, values, _ in taken) > 2:
            raise RuntimeError("413 Client Error: Payload Too Large")
        return run(self, taken, **options)

    monkeypatch.setattr(type(sampler), "run", small)
    job_set = manager.run(alike, sampler, shots=20)
    assert_same(job_set, plain)
    assert max(len(job.points or [0]) for job in job_set._state.jobs) == 2


def test_pieces_of_ranges_draw_independently(manager: JobManager) -> None:
    same = np.full((6, 3), 1.5)
    cut = {"max_points_per_job": 2, "max_shots_per_job": 100}
    job_set = manager.run((rabi("a"), same), SamplerV2(seed=SEED), shots=300, **cut)
    array = job_set.results(LIMIT).primitive_result(0).data.meas.array
    drawn = array.reshape(6, 3, 100)
    assert len({part.tobytes() for point in drawn for part in point}) == 18


@pytest.mark.parametrize("name", ["states", "backend"])
@pytest.mark.parametrize("limit", [{"max_points_per_job": 2}, {"max_payload_bytes": 10_000}])
def test_points_without_parameters_are_cut(manager: JobManager, name: str, limit: Any) -> None:
    """A PUB may repeat a circuit without parameters; Aer's sampler runs its first point only."""
    make = SAMPLERS[name]
    pub = (rabi("a").assign_parameters([0.5, 1.0, 1.5]), np.zeros((5, 0)))
    plain = make().run([pub], shots=20).result()
    assert_same(manager.run(pub, make(), shots=20, **limit), plain)


def test_workers_of_an_executor_run_ranges(manager: JobManager) -> None:
    plain = SamplerV2(seed=SEED).run(pubs(), shots=20).result()
    with ThreadPoolExecutor(2) as pool:
        job_set = manager.run(
            pubs(), SamplerV2(seed=SEED), shots=20, max_points_per_job=4, executor=pool
        )
        assert_same(job_set, plain)


def test_a_backend_that_takes_circuits_only_runs_ranges(manager: JobManager) -> None:
    pub, seed = (rabi("a"), angles(7)), {"seed_simulator": SEED}
    whole = manager.run(pub, AerSimulator(), shots=20, **seed).results(LIMIT)
    cut = manager.run(pub, AerSimulator(), shots=20, max_points_per_job=3, **seed)
    assert len(cut.jobs_of(0)) == 3
    results = cut.results(LIMIT)
    for point in range(7):
        assert results.get_counts(0, loc=point) == whole.get_counts(0, loc=point)
