"""A Qiskit sampler and an estimator whose runs are job sets."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from qiskit.primitives import BaseEstimatorV2, BaseSamplerV2

from qjm_widgets.interfaces.managed import Managed, at_once, run_arguments
from qjm_widgets.interfaces.primitive_job import PrimitiveSetJob


class ManagedSampler(Managed, BaseSamplerV2):  # type: ignore[misc]
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


class ManagedEstimator(Managed, BaseEstimatorV2):  # type: ignore[misc]
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
ManagedSampler._make_job = PrimitiveSetJob
ManagedEstimator._make = ManagedEstimator
ManagedEstimator._make_job = PrimitiveSetJob
