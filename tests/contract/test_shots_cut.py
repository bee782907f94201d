"""Values saved in pieces of the shots are merged as a run of all shots gives them, or refused."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import qiskit_aer
from qiskit import QuantumCircuit
from qiskit.quantum_info import Pauli, SparsePauliOp
from qiskit_aer import noise

from qjm_widgets import JobManager, JobSetResults
from qjm_widgets.errors import InputError, NotAvailableError
from tests.comparison import difference
from tests.fakes import LIMIT

SHOTS, PIECES = 90, 4
pytestmark = pytest.mark.filterwarnings("ignore:The return type of saved")


def noisy(**options: Any) -> Any:
    model = noise.NoiseModel()
    model.add_all_qubit_quantum_error(noise.depolarizing_error(0.3, 1), ["h"])
    return qiskit_aer.AerSimulator(noise_model=model, **options)


def run(circuit: Any, backend: Any, **options: Any) -> JobSetResults:
    with JobManager(":memory:") as manager:
        job_set = manager.run(circuit, backend, shots=SHOTS, max_shots_per_job=SHOTS // 4 + 1, **options)
        assert len(job_set.managed_jobs()) == PIECES
        results = job_set.results(LIMIT, refresh=True)
        results.combine_results()  # read from the store while it is open
        return results


def everything(conditional: bool = False) -> QuantumCircuit:
    """Each value as its average, as its sum and shot by shot; the bit of every shot is measured."""
    circuit = QuantumCircuit(2, 2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure(0, 0)
    circuit.h(1)
    for how in ("", "sum", "each"):
        chosen = {"unnormalized": how == "sum", "pershot": how == "each", "conditional": conditional}
        circuit.save_expectation_value(
            SparsePauliOp(["ZX", "XI"]), [0, 1], label=f"value{how}", **chosen
        )
        circuit.save_expectation_value_variance(Pauli("ZX"), [0, 1], label=f"variance{how}", **chosen)
        circuit.save_probabilities(label=f"probabilities{how}", **chosen)
        circuit.save_probabilities_dict(label=f"dict{how}", **chosen)
        circuit.save_density_matrix(label=f"matrix{how}", **chosen)
        circuit.save_amplitudes_squared([0, 3], label=f"squares{how}", **chosen)
    return circuit


VALUES = ("value", "variance", "probabilities", "dict", "matrix", "squares")


def numbers(value: Any) -> Any:
    """A saved value as an array."""
    if isinstance(value, dict):
        return np.array([value.get(outcome, 0.0) for outcome in range(4)])
    return np.asarray(value)


@pytest.mark.parametrize("name", VALUES)
def test_averages_are_weighted_and_lists_joined(name: str, whole_run: dict[str, Any]) -> None:
    each = whole_run[f"{name}each"]
    assert len(each) == SHOTS
    mean = np.mean([numbers(value) for value in each], axis=0)
    assert np.allclose(numbers(whole_run[name]), mean, atol=1e-12)
    assert np.allclose(numbers(whole_run[f"{name}sum"]), mean * SHOTS, atol=1e-9)


@pytest.fixture(scope="module")
def whole_run() -> dict[str, Any]:
    """What a noisy run gives that was cut into pieces of unequal size."""
    results = run(everything(), noisy(), seed_simulator=3)
    data = dict(results.data(0))
    plain = noisy().run(everything(), shots=SHOTS).result().data(0)
    assert set(data) == set(plain)
    for key in data:
        # As a plain run: of the same type, whatever the numbers are.
        assert not difference(type(data[key]).__name__, type(plain[key]).__name__, key)
    return data


@pytest.mark.parametrize("name", VALUES)
def test_values_by_the_memory_are_weighted_by_their_own_shots(
    name: str, conditional_run: dict[str, Any]
) -> None:
    counts = conditional_run["counts"]
    assert set(conditional_run[name]) == set(counts) == {"0x0", "0x1"}
    for memory, value in conditional_run[name].items():
        each = conditional_run[f"{name}each"][memory]
        assert len(each) == counts[memory]
        mean = np.mean([numbers(shot) for shot in each], axis=0)
        assert np.allclose(numbers(value), mean, atol=1e-12)
        assert np.allclose(numbers(conditional_run[f"{name}sum"][memory]), mean * counts[memory])


@pytest.fixture(scope="module")
def conditional_run() -> dict[str, Any]:
    return dict(run(everything(conditional=True), noisy(), seed_simulator=4).data(0))


def test_saved_values_agree_with_the_counts() -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.measure_all()
    circuit.save_expectation_value(Pauli("Z"), [0])
    circuit.save_statevector(label="each", pershot=True)
    results = run(circuit, noisy(), memory=True)
    counts = results.get_counts(0)
    mean = (counts.get("0", 0) - counts.get("1", 0)) / SHOTS
    assert results.data(0)["expectation_value"] == pytest.approx(mean, abs=1e-12)
    found = ["01"[round(abs(state.data[1]))] for state in results.data(0)["each"]]
    assert found == results.get_memory(0)
    assert results.get_counts(0) == {bit: found.count(bit) for bit in set(found)}


def test_values_that_are_the_same_for_all_shots_equal_a_plain_run() -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.save_statevector()
    circuit.save_statevector_dict(label="dict")
    circuit.save_amplitudes([0, 3], label="amplitudes")
    circuit.save_expectation_value(Pauli("ZX"), [0, 1], label="sum", unnormalized=True)
    circuit.save_expectation_value(Pauli("XX"), [0, 1], label="average", conditional=True)
    circuit.save_statevector(label="list", pershot=True)
    circuit.save_statevector(label="memory", conditional=True)
    circuit.measure_all()
    backend = qiskit_aer.AerSimulator()
    plain = backend.run(circuit, shots=SHOTS).result().data(0)
    data = dict(run(circuit, backend).data(0))
    assert sum(data.pop("counts").values()) == sum(plain.pop("counts").values())
    assert not difference(data, plain)


@pytest.mark.parametrize(
    ("method", "save"),
    [
        ("matrix_product_state", QuantumCircuit.save_matrix_product_state),
        ("stabilizer", QuantumCircuit.save_stabilizer),
        ("stabilizer", QuantumCircuit.save_clifford),
        ("unitary", QuantumCircuit.save_unitary),
        ("superop", QuantumCircuit.save_superop),
        ("density_matrix", QuantumCircuit.save_state),
    ],
)
def test_states_of_every_kind_are_merged_where_they_are_equal(
    method: str, save: Callable[[Any], Any]
) -> None:
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    save(circuit)
    backend = qiskit_aer.AerSimulator(method=method)
    plain = backend.run(circuit, shots=SHOTS).result().data(0)
    data = dict(run(circuit, backend).data(0))
    for found in (data, plain):
        found.pop("counts", None)
    assert not difference(data, plain)


def of(change: Callable[[QuantumCircuit], Any]) -> QuantumCircuit:
    circuit = QuantumCircuit(2, 2, name="mine")
    circuit.h(0)
    change(circuit)
    return circuit


def measured(circuit: QuantumCircuit) -> None:
    circuit.measure(0, 0)
    circuit.save_statevector(label="psi")


def was_reset(circuit: QuantumCircuit) -> None:
    circuit.cx(0, 1)
    circuit.reset(0)
    circuit.save_state(label="psi")


def in_a_block(circuit: QuantumCircuit) -> None:
    circuit.measure(0, 0)
    with circuit.if_test((0, True)):
        circuit.save_amplitudes([0], label="psi")


def in_a_loop(circuit: QuantumCircuit) -> None:
    with circuit.for_loop(range(2)):
        circuit.save_statevector(label="psi")
        circuit.measure(0, 0)


def overwritten(circuit: QuantumCircuit) -> None:
    circuit.measure(0, 0)
    circuit.h(0)
    circuit.measure(0, 0)
    circuit.save_statevector(label="psi", conditional=True)


def average_of_an_older_memory(circuit: QuantumCircuit) -> None:
    circuit.measure(0, 0)
    circuit.save_expectation_value(Pauli("Z"), [0], label="psi", conditional=True)
    circuit.h(1)
    circuit.measure(1, 1)


def a_channel(circuit: QuantumCircuit) -> None:
    circuit.append(noise.depolarizing_error(0.1, 1), [0])
    circuit.save_statevector(label="psi")


def saved_at_once(circuit: QuantumCircuit) -> None:
    circuit.save_statevector(label="psi")


@pytest.mark.parametrize(
    ("change", "backend", "why"),
    [
        (measured, qiskit_aer.AerSimulator, "after measure"),
        (was_reset, qiskit_aer.AerSimulator, "after reset"),
        (in_a_block, qiskit_aer.AerSimulator, "after measure"),
        (in_a_loop, qiskit_aer.AerSimulator, "after measure"),
        (overwritten, qiskit_aer.AerSimulator, "after measure"),
        (average_of_an_older_memory, qiskit_aer.AerSimulator, "conditional=True"),
        (a_channel, qiskit_aer.AerSimulator, "after quantum_channel"),
        (saved_at_once, noisy, r"after noise \(h\)"),
    ],
)
@pytest.mark.parametrize("by", ["run", "plan"])
def test_the_state_of_a_single_shot_is_refused(change: Any, backend: Any, why: str, by: str) -> None:
    good = QuantumCircuit(1, 1)
    good.measure(0, 0)
    with JobManager(":memory:") as manager:
        call = getattr(manager, by)
        message = (
            rf"circuit 1 \(mine\) has save_\w+ \(label 'psi'\).*{why}.*pershot=True.*max_shots_per_job"
        )
        with pytest.raises(InputError, match=message):
            call([good, of(change)], backend(), shots=100, max_shots_per_job=60)
        assert manager.job_sets() == []
        call([good, of(change)], backend(), shots=100, max_shots_per_job=100)


def reset_at_first(circuit: QuantumCircuit) -> None:
    circuit.initialize(1, 1)
    circuit.save_statevector(label="psi")
    circuit.measure(0, 0)


def known_by_its_memory(circuit: QuantumCircuit) -> None:
    circuit.measure(0, 0)
    circuit.h(1)
    circuit.save_statevector(label="psi", conditional=True)


def set_after_measuring(circuit: QuantumCircuit) -> None:
    circuit.measure(0, 0)
    circuit.set_statevector([1, 0, 0, 0])
    circuit.save_statevector(label="psi")


@pytest.mark.parametrize(
    ("change", "backend"),
    [
        (saved_at_once, qiskit_aer.AerSimulator),
        (reset_at_first, qiskit_aer.AerSimulator),
        (known_by_its_memory, qiskit_aer.AerSimulator),
        (set_after_measuring, qiskit_aer.AerSimulator),
        (lambda circuit: circuit.save_state(label="psi"), lambda: noisy(method="density_matrix")),
    ],
)
def test_a_state_that_is_the_same_for_all_shots_is_not_refused(change: Any, backend: Any) -> None:
    data = run(of(change), backend()).data(0)
    assert data["psi"] is not None


def test_an_error_of_the_readout_changes_no_state() -> None:
    model = noise.NoiseModel()
    model.add_all_qubit_readout_error([[0.9, 0.1], [0.2, 0.8]])
    data = run(of(saved_at_once), qiskit_aer.AerSimulator(noise_model=model)).data(0)
    assert abs(data["psi"].data[1]) == pytest.approx(np.sqrt(0.5))


def test_noise_among_the_run_options_counts_too() -> None:
    model = noisy().options.noise_model
    with JobManager(":memory:") as manager, pytest.raises(InputError, match="after noise"):
        manager.run(
            of(saved_at_once),
            qiskit_aer.AerSimulator(),
            shots=100,
            max_shots_per_job=60,
            noise_model=model,
        )


def test_states_that_differ_after_all_are_not_available_and_the_rest_is() -> None:
    """A simulator that saves the final state by itself, so that no instruction shows it at the call."""

    class Own(qiskit_aer.AerSimulator):  # type: ignore[misc,name-defined]
        def run(self, circuits: Any, **options: Any) -> Any:
            saving = [circuit.copy() for circuit in circuits]
            for circuit in saving:
                circuit.save_statevector(label="psi")
            return super().run(saving, **options)

    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.measure_all()
    results = run(circuit, Own(), seed_simulator=1)
    data = results.data(0)
    assert sum(data["counts"].values()) == SHOTS
    with pytest.raises(NotAvailableError, match=r"'psi' of circuit 0 .*4 pieces.*pershot=True"):
        data["psi"]
    combined = results.combine_results()
    assert combined.get_counts(0) == results.get_counts(0)
    with pytest.raises(NotAvailableError, match="which differ"):
        np.asarray(combined.data(0)["psi"])


def test_the_metadata_of_pieces_is_added_where_it_counts() -> None:
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.measure_all()
    with JobManager(":memory:") as manager:
        job_set = manager.run(
            circuit, qiskit_aer.AerSimulator(), shots=SHOTS, max_shots_per_job=30, seed_simulator=5
        )
        results = job_set.results(LIMIT)
        combined = results.combine_results()
        jobs = [results._job_result(job.row) for job in job_set._state.jobs]
        seeds = [job.seed for job in job_set._state.jobs]
    experiment = combined.results[0]
    assert experiment.shots == SHOTS
    assert experiment.seed_simulator == seeds
    pieces = [job.results[0] for job in jobs]
    assert experiment.time_taken == pytest.approx(sum(piece.time_taken for piece in pieces))
    assert experiment.metadata["method"] == pieces[0].metadata["method"]
    assert combined.time_taken == pytest.approx(sum(job.time_taken for job in jobs))
