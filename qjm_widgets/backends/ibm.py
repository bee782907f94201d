"""IBM Quantum: jobs go out by qiskit-ibm-runtime, in a batch, and are watched over REST, set by set."""

from __future__ import annotations

import functools
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from qjm_widgets.backends.ibm_account import account_of
from qjm_widgets.backends.ibm_jobs import read_job, read_result
from qjm_widgets.backends.ibm_rest import PAGE, rest_of
from qjm_widgets.backends.ibm_sampler import (
    BATCH,
    check_batch,
    check_circuits,
    is_batch_id,
    merged_options,
    sampler_with,
    sorted_error,
)
from qjm_widgets.backends.several import several, within
from qjm_widgets.core.errors import InputError, NotFoundError, ProviderError, explain
from qjm_widgets.core.identity import (
    NAME,
    OURS,
    OWN_TAGS,
    identity_in,
    job_tags,
    set_tag,
    set_tag_of,
    set_tags_in,
)
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.pacing import Pace
from qjm_widgets.core.ports import Observation, RemoteJob, Submission, Work
from qjm_widgets.core.records import Status
from qjm_widgets.core.splitting import DEFAULT_CIRCUITS_PER_JOB, Limits, PlannedJob

TAGS = 8
TAG_LENGTH = 86
_DEFAULT_SHOTS = 4096
_RESULTS_WITHIN = 10.0
"""Seconds for which one question fetches results; the rest is fetched by the next."""
_ONE_BY_ONE = 20
"""Jobs that no list tells of are asked for one by one, so many a question."""
_JOB_OVERHEAD = 2.0
_REP_DELAY = 250e-6
"""Seconds between two shots where the device does not tell."""
_LIKELY = (Status.DONE, Status.RUNNING, Status.QUEUED)


class _Sent:
    """A job that is followed; ``set_tag`` None: not known yet, ``job`` None: another kernel sent it."""

    __slots__ = ("batch_id", "empty_since", "identity", "job", "job_id", "names", "set_tag")

    def __init__(self, job_id: str, names: Sequence[str], identity: str | None = None) -> None:
        self.job_id = job_id
        self.names = names
        self.identity = identity
        self.set_tag = None if identity is None else set_tag_of(identity)
        self.job: Any = None
        self.batch_id: str | None = None
        self.empty_since: float | None = None


class IBMQuantum:
    """Runs jobs on a device of IBM Quantum.

    ``manager.run(circuits, backend=service.backend("ibm_fez"))`` makes one with these defaults; make it
    yourself, and give it to ``run`` in the place of the backend, to change them.

    Args:
        backend: of a ``QiskitRuntimeService``.
        batch: whether jobs run in a batch of their set (True), each by itself (False), or in the batch
            with this id; ``run(…, batch=…)`` says it for one set.
        jobs_per_minute: how many submissions the account may make.
        max_pending: unfinished jobs at once; None: as many as IBM Quantum takes, which is learned.
        max_circuits: circuits a job.
        max_executions: circuits x shots a job.
        max_payload_bytes: bytes of a job's circuits, as they are written.
        poll_seconds: the shortest and the longest time between two questions about the jobs.
        settling: seconds after which an accepted job is in the lists for certain.
        submit_seconds: a submission that takes longer is looked up instead of waited for.
        options: of the runtime's sampler (``SamplerOptions`` or a dict).
        mode: a ``Batch`` or ``Session`` of your own in which all jobs run.

    Raises:
        InputError: a setting is wrong, or the backend's service has no account.
    """

    kind = "ibm"
    finds = True
    runs_inside_submit = False
    survives_kernel: bool | None = True
    recipe: str | None = None

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
        self.backend = backend
        self.name = str(backend.name)
        self.limits = Limits(max_circuits, None, max_executions, max_payload_bytes, one_shots=True)
        self.max_pending = max_pending
        burst = max(1, round(jobs_per_minute))
        self.pace: Pace | None = Pace(burst, 60.0 * burst / jobs_per_minute)
        self.settling = settling
        self.poll_seconds = poll_seconds
        account = account_of(backend.service, getattr(backend, "_instance", None))
        self.account = account.name
        self._rest = rest_of(account)
        self._options = options
        shots = merged_options(options, {}).get("default_shots")
        self.default_shots: int | None = shots if isinstance(shots, int) and shots else _DEFAULT_SHOTS
        self._batch = batch
        self._mode = mode
        self._batches: dict[str, Any] = {}
        self._submit_seconds = submit_seconds
        self._kept: dict[str, str] = {}
        self._pages: dict[str, int] = {}
        self._turns = 0
        self._lock = threading.Lock()

    def __repr__(self) -> str:
        return f"<IBMQuantum {self.name}>"

    # -- before anything is sent ---------------------------------------------------------------------

    def check(self, works: Sequence[Work], options: Mapping[str, Any]) -> None:
        """Refuse options and circuits that IBM Quantum would refuse."""
        merged_options(self._options, options)
        check_batch(options.get(BATCH, True))
        check_circuits(works, self.backend)

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """A device has no seed."""
        return [None] * pieces

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
            return within(self._submit_seconds, lambda: self._send(submission))
        except TimeoutError as error:
            raise ProviderError(f"the submission got {error}", arrived=True) from error
        except Exception as error:
            found = sorted_error(error, self._rest.redact)
            if found is error:
                raise
            raise found from None

    def _send(self, submission: Submission) -> _Sent:
        mode = self._mode_of(submission)
        try:
            job = self._sampled(submission, mode)
        except Exception as error:
            # Refused because the batch is closed, and not otherwise: it did not arrive.
            if mode is None or mode is self._mode or not self._is_over(mode, error):
                raise
            mode = self._new_batch(submission)
            job = self._sampled(submission, mode)
        sent = _Sent(str(job.job_id()), [w.circuit.name for w in submission.works], submission.identity)
        sent.job = job
        sent.batch_id = getattr(mode, "session_id", None)
        with self._lock:
            self._kept[submission.identity] = sent.job_id
        return sent

    def _sampled(self, submission: Submission, mode: Any) -> Any:
        options = merged_options(self._options, submission.options)
        tags = job_tags(submission.identity, submission.name, submission.tags, TAG_LENGTH)
        options["environment"] = {**(options.get("environment") or {}), "job_tags": tags}
        sampler = sampler_with(self.backend if mode is None else mode, options)
        return sampler.run(
            [(work.circuit, work.values, submission.shots or work.shots) for work in submission.works]
        )

    def _mode_of(self, submission: Submission) -> Any:
        """The batch in which a job runs, or None."""
        from qiskit_ibm_runtime import Batch

        if self._mode is not None:
            return self._mode
        wish = submission.options.get(BATCH, self._batch)
        if wish is False:
            return None
        key = wish if isinstance(wish, str) else set_tag_of(submission.identity)
        if key not in self._batches:
            known = wish if isinstance(wish, str) else submission.batch_id
            if not is_batch_id(known):
                return self._new_batch(submission)
            try:
                self._batches[key] = Batch.from_id(known, self.backend.service)
            except Exception as error:
                if isinstance(wish, str):
                    raise InputError(f"there is no batch {wish}: {explain(error)}") from error
                return self._new_batch(submission)
        return self._batches[key]

    def _new_batch(self, submission: Submission) -> Any:
        from qiskit_ibm_runtime import Batch

        batch = self._batches[set_tag_of(submission.identity)] = Batch(backend=self.backend)
        return batch

    def _is_over(self, batch: Any, error: Exception) -> bool:
        """Whether a submission failed because its batch takes no more jobs."""
        batch_id = getattr(batch, "session_id", None)
        sorted_by = sorted_error(error, self._rest.redact)
        if batch_id is None or getattr(sorted_by, "arrived", None) is not None:
            return False
        if not getattr(batch, "_active", True):
            return True
        try:
            found = self._rest.session(batch_id)
        except NotFoundError:
            return True
        except ProviderError:
            return False
        return found.get("accepting_jobs") is False or found.get("state") == "closed"

    def job_id(self, handle: Any) -> str | None:
        """IBM Quantum's id of a job."""
        return str(handle.job_id)

    # -- asking --------------------------------------------------------------------------------------

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | Exception], None]
    ) -> None:
        """Ask for whole sets, a list call a page; fetch the results of those that are done."""
        done: list[tuple[int, Observation]] = []
        for index, found in self._states(handles):
            if isinstance(found, Observation) and found.status is Status.DONE:
                done.append((index, found))
            else:
                report(index, found)
        calls = [functools.partial(self._outcome, handles[index]) for index, _ in done]
        for number, outcome in several(calls, within=_RESULTS_WITHIN):
            index, state = done[number]
            report(index, self._ended(handles[index], state, outcome))

    def _states(self, handles: Sequence[_Sent]) -> Iterable[tuple[int, Observation | Exception]]:
        self._learn_sets(handles)
        sets: dict[str | None, dict[int, _Sent]] = defaultdict(dict)
        for index, sent in enumerate(handles):
            sets[sent.set_tag].setdefault(index, sent)
        single = dict(sets.pop(None, {}))
        for tag, members in sets.items():
            assert tag is not None
            if len(members) < self._pages.get(tag, 1):
                single |= members  # the last few of a long set: fewer calls one by one
                continue
            listed = [read_job(job) for job in self._rest.jobs(tag)]
            self._pages[tag] = -(-len(listed) // PAGE)
            known = {job.job_id: job for job in listed}
            self._keep(known[sent.job_id] for sent in members.values() if sent.job_id in known)
            twins = self._twins(listed)
            for index, sent in members.items():
                if sent.job_id not in known:
                    single[index] = sent  # not listed yet
                else:
                    yield index, _with_twins(known[sent.job_id].observation, twins.get(sent.job_id))
        yield from self._ask_singly(single)

    def _ask_singly(self, members: Mapping[int, _Sent]) -> Iterable[tuple[int, Observation | Exception]]:
        # Others next time: the first of a long queue must not hide those that are done.
        self._turns += 1
        start = self._turns * _ONE_BY_ONE % max(1, len(members))
        indices = [*list(members)[start:], *list(members)[:start]][:_ONE_BY_ONE]
        calls = [functools.partial(self._rest.job, members[index].job_id) for index in indices]
        for number, answer in several(calls):
            if isinstance(answer, NotFoundError):
                yield indices[number], Observation(Status.ERROR, explain(answer))
            elif isinstance(answer, Exception):
                yield indices[number], answer
            else:
                yield indices[number], read_job(answer).observation

    def _learn_sets(self, handles: Sequence[_Sent]) -> None:
        """Jobs had back by their id alone: one of them tells the set of all."""
        unknown = {sent.job_id: sent for sent in handles if sent.set_tag is None}
        asked = 0
        while len(unknown) > 1 and asked < 2:
            asked += 1
            first = next(iter(unknown.values()))
            try:
                tags = read_job(self._rest.job(first.job_id)).tags
            except NotFoundError:
                del unknown[first.job_id]
                continue
            del unknown[first.job_id]
            for set_id in set_tags_in(tags):
                tag = set_tag(set_id)
                for job in map(read_job, self._rest.jobs(tag)):
                    member = first if job.job_id == first.job_id else unknown.pop(job.job_id, None)
                    if member is not None:
                        member.set_tag, member.identity = tag, identity_in(job.tags)

    def _keep(self, jobs: Iterable[RemoteJob]) -> None:
        """Remember which job of an attempt is followed: any other is one too many."""
        with self._lock:
            for job in jobs:
                identity = identity_in(job.tags)
                if identity is not None:
                    self._kept.setdefault(identity, job.job_id)

    def _twins(self, listed: Sequence[RemoteJob]) -> dict[str, list[str]]:
        """Jobs that one submission made twice: all but the one that is followed are cancelled.

        Returns:
            By the id of the job that is followed, what became of each other, in words.
        """
        told: dict[str, list[str]] = defaultdict(list)
        for job in listed:
            identity = identity_in(job.tags)
            kept = None if identity is None else self._kept.get(identity)
            if kept is None or kept == job.job_id:
                continue
            state = job.observation
            if state.status is None or not state.status.final:
                try:
                    ended = "cancelled" if self._rest.cancel(job.job_id) else "too late to cancel"
                except (ProviderError, NotFoundError) as error:
                    ended = f"not cancelled: {explain(error)}"
            else:
                ended = "cancelled" if state.status is Status.CANCELLED else "it ran"
            cost = f", {state.qpu_seconds:.3g} s of QPU time" if state.qpu_seconds else ""
            told[kept].append(f"{job.job_id} ({ended}{cost})")
        return told

    def _outcome(self, sent: _Sent) -> JobOutcome | None:
        return self.outcome(sent.job_id, sent.names)

    def _ended(
        self, sent: _Sent, state: Observation, outcome: JobOutcome | Exception | None
    ) -> Observation | Exception:
        if isinstance(outcome, JobOutcome):
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
        return _Sent(job_id, names)

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        """All jobs of this attempt, the one that is furthest first."""
        found = [read_job(job) for job in self._rest.jobs(identity)]
        found.sort(key=lambda job: (_rank(job.observation.status), job.created_at))
        handles = []
        for job in found:
            sent = _Sent(job.job_id, names, identity)
            sent.batch_id = job.batch_id
            handles.append(sent)
        if handles:
            with self._lock:
                self._kept[identity] = handles[0].job_id
        return handles

    # -- cancelling, names, tags ---------------------------------------------------------------------

    def cancel(self, handle: Any) -> bool:
        """Ask for a cancellation; False where it is too late."""
        return self._rest.cancel(handle.job_id)

    def cancel_several(
        self, handles: Sequence[Any], report: Callable[[int, bool | Exception], None]
    ) -> None:
        """Ask for cancellations, several at once."""
        for index, answer in several([functools.partial(self.cancel, sent) for sent in handles]):
            report(index, answer)

    def relabel(
        self, jobs: Sequence[tuple[str, str]], name: str, tags: Sequence[str]
    ) -> dict[str, Exception]:
        """Replace the name and the user's tags of jobs; ours are written again each time."""
        calls = [
            functools.partial(self._rest.set_tags, job_id, job_tags(identity, name, tags, TAG_LENGTH))
            for job_id, identity in jobs
        ]
        answers = several(calls)
        return {jobs[index][0]: answer for index, answer in answers if isinstance(answer, Exception)}


def _rank(status: Status | None) -> int:
    return _LIKELY.index(status) if status in _LIKELY else len(_LIKELY)


def _with_twins(state: Observation, twins: Sequence[str] | None) -> Observation:
    if not twins:
        return state
    words = f"IBM Quantum took it {len(twins) + 1} times: {', '.join(twins)}"
    return state._replace(note=f"{words}; {state.note}" if state.note else words)
