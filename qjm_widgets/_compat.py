"""Where the Qiskit releases that we support differ; nothing else asks for a version."""

from __future__ import annotations

import copy
import functools
from collections.abc import Callable, Iterable, Mapping
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


# All that a circuit of Qiskit 2 is made of. Its own ``copy`` copies the data twice and drops one.
_PARTS = {
    *("_base_name", "name", "_op_start_times", "_control_flow_scopes", "_layout", "_duration", "_unit"),
    *("_builder_api", "_ancillas", "_metadata", "_data"),
}


def copy_circuit(circuit: Any) -> Any:
    """A circuit as ``circuit.copy()`` makes it, in three quarters of the time where its parts are known.

    It is asked of a hundred thousand circuits at a time. What has other parts (those of another release,
    a class of the user's) is copied by Qiskit.
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
    """A deep copy; what cannot be copied (a lock, a generator) is the value itself."""
    if not metadata:
        return {}
    try:
        copied: dict[Any, Any] = copy.deepcopy(metadata)
        return copied
    except Exception:  # classes of the user's raise anything
        return {key: _copy_value(value) for key, value in metadata.items()}


def _copy_value(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:
        return value


def operation_names(circuit: Any) -> Iterable[str]:
    """The names of the instructions in a circuit, once each; those in bodies are not seen."""
    # The circuit's own ``count_ops`` sorts them, which takes as long again; it is for circuits that are
    # built when they are asked for their data, and for older releases.
    plain = type(circuit).__name__ == "QuantumCircuit"
    count = getattr(circuit._data, "count_ops", None) if plain else None
    names: Iterable[str] = circuit.count_ops() if count is None else count()
    return names


def operation_name(instruction: Any) -> str:
    """The name of an instruction in a circuit, where it can be without making a Python object of it."""
    name = getattr(instruction, "name", None)
    return str(instruction.operation.name if name is None else name)


def has_samplers() -> bool:
    """Whether the installed Qiskit has the V2 primitives."""
    try:
        from qiskit.primitives.containers.sampler_pub import SamplerPub  # noqa: F401
    except ImportError:
        return False
    return True


SAMPLERS_NEED = "V2 samplers and PUBs need Qiskit 1.0 or newer"


def is_schedule(thing: Any) -> bool:
    """Whether it is a pulse ``Schedule`` or ``ScheduleBlock``, which Qiskit 2 has no more."""
    kind: Any = type(thing)
    return _is_kind_of_schedule(kind)


@functools.cache
def _is_kind_of_schedule(kind: type) -> bool:
    """Asked of each of many circuits."""
    return any(
        base.__module__.startswith("qiskit.pulse.") and base.__name__ in ("Schedule", "ScheduleBlock")
        for base in kind.__mro__
    )


def is_old_primitive(thing: Any) -> bool:
    """Whether it is a primitive of the first kind: it gives quasi-probabilities and takes no PUBs."""
    return any(
        kind.__module__.startswith("qiskit.primitives.base")
        and kind.__name__ in ("BaseSampler", "BaseSamplerV1", "BaseEstimator", "BaseEstimatorV1")
        for kind in type(thing).__mro__
    )


def make_qobj(job: Any, circuits: Callable[[], list[Any]], options: Mapping[str, Any]) -> Any:
    """The Qobj of a job: its own, or assembled of its circuits and run options.

    Raises:
        NotImplementedError: the installed Qiskit has no Qobj any more.
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
            "or take the circuits that you gave to run"
        ) from None
    return assemble(circuits(), **options)
