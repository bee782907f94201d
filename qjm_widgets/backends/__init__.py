"""Ways to run circuits, one file an adapter; ``resolve`` picks one."""

from __future__ import annotations

from typing import Any

from qjm_widgets._compat import SAMPLERS_NEED, has_samplers, is_old_primitive
from qjm_widgets.core.ports import BackendAdapter, Provider
from qjm_widgets.errors import BackendError


def resolve(backend: Any) -> BackendAdapter:
    """The adapter for what the user gave: an adapter, a sampler, or a backend with ``run``.

    Raises:
        BackendError: nothing of that kind.
    """
    if isinstance(backend, BackendAdapter):
        return backend
    if hasattr(backend, "observe") and hasattr(backend, "submit") and not isinstance(backend, type):
        base = f"{BackendAdapter.__module__}.{BackendAdapter.__name__}"
        raise BackendError(
            f"{type(backend).__name__} has the methods of an adapter but is none: derive it from {base}"
        )
    if isinstance(backend, type):
        raise BackendError(
            f"backend is the class {backend.__name__} itself: give an instance, {backend.__name__}()"
        )
    if is_old_primitive(backend):
        instead = "a SamplerV2" if has_samplers() else f"a backend with run; {SAMPLERS_NEED}"
        raise BackendError(
            f"{type(backend).__name__} is a V1 primitive, which gives no counts: give {instead}"
        )
    if _is_of_runtime(backend):
        found = _of_runtime(backend)
        if found is not None:
            return found
    from qjm_widgets.backends.backend_run import BackendRun, is_backend
    from qjm_widgets.backends.sampler import Sampler, is_sampler, takes_pubs

    if is_sampler(backend):
        return Sampler(backend)
    if takes_pubs(backend):
        raise BackendError(
            f"{type(backend).__name__} takes PUBs and is no sampler, so it gives no counts: "
            "give a SamplerV2 or a backend"
        )
    if is_backend(backend):
        return BackendRun(backend)
    raise BackendError(
        f"{type(backend).__name__} can run nothing: give a Qiskit backend (with run) "
        "or a SamplerV2 (with run(pubs, shots=...))"
    )


def _is_of_runtime(thing: Any) -> bool:
    """Whether a class of it comes from qiskit-ibm-runtime, which is not imported for that."""
    return any(kind.__module__.split(".")[0] == "qiskit_ibm_runtime" for kind in type(thing).__mro__)


def _of_runtime(thing: Any) -> BackendAdapter | None:
    """The adapter for a backend, sampler or batch of qiskit-ibm-runtime; None: the general way."""
    import qiskit_ibm_runtime as runtime
    from qiskit.primitives import BaseSamplerV2
    from qiskit.providers import BackendV2
    from qiskit_ibm_runtime.fake_provider.local_service import QiskitRuntimeLocalService

    from qjm_widgets.backends.ibm.adapter import IBMQuantum
    from qjm_widgets.backends.ibm.local import IBMLocal
    from qjm_widgets.backends.ibm.sampler import sampler_with
    from qjm_widgets.backends.simulators import is_device

    if isinstance(thing, (runtime.QiskitRuntimeService, QiskitRuntimeLocalService)):
        raise BackendError('that is the whole service: give a backend of it, service.backend("ibm_…")')
    if isinstance(thing, runtime.IBMBackend):
        return IBMQuantum(thing)
    if is_device(thing):
        return IBMLocal(sampler_with(thing, {}))
    if isinstance(thing, (runtime.Batch, runtime.Session)):
        sampler = sampler_with(thing, {})
        if isinstance(sampler.backend(), runtime.IBMBackend):
            return IBMQuantum(sampler.backend(), mode=thing)
        return IBMLocal(sampler)
    if isinstance(thing, runtime.SamplerV2):
        if not isinstance(thing.backend(), runtime.IBMBackend):
            return IBMLocal(thing)
        # A sampler that was made over a backend says that jobs run by themselves.
        return IBMQuantum(thing.backend(), mode=thing.mode, batch=False, options=thing.options)
    if isinstance(thing, BaseSamplerV2):
        if isinstance(thing.backend(), runtime.IBMBackend):
            raise BackendError(
                f"{type(thing).__module__}.{type(thing).__name__} sends jobs of another kind, which "
                "would not be found again by their tags: give its backend, or the runtime's SamplerV2"
            )
        return None
    if isinstance(thing, BackendV2):
        return None
    raise BackendError(
        f"{type(thing).__name__} gives no counts: give a backend, a SamplerV2, a Batch or a Session"
    )


def is_provider(service: Any) -> bool:
    """Whether ``provider_of`` takes it."""
    try:
        provider_of(service)
    except BackendError:
        return False
    return True


def provider_of(service: Any) -> Provider:
    """The account that a provider's service object gives.

    Raises:
        BackendError: it is none that can list jobs by their tags.
    """
    if _is_of_runtime(service):
        from qiskit_ibm_runtime import QiskitRuntimeService

        from qjm_widgets.backends.ibm.provider import IBMProvider

        if isinstance(service, QiskitRuntimeService):
            return IBMProvider(service)
    raise BackendError(
        f"{type(service).__name__} cannot list jobs by their tags: give a QiskitRuntimeService"
    )
