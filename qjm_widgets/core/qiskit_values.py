"""Take values of Qiskit (states, operators, distributions) apart, and make them again from their parts.

Only values of the classes that are named here are made. A value of a subclass, such as Aer's
``compatibility.Statevector``, becomes a value of Qiskit's own class.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class _Kind(NamedTuple):
    """A class of Qiskit: its module, a function that returns a value's parts, and its inverse."""

    module: str
    take: Callable[[Any], list[Any]]
    make: Callable[..., Any]


def take(value: Any) -> list[Any] | None:
    """Return the name of a value's class, then its parts; None if the class is not named here."""
    for kind in type(value).__mro__:
        if kind.__name__ in _KINDS and kind.__module__.startswith("qiskit."):
            return [kind.__name__, *_KINDS[kind.__name__].take(value)]
    return None


def make(name: str, *parts: Any) -> Any:
    """Return the value that has these parts.

    Args:
        name: the name of its class.
        parts: the parts that ``take`` returned after the name.

    Raises:
        ValueError: the class is unknown, or the parts do not make a value.
    """
    if name not in _KINDS:
        raise ValueError(f"an unknown class {name!r}")
    kind = _KINDS[name]
    return kind.make(getattr(importlib.import_module(kind.module), name), *parts)


def make_old(name: str, data: Any, left: list[int], right: list[int] | None) -> Any:
    """Return a value from its data and dimensions, which are the parts that older versions wrote."""
    return make(name, data, *(tuple(dims) for dims in (left, right) if dims is not None))


def plain(value: Any) -> Any:
    """Return a tree in which values of Aer's subclasses are replaced by values of Qiskit's own classes.

    So a result is the same before and after it is stored. Aer's subclasses also behave like arrays, for
    compatibility with its old releases.
    """
    kind = type(value)
    if kind is dict:
        return {key: plain(inner) for key, inner in value.items()}
    if kind is list or kind is tuple:
        return kind(map(plain, value))
    if kind.__module__ == _AER:
        parts = take(value)
        if parts is not None:
            return make(*parts)
    return value


_AER = "qiskit_aer.backends.compatibility"


def _state(value: Any) -> list[Any]:
    return [np.asarray(value.data), tuple(value.dims())]


def _make_state(kind: Any, data: Any, dims: tuple[int, ...]) -> Any:
    return kind(data, dims=dims)


def _channel(value: Any) -> list[Any]:
    return [value.data, tuple(value.input_dims()), tuple(value.output_dims())]


def _make_channel(kind: Any, data: Any, left: tuple[int, ...], right: tuple[int, ...]) -> Any:
    return kind(data, input_dims=left, output_dims=right)


def _counts(value: Any) -> list[Any]:
    return [
        dict(value),
        value.int_raw,
        value.hex_raw,
        value.time_taken,
        value.creg_sizes,
        value.memory_slots,
    ]


def _make_counts(
    kind: Any, texts: Any, integers: Any, hexes: Any, seconds: Any, sizes: Any, slots: Any
) -> Any:
    counts = kind({})
    counts.update(texts)
    counts.int_raw, counts.hex_raw, counts.time_taken = integers, hexes, seconds
    counts.creg_sizes, counts.memory_slots = sizes, slots
    return counts


def _make_of_parts(kind: Any, *parts: Any) -> Any:
    return kind(*parts)


_QUANTUM_INFO = "qiskit.quantum_info"
_KINDS: dict[str, _Kind] = {
    **{name: _Kind(_QUANTUM_INFO, _state, _make_state) for name in ("Statevector", "DensityMatrix")},
    **{
        name: _Kind(_QUANTUM_INFO, _channel, _make_channel)
        for name in ("Operator", "SuperOp", "Choi", "Kraus", "PTM", "Chi", "Stinespring")
    },
    "Clifford": _Kind(_QUANTUM_INFO, lambda value: [value.tableau], _make_of_parts),
    "StabilizerState": _Kind(_QUANTUM_INFO, lambda value: [value.clifford], _make_of_parts),
    "Pauli": _Kind(_QUANTUM_INFO, lambda value: [value.to_label()], _make_of_parts),
    "PauliList": _Kind(
        _QUANTUM_INFO,
        lambda value: [value.z, value.x, value.phase],
        lambda kind, *parts: kind.from_symplectic(*parts),
    ),
    "SparsePauliOp": _Kind(_QUANTUM_INFO, lambda value: [value.paulis, value.coeffs], _make_of_parts),
    "Quaternion": _Kind(_QUANTUM_INFO, lambda value: [value.data], _make_of_parts),
    "ScalarOp": _Kind(
        _QUANTUM_INFO, lambda value: [tuple(value.input_dims()), value.coeff], _make_of_parts
    ),
    "BitArray": _Kind("qiskit.primitives", lambda value: [value.array, value.num_bits], _make_of_parts),
    "Counts": _Kind("qiskit.result", _counts, _make_counts),
    "ProbDistribution": _Kind("qiskit.result", lambda value: [dict(value), value.shots], _make_of_parts),
    "QuasiDistribution": _Kind(
        "qiskit.result",
        lambda value: [dict(value), value.shots, value.stddev_upper_bound],
        _make_of_parts,
    ),
}
#: The classes of ``qiskit.quantum_info``.
QUANTUM_INFO = frozenset(name for name, kind in _KINDS.items() if kind.module == _QUANTUM_INFO)
