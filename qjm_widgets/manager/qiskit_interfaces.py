"""Qiskit's own interfaces over a manager, for libraries that run circuits by themselves."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Literal

from qjm_widgets.backends.primitive_of import primitive_of
from qjm_widgets.core.option_names import RUN_ARGUMENTS, check_option_names
from qjm_widgets.interfaces.backend import ManagedBackend, managed_backend
from qjm_widgets.interfaces.managed import Managed, unwrapped
from qjm_widgets.manager.library import JobSetLibrary

if TYPE_CHECKING:
    from qjm_widgets.job_set import JobSet


class QiskitInterfaces(JobSetLibrary):
    """The part of ``JobManager`` that makes backends, samplers and estimators of Qiskit.

    Libraries such as qiskit-experiments, mthree or qiskit-algorithms take them in the place of the plain
    ones. Each ``run`` of a library is then a job set, and the job that it gets is the whole set:
    ``job.job_id()`` is the set's id, ``job.job_set`` the set, ``job.status()`` as ``JobSet.status``.
    ``retrieve_job(job_id)`` returns the job in another kernel, and resumes its set if need be.
    """

    run: Callable[..., JobSet]

    def backend(self, backend: Any, **defaults: Any) -> Any:
        """Return a ``BackendV2`` over a backend, whose runs are job sets.

        Its ``run`` is that of the backend: it takes any number of circuits and the backend's run
        options, and the results are equal. All other attributes are the backend's. A ``BackendV1``
        gives a ``BackendV1``.

        Args:
            backend: the backend that runs the circuits.
            defaults: arguments of ``run`` for each run, such as ``tags``, ``executor`` and
                ``max_circuits_per_job``, and run options. The arguments of a call come first. ``name``
                is the name of the group of all its sets; without one, a set is named after the class of
                the library that runs it ("T1", "VQE").

        Raises:
            BackendError: it is not a backend.
            InputError: a default is neither an argument of ``run`` nor a run option.
        """
        self._check_open()
        kept = backend._qjm.defaults if isinstance(backend, Managed) else {}
        made = managed_backend(self, unwrapped(backend), {**kept, **defaults})
        self._check_defaults(made, defaults)
        return made

    def sampler(self, sampler: Any, **defaults: Any) -> Any:
        """Return a ``BaseSamplerV2`` over a sampler or a backend, whose runs are job sets.

        Args:
            sampler: a V2 sampler, or a backend: it is given to qiskit-ibm-runtime's ``SamplerV2`` if it
                is of that package, else to Qiskit's ``BackendSamplerV2``.
            defaults: as for ``backend``.

        Raises:
            BackendError: it is neither a V2 sampler nor a backend.
            InputError: a default is neither an argument of ``run`` nor a run option.
        """
        return self._primitive("sampler", sampler, defaults)

    def estimator(self, estimator: Any, **defaults: Any) -> Any:
        """Return a ``BaseEstimatorV2`` over an estimator or a backend, whose runs are job sets.

        Args:
            estimator: a V2 estimator, or a backend: it is given to qiskit-ibm-runtime's ``EstimatorV2``
                if it is of that package, else to Qiskit's ``BackendEstimatorV2``.
            defaults: as for ``backend``.

        Raises:
            BackendError: it is neither a V2 estimator nor a backend.
            InputError: a default is neither an argument of ``run`` nor a run option.
        """
        return self._primitive("estimator", estimator, defaults)

    def _primitive(
        self, kind: Literal["sampler", "estimator"], given: Any, defaults: Mapping[str, Any]
    ) -> Any:
        self._check_open()
        primitive = primitive_of(kind, unwrapped(given))
        from qjm_widgets.interfaces import primitives

        made = primitives.ManagedSampler if kind == "sampler" else primitives.ManagedEstimator
        kept = given._qjm.defaults if isinstance(given, Managed) else {}
        if isinstance(given, ManagedBackend):  # its run options are not those of a primitive
            shared = set(RUN_ARGUMENTS) - ({"shots"} if kind == "estimator" else set())
            kept = {name: value for name, value in kept.items() if name in shared}
        managed = made(self, primitive, {**kept, **defaults})
        self._check_defaults(managed, defaults)
        return managed

    def _check_defaults(self, managed: Managed, defaults: Mapping[str, Any]) -> None:
        """Make the adapter, which refuses what is no backend, and refuse unknown defaults."""
        adapter = self._adapters.of(managed, defaults.get("executor"))
        options = [name for name in defaults if name not in RUN_ARGUMENTS]
        check_option_names(options, adapter.option_names(), RUN_ARGUMENTS, adapter.name)
