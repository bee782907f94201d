"""Where the Qiskit releases that we support differ; nothing else asks for a version."""

from __future__ import annotations

from typing import Any


def experiment_header(header: dict[str, Any]) -> Any:
    """The header of an ``ExperimentResult``: an object in qiskit-terra, a dict since Qiskit 2."""
    try:
        from qiskit.qobj import QobjExperimentHeader
    except ImportError:
        return header
    return QobjExperimentHeader.from_dict(header)


def backend_name(backend: Any) -> str:
    """A backend's name: a method of BackendV1, an attribute since."""
    name = getattr(backend, "name", None)
    if callable(name):
        name = name()
    return str(name) if name else type(backend).__name__


def has_samplers() -> bool:
    """Whether the installed Qiskit has the V2 primitives."""
    try:
        from qiskit.primitives.containers.sampler_pub import SamplerPub  # noqa: F401
    except ImportError:
        return False
    return True
