"""Bad input raises an error that names it, at the call; input that the backend takes is not refused."""

import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from qiskit import ClassicalRegister, QuantumCircuit, QuantumRegister
from qiskit.circuit import AnnotatedOperation, Clbit, ControlModifier, Gate, Parameter
from qiskit.circuit.library import PauliEvolutionGate, PauliGate, PermutationGate, XGate
from qiskit.quantum_info import Clifford, Kraus, SparsePauliOp

from qjm_widgets import JobManager, QJMError
from qjm_widgets._compat import has_samplers
from qjm_widgets.errors import (
    AmbiguousNameError,
    BackendError,
    CircuitError,
    CircuitNotFoundError,
    InputError,
    LimitError,
)
from tests.contract.adapter_kinds import KINDS, LOCAL, SAMPLERS, Kind, coins, ended, every, every_sampler

WIDER = "GenericBackendV2", True


def kind_of(thing: Any) -> str:
    """Return a name that is the same in every process."""
    return thing.__name__ if isinstance(thing, type) else type(thing).__name__


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def refused(
    manager: JobManager, error: type[QJMError], words: Sequence[str], *args: Any, **options: Any
) -> None:
    """Check that ``run`` and ``plan`` raise this error with this text, and that nothing is stored."""
    for call in (manager.run, manager.plan):
        with pytest.raises(error) as caught:
            call(*args, **options)
        for word in words:
            assert word in str(caught.value)
    assert manager.job_sets() == []
    assert manager.history() == []


@every
@pytest.mark.parametrize("circuits", [[], (), iter(()), np.array([])], ids=kind_of)
def test_no_circuits(kind: Kind, circuits: Any, manager: JobManager) -> None:
    refused(manager, InputError, ["no circuits"], circuits, kind.make(None))


@every
@pytest.mark.parametrize(
    "limit", ["max_circuits_per_job", "max_shots_per_job", "max_payload_bytes", "shots"]
)
def test_a_limit_below_one_or_of_another_kind(kind: Kind, limit: str, manager: JobManager) -> None:
    error = InputError if limit == "shots" else LimitError
    name = limit.removeprefix("max_").removesuffix("_per_job")
    for value in (0, -1, 1.5, "ten", True):
        refused(manager, error, [name], coins(1), kind.make(None), **{limit: value})


@every
@pytest.mark.parametrize("thing", [None, 3, "circuit", b"circuit", object(), {}, QuantumCircuit])
def test_something_that_is_no_circuit(kind: Kind, thing: Any, manager: JobManager) -> None:
    backend = kind.make(None)
    refused(manager, CircuitError, ["item 1"], [*coins(1), thing], backend)
    if thing != {}:
        refused(manager, CircuitError, [], thing, backend)


@every_sampler
@pytest.mark.parametrize(
    ("pub", "words"),
    [
        ((), "item 1 is not a PUB: it begins with nothing"),
        (("circuit",), "item 1 is not a PUB: it begins with a str"),
        ((None, [1.0]), "item 1 is not a PUB: it begins with None"),
        ((coins(1)[0], [1.0, 2.0]), "circuit 1 (coin 0) has values of shape (2,), and no parameters"),
        ((coins(1)[0], None, 0), "shots of circuit 1 (coin 0) must be at least 1"),
        ((coins(1)[0], None, 5, None), "circuit 1 (coin 0) has 4 parts"),
        ((coins(1)[0], None, 5, 6, 7), "circuit 1 (coin 0) has 5 parts"),
    ],
    ids=["empty", "text", "none", "too many values", "no shots", "four parts", "five parts"],
)
def test_something_that_is_no_pub(kind: Kind, pub: Any, words: str, manager: JobManager) -> None:
    refused(manager, InputError, [words], [*coins(1), pub], kind.make(None))
    if pub and isinstance(pub[0], QuantumCircuit):  # a PUB that is given alone
        refused(manager, InputError, [words.replace("circuit 1", "circuit 0")], pub, kind.make(None))


@pytest.mark.parametrize("name", LOCAL)
def test_an_unknown_instruction_names_circuit_and_gate(name: str, manager: JobManager) -> None:
    odd = QuantumCircuit(1, 1, name="odd")
    odd.append(Gate("my_gate", 1, []), [0])
    odd.measure(0, 0)
    words = ["circuit 2", "odd", "my_gate", "transpile"]
    refused(manager, CircuitError, words, [*coins(2), odd], KINDS[name].make(None))


@every_sampler
@pytest.mark.parametrize("clbits", [0, 1])
def test_a_circuit_without_measurements_for_a_sampler(
    kind: Kind, clbits: int, manager: JobManager
) -> None:
    silent = QuantumCircuit(1, clbits, name="silent")
    silent.x(0)
    words = ["circuit 1", "silent", "measure"]
    refused(manager, CircuitError, words, [*coins(1), silent], kind.make(None))


class NoBackend:
    """Has neither ``run`` nor a sampler's interface."""


class OnlyPubs:
    """Takes PUBs, and neither shots as a sampler nor a precision as an estimator does."""

    options: ClassVar[dict[str, Any]] = {}

    def run(self, pubs: Any) -> None:
        """Run them."""


NO_BACKENDS = [None, 3, "aer_simulator", NoBackend(), print, NoBackend, OnlyPubs()]


@pytest.mark.parametrize("thing", NO_BACKENDS, ids=kind_of)
def test_a_backend_that_can_run_nothing(thing: Any, manager: JobManager) -> None:
    name = thing.__name__ if isinstance(thing, type) else type(thing).__name__
    refused(manager, BackendError, [name], coins(1), thing)


@every
def test_a_class_instead_of_a_backend(kind: Kind, manager: JobManager) -> None:
    backend = type(kind.make(None))
    refused(manager, BackendError, [f"{backend.__name__}()"], coins(1), backend)


@pytest.mark.parametrize(
    ("name", "qubits"),
    [
        (name, qubits)
        for name, qubits in {"BasicSimulator": 25, "GenericBackendV2": 6, "third party": 6}.items()
        if name in KINDS
    ],
)
def test_a_circuit_wider_than_the_backend(name: str, qubits: int, manager: JobManager) -> None:
    backend = KINDS[name].make(None)
    wide = QuantumCircuit(qubits, 1, name="wide")
    wide.measure(0, 0)
    words = ["circuit 1", "wide", str(qubits), str(qubits - 1)]
    refused(manager, CircuitError, words, [*coins(1), wide], backend)


@every
def test_a_name_that_circuits_share_and_an_index_out_of_range(kind: Kind, manager: JobManager) -> None:
    twins = [circuit.copy(name="twin") for circuit in coins(2)]
    job_set = ended(manager.run(twins, kind.make(None), shots=10))
    results = job_set.results()
    calls: list[Callable[[Any], Any]] = [
        results.get_counts,
        results.get_memory,
        results.data,
        job_set.job,
        job_set.counts,
    ]
    for call in calls:
        with pytest.raises(AmbiguousNameError, match="2 circuits are named 'twin'"):
            call("twin")
        for index in (2, -1):
            with pytest.raises(CircuitNotFoundError, match=str(index)):
                call(index)
    assert sum(results.get_counts(1).values()) == 10


@every
@pytest.mark.parametrize("tags", ["lab", ["lab", 3], [None], 7, [b"lab"]], ids=repr)
def test_tags_that_are_not_strings(kind: Kind, tags: Any, manager: JobManager) -> None:
    with pytest.raises(InputError, match="tag"):
        manager.run(coins(1), kind.make(None), tags=tags)
    assert manager.history() == []


@every_sampler
def test_an_option_that_the_sampler_does_not_take(kind: Kind, manager: JobManager) -> None:
    refused(manager, InputError, ["'memory'"], coins(1), kind.make(None), memory=True)


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("seed", ["seven", 1.5, [1]], ids=repr)
def test_a_seed_that_is_no_whole_number(name: str, seed: Any, manager: JobManager) -> None:
    with pytest.raises(InputError, match="seed_simulator"):
        manager.run(coins(1), KINDS[name].make(None), seed_simulator=seed)
    assert manager.history() == []


@pytest.mark.parametrize("name", [*LOCAL, *SAMPLERS])
def test_parameters_without_values(name: str, manager: JobManager) -> None:
    loose = QuantumCircuit(1, 1, name="loose")
    loose.rx(Parameter("a"), 0)
    loose.measure(0, 0)
    backend = KINDS[name].make(None)
    refused(manager, CircuitError, ["circuit 1", "loose", "param"], [*coins(1), loose], backend)


def one(change: Callable[[QuantumCircuit], object], qubits: int = 1) -> QuantumCircuit:
    """Return a circuit with something odd in it, and a measurement."""
    circuit = QuantumCircuit(QuantumRegister(qubits), ClassicalRegister(1, "c"))
    change(circuit)
    circuit.measure(0, 0)
    return circuit


def inner(gate: str | None = None, qubits: int = 1, name: str = "sub") -> QuantumCircuit:
    circuit = QuantumCircuit(qubits, name=name)
    circuit.append(XGate() if gate is None else Gate(gate, 1, []), [0])
    return circuit


def branched(circuit: QuantumCircuit, body: QuantumCircuit) -> None:
    circuit.measure(0, 0)
    circuit.if_test((circuit.clbits[0], True), body, [0], [])


def looped(circuit: QuantumCircuit) -> None:
    """A loop that ends for the state before it, and would not for a qubit in zero."""
    circuit.x(0)
    with circuit.while_loop((circuit.clbits[0], False)):
        circuit.measure(0, 0)


def loose_bit() -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.add_bits([Clbit()])
    circuit.measure(0, 0)
    return circuit


def append(operation: Any, qubits: int = 1) -> QuantumCircuit:
    return one(lambda c: c.append(operation, range(qubits)), qubits)


ODD: dict[str, QuantumCircuit] = {
    "nothing": QuantumCircuit(),
    "no qubits": QuantumCircuit(0, 2),
    "empty": QuantumCircuit(1, 1),
    "no measurement": inner(),
    "loose bit": loose_bit(),
    "barrier, reset, delay": one(lambda c: (c.barrier(), c.reset(0), c.delay(100, 0))),
    "in the middle": one(lambda c: (c.x(0), c.measure(0, 0), c.x(0))),
    "initialize": one(lambda c: c.initialize([0, 1], 0)),
    "unitary": one(lambda c: c.unitary([[0, 1], [1, 0]], 0)),
    "kraus": append(Kraus([np.eye(2)]).to_instruction()),
    "opaque": append(Gate("opaque", 1, [])),
    "opaque with a known name": append(Gate("x", 1, [])),
    "composite": append(inner().to_gate()),
    "wide composite": append(inner(qubits=12).to_gate(), 12),
    "phase": QuantumCircuit(1, 1, global_phase=1.0),
    "mcx": one(lambda c: c.mcx([0, 1, 2], 3), 4),
    "control by zero": append(XGate().control(2, ctrl_state=0), 3),
    "pauli": append(PauliGate("XY"), 2),
    "evolution": append(PauliEvolutionGate(SparsePauliOp("XX"), 0.1), 2),
    "permutation": append(PermutationGate([1, 0]), 2),
    "annotated": append(AnnotatedOperation(XGate(), ControlModifier(1)), 2),
    "clifford": append(Clifford(XGate())),
    "if": one(lambda c: branched(c, inner())),
    "unknown inside if": one(lambda c: branched(c, inner("opaque"))),
    "for": one(lambda c: c.for_loop(range(3), None, inner(), [0], [])),
    "while": one(looped),
    "save": one(lambda c: c.save_statevector()),  # type: ignore[attr-defined]
    "metadata that is no JSON": QuantumCircuit(1, 1, metadata={"object": object()}),
}
if not has_samplers():
    # The simulators of Qiskit 0.46 say that they take these, and fail or pass over them.
    for quirk in ("barrier, reset, delay", "if", "unknown inside if", "for", "while"):
        del ODD[quirk]
if hasattr(QuantumCircuit, "box"):
    from qiskit.circuit.library import QFTGate

    ODD |= {
        "qft": append(QFTGate(2), 2),
        "box": one(lambda c: c.box(inner(), [0], [])),
    }


@pytest.mark.parametrize(
    ("name", "odd"),
    # What is wider than the device that GenericBackendV2 imitates has a test of its own.
    [(name, odd) for name in LOCAL for odd in ODD if (name, ODD[odd].num_qubits > 5) != WIDER],
)
def test_exactly_what_the_backend_takes_is_taken(name: str, odd: str, manager: JobManager) -> None:
    kind, circuit = KINDS[name], ODD[odd]
    try:
        taken = kind.make(None).run(circuit, shots=10).result().success
    except Exception:
        taken = False
    if taken:
        with warnings.catch_warnings():
            # What cannot be stored is named, and runs.
            warnings.filterwarnings("ignore", "Metadata that cannot be stored")
            job_set = manager.run(circuit, kind.make(None), shots=10)
        assert ended(job_set).results().success
    else:
        refused(manager, CircuitError, ["circuit 0", circuit.name], circuit, kind.make(None))
