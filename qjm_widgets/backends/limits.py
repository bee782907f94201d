"""Read the limits of a backend from the places in which backends state them."""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any

from qjm_widgets.backends import simulators
from qjm_widgets.core import validation
from qjm_widgets.core.splitting import Limits
from qjm_widgets.errors import InputError


def limits_of(backend: Any) -> Limits:
    """Return the limits of one job."""
    return Limits(circuits=_max_circuits(backend), shots=shots_range(backend)[1], one_shots=True)


def shots_range(backend: Any) -> tuple[int | None, int | None]:
    """Return the fewest and the most shots of one run, each None if the backend does not state it.

    A backend states them in the validator of its options, in an attribute or in its configuration.
    """
    least, most = _validated(backend)
    stated = [most, *(integer_or_none(_get(backend, name)) for name in ("max_shots", "MAX_SHOTS"))]
    # Aer's configuration states a number, but Aer runs more shots.
    if not simulators.is_local(backend) or hasattr(backend, "coupling_map"):
        stated.append(integer_or_none(simulators.configured(backend, "max_shots")))
    known = [number for number in stated if number is not None and number > 0]
    return least, min(known, default=None)


def check_values(backend: Any, options: Mapping[str, Any]) -> None:
    """Refuse option values that the validator of a backend's options refuses.

    Raises:
        InputError: a value is refused; the message names the option.
    """
    declared: Any = getattr(backend, "options", None)
    for name, value in options.items():
        if name not in _validators(declared):
            continue
        try:
            copy.copy(declared).update_options(**{name: value})
        except (TypeError, ValueError) as error:
            raise InputError(f"the backend refuses {name}={value!r}: {error}") from error


def integer_or_none(value: Any) -> int | None:
    """Return an integer, a NumPy integer or a float like 5.0 as an int; None for any other value."""
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return validation.as_integer(value)


def _validators(options: Any) -> Mapping[str, Any]:
    found = getattr(options, "validator", None)
    return found if isinstance(found, Mapping) and callable(_get(options, "update_options")) else {}


def _validated(backend: Any) -> tuple[int | None, int | None]:
    rule = _validators(getattr(backend, "options", None)).get("shots")
    if isinstance(rule, tuple) and len(rule) == 2:
        return integer_or_none(rule[0]), integer_or_none(rule[1])
    if isinstance(rule, list):
        return None, max(filter(None, map(integer_or_none, rule)), default=None)
    return None, None


def _max_circuits(backend: Any) -> int | None:
    most = integer_or_none(_get(backend, "max_circuits"))
    if most is None:
        most = integer_or_none(simulators.configured(backend, "max_experiments"))
    return most if most and most > 0 else None


def _get(thing: Any, name: str) -> Any:
    """Return an attribute, or the result of a method of that name; None if that fails."""
    try:
        found = getattr(thing, name, None)
        return found() if callable(found) and name.startswith("max_") else found
    except Exception:  # a limit that cannot be read is ignored
        return None
