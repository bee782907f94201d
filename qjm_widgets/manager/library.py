"""The job sets of one store and of this session: retrieved, listed, exported, deleted."""

from __future__ import annotations

import datetime
import functools
import os
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from qjm_widgets import backends as _backends
from qjm_widgets.core.job_tags import OURS
from qjm_widgets.core.provider_jobs import FoundSet, found_sets
from qjm_widgets.core.store_port import SetSummary
from qjm_widgets.core.validation import check_name
from qjm_widgets.engine.engine import Engine
from qjm_widgets.engine.follower import Follower
from qjm_widgets.engine.transpiler import Transpiler
from qjm_widgets.errors import ClosedError
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager.adapter_registry import Adapters
from qjm_widgets.manager.deletion import delete_set, prune_sets
from qjm_widgets.manager.provider_sets import ProviderSets
from qjm_widgets.manager.retrieval import Resumption, retrieve_set
from qjm_widgets.manager.session import Session
from qjm_widgets.manager.set_names import time_name
from qjm_widgets.manager.shutdown import Threads
from qjm_widgets.manager.taker import Taker
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.owner_process import check_process
from qjm_widgets.state.progress import FileLine
from qjm_widgets.storage.sqlite import SQLiteStore


class JobSetLibrary:
    """The part of ``JobManager`` that handles sets that exist already. Users make a ``JobManager``.

    Args:
        store: the store.
        engine: drives the sets.
        backends: backends that ``resume`` finds by name.
    """

    def __init__(self, store: SQLiteStore, engine: Engine, backends: Sequence[Any]) -> None:
        self._store = store
        self._engine = engine
        self._transpiler = Transpiler(store, engine)
        self._follower = Follower(store)
        engine.lost = self._follower.follow
        self._taker = Taker()
        self._threads = Threads(self._taker, self._follower, self._transpiler, engine)
        self._adapters = Adapters(backends)
        self._session = Session()
        self._provider_sets = ProviderSets(store, engine, self._adapters.of, self._enlist)
        self._resumption = Resumption(
            store, self._session, self._adapters, engine, self._follower, self._transpiler
        )
        self._closed = False
        self._process = os.getpid()

    @property
    def _store_path(self) -> str:
        """The path of the store's file, without symbolic links, or ``":memory:"``."""
        return self._store.path

    def job_sets(self, name: str | None = None, *, group: str | None = None) -> list[JobSet]:
        """Return the sets that were run or retrieved in this session, oldest first.

        Args:
            name: return only the sets with this name.
            group: return only the sets of this group.
        """
        check_process(self._process)
        return self._session.job_sets(name, group)

    def history(
        self, name: str | None = None, limit: int | None = None, *, group: str | None = None
    ) -> list[SetSummary]:
        """Return a summary of each set in the store, newest first; no circuits are read.

        Args:
            name: return only the sets with this name.
            limit: return at most so many sets.
            group: return only the sets of this group; ``record.group`` has the group of a set.
        """
        self._check_open()
        return self._store.summaries(name, limit, group)

    def _store_size(self) -> int:
        """Return the size of the store in bytes; ``delete`` and ``prune`` make it smaller."""
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
        """Return a set from this session, from the store, or from a provider. It never submits a job.

        A set that another kernel drives is followed. A set that no kernel drives does not change until
        ``resume``; with a provider, the jobs that the provider has are polled. A set that is not in the
        store is made from the tags of the provider's jobs, without its circuits. If some of these jobs
        are missing, a job with an error that says so takes their place. Results are fetched when they
        are first read.

        Args:
            job_set_id: 32 hexadecimal digits, as ``job_set.job_set_id()`` returned them.
            backend: the backend that ``resume`` will use.
            refresh: read the set again; if that fails, the set does not change. With a provider, find
                its jobs that are missing or held.
            provider: a ``QiskitRuntimeService``. All instances are asked that its account sees, unless
                it was made for one; a warning names those that refuse.

        Raises:
            JobSetNotFoundError: neither the store nor the provider has the set.
            InvalidStateError: ``run`` is still saving the set.
            InputError: the set was made for another backend.
            ProviderError: the provider refused the request or did not answer.
        """
        self._check_open()
        if provider is not None:
            return self._provider_sets.retrieve(
                _backends.provider_of(provider),
                job_set_id,
                lambda: self.retrieve_job_set(job_set_id),
                refresh=refresh,
            )
        return retrieve_set(
            self._store,
            self._session,
            self._follower,
            self._enlist,
            job_set_id,
            backend=backend,
            adapter=None if backend is None else self._adapters.of(backend),
            refresh=refresh,
        )

    def find_job_sets(self, provider: Any) -> list[FoundSet]:
        """Return the sets that an account at a provider holds, newest first; nothing is stored.

        All instances are asked that the account sees. If one refuses, or if the service was made for one
        instance of several, a warning names those that were not asked.

        Args:
            provider: a ``QiskitRuntimeService``.

        Raises:
            ProviderError: the provider refused the request or did not answer.
        """
        self._check_open()
        account = _backends.provider_of(provider)
        found = found_sets(account.jobs(OURS))
        for unasked in filter(None, (account.limit, account.refused)):
            warnings.warn(f"job sets may be missing: {unasked}", stacklevel=2)
        return found

    def adopt(self, job_ids: Sequence[str] | str, backend: Any, name: str | None = None) -> JobSet:
        """Make a set of jobs that were submitted without this package, and poll them.

        Their results are fetched when they are first read.

        Args:
            job_ids: the ids of jobs of a sampler, an estimator or an ``Executor``, in the order of their
                circuits.
            backend: the ``QiskitRuntimeService`` that has the jobs, or one of its backends.
            name: the set's name; by default the local time.

        Raises:
            InputError: there are no ids, an id is repeated, the jobs are of several backends or
                instances, or of several kinds (samplers, estimators, quantum programs), or a job is of
                none of these.
            NotFoundError: the provider does not have one of the jobs; nothing was stored.
            ProviderError: the provider refused the request or did not answer; nothing was stored.
        """
        self._check_open()
        ids = [job_ids] if isinstance(job_ids, str) else list(job_ids)
        name = time_name() if name is None else check_name(name)
        provider = _backends.provider_of(getattr(backend, "service", backend))
        return self._provider_sets.adopt(provider, ids, name)

    def delete(self, job_set_id: str) -> None:
        """Delete a set and its results from the store; jobs at a provider are left alone.

        Raises:
            JobSetNotFoundError: the store does not have the set.
            InvalidStateError: the set has jobs under way here, or another kernel drives it.
        """
        self._check_open()
        delete_set(self._store, self._session, self._engine, job_set_id)

    def prune(self, older_than: float | datetime.timedelta, *, dry_run: bool = False) -> int:
        """Delete all sets older than an age, except sets under way here or in another kernel.

        Args:
            older_than: the age in seconds, or a timedelta.
            dry_run: whether to count the sets without deleting them.

        Returns:
            How many sets were deleted, or would be.

        Raises:
            InputError: the age is negative.
        """
        return prune_sets(self.history, self.delete, older_than, dry_run=dry_run)

    def report(self, detailed: bool = True) -> str:
        """Return a text report on all sets of this session.

        Args:
            detailed: whether to add a line for each job.
        """
        sets = self.job_sets()
        if not sets:
            return "No job sets in this session."
        return "\n\n".join(job_set.report(detailed) for job_set in sets)

    def export(self, job_set: JobSet | str, path: str | os.PathLike[str]) -> None:
        """Write a set, with everything that the store has of it, to one file, called a bundle.

        Only its owner can read the file. It is written part by part, so that a large set needs little
        memory. On a terminal, a line shows the progress.

        Args:
            job_set: the set, or its id.
            path: the file; an existing file is replaced only if it is a bundle of the same set.

        Raises:
            JobSetNotFoundError: the store does not have the set.
            BundleError: the file cannot be written, or the set is too large for a bundle.
        """
        from qjm_widgets.bundle import write_bundle

        self._check_open()
        set_id = job_set if isinstance(job_set, str) else job_set.job_set_id()
        with FileLine() as line:
            write_bundle(self._store, set_id, path, line.update)

    def load(self, path: str | os.PathLike[str], *, max_bytes: int | None = None) -> JobSet:
        """Store the set of a bundle and return it; nothing is submitted or polled.

        If an equal set is here already, that set is returned. If a different set here has the id, the
        loaded set gets a new id. Jobs that were under way at the export are held until you decide.

        ``report`` shows the run options from the bundle, and ``resume`` warns before it passes them to a
        backend; ``resume(backend, name=value)`` changes one.

        Args:
            path: the file.
            max_bytes: the most bytes of memory that its contents may take. None means the value of the
                environment variable ``QJM_MAX_BUNDLE_BYTES``, or 1 GiB without it.

        Raises:
            InputError: the limit is not a whole number of at least 1.
            BundleError: the file is damaged, changed, too large, of a newer version, or not a bundle;
                the store has not changed.
            StoreError: the set could not be stored; the store has not changed.
        """
        from qjm_widgets.bundle import read_bundle, store_bundle

        self._check_open()
        with FileLine() as line:
            bundle = read_bundle(path, max_bytes, line.update)
        job_set = self.retrieve_job_set(store_bundle(self._store, bundle))
        self._session.watchers.notify()
        return job_set

    def _resume(
        self,
        state: JobSetState,
        backend: Any,
        executor: Any,
        pass_manager: Any,
        options: Mapping[str, Any],
    ) -> None:
        self._check_open()
        self._resumption.resume(state, backend, executor, pass_manager, options)

    def _enlist(self, state: JobSetState) -> JobSet:
        """Add a set to the session."""
        state.watchers.add(self._session.watchers.notify)
        state.outcomes.fetch = functools.partial(self._provider_sets.fetch, state)
        job_set = JobSet(state, self._engine, self._resume)
        self._session.add(job_set)
        return job_set

    def _check_open(self) -> None:
        check_process(self._process)
        if self._closed:
            raise ClosedError("this manager was closed: make another one")
