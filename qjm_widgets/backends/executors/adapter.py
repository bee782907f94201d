"""A simulator on the workers of an executor: threads, processes, Dask, ipyparallel.

Circuits travel as QPY, results come back encoded, and nothing of it outlives the kernel: a set whose
kernel died is run again where it was not done.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import suppress
from numbers import Integral
from typing import Any

from qjm_widgets.backends.executors.kinds import MEMORY, explained, is_death
from qjm_widgets.backends.executors.process_pool import Processes
from qjm_widgets.backends.executors.started_events import Mailbox, Report
from qjm_widgets.backends.executors.tasks import Answer, Parcel, call_of, pack, versions
from qjm_widgets.backends.executors.workers import Workers
from qjm_widgets.backends.sampler import Sampler, seed_of
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.ports import BackendAdapter, CircuitBlock, Observation, Submission, Work
from qjm_widgets.core.records import Span, Status
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.errors import CircuitError, InputError, InvalidStateError, NotFoundError, explain
from qjm_widgets.serialization.circuits import find_unstorable, write_block

PROCESSES = "processes"
"""The executor that is the manager's own."""

_DEATHS = 3
"""A job whose worker died so often is an error: it may be what kills them."""
_PARCELS = 16
"""Of so many sets the backend is kept ready to travel."""


def on_executor(
    inner: BackendAdapter,
    backend: Any,
    executor: Any,
    spare: Callable[[], Processes],
    *,
    rerun: bool | None,
) -> OnExecutor:
    """The adapter that runs a backend's jobs on an executor's workers.

    Args:
        inner: the backend's own adapter.
        backend: what the user gave.
        executor: ``"processes"``, any ``concurrent.futures.Executor``, or a Dask ``Client``.
        spare: gives processes of the manager's own: for ``"processes"``, and where a pool breaks.
        rerun: whether the user said that jobs which may be lost may be run again.

    Raises:
        InputError: it is no executor, or the backend's jobs outlive the kernel or cannot leave it.
    """
    unknown = inner.lifetime is JobLifetime.UNKNOWN
    if inner.lifetime is JobLifetime.BACKEND or (unknown and not rerun):
        may, unless = "", ""
        if unknown:
            may, unless = "may ", "; if it computes in this kernel, rerun_on_resume=True says so"
        raise InputError(
            f"the jobs of {inner.name} {may}run on a server, where an executor is of no use: "
            f"leave executor out{unless}"
        )
    if isinstance(executor, str):
        if executor != PROCESSES:
            raise InputError(f"executor must be {PROCESSES!r} or an executor, not {executor!r}")
        executor = spare()
    elif isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise InputError(
            f"executor must be {PROCESSES!r}, a concurrent.futures.Executor or a Dask Client, "
            f"not {executor!r}"
        )
    return OnExecutor(inner, backend, Workers(executor, spare))


class OnExecutor(BackendAdapter):
    """Runs the jobs of a backend of this kernel on the workers of an executor."""

    lists = True
    lifetime = JobLifetime.KERNEL
    sends_blocks = True

    def __init__(self, inner: BackendAdapter, backend: Any, workers: Workers) -> None:
        self._inner = inner
        self.name, self.kind, self.account = inner.name, inner.kind, inner.account
        self.limits, self.default_shots, self.recipe = inner.limits, inner.default_shots, inner.recipe
        self._workers = workers
        self._backend = backend
        pack(backend, inner.name)  # what cannot travel is refused at once
        self._parcels: OrderedDict[str, Parcel] = OrderedDict()
        self._versions = versions(backend)
        self._mailbox = Mailbox(workers.client)
        self._sent: weakref.WeakValueDictionary[str, _Sent] = weakref.WeakValueDictionary()
        self.max_pending = workers.pending_limit
        self._packing = threading.Lock()

    @property
    def seed_rule(self) -> SeedRule:
        """As without an executor."""
        return self._inner.seed_rule

    def option_names(self) -> KnownOptions:
        """Those of the backend."""
        return self._inner.option_names()

    def check(self, works: Sequence[Work], options: Mapping[str, Any]) -> None:
        """Refuse what the backend would refuse, and what cannot travel."""
        self._workers.check()
        self._inner.check(works, options)
        for index, work in enumerate(works):
            reason = find_unstorable(work.circuit)
            if reason is not None:
                raise CircuitError(
                    f"circuit {index} ({work.circuit.name}) cannot be written, so it cannot be sent to "
                    f"an executor's workers ({reason}): run it without an executor"
                )
        pack(dict(options), "one of the run options")

    def check_cut(self, works: Sequence[Work], start: int, options: Mapping[str, Any]) -> None:
        """As without an executor."""
        self._inner.check_cut(works, start, options)

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """As without an executor, so that the samples are the same."""
        if isinstance(self._inner, Sampler):
            seed = seed_of(self._inner.sampler)
            if seed is not None and not isinstance(seed, Integral):
                raise InputError(
                    f"the seed of {self.name} is a {type(seed).__name__}: each worker would begin with "
                    "a copy of it and draw the same samples. Give a whole number, or no seed"
                )
        return self._inner.seeds(pieces, options)

    def submit(self, submission: Submission) -> Any:
        """Hand a job to the executor."""
        self._workers.count()
        self.max_pending = self._workers.pending_limit
        block = submission.block or self._write(submission.works)
        sent = _Sent(
            {
                "versions": self._versions,
                "backend": tuple(self._parcel(submission.identity)),
                "span": tuple(block.span),
                "circuits": (block.encoding, block.data, block.notes),
                "options": pack(dict(submission.options), "one of the run options").data,
                "submission": {
                    "shots": submission.shots,
                    "seed": submission.seed,
                    "identity": submission.identity,
                    "name": submission.name,
                    "tags": submission.tags,
                },
                "mailbox": self._mailbox.address,
            },
            None if self._workers.told else "with the executor",
        )
        self._send(sent)
        return sent

    def job_id(self, handle: Any) -> str | None:
        """A random text: executors have no ids."""
        token: str = handle.token
        return token

    def native_job(self, handle: Any) -> Any:
        """Return None: no provider has a job, and a kept future keeps its result on a cluster."""
        return None

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Read what the tasks have told, and look at the futures."""
        for told in self._mailbox.read():
            sent = self._sent.get(told.token)
            if sent is not None:
                sent.began = told
        for index, sent in enumerate(handles):
            report(index, self._look_at(sent))

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        """Jobs of a dead kernel are gone."""
        raise NotFoundError(f"job {job_id} is gone with the kernel that gave it to an executor")

    def cancel(self, handle: Any) -> bool:
        """Take a job back; the result of one that runs is discarded."""
        if handle.future.done():
            return False
        handle.cancelled = True
        self._workers.take_back(handle.future)
        return True

    def close(self) -> None:
        """Take back what has not begun; the executor itself is its owner's."""
        for sent in list(self._sent.values()):
            with suppress(Exception):
                sent.future.cancel()
        self._mailbox.close()

    def _write(self, works: Sequence[Work]) -> CircuitBlock:
        block, losses = write_block(Span(0, len(works)), works)
        for loss in losses:
            if loss.key is None:
                raise CircuitError(
                    f"circuit {loss.name!r} of this job cannot be written, so it cannot be sent to an "
                    f"executor's workers ({loss.reason}): run it without an executor"
                )
        return block

    def _parcel(self, identity: str) -> Parcel:
        """The backend as it was when the set's first job was sent: its options may change later."""
        job_set = ":".join(identity.split(":")[:2])
        with self._packing:
            if job_set not in self._parcels:
                self._parcels[job_set] = pack(self._backend, self.name)
                if len(self._parcels) > _PARCELS:
                    self._parcels.popitem(last=False)
            self._parcels.move_to_end(job_set)
            return self._parcels[job_set]

    def _send(self, sent: _Sent) -> None:
        sent.began = None
        sent.token = uuid.uuid4().hex
        self._sent[sent.token] = sent
        sent.future = self._workers.submit(*call_of({**sent.task, "token": sent.token}))

    def _look_at(self, sent: _Sent) -> Observation:
        if sent.cancelled:
            note = None if sent.began is None else "it was running: its result is discarded"
            return Observation(Status.CANCELLED, note=note)
        if not sent.future.done():
            again = " (run again: its worker died)" if sent.deaths else ""
            if sent.began is None:
                return Observation(Status.QUEUED, note=again.strip(" ()") or sent.note)
            began = sent.began
            return Observation(Status.RUNNING, running_at=began.at, note=began.where + again)
        try:
            answer = Answer(*sent.future.result())
        except (Exception, CancelledError) as error:
            return self._without_answer(sent, error)
        return Observation(
            Status(answer.status),
            answer.text,
            answer.outcome,
            running_at=answer.began,
            finished_at=answer.ended,
            note=answer.note,
            failed=answer.failed,
        )

    def _without_answer(self, sent: _Sent, error: BaseException) -> Observation:
        """The task did not end by itself: its worker died, or it could not be run there at all."""
        if not is_death(error):
            return Observation(Status.ERROR, explained(error))
        sent.deaths += 1
        if sent.deaths >= _DEATHS:
            return Observation(
                Status.ERROR,
                f"its worker died {sent.deaths} times, the last time: {explain(error)}\n{MEMORY}",
            )
        try:
            self._send(sent)
        except InvalidStateError as refused:
            return Observation(Status.ERROR, str(refused))
        except Exception as refused:
            return Observation(
                Status.ERROR, f"its worker died ({explain(error)}), and then: {explain(refused)}"
            )
        return Observation(Status.QUEUED, note="run again: its worker died")


class _Sent:
    """A job with an executor, kept so that it can be sent again.

    Attributes:
        began: what its task told when it began.
        note: shown while nobody knows whether it runs.
    """

    def __init__(self, task: Mapping[str, Any], note: str | None) -> None:
        self.task = task
        self.note = note
        self.token = ""
        self.future: Any = None
        self.began: Report | None = None
        self.cancelled = False
        self.deaths = 0
