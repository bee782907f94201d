"""The results of PUBs as their primitive gave them: whole, as expectation values, or what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING, overload

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.outcomes import ItemOutcome, PubOutcome
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.serialization.primitive_result import write_pub_result
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.outcome_reader import OutcomeReader

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.primitives import PrimitiveResult, PubResult


class PrimitiveValues:
    """The part of ``JobSetResults`` that returns what a sampler or an estimator gave for a PUB."""

    _state: JobSetState
    _reader: OutcomeReader
    _partial: bool

    def evs(self, circuit: int | str | QuantumCircuit) -> npt.NDArray[np.float64]:
        """Return the expectation values of an estimator's PUB.

        Args:
            circuit: the index, the name, or the circuit.

        Returns:
            One value for each point, of the shape to which the PUB's parameter values and observables
            broadcast; of shape ``()`` for one point. With ``job_set.results(partial=True)``, the value
            of a point without a result is NaN.

        Raises:
            NotAvailableError: also if the circuit was not run by an estimator.
        """
        return self._estimated(circuit, "evs")

    def stds(self, circuit: int | str | QuantumCircuit) -> npt.NDArray[np.float64]:
        """Return the standard errors of an estimator's expectation values, as the estimator gave them.

        Args:
            circuit: the index, the name, or the circuit.

        Returns:
            One value for each point, of the shape of ``evs``.

        Raises:
            NotAvailableError: also if the circuit was not run by an estimator.
        """
        return self._estimated(circuit, "stds")

    @overload
    def primitive_result(
        self, circuit: None = None, *, partial: bool = False
    ) -> PrimitiveResult[PubResult]: ...
    @overload
    def primitive_result(self, circuit: int | str | QuantumCircuit) -> PubResult: ...
    def primitive_result(
        self, circuit: int | str | QuantumCircuit | None = None, *, partial: bool = False
    ) -> PrimitiveResult[PubResult] | PubResult:
        """Return the result of one circuit, as its primitive gave it, or of all.

        Args:
            circuit: the index, the name, or the circuit. None: all circuits, in their order.
            partial: of all circuits, those without a result are in it too, with the reason as the
                ``"error"`` of their metadata. They have no data; of an estimator the data of points
                without a result is NaN.

        Returns:
            A sampler's ``SamplerPubResult``, with a ``BitArray`` for each classical register; or an
            estimator's ``PubResult``, with the arrays ``evs`` and ``stds``. Of all circuits, a
            ``PrimitiveResult`` of these.

        Raises:
            NotAvailableError: also if the circuit was run by ``Backend.run``, or is an item of a quantum
                program.
        """
        if circuit is not None:
            return self._pub_result(self._reader.index_of(circuit))
        from qiskit.primitives import PrimitiveResult

        pub_result = self._pub_result_so_far if partial else self._pub_result
        pubs = [pub_result(index) for index in range(self._state.record.circuits)]
        return PrimitiveResult(pubs, metadata=self._reader.merged_info().get("metadata") or {})

    def _pub_result(self, index: int) -> PubResult:
        outcome = self._reader.outcome(index)
        if not isinstance(outcome, PubOutcome):
            raise NotAvailableError(
                f"circuit {index} ({outcome.name}) was run by Backend.run: use get_counts or data"
            )
        if isinstance(outcome, ItemOutcome):
            raise NotAvailableError(
                f"circuit {index} ({outcome.name}) is an item of a quantum program: use program_result"
            )
        return write_pub_result(outcome)

    def _pub_result_so_far(self, index: int) -> PubResult:
        """Return the result of a PUB; if it has none, what there is and the reason."""
        try:
            return self._pub_result(index)
        except NotAvailableError as error:
            reason = str(error)
        estimates = self._state.record.estimates
        keys = ("evs", "stds") if estimates else ()
        return write_pub_result(
            PubOutcome(
                name=self._state.circuits.names()[index],
                shape=self._reader.missing(index).shape,
                registers={},
                data={key: self._reader.values_so_far(index, key) for key in keys},
                metadata={"error": reason},
            )
        )

    def missing(self, circuit: int | str | QuantumCircuit) -> npt.NDArray[np.bool_]:
        """Return which points of a circuit have no result yet, or not with all their shots.

        Args:
            circuit: the index, the name, or the circuit.

        Returns:
            A mask of the shape of the PUB's points, ``()`` for a circuit without parameter values.
        """
        return self._reader.missing(self._reader.index_of(circuit))

    def _estimated(self, circuit: int | str | QuantumCircuit, key: str) -> npt.NDArray[np.float64]:
        """Return an array of an estimator's result."""
        index = self._reader.index_of(circuit)
        name = self._state.circuits.names()[index]
        if not self._state.record.estimates:
            raise NotAvailableError(
                f"circuit {index} ({name}) has no expectation values: an estimator gives them"
            )
        if self._partial:
            return self._reader.values_so_far(index, key)
        outcome = self._reader.outcome(index)
        if not isinstance(outcome, PubOutcome):
            raise NotAvailableError(f"circuit {index} ({name}) has no expectation values")
        if key not in outcome.data:
            raise NotAvailableError(f"the estimator gave no {key} for circuit {index} ({outcome.name})")
        return np.asarray(outcome.data[key])
