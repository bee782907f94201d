"""``ManagedResults``: the results of a set, with the names of Qiskit's ``Result``."""

from __future__ import annotations

from typing import Any

from qiskit.result import Result

from qjm_widgets.ibmq.errors import IBMQManagedResultDataNotAvailable, retired_errors
from qjm_widgets.results import JobSetResults

_NotAvailable = IBMQManagedResultDataNotAvailable


class ManagedResults:
    """The results of a set: the methods of ``Result`` that read results, and ``combine_results``.

    ``ManagedJobSet.results`` makes it; users do not. An experiment is given by its index in the set, its
    name, or the circuit itself. It does not matter whether a backend or a sampler ran it.

    Every method that takes an experiment raises ``IBMQManagedResultDataNotAvailable`` if the experiment
    lacks this data, and ``IBMQJobManagerJobNotFound`` if there is no such experiment or several have the
    name.
    """

    def __init__(self, results: JobSetResults) -> None:
        self._results = results

    @property
    def backend_name(self) -> str:
        """The backend's name."""
        return self._results.backend_name

    @property
    def success(self) -> bool:
        """Whether every experiment has a result."""
        return self._results.success

    def data(self, experiment: Any) -> Any:
        """Return the raw data of an experiment as ``Result.data`` does; a ``DataBin`` for a sampler."""
        with retired_errors(_NotAvailable):
            return self._results.data(experiment)

    def get_memory(self, experiment: Any) -> Any:
        """Return the outcome of every shot, as ``Result.get_memory`` does."""
        with retired_errors(_NotAvailable):
            return self._results.get_memory(experiment)

    def get_counts(self, experiment: Any) -> Any:
        """Return the counts by bit string (qubit 0 rightmost), as ``Result.get_counts`` does."""
        with retired_errors(_NotAvailable):
            return self._results.get_counts(experiment)

    def get_statevector(self, experiment: Any, decimals: int | None = None) -> Any:
        """Return the statevector that a simulator saved, as ``Result.get_statevector`` does."""
        with retired_errors(_NotAvailable):
            return self._results.get_statevector(experiment, decimals)

    def get_unitary(self, experiment: Any, decimals: int | None = None) -> Any:
        """Return the unitary that a simulator saved, as ``Result.get_unitary`` does."""
        with retired_errors(_NotAvailable):
            return self._results.get_unitary(experiment, decimals)

    def combine_results(self) -> Result:
        """Return all experiments in one ``Result``, in their order.

        Raises:
            IBMQManagedResultDataNotAvailable: an experiment has no result; the message names it.
        """
        with retired_errors(_NotAvailable):
            return self._results.combine_results()
