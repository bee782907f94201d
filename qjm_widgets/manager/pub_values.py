"""Check the parameter values of PUBs, and say plainly why Qiskit refuses a PUB."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from typing import Any

import numpy as np

from qjm_widgets.core.formatting import plural
from qjm_widgets.errors import CircuitError, explain

#: The most characters of a reason that Qiskit gives.
_REASON = 300
#: Kinds of NumPy's types that Qiskit would change into numbers without an error.
_CHANGED = {"c": "complex numbers", "U": "texts", "S": "texts"}


def check_given_values(who: str, circuit: Any, values: Any) -> None:
    """Refuse parameter values that do not fit the circuit, or are not real numbers.

    Qiskit would leave out the imaginary part of complex values, and names wrong values in the terms of
    its arrays. Of other errors in the values, ``check_values`` and Qiskit inform.

    Args:
        who: the PUB, as errors name it.
        circuit: its circuit.
        values: the values as the user gave them; None if there are none.

    Raises:
        CircuitError: the values are for other parameters, too few or too many, or not real numbers.
    """
    if type(values).__name__ == "BindingsArray":
        return
    names = [parameter.name for parameter in circuit.parameters]
    if isinstance(values, Mapping):
        _check_names(who, names, [name for key in values for name in _names(key)])
    elif values is None and names:
        raise CircuitError(f"{who} has parameters without values: give values for {_listed(names)}")
    for array in _arrays(values):
        if array.dtype.kind in _CHANGED:
            raise CircuitError(
                f"{who} has {_CHANGED[array.dtype.kind]} as parameter values: they must be real numbers"
            )
        numbers = array.dtype.kind in "bfiu"
        if numbers and not isinstance(values, Mapping) and not _fits(array.shape, len(names)):
            if not names:
                raise CircuitError(f"{who} has values of shape {array.shape}, and no parameters")
            raise CircuitError(
                f"{who} has values of shape {array.shape}, whose last axis must be its circuit's "
                f"{plural(len(names), 'parameter')}: {_listed(names)}"
            )


def check_values(who: str, circuit: Any, values: Any) -> None:
    """Refuse parameter values that no backend accepts: their whole job would fail.

    Args:
        who: the PUB, as errors name it.
        circuit: its circuit.
        values: a ``BindingsArray``.

    Raises:
        CircuitError: some values are for other parameters, or are NaN or infinite.
    """
    names = [parameter.name for parameter in circuit.parameters]
    _check_names(who, names, [name for key in values.data for name in _names(key)])
    for array in values.data.values():
        if not np.isfinite(array).all():
            odd = "not numbers (NaN)" if np.isnan(array).any() else "infinite"
            raise CircuitError(f"{who} has values that are {odd}")


def invalid_pub(who: str, error: BaseException, values: Any) -> CircuitError:
    """Return the error for a PUB that Qiskit refuses.

    Args:
        who: the PUB, as errors name it.
        error: what Qiskit raised.
        values: its parameter values as the user gave them.
    """
    reason = textwrap.shorten(explain(error), _REASON, placeholder=" …")
    if isinstance(values, Mapping) and "consistent shape" in reason:
        shapes = ", ".join(str(array.shape) for array in _arrays(values))
        reason = f"the values of its parameters have different shapes, {shapes}, and must have one"
    return CircuitError(f"{who} is not a valid PUB: {reason}")


def _check_names(who: str, needed: list[str], given: list[str]) -> None:
    unknown, lacking = set(given) - set(needed), set(needed) - set(given)
    if unknown:
        raise CircuitError(
            f"{who} has values for {_listed(unknown)}, its circuit's parameters are {_listed(needed)}"
        )
    if lacking:
        raise CircuitError(f"{who} has parameters without values: give values for {_listed(lacking)}")


def _names(key: Any) -> list[str]:
    """Return the parameters that a key of values is for: one, a vector's, or those of a tuple."""
    if isinstance(key, (tuple, list)) or type(key).__name__ == "ParameterVector":
        return [name for part in key for name in _names(part)]
    return [str(getattr(key, "name", key))]


def _listed(names: Any) -> str:
    listed = sorted(names)
    return (", ".join(listed[:8]) + (", …" if len(listed) > 8 else "")) or "none"


def _arrays(values: Any) -> list[np.ndarray[Any, Any]]:
    """Return the values as arrays; those of which NumPy makes none are left to Qiskit."""
    found = []
    for value in values.values() if isinstance(values, Mapping) else [] if values is None else [values]:
        try:
            found.append(np.asarray(value))
        except Exception:  # rows of different lengths, or anything
            continue
    return found


def _fits(shape: tuple[int, ...], parameters: int) -> bool:
    """Return whether values of a shape may be those of so many parameters.

    The axis of a single parameter may be left out.
    """
    return parameters == 1 or shape[-1:] == (parameters,)
