"""Store a new set and let its jobs be submitted; take the circuits of an iterator meanwhile."""

from __future__ import annotations

import itertools
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.formatting import Taking
from qjm_widgets.core.records import JobRecord, JobSetRecord
from qjm_widgets.core.store_port import JobStore
from qjm_widgets.engine.engine import Engine
from qjm_widgets.engine.transpiler import Transpiler
from qjm_widgets.job_set import JobSet
from qjm_widgets.manager.intake import FirstJobs
from qjm_widgets.manager.planning import PlannedSet, transpile_function
from qjm_widgets.manager.session import Session
from qjm_widgets.manager.set_writer import SetWriter
from qjm_widgets.manager.taker import Source, Taker
from qjm_widgets.serialization.losses import describe_losses
from qjm_widgets.state.caches import IN_MEMORY
from qjm_widgets.state.job_set_state import JobSetState
from qjm_widgets.state.progress import SavingLine


class SetStarter:
    """The part of one manager that stores new sets and lets their jobs be submitted.

    Args:
        store: the store.
        session: the sets of this session.
        engine: drives the sets.
        transpiler: transpiles circuits before their jobs.
        taker: takes circuits from iterators.
        enlist: adds a set to the session.
    """

    def __init__(
        self,
        store: JobStore,
        session: Session,
        engine: Engine,
        transpiler: Transpiler,
        taker: Taker,
        enlist: Callable[[JobSetState], JobSet],
    ) -> None:
        self._store = store
        self._session = session
        self._engine = engine
        self._transpiler = transpiler
        self._taker = taker
        self._enlist = enlist

    def take(
        self, first: FirstJobs, adapter: BackendAdapter, pass_manager: Any, size: int | None
    ) -> JobSet:
        """Start a set of the first circuits of an iterator, and take the others in the background."""
        job_set = self.start(first, adapter, pass_manager, Taking(size, active=first.more))
        if first.more:
            transpile = transpile_function(pass_manager, adapter, first.options)
            self._taker.start(
                Source(
                    job_set._state,
                    first.iterator,
                    first.intake,
                    transpile,
                    self._engine,
                    self._transpiler,
                )
            )
        return job_set

    def start(
        self,
        new: PlannedSet | FirstJobs,
        adapter: BackendAdapter,
        pass_manager: Any,
        taking: Taking | None = None,
    ) -> JobSet:
        """Store a new set, and let its jobs be submitted."""
        written = self._save(new.record, new.jobs, new.inputs)
        state = JobSetState(
            written.record,
            new.jobs,
            self._store,
            adapter=adapter,
            inputs=written.inputs,
            names=written.names,
            options=new.options,
        )
        if taking is not None:
            state.set_taking(taking)
        job_set = self._enlist(state)
        transpile = transpile_function(pass_manager, adapter, new.options)
        if transpile is None:
            self._engine.add(state, ready=len(new.inputs))
        else:
            self._engine.add(state, ready=0)
            spans = sorted({job.span for job in new.jobs})
            self._transpiler.add(state, transpile, spans, upto=len(new.inputs))
        return job_set

    def _save(
        self, record: JobSetRecord, jobs: Sequence[JobRecord], inputs: Sequence[CircuitInput]
    ) -> SetWriter:
        """Write a new set with its circuits; when this returns or raises, all or nothing is on disk."""
        with (
            self._session.saving(record.set_id),
            SetWriter(self._store, record, keep=IN_MEMORY) as writer,
            SavingLine(len(inputs), lambda: writer.record.circuits) as line,
        ):
            for span, same_span in itertools.groupby(jobs, lambda job: job.span):
                writer.add(inputs[span.start : span.stop], list(same_span))
                line.refresh()
            if writer.losses:
                warnings.warn(describe_losses(writer.losses), stacklevel=5)
            writer.finish()
        return writer
