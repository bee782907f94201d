"""IBM Quantum: jobs go out by qiskit-ibm-runtime, in a batch, and are watched over REST, set by set."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qjm_widgets._threads import run_concurrently
from qjm_widgets.backends.ibm.account import account_of
from qjm_widgets.backends.ibm.batches import Batches
from qjm_widgets.backends.ibm.client import client_of
from qjm_widgets.backends.ibm.jobs import read_job, read_result
from qjm_widgets.backends.ibm.sampler import (
    BATCH,
    check_batch,
    check_circuits,
    merged_options,
    sampler_options,
    sampler_with,
    sorted_error,
)
from qjm_widgets.backends.ibm.tracker import Sent, Tracker
from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.job_tags import NAME, OURS, OWN_TAGS, job_tags
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.ports import Observation, RemoteAdapter, Submission, Work
from qjm_widgets.core.records import Status
from qjm_widgets.core.splitting import DEFAULT_CIRCUITS_PER_JOB, Limits, PlannedJob
from qjm_widgets.errors import InputError

TAGS = 8
TAG_LENGTH = 86
_DEFAULT_SHOTS = 4096
_RESULTS_WITHIN = 10.0
"""Seconds for which one question fetches results; the rest is fetched by the next."""
_JOB_OVERHEAD = 2.0
_REP_DELAY = 250e-6
"""Seconds between two shots where the device does not tell."""
_LIKELY = (Status.DONE, Status.RUNNING, Status.QUEUED)


class IBMQuantum(RemoteAdapter):
    """Runs jobs on a device of IBM Quantum.

    ``manager.run(circuits, backend=service.backend("ibm_fez"))`` makes one with these defaults; make it
    yourself, and give it to ``run`` in the place of the backend, to change them.

    Args:
        backend: of a ``QiskitRuntimeService``.
        batch: whether jobs run in a batch of their set (True), each by itself (False), or in the batch
            with this id; ``run(…, batch=…)`` says it for one set.
        jobs_per_minute: how many submissions the account may make in any minute.
        max_pending: unfinished jobs at once; None: as many as IBM Quantum takes, which is learned.
        max_circuits: circuits a job.
        max_executions: circuits x shots a job.
        max_payload_bytes: bytes of a job's circuits, as they are written.
        poll_seconds: the shortest and the longest time between two questions about the jobs.
        settling: seconds after which an accepted job is in the lists for certain.
        submit_seconds: a submission that takes longer is looked up instead of waited for; the runtime's
            client itself would wait for ever.
        options: of the runtime's sampler (``SamplerOptions`` or a dict).
        mode: a ``Batch`` or ``Session`` of your own in which all jobs run.

    Raises:
        InputError: a setting is wrong, or the backend's service has no account.
    """

    kind = "ibm"
    lists = True
    finds = True
    lifetime = JobLifetime.BACKEND

    def __init__(
        self,
        backend: Any,
        *,
        batch: bool | str = True,
        jobs_per_minute: float = 5,
        max_pending: int | None = None,
        max_circuits: int | None = DEFAULT_CIRCUITS_PER_JOB,
        max_executions: int | None = 10_000_000,
        max_payload_bytes: int | None = 50_000_000,
        poll_seconds: tuple[float, float] = (1.0, 30.0),
        settling: float = 60.0,
        submit_seconds: float = 300.0,
        options: Any = None,
        mode: Any = None,
    ) -> None:
        check_batch(batch)
        shortest, longest = poll_seconds
        if not (jobs_per_minute > 0 <= settling and submit_seconds > 0 < shortest <= longest):
            raise InputError(
                "jobs_per_minute, submit_seconds and poll_seconds are above 0, settling is at least 0"
            )
        if max_pending is not None and max_pending < 1:
            raise InputError(f"max_pending is at least 1, or None, not {max_pending!r}")
        self.backend = backend
        self.name = str(backend.name)
        self.limits = Limits(max_circuits, None, max_executions, max_payload_bytes, one_shots=True)
        self.max_pending = max_pending
        burst = max(1, round(jobs_per_minute))
        self.pace = Pace(burst, 60.0 * burst / jobs_per_minute)
        self.settling = settling
        self.poll_seconds = poll_seconds
        account = account_of(backend.service, getattr(backend, "_instance", None))
        self.account = account.name
        self._rest = client_of(account)
        self._options = options
        shots = merged_options(options, {}).get("default_shots")
        self.default_shots = shots if isinstance(shots, int) and shots else _DEFAULT_SHOTS
        self._mode = mode
        self._batches = Batches(backend, self._rest, batch)
        self.submit_seconds = submit_seconds
        self._watch = Tracker(self._rest, settling)

    def __repr__(self) -> str:
        return f"<IBMQuantum {self.name}>"

    # -- before anything is sent ---------------------------------------------------------------------

    def option_names(self) -> KnownOptions:
        """Those of the runtime's sampler, and ``batch``."""
        return KnownOptions(sampler_options(), others=False)

    def check(self, works: Sequence[Work], options: Mapping[str, Any]) -> None:
        """Refuse options and circuits that IBM Quantum would refuse."""
        merged_options(self._options, options)
        check_batch(options.get(BATCH, True))
        check_circuits(works, self.backend)

    def qpu_seconds(self, jobs: Sequence[PlannedJob]) -> float:
        """Two seconds a job and the delay between shots, as IBM's guide to estimates says."""
        delay = getattr(self.backend.configuration(), "default_rep_delay", None) or _REP_DELAY
        return sum(_JOB_OVERHEAD + job.executions * float(delay) for job in jobs)

    def check_labels(self, name: str, tags: Sequence[str]) -> None:
        """Refuse more tags than are left to the user, longer ones, and those that look like ours."""
        if len(tags) > TAGS - OWN_TAGS:
            raise InputError(
                f"{len(tags)} tags are too many: of the {TAGS} that a job on IBM Quantum can have, "
                f"{TAGS - OWN_TAGS} are yours"
            )
        for tag in tags:
            if not 0 < len(tag) <= TAG_LENGTH:
                raise InputError(
                    f"a tag on IBM Quantum has 1 to {TAG_LENGTH} characters, unlike {tag!r}"
                )
            if tag == OURS or tag.startswith((f"{OURS}:", NAME)):
                raise InputError(f"a tag that begins as {tag[:12]!r} would be taken for one of ours")

    # -- sending -------------------------------------------------------------------------------------

    def submit(self, submission: Submission) -> Any:
        """Send a job by qiskit-ibm-runtime; what it raises says whether the job may have arrived."""
        try:
            return self._send(submission)
        except Exception as error:
            found = sorted_error(error, self._rest.redact)
            if found is error:
                raise
            raise found from None

    def _send(self, submission: Submission) -> Sent:
        mode = self._batches.of(submission) if self._mode is None else self._mode
        try:
            job = self._sampled(submission, mode)
        except Exception as error:
            # Refused because the batch is closed, and not otherwise: it did not arrive.
            if mode is None or mode is self._mode or not self._batches.is_over(mode, error):
                raise
            mode = self._batches.renew(submission)
            job = self._sampled(submission, mode)
        sent = Sent(str(job.job_id()), [w.circuit.name for w in submission.works], submission.identity)
        sent.job = job
        sent.batch_id = getattr(mode, "session_id", None)
        return sent

    def _sampled(self, submission: Submission, mode: Any) -> Any:
        options = merged_options(self._options, submission.options)
        tags = job_tags(submission.identity, submission.name, submission.tags, TAG_LENGTH)
        options["environment"] = {**(options.get("environment") or {}), "job_tags": tags}
        sampler = sampler_with(self.backend if mode is None else mode, options)
        return sampler.run(
            [(work.circuit, work.values, submission.shots or work.shots) for work in submission.works]
        )

    def job_id(self, handle: Any) -> str | None:
        """IBM Quantum's id of a job."""
        return str(handle.job_id)

    def native_job(self, handle: Any) -> Any:
        """Return the runtime's job object; None if another kernel submitted the job."""
        return handle.job

    def batch_id(self, handle: Any) -> str | None:
        """Return the id of the job's batch; None if it runs by itself."""
        found: str | None = handle.batch_id
        return found

    # -- asking --------------------------------------------------------------------------------------

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Ask for whole sets, a list call a page; fetch the results of those that are done."""
        done: list[tuple[int, Observation]] = []
        for index, found in self._watch.states(handles):
            if isinstance(found, Observation) and found.status is Status.DONE:
                done.append((index, found))
            else:
                report(index, found)
        calls = [functools.partial(self._outcome, handles[index]) for index, _ in done]
        for number, outcome in run_concurrently(calls, within=_RESULTS_WITHIN):
            index, state = done[number]
            report(index, self._ended(handles[index], state, outcome))

    def _outcome(self, sent: Sent) -> JobOutcome | None:
        return self.outcome(sent.job_id, sent.names)

    def _ended(
        self, sent: Sent, state: Observation, outcome: JobOutcome | Exception | None
    ) -> Observation | Exception:
        if isinstance(outcome, JobOutcome):
            if outcome.failure is not None:
                return state._replace(status=Status.ERROR, text=outcome.failure, outcome=outcome)
            return state._replace(outcome=outcome)
        if isinstance(outcome, ValueError):  # nobody else could read it either
            return state._replace(status=Status.ERROR, text=f"its result cannot be read: {outcome}")
        if isinstance(outcome, Exception):
            return outcome
        now = time.monotonic()
        sent.empty_since = sent.empty_since or now
        if now - sent.empty_since < self.settling:
            return state._replace(status=Status.RUNNING, note="completed; its result is not there yet")
        text = "it completed, but IBM Quantum has no result of it: a private one can be read only once"
        return state._replace(status=Status.ERROR, text=text)

    def outcome(self, job_id: str, names: Sequence[str]) -> JobOutcome | None:
        """Fetch what a job gave."""
        text = self._rest.result(job_id)
        return None if text is None else read_result(text, names, job_id)

    # -- jobs that are not at hand -------------------------------------------------------------------

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        """The handle of a job; whether there is one, the next question tells."""
        return Sent(job_id, names)

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        """All jobs of this attempt, the one that is furthest first."""
        found = [read_job(job) for job in self._rest.jobs(identity)]
        found.sort(key=lambda job: (_rank(job.observation.status), job.created_at))
        handles = []
        for job in found:
            sent = Sent(job.job_id, names, identity)
            sent.batch_id = job.batch_id
            handles.append(sent)
        return handles

    # -- cancelling, names, tags ---------------------------------------------------------------------

    def cancel(self, handle: Any) -> bool:
        """Ask for a cancellation; False where it is too late."""
        return self._rest.cancel(handle.job_id)

    def cancel_several(
        self, handles: Sequence[Any], report: Callable[[int, bool | Exception], None]
    ) -> None:
        """Ask for cancellations, several at once."""
        for index, answer in run_concurrently(
            [functools.partial(self.cancel, sent) for sent in handles]
        ):
            report(index, answer)

    def relabel(
        self, jobs: Sequence[tuple[str, str]], name: str, tags: Sequence[str]
    ) -> dict[str, Exception]:
        """Replace the name and the user's tags of jobs; ours are written again each time."""
        calls = [
            functools.partial(self._rest.set_tags, job_id, job_tags(identity, name, tags, TAG_LENGTH))
            for job_id, identity in jobs
        ]
        answers = run_concurrently(calls)
        return {jobs[index][0]: answer for index, answer in answers if isinstance(answer, Exception)}


def _rank(status: Status | None) -> int:
    return _LIKELY.index(status) if status in _LIKELY else len(_LIKELY)
