"""Ways to run circuits, one file an adapter; ``resolve`` picks one."""

from __future__ import annotations

from typing import Any

from qjm_widgets._compat import SAMPLERS_NEED, has_samplers, is_old_primitive
from qjm_widgets.core.errors import BackendError
from qjm_widgets.core.ports import BackendAdapter


def resolve(backend: Any) -> BackendAdapter:
    """The adapter for what the user gave: an adapter, a sampler, or a backend with ``run``.

    Raises:
        BackendError: nothing of that kind.
    """
    if hasattr(backend, "observe") and hasattr(backend, "submit") and hasattr(backend, "limits"):
        adapter: BackendAdapter = backend
        return adapter
    if isinstance(backend, type):
        raise BackendError(
            f"backend is the class {backend.__name__} itself: give an instance, {backend.__name__}()"
        )
    if is_old_primitive(backend):
        instead = "a SamplerV2" if has_samplers() else f"a backend with run; {SAMPLERS_NEED}"
        raise BackendError(
            f"{type(backend).__name__} is a V1 primitive, which gives no counts: give {instead}"
        )
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
