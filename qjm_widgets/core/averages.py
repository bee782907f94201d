"""Means, sums and joins of the values in results: numbers, arrays, operators, dicts and lists."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np

from qjm_widgets.core import qiskit_values

#: Relative and absolute tolerance of equality. Two pieces of a deterministic computation differ at most
#: by rounding.
_CLOSE = 1e-8
#: Tolerance of the sum of quasi-probabilities, which should be 1.
_ONE = 1e-6


class UnmergeableError(ValueError):
    """Values cannot be merged; a message has the name of the values, then this error's text."""


def average(values: Sequence[Any], weights: Sequence[float], *, real: bool = False) -> Any:
    """Return the weighted mean of values; if all are equal, return the first, without rounding errors.

    Args:
        values: numbers, arrays, operators of Qiskit, or lists, tuples and dicts of these; a key that
            a dict lacks counts as 0.
        weights: a weight above 0 for each value.
        real: refuse complex numbers and operators that differ, because their mean may have no meaning.

    Raises:
        UnmergeableError: the values are of other types, or differ in shape or type.
    """
    if len(values) == 1 or all(_exactly_equal(values[0], value) for value in values[1:]):
        return values[0]
    total_weight = sum(weights)
    return _combined(values, [weight / total_weight for weight in weights], real)


def total(values: Sequence[Any]) -> Any:
    """Return the sum of values of the types that ``average`` accepts.

    Raises:
        UnmergeableError: the values are of other types, or differ in shape or type.
    """
    return _combined(values, [1] * len(values), real=False)


def join(values: Sequence[Any]) -> Any:
    """Concatenate lists, tuples or arrays.

    Raises:
        UnmergeableError: the values are of other types, or arrays whose shapes do not fit.
    """
    if all(isinstance(value, (list, tuple)) for value in values):
        return type(values[0])(entry for value in values for entry in value)
    try:
        return np.concatenate(values)
    except (TypeError, ValueError) as error:
        raise UnmergeableError(f"which cannot be joined ({error})") from error


def quasi(counts: Collection[Any]) -> bool:
    """Return whether numbers are quasi-probabilities: at least one is a float, and their sum is 1."""
    if not any(isinstance(count, float) for count in counts):
        return False
    try:
        return abs(math.fsum(counts) - 1) < _ONE
    except (OverflowError, ValueError):  # huge numbers, or infinities of both signs
        return False


def are_equal(one: Any, other: Any) -> bool:
    """Return whether values are equal up to rounding errors."""
    if type(one) is not type(other):
        return False
    if isinstance(one, Mapping):
        return one.keys() == other.keys() and all(are_equal(one[key], other[key]) for key in one)
    if isinstance(one, (list, tuple)):
        return len(one) == len(other) and all(map(are_equal, one, other))
    if isinstance(one, (float, complex, np.number)) or _is_numeric(one):
        return np.shape(one) == np.shape(other) and bool(
            np.allclose(one, other, rtol=_CLOSE, atol=_CLOSE, equal_nan=True)
        )
    if isinstance(one, np.ndarray):
        return bool(np.array_equal(one, other))
    return bool(one == other)


def _exactly_equal(one: Any, other: Any) -> bool:
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return type(one) is type(other) and one.dtype == other.dtype and np.array_equal(one, other)
    if isinstance(one, (list, tuple)):
        return (
            type(one) is type(other) and len(one) == len(other) and all(map(_exactly_equal, one, other))
        )
    if isinstance(one, Mapping):
        return (
            type(one) is type(other)
            and one.keys() == other.keys()
            and all(_exactly_equal(one[key], other[key]) for key in one)
        )
    parts = qiskit_values.take(one)
    if parts is not None:
        return type(one) is type(other) and _exactly_equal(parts, qiskit_values.take(other))
    return type(one) is type(other) and bool(one == other)


def _is_numeric(value: Any) -> bool:
    return isinstance(value, np.ndarray) and value.dtype.kind in "iufc"


def _combined(values: Sequence[Any], weights: Sequence[float], real: bool) -> Any:
    first = values[0]
    if all(map(_is_numeric, values)):
        if real and any(value.dtype.kind == "c" for value in values):
            raise UnmergeableError("which differ, and a mean may have no meaning")
        if len({value.shape for value in values}) > 1:
            raise UnmergeableError("which differ in shape")
        return sum(weight * value for value, weight in zip(values, weights, strict=True))
    kinds = (int, float, np.number) if real else (int, float, complex, np.number)
    if all(isinstance(value, kinds) and not isinstance(value, bool) for value in values):
        products = [weight * value for value, weight in zip(values, weights, strict=True)]
        return math.fsum(products) if all(type(each) is float for each in products) else sum(products)
    if all(isinstance(value, Mapping) for value in values):
        return _combined_mappings(values, weights, real)
    if all(isinstance(value, (list, tuple)) and len(value) == len(first) for value in values):
        return type(first)(_combined(inner, weights, real) for inner in zip(*values, strict=True))
    return _combined_operators(values, weights, real)


#: Names of classes of Qiskit whose data may be averaged: mappings, and operators.
_DISTRIBUTIONS = frozenset({"ProbDistribution", "QuasiDistribution"})
_LINEAR = frozenset({"DensityMatrix", "Operator", "SuperOp", "Choi", "PTM", "Chi"})


def _combined_operators(values: Sequence[Any], weights: Sequence[float], real: bool) -> Any:
    names, arrays, others = [], [], []
    for value in values:
        name, *parts = qiskit_values.take(value) or [""]
        names.append(name)
        arrays.append(np.asarray(parts[0]) if name in _LINEAR else None)
        others.append(parts[1:])
    if (
        real
        or names[0] not in _LINEAR
        or any(each != names[0] for each in names)
        or any(each != others[0] for each in others)
    ):
        raise UnmergeableError("which differ and have no mean")
    return qiskit_values.make(names[0], _combined(arrays, weights, real), *others[0])


def _combined_mappings(values: Sequence[Mapping[Any, Any]], weights: Sequence[float], real: bool) -> Any:
    merged = {}
    for key in dict.fromkeys(key for value in values for key in value):
        there = [
            (value[key], weight) for value, weight in zip(values, weights, strict=True) if key in value
        ]
        merged[key] = _combined([value for value, _ in there], [weight for _, weight in there], real)
    name, *parts = qiskit_values.take(values[0]) or [""]
    return qiskit_values.make(name, merged, *parts[1:]) if name in _DISTRIBUTIONS else merged
