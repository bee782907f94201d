"""The protocols of a backend adapter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.splitting import Limits, PlannedJob
from qjm_widgets.core.submission import Submission


class BackendAdapter(Protocol):
    """A way to run circuits. Calls may block; they come from threads of the adapter's own.

    At a time there is one submission, one question for states, one for a result, and one call about a
    single job (a cancellation, a look-up): more only while one of them hangs.

    Attributes:
        name: the backend's name.
        kind: the adapter's name, as stored.
        limits: how jobs have to be cut.
        default_shots: shots where the user names none; None when nobody knows.
        survives_kernel: whether its jobs outlive this process; None where nobody knows.
        runs_inside_submit: the call that submits also computes.
        max_pending: how many unfinished jobs it takes at once; None: any number.
        pace: how fast it takes submissions; None: as fast as they come.
        account: what the pace belongs to, as text without secrets.
        finds: whether ``find`` can look for the tag of an attempt.
        settling: seconds after which a job that was accepted can be found for certain.
        recipe: how to make the backend again (``module:Class``), where it is a plain simulator.

    One that has ``sends_blocks`` (True) is given circuits as they were written, where they were; one
    that has ``lists`` (True) is asked for all its jobs in one call; one that has ``close`` is closed
    with its manager; ``submit_seconds`` says how long a submission is waited for before it is looked up.
    """

    name: str
    kind: str
    limits: Limits
    default_shots: int | None
    survives_kernel: bool | None
    runs_inside_submit: bool
    max_pending: int | None
    pace: Pace | None
    account: str
    finds: bool
    settling: float
    recipe: str | None

    @property
    def seed_rule(self) -> SeedRule:
        """What a run makes of its seed, circuit by circuit."""

    def option_names(self) -> KnownOptions:
        """The run options that the backend knows."""

    def check(self, works: Sequence[CircuitInput], options: Mapping[str, Any]) -> None:
        """Refuse what the backend would refuse, before anything is stored.

        Raises:
            CircuitError: names the circuit.
        """

    def check_cut(self, works: Sequence[CircuitInput], start: int, options: Mapping[str, Any]) -> None:
        """Refuse to cut the shots of these circuits (the first has index ``start``) into several jobs.

        Raises:
            CircuitError: names the circuit, and what of its results could not be merged.
        """

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """A seed for each shot piece of the first circuit, from where ``seed_rule`` goes on.

        Raises:
            InputError: pieces above 1, and every piece would draw the same samples.
        """

    def submit(self, submission: Submission) -> Any:
        """Send a job and give its handle."""

    def job_id(self, handle: Any) -> str | None:
        """The provider's id of a job."""

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Ask for the state of jobs; ``report(index, …)`` for each, with the outcome when it is done."""

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        """The handle of a job that was sent before, by another process perhaps.

        Args:
            job_id: the provider's id.
            names: the names of the job's circuits.

        Raises:
            NotFoundError: the backend does not know it, or cannot have jobs back.
        """

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        """The handles of all jobs that carry this identity; asked only where ``finds``."""

    def cancel(self, handle: Any) -> bool:
        """Ask for a cancellation; False when the backend says no."""


@runtime_checkable
class RemoteAdapter(Protocol):
    """Further methods of an adapter whose provider keeps names, tags and results of jobs.

    Attributes:
        poll_seconds: shortest and longest time between two polls, in seconds.
    """

    poll_seconds: tuple[float, float]

    def check_labels(self, name: str, tags: Sequence[str]) -> None:
        """Refuse a name or tags that the provider would refuse.

        Raises:
            InputError: the error says which, and what is allowed.
        """

    def relabel(
        self, jobs: Sequence[tuple[str, str]], name: str, tags: Sequence[str]
    ) -> dict[str, Exception]:
        """Give jobs another name and other tags; their identities stay.

        Args:
            jobs: the provider's id and the identity of each.
            name: of the set.
            tags: the user's.

        Returns:
            The failures, by the id of the job.
        """

    def cancel_several(
        self, handles: Sequence[Any], report: Callable[[int, bool | Exception], None]
    ) -> None:
        """Request several cancellations at once; ``report(index, …)`` gets the result of ``cancel``."""

    def outcome(self, job_id: str, names: Sequence[str]) -> JobOutcome | None:
        """Fetch the outcome of a job; None if the provider has no result of it."""

    def qpu_seconds(self, jobs: Sequence[PlannedJob]) -> float:
        """Estimate the quantum processor time of jobs, in seconds."""
