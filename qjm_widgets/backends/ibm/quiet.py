"""Submit jobs by the runtime without the questions that it asks before each.

Before each job, it asks for the usage of the instance and for the status of the backend, to warn about
them. ``InstanceUsage`` and ``BackendState`` ask the same once a minute, for all jobs.
"""

from __future__ import annotations

import copy
from types import SimpleNamespace
from typing import Any


def quiet(mode: Any) -> Any:
    """Return a copy of a backend, batch or session of the runtime that asks nothing before a job.

    The user's own objects are left as they are. A runtime with other names for these questions asks
    them.
    """
    backend = _backend_of(mode)
    service = copy.copy(backend.service)
    service._check_instance_usage = lambda: None
    copied = copy.copy(backend)
    copied._service = service
    # The runtime warns of a backend that is operational and not active.
    copied.status = lambda: SimpleNamespace(operational=None)
    if mode is backend:
        return copied
    mode = copy.copy(mode)
    mode._service, mode._backend = service, copied
    return mode


def with_own_backend(job: Any, mode: Any) -> Any:
    """Give a job that was submitted by ``quiet(mode)`` the original backend and service; return it."""
    backend = _backend_of(mode)
    job._service = backend.service
    if job._backend.name == backend.name:  # the service may have chosen another
        job._backend = backend
    return job


def _backend_of(mode: Any) -> Any:
    from qiskit_ibm_runtime import Session

    return mode._backend if isinstance(mode, Session) else mode
