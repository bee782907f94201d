"""A Qiskit backend whose runs are job sets."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from qjm_widgets._compat import backend_base
from qjm_widgets.core.validation import check_tags
from qjm_widgets.interfaces.managed import Managed, Manager, at_once, run_arguments

if TYPE_CHECKING:
    from qjm_widgets.interfaces.job import BackendSetJob
    from qjm_widgets.job_set import JobSet

#: The name under which libraries give the tags of a job to ``run``.
_JOB_TAGS = "job_tags"


class ManagedBackend(Managed):
    """The part of a ``BackendV2`` (or ``BackendV1``) that runs circuits as job sets.

    ``JobManager.backend`` makes it; users do not.
    """

    _own = Managed._own | {"max_circuits"}

    @property
    def max_circuits(self) -> None:
        """None, for any number: the manager cuts the circuits into jobs."""
        return None

    def run(self, run_input: Any, **options: Any) -> BackendSetJob:
        """Store circuits as a job set and return; its jobs are submitted in the background.

        Args:
            run_input: one circuit or many, as for ``JobManager.run``.
            options: arguments of ``JobManager.run``; the others are run options, which the backend's
                own ``run`` gets. ``job_tags`` are added to the set's ``tags``.

        Raises:
            InputError: one of its kinds, which names the circuit or argument; nothing was submitted.
        """
        arguments = run_arguments(self, options)
        job_tags = arguments.pop(_JOB_TAGS, None)
        if job_tags is not None:
            arguments["tags"] = (*check_tags(arguments.get("tags", ())), *check_tags(job_tags))
        return _make_job(self._qjm.manager.run(at_once(run_input), self, **arguments), self)


def managed_backend(manager: Manager, backend: Any, defaults: Mapping[str, Any]) -> Any:
    """Return a backend of Qiskit over another one, whose runs are job sets.

    Args:
        manager: runs the job sets.
        backend: the backend that runs the circuits.
        defaults: arguments of ``JobManager.run`` for each run.
    """
    return _class_over(backend_base(backend))(manager, backend, defaults)


def _make_job(job_set: JobSet, managed: Managed) -> BackendSetJob:
    from qjm_widgets.interfaces.job import BackendSetJob

    return BackendSetJob(job_set, managed)


ManagedBackend._make = staticmethod(managed_backend)
ManagedBackend._make_job = staticmethod(_make_job)


@functools.cache
def _class_over(base: type) -> Any:
    """Return the class with one of Qiskit's base classes.

    What is abstract in that class is the wrapped backend's.
    """
    kind: Any = type("ManagedBackend", (ManagedBackend, base), {"__module__": __name__})
    kind.__abstractmethods__ = frozenset()
    return kind
