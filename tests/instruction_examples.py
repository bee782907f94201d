"""A circuit for each instruction class of Qiskit's library and of Aer's, and metadata of many kinds."""

import collections
import datetime
import decimal
import fractions
import inspect
import pathlib
import uuid
import warnings
import zoneinfo
from collections.abc import Iterator
from typing import Any

import numpy as np
from qiskit import QuantumCircuit, QuantumRegister, quantum_info
from qiskit.circuit import AnnotatedOperation, ControlModifier, Operation, Parameter, library
from qiskit.circuit.library import CXGate, RXGate, ZGate
from qiskit.quantum_info import (
    Clifford,
    DensityMatrix,
    Kraus,
    Pauli,
    SparsePauliOp,
    Statevector,
    SuperOp,
)

#: Arguments of the classes that do not take only angles.
ARGUMENTS: dict[str, tuple[Any, ...]] = {
    "AndGate": (3, [1, -1, 0]),
    "Barrier": (2,),
    "BitFlipOracleGate": ("a & b",),
    "BitwiseXorGate": (3, 5),
    "DiagonalGate": ([1, -1, 1j, 1],),
    "ExactReciprocalGate": (3, 0.3),
    "FullAdderGate": (1,),
    "GraphStateGate": ([[0, 1], [1, 0]],),
    "HalfAdderGate": (1,),
    "HamiltonianGate": (np.array([[1, 0.2], [0.2, -1]]), 0.7),
    "Initialize": ([0.6, 0.8],),
    "InnerProductGate": (2,),
    "IntegerComparatorGate": (2, 2, False),
    "Isometry": (np.eye(4)[:, :2], 0, 0),
    "LinearAmplitudeFunctionGate": (2, 0.3, 0.1, (0, 3), (0, 1)),
    "LinearFunction": ([[1, 1], [0, 1]],),
    "LinearPauliRotationsGate": (2, 0.4, 0.2, "X"),
    "MCGupDiag": (np.array([[0, 1], [1, 0]]), 2, 0, 0),
    "MCMTGate": (ZGate(), 2, 2),
    "MCPhaseGate": (0.3, 3),
    "MCU1Gate": (0.3, 3),
    "MCXGate": (4,),
    "MCXGrayCode": (4,),
    "MCXRecursive": (5,),
    "MCXVChain": (3,),
    "MSGate": (2, 0.3),
    "ModularAdderGate": (2,),
    "MultiplierGate": (1,),
    "OrGate": (3, [1, -1, 0]),
    "PauliEvolutionGate": (SparsePauliOp(["XX", "ZI"], [0.3, 1.2]), 0.4),
    "PauliGate": ("XYZ",),
    "PauliProductMeasurement": (Pauli("XZ"),),
    "PauliProductRotationGate": (Pauli("XZ"), 0.3),
    "PermutationGate": ([2, 0, 1],),
    "PhaseOracleGate": ("a & b",),
    "PiecewiseChebyshevGate": (0.5, 2),
    "PiecewiseLinearPauliRotationsGate": (2, [0, 2], [0.3, 0.1], [0.1, 0.2]),
    "PiecewisePolynomialPauliRotationsGate": (2, [0, 2], [[0.3, 0.1], [0.1, 0.2]]),
    "PolynomialPauliRotationsGate": (2, [0.3, 0.1, 0.2]),
    "QFTGate": (3,),
    "QuadraticFormGate": (2, [[1, 0], [0, 1]], [1, 0], 1),
    "StatePreparation": ([0.6, 0.8],),
    "UCGate": ([np.eye(2), np.array([[0, 1], [1, 0]])],),
    "UCPauliRotGate": ([0.1, 0.4], "Y"),
    "UCRXGate": ([0.1, 0.4],),
    "UCRYGate": ([0.1, 0.4],),
    "UCRZGate": ([0.1, 0.4],),
    "UniformSuperpositionGate": (3, 2),
    "UnitaryGate": (np.array([[0, 1], [1, 0]]),),
    "WeightedSumGate": (2, [1, 2]),
}


def library_operations() -> dict[str, Operation]:
    """One of each instruction class of ``qiskit.circuit.library``, made anew."""
    found = {}
    for name, kind in inspect.getmembers(library, inspect.isclass):
        if issubclass(kind, Operation):
            parameters = list(inspect.signature(kind.__init__).parameters.values())[1:]
            needed = [p for p in parameters if p.default is p.empty and p.kind is not p.KEYWORD_ONLY]
            arguments = ARGUMENTS.get(name, tuple(0.1 * (at + 1) for at in range(len(needed))))
            found[name] = deprecated(kind, *arguments)
    return found


def deprecated(make: Any, *arguments: Any) -> Any:
    """What a class that Qiskit will remove makes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        return make(*arguments)


def aer_operations() -> dict[str, Any]:
    """One of each instruction class of ``qiskit_aer.library``, and errors, for two qubits."""
    import qiskit_aer.library
    from qiskit_aer import noise
    from qiskit_aer.library import (
        SaveAmplitudes,
        SaveAmplitudesSquared,
        SaveExpectationValue,
        SaveExpectationValueVariance,
        SaveState,
    )
    from qiskit_aer.library.control_flow_instructions import AerJump, AerMark

    found: dict[str, Any] = {
        "SaveAmplitudes": SaveAmplitudes(2, [0, 3], "chosen", True, True),
        "SaveAmplitudesSquared": SaveAmplitudesSquared(2, [0, 3], "chosen", False, True, True),
        "SaveExpectationValue": SaveExpectationValue(SparsePauliOp(["XX", "ZI"], [0.5, 0.25]), "mean"),
        "SaveExpectationValueVariance": SaveExpectationValueVariance(Pauli("XZ"), "variance", True),
        "SaveState": SaveState(2),
        "SetDensityMatrix": qiskit_aer.library.SetDensityMatrix(DensityMatrix(np.eye(4) / 4)),
        "SetStatevector": qiskit_aer.library.SetStatevector(Statevector([0, 1, 0, 0])),
        "SetStabilizer": qiskit_aer.library.SetStabilizer(Clifford(CXGate())),
        "SetUnitary": qiskit_aer.library.SetUnitary(np.eye(4)[::-1]),
        "SetSuperOp": qiskit_aer.library.SetSuperOp(SuperOp(np.eye(16))),
        "SetMatrixProductState": qiskit_aer.library.SetMatrixProductState(
            ([(np.array([[1]]), np.array([[0]]))] * 2, [[1.0]])
        ),
        "AerJump": AerJump("there", 2),
        "AerMark": AerMark("there", 2),
        "depolarizing_error": noise.depolarizing_error(0.1, 2),
        "amplitude_damping_error": noise.amplitude_damping_error(0.3).tensor(noise.reset_error(0.2)),
        "pauli_error": noise.pauli_error([("XX", 0.25), ("II", 0.75)]),
        "thermal": noise.thermal_relaxation_error(9, 8, 1).tensor(noise.phase_damping_error(0.1)),
        "PauliError": noise.PauliError(["XX", "II"], [0.1, 0.9]),
        "PauliLindbladError": noise.PauliLindbladError(["XX"], [0.1]),
        "Kraus": Kraus(noise.depolarizing_error(0.2, 2)),
        "SuperOp": SuperOp(noise.depolarizing_error(0.3, 2)),
    }
    for name, kind in inspect.getmembers(qiskit_aer.library, inspect.isclass):
        if name not in found:
            found[name] = kind(2, f"own {name}", True)
    return found


def circuit_with(operation: Any, name: str) -> QuantumCircuit:
    """A circuit that does something, then the operation, then measures."""
    width = max(1, operation.num_qubits)
    circuit = QuantumCircuit(width, max(width, getattr(operation, "num_clbits", 0)), name=name)
    for qubit in range(width):
        circuit.ry(0.3 + 0.2 * qubit, qubit)
    circuit.append(operation, range(operation.num_qubits), range(getattr(operation, "num_clbits", 0)))
    circuit.measure(range(width), range(width))
    return circuit


def metadata_values() -> Iterator[tuple[str, Any]]:
    """Values of many kinds, each with the name of its kind; the same at each call."""
    theta = Parameter("θ", uuid=uuid.UUID(int=7))
    nested = QuantumCircuit(2, name="inner", metadata={"depth": (1, 2)})
    nested.append(library.AndGate(1), [0, 1])
    values = [
        *(None, True, 3, 2.5, "text", float("inf"), 1 - 2j, 10**5000, b"bytes", bytearray(b"x")),
        *((1, (2, [3])), [1, {"a": ()}], {1: "int"}, {("q", 0): 1j}, {"$array": 1}, {None: 1, 1.5: 2}),
        *({1, 2}, frozenset({"a"}), range(3, 9, 2), slice(1, None), collections.OrderedDict(b=1, a=2)),
        *(collections.Counter("aab"), collections.deque([1, 2], 5), ..., "\ud800 half", {}),
        *(np.float64(0.1), np.float32(0.1), np.int64(-3), np.uint8(3), np.bool_(True), np.complex64(1j)),
        *(np.str_("x"), np.datetime64("2026-01-01T00:00"), np.timedelta64(3, "s"), np.longdouble("0.1")),
        *(np.arange(6).reshape(2, 3), np.eye(2)[:, ::-1], np.array(["a", "bc"]), np.zeros((0, 3))),
        *(np.array(3.0), np.array([1j, 2]), np.array([{"a": (1,)}, None], dtype=object)),
        np.array([(1, [2.0, 3.0])], dtype=[("n", "i4"), ("x", ">f8", (2,))]),
        np.ma.MaskedArray([1, 2], mask=[False, True]),
        np.dtype("<f4"),
        *(datetime.datetime(2026, 1, 2, 3, 4, 5, 6), datetime.date(2026, 1, 2), datetime.time(1, 2)),
        datetime.datetime(2026, 1, 2, tzinfo=datetime.UTC),
        datetime.datetime(2026, 7, 2, tzinfo=zoneinfo.ZoneInfo("Europe/Berlin")),
        datetime.timedelta(days=-1, microseconds=5),
        *(decimal.Decimal("1.10"), fractions.Fraction(1, 3), uuid.UUID(int=5), pathlib.Path("/a/b")),
        *(Pauli("-iXYZ"), quantum_info.PauliList(["X", "-Y"]), SparsePauliOp(["XX", "ZI"], [0.5, 2j])),
        SparsePauliOp(["XX"], np.array([theta])),
        *(Statevector([1, 0]), DensityMatrix(np.eye(2) / 2), quantum_info.Operator(np.eye(4))),
        Statevector(np.eye(6)[1], dims=(2, 3)),
        *(Kraus(np.eye(2)), quantum_info.Stinespring(np.eye(2)), SuperOp(np.eye(4))),
        *(quantum_info.Choi(np.eye(4)), quantum_info.PTM(np.eye(4)), quantum_info.Chi(np.eye(4))),
        *(Clifford(CXGate()), quantum_info.StabilizerState(Clifford(CXGate()))),
        *(theta, 2 * theta + 1, RXGate(theta), library.AndGate(2), library.AndGate(2).control(1)),
        AnnotatedOperation(library.SGate(), [ControlModifier(2)]),
        *(QuantumRegister(2, "q"), nested, [{"deep": (nested, np.arange(2))}]),
    ]
    if hasattr(quantum_info, "SparseObservable"):
        values.append(quantum_info.SparseObservable.from_list([("XX", 1.5)]))
    for value in values:
        yield type(value).__name__, value


def are_same(one: Any, other: Any) -> bool:
    """Whether two values are equal and of one type, those inside them too."""
    if type(one) is not type(other):
        return False
    if isinstance(one, np.ndarray):
        if one.dtype != other.dtype or one.shape != other.shape:
            return False
        return all(map(are_same, one.ravel().tolist(), other.ravel().tolist()))
    if isinstance(one, dict):
        pairs = zip(one.items(), other.items(), strict=True)
        return len(one) == len(other) and all(are_same(a, b) for a, b in pairs)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(are_same, one, other))
    if isinstance(one, (float, complex)) and one != one:
        return bool(other != other)
    return bool(one == other)
