"""The primitives of the program ``executor`` without an account: fake backends, and AerSimulator."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer import AerSimulator
from qiskit_ibm_runtime import Batch
from qiskit_ibm_runtime.executor_estimator import Estimator
from qiskit_ibm_runtime.executor_sampler import Sampler
from qiskit_ibm_runtime.fake_provider import FakeManilaV2

from qjm_widgets import JobManager
from qjm_widgets.errors import CircuitError, InputError
from tests.fakes import LIMIT

Mode = Callable[[], Any]
MODES: list[Mode] = [FakeManilaV2, AerSimulator, lambda: Batch(backend=AerSimulator())]
modes = pytest.mark.parametrize("mode", MODES, ids=["fake", "Aer", "batch"])


def sweep() -> QuantumCircuit:
    circuit = QuantumCircuit(1, name="sweep")
    circuit.ry(Parameter("t"), 0)
    return transpile(circuit, FakeManilaV2(), optimization_level=0)


def measured() -> QuantumCircuit:
    circuit = sweep()
    circuit.measure_active()
    return circuit


@modes
def test_counts(manager: JobManager, bell: QuantumCircuit, mode: Mode) -> None:
    sampler = Sampler(mode=mode(), options={"twirling": {"enable_measure": True}})
    job_set = manager.run(
        [bell] * 3,
        sampler,
        shots=100,
        max_circuits_per_job=2,
        batch=True,
        environment={"private": True},
        tags=["mine"],
        seed_simulator=11,
    )
    assert job_set.wait(LIMIT)
    assert job_set.error_messages() is None
    assert sum(job_set.counts().values()) == 3 * 128
    assert job_set._state.record.survives_kernel is False


@modes
def test_expectation_values(manager: JobManager, mode: Mode) -> None:
    values = np.linspace(0.3, 1.5, 4).reshape(4, 1)
    circuit = sweep()
    operator = SparsePauliOp("Z").apply_layout(circuit.layout)
    job_set = manager.run(
        [(circuit, operator, values)],
        Estimator(mode=mode()),
        precision=0.02,
        max_points_per_job=3,
        seed_simulator=3,
    )
    data = job_set.results(LIMIT).primitive_result(0).data
    (plain,) = StatevectorEstimator().run([(circuit, operator, values)]).result()
    np.testing.assert_allclose(data.evs, plain.data.evs, atol=0.15)
    assert data.ensemble_standard_error.shape == (4,)
    assert job_set.results().stds(0).min() > 0


def test_a_seeded_set_equals_one_plain_run(manager: JobManager) -> None:
    circuits = []
    for number in range(5):
        circuit = QuantumCircuit(2, name=f"coin {number}")
        circuit.sx([0, 1])
        circuit.rz(0.3 * number, 1)
        circuit.sx(1)
        circuit.measure_all()
        circuits.append(circuit)
    options = {"simulator": {"seed_simulator": 7}}
    plain = Sampler(mode=AerSimulator(), options=options).run(circuits, shots=100).result()
    sampler = Sampler(mode=AerSimulator(), options=options)
    job_set = manager.run(circuits, sampler, shots=100, max_circuits_per_job=2)
    results = job_set.results(LIMIT)
    for index, pub in enumerate(plain):
        assert results.get_counts(index) == pub.data.meas.get_counts()


def test_pieces_of_the_shots_and_ranges_of_points_differ(manager: JobManager) -> None:
    sampler = Sampler(mode=AerSimulator(), options={"simulator": {"seed_simulator": 7}})
    values = np.full((2, 1), np.pi / 2)
    job_set = manager.run(
        (measured(), values), sampler, shots=400, max_shots_per_job=200, max_points_per_job=1
    )
    assert job_set.wait(LIMIT)
    parts = [job_set._state.outcomes.get_local(row).circuits[0].joined().tolist() for row in range(4)]
    assert all(parts[a] != parts[b] for a in range(4) for b in range(a))


def test_circuits_of_other_shots_or_precision_are_jobs_of_their_own(manager: JobManager) -> None:
    pubs = [(measured(), [0.0], shots) for shots in (10, 20)]
    results = manager.run(pubs, Sampler(mode=AerSimulator())).results(LIMIT)
    assert [sum(results.get_counts(index).values()) for index in range(2)] == [10, 20]
    precise = [(sweep(), "IIIII", [0.0], precision) for precision in (0.1, 0.2)]
    results = manager.run(precise, Estimator(mode=AerSimulator())).results(LIMIT)
    assert [float(results.evs(index)) for index in range(2)] == [1.0, 1.0]


def test_what_is_refused(manager: JobManager) -> None:
    wrong = QuantumCircuit(2, name="wrong")
    wrong.h(0)
    wrong.measure_all()
    fake = FakeManilaV2()
    both = {"pec_mitigation": True, "zne_mitigation": True}
    for circuit, primitive, options, kind, words in [
        (wrong, Sampler(mode=fake), {}, CircuitError, "generate_preset_pass_manager"),
        (measured(), Sampler(mode=fake), {}, CircuitError, "parameters without values"),
        (wrong, Sampler(mode=AerSimulator()), {"shotz": 3}, InputError, "no run option"),
        (
            (sweep(), "IIIIZ", [0.1]),
            Estimator(mode=fake),
            {"resilience": both},
            CircuitError,
            "incompatible",
        ),
    ]:
        with pytest.raises(kind, match=words):
            manager.run(circuit, primitive, **options)
    assert manager.job_sets() == []
