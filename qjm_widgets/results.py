"""The results of a whole job set, by index, name or circuit, in Qiskit's own types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
from qiskit.result import Counts, Result

from qjm_widgets._compat import experiment_header
from qjm_widgets.core.counts import Layout
from qjm_widgets.core.formatting import WORDS
from qjm_widgets.core.lost import Lost
from qjm_widgets.core.lost_values import with_own_metadata
from qjm_widgets.core.merging import merge, merge_notes
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome, JobOutcome, PubOutcome
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.errors import (
    AmbiguousNameError,
    CircuitNotFoundError,
    InputError,
    NotAvailableError,
    explain,
)
from qjm_widgets.serialization.primitive_result import write_pub_result
from qjm_widgets.serialization.pub_selection import counted, select
from qjm_widgets.serialization.qiskit_counts import PackedCounts
from qjm_widgets.serialization.qiskit_result import write_experiment, write_sampled
from qjm_widgets.state.job_set_state import JobSetState

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.primitives import SamplerPubResult


_NO_INFO: Mapping[str, Any] = {}
#: What a ``Result`` has beside its further fields.
_NAMED = frozenset(
    {"backend_name", "backend_version", "job_id", "success", "results", "date", "status", "header"}
)


class _Saved(dict[str, Any]):
    """The data of a circuit; what of it could not be kept raises when it is asked for."""

    def __init__(self, data: Mapping[str, Any], who: str) -> None:
        super().__init__(data)
        self._who = who

    def __getitem__(self, key: str) -> Any:
        return _kept(super().__getitem__(key), f"{key!r} of {self._who}")


class JobSetResults:
    """What a job set has given. A circuit is named by its index in the set, its name, or itself.

    A circuit without a result raises when it is asked for, with the reason; the others answer.
    """

    def __init__(self, state: JobSetState) -> None:
        self._live = state
        self._index: dict[str, list[int]] | None = None

    @property
    def backend_name(self) -> str:
        """The backend's name."""
        return self._live.record.backend

    @property
    def success(self) -> bool:
        """Whether every circuit has a result."""
        for job in self._live.jobs:
            outcome = self._live.outcomes.get(job.row) if job.status is Status.DONE else None
            if outcome is None:
                return False
            failed = (job.span.start + place for place in outcome.failed())
            if any(job.row in self._live.rows_of(circuit) for circuit in failed):
                return False
        return True

    def failed(self) -> list[int]:
        """The circuits that failed, ascending: those of failed jobs, and those that failed in others."""
        found: set[int] = set()
        for job in self._live.jobs:
            if job.status is Status.ERROR:
                found.update(c for c in range(*job.span) if job.row in self._live.rows_of(c))
            elif job.status is Status.DONE:
                found.update(job.failed_circuits)
        return sorted(found)

    def failures_in(self, job: JobRecord) -> list[str]:
        """A sentence for each circuit that failed in a job that is done."""
        outcome = self._live.outcomes.get_local(job.row)
        whys = {} if outcome is None else outcome.failed()
        names = self._live.circuits.names()
        return [
            f"circuit {circuit} ({names[circuit]}): {whys.get(circuit - job.span.start, job.note)}"
            for circuit in job.failed_circuits
        ]

    def get_counts(
        self,
        circuit: int | str | QuantumCircuit,
        *,
        loc: int | tuple[int, ...] | None = None,
        register: str | None = None,
    ) -> Counts:
        """How often each outcome of a circuit was seen, by bit string (qubit 0 rightmost).

        Args:
            circuit: index in the set, name, or the circuit.
            loc: which point of a PUB with a shape.
            register: one classical register of a sampler's result; None joins all of them: with spaces
                between for ``Backend.run``, without for samplers, as Qiskit does.

        Raises:
            NotAvailableError: there is no such result (yet); the reason is named.
            CircuitNotFoundError: no such circuit.
            AmbiguousNameError: several circuits share the name.
            InputError: ``loc`` or ``register`` does not fit.
        """
        index = self.index_of(circuit)
        outcome = self._outcome(index)
        if isinstance(outcome, PubOutcome):
            return PackedCounts(counted(index, select(index, outcome, loc, register)), None, None)
        _no_pub_arguments(index, loc, register)
        _check_readable(index, outcome, "counts")
        if outcome.counts is None:
            if "counts" not in outcome.data and "statevector" in outcome.data:
                return self._result_of([outcome]).get_counts(0)  # its probabilities, as Qiskit has it
            return Counts(self._data(index, outcome, "counts"))
        creg_sizes = outcome.header.get("creg_sizes")
        return PackedCounts(outcome.counts, creg_sizes, outcome.fields.get("time_taken"))

    def get_memory(
        self,
        circuit: int | str | QuantumCircuit,
        *,
        loc: int | tuple[int, ...] | None = None,
        register: str | None = None,
    ) -> Any:
        """The outcome of every shot, in order: a list of bit strings (or an array at lower levels).

        Arguments and errors are those of ``get_counts``. ``Backend.run`` keeps a memory only where that
        was asked for with ``memory=True``.
        """
        index = self.index_of(circuit)
        outcome = self._outcome(index)
        if isinstance(outcome, PubOutcome):
            chosen = select(index, outcome, loc, register)
            counted(index, chosen)
            return chosen.layout.texts(chosen.joined().tolist())
        _no_pub_arguments(index, loc, register)
        _check_readable(index, outcome, "memory")
        if outcome.memory is None and "memory" not in outcome.data:
            raise NotAvailableError(
                f"circuit {index} ({outcome.name}) has no memory: run it with memory=True"
            )
        try:
            return self._result_of([outcome]).get_memory(0)
        except Exception as error:  # Qiskit meets whatever the backend gave
            why = explain(error)
        raise NotAvailableError(f"circuit {index} ({outcome.name}): its memory cannot be read: {why}")

    def get_statevector(self, circuit: int | str | QuantumCircuit, decimals: int | None = None) -> Any:
        """The statevector that a simulator saved, as Qiskit gives it; ``decimals`` rounds it."""
        index = self.index_of(circuit)
        outcome = self._run_outcome(index)
        self._data(index, outcome, "statevector")
        return self._result_of([outcome]).get_statevector(0, decimals)

    def get_unitary(self, circuit: int | str | QuantumCircuit, decimals: int | None = None) -> Any:
        """The unitary that a simulator saved, as Qiskit gives it; ``decimals`` rounds it."""
        index = self.index_of(circuit)
        outcome = self._run_outcome(index)
        self._data(index, outcome, "unitary")
        return self._result_of([outcome]).get_unitary(0, decimals)

    def data(self, circuit: int | str | QuantumCircuit) -> Any:
        """The raw data of a circuit: a dict for ``Backend.run``, a ``DataBin`` for a sampler.

        A value that could not be stored, or not be merged over pieces of the shots, raises
        ``NotAvailableError`` when it is taken; the others are there. What cannot be read otherwise
        (counts whose keys are wider than the circuit) is in it as it came.
        """
        index = self.index_of(circuit)
        outcome = self._outcome(index)
        if isinstance(outcome, PubOutcome):
            return write_pub_result(outcome).data
        return _Saved(self._result_of([outcome]).data(0), f"circuit {index} ({outcome.name})")

    def primitive_result(self, circuit: int | str | QuantumCircuit) -> SamplerPubResult:
        """A sampler's result of one circuit, with a ``BitArray`` for each classical register.

        Raises:
            NotAvailableError: also where the circuit was run by ``Backend.run``.
        """
        index = self.index_of(circuit)
        outcome = self._outcome(index)
        if not isinstance(outcome, PubOutcome):
            raise NotAvailableError(
                f"circuit {index} ({outcome.name}) was run by Backend.run: ask get_counts or data"
            )
        return write_pub_result(outcome)

    def combine_results(self) -> Result:
        """All circuits in one ``qiskit.result.Result``, in their order.

        Circuits that failed in a job with a result are in it as failed, as in Qiskit's own results.

        Raises:
            NotAvailableError: a job has no result, or a circuit is a PUB with a shape.
        """
        outcomes = [self._or_failed(index) for index in range(self._live.record.circuits)]
        return self._result_of(outcomes, self._info())

    def job_result(self, row: int) -> Result:
        """What one job gave, as a ``qiskit.result.Result``; circuits that failed are in it too.

        Raises:
            NotAvailableError: it has no result, or not of all its circuits, or a PUB with a shape.
        """
        outcome = self._live.outcomes.get(row)
        if outcome is None:
            raise NotAvailableError(_reason(self._live.jobs[row]))
        found = [circuit for circuit in outcome.circuits if circuit is not None]
        if len(found) < len(outcome.circuits):
            raise NotAvailableError(f"the result of job {row} lacks circuits")
        return self._result_of(found, outcome.info)

    def index_of(self, circuit: int | str | QuantumCircuit) -> int:
        """The index of a circuit that was given by index, name or itself."""
        circuits = self._live.record.circuits
        if isinstance(circuit, (int, np.integer)) and not isinstance(circuit, bool):
            if 0 <= circuit < circuits:
                return int(circuit)
            raise CircuitNotFoundError(f"no circuit {circuit}: the set has circuits 0 to {circuits - 1}")
        name = circuit if isinstance(circuit, str) else getattr(circuit, "name", None)
        if not isinstance(name, str):
            kind = type(circuit).__name__
            raise InputError(f"a circuit is named by its index, its name or itself, not by a {kind}")
        if self._index is None:
            self._index = {}
            for index, known in enumerate(self._live.circuits.names()):
                self._index.setdefault(known, []).append(index)
        found = self._index.get(name, [])
        if len(found) > 1:
            some = ", ".join(map(str, found[:5])) + (", …" if len(found) > 5 else "")
            raise AmbiguousNameError(f"{len(found)} circuits are named {name!r} ({some}): ask by index")
        if not found:
            raise CircuitNotFoundError(f"no circuit is named {name!r}")
        return found[0]

    def outcomes_so_far(self, index: int) -> list[CircuitOutcome]:
        """What the finished shot pieces of a circuit gave; empty while nothing is there."""
        pieces = []
        for row in self._live.rows_of(index):
            outcome = self._live.outcomes.get_local(row)
            if outcome is not None:
                piece = _circuit_at(outcome, index - self._live.jobs[row].span.start)
                if piece is not None and piece.success:
                    pieces.append(piece)
        return pieces

    def _outcome(self, index: int) -> CircuitOutcome:
        pieces: list[CircuitOutcome] = []
        shots: list[int | None] = []
        for row in self._live.rows_of(index):
            job = self._live.jobs[row]
            outcome = self._live.outcomes.get(row)
            if outcome is None:
                raise NotAvailableError(f"circuit {index} has no result: {_reason(job)}")
            piece = _circuit_at(outcome, index - job.span.start)
            if piece is None:
                raise NotAvailableError(f"circuit {index} is missing in the result of job {row}")
            if not piece.success:
                raise NotAvailableError(f"circuit {index} ({piece.name}) failed: {piece.failure}")
            pieces.append(piece)
            shots.append(job.shots)
        odd = {part: why for piece in pieces for part, why in piece.odd.items()}
        if len(pieces) == 1 or not odd:
            return self._with_metadata(index, merge(pieces, shots))
        if "counts" in odd:
            raise NotAvailableError(_unreadable(index, pieces[0], "counts", odd["counts"]))
        merged = merge(pieces, shots)
        if isinstance(merged, ExperimentOutcome):
            merged = replace(merged, odd=odd)
        return self._with_metadata(index, merged)

    def _with_metadata(self, index: int, outcome: CircuitOutcome) -> CircuitOutcome:
        return with_own_metadata(outcome, lambda: self._live.circuits.metadata()[index])

    def _or_failed(self, index: int) -> CircuitOutcome:
        """What a circuit gave; what says why it failed where its jobs have results."""
        try:
            return self._outcome(index)
        except NotAvailableError as error:
            jobs = [self._live.jobs[row] for row in self._live.rows_of(index)]
            if any(self._live.outcomes.get(job.row) is None for job in jobs):
                raise
            if len(jobs) == 1 and (outcome := self._live.outcomes.get(jobs[0].row)) is not None:
                piece = _circuit_at(outcome, index - jobs[0].span.start)
                if isinstance(piece, ExperimentOutcome):
                    return piece
            name = self._live.circuits.names()[index]
            return ExperimentOutcome(name, 0, False, str(error), {"name": name}, Layout((), None))

    def _run_outcome(self, index: int) -> ExperimentOutcome:
        outcome = self._outcome(index)
        if isinstance(outcome, PubOutcome):
            raise NotAvailableError(f"circuit {index} ({outcome.name}) was sampled: it has counts only")
        return outcome

    def _data(self, index: int, outcome: ExperimentOutcome, key: str) -> Any:
        if key not in outcome.data:
            nothing = key == "counts"
            why = "it measures nothing, or none came" if nothing else "no save instruction put it there"
            raise NotAvailableError(f"circuit {index} ({outcome.name}) has no {key}: {why}")
        return _kept(outcome.data[key], f"{key!r} of circuit {index} ({outcome.name})")

    def _result_of(
        self, outcomes: Sequence[CircuitOutcome], info: Mapping[str, Any] = _NO_INFO
    ) -> Result:
        fields = {name: value for name, value in info.get("fields", {}).items() if name not in _NAMED}
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
            status="COMPLETED",
            header=experiment_header(dict(info.get("header") or {})),
        )

    def _info(self) -> dict[str, Any]:
        """What the results of all jobs say beside their circuits, as that of one job."""
        outcomes = [self._live.outcomes.get(job.row) for job in self._live.jobs]
        return merge_notes([outcome.info for outcome in outcomes if outcome is not None])


def _no_pub_arguments(index: int, loc: Any, register: str | None) -> None:
    if loc is not None or register is not None:
        raise InputError(
            f"circuit {index} was run by Backend.run: it has no loc and no single registers"
        )


def _unreadable(index: int, outcome: CircuitOutcome, part: str, why: str) -> str:
    return (
        f"circuit {index} ({outcome.name}): its {part} cannot be read: {why}; "
        f"results.data({index}) has what the backend gave"
    )


def _check_readable(index: int, outcome: ExperimentOutcome, part: str) -> None:
    if part in outcome.odd:
        raise NotAvailableError(_unreadable(index, outcome, part, outcome.odd[part]))


def _reason(job: JobRecord) -> str:
    who = f"job {job.row} (circuits {job.span})"
    if job.status is Status.ERROR:
        return f"{who} failed: {job.error or 'without a reason'}"
    if job.status is Status.CANCELLED:
        return f"{who} was cancelled"
    if job.status is Status.DONE:
        return f"{who} is done, but its result is still at the provider: job_set.resume(backend)"
    return f"{who} is {WORDS[job.status]}"


def _kept(value: Any, what: str) -> Any:
    """A value, unless it could not be kept.

    Raises:
        NotAvailableError: it could not.
    """
    if isinstance(value, Lost):
        raise NotAvailableError(f"{what} was {value.kind}, {value.reason}")
    return value


def _circuit_at(outcome: JobOutcome, place: int) -> CircuitOutcome | None:
    """What a job gave for one of its circuits; its result may lack those at its end."""
    return outcome.circuits[place] if place < len(outcome.circuits) else None
