"""Retrieve job sets from the session or the store, and resume them in this kernel."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from typing import Any

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.formatting import options_text
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.engine.engine import Engine
from qjm_widgets.engine.follower import Follower
from qjm_widgets.engine.transpiler import Transpiler
from qjm_widgets.errors import DrivenElsewhereError, InvalidStateError
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager.adapter_registry import Adapters
from qjm_widgets.manager.planning import transpile_function
from qjm_widgets.manager.resume_options import check_backend, check_options, merge_options, untranspiled
from qjm_widgets.manager.session import Session
from qjm_widgets.state.job_set_state import JobSetState


def retrieve_set(
    store: JobStore,
    session: Session,
    follower: Follower,
    enlist: Callable[[JobSetState], JobSet],
    job_set_id: str,
    *,
    backend: Any,
    adapter: BackendAdapter | None,
    refresh: bool,
) -> JobSet:
    """Return a set of the session or of the store, and follow it unless it is driven here.

    Args:
        store: the store.
        session: the sets of this session.
        follower: follows sets that other kernels drive.
        enlist: adds a set to the session.
        job_set_id: the id of the set.
        backend: the backend that ``resume`` will use; None if the user gave none.
        adapter: the adapter of that backend.
        refresh: whether to read the set again, if it is not driven here.

    Raises:
        JobSetNotFoundError: neither the session nor the store has the set.
        InvalidStateError: ``run`` is still saving the set.
        InputError: the set was made for another backend.
    """
    with session.lock:
        job_set = session.get(job_set_id)
        if job_set is None:
            record, jobs = store.load_set(job_set_id)
            saving = not (record.complete or record.taken) and store.owner(job_set_id) is not None
            if saving or session.is_being_saved(job_set_id):
                raise InvalidStateError(
                    f"{record.name!r} is still being saved: retrieve it when its `run` has returned"
                )
            job_set = enlist(JobSetState(record, jobs, store))
        elif refresh and job_set._state.adapter is None:
            job_set._state.restart(*store.load_set(job_set_id))
            job_set._state.outcomes.invalidate()
        if adapter is not None:
            check_backend(job_set._state.record, adapter)
            job_set._expected_backend = backend
        if job_set._state.adapter is None:
            follower.follow(job_set._state)
        return job_set


class Resumption:
    """The part of one manager that resumes sets which no kernel drives any more.

    Args:
        store: the store.
        session: the sets of this session.
        adapters: gives the adapter of a backend.
        engine: drives the sets.
        follower: follows a set if another kernel drives it.
        transpiler: transpiles circuits that still wait for a pass manager.
    """

    def __init__(
        self,
        store: JobStore,
        session: Session,
        adapters: Adapters,
        engine: Engine,
        follower: Follower,
        transpiler: Transpiler,
    ) -> None:
        self._store = store
        self._session = session
        self._adapters = adapters
        self._engine = engine
        self._follower = follower
        self._transpiler = transpiler

    def resume(
        self,
        state: JobSetState,
        backend: Any,
        executor: Any,
        pass_manager: Any,
        options: Mapping[str, Any],
    ) -> None:
        """Drive a set in this kernel; if it is driven here already, reconcile its held jobs again.

        With an executor, a set that is driven here and has no unfinished jobs is driven on that executor
        from now on. The arguments and errors are those of ``JobSet.resume``.
        """
        with self._session.lock:
            if state.adapter is not None and (executor is None or not state.settled):
                check_options(state.record, state.adapter, options)
                self._engine.reconcile_held(state)
                return
            adapter = self._adapters.of_set(state.record, backend, executor)
            check_backend(state.record, adapter)
            check_options(state.record, adapter, options)
            if state.adapter is not None:
                self._engine.forget(state)
            merged = merge_options(state.record, options)
            untranspiled(state, pass_manager)  # raises if the pass manager is missing
            self._claim(state, adapter, options)
            state.restart(*self._store.load_set(state.set_id))
            state.take_over(adapter, merged)
            spans = untranspiled(state, pass_manager)
            self._engine.resume(state, ready=spans[0].start if spans else state.record.circuits)
            if spans:
                transpile = transpile_function(pass_manager, adapter, merged)
                assert transpile is not None
                self._transpiler.add(state, transpile, spans, upto=state.record.circuits)

    def _claim(self, state: JobSetState, adapter: BackendAdapter, options: Mapping[str, Any]) -> None:
        """Claim a set; warn if run options from a bundle will be passed to the backend."""
        try:
            from_bundle = self._store.claim(state.set_id)
        except DrivenElsewhereError:
            self._follower.follow(state)
            raise
        kept = {name: value for name, value in state.record.options.items() if name not in options}
        if from_bundle and kept:
            warnings.warn(
                f"{state.record.name!r} is from a bundle: these run options of it go to "
                f"{adapter.name}: {options_text(kept)}",
                stacklevel=5,
            )
