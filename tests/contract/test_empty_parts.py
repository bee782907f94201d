"""Registers without bits, PUBs without points, circuits without measurements give what Qiskit gives."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import Clbit, Parameter, Qubit
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator

from qjm_widgets import JobManager, JobSet
from qjm_widgets._compat import has_samplers
from qjm_widgets.errors import CircuitError, NotAvailableError
from qjm_widgets.widgets.static_html import html_of
from tests.fakes import LIMIT

SHOTS = 20


def flipped(*registers: ClassicalRegister, bit: int = 0) -> QuantumCircuit:
    """A circuit that measures a 1 into one of its bits."""
    circuit = QuantumCircuit(QuantumRegister(1), *registers, name="odd")
    circuit.x(0)
    circuit.measure(0, bit)
    return circuit


def loose(*registers: ClassicalRegister) -> QuantumCircuit:
    """A bit without a register, before those that have one."""
    circuit = QuantumCircuit([Qubit()], [Clbit()], name="odd")
    circuit.add_register(*registers)
    circuit.x(0)
    circuit.measure(0, 0)
    return circuit


CIRCUITS: dict[str, Callable[[], QuantumCircuit]] = {
    "an empty register first": lambda: flipped(ClassicalRegister(0, "e"), ClassicalRegister(1, "c")),
    "an empty register last": lambda: flipped(ClassicalRegister(1, "c"), ClassicalRegister(0, "e")),
    "a register of 300 bits": lambda: flipped(ClassicalRegister(300, "w"), bit=299),
    "300 bits, none and 65": lambda: flipped(
        ClassicalRegister(300, "w"), ClassicalRegister(0, "e"), ClassicalRegister(65, "v"), bit=364
    ),
    "a loose bit": lambda: loose(),
    "a loose bit beside registers": lambda: loose(ClassicalRegister(1, "a"), ClassicalRegister(1, "b")),
}


def good() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="good")
    circuit.x([0, 1])
    circuit.measure_all()
    return circuit


@pytest.fixture
def manager() -> Iterator[JobManager]:
    with JobManager(":memory:") as manager:
        yield manager


def ran(manager: JobManager, given: list[Any], backend: Any) -> JobSet:
    job_set = manager.run(given, backend, shots=SHOTS)
    assert job_set.wait(LIMIT)
    return job_set


def check_views(manager: JobManager, job_set: JobSet, path: Path) -> None:
    """Check that every view of the set can be made and shows the good circuit."""
    assert job_set.counts()["11"] == SHOTS
    assert job_set.error_messages() is None
    assert "11" in job_set.figure().data[0].x
    assert "11" in job_set.panel().snapshot["histograms"][0]["keys"]  # type: ignore[attr-defined]
    assert "11" in html_of(job_set._state)
    for refresh in (False, True):
        assert dict(job_set.results(refresh=refresh).get_counts(0)) == {"11": SHOTS}
    manager.export(job_set, path)
    with JobManager(":memory:") as other:
        assert other.load(path).counts() == job_set.counts()


@pytest.mark.parametrize("name", CIRCUITS)
@pytest.mark.parametrize("kind", [BasicSimulator, AerSimulator])
@pytest.mark.newer_qiskit
def test_a_backend_gives_the_results_of_a_plain_run(
    kind: Any, name: str, manager: JobManager, tmp_path: Path
) -> None:
    odd = CIRCUITS[name]()
    job_set = ran(manager, [good(), odd], kind())
    plain = kind().run([good(), odd], shots=SHOTS).result()
    assert dict(job_set.results().get_counts(1)) == dict(plain.get_counts(1))
    combined = job_set.results().combine_results()
    assert [dict(combined.get_counts(at)) for at in (0, 1)] == [
        dict(plain.get_counts(at)) for at in (0, 1)
    ]
    check_views(manager, job_set, tmp_path / "set.qjm")


@pytest.mark.parametrize("kind", [BasicSimulator, AerSimulator])
def test_circuits_without_measurements_say_so_and_affect_no_other(
    kind: Any, manager: JobManager, tmp_path: Path
) -> None:
    silent = QuantumCircuit(1, name="silent")
    empty = QuantumCircuit(QuantumRegister(1), ClassicalRegister(0, "e"), name="empty")
    for circuit in (silent, empty):
        circuit.h(0)
    job_set = ran(manager, [good(), silent, empty, QuantumCircuit(name="nothing")], kind())
    for at in (1, 2, 3):
        if isinstance(kind(), BasicSimulator):
            assert job_set.results().get_counts(at) == {}  # as it answers alone
        else:
            with pytest.raises(
                NotAvailableError, match=f"circuit {at} .* has no counts: it has no measurements"
            ):
                job_set.results().get_counts(at)
        assert job_set.counts(at) == {}
    assert job_set.counts() == {"11": SHOTS}
    assert job_set.results().failed() == []
    check_views(manager, job_set, tmp_path / "set.qjm")


if has_samplers():
    from qiskit.primitives import StatevectorSampler

    @pytest.mark.parametrize("name", [name for name in CIRCUITS if name != "a loose bit"])
    def test_a_sampler_gives_the_results_of_a_plain_run(
        name: str, manager: JobManager, tmp_path: Path
    ) -> None:
        odd = CIRCUITS[name]()
        job_set = ran(manager, [good(), odd], StatevectorSampler())
        plain = StatevectorSampler().run([odd], shots=SHOTS).result()[0]
        assert dict(job_set.results().get_counts(1)) == plain.join_data().get_counts()
        found = job_set.results(refresh=True).primitive_result(1).data
        assert list(found) == list(plain.data)
        for register in plain.data:
            assert found[register].num_bits == plain.data[register].num_bits
            assert np.array_equal(found[register].array, plain.data[register].array)
        job_set.results().combine_results()
        check_views(manager, job_set, tmp_path / "set.qjm")

    @pytest.mark.parametrize("shape", [(0,), (2, 0), (0, 3)])
    def test_a_pub_of_no_points_has_no_shots(
        shape: tuple[int, ...], manager: JobManager, tmp_path: Path
    ) -> None:
        angle = Parameter("a")
        odd = QuantumCircuit(1, name="odd")
        odd.rx(angle, 0)
        odd.measure_all()
        values = np.zeros((*shape, 1))
        job_set = ran(manager, [good(), (odd, values)], StatevectorSampler())
        plain = StatevectorSampler().run([(odd, values)], shots=SHOTS).result()[0]
        found = job_set.results(refresh=True).primitive_result(1).data
        assert found.shape == plain.data.shape == shape
        assert found.meas.array.shape == plain.data.meas.array.shape
        assert found.meas.get_counts() == plain.data.meas.get_counts() == {}
        assert job_set.counts() == {"11": SHOTS}
        assert job_set.counts(1) == {}
        check_views(manager, job_set, tmp_path / "set.qjm")

    def test_other_samplers_are_not_given_a_pub_of_no_points(manager: JobManager) -> None:
        from qiskit.primitives import BackendSamplerV2

        pub = (good(), np.zeros((2, 0, 0)))
        for call in (manager.run, manager.plan):
            with pytest.raises(
                CircuitError, match=r"circuit 1 \(good\) .* shape \(2, 0\).*leave it out"
            ):
                call([good(), pub], BackendSamplerV2(backend=BasicSimulator()), shots=SHOTS)
        assert manager.history() == []

    def test_circuits_that_no_sampler_measures_are_refused(manager: JobManager) -> None:
        silent = QuantumCircuit(QuantumRegister(1), ClassicalRegister(0, "e"), name="silent")
        with pytest.raises(CircuitError, match=r"circuit 1 \(silent\) measures nothing"):
            manager.run([good(), silent], StatevectorSampler(), shots=SHOTS)
