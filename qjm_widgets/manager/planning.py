"""From the arguments of ``run`` to a plan and to records, before anything is stored."""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from qjm_widgets.core.adapter_port import BackendAdapter, RemoteAdapter
from qjm_widgets.core.circuit_input import CircuitInput, item_of
from qjm_widgets.core.option_names import RUN_ARGUMENTS, check_option_names
from qjm_widgets.core.records import JobRecord
from qjm_widgets.core.seeds import SeedRule, move, places
from qjm_widgets.core.splitting import (
    DEFAULT_CIRCUITS_PER_JOB,
    Limits,
    Plan,
    PlannedJob,
    split,
)
from qjm_widgets.manager.inputs import read_circuits
from qjm_widgets.manager.parameter_binds import BINDING, bind_parameters
from qjm_widgets.serialization.circuits import payload_bytes


class Prepared(NamedTuple):
    """Circuits of our own, checked, how they are cut, and with which options their jobs are sent."""

    works: list[CircuitInput]
    plan: Plan
    options: dict[str, Any]


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
    rest = {name: value for name, value in options.items() if name not in BINDING}
    check_option_names(rest, adapter.option_names(), RUN_ARGUMENTS, adapter.name)
    works = read_circuits(circuits, shots if shots is not None else adapter.default_shots)
    works = bind_parameters(works, options)
    adapter.check(works if checked else (), rest)
    plan = _plan(works, adapter, wished, rest)
    check_cuts(works, plan.jobs, adapter, rest)
    return Prepared(works, plan, rest)


def check_cuts(
    works: Sequence[CircuitInput],
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


def _plan(
    works: Sequence[CircuitInput], adapter: BackendAdapter, wished: Limits, options: Mapping[str, Any]
) -> Plan:
    limits = adapter.limits.tighter(wished)
    # A limit on shots alone, as Aer tells one, would leave all circuits in one job.
    if limits.circuits is None and limits.executions is None and limits.payload_bytes is None:
        limits = limits.tighter(Limits(circuits=DEFAULT_CIRCUITS_PER_JOB))
    measured = limits.payload_bytes is not None
    items = [item_of(work) for work in works]
    if measured:
        sizes = map(payload_bytes, works)
        items = [item._replace(payload_bytes=size) for item, size in zip(items, sizes, strict=True)]
    rule = adapter.seed_rule
    steps = places(rule, items)
    seeded = adapter.seeds(1, options) != [None]  # a wrong one is refused here, by plan, too
    if rule is SeedRule.AER_BY_SHOTS and seeded:
        items = [item._replace(place=place) for item, place in zip(items, steps, strict=True)]
    jobs = tuple(job._replace(place=steps[job.span.start]) for job in split(items, limits))
    return Plan(
        jobs=jobs,
        circuits=len(works),
        executions=sum(job.executions for job in jobs),
        payload_bytes=sum(job.payload_bytes for job in jobs) if measured else None,
        seconds_to_submit=0.0 if adapter.pace is None else adapter.pace.shortest(len(jobs)),
        qpu_seconds=adapter.qpu_seconds(jobs) if isinstance(adapter, RemoteAdapter) else None,
    )


def shots_range(works: Sequence[CircuitInput]) -> tuple[int, int] | None:
    """Fewest and most shots of a circuit; None where the backend decides for one."""
    shots = [work.shots for work in works if work.shots is not None]
    return (min(shots), max(shots)) if len(shots) == len(works) else None


def sort_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Run options that are JSON, and the names of those that are not."""
    stored: dict[str, Any] = {}
    unstored = []
    for name, value in options.items():
        try:
            stored[name] = json.loads(json.dumps(value, allow_nan=False, default=_plain))
        except (TypeError, ValueError):
            unstored.append(name)
    return stored, tuple(unstored)


def _plain(value: Any) -> Any:
    """A number of NumPy's as Python's, which JSON takes."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def records_of(
    planned: Sequence[PlannedJob], adapter: BackendAdapter, options: Mapping[str, Any], now: float
) -> list[JobRecord]:
    """The planned jobs as records, each with its seed."""
    records: list[JobRecord] = []
    rule = adapter.seed_rule
    one = adapter.seeds(1, options)
    seeds = one
    for row, job in enumerate(planned):
        if job.piece == 0:
            # Asked again for each span: seeds that nobody gave must not repeat in the next one.
            seeds = one if job.pieces == 1 else adapter.seeds(job.pieces, options)
        first = seeds[job.piece]
        seed = None if first is None else move(rule, first, job.place)
        records.append(JobRecord(row, job.span, job.piece, job.pieces, job.shots, seed, since=now))
    return records


def transpiling(
    pass_manager: Any, adapter: BackendAdapter, options: Mapping[str, Any]
) -> Callable[[CircuitInput], CircuitInput]:
    """What a pass manager does to each circuit; the adapter checks what comes out."""

    def transpile(work: CircuitInput) -> CircuitInput:
        # One circuit at a time: a list would make Qiskit fork processes from a thread.
        transpiled = CircuitInput(pass_manager.run(work.circuit), work.values, work.shots)
        adapter.check([transpiled], options)
        return transpiled

    return transpile
