"""The same call without an account: fake backends, and AerSimulator as the mode."""

from __future__ import annotations

from typing import Any

import pytest
from qiskit import QuantumCircuit

from qjm_widgets import JobManager
from qjm_widgets.errors import CircuitError, InputError
from tests.fakes import LIMIT

OPTIONS: dict[str, Any] = {
    "shots": 40,
    "batch": True,
    "dynamical_decoupling": {"enable": True},
    "max_qpu_seconds": 10,
    "tags": ["mine"],
    "seed_simulator": 11,
}


def test_the_same_call_runs_on_a_fake_backend(manager: JobManager, bell: QuantumCircuit) -> None:
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    job_set = manager.run([bell] * 4, FakeManilaV2(), max_circuits_per_job=2, **OPTIONS)
    assert job_set.wait(LIMIT)
    assert job_set.error_messages() is None
    assert sum(job_set.counts().values()) == 160
    assert job_set._state.record.survives_kernel is False
    again = manager.run([bell] * 4, FakeManilaV2(), max_circuits_per_job=2, **OPTIONS)
    assert again.wait(LIMIT)
    assert [again.results().get_counts(i) for i in range(4)] == [
        job_set.results().get_counts(i) for i in range(4)
    ]


@pytest.mark.filterwarnings("ignore:Specifying different 'shots' across pubs")
def test_a_seeded_set_equals_one_plain_run(manager: JobManager, bell: QuantumCircuit) -> None:
    from qiskit.primitives import BackendSamplerV2
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime import Batch
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    pubs = [(bell, None, shots) for shots in (100, 200, 100, 100, 200)]
    for backend, given, computing in (
        (FakeManilaV2(), {"seed_simulator": 7}, FakeManilaV2()),
        (Batch(backend=AerSimulator(seed_simulator=7)), {}, AerSimulator()),
    ):
        sampler = BackendSamplerV2(backend=computing, options={"seed_simulator": 7})
        plain = sampler.run(pubs).result()
        job_set = manager.run(pubs, backend, max_circuits_per_job=2, **given)
        assert job_set.wait(LIMIT)
        assert job_set.error_messages() is None
        for index in range(len(pubs)):
            found = job_set.results().get_counts(index)
            assert found == plain[index].join_data().get_counts()


def test_without_a_seed_pieces_of_the_shots_differ(manager: JobManager, bell: QuantumCircuit) -> None:
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    job_set = manager.run(bell, FakeManilaV2(), shots=400, max_shots_per_job=200)
    assert job_set.wait(LIMIT)
    first, second = (job_set._state.outcomes.get_local(row) for row in (0, 1))
    assert first.circuits[0].joined().tolist() != second.circuits[0].joined().tolist()
    assert manager.run(bell, FakeManilaV2(), shots=10).wait(LIMIT)


def test_the_same_call_runs_with_aer_as_the_mode(manager: JobManager, bell: QuantumCircuit) -> None:
    from qiskit_aer import AerSimulator
    from qiskit_ibm_runtime import Batch, SamplerV2

    with pytest.warns(DeprecationWarning, match="SamplerV2"):
        sampler = SamplerV2(mode=AerSimulator())
    for backend in (sampler, Batch(backend=AerSimulator())):
        job_set = manager.run([bell] * 2, backend, **OPTIONS)
        assert job_set.wait(LIMIT)
        assert job_set.error_messages() is None
        assert sum(job_set.counts().values()) == 80


def test_a_fake_backend_refuses_what_the_device_would(manager: JobManager) -> None:
    from qiskit_ibm_runtime.fake_provider import FakeManilaV2

    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.measure_all()
    with pytest.raises(CircuitError, match="generate_preset_pass_manager"):
        manager.run(circuit, FakeManilaV2())
    with pytest.raises(InputError, match="no run option"):
        manager.run(circuit, FakeManilaV2(), shotz=3)
