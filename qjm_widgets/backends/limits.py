"""The limits that a backend states, in one of the many places where backends state them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from qjm_widgets.backends import simulators
from qjm_widgets.core import validation
from qjm_widgets.core.splitting import Limits
from qjm_widgets.errors import InputError


def limits_of(backend: Any) -> Limits:
    """How much of it one job may hold."""
    return Limits(circuits=_max_circuits(backend), shots=shots_range(backend)[1], one_shots=True)


def shots_range(backend: Any) -> tuple[int | None, int | None]:
    """The fewest and the most shots that a backend runs at once; None where it states no number.

    It may say so by the validator of its options, by an attribute, or in its configuration.
    """
    least, most = _validated(backend)
    stated = [most, *(whole(_get(backend, name)) for name in ("max_shots", "MAX_SHOTS"))]
    # Aer's configuration has a number to which it does not keep.
    if not simulators.is_local(backend) or hasattr(backend, "coupling_map"):
        stated.append(whole(simulators.configured(backend, "max_shots")))
    known = [number for number in stated if number is not None and number > 0]
    return least, min(known, default=None)


def check_values(backend: Any, options: Mapping[str, Any]) -> None:
    """Refuse values that the validator of a backend's options refuses.

    Raises:
        InputError: names the option.
    """
    declared: Any = getattr(backend, "options", None)
    for name, value in options.items():
        if name not in _validators(declared):
            continue
        try:
            copy.copy(declared).update_options(**{name: value})
        except (TypeError, ValueError) as error:
            raise InputError(f"the backend refuses {name}={value!r}: {error}") from error


def whole(value: Any) -> int | None:
    """A whole number, as NumPy and JSON may write it, too; None where it is none."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return validation.as_integer(value)


def _validators(options: Any) -> Mapping[str, Any]:
    found = getattr(options, "validator", None)
    return found if isinstance(found, Mapping) and callable(_get(options, "update_options")) else {}


def _validated(backend: Any) -> tuple[int | None, int | None]:
    rule = _validators(getattr(backend, "options", None)).get("shots")
    if isinstance(rule, tuple) and len(rule) == 2:
        return whole(rule[0]), whole(rule[1])
    if isinstance(rule, list):
        return None, max(filter(None, map(whole, rule)), default=None)
    return None, None


def _max_circuits(backend: Any) -> int | None:
    most = whole(_get(backend, "max_circuits"))
    if most is None:
        most = whole(simulators.configured(backend, "max_experiments"))
    return most if most and most > 0 else None


def _get(thing: Any, name: str) -> Any:
    """An attribute, or what a method of that name gives without arguments; None where it fails."""
    try:
        found = getattr(thing, name, None)
        return found() if callable(found) and name.startswith("max_") else found
    except Exception:  # a backend that cannot say it now states no limit
        return None
