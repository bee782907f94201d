"""The results of a whole job set, by index, name or circuit, in Qiskit's own types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qiskit.result import Counts, Result

from qjm_widgets._compat import experiment_header
from qjm_widgets.core.lost import Lost
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, ItemOutcome, PubOutcome
from qjm_widgets.errors import InputError, NotAvailableError, explain
from qjm_widgets.results.primitive_values import PrimitiveValues
from qjm_widgets.results.program_results import ProgramResults, no_counts
from qjm_widgets.results.tables import ResultTables
from qjm_widgets.serialization.primitive_result import write_pub_result
from qjm_widgets.serialization.program_result import arrays_of
from qjm_widgets.serialization.pub_selection import counted, select
from qjm_widgets.serialization.qiskit_counts import PackedCounts
from qjm_widgets.serialization.qiskit_result import write_experiment, write_sampled
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.outcome_reader import OutcomeReader, unreadable

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


#: The fields that a ``Result`` has beside those in which a backend may put anything.
_NAMED = frozenset(
    {"backend_name", "backend_version", "job_id", "success", "results", "date", "status", "header"}
)


class JobSetResults(PrimitiveValues, ProgramResults, ResultTables):
    """The results of a job set. ``JobSet.results`` makes it; users do not.

    A circuit is given by its index in the set, its name, or the circuit itself, which is found by its
    name. Every method with a circuit as argument raises one of these:

    * ``NotAvailableError``: the circuit has no such result, or none yet; the message names the reason.
      The other circuits can still be read.
    * ``CircuitNotFoundError``: the set has no such circuit.
    * ``AmbiguousNameError``: several circuits have the name.
    * ``InputError``: the argument does not name a circuit, or another argument does not fit.
    """

    def __init__(self, state: JobSetState, *, partial: bool = False) -> None:
        self._state = state
        self._partial = partial
        self._reader = OutcomeReader(state)

    @property
    def backend_name(self) -> str:
        """The backend's name."""
        return self._state.record.backend

    @property
    def success(self) -> bool:
        """Whether every circuit has a result."""
        return self._reader.all_succeeded()

    def failed(self) -> list[int]:
        """Return the indices of the circuits that failed, ascending.

        These are the circuits of failed jobs, and those that failed in a job with a result.
        """
        return self._reader.failed()

    def get_counts(
        self,
        circuit: int | str | QuantumCircuit,
        *,
        loc: int | tuple[int, ...] | None = None,
        register: str | None = None,
    ) -> Counts:
        """Return the number of shots of each outcome, by bit string (qubit 0 is the rightmost bit).

        Args:
            circuit: the index, the name, or the circuit.
            loc: the point of a PUB with a shape. If the PUB is cut along its points, only the jobs of
                this point need to be done.
            register: one classical register of a sampler's result. None joins all registers as Qiskit
                does: with spaces between them for ``Backend.run``, without for samplers.
        """
        index = self._counted(circuit)
        outcome, loc = self._reader.outcome_at(index, loc)
        _refuse_uncounted(index, outcome)
        if isinstance(outcome, PubOutcome):
            return PackedCounts(counted(index, select(index, outcome, loc, register)), None, None)
        _refuse_pub_arguments(index, loc, register)
        _check_readable(index, outcome, "counts")
        if outcome.counts is None:
            if "counts" not in outcome.data and "statevector" in outcome.data:
                # As in Qiskit, these are probabilities.
                return self._result_of([outcome], {}).get_counts(0)
            return Counts(_data(index, outcome, "counts"))
        creg_sizes = outcome.header.get("creg_sizes")
        return PackedCounts(outcome.counts, creg_sizes, outcome.fields.get("time_taken"))

    def get_memory(
        self,
        circuit: int | str | QuantumCircuit,
        *,
        loc: int | tuple[int, ...] | None = None,
        register: str | None = None,
    ) -> Any:
        """Return the outcome of every shot, in the order of the shots.

        ``Backend.run`` keeps the memory only with ``memory=True``.

        Args:
            circuit: the index, the name, or the circuit.
            loc: the point of a PUB with a shape.
            register: as in ``get_counts``.

        Returns:
            A list of bit strings (qubit 0 is the rightmost bit), one for each shot; for a measurement
            level below 2 an array, as ``qiskit.result.Result.get_memory`` describes it.
        """
        index = self._counted(circuit)
        outcome, loc = self._reader.outcome_at(index, loc)
        _refuse_uncounted(index, outcome)
        if isinstance(outcome, PubOutcome):
            chosen = select(index, outcome, loc, register)
            counted(index, chosen)
            return chosen.layout.texts(chosen.joined().tolist())
        _refuse_pub_arguments(index, loc, register)
        _check_readable(index, outcome, "memory")
        if outcome.memory is None and "memory" not in outcome.data:
            raise NotAvailableError(
                f"circuit {index} ({outcome.name}) has no memory: run it with memory=True"
            )
        try:
            return self._result_of([outcome], {}).get_memory(0)
        except Exception as error:  # Qiskit may raise anything, depending on the backend's values
            reason = explain(error)
        raise NotAvailableError(f"circuit {index} ({outcome.name}): its memory cannot be read: {reason}")

    def get_statevector(self, circuit: int | str | QuantumCircuit, decimals: int | None = None) -> Any:
        """Return the statevector that a simulator saved, as Qiskit's ``Result.get_statevector``.

        Args:
            circuit: the index, the name, or the circuit.
            decimals: the number of decimals to round to.

        Returns:
            ``2**n`` complex amplitudes for n qubits; qubit 0 is the least significant bit of the index.
        """
        index, outcome = self._run_outcome(circuit)
        _data(index, outcome, "statevector")
        return self._result_of([outcome], {}).get_statevector(0, decimals)

    def get_unitary(self, circuit: int | str | QuantumCircuit, decimals: int | None = None) -> Any:
        """Return the unitary that a simulator saved, as Qiskit's ``Result.get_unitary``.

        Args:
            circuit: the index, the name, or the circuit.
            decimals: the number of decimals to round to.

        Returns:
            A complex matrix of shape ``(2**n, 2**n)`` for n qubits; qubit 0 is the least significant bit
            of an index.
        """
        index, outcome = self._run_outcome(circuit)
        _data(index, outcome, "unitary")
        return self._result_of([outcome], {}).get_unitary(0, decimals)

    def data(self, circuit: int | str | QuantumCircuit) -> Any:
        """Return the raw data of a circuit.

        It is a dict for ``Backend.run``, a ``DataBin`` for a primitive, and for an item of a quantum
        program a dict of its arrays by name.

        If a value could not be stored, or not be merged over the shot pieces, reading that key raises
        ``NotAvailableError``; the other keys can be read. Counts that cannot be read otherwise (with
        keys wider than the circuit) are here as the backend gave them.

        Args:
            circuit: the index, the name, or the circuit.
        """
        index = self._reader.index_of(circuit)
        outcome = self._reader.outcome(index)
        if isinstance(outcome, ItemOutcome):
            return arrays_of(outcome)
        if isinstance(outcome, PubOutcome):
            return write_pub_result(outcome).data
        return _Data(self._result_of([outcome], {}).data(0), f"circuit {index} ({outcome.name})")

    def combine_results(self, *, partial: bool = False) -> Result:
        """Return all circuits in one ``qiskit.result.Result``, in their order.

        Circuits that failed in a job with a result are in it as failed, as in Qiskit's own results.

        Args:
            partial: the circuits of jobs without a result are in it as failed, too; their status is the
                reason.

        Raises:
            NotAvailableError: a job has no result, or a circuit is a PUB with a shape or an item of a
                quantum program without counts.
        """
        self._counted(0)
        circuits = range(self._state.record.circuits)
        outcomes = [self._reader.outcome_or_failed(circuit, partial=partial) for circuit in circuits]
        for index, outcome in enumerate(outcomes):
            _refuse_uncounted(index, outcome)
        return self._result_of(outcomes, self._reader.merged_info())

    def _job_result(self, row: int) -> Result:
        """Return the result of one job as a ``qiskit.result.Result``, with the circuits that failed.

        Args:
            row: the number of the job in its set.

        Raises:
            NotAvailableError: the job has no result, or not of all its circuits, or one of them is a
                PUB with a shape.
        """
        return self._result_of(*self._reader.job_outcome(row))

    def _counted(self, circuit: int | str | QuantumCircuit) -> int:
        """Return the index of a circuit of a set that gives counts.

        Raises:
            NotAvailableError: the set gives expectation values.
        """
        index = self._reader.index_of(circuit)
        if self._state.record.estimates:
            name = self._state.circuits.names()[index]
            raise NotAvailableError(
                f"circuit {index} ({name}) has no counts: it has expectation values, results.evs"
            )
        return index

    def _run_outcome(self, circuit: int | str | QuantumCircuit) -> tuple[int, ExperimentOutcome]:
        index = self._reader.index_of(circuit)
        outcome = self._reader.outcome(index)
        if isinstance(outcome, PubOutcome):
            has = "expectation values" if outcome.estimates else "counts"
            raise NotAvailableError(f"circuit {index} ({outcome.name}) has {has} only")
        return index, outcome

    def _result_of(self, outcomes: Sequence[CircuitOutcome], info: Mapping[str, Any]) -> Result:
        fields = {name: value for name, value in info.get("fields", {}).items() if name not in _NAMED}
        header = info.get("header")
        experiments = [
            write_experiment(o) if isinstance(o, ExperimentOutcome) else write_sampled(o)
            for o in outcomes
        ]
        return Result(
            backend_name=self.backend_name,
            backend_version=info.get("backend_version") or "",
            **{"qobj_id": None, **fields},
            job_id=info.get("job_id") or "",
            success=all(outcome.success for outcome in outcomes),
            results=experiments,
            date=info.get("date"),
            status=info.get("status") or "COMPLETED",
            header=experiment_header(dict(header)) if header else None,
        )


class _Data(dict[str, Any]):
    """The data of a circuit; reading a lost value raises ``NotAvailableError``."""

    def __init__(self, data: Mapping[str, Any], owner: str) -> None:
        super().__init__(data)
        self._owner = owner

    def __getitem__(self, key: str) -> Any:
        return _refuse_lost(super().__getitem__(key), f"{key!r} of {self._owner}")


def _data(index: int, outcome: ExperimentOutcome, key: str) -> Any:
    if key not in outcome.data:
        reason = "no save instruction saved it"
        if key == "counts":
            reason = "it has no measurements, or the backend gave no counts"
        raise NotAvailableError(f"circuit {index} ({outcome.name}) has no {key}: {reason}")
    return _refuse_lost(outcome.data[key], f"{key!r} of circuit {index} ({outcome.name})")


def _refuse_lost(value: Any, owner: str) -> Any:
    """Return a value unless it was lost.

    Raises:
        NotAvailableError: the value was lost.
    """
    if isinstance(value, Lost):
        raise NotAvailableError(f"{owner} was {value.kind}, {value.reason}")
    return value


def _refuse_pub_arguments(index: int, loc: Any, register: str | None) -> None:
    if loc is not None or register is not None:
        raise InputError(
            f"circuit {index} was run by Backend.run: it has no loc and no single registers"
        )


def _refuse_uncounted(index: int, outcome: CircuitOutcome) -> None:
    """Refuse an item of a quantum program without classified bits.

    Raises:
        NotAvailableError: names the arrays that it has.
    """
    if isinstance(outcome, ItemOutcome) and outcome.success and not outcome.registers:
        raise NotAvailableError(no_counts(index, outcome))


def _check_readable(index: int, outcome: ExperimentOutcome, part: str) -> None:
    if part in outcome.odd:
        raise NotAvailableError(unreadable(index, outcome, part, outcome.odd[part]))
