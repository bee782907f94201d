"""Which run options a backend knows: those that its ``run`` names, and those that it declares."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from typing import Any

from qjm_widgets.backends import simulators

#: What Qiskit's users give to any backend's ``run``; one that has no use for it leaves it alone.
_COMMON = frozenset(
    {
        *("shots", "memory", "meas_level", "meas_return", "seed_simulator", "init_qubits", "rep_delay"),
        *("rep_time", "use_measure_esp", "qubit_lo_freq", "meas_lo_freq", "schedule_los"),
    }
)


def option_names(backend: Any, computing: Any) -> frozenset[str] | None:
    """The options that ``backend.run`` knows; None where it takes any.

    Args:
        backend: what the user gave.
        computing: the simulator to which it hands what it does not know, perhaps itself; or None.
    """
    named = run_arguments(backend)
    if named is None:
        return None
    names, takes_others = named
    if not takes_others:
        return names
    declared = declared_options(backend)
    if computing is not None and computing is not backend:
        inside = option_names(computing, computing)
        return None if inside is None else names | declared | inside
    declared |= simulators.more_options(backend)
    return names | declared | _COMMON if declared else None


def run_arguments(thing: Any) -> tuple[frozenset[str], bool] | None:
    """What ``run`` names beside what it runs, and whether it takes others; None: it does not tell."""
    try:
        parameters = list(inspect.signature(thing.run).parameters.values())
    except (TypeError, ValueError):
        return None
    others = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = (p for p in parameters[1:] if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
    return frozenset(parameter.name for parameter in named), others


def declared_options(backend: Any) -> frozenset[str]:
    """The names in ``backend.options``, whatever holds them."""
    options = getattr(backend, "options", None)
    if isinstance(options, Mapping):
        return frozenset(map(str, options))
    fields = getattr(type(options), "model_fields", None) or getattr(options, "__dict__", None) or {}
    return frozenset(name for name in fields if not name.startswith("_"))
