"""The manager, as its user sees it."""

from __future__ import annotations

import contextlib
import os
import time
import warnings
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qjm_widgets import _display
from qjm_widgets._printable import printable_result
from qjm_widgets.core.formatting import found_text, plural
from qjm_widgets.core.records import Status
from qjm_widgets.core.splitting import Limits, Plan
from qjm_widgets.core.validation import check_name
from qjm_widgets.engine.engine import Engine
from qjm_widgets.errors import InputError, QJMError
from qjm_widgets.interfaces.backend import ManagedBackend
from qjm_widgets.interfaces.caller import calling_class
from qjm_widgets.interfaces.managed import Managed
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager.continuation import Continuation
from qjm_widgets.manager.group import JobSetGroup, entered_group
from qjm_widgets.manager.group_values import Read
from qjm_widgets.manager.inputs import comes_one_by_one, kind_of
from qjm_widgets.manager.intake import check_size, first_jobs
from qjm_widgets.manager.planning import (
    RunArguments,
    gc_disabled,
    plan_job_set,
)
from qjm_widgets.manager.qiskit_interfaces import QiskitInterfaces
from qjm_widgets.manager.reuse import ReusableSets, Reuse, check_reuse, fingerprint, reused_set
from qjm_widgets.manager.set_starter import SetStarter
from qjm_widgets.manager.shutdown import OPEN, end_threads
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.owner_process import check_process
from qjm_widgets.storage.sqlite import SQLiteStore


class JobManager(QiskitInterfaces):
    """Cuts circuits into jobs, submits them in the background, and collects their results.

    Leaving its ``with`` block normally waits until all jobs are submitted, except those of paused sets,
    and until all circuits are taken from generators.

    Args:
        store: where job sets are kept: a path, ``":memory:"``, or None for the user's data directory
            (the environment variable ``QJM_STORE`` overrides it).
        backends: backends that ``resume`` finds by name.

    Raises:
        StoreError: the store cannot be opened.
        BackendError: one of the backends cannot run circuits.
    """

    def __init__(
        self, store: str | os.PathLike[str] | None = None, *, backends: Sequence[Any] = ()
    ) -> None:
        opened = SQLiteStore(_resolve_store(store))
        super().__init__(opened, Engine(opened, time), backends)
        # The list that displaying the manager shows; one for all its displays.
        self._shown: Any = None
        self._groups: dict[str, JobSetGroup] = {}
        self._starter = SetStarter(
            opened, self._session, self._engine, self._transpiler, self._taker, self._enlist
        )
        self._continuation = Continuation(self._engine, self._transpiler, self._taker, self._resume)
        OPEN.add(self)

    @gc_disabled()
    def run(
        self,
        circuits: Any,
        backend: Any,
        *,
        name: str | None = None,
        group: str | None = None,
        shots: int | None = None,
        precision: float | None = None,
        max_circuits_per_job: int | None = None,
        max_shots_per_job: int | None = None,
        max_points_per_job: int | None = None,
        max_payload_bytes: int | None = None,
        tags: Iterable[str] = (),
        pass_manager: Any = None,
        executor: Any = None,
        rerun_on_resume: bool | None = None,
        max_qpu_seconds: float | None = None,
        reuse: Reuse = False,
        size: int | None = None,
        continue_set: JobSet | str | None = None,
        **run_options: Any,
    ) -> JobSet:
        """Store circuits as a job set and return; the jobs are submitted in the background.

        When this returns, the set and its circuits are on disk. If that takes more than a second, a line
        shows the progress; an interrupt meanwhile leaves nothing in the store.

        Of a generator, or another iterable without a length, it returns when the circuits of the first
        job are on disk. The others are taken on a thread, which stores them and submits their jobs as
        they fill; memory does not grow with their number. ``wait`` and ``results`` wait for all of them.
        An exception of the generator, and a circuit that is refused, end the taking: what was taken
        stays, and the set shows why.

        Args:
            circuits: one or many circuits, or PUB-likes ``(circuit, parameter_values, shots)``; for an
                estimator PUB-likes ``(circuit, observables, parameter_values, precision)``; for IBM
                Quantum's ``Executor`` one ``QuantumProgram``, whose items are the circuits.
            backend: any Qiskit backend, V2 sampler or V2 estimator, or IBM Quantum's ``Executor``.
            name: the set's name. By default its group's with a number ("VQE on H2 12"); without a group
                the class of the library that runs it, the type of the experiment in the metadata, as
                qiskit-experiments writes it, or the names of the circuits; else the local time.
            group: the name of the group to which the set belongs; by default that of the innermost
                ``with manager.group(...)`` block of this thread or asyncio task. It stays in the store
                and in bundles; a provider does not have it.
            shots: the shots of each circuit without shots of its own; by default the backend's. A
                ``QuantumProgram`` has shots of its own.
            precision: the target of the standard error of each expectation value, for each PUB of an
                estimator without a precision of its own; by default the estimator's.
            max_circuits_per_job: the most circuits in a job; the backend's limit applies too.
            max_shots_per_job: the most shots in a job; a circuit with more shots is cut into several
                jobs, and their results are joined. An item with a samplex cannot be cut.
            max_points_per_job: the most points (parameter sets) in a job; a circuit with more points is
                cut into several jobs, each a range of them, and has one result of its full shape.
            max_payload_bytes: the most bytes of circuits, values and observables in a job, as they are
                sent to IBM Quantum: compressed QPY in base64, and 10.7 bytes a value.
            tags: user tags.
            pass_manager: transpiles each circuit before its job is submitted; any object with
                ``run(circuit)``. It is not stored: give it to ``resume`` if circuits still wait for it.
            executor: runs the jobs of a simulator on the workers of a ``concurrent.futures.Executor``
                or of a Dask ``Client``, or, with ``"processes"``, in processes of the manager, one for
                each core. With equal seeds the samples do not depend on the number of workers.
            rerun_on_resume: whether ``resume`` runs jobs again that may have been lost with a kernel;
                with None they are held if that is not known.
            max_qpu_seconds: the most seconds of quantum processor time, as the backend counts it. When
                they are used up, unsent jobs are held; ``update_max_qpu_seconds`` changes the budget.
            reuse: whether to give back a set of the store with equal circuits, values, options and seed,
                on an equal backend since its last calibration, instead of running them again. Results
                stay; jobs that are unsent, failed or were cancelled are submitted. A set is found if it
                was run with ``reuse`` too, or on a simulator without settings of its own.
                ``"any calibration"`` takes older sets of the backend, ``"any backend"`` those of others.
            size: how many circuits a generator gives, for the progress that is shown.
            continue_set: a set, or its id, whose taking ended early: its kernel died, the manager was
                closed, it was cancelled, or the generator raised. Give the same call again with this
                argument: the circuits from the first on, of which those that the set has are skipped by
                their number; the same backend; and the same limits and shots. Its run options, name
                and tags are those of the set. It is resumed if this kernel does not drive it.
            run_options: passed to the backend's ``run``; an unknown option is refused.
                ``parameter_binds`` is assigned to the circuits. With ``seed_simulator`` on Aer, the set
                gives the same counts as one plain run of all circuits; on other backends each job gets
                its own seed, derived from the given one.

        Raises:
            InputError: one of its kinds, which names the circuit or argument; nothing was stored or
                submitted.
            InvalidStateError: the set of ``continue_set`` cannot be continued here.
            StoreError: the set could not be stored; nothing was submitted.
            ClosedError: the manager was closed, or belongs to a parent process.
        """
        self._check_open()
        joined = entered_group(self) if group is None else self.group(group)
        limits = Limits(
            circuits=max_circuits_per_job,
            shots=max_shots_per_job,
            points=max_points_per_job,
            payload_bytes=max_payload_bytes,
        )
        arguments = RunArguments(
            circuits,
            name,
            shots,
            precision,
            limits,
            tags,
            pass_manager,
            rerun_on_resume,
            max_qpu_seconds,
            run_options,
            None if joined is None else joined.name(),
            None if joined is None else joined._next_number,
            caller=calling_class() if isinstance(backend, Managed) else None,
            any_options=isinstance(backend, ManagedBackend),
        )
        adapter = self._adapters.of(backend, executor, rerun=rerun_on_resume)
        size = check_size(size, circuits)
        check_reuse(reuse, arguments, continues=continue_set is not None)
        if continue_set is not None:
            job_set = self._set_to_continue(continue_set)
            self._continuation.run(job_set, arguments, adapter, backend, executor, size)
            return job_set
        if comes_one_by_one(circuits) and not adapter.runs_programs:
            first = first_jobs(arguments, adapter)
            return self._joined(joined, self._starter.take(first, adapter, pass_manager, size))
        planned = plan_job_set(arguments, adapter)
        if reuse:
            mark = fingerprint(planned, adapter)
            if mark is not None:
                sets = ReusableSets(self._store, planned, mark, adapter, reuse)
                found = reused_set(sets, planned, self.retrieve_job_set, backend, executor)
                if found is not None:
                    if joined is not None:
                        joined._reuse(found)
                    return found
            planned = planned._replace(record=replace(planned.record, fingerprint=mark))
        return self._joined(joined, self._starter.start(planned, adapter, pass_manager))

    def _joined(self, group: JobSetGroup | None, job_set: JobSet) -> JobSet:
        """Make a set the newest of its group, and return it."""
        if group is not None:
            group._newest = job_set
        return job_set

    def _set_to_continue(self, given: JobSet | str) -> JobSet:
        if not isinstance(given, (JobSet, str)):
            raise InputError(f"continue_set must be a job set or its id, not {kind_of(given)}")
        return self.retrieve_job_set(given if isinstance(given, str) else given.job_set_id())

    def _enlist(self, state: JobSetState) -> JobSet:
        """Add a set to the session, and to its group."""
        job_set = super()._enlist(state)
        if state.record.group is not None:
            self.group(state.record.group)._follow(state)
        return job_set

    @gc_disabled()
    def plan(
        self,
        circuits: Any,
        backend: Any,
        *,
        shots: int | None = None,
        precision: float | None = None,
        max_circuits_per_job: int | None = None,
        max_shots_per_job: int | None = None,
        max_points_per_job: int | None = None,
        max_payload_bytes: int | None = None,
        pass_manager: Any = None,
        executor: Any = None,
        name: str | None = None,
        group: str | None = None,
        tags: Iterable[str] = (),
        rerun_on_resume: bool | None = None,
        max_qpu_seconds: float | None = None,
        reuse: Reuse = False,
        **run_options: Any,
    ) -> Plan:
        """Return how ``run`` would cut the circuits; nothing is stored or submitted.

        The arguments and errors are those of ``run``, but a generator is refused: a plan would use it
        up.
        """
        self._check_open()
        if comes_one_by_one(circuits):
            raise InputError(
                "plan takes no circuits from a generator, because it would use them up: give a list, "
                "for example list(itertools.islice(circuits, 1000)) of another such generator"
            )
        if group is not None:
            check_name(group, "the name of a group")
        limits = Limits(
            circuits=max_circuits_per_job,
            shots=max_shots_per_job,
            points=max_points_per_job,
            payload_bytes=max_payload_bytes,
        )
        arguments = RunArguments(
            circuits,
            name,
            shots,
            precision,
            limits,
            tags,
            pass_manager,
            rerun_on_resume,
            max_qpu_seconds,
            run_options,
            any_options=isinstance(backend, ManagedBackend),
        )
        adapter = self._adapters.of(backend, executor, rerun=rerun_on_resume)
        check_reuse(reuse, arguments, continues=False)
        planned = plan_job_set(arguments, adapter)
        mark = fingerprint(planned, adapter) if reuse else None
        if mark is None:
            return planned.plan
        for record in ReusableSets(self._store, planned, mark, adapter, reuse):
            note = f"{found_text(record.created_at, time.time())} ({record.set_id})"
            return replace(planned.plan, notes=(*planned.plan.notes, note))
        return planned.plan

    def group(self, name: str, value: Read | None = None) -> JobSetGroup:
        """Return the group of this name, to which sets are added in its ``with`` block.

        A group is its name: in a later kernel the same name has its sets, and adds to them. Displayed,
        it is a live panel of the loop: its sets, the newest value and the trend.

        Args:
            name: the name.
            value: returns the value of a set, one number, given its ``JobSetResults``. Without it, the
                value is the mean of the set's expectation values, or the share of its shots that gave
                only zeros. ``JobSetGroup.record`` sets values in the loop itself.

        Raises:
            InputError: the name is not a string or is blank, or ``value`` is not a function.
        """
        self._check_open()
        check_name(name, "the name of a group")
        if value is not None and not callable(value):
            raise InputError(f"value is a function of a set's results, not {value!r}")
        with self._session.lock:
            group = self._groups.setdefault(name, JobSetGroup(self, name))
        if value is not None:
            group._values.set_read(value)
        return group

    def close(self) -> None:
        """Stop the threads and close the store; jobs at a backend go on. A second call does nothing.

        Warns how many jobs are unsent: they stay in the store, and ``resume`` submits them. Circuits are
        no longer taken from generators: it warns how many were, and ``run(..., continue_set=)`` goes on.
        """
        unsent = self._shut_down()
        for state in self._taker.interrupted:
            warnings.warn(
                f"only {plural(state.record.circuits, 'circuit')} of {state.record.name!r} were taken "
                f"and stored: run(..., continue_set={state.set_id!r}) goes on from there",
                stacklevel=2,
            )
        if unsent:
            warnings.warn(f"{plural(unsent, 'job')} not sent yet: kept in the store", stacklevel=2)
        if self._engine.unwritten:
            warnings.warn(
                f"the last changes could not be stored: {self._engine.unwritten} "
                "`resume` gets jobs at a backend from there.",
                stacklevel=2,
            )

    def _shut_down(self) -> int:
        """Close without a warning; return how many jobs are unsent."""
        check_process(self._process)
        with self._session.lock:
            if self._closed:
                return 0
            self._closed = True
        OPEN.discard(self)
        end_threads([self._threads])
        return self._release()

    def _release(self) -> int:
        """Release everything after the threads have ended; return how many jobs are unsent."""
        self._adapters.close()
        states = [job_set._state for job_set in self._session.job_sets()]
        for group in list(self._groups.values()):
            with contextlib.suppress(QJMError):  # its panel keeps what it has
                group._remember()
        try:
            self._store.close()
        finally:
            for state in states:
                state.close()
        return sum(state.numbers()[Status.NOT_SENT] for state in states if state.adapter is not None)

    def __reduce__(self) -> tuple[Any, ...]:
        if self._store.path == ":memory:":
            raise InputError(
                "a manager whose store is in memory cannot be pickled: make it with JobManager(path)"
            )
        return _manager_on, (self._store.path,)

    def __enter__(self) -> JobManager:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and os.getpid() != self._process:
            return  # a forked child that ends: the manager belongs to its parent
        try:
            if kind is None:
                for job_set in self.job_sets():
                    if not job_set._state.paused:  # it would wait forever
                        job_set.wait(until="submitted")
        finally:
            self.close()

    @printable_result
    def __repr__(self) -> str:
        return (
            f"<JobManager {self._store.path}: {plural(len(self._session), 'job set')} in this session>"
        )

    def _ipython_display_(self, **_: Any) -> None:
        _display.show(lambda: _display.load().show_manager(self), self.__repr__)


def _resolve_store(store: str | os.PathLike[str] | None) -> str | Path:
    chosen = store if store is not None else os.environ.get("QJM_STORE")
    if chosen is None or chosen == "":
        import platformdirs

        return Path(platformdirs.user_data_dir("qjm_widgets", appauthor=False)) / "store.sqlite"
    return ":memory:" if chosen == ":memory:" else Path(chosen).expanduser()


def _manager_on(path: str) -> JobManager:
    """Return an open manager of this process on a store, else a new one; unpickling calls this."""
    same = (known for known in OPEN if isinstance(known, JobManager) and known._store.path == path)
    return next(same, None) or JobManager(path)
