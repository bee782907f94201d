"""The adapter of IBM Quantum: qiskit-ibm-runtime submits jobs; a REST client polls them set by set."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qjm_widgets._threads import run_concurrently
from qjm_widgets.backends.ibm.account import account_of
from qjm_widgets.backends.ibm.backend_options import sampler_options
from qjm_widgets.backends.ibm.backend_state import BackendState
from qjm_widgets.backends.ibm.batches import Batches
from qjm_widgets.backends.ibm.calibrations import Calibrations
from qjm_widgets.backends.ibm.circuit_size import QUBIT_INSTRUCTIONS, TWO_QUBIT_GATES, with_sizes
from qjm_widgets.backends.ibm.client import client_of
from qjm_widgets.backends.ibm.jobs import read_job, read_metrics, read_result
from qjm_widgets.backends.ibm.labels import TAG_LENGTH, check_tags
from qjm_widgets.backends.ibm.primitives import BATCH, SAMPLER, RuntimePrimitive
from qjm_widgets.backends.ibm.quiet import quiet, with_own_backend
from qjm_widgets.backends.ibm.submission import check_batch, submission_error
from qjm_widgets.backends.ibm.tracker import TrackedJob, Tracker
from qjm_widgets.backends.ibm.usage import InstanceUsage
from qjm_widgets.core.adapter_port import RemoteAdapter
from qjm_widgets.core.backoff import Pace
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.job_tags import job_tags
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.records import Status
from qjm_widgets.core.splitting import DEFAULT_CIRCUITS_PER_JOB, Item, Limits, PlannedJob
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import InputError, ProviderError, explain
from qjm_widgets.serialization.canonical import canonical_text
from qjm_widgets.serialization.execution_spans import CALIBRATED_AT, execution_spans

#: Seconds after which a poll begins to fetch no further result; the next poll fetches the rest.
_RESULTS_WITHIN = 10.0
#: Seconds of quantum processor time that each job takes beside its shots.
_JOB_OVERHEAD = 2.0
#: Seconds between two shots, if the device does not state it.
_REP_DELAY = 250e-6
#: The order in which jobs of one attempt are preferred, by status.
_PREFERRED = (Status.DONE, Status.RUNNING, Status.QUEUED)


class IBMQuantum(RemoteAdapter):
    """The adapter of a device of IBM Quantum.

    ``manager.run(circuits, backend=service.backend("ibm_fez"))`` makes one with these defaults. To
    change them, make it yourself and give it to ``run`` in the place of the backend.

    Args:
        backend: a backend of a ``QiskitRuntimeService``.
        batch: whether jobs run in a batch of their set (True), each by itself (False), or in the batch
            with this id; ``run(…, batch=…)`` sets it for one set.
        jobs_per_minute: the most submissions of the account in a minute.
        max_pending: the most unfinished jobs at once. None means as many as IBM Quantum accepts, which
            is learned.
        max_circuits: the most circuits in a job.
        max_executions: the most executions (circuits x shots) in a job.
        max_payload_bytes: the most bytes of a job's circuits, values and observables, as they are sent.
        max_two_qubit_gates: the most two-qubit gates of all circuits of a job.
        max_qubit_instructions: the most control instructions on one qubit in all circuits of a job, at
            all points, as IBM Quantum counts them (``circuit_size``).
        poll_seconds: the shortest and the longest time between two polls, in seconds.
        settling: seconds after which an accepted job is certain to be listed.
        submit_seconds: seconds after which an unanswered submission is reconciled; the runtime's own
            client has no timeout.
        options: options of the runtime's ``SamplerV2`` (``SamplerOptions`` or a dict).
        mode: your own ``Batch`` or ``Session``, in which all jobs run.

    Raises:
        InputError: a setting is invalid, or the backend's service has no account.
    """

    kind = SAMPLER.kind
    _primitive: RuntimePrimitive = SAMPLER
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
        max_two_qubit_gates: int | None = TWO_QUBIT_GATES,
        max_qubit_instructions: int | None = QUBIT_INSTRUCTIONS,
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
                "jobs_per_minute, submit_seconds and poll_seconds must be above 0, settling at least 0"
            )
        if max_pending is not None and max_pending < 1:
            raise InputError(f"max_pending must be at least 1, or None, not {max_pending!r}")
        self.backend = backend
        self.name = str(backend.name)
        self.limits = Limits(
            circuits=max_circuits,
            executions=max_executions,
            payload_bytes=max_payload_bytes,
            one_shots=True,
            two_qubit_gates=max_two_qubit_gates,
            qubit_instructions=max_qubit_instructions,
        )
        self.max_pending = max_pending
        burst = max(1, round(jobs_per_minute))
        self.pace = Pace(burst, 60.0 * burst / jobs_per_minute)
        self.settling = settling
        self.poll_seconds = poll_seconds
        account = account_of(backend.service, getattr(backend, "_instance", None))
        self.account = account.name
        self._rest = client_of(account)
        self._usage = InstanceUsage(self._rest)
        self._state = BackendState(self._rest, self.name)
        self._calibrations = Calibrations(self._rest, self.name)
        self._options = options
        self._mode = mode
        self._batches = Batches(backend, self._rest, batch)
        self.submit_seconds = submit_seconds
        self._tracker = Tracker(self._rest, settling)
        self.refresh()

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    # -- before submission ---------------------------------------------------------------------------

    def refresh(self) -> None:
        """Read the default shots or precision from the primitive's options."""
        self.default_shots = self._primitive.default_shots(self._options)
        self.default_precision = self._primitive.default_precision(self._options)

    def option_names(self) -> KnownOptions:
        """Return the options of the runtime's primitive, and ``batch``."""
        return KnownOptions(self._primitive.option_names(), others=False)

    def own_options(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """Return the sampler's options for those that a library gave to ``Backend.run``."""
        return sampler_options(options)

    def check(self, inputs: Sequence[CircuitInput], options: Mapping[str, Any], start: int = 0) -> None:
        """Refuse options and circuits that IBM Quantum would refuse."""
        tree = self._primitive.merged_options(self._options, options)
        check_batch(options.get(BATCH, True))
        self._primitive.check(inputs, self.backend, tree, start)

    def identity(self) -> str:
        """Return the text of the backend's name with the options of the primitive."""
        options = self._primitive.merged_options(self._options, {})
        return canonical_text([self.kind, self.name, options])

    def calibrated_at(self) -> float | None:
        """Return when the device was calibrated last, in seconds since 1970; None if it never is."""
        try:
            properties = self.backend.properties(refresh=True)
        except Exception as error:
            raise ProviderError(
                f"the calibration of {self.name} cannot be read: {explain(error)}"
            ) from error
        found = getattr(properties, "last_update_date", None)
        return None if found is None else float(found.timestamp())

    @property
    def usage(self) -> str | None:
        """The used, allowed and left time of the account's instance; None if it is not known."""
        return self._usage.text

    @property
    def notice(self) -> str | None:
        """Why IBM Quantum runs no job of the instance, or the backend none at all; None if both do."""
        found = [notice for notice in (self._usage.notice, self._state.notice) if notice]
        return "; ".join(found) or None

    def notes(self, inputs: Sequence[CircuitInput]) -> tuple[str, ...]:
        """Return how much time of the instance is left, and whether the backend runs jobs."""
        self._refresh()
        found = self._usage.notice or self._usage.text, self._state.notice
        return tuple(text for text in found if text)

    def _refresh(self) -> None:
        """Ask for the usage and the state if the last answers are old, both at the same time."""
        for _ in run_concurrently([self._usage.refresh, self._state.refresh]):
            pass

    def sized(self, inputs: Sequence[CircuitInput], items: Sequence[Item]) -> Sequence[Item]:
        """Return the items of circuits with their two-qubit gates and control instructions."""
        return with_sizes(inputs, items, self.limits.qubit_instructions)

    def qpu_seconds(self, jobs: Sequence[PlannedJob]) -> float:
        """Estimate the quantum processor time of jobs, as IBM's guide to estimates does.

        It is two seconds for each job, and the delay between shots for each execution.
        """
        delay = getattr(self.backend.configuration(), "default_rep_delay", None) or _REP_DELAY
        return sum(_JOB_OVERHEAD + job.executions * float(delay) for job in jobs)

    def check_labels(self, name: str, tags: Sequence[str]) -> None:
        """Refuse tags that IBM Quantum would refuse, and tags like this package's own."""
        check_tags(tags)

    # -- submission ----------------------------------------------------------------------------------

    def submit(self, submission: Submission) -> Any:
        """Submit a job through qiskit-ibm-runtime. An error says whether the job may have arrived."""
        try:
            return self._submit(submission)
        except Exception as error:
            found = submission_error(error, self._rest.redact)
            if found is error:
                raise
            raise found from None

    def _submit(self, submission: Submission) -> TrackedJob:
        mode = self._batches.of(submission) if self._mode is None else self._mode
        try:
            job = self._run(submission, mode)
        except Exception as error:
            # A job that was refused because its batch is closed did not arrive.
            if mode is None or mode is self._mode or not self._batches.is_closed(mode, error):
                raise
            mode = self._batches.renew(submission)
            job = self._run(submission, mode)
        names = [circuit_input.circuit.name for circuit_input in submission.inputs]
        tracked = TrackedJob(str(job.job_id()), names, submission.identity)
        tracked.job = job
        tracked.batch_id = getattr(mode, "session_id", None)
        return tracked

    def _run(self, submission: Submission, mode: Any) -> Any:
        options = self._primitive.merged_options(self._options, submission.options)
        tags = job_tags(submission.identity, submission.name, submission.tags, TAG_LENGTH)
        options["environment"] = {**(options.get("environment") or {}), "job_tags": tags}
        mode = self.backend if mode is None else mode
        primitive = self._primitive.create(quiet(mode), options)
        return with_own_backend(primitive.run(self._primitive.run_input(submission)), mode)

    def job_id(self, handle: Any) -> str | None:
        """Return IBM Quantum's id of a job."""
        return str(handle.job_id)

    def native_job(self, handle: Any) -> Any:
        """Return the runtime's job object; None if another kernel submitted the job."""
        return handle.job

    def batch_id(self, handle: Any) -> str | None:
        """Return the id of the job's batch; None if it runs by itself."""
        found: str | None = handle.batch_id
        return found

    def sent_all(self, set_id: str) -> Callable[[], None] | None:
        """Return a call that closes the batch that was opened for a set, as IBM Quantum asks for."""
        return self._batches.sent_all(set_id)

    def close(self) -> None:
        """Close the batches of sets that were sent, in bounded time."""
        self._batches.finish()

    # -- polling -------------------------------------------------------------------------------------

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Poll whole sets with one request for each page of a list; fetch the results of done jobs."""
        done: list[tuple[int, Observation]] = []
        waiting = False
        for index, found in self._tracker.states(handles):
            if isinstance(found, Observation) and found.status is Status.DONE:
                done.append((index, found))
            else:
                report(index, found)
                waiting = waiting or not isinstance(found, Observation) or _waits(found)
        if waiting:
            self._refresh()
        calls = [functools.partial(self._outcome, handles[index]) for index, _ in done]
        for number, outcome in run_concurrently(calls, within=_RESULTS_WITHIN):
            index, state = done[number]
            report(index, self._ended(handles[index], state, outcome))

    def _outcome(self, tracked: TrackedJob) -> JobOutcome | None:
        return self.outcome(tracked.job_id, tracked.names)

    def _ended(
        self, tracked: TrackedJob, state: Observation, outcome: JobOutcome | Exception | None
    ) -> Observation | Exception:
        if isinstance(outcome, JobOutcome):
            if outcome.failure is not None:
                return state._replace(status=Status.ERROR, text=outcome.failure, outcome=outcome)
            return state._replace(outcome=outcome)
        if isinstance(outcome, ValueError):  # a retry would not make it readable
            return state._replace(status=Status.ERROR, text=f"its result cannot be read: {outcome}")
        if isinstance(outcome, Exception):
            return outcome
        now = time.monotonic()
        tracked.empty_since = tracked.empty_since or now
        if now - tracked.empty_since < self.settling:
            return state._replace(status=Status.RUNNING, note="completed; its result is not there yet")
        text = "it completed, but IBM Quantum has no result of it: a private one can be read only once"
        return state._replace(status=Status.ERROR, text=text)

    def outcome(self, job_id: str, names: Sequence[str]) -> JobOutcome | None:
        """Fetch the outcome of a job; None if there is no result."""
        text = self._rest.result(job_id)
        if text is None:
            return None
        found = read_result(text, names, job_id)
        spans = execution_spans(found.info)
        date = self._calibrations.date_at(spans[0].start) if spans else None
        return found if date is None else replace(found, info={**found.info, CALIBRATED_AT: date})

    def metrics(self, job_id: str) -> dict[str, float]:
        """Return when a job was created, began to run and ended, and its quantum processor time."""
        return read_metrics(self._rest.metrics(job_id))

    # -- jobs of other kernels -----------------------------------------------------------------------

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        """Return the handle of a job; the next poll finds out whether the job exists."""
        return TrackedJob(job_id, names)

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        """Return all jobs of this attempt, the most advanced first."""
        found = [read_job(job) for job in self._rest.jobs(identity)]
        found.sort(key=lambda job: (_rank(job.observation.status), job.created_at))
        handles = []
        for job in found:
            tracked = TrackedJob(job.job_id, names, identity)
            tracked.batch_id = job.batch_id
            handles.append(tracked)
        return handles

    # -- cancellations, names, tags ------------------------------------------------------------------

    def cancel(self, handle: Any) -> bool:
        """Request a cancellation; return False if it is too late."""
        return self._rest.cancel(handle.job_id)

    def cancel_several(
        self, handles: Sequence[Any], report: Callable[[int, bool | Exception], None]
    ) -> None:
        """Request several cancellations at the same time."""
        for index, answer in run_concurrently(
            [functools.partial(self.cancel, handle) for handle in handles]
        ):
            report(index, answer)

    def relabel(
        self, jobs: Sequence[tuple[str, str]], name: str, tags: Sequence[str]
    ) -> dict[str, Exception]:
        """Replace the name and the user's tags of jobs; this package's own tags are kept."""
        calls = [
            functools.partial(self._rest.set_tags, job_id, job_tags(identity, name, tags, TAG_LENGTH))
            for job_id, identity in jobs
        ]
        answers = run_concurrently(calls)
        return {jobs[index][0]: answer for index, answer in answers if isinstance(answer, Exception)}


def _waits(found: Observation) -> bool:
    return found.status is None or not found.status.final


def _rank(status: Status | None) -> int:
    return _PREFERRED.index(status) if status in _PREFERRED else len(_PREFERRED)
