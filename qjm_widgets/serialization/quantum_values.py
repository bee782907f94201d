"""The kinds of values of Qiskit: those of ``quantum_info`` (such as states), registers, bit arrays.

A value of ``quantum_info`` is written as its parts (``core.qiskit_values``). A value of a subclass, such
as Aer's, is read as a value of the class of ``quantum_info``.
"""

from __future__ import annotations

from typing import Any

from qjm_widgets.core import qiskit_values
from qjm_widgets.serialization.tree import Kind, TreeError, Write

_PACKAGE = "qiskit.quantum_info"


#: Classes that Qiskit has in Rust. They are written as the parts that ``__reduce__`` returns: the name
#: of a class method and its arguments.
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
    """Return the name of the class of ``quantum_info`` that a type is or is derived from, or None.

    Only the classes in ``names`` count.
    """
    for base in kind.__mro__:
        if str(base.__module__).startswith(_PACKAGE) and base.__name__ in names:
            return base.__name__
    return None


def _write(value: Any, write: Write) -> Any:
    name, *parts = qiskit_values.take(value) or [None]
    if name not in qiskit_values.QUANTUM_INFO:
        raise TreeError(f"a {type(value).__name__} cannot be written")
    return [name, *map(write, parts)]


def _read(tree: Any, read: Write) -> Any:
    name, *parts = tree
    if name not in qiskit_values.QUANTUM_INFO:
        raise TreeError(f"an unknown class {name!r} of {_PACKAGE}")
    return qiskit_values.make(name, *map(read, parts))


def _write_rust(value: Any, write: Write) -> Any:
    maker, arguments = value.__reduce__()[:2]
    if maker.__name__ not in _RUST_MAKERS:
        raise TreeError(f"a {type(value).__name__} cannot be written")
    return [_name_of(type(value), _IN_RUST), maker.__name__, *map(write, arguments)]


def _read_rust(tree: Any, read: Write) -> Any:
    import qiskit.quantum_info

    name, maker, *arguments = tree
    if name not in _IN_RUST or maker not in _RUST_MAKERS:
        raise TreeError(f"an unknown class {name!r} of {_PACKAGE}, or an unknown way to make it")
    return getattr(getattr(qiskit.quantum_info, name), maker)(*map(read, arguments))


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
    Kind(
        "$quantum_info",
        lambda kind: _name_of(kind, qiskit_values.QUANTUM_INFO) is not None,
        _write,
        _read,
    ),
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
