"""``ManagedResults``: the results of a set by the names of Qiskit's ``Result``."""

from __future__ import annotations

from typing import Any

from qiskit.result import Result

from qjm_widgets.ibmq.errors import IBMQManagedResultDataNotAvailable, retired_errors
from qjm_widgets.results import JobSetResults

_Data = IBMQManagedResultDataNotAvailable


class ManagedResults:
    """The public methods of ``Result`` over all jobs of a set, and ``combine_results``.

    An experiment is named by its index in the set, its name, or itself. It does not matter whether a
    backend or a sampler ran it.

    Every method that takes one raises ``IBMQManagedResultDataNotAvailable`` where it has no such data,
    and ``IBMQJobManagerJobNotFound`` where there is no such experiment or several share the name.
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
        """The raw data of an experiment: as ``Result.data``, a ``DataBin`` where a sampler ran it."""
        with retired_errors(_Data):
            return self._results.data(experiment)

    def get_memory(self, experiment: Any) -> Any:
        """The outcome of every shot: as ``Result.get_memory``."""
        with retired_errors(_Data):
            return self._results.get_memory(experiment)

    def get_counts(self, experiment: Any) -> Any:
        """How often each outcome was seen: as ``Result.get_counts``."""
        with retired_errors(_Data):
            return self._results.get_counts(experiment)

    def get_statevector(self, experiment: Any, decimals: int | None = None) -> Any:
        """The statevector that a simulator saved: as ``Result.get_statevector``."""
        with retired_errors(_Data):
            return self._results.get_statevector(experiment, decimals)

    def get_unitary(self, experiment: Any, decimals: int | None = None) -> Any:
        """The unitary that a simulator saved: as ``Result.get_unitary``."""
        with retired_errors(_Data):
            return self._results.get_unitary(experiment, decimals)

    def combine_results(self) -> Result:
        """All experiments in one ``Result``, in their order.

        Raises:
            IBMQManagedResultDataNotAvailable: an experiment has no result; it is named.
        """
        with retired_errors(_Data):
            return self._results.combine_results()

    def to_dict(self) -> dict[str, Any]:
        """The combined ``Result`` as a dict.

        Raises:
            IBMQManagedResultDataNotAvailable: as ``combine_results``.
        """
        found: dict[str, Any] = self.combine_results().to_dict()
        return found

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Result:
        """What ``to_dict`` gave, as a ``Result`` again."""
        return Result.from_dict(data)
