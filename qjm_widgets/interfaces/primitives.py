"""A Qiskit sampler and an estimator whose runs are job sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2

from qjm_widgets.interfaces.managed import Managed, at_once, retrieve_set, run_arguments
from qjm_widgets.interfaces.primitive_job import PrimitiveSetJob


class _ManagedPrimitive(Managed):
    """The part that a managed sampler and a managed estimator share."""

    def retrieve_job(self, job_id: str, **run_options: Any) -> PrimitiveSetJob:
        """Return the job of a set that was run before, perhaps in another kernel.

        An unfinished set that no kernel drives is resumed, as by ``JobSet.resume``.

        Args:
            job_id: the id of the job set.
            run_options: the run options that could not be stored, and those to change.

        Raises:
            JobSetNotFoundError: the manager's store does not have the set.
            InputError: the set was made for another primitive, or run options are missing.
        """
        return PrimitiveSetJob(retrieve_set(self, job_id, run_options), self)


class ManagedSampler(_ManagedPrimitive, BaseSamplerV2):  # type: ignore[misc]
    """A ``BaseSamplerV2`` whose runs are job sets. ``JobManager.sampler`` makes it; users do not."""

    def run(self, pubs: Iterable[Any], *, shots: int | None = None) -> PrimitiveSetJob:
        """Store PUBs as a job set and return; its jobs are submitted in the background.

        Args:
            pubs: PUB-likes ``(circuit, parameter_values, shots)``, or circuits.
            shots: the shots of each PUB without shots of its own; by default the sampler's.

        Raises:
            InputError: one of its kinds, which names the circuit or argument; nothing was submitted.
        """
        arguments = run_arguments(self, {} if shots is None else {"shots": shots})
        return PrimitiveSetJob(self._qjm.manager.run(at_once(pubs), self, **arguments), self)


class ManagedEstimator(_ManagedPrimitive, BaseEstimatorV2):  # type: ignore[misc]
    """A ``BaseEstimatorV2`` whose runs are job sets. ``JobManager.estimator`` makes it; users do not."""

    def run(self, pubs: Iterable[Any], *, precision: float | None = None) -> PrimitiveSetJob:
        """Store PUBs as a job set and return; its jobs are submitted in the background.

        Args:
            pubs: PUB-likes ``(circuit, observables, parameter_values, precision)``.
            precision: the target of the standard error of each expectation value, for each PUB without
                a precision of its own; by default the estimator's.

        Raises:
            InputError: one of its kinds, which names the circuit or argument; nothing was submitted.
        """
        arguments = run_arguments(self, {} if precision is None else {"precision": precision})
        return PrimitiveSetJob(self._qjm.manager.run(at_once(pubs), self, **arguments), self)


ManagedSampler._make = ManagedSampler
ManagedEstimator._make = ManagedEstimator
