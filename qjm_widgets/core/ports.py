"""The ports of the engine: JobStore, BackendAdapter, Clock."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol, TypeAlias

from qjm_widgets._printable import printable_result
from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.formatting import summary, unresumable
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import JobRecord, JobSetRecord, Span, Status, StatusChange
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.splitting import Item, Limits, PlannedJob

#: Bytes, whole or in pieces one after another.
Encoded: TypeAlias = bytes | bytearray | memoryview | Sequence[bytes | memoryview]


class Clock(Protocol):
    """Where time comes from, so that a test can drive it."""

    def time(self) -> float:
        """Seconds since 1970, UTC: for records."""

    def monotonic(self) -> float:
        """Seconds that never go back: for waiting."""


class CircuitBlock(NamedTuple):
    """Consecutive circuits of a set, written.

    ``data`` is the circuits in ``encoding``; ``notes`` is JSON: what the encoding does not carry
    (metadata, parameter values). ``untranspiled``: the set's pass manager has still to transpile them.
    """

    span: Span
    encoding: str
    data: bytes
    notes: str
    untranspiled: bool = False


class SetSummary(NamedTuple):
    """A set in the store's list: nothing but the set's row and how many jobs are in each status.

    ``owner`` says who drives it now ("this kernel", "another kernel (process 12 on host)"); None where
    nobody does, or all its jobs have ended. ``flawed`` is how many of the jobs that are done have failed
    circuits.
    """

    record: JobSetRecord
    jobs: Mapping[Status, int]
    owner: str | None = None
    flawed: int = 0

    @property
    def over(self) -> bool:
        """Whether all jobs have ended."""
        return all(status.final or not number for status, number in self.jobs.items())

    @property
    def unfinished(self) -> bool:
        """Whether jobs are left that have not ended and are not held."""
        return any(number and not status.settled for status, number in self.jobs.items())

    @property
    def under_way(self) -> bool:
        """Whether somebody drives unfinished jobs."""
        return self.unfinished and self.owner is not None

    @property
    def interrupted(self) -> bool:
        """Whether jobs are unfinished and nobody drives them."""
        return self.unfinished and self.owner is None

    @printable_result
    def __repr__(self) -> str:
        told = str(summary(self.jobs, flawed=self.flawed))
        if not self.record.complete:
            told += "; saved in part"
        if self.interrupted:
            told += "; interrupted"
        elif self.under_way:
            told += f"; driven by {self.owner}"
        if self.record.unstored_circuits:
            told += f"; {unresumable(self.record)}"
        return f"<SetSummary {self.record.name!r} {self.record.set_id}: {told}>"


@dataclass(slots=True)
class Changes:
    """What one transaction writes for one set.

    ``outcomes`` are encoded (``encode_outcome``) and keyed by row.
    """

    jobs: list[JobRecord] = field(default_factory=list)
    history: list[StatusChange] = field(default_factory=list)
    outcomes: dict[int, Encoded] = field(default_factory=dict)

    def rows(self) -> list[int]:
        """The jobs that are in it."""
        lines = (line.row for line in self.history)
        return list(dict.fromkeys([*(job.row for job in self.jobs), *lines, *self.outcomes]))

    def of(self, row: int) -> Changes:
        """What is in it of one job."""
        return Changes(
            [job for job in self.jobs if job.row == row],
            [line for line in self.history if line.row == row],
            {row: self.outcomes[row]} if row in self.outcomes else {},
        )

    def drop(self, row: int) -> None:
        """Leave out what is in it of one job."""
        self.jobs = [job for job in self.jobs if job.row != row]
        self.history = [line for line in self.history if line.row != row]
        self.outcomes.pop(row, None)


class JobStore(Protocol):
    """What the store keeps. Every method is safe from any thread; every write is one transaction.

    Raises:
        StoreError: one of its kinds, from any method.
    """

    path: str

    def create_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock] = ()
    ) -> None:
        """Store a new set with jobs and circuits, owned by this store; a known id is a StoreError."""

    def extend_set(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], blocks: Sequence[CircuitBlock]
    ) -> None:
        """Append jobs and circuits to a set, and replace its row.

        Raises:
            LeaseLostError: another store owns the set now; nothing was written.
        """

    def add_set(self, record: JobSetRecord, changes: Changes, blocks: Sequence[CircuitBlock]) -> None:
        """Store a whole set in one transaction, owned by nobody; a known id is a StoreError."""

    def update_set(self, record: JobSetRecord) -> None:
        """Replace the row of a known set."""

    def commit(self, changes: Mapping[str, Changes]) -> None:
        """Write the changes of several sets, by set id, in one transaction.

        Raises:
            LeaseLostError: another store owns one of them now; nothing was written.
            StoreValueError: some of it can never be written; it says what, and nothing was written.
        """

    def put_circuits(self, set_id: str, blocks: Sequence[CircuitBlock]) -> None:
        """Write circuits of a set; a block replaces one of the same span."""

    def get_circuits(self, set_id: str, span: Span) -> list[CircuitBlock]:
        """The blocks that overlap the span, in order."""

    def untranspiled(self, set_id: str) -> list[Span]:
        """The blocks that the set's pass manager has still to transpile, in order."""

    def load_set(self, set_id: str) -> tuple[JobSetRecord, list[JobRecord]]:
        """A set and its jobs in the order of rows.

        Raises:
            JobSetNotFoundError: no such set.
        """

    def get_outcome(self, set_id: str, row: int) -> bytes | memoryview | None:
        """The encoded outcome of a job, or None."""

    def job_history(self, set_id: str, row: int) -> list[StatusChange]:
        """Every status that a job had, oldest first."""

    def summaries(self, name: str | None = None, limit: int | None = None) -> list[SetSummary]:
        """All sets, newest first."""

    def size(self) -> int:
        """Bytes that the store takes."""

    def delete_set(self, set_id: str) -> None:
        """Forget a set and all that belongs to it; unknown ids are an error.

        Raises:
            JobSetNotFoundError: no such set.
        """

    def claim(self, set_id: str) -> bool:
        """Own a set from now on, so that its changes can be written.

        Returns:
            Whether nobody has owned it in this store before: it came from elsewhere.

        Raises:
            DrivenElsewhereError: another store that lives owns it.
        """

    def release(self, set_id: str) -> None:
        """Own a set no more; nothing happens where it is not owned."""

    def owner(self, set_id: str) -> str | None:
        """Who drives a set now, in words, where that is another store that lives; else None."""

    def beat(self) -> None:
        """Tell other hosts that this store lives."""

    def take_token(self, key: str, pace: Pace, now: float) -> float:
        """Note a submission and give 0, where the pace that all kernels share allows one; else the wait.

        Args:
            key: the account.
            pace: how many it takes.
            now: seconds since 1970, UTC: the clock that kernels share.

        Returns:
            Seconds to wait.
        """

    def version(self) -> int:
        """A number that changes when another store writes the same file."""

    def close(self) -> None:
        """Let go of the file; a second call does nothing."""


@dataclass(frozen=True, slots=True)
class Work:
    """One circuit as it is sent: a PUB. ``values`` is a sampler's BindingsArray, or None."""

    circuit: Any
    values: Any = None
    shots: int | None = None


def item_of(work: Work) -> Item:
    """What splitting and seeds have to know of a circuit."""
    return Item(work.shots, 1 if work.values is None else int(work.values.size))


@dataclass(frozen=True, slots=True)
class Submission:
    """What one job sends.

    ``identity`` is text that tells this attempt of this job from every other (a tag, where the provider
    has tags). ``batch_id`` is the batch in which the set's jobs ran so far, where there are batches.
    ``block`` is the circuits as they were written, for an adapter with ``sends_blocks``;
    where it is there, ``works`` is empty.
    """

    works: Sequence[Work]
    shots: int | None
    seed: int | None
    options: Mapping[str, Any]
    identity: str
    name: str
    tags: tuple[str, ...]
    block: CircuitBlock | None = None
    batch_id: str | None = None


#: No circuit of a job has failed.
NONE_FAILED: Mapping[int, str] = MappingProxyType({})


class Observation(NamedTuple):
    """What a backend says of a job. ``status`` None: it said nothing that we understand.

    ``running_at`` and ``finished_at`` are seconds since 1970, UTC, where the backend tells them; else
    the time of the answer is taken. The others are as in ``JobRecord``; None takes back what was said
    before, except of ``qpu_seconds``. An outcome may be encoded already (``encode_outcome``). Beside
    one that is encoded, ``failed`` says what its ``JobOutcome.failed`` would.

    ``fetch`` is there where the job has ended, and what it gave is still at the backend: it gives the
    end of the job with its outcome, or the error with which that failed. It may take long: it is called
    once, beside other questions.
    """

    status: Status | None
    text: str | None = None
    outcome: JobOutcome | bytes | None = None
    running_at: float | None = None
    finished_at: float | None = None
    queue_position: int | None = None
    estimated_seconds: float | None = None
    qpu_seconds: float | None = None
    note: str | None = None
    failed: Mapping[int, str] = NONE_FAILED
    fetch: Callable[[], Observation | BaseException] | None = None


class RemoteJob(NamedTuple):
    """A job as a provider lists it; ``created_at`` is in seconds since 1970, UTC."""

    job_id: str
    backend: str
    tags: tuple[str, ...]
    created_at: float
    observation: Observation
    batch_id: str | None = None


class BackendAdapter(abc.ABC):
    """A way to run circuits: the base class of all adapters.

    Derive from it, assign ``name``, ``kind`` and ``account``, and override the abstract methods; the
    other attributes and methods have defaults for a backend of which nothing is known. Calls may block:
    they are made on the adapter's own threads. At most one submission, one poll, one retrieval of a
    result and one call about a single job (a cancellation, a search) run at a time; further ones start
    only if a call hangs.

    Attributes:
        name: the backend's name.
        kind: the adapter's name, as stored.
        account: the account to which ``pace`` applies, as text without secrets.
        limits: the limits by which circuits are cut into jobs.
        default_shots: shots if the user names none; None if unknown.
        lifetime: whether its jobs outlive the kernel.
        runs_inside_submit: whether ``submit`` also computes.
        max_pending: how many unfinished jobs it takes at once; None: any number.
        pace: how many submissions it takes in a period; None: any number.
        finds: whether ``find`` can search for the tag of an attempt.
        settling: seconds after which ``find`` is certain to find an accepted job.
        recipe: how to make the backend again (``module:Class``), if it is a plain simulator.
        sends_blocks: whether ``Submission.block`` is sent, if the circuits are stored as a block.
        lists: whether one call of ``observe`` polls all jobs, so that it gets them all.
        submit_seconds: seconds after which an unanswered submission is reconciled.
    """

    name: str
    kind: str
    account: str
    limits: Limits = Limits()
    default_shots: int | None = None
    lifetime: JobLifetime = JobLifetime.UNKNOWN
    runs_inside_submit: bool = False
    max_pending: int | None = None
    pace: Pace | None = None
    finds: bool = False
    settling: float = 0.0
    recipe: str | None = None
    sends_blocks: bool = False
    lists: bool = False
    submit_seconds: float = 600.0

    @property
    def seed_rule(self) -> SeedRule:
        """What a run makes of its seed, circuit by circuit; unknown by default."""
        return SeedRule.UNKNOWN

    def option_names(self) -> KnownOptions:
        """Return the run options that the backend knows; any by default."""
        return KnownOptions(frozenset(), others=True)

    def check(self, works: Sequence[Work], options: Mapping[str, Any]) -> None:  # noqa: B027
        """Refuse circuits and options that the backend would refuse, before anything is stored.

        By default nothing is refused.

        Raises:
            CircuitError: names the circuit.
        """

    def check_cut(  # noqa: B027
        self, works: Sequence[Work], start: int, options: Mapping[str, Any]
    ) -> None:
        """Refuse to cut the shots of circuits if their results could not be merged.

        By default everything can be merged.

        Args:
            works: the circuits.
            start: the index of the first of them.
            options: the run options.

        Raises:
            CircuitError: names the circuit and the part of its results.
        """

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """Return a seed for each shot piece of the first circuit, from where ``seed_rule`` goes on.

        By default no piece has one.

        Raises:
            InputError: pieces above 1, and every piece would draw the same samples.
        """
        return [None] * pieces

    @abc.abstractmethod
    def submit(self, submission: Submission) -> Any:
        """Submit a job and return its handle."""

    @abc.abstractmethod
    def job_id(self, handle: Any) -> str | None:
        """Return the provider's id of a job; None if it has none."""

    def native_job(self, handle: Any) -> Any:
        """Return the provider's own job object, or None; by default the handle."""
        return handle

    def batch_id(self, handle: Any) -> str | None:
        """Return the provider's id of the batch in which a job runs; by default there is none."""
        return None

    @abc.abstractmethod
    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Poll jobs: call ``report(index, observation)`` for each, with the outcome if it is done."""

    @abc.abstractmethod
    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        """Return the handle of a job that was submitted before, perhaps by another process.

        Args:
            job_id: the provider's id.
            names: the names of the job's circuits.

        Raises:
            NotFoundError: the backend does not know the job, or cannot retrieve jobs.
        """

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        """Return the handles of all jobs with this identity; called only if ``finds`` is true."""
        return []

    @abc.abstractmethod
    def cancel(self, handle: Any) -> bool:
        """Request a cancellation; return False if the backend refuses it."""

    def close(self) -> None:  # noqa: B027
        """Release what the adapter holds; called when its manager closes. By default nothing."""


class RemoteAdapter(BackendAdapter):
    """An adapter of a provider that keeps names, tags and results of jobs.

    Attributes:
        poll_seconds: the shortest and the longest time between two polls.
    """

    poll_seconds: tuple[float, float]

    @abc.abstractmethod
    def check_labels(self, name: str, tags: Sequence[str]) -> None:
        """Refuse a name or tags that the provider would refuse.

        Raises:
            InputError: names the tag and the rule.
        """

    @abc.abstractmethod
    def relabel(
        self, jobs: Sequence[tuple[str, str]], name: str, tags: Sequence[str]
    ) -> dict[str, Exception]:
        """Give jobs another name and other tags; their identities stay.

        Args:
            jobs: the provider's id and the identity of each.
            name: of the set.
            tags: the user's.

        Returns:
            The errors, by the id of the job.
        """

    @abc.abstractmethod
    def cancel_several(
        self, handles: Sequence[Any], report: Callable[[int, bool | Exception], None]
    ) -> None:
        """Request several cancellations; ``report(index, answer)`` as ``cancel`` answers."""

    @abc.abstractmethod
    def outcome(self, job_id: str, names: Sequence[str]) -> JobOutcome | None:
        """Fetch the outcome of a job; None if the provider has no result of it."""

    @abc.abstractmethod
    def qpu_seconds(self, jobs: Sequence[PlannedJob]) -> float:
        """Return roughly how much quantum processor time jobs will take."""


class Provider(Protocol):
    """An account at a provider, as far as job sets are concerned."""

    def jobs(self, tag: str) -> list[RemoteJob]:
        """All jobs that carry a tag, oldest first, without their circuits.

        Raises:
            ProviderError: they could not be listed.
        """

    def job(self, job_id: str) -> tuple[RemoteJob, int]:
        """A job, and how many circuits it holds.

        Raises:
            NotFoundError: there is none.
            InputError: it is of a kind that gives no counts.
            ProviderError: it could not be read.
        """

    def backend_of(self, name: str) -> Any:
        """The backend of that name, as ``run`` takes it."""
