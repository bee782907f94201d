"""Circuits with parameter values on backends whose ``run`` takes circuits only."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Parameter
from qiskit.primitives import BitArray, SamplerPubResult
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.quantum_info import Pauli
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager
from qjm_widgets.errors import CircuitError, InputError, NotAvailableError
from tests.contract.adapter_kinds import BACKENDS, KINDS, SEED, Kind, coins, ended
from tests.fakes import ScriptedBackend

#: Backends whose samples a seed decides, circuit by circuit.
SEEDED = [name for name in BACKENDS if KINDS[name].seeded]
seeded = pytest.mark.parametrize("kind", [KINDS[name] for name in SEEDED], ids=SEEDED)
VALUES = np.linspace(0, 3, 12).reshape(3, 2, 2)


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def swept(name: str = "swept") -> QuantumCircuit:
    """Two parameters, and two registers."""
    a, b = ClassicalRegister(1, "a"), ClassicalRegister(1, "b")
    circuit = QuantumCircuit(QuantumRegister(2), a, b, name=name, metadata={"scan": 1})
    circuit.rz(Parameter("x"), 0)
    circuit.sx(0)
    circuit.rz(2 * Parameter("y"), 0)
    circuit.sx(0)
    circuit.cx(0, 1)
    circuit.measure(0, a[0])
    circuit.measure(1, b[0])
    return circuit


def bound(circuit: QuantumCircuit, values: Any) -> list[QuantumCircuit]:
    flat = np.reshape(values, (-1, np.shape(values)[-1]))
    return [circuit.assign_parameters(point) for point in flat]


def joined(counts: dict[str, int]) -> dict[str, int]:
    """As a PUB's are written: without spaces between registers."""
    return {key.replace(" ", ""): count for key, count in counts.items()}


@seeded
def test_each_point_is_what_its_bound_circuit_gives(kind: Kind, manager: JobManager) -> None:
    pubs = [coins(1)[0], (swept(), VALUES), (swept("one"), VALUES[1, 1])]
    circuits = [coins(1)[0], *bound(swept(), VALUES), *bound(swept(), VALUES[1, 1])]
    expected = kind.plain(circuits, 200, SEED)
    job_set = ended(manager.run(pubs, kind.make(None), shots=200, **kind.options(SEED)))
    results = job_set.results()
    assert results.get_counts(0) == expected[0]
    for place, loc in enumerate(np.ndindex(3, 2), 1):
        assert results.get_counts("swept", loc=loc) == joined(expected[place])
        ones = {"0": 0, "1": 0}
        for key, count in expected[place].items():
            ones[key[-1]] += count
        found = results.get_counts("swept", loc=loc, register="a")
        assert found == {key: count for key, count in ones.items() if count}
    assert results.get_counts("one") == expected[-1]
    assert sum(job_set.counts("swept").values()) == 6 * 200
    assert results.success


@seeded
def test_it_is_a_samplers_result(kind: Kind, manager: JobManager) -> None:
    job_set = ended(manager.run([(swept(), VALUES)], kind.make(None), shots=50))
    found = job_set.results().primitive_result(0)
    assert type(found) is SamplerPubResult
    assert found.data.shape == (3, 2)
    assert {name: type(found.data[name]) for name in found.data} == {"a": BitArray, "b": BitArray}
    assert found.data.a.num_shots == 50
    assert found.metadata == {"shots": 50, "circuit_metadata": {"scan": 1}}
    with pytest.raises(InputError, match=r"points of shape \(3, 2\)"):
        job_set.results().get_counts(0)
    with pytest.raises(NotAvailableError, match="primitive_result"):
        job_set.results().combine_results()


@pytest.mark.parametrize(
    ("backend", "words"),
    [
        (AerSimulator(), "parameter values go to the backend as parameter_binds"),
        (BasicSimulator(), "parameter values are bound here, one circuit a point"),
        (ScriptedBackend(), "parameter values are bound here, one circuit a point"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_plan_says_what_becomes_of_the_values(backend: Any, words: str, manager: JobManager) -> None:
    plan = manager.plan([(swept(), VALUES)], backend, shots=10)
    assert plan.notes == (words,)
    assert str(plan) == f"1 circuit with 6 points in 1 job, 60 executions; {words}"
    assert manager.plan(coins(2), backend, shots=10).notes == ()


@seeded
def test_shots_are_cut_and_merged(kind: Kind, manager: JobManager) -> None:
    job_set = ended(manager.run([(swept(), VALUES)], kind.make(None), shots=250, max_shots_per_job=100))
    assert len(job_set.managed_jobs()) == 3
    data = job_set.results().primitive_result(0).data
    assert (data.shape, data.a.num_shots) == ((3, 2), 250)


def test_a_pub_has_its_own_shots(manager: JobManager) -> None:
    pubs = [(swept("few"), VALUES, 10), (swept("many"), VALUES, 30)]
    job_set = ended(manager.run(pubs, AerSimulator()))
    results = job_set.results()
    assert [results.primitive_result(name).data.a.num_shots for name in ("few", "many")] == [10, 30]


@pytest.mark.parametrize("backend", [AerSimulator(), BasicSimulator()], ids=["Aer", "Basic"])
def test_a_memory_is_in_the_order_of_the_shots(backend: Any, manager: JobManager) -> None:
    options = {"shots": 40, "seed_simulator": SEED, "memory": True}
    job_set = ended(manager.run([(swept(), VALUES)], backend, **options))
    expected = backend.run(bound(swept(), VALUES), **options).result()
    for place, loc in enumerate(np.ndindex(3, 2)):
        memory = [key.replace(" ", "") for key in expected.get_memory(place)]
        assert job_set.results().get_memory(0, loc=loc) == memory


def test_what_a_simulator_saved_is_an_array_over_the_points(manager: JobManager) -> None:
    circuit = swept()
    circuit.remove_final_measurements()
    circuit.save_expectation_value(Pauli("ZZ"), [0, 1], label="zz")
    job_set = ended(manager.run([(circuit, VALUES)], AerSimulator()))
    expected = AerSimulator().run(bound(circuit, VALUES)).result()
    flat = [expected.data(place)["zz"] for place in range(6)]
    np.testing.assert_allclose(job_set.results().data(0).zz, np.reshape(flat, (3, 2)))
    with pytest.raises(NotAvailableError, match="has no counts"):
        job_set.results().get_counts(0, loc=(0, 0))


def test_parameters_in_a_body_are_bound(manager: JobManager) -> None:
    """Aer's ``parameter_binds`` does not reach into control flow."""
    circuit = QuantumCircuit(1, 2, name="conditional")
    circuit.x(0)
    circuit.measure(0, 0)
    with circuit.if_test((circuit.clbits[0], 1)):
        circuit.rx(Parameter("x"), 0)
    circuit.measure(0, 1)
    job_set = ended(manager.run([(circuit, [[0.0], [np.pi]])], AerSimulator(), shots=20))
    results = job_set.results()
    assert [results.get_counts(0, loc=place) for place in range(2)] == [{"11": 20}, {"01": 20}]


def test_on_processes() -> None:
    with JobManager(":memory:") as manager:
        options = {"shots": 100, "seed_simulator": SEED}
        pubs = [(swept("a"), VALUES), (swept("b"), VALUES[0])]
        here = ended(manager.run(pubs, AerSimulator(), **options))
        there = ended(manager.run(pubs, AerSimulator(), executor="processes", **options))
        for name in ("a", "b"):
            found, expected = (each.results().primitive_result(name).data for each in (there, here))
            assert (found.a == expected.a, found.b == expected.b) == (True, True)


def test_what_is_stored_is_resumed(tmp_path: Path) -> None:
    options = {"shots": 100, "seed_simulator": SEED}
    manager = JobManager(tmp_path / "store")
    job_set = manager.run(
        [(swept(str(index)), VALUES) for index in range(20)],
        AerSimulator(),
        max_circuits_per_job=1,
        **options,
    )
    job_set.pause()
    with pytest.warns(UserWarning, match="not sent yet"):
        manager.close()
    with JobManager(tmp_path / "store") as manager:
        again = ended(manager.retrieve_job_set(job_set.job_set_id()).resume(AerSimulator()))
        expected = AerSimulator().run(bound(swept(), VALUES) * 20, **options).result()
        for place in (0, 119):
            found = again.results().get_counts(place // 6, loc=np.unravel_index(place % 6, (3, 2)))
            assert found == joined(expected.get_counts(place))


@pytest.mark.parametrize("name", BACKENDS)
@pytest.mark.parametrize(
    ("values", "why"),
    [
        ({"x": 0.1}, "parameters without values: give values for y"),
        (np.zeros((0, 2)), "no point"),
        ([0.1, float("nan")], r"not numbers \(NaN\)"),
        ([0.1, float("-inf")], "infinite"),
        (np.array([0.1, 0.2j]), "complex numbers"),
        (["0.1", "0.2"], "texts"),
        ((0.1, 0.2, 0.3), r"shape \(3,\), .* 2 parameters: x, y"),
        ({"x": 0.1, "z": 0.3}, "values for z"),
        ({"x": [0.1], "y": [0.1, 0.2]}, r"different shapes, \(1,\), \(2,\)"),
    ],
    ids=[
        "too few",
        "no point",
        "NaN",
        "infinite",
        "complex",
        "texts",
        "too many",
        "other names",
        "other shapes",
    ],
)
def test_values_that_do_not_fit(name: str, values: Any, why: str, manager: JobManager) -> None:
    with pytest.raises(CircuitError, match=why) as caught:
        manager.run([(swept("good"), VALUES), (swept("bad"), values)], KINDS[name].make(None))
    assert "1 (bad)" in str(caught.value)
    with pytest.raises(CircuitError, match=why):
        manager.plan((swept("bad"), values), KINDS[name].make(None))
    assert manager.history() == []


def test_a_circuit_without_values(manager: JobManager) -> None:
    with pytest.raises(CircuitError, match=r"circuit 0 \(swept\) has parameters without values"):
        manager.run([swept()], AerSimulator())
