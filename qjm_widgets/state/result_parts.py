"""The parts of a table of a set's results: outcomes by circuit, bound values and metadata."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from qjm_widgets.core.count_columns import Part
from qjm_widgets.core.lost_values import OWN_METADATA
from qjm_widgets.core.outcomes import CircuitOutcome, JobOutcome, PubOutcome
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import NotAvailableError
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.outcome_reader import OutcomeReader

#: The shape of a PUB's points.
Shape = tuple[int, ...]
#: Bound values by parameter name.
Values = dict[str, npt.NDArray[np.float64]]


class ResultParts:
    """A reader of the outcomes, bound values and metadata of all circuits of a set.

    Args:
        state: the set.
        reader: reads its outcomes.
    """

    def __init__(self, state: JobSetState, reader: OutcomeReader) -> None:
        self._state = state
        self._reader = reader
        self._job_outcomes: dict[int, JobOutcome | None] = {}

    def names(self) -> list[str]:
        """Return the circuits' names."""
        return self._state.circuits.names()

    def outcomes(self) -> list[Part]:
        """Return the outcomes of all circuits that have one, by circuit.

        A circuit is left out if it failed or if one of its jobs is not done.

        Raises:
            StoreError: an outcome cannot be read from the store.
            QJMError: an outcome is at its provider, and the fetch failed.
        """
        found = []
        for circuit in range(self._state.record.circuits):
            if self._state.ranges_of(circuit):
                ranges = self._reader.points(circuit).complete()
                found += [Part(circuit, points.start, outcome) for points, outcome in ranges]
            elif (outcome := self._outcome(circuit)) is not None:
                found.append(Part(circuit, 0, outcome))
        return found

    def parameters(self, outcomes: Mapping[int, CircuitOutcome]) -> list[tuple[Shape, Values]]:
        """Return the shape of each circuit's points, and its bound values in that shape.

        Args:
            outcomes: the outcomes by circuit; their shapes include the shapes of observables.
        """
        values = self._state.circuits.values(Span(0, self._state.record.circuits))
        return [
            _bound(bindings, self._shape(circuit, bindings, outcomes.get(circuit)))
            for circuit, bindings in enumerate(values)
        ]

    def parameters_of(self, circuit: int) -> Values:
        """Return the bound values of one circuit by parameter name, in the shape of its points."""
        [bindings] = self._state.circuits.values(Span(circuit, circuit + 1))
        return _bound(bindings, self._shape(circuit, bindings, self._outcome(circuit)))[1]

    def metadata(self, outcomes: Mapping[int, CircuitOutcome]) -> list[Mapping[Any, Any]]:
        """Return the circuits' metadata; from their results if the set came without its circuits."""
        found = self._state.circuits.metadata()
        if self._state.record.resumable:
            return found
        return [own or _returned(outcomes.get(circuit)) for circuit, own in enumerate(found)]

    def metadata_of(self, circuit: int) -> dict[Any, Any]:
        """Return the metadata of one circuit, in the same way as ``metadata``."""
        own = self._state.circuits.metadata()[circuit]
        if own or self._state.record.resumable:
            return dict(own)
        return dict(_returned(self._outcome(circuit)))

    def _outcome(self, circuit: int) -> CircuitOutcome | None:
        rows = self._state.rows_of(circuit)
        found = [self._of_job(row) for row in rows]
        if not found or None in found:
            return None
        if len(found) == 1 and found[0] is not None:  # the reader would be slow for many circuits
            outcome = found[0].circuit_at(circuit - self._state.jobs[rows[0]].span.start)
            return outcome if outcome is not None and outcome.success else None
        try:
            return self._reader.outcome(circuit)
        except NotAvailableError:  # a piece failed, or the pieces do not fit each other
            return None

    def _shape(self, circuit: int, bindings: Any, outcome: CircuitOutcome | None) -> Shape:
        if self._state.ranges_of(circuit):
            return self._reader.points(circuit).shape
        if isinstance(outcome, PubOutcome):
            return outcome.shape
        return () if bindings is None else self._state.circuits.shape(circuit) or ()

    def _of_job(self, row: int) -> JobOutcome | None:
        if row not in self._job_outcomes:
            done = self._state.jobs[row].status is Status.DONE
            self._job_outcomes[row] = self._state.outcomes.get(row) if done else None
        return self._job_outcomes[row]


def _bound(bindings: Any, shape: Shape) -> tuple[Shape, Values]:
    """Return a shape, and the values broadcast to it."""
    if bindings is None:
        return shape, {}
    values: Values = {}
    for names, array in bindings.data.items():
        for place, name in enumerate(names):
            try:
                values[name] = np.broadcast_to(np.asarray(array[..., place], dtype=float), shape)
            except ValueError:  # a backend returned another shape than that of the values
                values[name] = np.full(shape, np.nan)
    return shape, values


def _returned(outcome: CircuitOutcome | None) -> Mapping[Any, Any]:
    """Return a circuit's metadata from its result; empty if the result has none."""
    if outcome is None:
        return {}
    beside = outcome.metadata if isinstance(outcome, PubOutcome) else outcome.header
    found = [beside.get(key) for key in sorted(OWN_METADATA)]
    return next((each for each in found if isinstance(each, Mapping)), {})
