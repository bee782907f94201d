"""Cut circuits into jobs by limits (``split``), and put the contents of jobs in order again (``join``).

A job holds a span of circuits, or a range of the points of one circuit, and one piece of their shots.
In the order of the circuits, each job gets as many as the limits allow. Points beyond a limit are cut
into ranges, and shots into pieces of nearly equal size; points are cut before shots.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, TypeVar

from qjm_widgets.core.formatting import plural, precision_text
from qjm_widgets.core.records import Span
from qjm_widgets.core.validation import as_integer, number
from qjm_widgets.errors import LimitError

T = TypeVar("T")

#: Limit of circuits per job if neither the user nor the backend limits them; IBM's guide to batches uses
#: the same number.
DEFAULT_CIRCUITS_PER_JOB = 100


@dataclass(frozen=True, slots=True)
class Limits:
    """The limits of one job; None means no limit.

    Attributes:
        circuits: the most circuits of a job.
        shots: the most shots of a circuit in one job.
        executions: the most executions of a job: points x shots, summed over its circuits; for an item
            of a quantum program with a samplex, its size x shots.
        payload_bytes: the most bytes of a job's encoded circuits.
        one_shots: whether all circuits of a job must run the same number of shots, or with the same
            precision.
        points: the most points of all circuits of a job; a circuit without parameter values has one.
        two_qubit_gates: the most two-qubit gates of all circuits of a job.
        qubit_instructions: the most control instructions on one qubit in all circuits of a job, at all
            points.

    Raises:
        LimitError: a limit is not a whole number of at least 1.
    """

    circuits: int | None = None
    shots: int | None = None
    executions: int | None = None
    payload_bytes: int | None = None
    one_shots: bool = False
    points: int | None = None
    two_qubit_gates: int | None = None
    qubit_instructions: int | None = None

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name == "one_shots" or value is None:
                continue
            limit = as_integer(value)
            if limit is None:
                raise LimitError(f"the limit on {field.name} must be a whole number, not {value!r}")
            if limit < 1:
                raise LimitError(f"the limit on {field.name} must be at least 1, not {number(limit)}")
            object.__setattr__(self, field.name, limit)

    def tighter(self, other: Limits) -> Limits:
        """Return the limits that satisfy these and others: the lower of each."""

        def least(a: int | None, b: int | None) -> int | None:
            return b if a is None else a if b is None else min(a, b)

        return Limits(
            circuits=least(self.circuits, other.circuits),
            shots=least(self.shots, other.shots),
            executions=least(self.executions, other.executions),
            payload_bytes=least(self.payload_bytes, other.payload_bytes),
            one_shots=self.one_shots or other.one_shots,
            points=least(self.points, other.points),
            two_qubit_gates=least(self.two_qubit_gates, other.two_qubit_gates),
            qubit_instructions=least(self.qubit_instructions, other.qubit_instructions),
        )


#: The most jobs of one set; the records of all jobs are in memory.
MOST_JOBS = 1_000_000


class Item(NamedTuple):
    """The properties of one circuit that splitting needs.

    Attributes:
        shots: None if the backend decides.
        points: number of points; 1 for a circuit.
        payload_bytes: bytes of the encoded circuit; 0 if they were not measured.
        point_bytes: bytes that each point adds to them.
        two_qubit_gates: number of its two-qubit gates; 0 if they were not counted.
        qubit_instructions: most control instructions on one of its qubits at one point; 0 if they were
            not counted.
        place: number of steps of the seed before this circuit in a plain run (``seeds``), counted among
            circuits of equal shots; None if seeds do not limit the cut.
        precision: precision of an estimator's PUB; None if the estimator decides.
    """

    shots: int | None = None
    points: int = 1
    payload_bytes: int = 0
    place: int | None = None
    precision: float | None = None
    point_bytes: int = 0
    two_qubit_gates: int = 0
    qubit_instructions: int = 0


class PlannedJob(NamedTuple):
    """One job of a plan.

    Attributes:
        span: the circuits that the job holds.
        piece: the index of the job's piece of the span's shots, from 0.
        pieces: the number of pieces of the span's shots.
        shots: shots per circuit; None if circuits differ or the backend decides.
        executions: points x shots, summed over the job's circuits; 0 for unknown shots.
        payload_bytes: bytes of the encoded circuits; 0 if they were not measured.
        place: number of steps of the seed before the job's first circuit in a plain run (``seeds``).
        points: the range of points of its one circuit that the job holds; None for all points.
        precision: precision of an estimator's PUBs; None if they differ or the estimator decides.
    """

    span: Span
    piece: int
    pieces: int
    shots: int | None
    executions: int
    payload_bytes: int
    place: int = 0
    precision: float | None = None
    points: Span | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """How circuits are cut into jobs, before anything is sent.

    Attributes:
        jobs: the jobs in the order of submission.
        circuits: number of circuits.
        executions: points x shots, summed over the circuits of all jobs; 0 for unknown shots.
        payload_bytes: bytes of the encoded circuits of all jobs; None if no limit needs them.
        seconds_to_submit: the shortest time in seconds that the submission takes at the backend's pace.
        qpu_seconds: estimated quantum processor time, in seconds; None if it is unknown.
        precision: least and greatest precision of an estimator's PUBs; None if the estimator decides.
        notes: what else is done to the circuits before they are sent, a sentence each.
        points: points of all circuits together; None if each has one.
    """

    jobs: tuple[PlannedJob, ...]
    circuits: int
    executions: int
    payload_bytes: int | None = None
    seconds_to_submit: float = 0.0
    qpu_seconds: float | None = None
    precision: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    points: int | None = None

    def __str__(self) -> str:
        text = plural(self.circuits, "circuit")
        if self.points is not None:
            text += f" with {plural(self.points, 'point')}"
        text += f" in {plural(len(self.jobs), 'job')}"
        if self.executions:
            text += f", {plural(self.executions, 'execution')}"
        if self.precision is not None:
            text += f", {precision_text(self.precision)}"
        if self.payload_bytes is not None:
            text += f", {self.payload_bytes:,} bytes"
        if self.seconds_to_submit:
            text += f", at least {_duration(self.seconds_to_submit)} to submit"
        if self.qpu_seconds is not None:
            text += f", roughly {_duration(self.qpu_seconds)} of QPU time"
        return "; ".join((text, *self.notes))


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def split(
    items: Sequence[Item],
    limits: Limits,
    repeats: Mapping[int, int] | None = None,
    first: int = 0,
) -> tuple[PlannedJob, ...]:
    """Cut circuits into jobs.

    Args:
        items: the circuits.
        limits: the limits of a job.
        repeats: how often the shots of each point are run, by index; once for other circuits.
        first: the index of the first of the circuits in the set.

    Raises:
        LimitError: a single circuit exceeds a limit (the error gives its index), or there would be more
            than ``MOST_JOBS`` jobs.
    """
    repeats = repeats or {}
    runs = [item.points * repeats.get(index, 1) for index, item in enumerate(items, first)]
    jobs: list[PlannedJob] = []
    start = 0
    while start < len(items):
        cut = _cut(first + start, items[start], limits, repeats)
        if len(jobs) + cut.jobs > MOST_JOBS:
            raise LimitError(
                f"there would be more than {MOST_JOBS:,} jobs: cut less, or run several sets"
            )
        if cut.points < items[start].points:
            jobs += _ranges(first + start, items[start], cut)
            start += 1
            continue
        stop, pieces = _fill(items, start, limits, cut, repeats, first), cut.pieces
        span = Span(first + start, first + stop)
        inside = items[start:stop]
        payload = sum(item.payload_bytes for item in inside)
        shots = inside[0].shots if all(item.shots == inside[0].shots for item in inside) else None
        precisions = {item.precision for item in inside}
        precision = inside[0].precision if len(precisions) == 1 else None
        if pieces == 1:
            executions = sum(
                (item.shots or 0) * each for item, each in zip(inside, runs[start:stop], strict=True)
            )
            jobs.append(PlannedJob(span, 0, 1, shots, executions, payload, precision=precision))
        else:
            for piece, part in enumerate(parts(inside[0].shots or 0, pieces)):
                jobs.append(PlannedJob(span, piece, pieces, part, part * sum(runs[start:stop]), payload))
        start = stop
    return tuple(jobs)


def join(cut: Iterable[tuple[Span, int, Sequence[T]]], circuits: int) -> list[list[T]]:
    """Put the contents of jobs into the order of the circuits.

    Args:
        cut: for each job, its span, its piece, and one value per circuit; the jobs are in any order.
        circuits: number of circuits.

    Returns:
        For each circuit, the values of its pieces in the order of the pieces.
    """
    joined: list[list[tuple[int, T]]] = [[] for _ in range(circuits)]
    for span, piece, values in cut:
        for circuit, value in zip(range(span.start, span.stop), values, strict=True):
            joined[circuit].append((piece, value))
    return [[value for _, value in sorted(parts, key=lambda part: part[0])] for parts in joined]


def parts(shots: int, pieces: int) -> list[int]:
    """Return ``pieces`` nearly equal integers whose sum is ``shots``, the larger ones first."""
    least, more = divmod(shots, pieces)
    return [least + 1] * more + [least] * (pieces - more)


def pieces_of(index: int, item: Item, limits: Limits, repeats: Mapping[int, int]) -> int:
    """Return into how many pieces the shots of a circuit must be cut.

    Raises:
        LimitError: the circuit does not fit into any job.
    """
    return _cut(index, item, limits, repeats).pieces


class _Cut(NamedTuple):
    """How one circuit is cut: at most so many points per job, and so many pieces of the shots of each.

    ``jobs`` is the number of jobs that this gives.
    """

    points: int
    pieces: int
    jobs: int


def _cut(index: int, item: Item, limits: Limits, repeats: Mapping[int, int]) -> _Cut:
    """Return how one circuit must be cut by itself.

    Raises:
        LimitError: the circuit does not fit at all, or gives more than ``MOST_JOBS`` jobs.
    """
    points = item.points if limits.points is None else min(item.points, limits.points)
    if limits.payload_bytes is not None:
        points = min(points, _points_of_payload(index, item, limits.payload_bytes))
    points = min(points, _points_of_size(index, item, limits))
    pieces = 1
    each = repeats.get(index, 1)
    executions = None if limits.executions is None else limits.executions // each
    if executions == 0:
        raise LimitError(
            f"circuit {index} alone is run {each:,} times, beyond the limit of "
            f"{limits.executions:,} executions per job"
        )
    if item.shots:
        most = min(item.shots, limits.shots or item.shots, executions or item.shots)
        pieces = -(-item.shots // most)
        if executions is not None and item.points:
            points = min(points, executions // parts(item.shots, pieces)[0])
    elif executions is not None and item.points:
        points = min(points, executions)
    jobs = (-(-item.points // points) if points else 1) * pieces
    if jobs > MOST_JOBS:
        what = f"{item.shots:,} shots" if item.points <= 1 else f"{item.points:,} points"
        raise LimitError(
            f"circuit {index} with {what} would be cut into {jobs:,} jobs, beyond the limit of "
            f"{MOST_JOBS:,}: run it with fewer, or raise the limits of a job"
        )
    return _Cut(points, pieces, jobs)


def _points_of_payload(index: int, item: Item, most: int) -> int:
    """Return how many points of a circuit fit into so many bytes.

    Raises:
        LimitError: not even one does.
    """
    if item.payload_bytes <= most:
        return item.points
    fixed = max(0, item.payload_bytes - item.point_bytes * item.points)
    points = (most - fixed) // item.point_bytes if item.point_bytes else 0
    if points < 1:
        least = fixed + item.point_bytes if item.points > 1 else item.payload_bytes
        one = " with one point" if item.points > 1 else ""
        raise LimitError(
            f"circuit {index} alone{one} is {least:,} bytes, beyond the limit of {most:,} bytes per job"
        )
    return min(points, item.points)


def _points_of_size(index: int, item: Item, limits: Limits) -> int:
    """Return how many points of a circuit fit into a job by the gates and instructions of the circuit.

    Raises:
        LimitError: not even one does.
    """
    for found, most, what in (
        (item.two_qubit_gates, limits.two_qubit_gates, "two-qubit gates"),
        (item.qubit_instructions, limits.qubit_instructions, "control instructions on one qubit"),
    ):
        if most is not None and found > most:
            raise LimitError(
                f"circuit {index} alone has {found:,} {what}, beyond the limit of {most:,} per job"
            )
    if limits.qubit_instructions is None or not item.qubit_instructions:
        return item.points
    return min(item.points, limits.qubit_instructions // item.qubit_instructions)


def _ranges(index: int, item: Item, cut: _Cut) -> list[PlannedJob]:
    """Return the jobs of one circuit that is cut along its points."""
    span = Span(index, index + 1)
    fixed = max(0, item.payload_bytes - item.point_bytes * item.points)
    shots = [item.shots] if cut.pieces == 1 else parts(item.shots or 0, cut.pieces)
    jobs = []
    for first in range(0, item.points, cut.points):
        points = Span(first, min(first + cut.points, item.points))
        payload = fixed + item.point_bytes * len(points)
        jobs += [
            PlannedJob(
                span,
                piece,
                cut.pieces,
                part,
                (part or 0) * len(points),
                payload,
                precision=item.precision,
                points=points,
            )
            for piece, part in enumerate(shots)
        ]
    return jobs


def _fill(
    items: Sequence[Item],
    start: int,
    limits: Limits,
    cut: _Cut,
    repeats: Mapping[int, int],
    offset: int,
) -> int:
    """Return the end of the longest span from ``start`` that fits in a job; ``cut`` is of its first.

    ``offset`` is the index of the first of the items in the set.
    """
    first = items[start]
    shots = parts(first.shots, cut.pieces)[0] if first.shots is not None else None
    most_circuits = limits.circuits or len(items)
    executions = (shots or 0) * first.points * repeats.get(offset + start, 1)
    payload, points = first.payload_bytes, first.points
    gates, instructions = first.two_qubit_gates, first.qubit_instructions * first.points
    drawn = {first.shots: first.points}
    stop = start + 1
    while stop < len(items) and stop - start < most_circuits:
        item = items[stop]
        same = (item.shots, item.precision) == (first.shots, first.precision)
        other = _cut(offset + stop, item, limits, repeats)
        if not same and (limits.one_shots or cut.pieces > 1 or other.pieces > 1):
            break
        if other.pieces != cut.pieces or other.points < item.points:
            break
        # A job has one seed. From it to each circuit, there must be as many steps as in the plain run.
        if item.place is not None:
            if item.place - drawn.get(item.shots, 0) != first.place:
                break
            drawn[item.shots] = drawn.get(item.shots, 0) + item.points
        executions += (
            ((shots if same else item.shots) or 0) * item.points * repeats.get(offset + stop, 1)
        )
        payload += item.payload_bytes
        points += item.points
        gates += item.two_qubit_gates
        instructions += item.qubit_instructions * item.points
        if limits.executions is not None and executions > limits.executions:
            break
        if limits.payload_bytes is not None and payload > limits.payload_bytes:
            break
        if limits.points is not None and points > limits.points:
            break
        if limits.two_qubit_gates is not None and gates > limits.two_qubit_gates:
            break
        if limits.qubit_instructions is not None and instructions > limits.qubit_instructions:
            break
        stop += 1
    return stop
