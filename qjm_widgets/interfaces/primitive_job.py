"""Qiskit's job of a primitive over a whole job set."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from qiskit.exceptions import QiskitError
from qiskit.primitives import BasePrimitiveJob

from qjm_widgets.backends.sampler import computing
from qjm_widgets.interfaces.job import SetJob

if TYPE_CHECKING:
    from qjm_widgets.results import JobSetResults


class PrimitiveSetJob(SetJob, BasePrimitiveJob[Any, Any]):  # type: ignore[misc]
    """The ``BasePrimitiveJob`` of a job set. ``run`` of a managed primitive makes it; users do not."""

    def backend(self) -> Any:
        """Return the backend of the primitive.

        Raises:
            QiskitError: the primitive computes without a backend.
        """
        backend = computing(self._managed._qjm.wrapped)
        if backend is None:
            raise QiskitError("The job does not have any backend.")
        return backend

    @property
    def inputs(self) -> dict[str, Any]:
        """The PUBs of the set, as ``{"pubs": [(circuit, values, shots), …]}``.

        Of an estimator they are ``(circuit, observables, values, precision)``.
        """
        estimates = self.job_set._state.record.estimates
        return {
            "pubs": [
                (given.circuit, given.observables, given.values, given.precision)
                if estimates
                else (given.circuit, given.values, given.shots)
                for given in self._inputs()
            ]
        }

    def _combined(self, results: JobSetResults, *, partial: bool) -> Any:
        return results.primitive_result(partial=partial)
