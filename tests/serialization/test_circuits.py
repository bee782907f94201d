"""Every circuit is encoded and decoded; one that cannot be affects no other."""

import io
import json
import warnings
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit, qpy, transpile
from qiskit.circuit import (
    ClassicalRegister,
    Gate,
    Instruction,
    Parameter,
    ParameterVector,
    QuantumRegister,
    library,
)
from qiskit.primitives.containers.bindings_array import BindingsArray
from qiskit.quantum_info import Operator

from qjm_widgets.bundle.strict_json import RefusalError
from qjm_widgets.bundle.validation import check_block, is_safe_to_read
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.records import Span
from qjm_widgets.serialization.circuits import (
    Missing,
    read_all_metadata,
    read_block,
    read_names,
    unpacked,
    unstored_of,
    write_block,
)
from qjm_widgets.serialization.losses import Loss, describe_losses
from qjm_widgets.serialization.payload import payload_bytes
from tests.instruction_examples import (
    aer_operations,
    are_same,
    circuit_with,
    deprecated,
    library_operations,
)

LIBRARY = sorted(library_operations())
AER = sorted(aer_operations())
PLAIN = QuantumCircuit(1, name="plain")


def there_and_back(circuit: QuantumCircuit) -> QuantumCircuit:
    """Encode and decode a circuit between two others, which have to be decoded as well."""
    block, losses = write_block(
        Span(4, 7), [CircuitInput(PLAIN), CircuitInput(circuit), CircuitInput(PLAIN)]
    )
    assert not losses
    check_block(unpacked(block), "circuits/00000")
    assert is_safe_to_read(unpacked(block))
    inputs = read_block(block)
    assert [
        circuit_input.circuit == PLAIN
        for circuit_input in inputs
        if isinstance(circuit_input, CircuitInput)
    ][::2] == [
        True,
        True,
    ]
    assert isinstance(inputs[1], CircuitInput)
    return inputs[1].circuit


def by_qpy_alone(circuit: QuantumCircuit) -> QuantumCircuit | None:
    stream = io.BytesIO()
    try:
        qpy.dump(circuit, stream)
        stream.seek(0)
        return qpy.load(stream)[0]
    except Exception:
        return None


@pytest.mark.parametrize("name", LIBRARY)
def test_every_instruction_of_the_library(name: str) -> None:
    circuit = circuit_with(library_operations()[name], name)
    found = there_and_back(circuit)
    assert [each.operation.name for each in found.data] == [each.operation.name for each in circuit.data]
    if found == circuit:
        return
    # Some classes do not even equal themselves, made twice: they are the same operator.
    assert by_qpy_alone(circuit) != circuit
    operations = (library_operations()[name], found.data[-1 - circuit.num_qubits].operation)
    one, other = (Operator(operation) for operation in operations)
    assert np.allclose(one.data, other.data)


def places(operation: Any) -> dict[str, QuantumCircuit]:
    """Circuits that have an operation for two qubits at the top, in control flow, in a gate."""
    top = QuantumCircuit(2, 2)
    top.append(operation, [0, 1])
    flow = QuantumCircuit(2, 2)
    flow.measure(0, 0)
    with flow.if_test((flow.clbits[0], 1)) as otherwise:
        flow.x(0)
    with otherwise, flow.for_loop(range(2)):
        flow.append(operation, [1, 0])
    body = QuantumCircuit(2, name="body")
    body.append(operation, [0, 1])
    composite = QuantumCircuit(3)
    composite.append(body.to_instruction(), [2, 0])
    return {"top": top, "flow": flow, "composite": composite}


def last(circuit: QuantumCircuit) -> Any:
    """The operation that ``places`` has put in."""
    operation = circuit.data[-1].operation
    inside = operation.blocks[-1] if hasattr(operation, "blocks") else None
    if inside is None and type(operation) is Instruction and operation.name == "body":
        inside = operation.definition
    return operation if inside is None else last(inside)


@pytest.mark.parametrize("place", ["top", "flow", "composite"])
@pytest.mark.parametrize("name", AER)
def test_every_instruction_of_aer(name: str, place: str) -> None:
    circuit = places(aer_operations()[name])[place]
    found = there_and_back(circuit)
    assert found == circuit
    one, other = last(circuit), last(found)
    assert type(one) is type(other)
    assert vars(one).keys() == vars(other).keys()
    for key, value in vars(one).items():
        if key != "_definition":
            assert are_same(vars(other)[key], value)


def test_gates_of_ones_own_are_kept_by_their_definition_or_matrix() -> None:
    class Defined(Gate):
        def __init__(self, angle: Any) -> None:
            super().__init__("mine", 1, [angle], label="a label")
            self.more = "more"

        def _define(self) -> None:
            self.definition = QuantumCircuit(1)
            self.definition.rx(self.params[0], 0)

    class Matrix(Gate):
        def __init__(self) -> None:
            super().__init__("mine", 1, [])

        def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
            return np.array([[0, 1j], [1j, 0]])

    class XGate(Gate):
        """The name of one of Qiskit's, and another gate."""

        def __init__(self) -> None:
            super().__init__("mine", 1, [])

        def _define(self) -> None:
            self.definition = QuantumCircuit(1)
            self.definition.h(0)

    theta = Parameter("theta")
    circuit = QuantumCircuit(2)
    for gate in (Defined(0.3), Matrix(), XGate(), Defined(theta), XGate().control(1, annotated=False)):
        circuit.append(gate, range(gate.num_qubits))
    found = there_and_back(circuit)
    assert found.data[0].operation.label == "a label"
    assert found.parameters == circuit.parameters
    circuit, found = (each.assign_parameters({theta: 0.7}) for each in (circuit, found))
    assert np.allclose(Operator(circuit).data, Operator(found).data)


def test_parts_of_a_gate_that_qpy_loses_are_kept() -> None:
    circuit = QuantumCircuit(6)
    circuit.append(library.AndGate(2).control(2), range(5))
    circuit.append(library.OrGate(2).inverse(annotated=True), range(3))
    circuit.append(deprecated(library.IntegerComparator, 2, 2).to_gate(), range(4))
    circuit.append(library.BitwiseXorGate(2, 3).repeat(2), [4, 5])
    found = there_and_back(circuit)
    assert found == circuit
    assert np.allclose(Operator(circuit).data, Operator(found).data)


def test_circuits_of_the_library_that_are_built_when_they_are_asked() -> None:
    for kind, arguments in (
        ("IntegerComparator", (2, 2)),
        ("QFT", (3,)),
        ("WeightedAdder", (2, [1, 2])),
    ):
        circuit = deprecated(getattr(library, kind), *arguments)
        assert there_and_back(circuit) == circuit


def test_conditions_variables_and_layouts_are_decoded() -> None:
    from qiskit.circuit.classical import expr, types
    from qiskit.providers.fake_provider import GenericBackendV2

    circuit = QuantumCircuit(QuantumRegister(2, "q"), ClassicalRegister(2, "c"))
    variable = circuit.add_var("v", expr.lift(3, types.Uint(8)))
    with circuit.while_loop(expr.less(variable, 5)):
        circuit.append(library.AndGate(1), [0, 1])
        circuit.store(variable, expr.lift(7, types.Uint(8)))
    with circuit.switch(circuit.cregs[0]) as case, case(1):
        circuit.append(library.AndGate(1), [1, 0])
    assert there_and_back(circuit) == circuit
    bell = QuantumCircuit(3)
    bell.h(0)
    bell.cx(0, 2)
    bell.measure_all()
    routed = transpile(bell, GenericBackendV2(5, seed=1), seed_transpiler=1)
    found = there_and_back(routed)
    assert found == routed
    assert found.layout == routed.layout


class Odd(Instruction):
    """An instruction of an unknown class with data of its own."""

    def __init__(self) -> None:
        super().__init__("odd", 1, 0, [])
        self.more = 1


def test_a_circuit_that_cannot_be_written_costs_only_itself() -> None:
    odd = QuantumCircuit(1, name="odd one", metadata={"n": np.int64(3)})
    odd.append(Odd(), [0])
    saves = circuit_with(aer_operations()["SaveStatevector"], "saves")
    inputs = [
        CircuitInput(PLAIN),
        CircuitInput(odd, shots=10),
        CircuitInput(saves, shots=np.int64(7)),
        CircuitInput(odd),
    ]
    block, losses = write_block(Span(50, 54), inputs)
    assert [(loss.circuit, loss.name, loss.key) for loss in losses] == [
        (51, "odd one", None),
        (53, "odd one", None),
    ]
    assert "Odd" in losses[0].reason
    assert unstored_of(block) == [51, 53]
    found = read_block(block)
    assert isinstance(found[1], Missing)
    assert "Odd" in found[1].reason
    assert isinstance(found[2], CircuitInput)
    assert found[2].circuit == saves
    assert found[2].shots == 7
    assert read_names(block) == ["plain", "odd one", "saves", "odd one"]
    assert are_same(read_all_metadata(block), [{}, {"n": np.int64(3)}, {}, {"n": np.int64(3)}])
    check_block(unpacked(block), "circuits/00000")
    assert payload_bytes(inputs[1]) == 0
    assert payload_bytes(inputs[2]) > 300


def test_a_parameter_that_qpy_does_not_know_is_kept() -> None:
    circuit = QuantumCircuit(1)
    circuit.append(Instruction("with parameters", 1, 0, [{"a": (1, 2)}, np.float32(1)]), [0])
    assert there_and_back(circuit).data[0].operation.params == [{"a": (1, 2)}, np.float32(1)]


def test_names_that_qpy_cannot_carry_are_decoded() -> None:
    for name in ("x" * 70_000, "half a character \ud800"):
        block, losses = write_block(Span(0, 1), [CircuitInput(QuantumCircuit(1, name=name))])
        (circuit_input,) = read_block(block)
        assert not losses
        assert isinstance(circuit_input, CircuitInput)
        assert circuit_input.circuit.name == name


def test_the_circuits_are_not_changed_while_they_are_written() -> None:
    circuit = circuit_with(aer_operations()["SaveStatevector"], "saves")
    circuit.metadata = {"a": (1,)}
    before = list(circuit.data)
    write_block(Span(0, 1), [CircuitInput(circuit)])
    assert circuit.metadata == {"a": (1,)}
    assert list(circuit.data) == before


def test_parameter_values_are_decoded() -> None:
    angles = ParameterVector("angles", 2)
    circuit = QuantumCircuit(1)
    circuit.rx(angles[0], 0)
    circuit.rz(2 * angles[1], 0)
    for values in (np.arange(12.0).reshape(2, 3, 2), np.zeros((0, 2)), np.array([0.5, np.nan])):
        bindings = BindingsArray({tuple(p.name for p in angles): values})
        block, _ = write_block(Span(0, 1), [CircuitInput(circuit, bindings, 10)])
        (circuit_input,) = read_block(block)
        assert isinstance(circuit_input, CircuitInput)
        assert circuit_input.circuit == circuit
        assert circuit_input.values.shape == bindings.shape
        ((names, array),) = circuit_input.values.data.items()
        assert names == ("angles[0]", "angles[1]")
        assert np.array_equal(array, values, equal_nan=True)


def test_blocks_of_older_stores_are_read() -> None:
    stream = io.BytesIO()
    circuit = QuantumCircuit(1, name="old")
    qpy.dump(circuit, stream)
    notes = {"names": ["old"], "metadata": [{"$tuple": [1]}], "values": [None], "shots": [5]}
    block = CircuitBlock(Span(3, 4), "qpy", stream.getvalue(), json.dumps(notes))
    (circuit_input,) = read_block(block)
    assert isinstance(circuit_input, CircuitInput)
    assert (circuit_input.circuit, circuit_input.shots) == (circuit, 5)
    assert circuit_input.circuit.metadata == {"$tuple": [1]}
    assert not unstored_of(block)
    names_only = CircuitBlock(Span(3, 5), "names", b"", json.dumps({"names": ["a", "b"]}))
    assert [type(circuit_input) for circuit_input in read_block(names_only)] == [Missing, Missing]
    assert unstored_of(names_only) == [3, 4]
    assert read_all_metadata(names_only) == [{}, {}]


AND = {"class": "library.AndGate", "state": {}}
BAD_NOTES: list[tuple[str, Any]] = [
    ("forms", {"0": {"0": {"class": "os.system", "state": {}}}}),
    ("forms", {"0": {"0": {"class": "library.__loader__", "state": {}}}}),
    ("forms", {"0": {"0": {"class": "library.BlueprintCircuit", "state": {}}}}),
    ("forms", {"0": {"0": {"class": "aer.default_qubits", "state": {}}}}),
    ("forms", {"0": {"0": {"class": "circuit.QuantumCircuit", "state": {}}}}),
    ("forms", {"0": {"0": {"blocks": [{"0": {"class": "builtins.eval", "state": {}}}]}}}),
    ("forms", {"0": {"0": {**AND, "more": 1}}}),
    ("forms", {"0": {"0": {**AND, "state": {"x": {"$pickle": ""}}}}}),
    ("forms", {"0": {"x": AND}}),
    ("forms", {"1": {"0": AND}}),
    ("forms", {"-1": {"0": AND}}),
    ("forms", []),
    ("unstored", {"0": 1}),
    ("unstored", {"7": "no reason"}),
    ("metadata", [{"a": {"$code": 1}}]),
    ("metadata", [{"a": {"$circuit": {"qpy": "####", "forms": {}}}}]),
]


@pytest.mark.parametrize(("field", "value"), BAD_NOTES)
def test_notes_made_by_hand_are_refused(field: str, value: Any) -> None:
    block = unpacked(write_block(Span(0, 1), [CircuitInput(PLAIN)])[0])
    notes = json.loads(block.notes) | {field: value}
    with pytest.raises(RefusalError):
        check_block(block._replace(notes=json.dumps(notes)), "circuits/00000")


def test_forms_that_do_not_fit_their_circuit_cost_only_it() -> None:
    block = write_block(
        Span(0, 2), [CircuitInput(circuit_with(library.AndGate(2), "and")), CircuitInput(PLAIN)]
    )[0]
    notes = json.loads(block.notes)
    ((place, form),) = notes["forms"]["0"].items()
    for bad in (
        {"99": form},
        {place: {**form, "state": {"_num_qubits": 1, "_num_clbits": 0, "_name": "and"}}},
        {place: {"blocks": [{}]}},
        {place: {"class": "library.Nothing", "state": {}}},
    ):
        changed = block._replace(notes=json.dumps({**notes, "forms": {"0": bad}}))
        missing, plain = read_block(changed)
        assert isinstance(missing, Missing)
        assert isinstance(plain, CircuitInput)


def test_old_qpy_inside_a_value_is_not_read_from_a_bundle() -> None:
    block = unpacked(write_block(Span(0, 1), [CircuitInput(PLAIN)])[0])
    tree = {"a": {"$circuit": {"qpy": "UUlTS0lUDAAAAAAA", "forms": {}, "metadata": {}}}}
    notes = json.loads(block.notes) | {"metadata": [tree]}
    old = block._replace(notes=json.dumps(notes))
    check_block(old, "circuits/00000")
    assert not is_safe_to_read(old)


def test_the_warning_names_circuits_and_keys_and_stays_short() -> None:
    losses = [Loss(57, "bell", None, "an odd instruction")]
    assert describe_losses(losses) == (
        "1 circuit cannot be stored: it runs, but cannot be resumed once this kernel has ended: "
        "circuit 57 (bell): an odd instruction."
    )
    losses = [Loss(i, "n" * 500, None, "r" * 5000) for i in range(1000)]
    losses += [Loss(i, f"c{i}", "lock", "it is a lock") for i in range(1000)]
    text = describe_losses(losses)
    assert "1,000 circuits cannot be stored" in text
    assert "'lock' of circuit 0 (c0) and 999 more: it is a lock" in text
    assert len(text) < 2000
    assert describe_losses([]) == ""


def test_writing_warns_of_nothing() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        write_block(Span(0, 1), [CircuitInput(circuit_with(library.AndGate(2), "and"))])
