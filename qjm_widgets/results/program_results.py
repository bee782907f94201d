"""The results of the items of a quantum program, as the runtime's ``Executor`` gives them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from qjm_widgets.core.outcomes import CircuitOutcome, ItemOutcome
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.serialization.program_result import write_item_result, write_program_result
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.outcome_reader import OutcomeReader

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit_ibm_runtime.results import QuantumProgramItemResult, QuantumProgramResult


class ProgramResults:
    """The part of ``JobSetResults`` that returns the results of a quantum program."""

    _state: JobSetState
    _reader: OutcomeReader

    def program_result(self, circuit: int | str | QuantumCircuit) -> QuantumProgramItemResult:
        """Return the result of one item of a quantum program, as the ``Executor`` gives it.

        Args:
            circuit: the index of the item, the name of its circuit, or the circuit.

        Returns:
            The runtime's ``QuantumProgramItemResult``: an array for each name, and metadata. The flips
            of twirled measurements are not undone in it.

        Raises:
            NotAvailableError: also if the circuit is not an item of a quantum program, or if
                qiskit-ibm-runtime is not installed.
        """
        index = self._reader.index_of(circuit)
        return write_item_result(_item(index, self._reader.outcome(index)))

    def quantum_program_result(self) -> QuantumProgramResult:
        """Return the result of the whole quantum program, as the ``Executor`` gives it.

        Returns:
            The runtime's ``QuantumProgramResult``, with the results of all items in their order, the
            times of all jobs' chunks and the passthrough data.

        Raises:
            NotAvailableError: an item has no result (yet), or the set did not run a quantum program, or
                qiskit-ibm-runtime is not installed.
        """
        circuits = range(self._state.record.circuits)
        outcomes = [_item(index, self._reader.outcome(index)) for index in circuits]
        jobs = sorted(self._state.jobs, key=lambda job: job.place)
        found = [(job.span.start, self._state.outcomes.get(job.row)) for job in jobs]
        return write_program_result(
            outcomes, [(start, outcome.info) for start, outcome in found if outcome is not None]
        )


def _item(index: int, outcome: CircuitOutcome) -> ItemOutcome:
    """Return the outcome of an item.

    Raises:
        NotAvailableError: it is the outcome of a circuit or a PUB.
    """
    if isinstance(outcome, ItemOutcome):
        return outcome
    raise NotAvailableError(
        f"circuit {index} ({outcome.name}) is not an item of a quantum program: use get_counts, "
        "primitive_result or data"
    )


def no_counts(index: int, outcome: ItemOutcome) -> str:
    """Return the error message for an item without classified bits."""
    names = ", ".join(map(repr, outcome.data)) or "nothing"
    return (
        f"item {index} ({outcome.name}) of the quantum program has no counts, because it has no "
        f"classified bits: it has {names}, results.program_result({index})"
    )
