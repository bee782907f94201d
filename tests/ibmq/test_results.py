"""Results by the retired names; those of backends and of samplers answer alike."""

from collections.abc import Callable
from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.exceptions import QiskitError
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.result import Counts, Result
from qiskit_aer import AerSimulator

from qjm_widgets._compat import has_samplers
from qjm_widgets.ibmq import (
    IBMQJobManager,
    IBMQJobManagerJobNotFound,
    IBMQJobManagerTimeoutError,
    IBMQManagedResultDataNotAvailable,
)
from tests.fakes import ScriptedBackend, marked

KINDS: dict[str, tuple[Callable[[], Any], dict[str, Any]]] = {
    "BasicSimulator": (BasicSimulator, {"memory": True}),
    "AerSimulator": (AerSimulator, {"memory": True}),
}
if has_samplers():
    from qiskit.primitives import StatevectorSampler
    from qiskit_aer.primitives import SamplerV2

    KINDS["StatevectorSampler"] = (StatevectorSampler, {})
    KINDS["Aer's sampler"] = (SamplerV2, {})


def circuits() -> list[QuantumCircuit]:
    """Of several widths and registers, each with samples that differ."""
    found = []
    for index in range(7):
        a, b = ClassicalRegister(2, "a"), ClassicalRegister(1 + index % 3, "b")
        circuit = QuantumCircuit(QuantumRegister(2), *((a, b) if index % 2 else (a,)), name=f"c{index}")
        for qubit in range(2):
            circuit.rz(0.3 * index + qubit, qubit)
            circuit.sx(qubit)
        circuit.measure([0, 1], a)
        found.append(circuit)
    return found


@pytest.mark.parametrize(("make", "options"), KINDS.values(), ids=KINDS)
def test_results_of_both_kinds_answer_the_same_methods(
    make: Callable[[], Any], options: dict[str, Any], jobs: IBMQJobManager
) -> None:
    job_set = jobs.run(circuits(), make(), max_experiments_per_job=2, shots=50, **options)
    results = job_set.results()
    assert results.success
    assert isinstance(results.backend_name, str)
    combined = results.combine_results()
    assert type(combined) is Result
    assert len(combined.results) == 7
    for index, circuit in enumerate(circuits()):
        counts = results.get_counts(index)
        assert isinstance(counts, Counts)
        assert sum(counts.values()) == 50
        assert counts == results.get_counts(circuit) == results.get_counts(circuit.name)
        assert counts == combined.get_counts(index) == combined.get_counts(circuit.name)
        memory = results.get_memory(index)
        assert memory == combined.get_memory(index)
        assert {word: memory.count(word) for word in memory} == counts
        assert results.data(index)
        native, place = job_set.job(index)
        assert (native, place) == (job_set.jobs()[index // 2], index % 2)
        assert job_set.managed_jobs()[index // 2].result().get_counts(place) == counts
    again = Result.from_dict(combined.to_dict())
    assert again.get_counts(3) == results.get_counts(3)


def test_states_and_unitaries_come_from_simulators(jobs: IBMQJobManager) -> None:
    saved = []
    for save in ("save_statevector", "save_unitary"):
        circuit = QuantumCircuit(1, name=save)
        circuit.h(0)
        getattr(circuit, save)()
        saved.append(circuit)
    states = jobs.run(saved[0], AerSimulator(method="statevector")).results()
    assert states.get_statevector("save_statevector", decimals=3).data.tolist() == [0.707, 0.707]
    assert states.get_statevector(0) == states.combine_results().get_statevector(0)
    unitaries = jobs.run(saved[1], AerSimulator(method="unitary")).results()
    assert unitaries.get_unitary(0, 3).data.tolist() == [[0.707, 0.707], [0.707, -0.707]]
    with pytest.raises(IBMQManagedResultDataNotAvailable, match="unitary"):
        states.get_unitary(0)


def test_missing_results_raise_the_retired_errors(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(fail={0: "broke"}, refuse={1: RuntimeError("no")})
    job_set = jobs.run([marked(index) for index in range(3)], backend, max_experiments_per_job=1)
    results = job_set.results()
    assert not results.success
    for circuit in (0, "c0", marked(0), 1):
        with pytest.raises(IBMQManagedResultDataNotAvailable, match="has no result"):
            results.get_counts(circuit)
    for circuit in (3, "nothing", marked(7)):
        with pytest.raises(IBMQJobManagerJobNotFound):
            results.get_counts(circuit)
        with pytest.raises(IBMQJobManagerJobNotFound):
            job_set.job(circuit)
    with pytest.raises(QiskitError):
        results.combine_results()
    assert results.get_counts(2) == {"0000000010": 1024}


def test_waiting_ends_in_time_and_partial_results_are_there(jobs: IBMQJobManager) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = jobs.run([marked(0), marked(1)], backend, max_experiments_per_job=1)
    job_set.jobs()
    with pytest.raises(IBMQJobManagerTimeoutError):
        job_set.results(timeout=0)
    with pytest.raises(TimeoutError):
        job_set.results(timeout=0.01)
    backend.sent[0].finish()
    job_set.managed_jobs()[0].result()
    partial = job_set.results(timeout=0, partial=True)
    assert partial.get_counts(0) == {"0000000000": 1024}
    with pytest.raises(IBMQManagedResultDataNotAvailable, match="queued"):
        partial.get_counts(1)
    backend.sent[1].finish()
    assert job_set.results() is partial
    assert partial.get_counts(1) == {"0000000001": 1024}
    assert job_set.results(refresh=True).get_counts(1) == {"0000000001": 1024}
