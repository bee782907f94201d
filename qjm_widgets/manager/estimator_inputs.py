"""Reading and checking the estimator PUBs that a user gave to ``run``."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Number, Real
from typing import Any

import numpy as np

from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.observables import has_nan, is_estimator_pub
from qjm_widgets.errors import CircuitError, InputError
from qjm_widgets.manager.final_measurements import refuse_measured
from qjm_widgets.manager.inputs import circuit_class, kind_of
from qjm_widgets.manager.pub_values import check_given_values, check_values, invalid_pub

_FORM = "an estimator's PUB is (circuit, observables, parameter values, precision)"
_MOST_PARTS = 4


def estimator_pub_reader(precision: float | None) -> Callable[[int, Any], CircuitInput]:
    """Return a function that reads a PUB-like ``(circuit, observables, parameter_values, precision)``.

    Parameter values and precision may be left out. Its arguments are the index and what the user gave;
    the circuits are the user's own: they are written or copied before ``run`` returns. The observables
    become Qiskit's ``ObservablesArray``. It raises a ``CircuitError`` if an item is no PUB of an
    estimator, or its parts do not fit each other; the message names its index.

    Args:
        precision: of each PUB that does not say its own; None if the estimator decides.

    Raises:
        InputError: the precision is no number of at least 0.
    """
    checked = check_precision(precision)
    return lambda index, pub: _read(index, pub, checked)


def check_precision(precision: Any, where: str = "precision") -> float | None:
    """Return a precision as Python's float; None, the estimator's default, stays None.

    Raises:
        InputError: it is no finite number of at least 0.
    """
    if precision is None:
        return None
    if isinstance(precision, bool) or not isinstance(precision, Real):
        raise InputError(f"{where} must be a number, not {precision!r:.80}")
    found = float(precision)
    if not 0 <= found < math.inf:
        raise InputError(f"{where} must be at least 0 and finite, not {found:g}")
    return found


def _read(index: int, item: Any, precision: float | None) -> CircuitInput:
    from qiskit.primitives.containers.estimator_pub import EstimatorPub

    circuit, who = _circuit_of(index, item)
    given = None
    if isinstance(item, (tuple, list)):
        if len(item) > _MOST_PARTS:
            raise CircuitError(f"{who} has {len(item)} parts: {_FORM}")
        if has_nan(item[1]):
            raise CircuitError(f"{who} has observables with coefficients that are not finite numbers")
        given = item[2] if len(item) > 2 else None
        check_given_values(who, circuit, given)
        if len(item) > 3:
            check_precision(item[3], f"precision of {who}")
    try:
        pub = EstimatorPub.coerce(item, precision)
    except Exception as error:  # parts may be anything, and raise anything when they are converted
        raise invalid_pub(who, error, given) from error
    values, observables = pub.parameter_values, pub.observables
    check_values(who, circuit, values)
    if math.prod(pub.shape) == 0:
        raise CircuitError(f"{who} has the shape {pub.shape}, which has no point: leave it out")
    refuse_measured(who, circuit, observables)
    own = check_precision(pub.precision, f"precision of {who}")
    bound = values if values.num_parameters or values.shape else None
    return CircuitInput(circuit, bound, None, observables, own)


def _circuit_of(index: int, item: Any) -> tuple[Any, str]:
    """Return the circuit of an estimator's PUB, and how errors name it.

    Raises:
        CircuitError: it is something else.
    """
    circuit = item if isinstance(item, circuit_class()) else getattr(item, "circuit", None)
    if circuit is None and isinstance(item, (tuple, list)) and item:
        circuit = item[0]
    if not isinstance(circuit, circuit_class()):
        raise CircuitError(f"item {index} is not a PUB but {kind_of(item)}: {_FORM}")
    who = f"circuit {index} ({circuit.name})"
    if is_estimator_pub(item):
        return circuit, who
    if isinstance(item, circuit_class()) or (isinstance(item, (tuple, list)) and len(item) == 1):
        raise CircuitError(f"{who} has no observables: {_FORM}")
    if not isinstance(item, (tuple, list)) or not _may_be_observables(item[1]):
        raise CircuitError(
            f"{who} is a sampler's PUB, (circuit, parameter values, shots), and an estimator runs this "
            f"job set: {_FORM}. Run what is sampled as a set of its own, with a sampler"
        )
    return circuit, who


def _may_be_observables(thing: Any) -> bool:
    """Return whether only Qiskit can tell if these are observables: not numbers, not a mapping."""
    # Never as one array: NumPy would make a matrix of each operator.
    while isinstance(thing, (list, tuple)) or (isinstance(thing, np.ndarray) and thing.ndim > 0):
        if not len(thing):
            return True
        thing = thing[0]
    numbers = isinstance(thing, (Number, Mapping, np.ndarray, type(None)))
    return not numbers and type(thing).__name__ != "BindingsArray"
