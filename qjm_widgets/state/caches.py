"""The circuits and outcomes of a set: kept in the store, and cached in memory while they are needed."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.counts_sum import CountsSum
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Span
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.errors import MissingCircuitsError, StoreCorruptError, explain
from qjm_widgets.serialization.circuits import (
    Missing,
    read_all_metadata,
    read_all_values,
    read_block,
    read_names,
    unstored_of,
)
from qjm_widgets.serialization.outcomes import decode_outcome

T = TypeVar("T")
V = TypeVar("V")
_LOG = logging.getLogger(__name__)

_NEVER = "it was never written: the kernel died first"

#: The most circuits of a set that are kept in memory, and the most circuits whose results are.
IN_MEMORY = 10_000


class LRUCache(Generic[T]):
    """The most recently used values by row, up to a limit of their total weight.

    Args:
        limit: the most total weight; the last value is kept even if it alone weighs more.
        drop: called with the row and the value of what is dropped.
    """

    def __init__(self, limit: int, drop: Callable[[int, T], object] = lambda row, value: None) -> None:
        self._limit = limit
        self._drop = drop
        self._values: OrderedDict[int, tuple[T, int]] = OrderedDict()
        self._weight = 0

    def put(self, row: int, value: T, weight: int) -> None:
        """Add a value, or replace it."""
        self._weight += weight - self._values.pop(row, (None, 0))[1]
        self._values[row] = value, weight
        while self._weight > self._limit and len(self._values) > 1:
            oldest, (dropped, weight) = self._values.popitem(last=False)
            self._weight -= weight
            self._drop(oldest, dropped)

    def get(self, row: int) -> T | None:
        """Return a value, or None."""
        found = self._values.get(row)
        if found is None:
            return None
        self._values.move_to_end(row)
        return found[0]

    def clear(self) -> None:
        """Drop all values."""
        self._values.clear()
        self._weight = 0


class Circuits:
    """The circuits of a set, by index.

    Args:
        store: the store that has them.
        set_id: the set's id.
        number: how many circuits the set has; ``extend`` adds some.
        inputs: the circuits by index, None for circuits that are not in memory; empty if none is.
        names: the names of all circuits; empty if they are not known.
        unstored: returns the indices of circuits that the store cannot have; these are never forgotten.
    """

    def __init__(
        self,
        store: JobStore,
        set_id: str,
        number: int,
        inputs: Sequence[CircuitInput | None],
        names: Sequence[str] = (),
        unstored: Callable[[], Collection[int]] = tuple,
    ) -> None:
        self._store = store
        self._unstored = unstored
        self._set_id = set_id
        self._number = number
        self._inputs: list[CircuitInput | None] = list(inputs) or [None] * number
        # Those that are known; of a set that grows, the last may be missing.
        self._names = list(names)
        self._other_names: dict[str, list[int]] = {}
        self._indices: dict[str, list[int]] = {}
        self._indexed = 0
        self._metadata: list[Mapping[str, Any]] = []
        self._growing, self._indexing = threading.Lock(), threading.Lock()
        self._shapes: dict[int, tuple[int, ...] | None] = {}
        known = [circuit_input.circuit for circuit_input in inputs if circuit_input is not None]
        self._in_memory = len(known)
        if len(known) == number:
            self._names = self._names or [circuit.name for circuit in known]
            self._metadata = [circuit.metadata or {} for circuit in known]

    def has_room(self, coming: int) -> bool:
        """Return whether memory has room for further circuits of the set, after so many others."""
        return self._in_memory + coming < IN_MEMORY

    def extend(self, inputs: Sequence[CircuitInput | None], names: Sequence[str] | None) -> None:
        """Add the next circuits of the set, which the store has already.

        Args:
            inputs: the circuits; None for each that is not in memory.
            names: their names; None if they are not known.
        """
        self._inputs += inputs
        self._in_memory += sum(circuit_input is not None for circuit_input in inputs)
        with self._growing:
            if names is not None and len(self._names) == self._number:
                self._names += names
            self._number = len(self._inputs)

    def get(self, span: Span) -> list[CircuitInput]:
        """Return the circuits of a span: from memory, else from the store.

        Raises:
            MissingCircuitsError: some circuits are lost; the others are available.
            StoreCorruptError: the circuits cannot be read from the store.
        """
        inputs = [
            circuit_input
            for circuit_input in self._inputs[span.start : span.stop]
            if circuit_input is not None
        ]
        if len(inputs) == len(span):
            return inputs
        found: dict[int, CircuitInput] = {}
        reasons: dict[int, str] = dict.fromkeys(range(span.start, span.stop), _NEVER)
        for block in self._store.get_circuits(self._set_id, span):
            for circuit, stored in enumerate(self._read(block), block.span.start):
                if isinstance(stored, Missing):
                    reasons[circuit] = stored.reason
                else:
                    found[circuit] = stored
        for circuit in range(span.start, span.stop):
            # A circuit that the store lacks may be in memory.
            circuit_input = self._inputs[circuit]
            if circuit_input is not None:
                found[circuit] = circuit_input
        missing = [circuit for circuit in range(span.start, span.stop) if circuit not in found]
        if missing:
            raise MissingCircuitsError(missing, reasons[missing[0]])
        return [found[circuit] for circuit in range(span.start, span.stop)]

    def keep(self, circuit: int) -> CircuitInput:
        """Return a circuit that is needed again, as by the jobs of its points, and keep it in memory.

        Raises:
            MissingCircuitsError: it is lost.
            StoreCorruptError: it cannot be read from the store.
        """
        circuit_input = self._inputs[circuit]
        if circuit_input is None:
            [circuit_input] = self.get(Span(circuit, circuit + 1))
            self._inputs[circuit] = circuit_input
            self._in_memory += 1
        return circuit_input

    def shape(self, circuit: int) -> tuple[int, ...] | None:
        """Return the shape of a circuit's points; None if the circuit is not known.

        Raises:
            StoreCorruptError: the circuit cannot be read from the store.
        """
        if circuit not in self._shapes:
            try:
                [circuit_input] = self.get(Span(circuit, circuit + 1))
            except MissingCircuitsError:
                self._shapes[circuit] = None
            else:
                self._shapes[circuit] = circuit_input.shape
        return self._shapes[circuit]

    def _read(self, block: CircuitBlock) -> list[CircuitInput | Missing]:
        try:
            return read_block(block)
        except Exception as error:  # damaged bytes can make Qiskit raise anything
            raise StoreCorruptError(
                f"circuits {block.span} in the job store {self._store.path} cannot be read: "
                f"{explain(error)}"
            ) from error

    def block(self, span: Span) -> CircuitBlock | None:
        """Return the stored block of a span; None if the span is in several blocks or lacks circuits."""
        found = self._store.get_circuits(self._set_id, span)
        complete = len(found) == 1 and found[0].span == span and not unstored_of(found[0])
        return found[0] if complete else None

    def replace(self, span: Span, inputs: Sequence[CircuitInput], *, keep: bool) -> None:
        """Replace circuits by transpiled ones.

        Args:
            span: the circuits.
            inputs: the transpiled circuits.
            keep: whether to keep them in memory even if the circuits before were not, because the store
                lacks them.
        """
        for circuit, circuit_input in zip(range(span.start, span.stop), inputs, strict=True):
            if keep or self._inputs[circuit] is not None:
                self._in_memory += self._inputs[circuit] is None
                self._inputs[circuit] = circuit_input

    def forget(self, span: Span) -> None:
        """Drop circuits from memory, but not their names; keep circuits that the store lacks."""
        for circuit in set(range(span.start, span.stop)).difference(self._unstored()):
            circuit_input = self._inputs[circuit]
            if circuit_input is None:
                continue
            if circuit_input.shape:
                self._shapes[circuit] = circuit_input.shape
            self._inputs[circuit] = None
            self._in_memory -= 1

    def add_names(self, names: Sequence[str]) -> None:
        """Let ``indices`` find the circuits by other names too, one for each circuit."""
        self._other_names = {}
        for index, name in enumerate(names):
            self._other_names.setdefault(name, []).append(index)

    def indices(self, name: str) -> list[int]:
        """Return the circuits with a name, ascending; the names that were added come first.

        Qiskit numbers circuits anew in each kernel, so an earlier name may be another circuit's now.
        """
        names = self.names()
        with self._indexing:
            for index in range(self._indexed, len(names)):
                self._indices.setdefault(names[index], []).append(index)
            self._indexed = len(names)
        return self._other_names.get(name) or self._indices.get(name, [])

    def names(self) -> list[str]:
        """Return the circuits' names; "" for a circuit that was never written."""
        return self._with_rest(self._names, "", read_names)

    def metadata(self) -> list[Mapping[str, Any]]:
        """Return the circuits' metadata; empty for a circuit without any or that was never written."""
        nothing: Mapping[str, Any] = {}
        return self._with_rest(self._metadata, nothing, read_all_metadata)

    def _with_rest(
        self, known: list[V], missing: V, read: Callable[[CircuitBlock], Sequence[V]]
    ) -> list[V]:
        """Add to a list of what the first circuits have what the others have in the store.

        Args:
            known: the list.
            missing: the value for a circuit that was never written.
            read: reads a block.
        """
        while (start := len(known)) < (stop := self._number):
            # Read without the lock, so that the engine can add circuits meanwhile.
            found = [missing] * (stop - start)
            for block in self._store.get_circuits(self._set_id, Span(start, stop)):
                for circuit, one in enumerate(read(block), block.span.start):
                    if start <= circuit < stop:
                        found[circuit - start] = one
            with self._growing:
                if len(known) == start:
                    known += found
        return known

    def values(self, span: Span) -> list[Any]:
        """Return the ``BindingsArray`` of each circuit of a span; None for a circuit without values.

        Arrays that are not in memory are read from the store and not cached, because they may be large.
        """
        inputs = self._inputs[span.start : span.stop]
        found: dict[int, Any] = {}
        if any(circuit_input is None for circuit_input in inputs):
            for block in self._store.get_circuits(self._set_id, span):
                found.update(zip(range(*block.span), read_all_values(block), strict=True))
        found |= {
            c: circuit_input.values
            for c, circuit_input in enumerate(inputs, span.start)
            if circuit_input is not None
        }
        return [found.get(circuit) for circuit in range(*span)]


class Outcomes:
    """The outcomes of a set's jobs by row, and the sum of their counts."""

    def __init__(self, store: JobStore, set_id: str, done: Sequence[int]) -> None:
        self._store = store
        self._set_id = set_id
        self._dropped: dict[int, JobOutcome] = {}
        self._known: LRUCache[JobOutcome] = LRUCache(IN_MEMORY, self._dropped.__setitem__)
        self._reading = threading.Lock()
        self._summing = threading.Lock()
        self._sum = CountsSum()
        self._unsummed = deque(done)
        self._absent: set[int] = set()
        self._summed_jobs = 0
        #: Rows of jobs that are not in the sum, because their outcomes are damaged.
        self.damaged: list[int] = []
        self._fetching = threading.Lock()
        #: Fetches a done job's outcome from its provider and stores it; None if no provider can have it.
        self.fetch: Callable[[int], JobOutcome | None] = lambda row: None

    def put(self, outcomes: Mapping[int, JobOutcome]) -> None:
        """Cache outcomes that were committed or fetched; add those that the sum still lacks to it."""
        with self._reading:
            for row, outcome in outcomes.items():
                self._known.put(row, outcome, outcome.points)
            late = self._absent & outcomes.keys()
            self._absent -= late
            self._unsummed.extend(sorted(late))
            dropped = dict(self._dropped)
            self._dropped.clear()
        # The sum of a large set would read these from the store again.
        if dropped and self._summing.acquire(blocking=False):
            try:
                for row, outcome in dropped.items():
                    if row in self._unsummed:
                        self._sum_one(row, outcome)
            finally:
                self._summing.release()

    def _sum_one(self, row: int, outcome: JobOutcome) -> None:
        """Add an outcome to the sum; if that fails, ``total`` reports it."""
        with suppress(ValueError, TypeError, IndexError, KeyError):
            self._add(outcome)
            self._summed_jobs += 1
            self._unsummed.remove(row)

    def add_done(self, row: int) -> None:
        """Add the counts of a job that is done to the sum."""
        self._unsummed.append(row)

    def get(self, row: int) -> JobOutcome | None:
        """Return a job's outcome from memory, the store or its provider; None if the job has none yet.

        Raises:
            StoreCorruptError: the outcome is damaged in the store.
            QJMError: the outcome could not be fetched from the provider.
        """
        found = self.get_local(row)
        if found is None:
            with self._fetching:  # some results can be read only once
                found = self.get_local(row) or self.fetch(row)
        return found

    def get_local(self, row: int) -> JobOutcome | None:
        """Return a job's outcome from memory or the store, not from its provider; None if both lack it.

        Raises:
            StoreCorruptError: the outcome is damaged in the store.
        """
        with self._reading:
            found = self._known.get(row)
        if found is None:
            data = self._store.get_outcome(self._set_id, row)
            if data is not None:
                try:
                    found = decode_outcome(data).readable()
                except ValueError as error:
                    where = f"The result of job {row} in the job store {self._store.path}"
                    raise StoreCorruptError(f"{where} is damaged: {error}") from error
                with self._reading:
                    self._known.put(row, found, found.points)
                    self._dropped.clear()
        return found

    def invalidate(self) -> None:
        """Clear the cache, so that outcomes are read from the store again."""
        with self._reading:
            self._known.clear()

    def total(self) -> tuple[dict[str, int], int]:
        """Return the sum of the counts of all done jobs by bit string, and how many jobs are in it."""
        with self._summing:
            while self._unsummed:
                row = self._unsummed[0]
                try:
                    outcome = self.get_local(row)
                    if outcome is not None:
                        self._add(outcome)
                except (StoreCorruptError, ValueError, TypeError, IndexError, KeyError) as error:
                    _LOG.warning("the counts of job %d are in no sum: %s", row, error)
                    self.damaged.append(row)
                    self._unsummed.popleft()
                    continue
                if outcome is not None:
                    self._summed_jobs += 1
                else:
                    with self._reading:
                        if self._known.get(row) is not None:
                            continue  # another thread added it meanwhile
                        self._absent.add(row)
                self._unsummed.popleft()
            return self._sum.to_dict(), self._summed_jobs

    def _add(self, outcome: JobOutcome) -> None:
        self._sum.add(outcome.sums())
        for texts in outcome.texts():
            self._sum.add_texts(texts)
