"""Records of job sets and jobs, as they are stored.

Times are seconds since 1970, UTC. Circuits are numbered from 0 in the order of the input.
"""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Any, NamedTuple

from qjm_widgets.core.record_fields import LONG_TEXT, Rule


class Status(enum.StrEnum):
    """The status of one job; the members are in the order of a job's life."""

    NOT_SENT = "not_sent"
    SENDING = "sending"
    HELD = "held"
    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    ERROR = "error"
    CANCELLED = "cancelled"

    @property
    def final(self) -> bool:
        """Whether the job has ended; only a retry can change its status then."""
        return self in _FINAL

    @property
    def remote(self) -> bool:
        """Whether a backend has the job now."""
        return self is Status.QUEUED or self is Status.RUNNING

    @property
    def settled(self) -> bool:
        """Whether the job has ended or is held, so that it no longer counts as unfinished."""
        return self in _FINAL or self is Status.HELD


_FINAL = frozenset({Status.DONE, Status.ERROR, Status.CANCELLED})


class Span(NamedTuple):
    """The half-open range ``start:stop`` of circuit indices, or of points, that one job holds."""

    start: int
    stop: int

    def __len__(self) -> int:
        return self.stop - self.start

    def __contains__(self, circuit: object) -> bool:
        return isinstance(circuit, int) and self.start <= circuit < self.stop

    def overlaps(self, other: Span) -> bool:
        """Return whether the ranges have anything in common."""
        return self.start < other.stop and other.start < self.stop

    def __str__(self) -> str:
        last = self.stop - 1
        return str(self.start) if last == self.start else f"{self.start}–{last}"


#: Orders a job of all points before the jobs of ranges.
_ALL_POINTS = Span(0, 0)


@dataclass(frozen=True, slots=True)
class JobSetRecord:
    """A job set (all jobs of one ``run``) as the store has it.

    Attributes:
        set_id: 32 hexadecimal digits.
        backend: the backend's name.
        adapter: the kind of the adapter (``backend_run``, ``sampler``, …).
        circuits: number of circuits.
        shots: fewest and most shots of a circuit; None if the backend decides.
        tags: the user's tags.
        precision: least and greatest precision of an estimator's PUBs; None if the estimator decides.
        estimates: whether the set gives expectation values, and no counts.
        options: run options that JSON can hold, by name.
        unstored_options: names of the other run options, which are in memory only.
        survives_kernel: whether the jobs outlive the kernel; None if it is unknown.
        rerun_on_resume: whether ``resume`` runs jobs again that may be lost; None if the user did not
            say.
        resumable: False for a set that was adopted or assembled from a provider's jobs, which have no
            circuits.
        complete: False while ``run`` is still writing the set, or takes its circuits from an iterator;
            then only its first circuits are stored.
        transpiles: whether a pass manager transpiles the circuits before they are submitted.
        recipe: ``module:Class`` of a plain simulator, from which it can be made again.
        batch_id: the provider's id of the batch in which the jobs run; None if there is no batch.
        max_qpu_seconds: the budget of quantum processor time, in seconds; when the set has used it, no
            further job is submitted. None for no budget.
        unstored_circuits: ascending indices of the circuits that could not be stored; they are submitted
            from memory.
        points: points of all circuits together; None if each has one, or it is unknown.
        fingerprint: 64 hexadecimal digits of what was run, and 64 of where; None if it was run without
            ``reuse``.
        group: the name of the group of sets to which it belongs; None if it belongs to none.
        value: the number that the user's code recorded for the set (``JobSetGroup.record``), or None.
        taken: whether its circuits were taken from an iterator, while jobs were submitted already.
    """

    set_id: Annotated[str, Rule(characters=32)]
    name: str
    backend: str
    adapter: Annotated[str, Rule(characters=100)]
    circuits: Annotated[int, Rule(least=1, most=10_000_000)]
    created_at: float
    shots: tuple[int, int] | None = None
    tags: tuple[str, ...] = ()
    options: Mapping[str, Any] = field(default_factory=dict)
    unstored_options: tuple[str, ...] = ()
    survives_kernel: bool | None = None
    rerun_on_resume: Annotated[bool | None, Rule(local=True)] = None
    resumable: bool = True
    complete: Annotated[bool, Rule(later=True)] = True
    transpiles: Annotated[bool, Rule(later=True)] = False
    recipe: Annotated[str | None, Rule(local=True)] = None
    batch_id: str | None = None
    max_qpu_seconds: float | None = None
    unstored_circuits: Annotated[tuple[int, ...], Rule(later=True)] = ()
    precision: Annotated[tuple[float, float] | None, Rule(later=True)] = None
    estimates: Annotated[bool, Rule(later=True)] = False
    points: Annotated[int | None, Rule(later=True)] = None
    fingerprint: Annotated[str | None, Rule(local=True)] = None
    group: Annotated[str | None, Rule(later=True)] = None
    value: Annotated[float | None, Rule(later=True, signed=True)] = None
    taken: Annotated[bool, Rule(later=True)] = False


@dataclass(frozen=True, slots=True)
class JobRecord:
    """One job: a span of circuits, or a range of the points of one, or one piece of their shots.

    Attributes:
        row: the number of the job in its set, from 0; it never changes.
        span: the circuits that the job holds.
        piece: the index of the job's piece of the span's shots, from 0.
        pieces: the number of pieces of the span's shots; 1 if the shots are not cut.
        shots: shots per circuit; None if circuits differ or the backend decides.
        precision: precision of an estimator's PUBs; None if they differ or the estimator decides.
        seed: the seed of this job; None if it has no seed.
        cancel_requested: whether the user has requested to cancel the job.
        attempt: 1 for the first submission; each retry adds 1.
        job_id: the provider's id of this attempt; None if it is not known.
        since: time of the last change of status.
        sent_at, running_at, finished_at: times when this attempt was submitted, began to run and ended;
            None before each.
        checked_at: time of the backend's last answer for this job.
        error: the complete reason why the job failed.
        last_error: the latest reason why a submission, poll or cancellation failed or why the job is
            held; None if the job was answered normally since.
        queue_position: the job's place in the backend's queue, from 1; None if it is unknown.
        estimated_seconds: the backend's estimate of the run time, in seconds.
        qpu_seconds: quantum processor time in seconds that this attempt has used, as the backend counts
            it.
        note: further text about the job, such as values that could not be stored.
        spent_seconds: quantum processor time in seconds that the earlier attempts have used.
        failed_circuits: for a done job, ascending indices in the set of its circuits that failed and
            that no newer job holds.
        retryable: False if its circuits could not be prepared or are missing. Then it can never be
            submitted again, and ``error`` says what to do instead.
        points: the half-open range of points of its one circuit, in flattened (C) order; None for all
            points of its circuits.
        pub_shape: the shape of all points of that circuit; empty if ``points`` is None.
    """

    row: int
    span: Span
    piece: int = 0
    pieces: Annotated[int, Rule(least=1)] = 1
    shots: int | None = None
    seed: Annotated[int | None, Rule(as_text=True, characters=100)] = None
    status: Status = Status.NOT_SENT
    cancel_requested: bool = False
    attempt: Annotated[int, Rule(least=1)] = 1
    job_id: str | None = None
    since: float = 0.0
    sent_at: float | None = None
    running_at: float | None = None
    finished_at: float | None = None
    checked_at: float | None = None
    error: Annotated[str | None, Rule(characters=LONG_TEXT)] = None
    last_error: Annotated[str | None, Rule(characters=LONG_TEXT)] = None
    queue_position: int | None = None
    estimated_seconds: float | None = None
    qpu_seconds: float | None = None
    note: Annotated[str | None, Rule(characters=LONG_TEXT)] = None
    spent_seconds: Annotated[float | None, Rule(later=True)] = None
    failed_circuits: Annotated[tuple[int, ...], Rule(later=True, empty_is_null=True)] = ()
    retryable: Annotated[bool, Rule(later=True)] = True
    precision: Annotated[float | None, Rule(later=True)] = None
    points: Annotated[Span | None, Rule(later=True)] = None
    pub_shape: Annotated[tuple[int, ...], Rule(later=True, empty_is_null=True)] = ()

    @property
    def place(self) -> tuple[Span, Span, int]:
        """The sort key of jobs: circuits, then points, then pieces of the shots."""
        return self.span, self.points or _ALL_POINTS, self.piece

    @property
    def cancelled(self) -> bool:
        """Whether it ended without a result after the user requested its cancellation."""
        failed = self.status is Status.ERROR and self.cancel_requested
        return failed or self.status is Status.CANCELLED

    @property
    def pub_points(self) -> int | None:
        """The number of all points of its one circuit; None if ``points`` is None."""
        return None if self.points is None else math.prod(self.pub_shape)

    @property
    def where(self) -> str:
        """The circuits and points of the job as text: "0–99", "3 · points 0–999"."""
        return str(self.span) if self.points is None else f"{self.span} · points {self.points}"

    @property
    def flawed(self) -> bool:
        """Whether the job is done and some of its circuits failed."""
        return self.status is Status.DONE and bool(self.failed_circuits)

    @property
    def all_qpu_seconds(self) -> float | None:
        """Quantum processor time of all attempts, in seconds; None if it is unknown."""
        known = [used for used in (self.spent_seconds, self.qpu_seconds) if used is not None]
        return sum(known) if known else None


class StatusChange(NamedTuple):
    """One line of a job's history: a status that the job had from the time ``at`` on."""

    row: int
    attempt: Annotated[int, Rule(least=1)]
    status: Status
    at: float
    job_id: str | None
    text: Annotated[str | None, Rule(characters=LONG_TEXT)]
