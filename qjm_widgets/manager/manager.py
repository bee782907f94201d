"""The manager: wires store, engine and adapters, and knows the sets of this session."""

from __future__ import annotations

import atexit
import contextlib
import datetime
import functools
import itertools
import os
import threading
import time
import uuid
import warnings
import weakref
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any

from qjm_widgets import _display
from qjm_widgets import backends as _backends
from qjm_widgets._printable import printable_result
from qjm_widgets.clock import SystemClock
from qjm_widgets.core.formatting import options_text, plural
from qjm_widgets.core.job_tags import OURS
from qjm_widgets.core.ports import RemoteAdapter, SetSummary, Work
from qjm_widgets.core.provider_jobs import FoundSet, found_sets
from qjm_widgets.core.records import JobRecord, JobSetRecord, Status
from qjm_widgets.core.splitting import Limits, Plan
from qjm_widgets.core.validation import check_budget, check_name, check_tags
from qjm_widgets.engine.engine import Engine
from qjm_widgets.engine.follower import Follower
from qjm_widgets.engine.transpiler import Transpiler
from qjm_widgets.errors import (
    ClosedError,
    DrivenElsewhereError,
    InputError,
    InvalidStateError,
    JobSetNotFoundError,
)
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager.adapter_registry import Adapters
from qjm_widgets.manager.planning import (
    prepare,
    records_of,
    shots_range,
    sort_options,
    transpiling,
    uncollected,
)
from qjm_widgets.manager.provider_sets import RemoteSets
from qjm_widgets.manager.resume_options import check_backend, check_options, merge_options, untranspiled
from qjm_widgets.manager.set_writer import SetWriter
from qjm_widgets.manager.shutdown import Threads, end
from qjm_widgets.serialization.losses import describe_losses
from qjm_widgets.state.caches import IN_MEMORY
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.owner_process import check_process
from qjm_widgets.state.progress import FileLine, SavingLine
from qjm_widgets.storage.sqlite import SQLiteStore


class JobManager:
    """Cuts circuits into jobs, submits them in the background, and collects their results.

    Args:
        store: where everything is kept: a path, ``":memory:"``, or None for the user's data directory
            (environment ``QJM_STORE`` overrides it).
        backends: backends that are known by name when a set is resumed.

    Leaving its ``with`` block normally waits until everything is submitted, but for what is paused.
    """

    def __init__(
        self, store: str | os.PathLike[str] | None = None, *, backends: Sequence[Any] = ()
    ) -> None:
        self._store = SQLiteStore(_store_path(store))
        self._engine = Engine(self._store, SystemClock())
        self._transpiler = Transpiler(self._store, self._engine)
        self._follower = Follower(self._store)
        self._engine.lost = self._follower.follow
        self._threads = Threads(self._follower, self._transpiler, self._engine)
        self._adapters = Adapters(backends)
        self._remote = RemoteSets(self._store, self._engine, self._adapters.of, self._enlist)
        self._sets: dict[str, JobSet] = {}
        self._being_saved: set[str] = set()
        self._lock = threading.RLock()
        self._closed = False
        self._process = os.getpid()
        self._watchers: list[Callable[[], None]] = []
        self._shown: Any = None
        """The list that displaying the manager shows; one for all its displays."""
        _OPEN.add(self)

    @property
    def store_path(self) -> str:
        """Where everything is kept: a file's path without symbolic links, or ``":memory:"``."""
        return self._store.path

    # -- running -------------------------------------------------------------------------------------

    @uncollected()
    def run(
        self,
        circuits: Any,
        backend: Any,
        *,
        name: str | None = None,
        shots: int | None = None,
        max_circuits_per_job: int | None = None,
        max_shots_per_job: int | None = None,
        max_payload_bytes: int | None = None,
        tags: Iterable[str] = (),
        pass_manager: Any = None,
        executor: Any = None,
        rerun_on_resume: bool | None = None,
        max_qpu_seconds: float | None = None,
        **run_options: Any,
    ) -> JobSet:
        """Store circuits as a set of jobs and return; the jobs are submitted in the background.

        When this returns, the set and its circuits are on disk. Where that takes more than a second, a
        line says how far it is; an interrupt meanwhile leaves nothing behind.

        Args:
            circuits: one or many circuits, or PUB-likes ``(circuit, parameter_values, shots)``.
            backend: any Qiskit backend or V2 sampler.
            name: of the set; by default the time.
            shots: of each circuit that does not say its own; by default the backend's.
            max_circuits_per_job: cut smaller than the backend's own limits would.
            max_shots_per_job: likewise; shots above it are cut into several jobs and merged again.
            max_payload_bytes: likewise, by the bytes of the written circuits.
            tags: strings of the user's.
            pass_manager: transpiles each circuit before its job is sent (anything with
                ``run(circuit)``). It is not stored: ``resume`` takes it where circuits wait for it.
            executor: runs the jobs of a simulator on the workers of a ``concurrent.futures.Executor``
                or of a Dask ``Client``, or, with ``"processes"``, in processes of the manager's own, one
                for each core. With equal seeds the samples are the same, whatever the number of workers.
            rerun_on_resume: whether jobs that may have been lost with a kernel are run again without
                asking.
            max_qpu_seconds: a budget of quantum processor time, as the backend counts it: when it is
                used up, jobs that were not sent are held. ``update_max_qpu_seconds`` changes it.
            run_options: handed to the backend's ``run``; one that nobody knows is refused.
                ``parameter_binds`` is assigned to the circuits. With ``seed_simulator`` on Aer, the set
                gives what one plain run of all circuits gives; elsewhere each job has a seed of its own.

        Raises:
            InputError: one of its kinds, naming the circuit or argument; nothing was stored or sent.
            StoreError: the set could not be stored; nothing was sent.
        """
        self._check_open()
        adapter = self._adapters.of(backend, executor, rerun=rerun_on_resume)
        works, plan, run_options = prepare(
            circuits,
            adapter,
            shots=shots,
            wished=Limits(max_circuits_per_job, max_shots_per_job, None, max_payload_bytes),
            options=run_options,
            checked=pass_manager is None,
        )
        name = _default_name() if name is None else check_name(name)
        tags = tuple(dict.fromkeys(check_tags(tags)))
        check_budget(max_qpu_seconds)
        if isinstance(adapter, RemoteAdapter):
            adapter.check_labels(name, tags)
        stored, unstored = sort_options(run_options)
        record = JobSetRecord(
            set_id=uuid.uuid4().hex,
            name=name,
            backend=adapter.name,
            adapter=adapter.kind,
            circuits=len(works),
            transpiles=pass_manager is not None,
            created_at=time.time(),
            shots=shots_range(works),
            tags=tags,
            options=stored,
            unstored_options=unstored,
            survives_kernel=adapter.lifetime.survives_kernel,
            recipe=adapter.recipe,
            rerun_on_resume=rerun_on_resume,
            max_qpu_seconds=None if max_qpu_seconds is None else float(max_qpu_seconds),
        )
        jobs = records_of(plan.jobs, adapter, run_options, record.created_at)
        written = self._save(record, jobs, works)
        state = JobSetState(
            written.record,
            jobs,
            self._store,
            adapter=adapter,
            works=written.works,
            names=written.names,
            options=run_options,
        )
        job_set = self._enlist(state)
        self._engine.add(state, ready=0 if pass_manager is not None else len(works))
        if pass_manager is not None:
            spans = sorted({job.span for job in jobs})
            self._transpiler.add(state, transpiling(pass_manager, adapter, run_options), spans)
        return job_set

    def _save(self, record: JobSetRecord, jobs: Sequence[JobRecord], works: Sequence[Work]) -> SetWriter:
        """Write a new set with its circuits; all of it is on disk when this returns, or nothing."""
        self._being_saved.add(record.set_id)
        try:
            with (
                SetWriter(self._store, record, keep=IN_MEMORY) as writer,
                SavingLine(len(works), lambda: writer.record.circuits) as line,
            ):
                for span, held in itertools.groupby(jobs, lambda job: job.span):
                    writer.add(works[span.start : span.stop], list(held))
                    line.look()
                if writer.losses:
                    warnings.warn(describe_losses(writer.losses), stacklevel=4)
                writer.finish()
        finally:
            self._being_saved.discard(record.set_id)
        return writer

    @uncollected()
    def plan(
        self,
        circuits: Any,
        backend: Any,
        *,
        shots: int | None = None,
        max_circuits_per_job: int | None = None,
        max_shots_per_job: int | None = None,
        max_payload_bytes: int | None = None,
        pass_manager: Any = None,
        executor: Any = None,
        name: str | None = None,
        tags: Iterable[str] = (),
        rerun_on_resume: bool | None = None,
        max_qpu_seconds: float | None = None,
        **run_options: Any,
    ) -> Plan:
        """The cut that ``run`` would make with the same arguments; nothing is stored or sent."""
        self._check_open()
        return prepare(
            circuits,
            self._adapters.of(backend, executor, rerun=rerun_on_resume),
            shots=shots,
            wished=Limits(max_circuits_per_job, max_shots_per_job, None, max_payload_bytes),
            options=run_options,
            checked=pass_manager is None,
        ).plan

    # -- sets ----------------------------------------------------------------------------------------

    def job_sets(self, name: str | None = None) -> list[JobSet]:
        """The sets run or retrieved in this session, oldest first; only those of a name if given."""
        check_process(self._process)
        with self._lock:
            return [s for s in self._sets.values() if name is None or s.name() == name]

    def history(self, name: str | None = None, limit: int | None = None) -> list[SetSummary]:
        """A light record of every set in the store, newest first; nothing is loaded."""
        self._check_open()
        return self._store.summaries(name, limit)

    def store_size(self) -> int:
        """Bytes that the store takes: ``delete`` and ``prune`` give them back."""
        self._check_open()
        return self._store.size()

    def retrieve_job_set(
        self,
        job_set_id: str,
        backend: Any = None,
        refresh: bool = False,
        *,
        provider: Any = None,
    ) -> JobSet:
        """A set from this session, from the store, or from a provider. It polls and never submits.

        A set that another kernel drives is followed live. One that nobody drives stays as it is until
        ``resume``; with a provider, the jobs that it has are followed on. A set that the store does not
        know is put together from the tags of the provider's jobs, without its circuits; what no job has
        is an error that says so. Results are fetched when they are asked for.

        Args:
            job_set_id: what ``job_set.job_set_id()`` gave.
            backend: what ``resume`` will use.
            refresh: read it again; where that fails, what was there stays. With a provider, jobs are
                looked for that were missing or held.
            provider: a ``QiskitRuntimeService``.

        Raises:
            JobSetNotFoundError: neither the store nor the provider knows it.
            ProviderError: the provider could not be asked.
        """
        self._check_open()
        if provider is not None:
            return self._remote.retrieve(
                _backends.provider_of(provider),
                job_set_id,
                lambda: self.retrieve_job_set(job_set_id),
                refresh=refresh,
            )
        adapter = None if backend is None else self._adapters.of(backend)
        with self._lock:
            job_set = self._sets.get(job_set_id)
            if job_set is None:
                record, jobs = self._store.load_set(job_set_id)
                if not record.complete and self._is_being_saved(job_set_id):
                    raise InvalidStateError(
                        f"{record.name!r} is still being saved: retrieve it when its `run` has returned"
                    )
                job_set = self._enlist(JobSetState(record, jobs, self._store))
            elif refresh and job_set._state.adapter is None:
                job_set._state.restart(*self._store.load_set(job_set_id))
                job_set._state.outcomes.reread()
            if adapter is not None:
                check_backend(job_set._state.record, adapter)
                job_set._expected_backend = backend
            if job_set._state.adapter is None:
                self._follower.follow(job_set._state)
            return job_set

    def find_job_sets(self, provider: Any) -> list[FoundSet]:
        """The sets that an account at a provider holds, newest first; nothing is stored.

        Args:
            provider: a ``QiskitRuntimeService``.

        Raises:
            ProviderError: the provider could not be asked.
        """
        self._check_open()
        return found_sets(_backends.provider_of(provider).jobs(OURS))

    def adopt(self, job_ids: Sequence[str] | str, backend: Any, name: str | None = None) -> JobSet:
        """Jobs that were sent without us, as a set: followed, and their results fetched when asked for.

        Args:
            job_ids: of sampler jobs, in the order of their circuits.
            backend: the ``QiskitRuntimeService`` that has them, or a backend of it.
            name: of the set; by default the time.

        Raises:
            InputError: no ids, one twice, jobs of several backends, or of a kind that gives no counts.
            NotFoundError: the provider does not know one; nothing was stored.
            ProviderError: the provider could not be asked; nothing was stored.
        """
        self._check_open()
        ids = [job_ids] if isinstance(job_ids, str) else list(job_ids)
        name = _default_name() if name is None else check_name(name)
        provider = _backends.provider_of(getattr(backend, "service", backend))
        return self._remote.adopt(provider, ids, name)

    def _is_being_saved(self, set_id: str) -> bool:
        return set_id in self._being_saved or self._store.owner(set_id) is not None

    def _resume(
        self,
        state: JobSetState,
        backend: Any,
        executor: Any,
        pass_manager: Any,
        options: Mapping[str, Any],
    ) -> None:
        """What ``job_set.resume`` does."""
        self._check_open()
        with self._lock:
            if state.adapter is not None and (executor is None or not state.settled):
                check_options(state.record, state.adapter, options)
                self._engine.look_again(state)
                return
            adapter = self._adapters.of_set(state.record, backend, executor)
            check_backend(state.record, adapter)
            check_options(state.record, adapter, options)
            if state.adapter is not None:
                self._engine.forget(state)
            merged = merge_options(state.record, options)
            untranspiled(state, pass_manager)
            try:
                foreign = self._store.claim(state.set_id)
            except DrivenElsewhereError:
                self._follower.follow(state)
                raise
            kept = {name: value for name, value in state.record.options.items() if name not in options}
            if foreign and kept:
                warnings.warn(
                    f"{state.record.name!r} is from a bundle: these run options of it go to "
                    f"{adapter.name}: {options_text(kept)}",
                    stacklevel=3,
                )
            state.restart(*self._store.load_set(state.set_id))
            state.owner = None
            state.options = merged
            state.adapter = adapter
            spans = untranspiled(state, pass_manager)
            self._engine.resume(state, ready=spans[0].start if spans else state.record.circuits)
            if spans:
                self._transpiler.add(state, transpiling(pass_manager, adapter, merged), spans)

    def _enlist(self, state: JobSetState) -> JobSet:
        """A set of this session from now on."""
        state.watch(self._notify)
        state.outcomes.fetch = functools.partial(self._remote.fetch, state)
        with self._lock:
            job_set = self._sets[state.set_id] = JobSet(state, self._engine, self._resume)
        return job_set

    def watch(self, watcher: Callable[[], None]) -> None:
        """Call a quick function, on any thread, when a set of this session changed or was forgotten."""
        if watcher not in self._watchers:
            self._watchers.append(watcher)

    def unwatch(self, watcher: Callable[[], None]) -> None:
        """Stop calling it; unknown ones are ignored."""
        if watcher in self._watchers:
            self._watchers.remove(watcher)

    def _notify(self) -> None:
        for watcher in list(self._watchers):
            watcher()

    def delete(self, job_set_id: str) -> None:
        """Forget a set and its results; jobs at a provider are left alone.

        Raises:
            JobSetNotFoundError: the store does not know it.
            InvalidStateError: it is still running here, or another kernel drives it.
        """
        self._check_open()
        with self._lock:
            known = self._sets.get(job_set_id)
            if known is not None and not known._state.settled:
                raise InvalidStateError(
                    f"{known.name()!r} still has jobs under way: cancel them or wait before deleting it"
                )
            owner = self._store.owner(job_set_id)
            _, jobs = self._store.load_set(job_set_id)
            if owner is not None and any(not job.status.settled for job in jobs):
                raise DrivenElsewhereError(f"{owner} drives job set {job_set_id}: end it there first")
            self._store.delete_set(job_set_id)
            if known is not None:
                self._engine.forget(known._state)
                del self._sets[job_set_id]
        self._notify()

    def prune(self, older_than: float | datetime.timedelta, *, dry_run: bool = False) -> int:
        """Forget every set that was made longer ago; those under way, here or elsewhere, stay.

        Args:
            older_than: seconds, or a timedelta.
            dry_run: forget nothing, only tell how many it would be.

        Returns:
            How many sets were forgotten.
        """
        age = older_than.total_seconds() if isinstance(older_than, datetime.timedelta) else older_than
        if age < 0:
            raise InputError(f"older_than must be at least 0 seconds, not {older_than}")
        before = time.time() - age
        forgotten = 0
        for summary in self.history():
            if summary.record.created_at >= before or summary.under_way:
                continue
            if not dry_run:
                try:
                    self.delete(summary.record.set_id)
                except (InvalidStateError, JobSetNotFoundError):  # another kernel was quicker
                    continue
            forgotten += 1
        return forgotten

    def report(self, detailed: bool = True) -> str:
        """A text report over all sets of this session."""
        sets = self.job_sets()
        if not sets:
            return "No job sets in this session."
        return "\n\n".join(job_set.report(detailed) for job_set in sets)

    def export(self, job_set: JobSet | str, path: str | os.PathLike[str]) -> None:
        """Write a set with all that the store has of it to one file, a bundle that you alone can read.

        It is written part by part, whatever its size; on a terminal a line says how far it is.

        Args:
            job_set: the set, or its id.
            path: the file; only a bundle of the same set is replaced.

        Raises:
            JobSetNotFoundError: the store does not know the set.
            BundleError: the file cannot be written there, or the set is too large for a bundle.
        """
        from qjm_widgets.bundle import write_bundle

        self._check_open()
        set_id = job_set if isinstance(job_set, str) else job_set.job_set_id()
        with FileLine() as line:
            write_bundle(self._store, set_id, path, line.tell)

    def load(self, path: str | os.PathLike[str], *, max_bytes: int | None = None) -> JobSet:
        """Take the set of a bundle into the store; nothing of it is sent or asked for.

        A set that is here already, and is equal, stays as it is; where another set has the id, this one
        gets a new id. Jobs that were under way when it was exported are held, for you to decide.

        ``report`` shows the run options that it brings, and ``resume`` warns of them before it sends
        them to a backend; ``resume(backend, name=value)`` changes one.

        Args:
            path: the file.
            max_bytes: how many bytes it may unpack to, in memory; None: what the environment variable
                QJM_MAX_BUNDLE_BYTES says, or 1 GiB.

        Raises:
            InputError: the limit is no whole number of at least 1.
            BundleError: it is damaged, changed, too large, of a newer version, or no bundle; the store
                is as it was.
            StoreError: it could not be stored; the store is as it was.
        """
        from qjm_widgets.bundle import read_bundle, store_bundle

        self._check_open()
        with FileLine() as line:
            bundle = read_bundle(path, max_bytes, line.tell)
        job_set = self.retrieve_job_set(store_bundle(self._store, bundle))
        self._notify()
        return job_set

    # -- life ----------------------------------------------------------------------------------------

    def close(self) -> None:
        """Stop the threads and let go of the store; jobs at a backend go on. A second call does nothing.

        Warns how many jobs were not sent yet: they stay in the store, and ``resume`` sends them.
        """
        unsent = self._shut()
        if unsent:
            warnings.warn(f"{plural(unsent, 'job')} not sent yet: kept in the store", stacklevel=2)
        if self._engine.unwritten:
            warnings.warn(
                f"what came last could not be stored: {self._engine.unwritten} "
                "`resume` has jobs at a backend back from there.",
                stacklevel=2,
            )

    def _shut(self) -> int:
        """Close without a word; how many jobs were not sent yet."""
        check_process(self._process)
        with self._lock:
            if self._closed:
                return 0
            self._closed = True
        _OPEN.discard(self)
        end([self._threads])
        return self._let_go()

    def _let_go(self) -> int:
        """Let go of everything, once the threads have ended; how many jobs were not sent yet."""
        self._adapters.close()
        lives = [job_set._state for job_set in self._sets.values()]
        try:
            self._store.close()
        finally:
            for state in lives:
                state.close()
        return sum(state.numbers()[Status.NOT_SENT] for state in lives if state.adapter is not None)

    def __enter__(self) -> JobManager:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if kind is not None and os.getpid() != self._process:
            return  # a forked child on its way out: nothing here is its own
        try:
            if kind is None:
                for job_set in self.job_sets():
                    if not job_set._state.paused:  # nobody would ever let it go on
                        job_set.wait(until="submitted")
        finally:
            self.close()

    @printable_result
    def __repr__(self) -> str:
        return f"<JobManager {self._store.path}: {plural(len(self._sets), 'job set')} in this session>"

    def _ipython_display_(self, **_: Any) -> None:
        _display.show(lambda: _display.load().show_manager(self), self.__repr__)

    def _check_open(self) -> None:
        check_process(self._process)
        if self._closed:
            raise ClosedError("this manager was closed: make another one")


_OPEN: weakref.WeakSet[JobManager] = weakref.WeakSet()


def open_managers() -> list[JobManager]:
    """The managers of this process that were not closed, in no order."""
    return list(_OPEN)


@atexit.register
def _close_all() -> None:
    """At the interpreter's end: stop in bounded time, print nothing; the unsent stays in the store."""
    managers = open_managers()
    for manager in managers:
        manager._closed = True
        _OPEN.discard(manager)
    end([manager._threads for manager in managers])
    for manager in managers:
        with contextlib.suppress(Exception):
            manager._let_go()


def _store_path(store: str | os.PathLike[str] | None) -> str | Path:
    chosen = store if store is not None else os.environ.get("QJM_STORE")
    if chosen is None or chosen == "":
        import platformdirs

        return Path(platformdirs.user_data_dir("qjm_widgets", appauthor=False)) / "store.sqlite"
    return ":memory:" if chosen == ":memory:" else Path(chosen).expanduser()


def _default_name() -> str:
    return f"{datetime.datetime.now():%Y-%m-%d %H:%M:%S}"


_default: JobManager | None = None
_making_default = threading.Lock()


def _forget_parents() -> None:
    """In a forked child: managers are the parent's, and their threads stayed there."""
    global _default, _making_default
    _OPEN.clear()
    _default, _making_default = None, threading.Lock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget_parents)


def default_manager() -> JobManager:
    """The manager on the user's own store; made when first asked for."""
    global _default
    with _making_default:
        if _default is None or _default._closed:
            _default = JobManager()
        return _default
