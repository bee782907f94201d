"""A set's circuits and outcomes: in memory while they are needed, in the store always."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Generic, TypeVar

from qjm_widgets.circuit_blocks import read_block, read_metadata, read_names
from qjm_widgets.core.counts import CountsSum
from qjm_widgets.core.errors import CircuitsMissingError, StoreCorruptError
from qjm_widgets.core.outcome_codec import decode_outcome
from qjm_widgets.core.outcomes import ExperimentOutcome, JobOutcome
from qjm_widgets.core.ports import CircuitBlock, JobStore, Work
from qjm_widgets.core.records import Span

T = TypeVar("T")

IN_MEMORY = 10_000
"""So many circuits of a set, and the results of so many, are in memory as well as in the store."""


class Recent(Generic[T]):
    """The values that were put or asked for last, by row, as many as weigh no more than a limit.

    Args:
        limit: what all of them may weigh together; one is kept whatever it weighs.
        drop: called with the row of a value that is not kept any more.
    """

    def __init__(self, limit: int, drop: Callable[[int], object] = lambda row: None) -> None:
        self._limit = limit
        self._drop = drop
        self._values: OrderedDict[int, tuple[T, int]] = OrderedDict()
        self._weight = 0

    def put(self, row: int, value: T, weight: int) -> None:
        """Keep a value."""
        self._weight += weight - self._values.pop(row, (None, 0))[1]
        self._values[row] = value, weight
        while self._weight > self._limit and len(self._values) > 1:
            oldest, (_, weight) = self._values.popitem(last=False)
            self._weight -= weight
            self._drop(oldest)

    def get(self, row: int) -> T | None:
        """A value, or None."""
        found = self._values.get(row)
        if found is None:
            return None
        self._values.move_to_end(row)
        return found[0]

    def clear(self) -> None:
        """Keep nothing."""
        self._values.clear()
        self._weight = 0


class Circuits:
    """The circuits of a set, by index."""

    def __init__(self, store: JobStore, set_id: str, number: int, works: Sequence[Work | None]) -> None:
        self._store = store
        self._set_id = set_id
        self._number = number
        self._works: list[Work | None] = list(works) or [None] * number
        self._names: list[str] | None = None
        self._left_names: dict[int, str] = {}
        self._letting_go = threading.Lock()
        self._both = 0  # circuits that are in memory and in the store
        # Taken now: while circuits are written, theirs steps aside.
        metadata = [work.circuit.metadata or {} for work in works if work is not None]
        self._metadata: list[Mapping[str, Any]] | None = metadata if len(metadata) == number else None

    def of(self, span: Span) -> list[Work]:
        """The circuits of a span: from memory, else from the store.

        Raises:
            CircuitsMissingError: they are nowhere any more.
        """
        works = [work for work in self._works[span.start : span.stop] if work is not None]
        if len(works) == len(span):
            return works
        stored: dict[int, Work] = {}
        for block in self._store.get_circuits(self._set_id, span):
            found = read_block(block) or ()
            stored.update(zip(range(block.span.start, block.span.stop), found, strict=False))
        missing = [circuit for circuit in range(span.start, span.stop) if circuit not in stored]
        if missing:
            raise CircuitsMissingError(
                f"circuits {Span(missing[0], missing[-1] + 1)} are missing: they were never written to "
                "the store (the kernel died first, or they cannot be written); run them again"
            )
        return [stored[circuit] for circuit in range(span.start, span.stop)]

    def block(self, span: Span) -> CircuitBlock | None:
        """The circuits of a span as they were written, where they were written together."""
        found = self._store.get_circuits(self._set_id, span)
        return found[0] if len(found) == 1 and found[0].span == span else None

    def replace(self, circuit: int, work: Work) -> None:
        """Put a prepared circuit in the place of the given one."""
        self._works[circuit] = work

    def written(self, span: Span) -> None:
        """The store has these circuits: beyond so many, they are read again when they are sent."""
        with self._letting_go:
            self._both += len(span)
            if self._both <= IN_MEMORY:
                return
        self.let_go(span)

    def let_go(self, span: Span) -> None:
        """Forget circuits that the store has; their names stay."""
        with self._letting_go:
            for circuit in range(span.start, span.stop):
                work = self._works[circuit]
                if work is not None:
                    self._left_names[circuit] = work.circuit.name
                    self._works[circuit] = None
                    self._both -= 1

    def names(self) -> list[str]:
        """The circuits' names; one that is not known (it was never written) is empty."""
        if self._names is None:
            names = [
                work.circuit.name if work is not None else self._left_names.get(index, "")
                for index, work in enumerate(self._works)
            ]
            if "" in names:
                names = [""] * self._number
                for block in self._store.get_circuits(self._set_id, Span(0, self._number)):
                    names[block.span.start : block.span.stop] = read_names(block)
            self._names = names
        return self._names

    def metadata(self) -> list[Mapping[str, Any]]:
        """The circuits' metadata; empty where there is none or it is not known."""
        if self._metadata is None:
            found: list[Mapping[str, Any]] = [{}] * self._number
            for block in self._store.get_circuits(self._set_id, Span(0, self._number)):
                found[block.span.start : block.span.stop] = read_metadata(block)
            self._metadata = found
        return self._metadata


class Outcomes:
    """What the jobs of a set gave, by row, and the sum of it."""

    def __init__(self, store: JobStore, set_id: str, done: Sequence[int]) -> None:
        self._store = store
        self._set_id = set_id
        self._known: Recent[JobOutcome] = Recent(IN_MEMORY)
        self._reading = threading.Lock()
        self._summing = threading.Lock()
        self._sum = CountsSum()
        self._unsummed = deque(done)
        self._absent: set[int] = set()
        self._summed_jobs = 0
        self._fetching = threading.Lock()
        self.fetch: Callable[[int], JobOutcome | None] = lambda row: None
        """Has what a finished job gave from its provider, where it is still there, and stores it."""

    def put(self, outcomes: Mapping[int, JobOutcome]) -> None:
        """Keep what was just written to the store."""
        with self._reading:
            for row, outcome in outcomes.items():
                self._known.put(row, outcome, len(outcome.circuits))
            late = self._absent & outcomes.keys()
            self._absent -= late
            self._unsummed.extend(sorted(late))

    def done(self, row: int) -> None:
        """A job is done: its counts belong to the sum."""
        self._unsummed.append(row)

    def of(self, row: int) -> JobOutcome | None:
        """What a job gave: from memory, the store or its provider; None while there is nothing.

        Raises:
            StoreCorruptError: what the store has of it is damaged.
            QJMError: the provider has it, and did not give it.
        """
        found = self.here(row)
        if found is None:
            with self._fetching:  # some results can be read only once
                found = self.here(row) or self.fetch(row)
        return found

    def here(self, row: int) -> JobOutcome | None:
        """What a job gave, without asking its provider: from memory, else from the store; or None.

        Raises:
            StoreCorruptError: what the store has of it is damaged.
        """
        with self._reading:
            found = self._known.get(row)
        if found is None:
            data = self._store.get_outcome(self._set_id, row)
            if data is not None:
                try:
                    found = decode_outcome(data)
                except ValueError as error:
                    where = f"The result of job {row} in the job store {self._store.path}"
                    raise StoreCorruptError(f"{where} is damaged: {error}") from error
                with self._reading:
                    self._known.put(row, found, len(found.circuits))
        return found

    def reread(self) -> None:
        """Forget what is in memory: the store is asked again."""
        with self._reading:
            self._known.clear()

    def total(self) -> tuple[dict[str, int], int]:
        """The counts of all finished jobs by bit string, and how many jobs are in them."""
        with self._summing:
            while self._unsummed:
                row = self._unsummed[0]
                outcome = self.here(row)
                if outcome is not None:
                    self._add(outcome)
                    self._summed_jobs += 1
                else:
                    with self._reading:
                        if self._known.get(row) is not None:
                            continue  # it came just now
                        self._absent.add(row)
                self._unsummed.popleft()
            return self._sum.to_dict(), self._summed_jobs

    def _add(self, outcome: JobOutcome) -> None:
        self._sum.add(outcome.sums())
        for circuit in outcome.circuits:
            if isinstance(circuit, ExperimentOutcome) and "counts" in circuit.data:
                self._sum.add_texts(circuit.data["counts"])
