"""The properties of simulators: where they compute, how they use seeds, how they are made again."""

from __future__ import annotations

import functools
import importlib
from collections.abc import Mapping
from typing import Any

from qjm_widgets.backends.provider_simulators import other_simulator
from qjm_widgets.core.seeds import SeedRule

_CLASSROOM = "qjm_widgets.classroom"
_LOCAL_PACKAGES = (
    "qiskit.providers.basic_provider",
    "qiskit.providers.basicaer",
    "qiskit.providers.fake_provider",
    "qiskit.primitives",
    "qiskit_aer",
    "qiskit_ibm_runtime.fake_provider",
    _CLASSROOM,
)


def is_local(thing: Any) -> bool:
    """Return whether a backend or sampler is one of Qiskit's that compute in this process."""
    return any(is_from(thing, package) for package in _LOCAL_PACKAGES)


def computes_here(thing: Any) -> bool:
    """Return whether a backend or sampler computes in this process."""
    return is_local(thing) or other_simulator(thing) is not None


def is_from(thing: Any, package: str) -> bool:
    """Return whether an object's class or one of its bases is defined in a package.

    The abstract primitives of Qiskit do not count.
    """
    kind: Any = type(thing)
    return _is_class_from(kind, package)


@functools.lru_cache(1024)  # it is asked many times for each set
def _is_class_from(kind: Any, package: str) -> bool:
    return any(
        (base.__module__ == package or base.__module__.startswith(package + "."))
        and not base.__module__.startswith("qiskit.primitives.base")
        for base in kind.__mro__
    )


def has_queue(backend: Any) -> bool:
    """Return whether a local backend has a queue that its user wants to see: those of the classroom."""
    return is_from(backend, _CLASSROOM)


def computing(backend: Any) -> Any | None:
    """Return the simulator that computes: the backend, or the simulator behind its queue.

    None if a replay has no simulator.
    """
    return getattr(backend, "simulator", None) if has_queue(backend) else backend


def is_device(backend: Any) -> bool:
    """Return whether a simulator imitates a device, so that circuits must fit the device."""
    return is_from(backend, "qiskit_ibm_runtime.fake_provider")


def runs_inside_submit(backend: Any) -> bool:
    """Return whether ``run`` itself computes, so that the job is done when it is submitted."""
    other = other_simulator(backend)
    if other is not None:
        return other.inside_submit
    return is_from(backend, "qiskit.providers.basic_provider") or (
        is_from(backend, "qiskit.providers.fake_provider") and not _has_aer()
    )


def _has_aer() -> bool:
    try:
        import qiskit_aer  # noqa: F401
    except ImportError:
        return False
    return True


def seed_rule(backend: Any) -> SeedRule:
    """Return how a run of a backend uses its seed."""
    aer = is_from(backend, "qiskit_aer")
    fake = is_from(backend, "qiskit.providers.fake_provider") or is_device(backend)
    if aer or (fake and _has_aer()):
        return SeedRule.AER
    if fake or is_from(backend, "qiskit.providers.basic_provider"):
        return SeedRule.STREAM
    other = other_simulator(backend)
    return SeedRule.UNKNOWN if other is None else other.seed_rule


def more_options(backend: Any) -> frozenset[str]:
    """Return the run options beside the declared ones that a backend uses: the fields of AerConfig."""
    if seed_rule(backend) is not SeedRule.AER:
        return frozenset()
    from qiskit_aer.backends.controller_wrappers import AerConfig

    return frozenset(name for name in dir(AerConfig()) if not name.startswith("_"))


def most_qubits(backend: Any) -> int | None:
    """Return how many qubits a circuit can have; None if the backend does not state it.

    Aer without a device has no such number: there the simulation method decides.
    """
    if is_from(backend, "qiskit_aer") and getattr(backend, "coupling_map", None) is None:
        return None
    if is_from(backend, "qiskit.providers.basic_provider"):
        if getattr(getattr(backend, "options", None), "use_clifford_optimization", False):
            return getattr(backend, "MAX_QUBITS_CLIFFORD", None)
        # MAX_QUBITS_MEMORY is Qiskit 0.46's name.
        for name in ("MAX_QUBITS_STATEVECTOR", "MAX_QUBITS_MEMORY"):
            if hasattr(backend, name):
                return int(getattr(backend, name))
        return _declared(backend)
    return _declared(backend)


def _declared(backend: Any) -> int | None:
    width = getattr(backend, "num_qubits", None)
    if width is None:
        width = configured(backend, "n_qubits")
    return width if isinstance(width, int) else None


def configured(backend: Any, name: str) -> Any:
    """Return a field of a backend's configuration, which may be a method, an object or a dict.

    None if the configuration does not have the field or cannot be read now.
    """
    try:
        found = getattr(backend, "configuration", None)
        found = found() if callable(found) else found
        return found.get(name) if isinstance(found, Mapping) else getattr(found, name, None)
    except Exception:  # it may come from a server, which may not respond
        return None


#: Simulators that can be made again by their class alone.
_RECIPES = (
    "qiskit.providers.basic_provider:BasicSimulator",
    "qiskit_aer:AerSimulator",
    "qiskit.primitives:StatevectorSampler",
    "qiskit.primitives:StatevectorEstimator",
)


def takes_no_points(sampler: Any) -> bool:
    """Return whether a sampler runs PUBs without points.

    Qiskit's own sampler runs them; Aer's would end the process.
    """
    names = {f"{kind.__module__.split('.')[0]}.{kind.__name__}" for kind in type(sampler).__mro__}
    return "qiskit.StatevectorSampler" in names


def recipe(thing: Any) -> str | None:
    """Return the recipe to make a simulator again (``module:Class``).

    None for a simulator with settings of its own, and for any other object.
    """
    for text in _RECIPES:
        kind = type(thing)
        if (
            kind.__name__ == text.split(":")[1]
            and is_local(thing)
            and kind.__module__.startswith("qiskit")
        ):
            return text if _is_plain(thing, kind) else None
    return None


def _is_plain(thing: Any, kind: type) -> bool:
    try:
        other = kind()
    except Exception:
        return False
    names = ("options", "name", "seed", "default_shots", "default_precision", "noise_model")
    return all(repr(getattr(thing, name, None)) == repr(getattr(other, name, None)) for name in names)


def rebuild(text: str) -> Any:
    """Make a simulator from its recipe.

    Raises:
        ImportError: the simulator is not installed.
        ValueError: the recipe is unknown.
    """
    if text not in _RECIPES:
        raise ValueError(f"unknown recipe {text!r}")
    module, name = text.split(":")
    return getattr(importlib.import_module(module), name)()
