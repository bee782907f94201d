"""The base classes of the adapters; an adapter is the code that uses one kind of backend."""

from __future__ import annotations

import abc
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.splitting import Item, Limits, PlannedJob
from qjm_widgets.core.submission import Submission


class BackendAdapter(abc.ABC):
    """The base class of all adapters.

    Derive from it, assign ``name``, ``kind`` and ``account``, and override the abstract methods. The
    other attributes and methods have defaults for a backend of which nothing is known.

    Calls may block, because they are made on the adapter's own threads. At most one submission, one
    poll, one retrieval of a result and one call about a single job (a cancellation or a search) run at a
    time. Further calls start only if a call hangs.

    Attributes:
        name: the backend's name.
        kind: the adapter's name, as stored.
        account: the account to which ``pace`` applies, as text without secrets.
        limits: the limits by which circuits are cut into jobs.
        default_shots: shots per circuit if the user gives no number; None if it is unknown.
        estimates: whether it is an estimator: it takes PUBs with observables, and no shots.
        runs_programs: whether it takes a quantum program of IBM Quantum's, whose items are the circuits.
        default_precision: an estimator's precision if the user gives none; None if it is unknown.
        lifetime: whether its jobs outlive the kernel.
        runs_inside_submit: whether ``submit`` also runs the circuits.
        max_pending: how many unfinished jobs the backend accepts at once; None for any number.
        pace: how many submissions the backend accepts in a period; None for any number.
        finds: whether ``find`` can search for the tag of an attempt.
        settling: seconds after which ``find`` is certain to find an accepted job.
        recipe: ``module:Class`` of a plain simulator, from which it can be made again; else None.
        sends_blocks: whether ``submit`` uses ``Submission.block`` if the circuits are stored as a block.
        lists: whether ``observe`` polls all jobs in one request; then each call gets all jobs.
        submit_seconds: seconds after which an unanswered submission is reconciled.
    """

    name: str
    kind: str
    account: str
    limits: Limits = Limits()
    default_shots: int | None = None
    estimates: bool = False
    runs_programs: bool = False
    default_precision: float | None = None
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
        """The rule by which a run derives the seed of each circuit; ``UNKNOWN`` by default."""
        return SeedRule.UNKNOWN

    def refresh(self) -> None:  # noqa: B027
        """Read again what a user may have changed at the backend, before a set is planned.

        These are the defaults of shots and precision, and the recipe. By default nothing is read.
        """

    def option_names(self) -> KnownOptions:
        """Return the names of the run options that the backend knows; by default, any name."""
        return KnownOptions(frozenset(), others=True)

    def own_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the adapter's run options for those that a library gave to ``Backend.run``.

        By default they are the same.

        Raises:
            InputError: the adapter cannot run circuits with an option.
        """
        return dict(options)

    def check(  # noqa: B027
        self, inputs: Sequence[CircuitInput], options: Mapping[str, Any], start: int = 0
    ) -> None:
        """Refuse circuits and options that the backend would refuse, before anything is stored.

        By default nothing is refused.

        Args:
            inputs: the circuits.
            options: the run options.
            start: the index of the first of them.

        Raises:
            CircuitError: the backend would refuse a circuit; the error names it.
        """

    @property
    def usage(self) -> str | None:
        """How much of the account's time is used and left, as a phrase; None if it is not known."""
        return None

    @property
    def notice(self) -> str | None:
        """Why the provider runs no job of the account, as a phrase; None if it does."""
        return None

    def notes(self, inputs: Sequence[CircuitInput]) -> tuple[str, ...]:
        """Return what the user should know before the circuits are sent, a phrase each."""
        return ()

    def identity(self) -> str:
        """Return a text that is equal for equal backends with equal settings, in any process.

        Raises:
            ValueError: the backend cannot be compared with another one; the error gives the reason.
        """
        return f"{self.kind}, {self.account}, {self.name}"

    def calibrated_at(self) -> float | None:
        """Return when the backend was calibrated last, in seconds since 1970; None if it never is.

        Raises:
            ProviderError: the provider refused the request or did not answer.
        """
        return None

    def sized(self, inputs: Sequence[CircuitInput], items: Sequence[Item]) -> Sequence[Item]:
        """Return the items of circuits with the gates and instructions that ``limits`` limits.

        By default there are no such limits.
        """
        return items

    def check_cut(  # noqa: B027
        self, inputs: Sequence[CircuitInput], start: int, options: Mapping[str, Any]
    ) -> None:
        """Refuse to cut the shots of circuits if their results could not be merged.

        By default everything can be merged.

        Args:
            inputs: the circuits.
            start: the index of the first of them.
            options: the run options.

        Raises:
            CircuitError: the results of a circuit could not be merged; the error names the circuit and
                the part of its results.
        """

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """Return a seed for each shot piece of the first circuit; None for a piece without a seed.

        The seeds of the other circuits follow by ``seed_rule``. By default no piece has a seed.

        Raises:
            InputError: there are several pieces, and all of them would draw the same samples.
        """
        return [None] * pieces

    @abc.abstractmethod
    def submit(self, submission: Submission) -> Any:
        """Submit a job and return its handle."""

    @abc.abstractmethod
    def job_id(self, handle: Any) -> str | None:
        """Return the provider's id of a job; None if the job has no id."""

    def native_job(self, handle: Any) -> Any:
        """Return the provider's own job object, or None; by default the handle."""
        return handle

    def batch_id(self, handle: Any) -> str | None:
        """Return the provider's id of the batch in which a job runs, or None; by default None."""
        return None

    def sent_all(self, set_id: str) -> Callable[[], None] | None:
        """Return what is to be called after all jobs of a set were sent; by default None.

        It is asked for repeatedly, and must not block; the call may. A retry may send jobs again.
        """
        return None

    @abc.abstractmethod
    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Poll jobs, and call ``report`` for each.

        Args:
            handles: the jobs.
            report: takes the job's index in ``handles``, and its observation (with the outcome if the
                job is done) or the error of the poll.
        """

    def call_when_ended(self, handle: Any, callback: Callable[[], None]) -> bool:
        """Call back once, on any thread, when a job has ended; it is polled then at once.

        Returns:
            Whether the callback will be called. By default not: jobs are only polled at intervals.
        """
        return False

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
        """Return the handles of all jobs with an identity; called only if ``finds`` is true.

        Args:
            identity: the ``Submission.identity`` of an attempt.
            names: the names of the job's circuits.
        """
        return []

    @abc.abstractmethod
    def cancel(self, handle: Any) -> bool:
        """Request a cancellation; return False if the backend refuses it."""

    def close(self) -> None:  # noqa: B027
        """Release the adapter's resources when its manager closes; by default do nothing."""


class RemoteAdapter(BackendAdapter):
    """The base class of the adapters of a provider that keeps names, tags and results of jobs.

    Attributes:
        poll_seconds: the shortest and the longest time between two polls, in seconds.
    """

    poll_seconds: tuple[float, float]

    @abc.abstractmethod
    def check_labels(self, name: str, tags: Sequence[str]) -> None:
        """Refuse a name or tags that the provider would refuse.

        Raises:
            InputError: a tag breaks a rule of the provider; the error names both.
        """

    @abc.abstractmethod
    def relabel(
        self, jobs: Sequence[tuple[str, str]], name: str, tags: Sequence[str]
    ) -> dict[str, Exception]:
        """Give jobs another name and other tags of the user; their identities stay the same.

        Args:
            jobs: for each job, the provider's id and the identity of its attempt.
            name: the new name of the set.
            tags: the user's new tags.

        Returns:
            The errors, by the provider's id of the job.
        """

    @abc.abstractmethod
    def cancel_several(
        self, handles: Sequence[Any], report: Callable[[int, bool | Exception], None]
    ) -> None:
        """Request several cancellations, and call ``report`` for each.

        Args:
            handles: the jobs.
            report: takes the job's index in ``handles``, and the answer as ``cancel`` returns it, or an
                error.
        """

    @abc.abstractmethod
    def outcome(self, job_id: str, names: Sequence[str]) -> JobOutcome | None:
        """Return the outcome of a job, fetched from the provider; None if the provider has no result."""

    def metrics(self, job_id: str) -> dict[str, float]:
        """Return what the provider knows of a job that has ended, as fields of its record.

        The fields are ``sent_at``, ``running_at`` and ``finished_at`` in seconds since 1970, UTC, and
        ``qpu_seconds``. By default nothing is known.

        Raises:
            NotFoundError: the provider has no such job.
            ProviderError: the provider refused the request or did not answer.
        """
        return {}

    @abc.abstractmethod
    def qpu_seconds(self, jobs: Sequence[PlannedJob]) -> float:
        """Return a rough estimate of the quantum processor time that jobs will take, in seconds."""
