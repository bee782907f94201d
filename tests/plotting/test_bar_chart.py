"""The figures of a job set: selections, bits and expected distributions."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.quantum_info import Statevector, hellinger_fidelity
from qiskit.result import marginal_counts

from qjm_widgets import JobManager, JobSet
from qjm_widgets.errors import CircuitNotFoundError, InputError
from tests.fakes import LIMIT, ScriptedBackend, marked


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def two_registers(index: int) -> QuantumCircuit:
    """The low register reads ``index`` (two bits), the high one bit that is random."""
    qubits, low, high = QuantumRegister(3), ClassicalRegister(2, "low"), ClassicalRegister(1, "high")
    circuit = QuantumCircuit(qubits, low, high, name=f"c{index % 2}", metadata={"index": index})
    circuit.h(2)
    for bit in range(2):
        if index >> bit & 1:
            circuit.x(bit)
    circuit.measure(qubits, [*low, *high])
    return circuit


@pytest.fixture
def registers(manager: JobManager) -> JobSet:
    circuits = [two_registers(index) for index in range(4)]
    job_set = manager.run(circuits, BasicSimulator(), shots=50, seed_simulator=3, max_circuits_per_job=2)
    assert job_set.wait(LIMIT)
    return job_set


def bars(figure: Any) -> dict[str, float]:
    return dict(zip(figure.data[0].x, figure.data[0].y, strict=True))


def test_a_group_is_the_circuits_of_a_name_or_of_a_value_in_their_metadata(registers: JobSet) -> None:
    counts = [registers.counts(index) for index in range(4)]
    assert bars(registers.figure(name="c1")) == {**counts[1], **counts[3]}
    assert bars(registers.figure(metadata={"index": 2})) == counts[2]
    assert bars(registers.figure(name="c0", metadata={"index": 2})) == counts[2]
    assert registers.figure(name="c1").layout.title.text.endswith("circuits named c1")
    with pytest.raises(CircuitNotFoundError, match="circuits named c7"):
        registers.figure(name="c7")
    with pytest.raises(CircuitNotFoundError, match="index = 9"):
        registers.figure(metadata={"index": 9})


def test_a_register_and_bits_are_marginals_as_qiskit_makes_them(registers: JobSet) -> None:
    assert bars(registers.figure(register="low")) == {"00": 50, "01": 50, "10": 50, "11": 50}
    whole = registers.counts()
    assert bars(registers.figure(register="high")) == marginal_counts(whole, [2])
    two = bars(registers.figure(bits=[2, 0]))
    assert {key.replace(" ", ""): n for key, n in two.items()} == marginal_counts(whole, [0, 2])
    assert set(two) == {"0 0", "0 1", "1 0", "1 1"}
    assert bars(registers.figure(3, register="low", bits=[1])) == {"1": 50}
    with pytest.raises(InputError, match="none has register middle"):
        registers.figure(register="middle")
    with pytest.raises(InputError, match="none has bits 7"):
        registers.figure(bits=[7])
    for bad in ([], [-1], [0, 0], "01", [True], 3):
        with pytest.raises(InputError, match="bit"):
            registers.figure(bits=bad)


def test_order_probabilities_and_the_number_of_bars(registers: JobSet) -> None:
    whole = registers.counts()
    figure = registers.figure(sort="value", probability=True, error_bars=False, most=3)
    (drawn,) = figure.data
    assert drawn.error_y.array is None
    assert list(drawn.y[:3]) == [n / 200 for n in sorted(whole.values(), reverse=True)[:3]]
    assert drawn.x[3] == "the rest"
    assert sum(drawn.y) == pytest.approx(1)
    with pytest.raises(InputError, match="sort"):
        registers.figure(sort="size")
    with pytest.raises(InputError, match="most"):
        registers.figure(most=0)


def test_layouts_are_never_merged(manager: JobManager) -> None:
    def zero(*sizes: int) -> QuantumCircuit:
        circuit = QuantumCircuit(QuantumRegister(1), *(ClassicalRegister(size) for size in sizes))
        circuit.measure(0, 0)
        return circuit

    job_set = manager.run([zero(2), zero(1, 1)], BasicSimulator(), shots=7)
    assert job_set.wait(LIMIT)
    assert bars(job_set.figure()) == {"0 0": 7, "00": 7}
    assert bars(job_set.figure(bits=[0])) == {"0": 14}
    wider = manager.run([zero(1), zero(3)], BasicSimulator(), shots=7)
    assert wider.wait(LIMIT)
    without = wider.figure(bits=[1])
    assert bars(without) == {"0": 7}
    assert "Left out: 1 result" in without.layout.title.text
    with pytest.raises(InputError, match="several layouts"):
        job_set.figure(expected={"00": 1.0}, metadata={})


@pytest.mark.parametrize(
    "expected",
    [
        {"00": 0.5, "11": 0.5},
        {"0 0": 512, "1 1": 512},
        [0.5, 0, 0, 0.5],
        np.array([0.5, 0, 0, 0.5]),
        Statevector(np.array([1, 0, 0, 1]) / np.sqrt(2)),
        {0: {"00": 1.0}, "ones": {"11": 1.0}},
        [{"00": 1.0}, [0, 0, 0, 1]],
        np.array([[1, 0, 0, 0], [0, 0, 0, 1]]),
    ],
    ids=["mapping", "counts", "list", "array", "state", "by circuit", "each", "matrix"],
)
def test_the_expected_distribution_is_drawn(manager: JobManager, expected: Any) -> None:
    circuits = [marked(0, bits=2), marked(2, bits=2, name="ones")]
    job_set = manager.run(circuits, ScriptedBackend(), shots=100)
    assert job_set.wait(LIMIT)
    figure = job_set.figure(expected=expected)
    measured, hoped = figure.data
    assert list(measured.x) == list(hoped.x) == ["00", "10", "11"]
    assert list(measured.y) == [100, 100, 0]
    assert list(hoped.y) == pytest.approx([100, 0, 100])
    fidelity = hellinger_fidelity({"00": 100, "10": 100}, {"00": 0.5, "11": 0.5})
    assert f"Hellinger fidelity {fidelity:.3f}" in figure.layout.title.text
    assert "total variation distance 0.500" in figure.layout.title.text
    assert list(job_set.figure(0, expected=expected).data[1].y[:1]) in ([50.0], [100.0])


def test_the_expected_distribution_is_marginalised_with_the_counts(registers: JobSet) -> None:
    uniform = [0.125] * 8
    _, hoped = registers.figure(register="low", expected=uniform).data
    assert list(hoped.y) == pytest.approx([50] * 4)
    _, hoped = registers.figure(register="high", expected={"0": 0.25, "1": 0.75}).data
    assert list(hoped.y) == pytest.approx([50, 150])


@pytest.mark.parametrize(
    ("expected", "words"),
    [
        ({"00": 0.5, "11": 0.4}, "sum to 0.9"),
        ({"00": 1.5, "11": -0.5}, "negative"),
        ({"00": float("nan")}, "not finite"),
        ({"00": "half"}, "not all numbers"),
        ({"0": 0.5, "11": 0.5}, "1 and of 2 bits"),
        ({"02": 1.0}, "not a bit string"),
        ({0: 1.0}, "not a bit string"),
        ({}, "the mapping for the circuits is empty"),
        ([0.5, 0.25, 0.25], "2, 4, 8"),
        ([{"00": 1.0}], "1 distributions and the set has 2 circuits"),
        ({7: {"00": 1.0}}, "no circuit 7"),
        ({"nobody": {"00": 1.0}}, "no circuit is named"),
        ("00", "mapping"),
        (5, "mapping"),
        ({"000": 1.0}, "has 3 bits, the outcomes 2"),
        ({0: {"00": 1.0}}, "There is no expected distribution for circuits 1"),
    ],
)
def test_a_malformed_expected_distribution_is_refused_with_a_reason(
    manager: JobManager, expected: Any, words: str
) -> None:
    job_set = manager.run([marked(0, bits=2), marked(1, bits=2)], ScriptedBackend(), shots=10)
    assert job_set.wait(LIMIT)
    with pytest.raises((InputError, CircuitNotFoundError), match=words):
        job_set.figure(expected=expected)
