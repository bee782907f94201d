"""From the arguments of ``run`` to a plan and to records, before anything is stored."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from qjm_widgets.core.ports import BackendAdapter, RemoteAdapter, Work
from qjm_widgets.core.records import JobRecord
from qjm_widgets.core.splitting import (
    DEFAULT_CIRCUITS_PER_JOB,
    Item,
    Limits,
    Plan,
    PlannedJob,
    split,
)
from qjm_widgets.serialization.circuits import payload_bytes
from qjm_widgets.works import read_circuits


class Prepared(NamedTuple):
    """Circuits of our own, checked, and how they are cut."""

    works: list[Work]
    plan: Plan


def prepare(
    circuits: Any,
    adapter: BackendAdapter,
    *,
    shots: int | None,
    wished: Limits,
    options: Mapping[str, Any],
    checked: bool,
) -> Prepared:
    """Read, check and cut circuits.

    Args:
        circuits: what the user gave to ``run``.
        adapter: where they will run.
        shots: of each circuit that does not say its own; None: the adapter's default.
        wished: the user's limits; the tighter of these and the adapter's holds.
        options: run options.
        checked: whether the circuits are final: those that a pass manager changes are checked later.

    Raises:
        InputError: one of its kinds, naming the circuit or argument.
    """
    works = read_circuits(circuits, shots if shots is not None else adapter.default_shots)
    if checked:
        adapter.check(works, options)
    plan = _plan(works, adapter, wished)
    check_cuts(works, plan.jobs, adapter, options)
    return Prepared(works, plan)


def check_cuts(
    works: Sequence[Work],
    jobs: Sequence[PlannedJob],
    adapter: BackendAdapter,
    options: Mapping[str, Any],
) -> None:
    """Refuse jobs whose results could not be merged over the pieces of their shots.

    Args:
        works: all circuits of the set.
        jobs: how they are cut.
        adapter: where they will run.
        options: run options.

    Raises:
        CircuitError: names the circuit, and what of its results is in the way.
    """
    for span in {job.span: None for job in jobs if job.pieces > 1}:
        adapter.check_cut(works[span.start : span.stop], span.start, options)


@contextmanager
def uncollected() -> Iterator[None]:
    """No garbage collection: copies make no garbage, and each would look at all circuits again."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def _plan(works: Sequence[Work], adapter: BackendAdapter, wished: Limits) -> Plan:
    limits = adapter.limits.tighter(wished)
    # A limit on shots alone, as Aer tells one, would leave all circuits in one job.
    if limits.circuits is None and limits.executions is None and limits.payload_bytes is None:
        limits = limits.tighter(Limits(circuits=DEFAULT_CIRCUITS_PER_JOB))
    measured = limits.payload_bytes is not None
    items = [
        Item(
            work.shots,
            1 if work.values is None else work.values.size,
            payload_bytes(work) if measured else 0,
        )
        for work in works
    ]
    jobs = split(items, limits)
    return Plan(
        jobs=jobs,
        circuits=len(works),
        executions=sum(job.executions for job in jobs),
        payload_bytes=sum(job.payload_bytes for job in jobs) if measured else None,
        seconds_to_submit=0.0 if adapter.pace is None else adapter.pace.shortest(len(jobs)),
        qpu_seconds=adapter.qpu_seconds(jobs) if isinstance(adapter, RemoteAdapter) else None,
    )


def shots_range(works: Sequence[Work]) -> tuple[int, int] | None:
    """Fewest and most shots of a circuit; None where the backend decides for one."""
    shots = [work.shots for work in works if work.shots is not None]
    return (min(shots), max(shots)) if len(shots) == len(works) else None


def sort_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Run options that are JSON, and the names of those that are not."""
    stored: dict[str, Any] = {}
    unstored = []
    for name, value in options.items():
        try:
            stored[name] = json.loads(json.dumps(value, allow_nan=False))
        except (TypeError, ValueError):
            unstored.append(name)
    return stored, tuple(unstored)


def records_of(
    planned: Sequence[PlannedJob], adapter: BackendAdapter, options: Mapping[str, Any], now: float
) -> list[JobRecord]:
    """The planned jobs as records, each with its seed."""
    records: list[JobRecord] = []
    one = adapter.seeds(1, options)
    seeds = one
    for row, job in enumerate(planned):
        if job.piece == 0:
            # Asked again for each span: seeds that nobody gave must not repeat in the next one.
            seeds = one if job.pieces == 1 else adapter.seeds(job.pieces, options)
        seed = seeds[job.piece]
        records.append(JobRecord(row, job.span, job.piece, job.pieces, job.shots, seed, since=now))
    return records


def transpiling(
    pass_manager: Any, adapter: BackendAdapter, options: Mapping[str, Any]
) -> Callable[[Work], Work]:
    """What a pass manager does to each circuit; the adapter checks what comes out."""

    def transpile(work: Work) -> Work:
        # One circuit at a time: a list would make Qiskit fork processes from a thread.
        transpiled = Work(pass_manager.run(work.circuit), work.values, work.shots)
        adapter.check([transpiled], options)
        return transpiled

    return transpile
