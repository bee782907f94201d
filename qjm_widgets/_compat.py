"""The differences between the supported Qiskit releases; no other module checks for them."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Mapping
from typing import Any


def experiment_header(header: dict[str, Any]) -> Any:
    """Return the header of an ``ExperimentResult``: an object before Qiskit 2, a dict since."""
    try:
        from qiskit.qobj import QobjExperimentHeader
    except ImportError:
        return header
    return QobjExperimentHeader.from_dict(header)


def backend_name(backend: Any) -> str:
    """Return a backend's name: BackendV1 has a method, BackendV2 an attribute."""
    name = getattr(backend, "name", None)
    if callable(name):
        name = name()
    return str(name) if name else type(backend).__name__


def backend_base(backend: Any) -> Any:
    """Return the base class of a backend: ``BackendV1``, which Qiskit 2 removed, or ``BackendV2``."""
    from qiskit import providers

    old = getattr(providers, "BackendV1", None)
    return old if old is not None and isinstance(backend, old) else providers.BackendV2


#: The attributes of a circuit of Qiskit 2. Its own ``copy`` copies the data twice and drops one copy.
_PARTS = {
    *("_base_name", "name", "_op_start_times", "_control_flow_scopes", "_layout", "_duration", "_unit"),
    *("_builder_api", "_ancillas", "_metadata", "_data"),
}


def copy_circuit(circuit: Any) -> Any:
    """Copy a circuit as ``circuit.copy()`` does; in 3/4 of the time if its attributes are known.

    It is called for a hundred thousand circuits at a time. Circuits with other attributes (of another
    release, or of a user's class) are copied by Qiskit.
    """
    if type(circuit).__module__ != "qiskit.circuit.quantumcircuit" or vars(circuit).keys() != _PARTS:
        bare = copy.copy(circuit)
        bare._metadata = {}
        copied = bare.copy()
        copied._metadata = _copy_metadata(circuit._metadata)
        return copied
    copied = copy.copy(circuit)
    copied._builder_api = type(circuit._builder_api)(copied)
    copied._ancillas = circuit._ancillas.copy()
    copied._metadata = _copy_metadata(circuit._metadata)
    copied._data = circuit._data.copy()
    return copied


def _copy_metadata(metadata: Any) -> dict[Any, Any]:
    """Copy metadata deeply; the copy shares a value that cannot be copied (a lock, a generator)."""
    if not metadata:
        return {}
    try:
        copied: dict[Any, Any] = copy.deepcopy(metadata)
        return copied
    except Exception:  # a user's class may raise anything
        return {key: _copy_value(value) for key, value in metadata.items()}


def _copy_value(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def operation_names(circuit: Any) -> Iterable[str]:
    """Return the names of the instructions in a circuit, once each, without those in nested bodies."""
    # The circuit's own ``count_ops`` also sorts the names, which doubles the time. It is used only for
    # circuits that build their data when it is read, and for older releases.
    plain = type(circuit).__name__ == "QuantumCircuit"
    count = getattr(circuit._data, "count_ops", None) if plain else None
    names: Iterable[str] = circuit.count_ops() if count is None else count()
    return names


def operation_name(instruction: Any) -> str:
    """Return the name of an instruction, if possible without making a Python object of it."""
    name = getattr(instruction, "name", None)
    return str(instruction.operation.name if name is None else name)


def has_samplers() -> bool:
    """Return whether the installed Qiskit has the V2 primitives."""
    try:
        from qiskit.primitives.containers.sampler_pub import SamplerPub  # noqa: F401
    except ImportError:
        return False
    return True


SAMPLERS_NEED = "V2 samplers and PUBs need Qiskit 1.0 or newer"


def is_schedule(thing: Any) -> bool:
    """Return whether an object is a pulse ``Schedule`` or ``ScheduleBlock``, which Qiskit 2 removed."""
    kind: Any = type(thing)
    return _is_kind_of_schedule(kind)


@functools.cache
def _is_kind_of_schedule(kind: type) -> bool:
    """Return whether a class is a schedule; cached, because there may be many circuits."""
    return any(
        base.__module__.startswith("qiskit.pulse.") and base.__name__ in ("Schedule", "ScheduleBlock")
        for base in kind.__mro__
    )


def is_old_primitive(thing: Any) -> bool:
    """Return whether an object is a V1 primitive: it takes no PUBs and returns quasi-probabilities."""
    return any(
        kind.__module__.startswith("qiskit.primitives.base")
        and kind.__name__ in ("BaseSampler", "BaseSamplerV1", "BaseEstimator", "BaseEstimatorV1")
        for kind in type(thing).__mro__
    )


def make_qobj(job: Any, circuits: Callable[[], list[Any]], options: Mapping[str, Any]) -> Any:
    """Return the Qobj of a job: its own, or one assembled from its circuits and run options.

    Raises:
        NotImplementedError: the installed Qiskit has no Qobj.
    """
    own = getattr(job, "qobj", None)
    kept = own() if callable(own) else None
    if kept is not None:
        return kept
    try:
        from qiskit.compiler import assemble
    except ImportError:
        import qiskit

        raise NotImplementedError(
            f"Qiskit {qiskit.__version__} has no Qobj (Qiskit 2.0 removed it): install qiskit<2 for it, "
            "or use the circuits that you gave to run"
        ) from None
    return assemble(circuits(), **options)
