"""The kinds of values of ``qiskit.quantum_info``: operators, states, channels, Paulis; and registers.

Each class has its parts, from which its constructor makes it again. A subclass, as Aer has them, comes
back as the class of ``quantum_info``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from qjm_widgets.serialization.tree import Kind, TreeError, Write

_PACKAGE = "qiskit.quantum_info"


class _Parts(NamedTuple):
    """How an object of a class is taken apart and made again."""

    of: Callable[[Any], list[Any]]
    make: Callable[..., Any]


def _with_dims(kind: Any, data: Any, dims: Any) -> Any:
    return kind(data, dims=dims)


def _with_two_dims(kind: Any, data: Any, input_dims: Any, output_dims: Any) -> Any:
    return kind(data, input_dims=input_dims, output_dims=output_dims)


_STATE = _Parts(lambda state: [np.asarray(state.data), state.dims()], _with_dims)
_MATRIX = _Parts(
    lambda op: [np.asarray(op.data), op.input_dims(), op.output_dims()],
    _with_two_dims,
)
#: What these give as ``data`` is an array, a list of arrays or a tuple of both.
_CHANNEL = _Parts(lambda op: [op.data, op.input_dims(), op.output_dims()], _with_two_dims)

_CLASSES: Mapping[str, _Parts] = {
    "Statevector": _STATE,
    "DensityMatrix": _STATE,
    "Operator": _MATRIX,
    "SuperOp": _MATRIX,
    "Choi": _MATRIX,
    "PTM": _MATRIX,
    "Chi": _MATRIX,
    "Kraus": _CHANNEL,
    "Stinespring": _CHANNEL,
    "ScalarOp": _Parts(lambda op: [op.input_dims(), op.coeff], lambda kind, *parts: kind(*parts)),
    "Pauli": _Parts(lambda pauli: [pauli.to_label()], lambda kind, label: kind(str(label))),
    "PauliList": _Parts(
        lambda paulis: [paulis.z, paulis.x, paulis.phase],
        lambda kind, z, x, phase: kind.from_symplectic(z, x, phase),
    ),
    "SparsePauliOp": _Parts(
        lambda op: [op.paulis, op.coeffs], lambda kind, paulis, coeffs: kind(paulis, coeffs)
    ),
    "Clifford": _Parts(lambda op: [np.asarray(op.tableau)], lambda kind, tableau: kind(tableau)),
    "StabilizerState": _Parts(lambda state: [state.clifford], lambda kind, clifford: kind(clifford)),
    "Quaternion": _Parts(lambda value: [value.data], lambda kind, data: kind(data)),
}
#: Classes written in Rust give their parts as they are copied: a class method's name and its arguments.
_IN_RUST = frozenset(
    {
        "SparseObservable",
        "PauliLindbladMap",
        "QubitSparsePauli",
        "QubitSparsePauliList",
        "PhasedQubitSparsePauli",
        "PhasedQubitSparsePauliList",
    }
)
_RUST_MAKERS = frozenset({"from_raw_parts", "from_sparse_list"})


def _name_of(kind: type, names: Any) -> str | None:
    """The class of ``quantum_info`` that a type is or is derived from, where it is one of some."""
    for base in kind.__mro__:
        if str(base.__module__).startswith(_PACKAGE) and base.__name__ in names:
            return base.__name__
    return None


def _class(name: Any, names: Any) -> Any:
    import qiskit.quantum_info

    if not isinstance(name, str) or name not in names:
        raise TreeError(f"an unknown class {name!r} of {_PACKAGE}")
    return getattr(qiskit.quantum_info, name)


def _write(value: Any, write: Write) -> Any:
    name = _name_of(type(value), _CLASSES)
    assert name is not None
    return [name, *map(write, _CLASSES[name].of(value))]


def _read(tree: Any, read: Write) -> Any:
    name, *parts = tree
    return _CLASSES[name].make(_class(name, _CLASSES), *map(read, parts))


def _write_rust(value: Any, write: Write) -> Any:
    maker, arguments = value.__reduce__()[:2]
    if maker.__name__ not in _RUST_MAKERS:
        raise TreeError(f"a {type(value).__name__} cannot be written")
    return [_name_of(type(value), _IN_RUST), maker.__name__, *map(write, arguments)]


def _read_rust(tree: Any, read: Write) -> Any:
    name, maker, *arguments = tree
    if maker not in _RUST_MAKERS:
        raise TreeError(f"an unknown way to make a {name!r}")
    return getattr(_class(name, _IN_RUST), maker)(*map(read, arguments))


def _is_register(kind: type) -> bool:
    return str(kind.__module__).startswith("qiskit.circuit") and kind.__name__ in _REGISTERS


_REGISTERS = frozenset({"QuantumRegister", "ClassicalRegister", "AncillaRegister"})


def _read_register(tree: Any, read: Write) -> Any:
    import qiskit.circuit

    name, size, text = tree
    if name not in _REGISTERS:
        raise TreeError(f"an unknown register {name!r}")
    return getattr(qiskit.circuit, name)(size, text)


def _write_bits(value: Any, write: Write) -> Any:
    return [write(value.array), value.num_bits]


def _read_bits(tree: Any, read: Write) -> Any:
    from qiskit.primitives.containers.bit_array import BitArray

    return BitArray(read(tree[0]), tree[1])


QUANTUM: tuple[Kind, ...] = (
    Kind("$quantum_info", lambda kind: _name_of(kind, _CLASSES) is not None, _write, _read),
    Kind("$sparse", lambda kind: _name_of(kind, _IN_RUST) is not None, _write_rust, _read_rust),
    Kind(
        "$register",
        _is_register,
        lambda value, _: [type(value).__name__, value.size, value.name],
        _read_register,
    ),
    Kind(
        "$bits",
        lambda kind: (
            kind.__name__ == "BitArray" and str(kind.__module__).startswith("qiskit.primitives")
        ),
        _write_bits,
        _read_bits,
    ),
)
