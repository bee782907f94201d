"""Adapters, one module for each kind of backend; ``resolve`` chooses one."""

from __future__ import annotations

import importlib
from typing import Any

from qjm_widgets._compat import SAMPLERS_NEED, has_samplers, is_old_primitive
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.provider_port import Provider
from qjm_widgets.errors import BackendError


def resolve(backend: Any) -> BackendAdapter:
    """Return the adapter for an adapter, a primitive, an ``Executor``, or a backend with ``run``.

    Raises:
        BackendError: the object is not a backend, or gives no counts.
    """
    if isinstance(backend, BackendAdapter):
        return backend
    if hasattr(backend, "observe") and hasattr(backend, "submit") and not isinstance(backend, type):
        base = f"{BackendAdapter.__module__}.{BackendAdapter.__name__}"
        raise BackendError(
            f"{type(backend).__name__} has the methods of an adapter, but not its base class: "
            f"derive it from {base}"
        )
    if isinstance(backend, type):
        raise BackendError(
            f"backend is the class {backend.__name__} itself: give an instance, {backend.__name__}()"
        )
    if is_old_primitive(backend):
        instead = (
            "a SamplerV2 or an EstimatorV2" if has_samplers() else f"a backend with run; {SAMPLERS_NEED}"
        )
        raise BackendError(
            f"{type(backend).__name__} is a V1 primitive, which takes no PUBs: give {instead}"
        )
    if _is_of_runtime(backend):
        found = _of_runtime(backend)
        if found is not None:
            return found
    from qjm_widgets.backends.backend_run import BackendRun, is_backend
    from qjm_widgets.backends.estimator import Estimator, is_estimator
    from qjm_widgets.backends.sampler import Sampler, is_sampler, takes_pubs

    if is_sampler(backend):
        return Sampler(backend)
    if is_estimator(backend):
        return Estimator(backend)
    if takes_pubs(backend):
        raise BackendError(
            f"{type(backend).__name__} takes PUBs but is neither a sampler nor an estimator: "
            "give a SamplerV2, an EstimatorV2 or a backend"
        )
    if is_backend(backend):
        return BackendRun(backend)
    raise BackendError(
        f"'{type(backend).__name__}' is not a backend: give a Qiskit backend (with run), a SamplerV2 "
        "(with run(pubs, shots=...)) or an EstimatorV2 (with run(pubs, precision=...))"
    )


def resolve_backend(backend: Any) -> BackendAdapter:
    """Return the adapter by which a managed backend runs circuits: by the backend's own ``run``.

    A backend of IBM Quantum has none: there a sampler runs them.

    Raises:
        BackendError: the object is not a backend.
    """
    found = resolve(backend)
    from qjm_widgets.backends.backend_run import BackendRun
    from qjm_widgets.backends.simulators import is_device

    if is_device(backend):
        return BackendRun(backend)
    if isinstance(found, BackendRun) or (_is_of_runtime(backend) and hasattr(backend, "target")):
        return found
    kind = "sampler" if found.kind == "sampler" else "estimator" if found.estimates else None
    instead = "give the backend itself" if kind is None else f"manager.{kind} takes it"
    raise BackendError(f"{type(backend).__name__} is not a backend: {instead}")


def _is_of_runtime(thing: Any) -> bool:
    """Return whether an object is of qiskit-ibm-runtime, without importing that package."""
    return any(kind.__module__.split(".")[0] == "qiskit_ibm_runtime" for kind in type(thing).__mro__)


def _of_runtime(thing: Any) -> BackendAdapter | None:
    """Return the adapter for an object of qiskit-ibm-runtime; None if the general adapters apply."""
    import qiskit_ibm_runtime as runtime
    from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2
    from qiskit.providers import BackendV2
    from qiskit_ibm_runtime.fake_provider.local_service import QiskitRuntimeLocalService

    from qjm_widgets.backends.ibm.adapter import IBMQuantum
    from qjm_widgets.backends.ibm.local import LOCAL_ADAPTERS, IBMLocal
    from qjm_widgets.backends.ibm.primitive_adapters import ADAPTERS
    from qjm_widgets.backends.ibm.primitives import SAMPLER
    from qjm_widgets.backends.ibm.runtime_primitives import primitive_of
    from qjm_widgets.backends.simulators import is_device

    if isinstance(thing, (runtime.QiskitRuntimeService, QiskitRuntimeLocalService)):
        raise BackendError('a QiskitRuntimeService is not a backend: give service.backend("ibm_…")')
    if isinstance(thing, runtime.IBMBackend):
        return IBMQuantum(thing)
    if is_device(thing):
        return IBMLocal(SAMPLER.create(thing, {}))
    if isinstance(thing, (runtime.Batch, runtime.Session)):
        sampler = SAMPLER.create(thing, {})
        if isinstance(sampler.backend(), runtime.IBMBackend):
            return IBMQuantum(sampler.backend(), mode=thing)
        return IBMLocal(sampler)
    primitive = primitive_of(thing)
    if primitive is not None:
        if not isinstance(thing.backend(), runtime.IBMBackend):
            return LOCAL_ADAPTERS[primitive.kind](thing)
        # A primitive on a backend runs each job by itself, without a batch.
        return ADAPTERS[primitive.kind](
            thing.backend(), mode=thing.mode, batch=False, options=thing.options
        )
    if isinstance(thing, (BackendV2, BaseSamplerV2, BaseEstimatorV2)):
        return None
    raise BackendError(
        f"{type(thing).__name__} runs no PUBs: give a backend, a sampler, an estimator, a Batch or a "
        "Session"
    )


def is_provider(service: Any) -> bool:
    """Return whether ``provider_of`` accepts an object."""
    try:
        provider_of(service)
    except BackendError:
        return False
    return True


def provider_of(service: Any) -> Provider:
    """Return the provider of a service object.

    Raises:
        BackendError: the service cannot list jobs by their tags.
    """
    if _is_of_runtime(service):
        from qiskit_ibm_runtime import QiskitRuntimeService

        from qjm_widgets.backends.ibm.provider import IBMProvider

        if isinstance(service, QiskitRuntimeService):
            return IBMProvider(service)
    raise BackendError(
        f"{type(service).__name__} cannot list jobs by their tags: give a QiskitRuntimeService"
    )


def __getattr__(name: str) -> Any:
    """Load the package ``ibm`` when it is first used."""
    if name != "ibm":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return importlib.import_module(f"{__name__}.ibm")


def __dir__() -> list[str]:
    """Return the public names, which Tab completes, without the internal modules."""
    return ["ibm"]
