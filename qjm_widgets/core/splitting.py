"""Cut circuits into jobs by limits (``split``), and put the contents of jobs in order again (``join``).

A job holds a span of circuits and one piece of their shots. In the order of the circuits, each job gets
as many as the limits allow. Shots beyond a limit are cut into pieces of nearly equal size.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, TypeVar

from qjm_widgets.core.formatting import plural
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
        executions: the most executions of a job: points x shots, summed over its circuits.
        payload_bytes: the most bytes of a job's encoded circuits.
        one_shots: whether all circuits of a job must run the same number of shots.

    Raises:
        LimitError: a limit is not a whole number of at least 1.
    """

    circuits: int | None = None
    shots: int | None = None
    executions: int | None = None
    payload_bytes: int | None = None
    one_shots: bool = False

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
        )


#: The most jobs of one set; the records of all jobs are in memory.
MOST_JOBS = 1_000_000


class Item(NamedTuple):
    """The properties of one circuit that splitting needs.

    Attributes:
        shots: None if the backend decides.
        points: number of points; 1 for a circuit.
        payload_bytes: bytes of the encoded circuit; 0 if they were not measured.
        place: number of steps of the seed before this circuit in a plain run (``seeds``), counted among
            circuits of equal shots; None if seeds do not limit the cut.
    """

    shots: int | None = None
    points: int = 1
    payload_bytes: int = 0
    place: int | None = None


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
    """

    span: Span
    piece: int
    pieces: int
    shots: int | None
    executions: int
    payload_bytes: int
    place: int = 0


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
    """

    jobs: tuple[PlannedJob, ...]
    circuits: int
    executions: int
    payload_bytes: int | None = None
    seconds_to_submit: float = 0.0
    qpu_seconds: float | None = None

    def __str__(self) -> str:
        text = f"{plural(self.circuits, 'circuit')} in {plural(len(self.jobs), 'job')}"
        if self.executions:
            text += f", {plural(self.executions, 'execution')}"
        if self.payload_bytes is not None:
            text += f", {self.payload_bytes:,} bytes"
        if self.seconds_to_submit:
            text += f", at least {_duration(self.seconds_to_submit)} to submit"
        if self.qpu_seconds is not None:
            text += f", roughly {_duration(self.qpu_seconds)} of QPU time"
        return text


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.0f} min"


def split(items: Sequence[Item], limits: Limits) -> tuple[PlannedJob, ...]:
    """Cut circuits into jobs.

    Raises:
        LimitError: a single circuit exceeds a limit (the error gives its index), or there would be more
            than ``MOST_JOBS`` jobs.
    """
    jobs: list[PlannedJob] = []
    start = 0
    while start < len(items):
        stop, pieces = _fill(items, start, limits)
        if len(jobs) + pieces > MOST_JOBS:
            raise LimitError(
                f"there would be more than {MOST_JOBS:,} jobs: cut less, or run several sets"
            )
        span = Span(start, stop)
        inside = items[start:stop]
        payload = sum(item.payload_bytes for item in inside)
        shots = inside[0].shots if all(item.shots == inside[0].shots for item in inside) else None
        points = sum(item.points for item in inside)
        if pieces == 1:
            executions = sum((item.shots or 0) * item.points for item in inside)
            jobs.append(PlannedJob(span, 0, 1, shots, executions, payload))
        else:
            for piece, part in enumerate(parts(inside[0].shots or 0, pieces)):
                jobs.append(PlannedJob(span, piece, pieces, part, part * points, payload))
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


def _pieces(index: int, item: Item, limits: Limits) -> int:
    """Return the number of pieces of a circuit's shots.

    Raises:
        LimitError: the circuit alone exceeds a limit, or would have more than ``MOST_JOBS`` pieces.
    """
    if limits.payload_bytes is not None and item.payload_bytes > limits.payload_bytes:
        raise LimitError(
            f"circuit {index} alone is {item.payload_bytes:,} bytes, "
            f"beyond the limit of {limits.payload_bytes:,} bytes per job"
        )
    if limits.executions is not None and item.points > limits.executions:
        raise LimitError(
            f"circuit {index} runs with {item.points:,} parameter sets, beyond the limit of "
            f"{limits.executions:,} executions per job; parameter sets are not cut: give it as several"
        )
    if item.shots is None:
        return 1
    most = item.shots
    if limits.shots is not None:
        most = min(most, limits.shots)
    if limits.executions is not None:
        most = min(most, limits.executions // item.points)
    pieces = -(-item.shots // most) if item.shots else 1
    if pieces > MOST_JOBS:
        raise LimitError(
            f"circuit {index} with {item.shots:,} shots would be cut into {pieces:,} jobs, beyond the"
            f" limit of {MOST_JOBS:,}: run it with fewer shots, or raise the limit of shots per job"
        )
    return pieces


def _fill(items: Sequence[Item], start: int, limits: Limits) -> tuple[int, int]:
    """Return the end of the longest span from ``start`` that fits in a job, and its number of pieces."""
    first = items[start]
    pieces = _pieces(start, first, limits)
    shots = parts(first.shots, pieces)[0] if first.shots is not None else None
    most_circuits = limits.circuits or len(items)
    executions = (shots or 0) * first.points
    payload = first.payload_bytes
    drawn = {first.shots: first.points}
    stop = start + 1
    while stop < len(items) and stop - start < most_circuits:
        item = items[stop]
        same = item.shots == first.shots
        if not same and (limits.one_shots or pieces > 1 or _pieces(stop, item, limits) > 1):
            break
        if _pieces(stop, item, limits) != pieces:
            break
        # A job has one seed. From it to each circuit, there must be as many steps as in the plain run.
        if item.place is not None:
            if item.place - drawn.get(item.shots, 0) != first.place:
                break
            drawn[item.shots] = drawn.get(item.shots, 0) + item.points
        executions += ((shots if same else item.shots) or 0) * item.points
        payload += item.payload_bytes
        if limits.executions is not None and executions > limits.executions:
            break
        if limits.payload_bytes is not None and payload > limits.payload_bytes:
            break
        stop += 1
    return stop, pieces
