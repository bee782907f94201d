"""Every backend and sampler that the adapters' suites run over, and circuits for them."""

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.providers.basic_provider import BasicSimulator
from qiskit_aer import AerSimulator

from qjm_widgets import JobSet
from qjm_widgets._compat import has_samplers
from qjm_widgets.classroom import ClassroomBackend
from tests.fakes import LIMIT, ScriptedBackend

SEED = 42


@dataclass(frozen=True)
class Kind:
    """A backend or a sampler that is made with a seed, and how a plain loop runs it.

    ``whole``: with a seed, a set gives what one plain run of all its circuits gives, however it is cut.
    """

    make: Callable[[int | None], Any]
    sampler: bool
    seeded: bool = True
    whole: bool = True

    def options(self, seed: int | None) -> dict[str, Any]:
        """Samplers hold their seed; backends take it when they run."""
        return {} if self.sampler or seed is None else {"seed_simulator": seed}

    def plain(self, circuits: Sequence[Any], shots: int, seed: int | None) -> list[dict[str, int]]:
        """Return the counts of running one job's circuits without this package."""
        if self.sampler:
            result = self.make(seed).run([(circuit,) for circuit in circuits], shots=shots).result()
            return [pub.join_data().get_counts() for pub in result]
        result = self.make(None).run(circuits, shots=shots, **self.options(seed)).result()
        return [result.get_counts(index) for index in range(len(circuits))]


KINDS = {
    "BasicSimulator": Kind(lambda _: BasicSimulator(), sampler=False, whole=False),
    "AerSimulator": Kind(lambda _: AerSimulator(), sampler=False),
    "ClassroomBackend": Kind(lambda _: ClassroomBackend(speed=10_000), sampler=False, whole=False),
    "third party": Kind(lambda _: ScriptedBackend(), sampler=False, seeded=False),
}
if has_samplers():
    from qiskit.primitives import BackendSamplerV2, StatevectorSampler
    from qiskit.providers.fake_provider import GenericBackendV2
    from qiskit_aer.primitives import SamplerV2 as AerSampler

    @functools.cache
    def generic_backend() -> GenericBackendV2:
        """One backend for all tests, because its noise model takes long to make."""
        return GenericBackendV2(5, seed=1)

    def backend_sampler(seed: int | None) -> BackendSamplerV2:
        return BackendSamplerV2(backend=AerSimulator(), options={"seed_simulator": seed})

    KINDS |= {
        "GenericBackendV2": Kind(lambda _: generic_backend(), sampler=False),
        "StatevectorSampler": Kind(lambda seed: StatevectorSampler(seed=seed), sampler=True),
        "BackendSamplerV2": Kind(backend_sampler, sampler=True),
        "Aer SamplerV2": Kind(lambda seed: AerSampler(seed=seed), sampler=True),
    }
else:
    from qiskit import BasicAer
    from qiskit.providers.fake_provider import FakeManila

    KINDS |= {
        "BasicAer": Kind(lambda _: BasicAer.get_backend("qasm_simulator"), sampler=False, whole=False),
        "FakeManila": Kind(lambda _: FakeManila(), sampler=False),
    }
LOCAL = [name for name in KINDS if name in ("BasicSimulator", "AerSimulator", "GenericBackendV2")]
BACKENDS = [name for name, kind in KINDS.items() if not kind.sampler]
SAMPLERS = [name for name, kind in KINDS.items() if kind.sampler]
every = pytest.mark.parametrize("kind", KINDS.values(), ids=KINDS)
every_backend = pytest.mark.parametrize("kind", [KINDS[name] for name in BACKENDS], ids=BACKENDS)
every_sampler = (
    pytest.mark.parametrize("kind", [KINDS[name] for name in SAMPLERS], ids=SAMPLERS)
    if SAMPLERS
    else pytest.mark.newer_qiskit
)


def coins(number: int, qubits: int = 2) -> list[QuantumCircuit]:
    """Circuits of basis gates with samples that differ."""
    circuits = []
    for index in range(number):
        circuit = QuantumCircuit(qubits, qubits, name=f"coin {index}")
        for qubit in range(qubits):
            circuit.rz(0.3 * index + qubit, qubit)
            circuit.sx(qubit)
        circuit.measure(range(qubits), range(qubits))
        circuits.append(circuit)
    return circuits


def registers() -> QuantumCircuit:
    """Two registers of two bits and of one."""
    a, b = ClassicalRegister(2, "a"), ClassicalRegister(1, "b")
    circuit = QuantumCircuit(QuantumRegister(3), a, b, name="registers")
    circuit.x(2)
    circuit.sx(0)
    circuit.measure([0, 1], a)
    circuit.measure(2, b[0])
    return circuit


def ended(job_set: JobSet) -> JobSet:
    assert job_set.wait(LIMIT), repr(job_set)
    assert job_set.error_messages() is None
    return job_set
