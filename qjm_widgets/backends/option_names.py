"""The run options that a backend knows: the parameters of its ``run`` and its declared options."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from qjm_widgets.backends import simulators
from qjm_widgets.core.option_names import COMMON, KnownOptions


def option_names(backend: Any, computing: Any) -> KnownOptions:
    """Return the options that ``backend.run`` knows.

    Args:
        backend: the user's backend.
        computing: the simulator to which the backend passes unknown options, which may be the backend
            itself; None if it passes them to no simulator.
    """
    named = run_arguments(backend)
    if not named.others:
        return named
    names = named.names | declared_options(backend)
    if not simulators.is_local(backend) or computing is None:
        # Some backends pass undeclared options to a simulator or a server.
        return KnownOptions(names, others=True)
    if computing is not backend:
        inside = option_names(computing, computing)
        return KnownOptions(names | inside.names, inside.others)
    return KnownOptions(names | simulators.more_options(backend) | COMMON, others=False)


def run_arguments(thing: Any) -> KnownOptions:
    """Return the parameters of ``run`` after the first, which are its options."""
    run = thing.run
    function = getattr(run, "__func__", None)
    if inspect.ismethod(run) and inspect.isfunction(function):
        return _arguments(function, 2)  # after ``self`` and the circuits
    return _arguments.__wrapped__(run, 1)


@functools.lru_cache(256)  # it is asked for each set
def _arguments(function: Callable[..., Any], first: int) -> KnownOptions:
    try:
        parameters = list(inspect.signature(function).parameters.values())
    except (TypeError, ValueError):  # its signature is unknown
        return KnownOptions(frozenset(), others=True)
    others = any(p.kind is p.VAR_KEYWORD for p in parameters)
    named = (p for p in parameters[first:] if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY))
    return KnownOptions(frozenset(parameter.name for parameter in named), others)


def declared_options(backend: Any) -> frozenset[str]:
    """Return the names in ``backend.options``, which may be a mapping, a model or an object."""
    options = getattr(backend, "options", None)
    if isinstance(options, Mapping):
        return frozenset(map(str, options))
    fields = getattr(type(options), "model_fields", None) or getattr(options, "__dict__", None) or {}
    return frozenset(name for name in fields if not name.startswith("_"))
