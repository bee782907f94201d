"""A set's circuits and outcomes: in memory while they are needed, in the store always."""

from __future__ import annotations

import logging
import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Generic, TypeVar

from qjm_widgets.core.counts import CountsSum
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.ports import CircuitBlock, JobStore, Work
from qjm_widgets.core.records import Span
from qjm_widgets.errors import MissingCircuitsError, StoreCorruptError, explain
from qjm_widgets.serialization.circuits import (
    Missing,
    read_all_metadata,
    read_block,
    read_names,
    unstored_of,
)
from qjm_widgets.serialization.outcomes import decode_outcome

T = TypeVar("T")
_LOG = logging.getLogger(__name__)

_NEVER = "it was never written: the kernel died first"

IN_MEMORY = 10_000
"""So many circuits of a set, and the results of so many, are in memory as well as in the store."""


class LRUCache(Generic[T]):
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
    """The circuits of a set, by index.

    Args:
        store: where they are.
        set_id: the set's.
        number: how many it has.
        works: by index: those that are in memory, None for the others; or nothing at all.
        names: of all circuits, where they are known.
        unstored: gives those that the store cannot have: they are never forgotten.
    """

    def __init__(
        self,
        store: JobStore,
        set_id: str,
        number: int,
        works: Sequence[Work | None],
        names: Sequence[str] = (),
        unstored: Callable[[], Collection[int]] = tuple,
    ) -> None:
        self._store = store
        self._unstored = unstored
        self._set_id = set_id
        self._number = number
        self._works: list[Work | None] = list(works) or [None] * number
        self._names: list[str] | None = list(names) or None
        self._metadata: list[Mapping[str, Any]] | None = None
        known = [work.circuit for work in works if work is not None]
        if len(known) == number:
            self._names = self._names or [circuit.name for circuit in known]
            self._metadata = [circuit.metadata or {} for circuit in known]

    def of(self, span: Span) -> list[Work]:
        """The circuits of a span: from memory, else from the store.

        Raises:
            MissingCircuitsError: some are nowhere any more; the others are in the store.
            StoreCorruptError: what the store has of them cannot be read.
        """
        works = [work for work in self._works[span.start : span.stop] if work is not None]
        if len(works) == len(span):
            return works
        found: dict[int, Work] = {}
        reasons: dict[int, str] = dict.fromkeys(range(span.start, span.stop), _NEVER)
        for block in self._store.get_circuits(self._set_id, span):
            for circuit, work in enumerate(self._read(block), block.span.start):
                if isinstance(work, Missing):
                    reasons[circuit] = work.reason
                else:
                    found[circuit] = work
        for circuit in range(span.start, span.stop):
            # What the store does not have may be here.
            here = self._works[circuit]
            if here is not None:
                found[circuit] = here
        missing = [circuit for circuit in range(span.start, span.stop) if circuit not in found]
        if missing:
            raise MissingCircuitsError(missing, reasons[missing[0]])
        return [found[circuit] for circuit in range(span.start, span.stop)]

    def _read(self, block: CircuitBlock) -> list[Work | Missing]:
        try:
            return read_block(block)
        except Exception as error:  # damaged bytes can make Qiskit raise anything
            raise StoreCorruptError(
                f"circuits {block.span} in the job store {self._store.path} cannot be read: "
                f"{explain(error)}"
            ) from error

    def block(self, span: Span) -> CircuitBlock | None:
        """The circuits of a span as they were written, where all of them were, and together."""
        found = self._store.get_circuits(self._set_id, span)
        whole = len(found) == 1 and found[0].span == span and not unstored_of(found[0])
        return found[0] if whole else None

    def replace(self, span: Span, works: Sequence[Work], *, keep: bool) -> None:
        """Put transpiled circuits in place of the given ones; ``keep``: the store lacks them."""
        for circuit, work in zip(range(span.start, span.stop), works, strict=True):
            if keep or self._works[circuit] is not None:
                self._works[circuit] = work

    def forget(self, span: Span) -> None:
        """Forget circuits, but for their names; those that the store does not have stay."""
        for circuit in set(range(span.start, span.stop)).difference(self._unstored()):
            self._works[circuit] = None

    def names(self) -> list[str]:
        """The circuits' names; one that is not known (it was never written) is empty."""
        if self._names is None:
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
                found[block.span.start : block.span.stop] = read_all_metadata(block)
            self._metadata = found
        return self._metadata


class Outcomes:
    """What the jobs of a set gave, by row, and the sum of it."""

    def __init__(self, store: JobStore, set_id: str, done: Sequence[int]) -> None:
        self._store = store
        self._set_id = set_id
        self._known: LRUCache[JobOutcome] = LRUCache(IN_MEMORY)
        self._reading = threading.Lock()
        self._summing = threading.Lock()
        self._sum = CountsSum()
        self._unsummed = deque(done)
        self._absent: set[int] = set()
        self._summed_jobs = 0
        #: Rows of jobs that are in no sum, as what the store has of them is damaged.
        self.damaged: list[int] = []
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
                    found = decode_outcome(data).readable()
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
                try:
                    outcome = self.here(row)
                    if outcome is not None:
                        self._add(outcome)
                except (StoreCorruptError, ValueError, TypeError, IndexError, KeyError) as error:
                    _LOG.warning("job %d is in no sum: %s", row, error)
                    self.damaged.append(row)
                    self._unsummed.popleft()
                    continue
                if outcome is not None:
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
        for texts in outcome.texts():
            self._sum.add_texts(texts)
