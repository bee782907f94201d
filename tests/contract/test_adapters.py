"""Every backend and sampler gives the same results through the manager as in a plain run."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.exceptions import QiskitError
from qiskit.quantum_info import Statevector
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets.errors import AmbiguousNameError, InputError, NotAvailableError
from qjm_widgets.serialization.qiskit_result import as_dict
from tests.contract.adapter_kinds import (
    KINDS,
    LOCAL,
    SEED,
    Kind,
    coins,
    ended,
    every,
    every_backend,
    every_sampler,
    registers,
)


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def sampled_values(outcome: Any, circuit: QuantumCircuit) -> list[str]:
    """The registers' shots, joined as Qiskit joins them."""
    return list(outcome.join_data([r.name for r in circuit.cregs]).get_bitstrings())


@every
def test_counts_equal_those_of_a_plain_loop_with_the_same_seed(kind: Kind, manager: JobManager) -> None:
    circuits = coins(5)
    job_set = ended(
        manager.run(circuits, kind.make(SEED), shots=200, max_circuits_per_job=2, **kind.options(SEED))
    )
    if kind.whole:
        expected = kind.plain(circuits, 200, SEED)
    else:
        seeds = [int(seed) for seed in job_set.to_dataframe()["seed"]]
        assert seeds[0] == SEED
        chunks = zip([circuits[:2], circuits[2:4], circuits[4:]], seeds, strict=True)
        expected = [counts for chunk, seed in chunks for counts in kind.plain(chunk, 200, seed)]
    results = job_set.results()
    assert [results.get_counts(index) for index in range(5)] == expected
    assert [job_set.counts(index) for index in range(5)] == expected
    assert job_set.counts() == dict(sum(map(Counter, expected), Counter()))
    assert results.success


@every
def test_shot_pieces_are_merged_and_each_ran_with_its_own_seed(kind: Kind, manager: JobManager) -> None:
    circuits = coins(2)
    job_set = ended(
        manager.run(circuits, kind.make(SEED), shots=250, max_shots_per_job=100, **kind.options(SEED))
    )
    table = job_set.to_dataframe()
    assert list(table["shots"]) == [84, 83, 83]
    results = job_set.results()
    assert [sum(results.get_counts(index).values()) for index in range(2)] == [250, 250]
    assert len(job_set.jobs_of(1)) == 3
    if kind.seeded:
        seeds = [int(seed) for seed in table["seed"]]
        assert seeds[0] == SEED
        assert len(set(seeds)) == 3
        pieces = [
            kind.plain(circuits, shots, seed) for shots, seed in zip(table["shots"], seeds, strict=True)
        ]
        for index in range(2):
            total = sum((Counter(piece[index]) for piece in pieces), Counter())
            assert results.get_counts(index) == dict(total)


@pytest.mark.parametrize("name", LOCAL)
def test_default_seeds_never_repeat(name: str, manager: JobManager) -> None:
    same = [coins(1)[0] for _ in range(3)]
    arguments = {"shots": 100, "max_circuits_per_job": 1, "max_shots_per_job": 50}
    job_set = ended(manager.run(same, KINDS[name].make(None), **arguments))
    assert len(set(job_set.to_dataframe()["seed"])) == 6


@every
def test_results_answer_by_index_name_and_circuit(kind: Kind, manager: JobManager) -> None:
    circuits = coins(3)
    job_set = ended(manager.run(circuits, kind.make(SEED), max_circuits_per_job=2, **kind.options(SEED)))
    results = job_set.results()
    for index, circuit in enumerate(circuits):
        counts = results.get_counts(index)
        assert sum(counts.values()) == 1024
        assert results.get_counts(circuit.name) == results.get_counts(circuit) == counts
        assert job_set.job(circuit) == (job_set.jobs()[index // 2], index % 2)


@every_backend
def test_memory_is_that_of_qiskit(kind: Kind, manager: JobManager) -> None:
    circuits = [*coins(2), registers()]
    options = {"memory": True, **kind.options(SEED)}
    job_set = ended(manager.run(circuits, kind.make(None), shots=50, **options))
    result = kind.make(None).run(circuits, shots=50, **options).result()
    ours = job_set.results()
    for index in range(3):
        assert ours.get_memory(index) == result.get_memory(index)
        assert ours.data(index)["counts"] == result.data(index)["counts"]


@every_sampler
def test_a_samplers_memory_and_bit_arrays_are_its_own(kind: Kind, manager: JobManager) -> None:
    circuits = [*coins(2), registers()]
    job_set = ended(manager.run(circuits, kind.make(SEED), shots=50))
    expected = kind.make(SEED).run(circuits, shots=50).result()
    results = job_set.results()
    for index, circuit in enumerate(circuits):
        pub = results.primitive_result(index)
        assert dict(pub.data.items()) == dict(expected[index].data.items())
        assert dict(results.data(index).items()) == dict(expected[index].data.items())
        assert results.get_memory(index) == sampled_values(expected[index], circuit)
        for register in circuit.cregs:
            bits = getattr(expected[index].data, register.name)
            name = register.name
            assert results.get_counts(index, register=name) == bits.get_counts()
            assert results.get_memory(index, register=name) == bits.get_bitstrings()


@every
def test_several_registers_are_written_as_qiskit_writes_them(kind: Kind, manager: JobManager) -> None:
    job_set = ended(manager.run(registers(), kind.make(SEED), shots=100, **kind.options(SEED)))
    (expected,) = kind.plain([registers()], 100, SEED)
    assert job_set.results().get_counts(0) == expected
    assert all((" " in key) != kind.sampler for key in expected)


@every
def test_combined_results_equal_the_single_ones(kind: Kind, manager: JobManager) -> None:
    circuits = coins(5)
    job_set = ended(
        manager.run(
            circuits,
            kind.make(SEED),
            shots=90,
            max_circuits_per_job=2,
            max_shots_per_job=50,
            **kind.options(SEED),
        )
    )
    results = job_set.results()
    combined = results.combine_results()
    assert combined.success
    for index, circuit in enumerate(circuits):
        assert combined.get_counts(index) == results.get_counts(index)
        assert combined.get_counts(circuit.name) == results.get_counts(circuit)
    assert combined.backend_name == results.backend_name


@every
def test_changing_circuits_afterwards_changes_nothing(kind: Kind, manager: JobManager) -> None:
    circuits = coins(2)
    for circuit in circuits:
        circuit.metadata = {"note": "before"}
    expected = kind.plain(coins(2), 100, SEED)
    job_set = manager.run(circuits, kind.make(SEED), shots=100, **kind.options(SEED))
    for circuit in circuits:
        circuit.metadata["note"] = "after"
        circuit.name = "another"
        circuit.x(0)
        circuit.clear()
    circuits.clear()
    results = ended(job_set).results()
    assert [results.get_counts(f"coin {index}") for index in range(2)] == expected
    native = job_set.jobs()[0].result()
    if not kind.sampler:
        assert as_dict(native.results[0].header)["metadata"] == {"note": "before"}


@every_sampler
def test_a_pub_with_a_shape_needs_loc(kind: Kind, manager: JobManager) -> None:
    angle = Parameter("angle")
    circuit = QuantumCircuit(1, name="turn")
    circuit.rx(angle, 0)
    circuit.measure_all()
    values = np.linspace(0, np.pi, 6).reshape(2, 3, 1)
    pubs = [(circuit, values, 20), (circuit, [0.0]), (circuit.assign_parameters([np.pi]),)]
    job_set = ended(manager.run(pubs, kind.make(SEED), shots=30))
    expected = kind.make(SEED).run(pubs, shots=30).result()
    results = job_set.results()
    for loc in np.ndindex(2, 3):
        assert results.get_counts(0, loc=loc) == expected[0].data.meas.get_counts(loc)
        assert len(results.get_memory(0, loc=loc)) == 20
    assert results.primitive_result(0).data.meas == expected[0].data.meas
    assert results.primitive_result(0).data.shape == (2, 3)
    assert results.get_counts(1) == {"0": 30}
    assert results.get_counts(2) == {"1": 30}
    assert sum(job_set.counts(0).values()) == 6 * 20
    with pytest.raises(InputError, match="loc"):
        results.get_counts(0)
    with pytest.raises(InputError, match="loc"):
        results.get_memory(0)
    with pytest.raises(AmbiguousNameError, match="turn"):
        results.get_counts("turn")


@every_sampler
def test_one_pub_is_one_circuit(kind: Kind, manager: JobManager) -> None:
    (circuit,) = coins(1)
    for given in ((circuit, None, 40), (circuit, None), [(circuit,)]):
        job_set = ended(manager.run(given, kind.make(SEED)))
        assert len(job_set.jobs()) == 1
        assert sum(job_set.counts(0).values()) in (40, 1024)


@every
def test_one_circuit_is_one_circuit(kind: Kind, manager: JobManager) -> None:
    job_set = ended(manager.run(coins(1)[0], kind.make(SEED), shots=10))
    assert len(job_set.jobs()) == 1
    assert sum(job_set.results().get_counts(0).values()) == 10
    with pytest.raises(LookupError):
        job_set.results().get_counts(1)


@pytest.mark.parametrize("bits", [21, 65, 100])
@pytest.mark.parametrize("name", [n for n in ("AerSimulator", "Aer SamplerV2") if n in KINDS])
def test_many_bits_are_as_exact_as_few(name: str, bits: int, manager: JobManager) -> None:
    circuit = QuantumCircuit(2, bits)
    circuit.sx(0)
    circuit.x(1)
    circuit.measure(0, 0)
    circuit.measure(1, bits - 1)
    kind = KINDS[name]
    run = kind.options(SEED)
    job_set = ended(
        manager.run(circuit, kind.make(SEED), shots=60, max_shots_per_job=30, memory=True, **run)
        if not kind.sampler
        else manager.run(circuit, kind.make(SEED), shots=60, max_shots_per_job=30)
    )
    seeds = [int(seed) for seed in job_set.to_dataframe()["seed"]]
    expected = sum((Counter(kind.plain([circuit], 30, seed)[0]) for seed in seeds), Counter())
    assert job_set.results().get_counts(0) == job_set.counts() == dict(expected)
    assert Counter(job_set.results().get_memory(0)) == expected


def test_values_saved_by_a_simulator_have_qiskits_types(manager: JobManager) -> None:
    state, matrix, both = (QuantumCircuit(1, name=name) for name in ("state", "matrix", "both"))
    for circuit in (state, matrix, both):
        circuit.sx(0)
    state.save_statevector()
    matrix.save_unitary()
    both.save_statevector("mine")
    both.measure_all()
    circuits = [state, matrix]
    simulator = AerSimulator(method="statevector"), AerSimulator(method="unitary")
    sets = [ended(manager.run(c, b)) for c, b in zip(circuits, simulator, strict=True)]
    expected = [b.run(c).result() for c, b in zip(circuits, simulator, strict=True)]
    vector = sets[0].results().get_statevector(0)
    assert vector == expected[0].get_statevector(0)
    assert type(vector) is Statevector  # not Aer's own subclass
    assert sets[0].results().get_statevector("state", decimals=2) == expected[0].get_statevector(
        0, decimals=2
    )
    assert sets[1].results().get_unitary(0) == expected[1].get_unitary(0)
    mixed = ended(manager.run(both, simulator[0], shots=10)).results()
    assert mixed.data(0)["mine"] == vector
    assert sum(mixed.get_counts(0).values()) == 10


@pytest.mark.parametrize("name", LOCAL)
def test_a_circuit_without_measurements_has_the_results_of_the_backend(
    name: str, manager: JobManager
) -> None:
    silent = QuantumCircuit(1, name="silent")
    silent.x(0)
    results = ended(manager.run([silent, *coins(1)], KINDS[name].make(None))).results()
    try:
        plain = KINDS[name].make(None).run(silent).result().get_counts(0)
    except QiskitError:
        with pytest.raises(NotAvailableError, match=r"circuit 0 \(silent\).*has no measurements"):
            results.get_counts(0)
    else:
        assert results.get_counts(0) == plain == {}
    assert sum(results.get_counts(1).values()) == 1024
