"""Read circuits from an iterator one by one, check them, and cut them into the jobs of a list."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.circuit_input import CircuitInput, item_of
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span
from qjm_widgets.core.splitting import MOST_JOBS
from qjm_widgets.core.validation import as_integer
from qjm_widgets.errors import InputError, LimitError
from qjm_widgets.manager.cutting import Cutter
from qjm_widgets.manager.inputs import as_list, comes_one_by_one, copy_input
from qjm_widgets.manager.parameter_binds import BINDING
from qjm_widgets.manager.planning import (
    RunArguments,
    checked_options,
    input_reader,
    job_records,
    new_record,
    nouns,
    precision_range,
    shots_range,
)

#: Seconds after which circuits are cut, if it is not known before that they fill a job.
_CUT_SECONDS = 0.25


class Block(NamedTuple):
    """The next circuits of a set that fill whole jobs.

    Attributes:
        first: the index of the first circuit.
        inputs: the circuits.
        jobs: the jobs that hold them; their rows are not final.
    """

    first: int
    inputs: list[CircuitInput]
    jobs: list[JobRecord]

    def spans(self) -> Iterator[tuple[Span, list[CircuitInput], list[JobRecord]]]:
        """Yield each span with its circuits and its jobs."""
        for span, jobs in itertools.groupby(self.jobs, lambda job: job.span):
            inputs = self.inputs[span.start - self.first : span.stop - self.first]
            yield span, inputs, list(jobs)


class FirstJobs(NamedTuple):
    """A new set of the first circuits of an iterator before it is stored.

    Attributes:
        record, jobs, inputs, options: as those of a ``PlannedSet``.
        iterator: gives the next circuits.
        intake: has read those before.
        more: whether more circuits may come.
    """

    record: JobSetRecord
    jobs: list[JobRecord]
    inputs: list[CircuitInput]
    options: dict[str, Any]
    iterator: Iterator[Any]
    intake: Intake
    more: bool


def first_jobs(arguments: RunArguments, adapter: BackendAdapter) -> FirstJobs:
    """Read circuits from an iterator until they fill a job, and make the records of a set of them.

    Raises:
        InputError: a circuit or an argument is wrong; the message names it.
    """
    options = checked_options(arguments, adapter)
    intake = Intake(arguments, adapter, options)
    iterator = iter(arguments.circuits)
    block, more = intake.first_block(iterator)
    record = new_record(arguments, block.inputs, options, adapter)
    # A set that has all of its circuits now is as one of a list.
    record = grown(replace(record, circuits=0, complete=not more, taken=more), block.inputs, ())
    return FirstJobs(record, block.jobs, block.inputs, options, iterator, intake, more)


def check_size(size: Any, circuits: Any) -> int | None:
    """Return the number of circuits that the user expects; None if the user did not say.

    Raises:
        InputError: it is not a whole number of at least 1, or a list has another length.
    """
    if size is None:
        return None
    found = as_integer(size)
    if found is None or found < 1:
        raise InputError(f"size must be a whole number of at least 1, not {size!r}")
    if not comes_one_by_one(circuits) and len(as_list(circuits)) != found:
        raise InputError(f"size={found:,} is given, but there are {len(as_list(circuits)):,} circuits")
    return found


class Intake:
    """Reads the circuits of one ``run`` one by one.

    A circuit that is refused ends it; the circuits before that one are kept.

    Args:
        arguments: the arguments of ``run``.
        adapter: the adapter of the backend.
        options: the run options of the jobs.

    Attributes:
        error: why a circuit was refused; None if none was.

    Raises:
        InputError: an argument is wrong, or needs a list of circuits.
    """

    def __init__(
        self, arguments: RunArguments, adapter: BackendAdapter, options: Mapping[str, Any]
    ) -> None:
        for name in BINDING:
            if arguments.options.get(name) is not None:
                raise InputError(
                    f"{name} has values for a known number of circuits: give a list of circuits, or "
                    "circuits with assigned values"
                )
        self._adapter = adapter
        self._options = options
        self._transpiles = arguments.pass_manager is not None
        self._read = input_reader(arguments, adapter)
        self._cutter = Cutter(adapter, arguments.limits, options)
        self._inputs: list[CircuitInput] = []
        self._checked = 0
        self._jobs = 0
        self._due = time.monotonic() + _CUT_SECONDS
        self.error: InputError | None = None

    @property
    def first(self) -> int:
        """The index of the first circuit that is in no job yet."""
        return self._cutter.first

    def first_block(self, iterator: Iterator[Any], *, skip: int = 0) -> tuple[Block, bool]:
        """Read until circuits fill a job.

        Args:
            iterator: gives circuits or PUB-likes.
            skip: how many of its circuits are in jobs already.

        Returns:
            The circuits of the first jobs, and whether more circuits may come.

        Raises:
            InputError: there are no circuits, too few to skip, or one of them is refused.
        """
        for item in itertools.islice(iterator, skip):
            self._cutter.skip(self._read(self.first, item))
        if self.first < skip:
            raise InputError(
                f"the set has {skip:,} circuits already, and only {self.first:,} came: give the same "
                "circuits from the first on; those that are there are skipped"
            )
        for item in iterator:
            self.read(item)
            if self.due and (block := self._valid(last=False)).jobs:
                return block, True
        block = self._valid(last=True)
        if not block.jobs and not skip:
            raise InputError(f"no {nouns(self._adapter)} were given")
        return block, False

    def _valid(self, *, last: bool) -> Block:
        block = self.take(last=last)
        if self.error is not None:
            raise self.error
        return block

    def read(self, item: Any) -> None:
        """Read the next circuit. It is copied: the iterator may change its object for the next one.

        Raises:
            InputError: it is refused; the message names its index.
        """
        circuit_input = copy_input(self._read(self.first + len(self._inputs), item))
        [properties] = self._cutter.measure([circuit_input])
        self._cutter.pieces(properties)  # raises if it does not fit into any job
        self._cutter.add(properties)
        self._inputs.append(circuit_input)

    @property
    def due(self) -> bool:
        """Whether to ``take`` a block now."""
        return self._cutter.full or time.monotonic() >= self._due

    def take(self, *, last: bool) -> Block:
        """Return the circuits that fill jobs; if a circuit is refused, those before it.

        Args:
            last: whether no more circuits come; then all circuits are returned.

        Raises:
            InputError: there would be too many jobs, or no circuit comes before the refused one.
        """
        self._check()
        first = self.first
        jobs = self._cutter.cut(last=last or self.error is not None)
        number = self.first - first
        inputs, self._inputs = self._inputs[:number], self._inputs[number:]
        self._checked -= number
        self._jobs += len(jobs)
        if self._jobs > MOST_JOBS:
            raise LimitError(f"there would be more than {MOST_JOBS:,} jobs: run several sets")
        self._due = time.monotonic() + _CUT_SECONDS
        made = job_records(jobs, inputs, self._adapter, self._options, time.time(), first)
        return Block(first, inputs, made)

    def _check(self) -> None:
        """Check the circuits that are not checked yet; drop a refused one and all after it."""
        new = self._inputs[self._checked :]
        try:
            self._refuse(new, self._checked)
        except InputError as error:
            self.error = error
            valid = self._number_valid(new)
            del self._inputs[valid:]
            self._cutter.truncate(valid)
        self._checked = len(self._inputs)

    def _number_valid(self, new: Sequence[CircuitInput]) -> int:
        """Return how many circuits come before the refused one, which gives the error its index."""
        for place, circuit_input in enumerate(new, self._checked):
            try:
                self._refuse([circuit_input], place)
            except InputError as error:
                self.error = error
                return place
        return self._checked

    def _refuse(self, inputs: Sequence[CircuitInput], place: int) -> None:
        """Refuse what the backend would refuse, and cuts whose results could not be merged."""
        if not self._transpiles:
            self._adapter.check(inputs, self._options, self.first + place)
        for at, circuit_input in enumerate(inputs, place):
            if self._cutter.pieces(self._cutter.items[at]) > 1:
                self._adapter.check_cut([circuit_input], self.first + at, self._options)


def grown(record: JobSetRecord, inputs: Sequence[CircuitInput], unstored: Sequence[int]) -> JobSetRecord:
    """Return the record of a set after more circuits.

    Args:
        record: the record before.
        inputs: the circuits.
        unstored: the indices of those that could not be stored.
    """
    shots, precision = shots_range(inputs), precision_range(inputs)
    if record.circuits:
        shots = _widened(record.shots, shots)
        precision = _widened(record.precision, precision)
    points = [item_of(circuit_input).points for circuit_input in inputs]
    total = record.points
    if total is not None or any(number != 1 for number in points):
        total = (record.circuits if total is None else total) + sum(points)
    return replace(
        record,
        circuits=record.circuits + len(inputs),
        shots=shots,
        precision=precision,
        points=total,
        unstored_circuits=(*record.unstored_circuits, *unstored),
    )


def _widened(known: Any, found: Any) -> Any:
    """Return the range that holds two ranges; None if one is not known."""
    if known is None or found is None:
        return None
    return min(known[0], found[0]), max(known[1], found[1])
