"""The outcomes of a set's circuits, with their shot pieces merged."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.counts import Layout
from qjm_widgets.core.counts_sum import CountsSum
from qjm_widgets.core.formatting import status_text
from qjm_widgets.core.lost_values import with_own_metadata
from qjm_widgets.core.merging import merge
from qjm_widgets.core.metadata_merging import merge_metadata
from qjm_widgets.core.outcomes import CircuitOutcome, ExperimentOutcome
from qjm_widgets.core.records import JobRecord, Status
from qjm_widgets.errors import (
    AmbiguousNameError,
    CircuitNotFoundError,
    InputError,
    NotAvailableError,
)
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.point_results import PointResults

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


class OutcomeReader:
    """A reader of the outcomes of a set's circuits.

    Args:
        state: the set.
    """

    def __init__(self, state: JobSetState) -> None:
        self._state = state

    def index_of(self, circuit: int | str | QuantumCircuit) -> int:
        """Return the index of a circuit in its set.

        Args:
            circuit: the index, the name, or the circuit itself, which is found by its name.

        Raises:
            CircuitNotFoundError: the set has no such circuit.
            AmbiguousNameError: several circuits have the name.
            InputError: the argument is neither an index nor a name nor a circuit.
        """
        circuits = self._state.record.circuits
        if isinstance(circuit, (int, np.integer)) and not isinstance(circuit, bool):
            if 0 <= circuit < circuits:
                return int(circuit)
            raise CircuitNotFoundError(f"no circuit {circuit}: the set has circuits 0 to {circuits - 1}")
        name = circuit if isinstance(circuit, str) else getattr(circuit, "name", None)
        if not isinstance(name, str):
            kind = type(circuit).__name__
            raise InputError(f"give a circuit's index, its name or the circuit, not {kind!r}")
        found = self._state.circuits.indices(name)
        if len(found) > 1:
            some = ", ".join(map(str, found[:5])) + (", …" if len(found) > 5 else "")
            raise AmbiguousNameError(
                f"{len(found)} circuits are named {name!r} ({some}): give the index"
            )
        if not found:
            raise CircuitNotFoundError(f"no circuit is named {name!r}")
        return found[0]

    def all_succeeded(self) -> bool:
        """Return whether every circuit has a result."""
        for job in self._state.jobs:
            outcome = self._state.outcomes.get(job.row) if job.status is Status.DONE else None
            if outcome is None:
                return False
            failed = (job.span.start + place for place in outcome.failed())
            if any(self._state.cover.holds(job.row, circuit) for circuit in failed):
                return False
        return True

    def failed(self) -> list[int]:
        """Return the circuits of failed jobs and those that failed in a job that is done, ascending."""
        found: set[int] = set()
        for job in self._state.jobs:
            if job.status is Status.ERROR:
                found.update(c for c in range(*job.span) if self._state.cover.holds(job.row, c))
            elif job.status is Status.DONE:
                found.update(job.failed_circuits)
        return sorted(found)

    def failures_in(self, job: JobRecord) -> list[str]:
        """Return a line for each circuit that failed in a done job, with the reason."""
        outcome = self._state.outcomes.get_local(job.row)
        reasons = {} if outcome is None else outcome.failed()
        names = self._state.circuits.names()
        return [
            f"circuit {circuit} ({names[circuit]}): {reasons.get(circuit - job.span.start, job.note)}"
            for circuit in job.failed_circuits
        ]

    def counts_so_far(self, circuit: int) -> dict[str, int]:
        """Return the counts of a circuit in its finished jobs, by bit string."""
        total = CountsSum()
        for outcome in self._merged_so_far(circuit):
            packed = outcome.packed()
            if packed is not None:
                total.add([packed])
            total.add_texts(outcome.texts)
        return total.to_dict()

    def _merged_so_far(self, circuit: int) -> list[CircuitOutcome]:
        """Return what a circuit's finished jobs gave, merged over the shots: one for each range."""
        if self._state.ranges_of(circuit):
            return [outcome for _, outcome in self.points(circuit).so_far()]
        pieces = self.pieces_so_far(circuit)
        return [merge(pieces)] if pieces else []

    def points(self, circuit: int) -> PointResults:
        """Return the reader of a circuit that is cut along its points."""
        return PointResults(self._state, circuit, no_result_text)

    def missing(self, circuit: int) -> npt.NDArray[np.bool_]:
        """Return which points of a circuit have no result, or not with all their shots.

        Returns:
            A mask of the shape of the points; ``()`` for a circuit without parameter values.
        """
        if self._state.ranges_of(circuit):
            return self.points(circuit).missing()
        jobs = [self._state.jobs[row] for row in self._state.rows_of(circuit)]
        there = all(job.status is Status.DONE and circuit not in job.failed_circuits for job in jobs)
        return np.full(self._state.circuits.shape(circuit) or (), not there)

    def values_so_far(self, circuit: int, key: str) -> npt.NDArray[np.float64]:
        """Return an array of an estimator's result, NaN at points without a result.

        Args:
            circuit: the index.
            key: of the array in the result's data.
        """
        if self._state.ranges_of(circuit):
            return self.points(circuit).filled(key)
        with contextlib.suppress(NotAvailableError):
            found = self.outcome(circuit).data.get(key)
            if found is not None:
                return np.asarray(found, dtype=float)
        return np.full(self._state.circuits.shape(circuit) or (), np.nan)

    def outcome_at(self, circuit: int, loc: Any) -> tuple[CircuitOutcome, Any]:
        """Return an outcome that holds a point of a circuit, and the place of the point in it.

        Args:
            circuit: the index.
            loc: index of the point along each axis of the PUB's shape; None for a circuit without one.

        Raises:
            NotAvailableError: as of ``outcome``; of a circuit that is cut along its points, the jobs of
                that point alone need results.
            InputError: the circuit has no such point.
        """
        if self._state.ranges_of(circuit):
            return self.points(circuit).at(loc)
        return self.outcome(circuit), loc

    def pieces_so_far(self, circuit: int) -> list[CircuitOutcome]:
        """Return the outcomes of a circuit's finished shot pieces."""
        pieces = []
        for row in self._state.rows_of(circuit):
            outcome = self._state.outcomes.get_local(row)
            if outcome is not None:
                piece = outcome.circuit_at(circuit - self._state.jobs[row].span.start)
                if piece is not None and piece.success:
                    pieces.append(piece)
        return pieces

    def outcome(self, circuit: int) -> CircuitOutcome:
        """Return the outcome of a circuit, with all its shot pieces merged.

        Raises:
            NotAvailableError: a piece has no result, or failed, or cannot be merged.
        """
        if self._state.ranges_of(circuit):
            return self._with_metadata(circuit, self.points(circuit).whole())
        pieces: list[CircuitOutcome] = []
        shots: list[int | None] = []
        for row in self._state.rows_of(circuit):
            job = self._state.jobs[row]
            outcome = self._state.outcomes.get(row)
            if outcome is None:
                raise NotAvailableError(f"circuit {circuit} has no result: {no_result_text(job)}")
            piece = outcome.circuit_at(circuit - job.span.start)
            if piece is None:
                raise NotAvailableError(f"circuit {circuit} is missing in the result of job {row}")
            if not piece.success:
                raise NotAvailableError(f"circuit {circuit} ({piece.name}) failed: {piece.failure}")
            pieces.append(piece)
            shots.append(job.shots)
        odd = {part: reason for piece in pieces for part, reason in piece.odd.items()}
        if len(pieces) == 1 or not odd:
            return self._with_metadata(circuit, merge(pieces, shots))
        if "counts" in odd:
            raise NotAvailableError(unreadable(circuit, pieces[0], "counts", odd["counts"]))
        merged = merge(pieces, shots)
        if isinstance(merged, ExperimentOutcome):
            merged = replace(merged, odd=odd)
        return self._with_metadata(circuit, merged)

    def outcome_or_failed(self, circuit: int, *, partial: bool = False) -> CircuitOutcome:
        """Return the outcome of a circuit; a failed one if its jobs have results but it has none.

        Args:
            circuit: the index.
            partial: return a failed one also if a job has no result.

        Raises:
            NotAvailableError: one of its jobs has no result.
        """
        try:
            return self.outcome(circuit)
        except NotAvailableError as error:
            jobs = [self._state.jobs[row] for row in self._state.rows_of(circuit)]
            if not partial and any(self._state.outcomes.get(job.row) is None for job in jobs):
                raise
            if len(jobs) == 1 and (outcome := self._state.outcomes.get(jobs[0].row)) is not None:
                piece = outcome.circuit_at(circuit - jobs[0].span.start)
                if isinstance(piece, ExperimentOutcome):
                    return piece
            name = self._state.circuits.names()[circuit]
            header = {"name": name, "metadata": self._state.circuits.metadata()[circuit]}
            return ExperimentOutcome(name, 0, False, str(error), header, Layout((), None))

    def job_outcome(self, row: int) -> tuple[list[CircuitOutcome], Mapping[str, Any]]:
        """Return the outcomes of one job's circuits, and the metadata of its result.

        Raises:
            NotAvailableError: the job has no result, or its result lacks circuits.
        """
        outcome = self._state.outcomes.get(row)
        if outcome is None:
            raise NotAvailableError(no_result_text(self._state.jobs[row]))
        found = [circuit for circuit in outcome.circuits if circuit is not None]
        if len(found) < len(outcome.circuits):
            raise NotAvailableError(f"the result of job {row} lacks circuits")
        return found, outcome.info

    def merged_info(self) -> dict[str, Any]:
        """Return the metadata of the results of all jobs, merged."""
        outcomes = [self._state.outcomes.get(job.row) for job in self._state.jobs]
        return merge_metadata([outcome.info for outcome in outcomes if outcome is not None])

    def _with_metadata(self, circuit: int, outcome: CircuitOutcome) -> CircuitOutcome:
        return with_own_metadata(outcome, lambda: self._state.circuits.metadata()[circuit])


def unreadable(circuit: int, outcome: CircuitOutcome, part: str, reason: str) -> str:
    """Return the error message for a part of an outcome that cannot be read."""
    return (
        f"circuit {circuit} ({outcome.name}): its {part} cannot be read: {reason}; "
        f"results.data({circuit}) has the backend's own value"
    )


def no_result_text(job: JobRecord) -> str:
    """Return why a job has no result, with its circuits."""
    job_text = f"job {job.row} (circuits {job.where})"
    if job.status is Status.ERROR:
        return f"{job_text} failed: {job.error or 'without a reason'}"
    if job.status is Status.CANCELLED:
        return f"{job_text} was cancelled"
    if job.status is Status.DONE:
        return f"{job_text} is done, but its result is still at the provider: job_set.resume(backend)"
    reason = f": {job.last_error}" if job.status is Status.HELD and job.last_error else ""
    return f"{job_text} is {status_text(job.status)}{reason}"
