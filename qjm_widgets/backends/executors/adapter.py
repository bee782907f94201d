"""The adapter of a simulator on the workers of an executor: threads, processes, Dask, ipyparallel.

Circuits are sent as QPY and results are returned encoded. No job outlives the kernel: if a set's kernel
dies, ``resume`` runs the jobs again that were under way.
"""

from __future__ import annotations

import threading
import uuid
import weakref
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from numbers import Integral
from typing import Any

from qjm_widgets.backends.executors.job import ExecutorJob
from qjm_widgets.backends.executors.process_pool import Processes
from qjm_widgets.backends.executors.started_events import StartedEvents
from qjm_widgets.backends.executors.tasks import Pickled, pickle_for_workers, unpickling_call, versions
from qjm_widgets.backends.executors.workers import Workers
from qjm_widgets.backends.sampler import Sampler, seed_of
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.circuit_block import CircuitBlock
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.job_tags import set_tag_of
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.records import Span, Status
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import CircuitError, InputError, InvalidStateError, NotFoundError, explain
from qjm_widgets.serialization.circuits import find_unstorable, write_block

#: Names the manager's own processes as the executor.
PROCESSES = "processes"
#: The most sets for which the pickled backend is kept.
_KEPT_SETS = 16


def on_executor(
    inner: BackendAdapter,
    backend: Any,
    executor: Any,
    own_processes: Callable[[], Processes],
    *,
    rerun: bool | None,
) -> OnExecutor:
    """Return the adapter that runs a backend's jobs on an executor's workers.

    Args:
        inner: the backend's own adapter.
        backend: the user's backend or sampler.
        executor: ``"processes"``, any ``concurrent.futures.Executor``, or a Dask ``Client``.
        own_processes: returns the manager's own processes, for ``"processes"`` and if a pool breaks.
        rerun: whether jobs that may be lost may be run again.

    Raises:
        InputError: ``executor`` is not an executor, the backend's jobs may outlive the kernel, or the
            backend cannot be pickled.
    """
    if inner.runs_programs:
        raise InputError(f"{inner.name} runs quantum programs in this kernel: leave executor out")
    unknown = inner.lifetime is JobLifetime.UNKNOWN
    if inner.lifetime is JobLifetime.BACKEND or (unknown and not rerun):
        may, unless = "", ""
        if unknown:
            may, unless = "may ", "; if it computes in this kernel, rerun_on_resume=True says so"
        raise InputError(
            f"the jobs of {inner.name} {may}run on a server, so an executor is of no use: "
            f"leave executor out{unless}"
        )
    if isinstance(executor, str):
        if executor != PROCESSES:
            raise InputError(f"executor must be {PROCESSES!r} or an executor, not {executor!r}")
        executor = own_processes()
    elif isinstance(executor, type) or not callable(getattr(executor, "submit", None)):
        raise InputError(
            f"executor must be {PROCESSES!r}, a concurrent.futures.Executor or a Dask Client, "
            f"not {executor!r}"
        )
    return OnExecutor(inner, backend, Workers(executor, own_processes))


class OnExecutor(BackendAdapter):
    """The adapter of a simulator whose jobs run on the workers of an executor."""

    lists = True
    lifetime = JobLifetime.KERNEL
    sends_blocks = True

    def __init__(self, inner: BackendAdapter, backend: Any, workers: Workers) -> None:
        self._inner = inner
        self.name, self.kind, self.account = inner.name, inner.kind, inner.account
        self.limits, self.estimates = inner.limits, inner.estimates
        self._read_defaults()
        self._workers = workers
        self._backend = backend
        pickle_for_workers(backend, inner.name)  # refuses at once a backend that cannot be pickled
        self._pickled: OrderedDict[str, Pickled] = OrderedDict()
        self._versions = versions(backend)
        self._events = StartedEvents(workers.client)
        self._jobs: weakref.WeakValueDictionary[str, ExecutorJob] = weakref.WeakValueDictionary()
        self.max_pending = workers.pending_limit
        self._pickling = threading.Lock()

    @property
    def seed_rule(self) -> SeedRule:
        """The seed rule of the backend."""
        return self._inner.seed_rule

    def refresh(self) -> None:
        """Read the defaults and the recipe from the backend's own adapter."""
        self._inner.refresh()
        self._read_defaults()

    def _read_defaults(self) -> None:
        self.default_shots, self.recipe = self._inner.default_shots, self._inner.recipe
        self.default_precision = self._inner.default_precision

    def identity(self) -> str:
        """Return the same as without an executor."""
        return self._inner.identity()

    def option_names(self) -> KnownOptions:
        """Return the run options of the backend."""
        return self._inner.option_names()

    def check(self, inputs: Sequence[CircuitInput], options: Mapping[str, Any], start: int = 0) -> None:
        """Refuse what the backend would refuse, and what cannot be sent to the workers."""
        self._workers.check()
        self._inner.check(inputs, options, start)
        for index, circuit_input in enumerate(inputs, start):
            reason = find_unstorable(circuit_input.circuit)
            if reason is not None:
                raise CircuitError(
                    f"circuit {index} ({circuit_input.circuit.name}) cannot be written, so it cannot be "
                    f"sent to an executor's workers ({reason}): run it without an executor"
                )
        pickle_for_workers(dict(options), "one of the run options")

    def notes(self, inputs: Sequence[CircuitInput]) -> tuple[str, ...]:
        """Return the same as without an executor."""
        return self._inner.notes(inputs)

    def check_cut(self, inputs: Sequence[CircuitInput], start: int, options: Mapping[str, Any]) -> None:
        """Refuse cuts that the backend refuses."""
        self._inner.check_cut(inputs, start, options)

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """Return the seeds of the backend, so that the samples are the same as without an executor."""
        if isinstance(self._inner, Sampler):
            seed = seed_of(self._inner.sampler)
            if seed is not None and not isinstance(seed, Integral):
                raise InputError(
                    f"the seed of {self.name} is a {type(seed).__name__}: each worker would start with "
                    "a copy of it and draw the same samples. Give an integer, or no seed"
                )
        return self._inner.seeds(pieces, options)

    def submit(self, submission: Submission) -> Any:
        """Submit a job to the executor."""
        self._workers.count()
        self.max_pending = self._workers.pending_limit
        block = submission.block or self._write(submission.inputs)
        job = ExecutorJob(
            {
                "versions": self._versions,
                "backend": tuple(self._pickled_backend(submission.identity)),
                "span": tuple(block.span),
                "circuits": (block.encoding, block.data, block.notes),
                "options": pickle_for_workers(dict(submission.options), "one of the run options").data,
                "submission": {
                    "shots": submission.shots,
                    "seed": submission.seed,
                    "identity": submission.identity,
                    "name": submission.name,
                    "tags": submission.tags,
                    "row": submission.row,
                },
                "events": self._events.address,
            },
            None if self._workers.reports_starts else "with the executor",
        )
        self._send(job)
        return job

    def job_id(self, handle: Any) -> str | None:
        """Return a random text, because executors have no ids of jobs."""
        token: str = handle.token
        return token

    def native_job(self, handle: Any) -> Any:
        """Return None: no provider has the job, and a kept future would keep its result on a cluster."""
        return None

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Read the events of tasks that have started, and check the futures."""
        for event in self._events.read():
            job = self._jobs.get(event.token)
            if job is not None:
                job.started = event
        for index, job in enumerate(handles):
            found = job.observe()
            report(index, found if isinstance(found, Observation) else self._send_again(job, found))

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        """Raise ``NotFoundError``: the jobs of a dead kernel are lost."""
        raise NotFoundError(f"job {job_id} ended with the kernel that gave it to an executor")

    def cancel(self, handle: Any) -> bool:
        """Cancel a job, discarding the result if it runs; return False if it has ended."""
        if handle.future.done():
            return False
        handle.cancelled = True
        self._workers.cancel(handle.future)
        return True

    def close(self) -> None:
        """Cancel the jobs that have not started. The executor itself stays open."""
        for job in list(self._jobs.values()):
            with suppress(Exception):
                job.future.cancel()
        self._events.close()

    def _write(self, inputs: Sequence[CircuitInput]) -> CircuitBlock:
        block, losses = write_block(Span(0, len(inputs)), inputs)
        for loss in losses:
            if loss.key is None:
                raise CircuitError(
                    f"circuit {loss.name!r} of this job cannot be written, so it cannot be sent to an "
                    f"executor's workers ({loss.reason}): run it without an executor"
                )
        return block

    def _pickled_backend(self, identity: str) -> Pickled:
        """Return the backend as it was at the set's first job, because its options may change later."""
        job_set = set_tag_of(identity)
        with self._pickling:
            if job_set not in self._pickled:
                self._pickled[job_set] = pickle_for_workers(self._backend, self.name)
                if len(self._pickled) > _KEPT_SETS:
                    self._pickled.popitem(last=False)
            self._pickled.move_to_end(job_set)
            return self._pickled[job_set]

    def _send(self, job: ExecutorJob) -> None:
        job.started = None
        job.token = uuid.uuid4().hex
        self._jobs[job.token] = job
        job.future = self._workers.submit(*unpickling_call({**job.task, "token": job.token}))

    def _send_again(self, job: ExecutorJob, death: BaseException) -> Observation:
        """Submit a job again after its worker died."""
        try:
            self._send(job)
        except InvalidStateError as refusal:
            return Observation(Status.ERROR, str(refusal))
        except Exception as refusal:
            return Observation(
                Status.ERROR, f"its worker died ({explain(death)}), and then: {explain(refusal)}"
            )
        return Observation(Status.QUEUED, note="run again: its worker died")
