"""The V2 primitive of a backend, for a manager's sampler or estimator."""

from __future__ import annotations

from typing import Any, Literal

from qjm_widgets._compat import SAMPLERS_NEED, has_samplers
from qjm_widgets.backends import _is_of_runtime, resolve
from qjm_widgets.backends.backend_run import is_backend
from qjm_widgets.backends.estimator import is_estimator
from qjm_widgets.backends.sampler import is_sampler
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.errors import BackendError


def primitive_of(kind: Literal["sampler", "estimator"], thing: Any) -> Any:
    """Return a V2 primitive: the given one, or one over the given backend.

    Over a backend, ``Batch`` or ``Session`` of qiskit-ibm-runtime it is the runtime's, over another
    backend Qiskit's ``BackendSamplerV2`` or ``BackendEstimatorV2``.

    Raises:
        BackendError: it is neither such a primitive nor a backend.
    """
    if not has_samplers():
        raise BackendError(SAMPLERS_NEED)
    if is_sampler(thing) or is_estimator(thing):
        if is_estimator(thing) is not (kind == "estimator"):
            other = "a sampler" if kind == "estimator" else "an estimator"
            raise BackendError(f"{type(thing).__name__} is {other}: give {_a(kind)} or a backend")
        return thing
    resolve(thing)  # raises for what is no backend, and says why
    name = kind.capitalize() + "V2"
    if _is_of_runtime(thing):
        from qjm_widgets.backends.ibm.primitives import ESTIMATOR, SAMPLER

        return (ESTIMATOR if kind == "estimator" else SAMPLER).create(thing, {})
    if isinstance(thing, BackendAdapter) or not is_backend(thing):
        raise BackendError(f"{type(thing).__name__} is not a backend: give a backend or {_a(kind)}")
    from qiskit import primitives

    over = getattr(primitives, f"Backend{name}", None)
    if over is None:
        raise BackendError(f"the installed Qiskit has no Backend{name}: give {_a(kind)}")
    return over(backend=thing)


def _a(kind: str) -> str:
    return f"{'an' if kind == 'estimator' else 'a'} {kind.capitalize()}V2"
