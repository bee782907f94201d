"""Plan a set: read the arguments of ``run``, cut the circuits, make the records, but store nothing."""

from __future__ import annotations

import gc
import json
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

from qjm_widgets.core.adapter_port import BackendAdapter, RemoteAdapter
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.option_names import RUN_ARGUMENTS, check_option_names
from qjm_widgets.core.records import JobRecord, JobSetRecord
from qjm_widgets.core.seeds import move, point_seed
from qjm_widgets.core.splitting import (
    Limits,
    Plan,
    PlannedJob,
)
from qjm_widgets.core.validation import check_budget, check_name, check_tags
from qjm_widgets.errors import InputError
from qjm_widgets.manager.cutting import Cutter
from qjm_widgets.manager.estimator_inputs import estimator_pub_reader
from qjm_widgets.manager.inputs import as_list, circuit_reader
from qjm_widgets.manager.layouts import laid_out
from qjm_widgets.manager.parameter_binds import BINDING, bind_parameters
from qjm_widgets.manager.program_inputs import read_program
from qjm_widgets.manager.set_names import group_name, name_of_circuits, time_name
from qjm_widgets.serialization.program_items import is_program


@dataclass(frozen=True)
class RunArguments:
    """The arguments that ``run`` and ``plan`` share, as the user gave them.

    The backend and the executor are not among them, because the adapter is made of them.

    Attributes:
        circuits: circuits or PUB-likes.
        shots: the shots of each circuit without shots of its own; None means the adapter's default.
        precision: the precision of each PUB of an estimator without one of its own; None means the
            adapter's default.
        limits: the user's limits; the tighter of these and the adapter's applies.
        options: run options.
        caller: the class of a library that runs the circuits, for the set's name; None without one.
        any_options: whether the backend's own ``run`` decides which options there are; then unknown
            names are not refused.
        number: returns the number of the set in its group, for its name; None without a group, or if
            no set is made.
        name, group, tags, pass_manager, rerun_on_resume, max_qpu_seconds: as in ``run``.
    """

    circuits: Any
    name: str | None
    shots: int | None
    precision: float | None
    limits: Limits
    tags: Iterable[str]
    pass_manager: Any
    rerun_on_resume: bool | None
    max_qpu_seconds: float | None
    options: Mapping[str, Any]
    group: str | None = None
    number: Callable[[], int] | None = None
    caller: str | None = None
    any_options: bool = False


class PlannedSet(NamedTuple):
    """A new set before it is stored.

    Attributes:
        record: the set.
        jobs: its jobs, in the order of their rows.
        inputs: its circuits, which are still the user's own objects.
        plan: how the circuits are cut into jobs.
        options: the run options with which its jobs are submitted.
    """

    record: JobSetRecord
    jobs: list[JobRecord]
    inputs: list[CircuitInput]
    plan: Plan
    options: dict[str, Any]


def plan_job_set(arguments: RunArguments, adapter: BackendAdapter) -> PlannedSet:
    """Check the arguments of ``run``, read and cut the circuits, and make the records of a set.

    Args:
        arguments: the arguments.
        adapter: the adapter of the backend.

    Raises:
        InputError: a circuit or an argument is wrong; the message names it.
    """
    options = checked_options(arguments, adapter)
    inputs = bind_parameters(_read(arguments, adapter), arguments.options)
    # Circuits that a pass manager will change are checked after that.
    adapter.check(inputs if arguments.pass_manager is None else (), options)
    plan = _plan(inputs, adapter, arguments.limits, options)
    check_cuts(inputs, plan.jobs, adapter, options)
    record = replace(new_record(arguments, inputs, options, adapter), points=plan.points)
    jobs = job_records(plan.jobs, inputs, adapter, options, record.created_at)
    return PlannedSet(record, jobs, inputs, plan, options)


def checked_options(arguments: RunArguments, adapter: BackendAdapter) -> dict[str, Any]:
    """Return the run options that a backend gets.

    Raises:
        InputError: an option is unknown.
    """
    options = {name: value for name, value in arguments.options.items() if name not in BINDING}
    if arguments.any_options:
        return adapter.own_options(options)
    check_option_names(options, adapter.option_names(), RUN_ARGUMENTS, adapter.name)
    return options


def new_record(
    arguments: RunArguments,
    inputs: Sequence[CircuitInput],
    options: Mapping[str, Any],
    adapter: BackendAdapter,
) -> JobSetRecord:
    """Return the record of a new set of circuits.

    Raises:
        InputError: the name, the tags or the budget are wrong.
    """
    name = _default_name(arguments, inputs) if arguments.name is None else check_name(arguments.name)
    tags = tuple(dict.fromkeys(check_tags(arguments.tags)))
    budget = arguments.max_qpu_seconds
    check_budget(budget)
    if isinstance(adapter, RemoteAdapter):
        adapter.check_labels(name, tags)
    stored, unstored = storable_options(options)
    return JobSetRecord(
        set_id=uuid.uuid4().hex,
        name=name,
        backend=adapter.name,
        adapter=adapter.kind,
        circuits=len(inputs),
        transpiles=arguments.pass_manager is not None,
        created_at=time.time(),
        shots=shots_range(inputs),
        precision=precision_range(inputs),
        estimates=adapter.estimates,
        tags=tags,
        options=stored,
        unstored_options=unstored,
        survives_kernel=adapter.lifetime.survives_kernel,
        recipe=adapter.recipe,
        rerun_on_resume=arguments.rerun_on_resume,
        max_qpu_seconds=None if budget is None else float(budget),
        group=arguments.group,
    )


def _default_name(arguments: RunArguments, inputs: Sequence[CircuitInput]) -> str:
    if arguments.group is not None and arguments.number is not None:
        return group_name(arguments.group, arguments.number())
    if arguments.caller is not None:
        return arguments.caller
    circuits = [circuit_input.circuit for circuit_input in inputs]
    names = (circuit.name for circuit in circuits)
    return name_of_circuits(names, (circuit.metadata for circuit in circuits)) or time_name()


def _read(arguments: RunArguments, adapter: BackendAdapter) -> list[CircuitInput]:
    """Read what the adapter takes: a program, an estimator's PUBs, or circuits and a sampler's PUBs."""
    if adapter.runs_programs:
        _refuse_for_programs(arguments, adapter)
        return read_program(arguments.circuits, arguments.shots)
    if is_program(arguments.circuits):
        raise InputError(
            f"{adapter.name} runs circuits and PUBs, not a QuantumProgram: give the runtime's Executor, "
            "Executor(mode=backend), in its place"
        )
    read = input_reader(arguments, adapter)
    given = as_list(arguments.circuits)
    if not given:
        raise InputError(f"no {nouns(adapter)} were given")
    return [read(index, item) for index, item in enumerate(given)]


def nouns(adapter: BackendAdapter) -> str:
    """Return what an adapter takes: "circuits" or "PUBs"."""
    return "PUBs" if adapter.estimates else "circuits"


def input_reader(arguments: RunArguments, adapter: BackendAdapter) -> Callable[[int, Any], CircuitInput]:
    """Return a function that reads what the adapter takes: an estimator's PUB, or a circuit or PUB.

    Its arguments are the index and what the user gave.

    Raises:
        InputError: the shots or the precision are wrong, or the adapter does not take them.
    """
    shots, precision = arguments.shots, arguments.precision
    if adapter.estimates:
        if shots is not None:
            raise InputError(f"{adapter.name} is an estimator, which takes no shots: give precision=")
        return estimator_pub_reader(adapter.default_precision if precision is None else precision)
    if precision is not None:
        raise InputError(f"{adapter.name} gives counts, and precision= is for estimators: give shots=")
    return circuit_reader(adapter.default_shots if shots is None else shots)


def _refuse_for_programs(arguments: RunArguments, adapter: BackendAdapter) -> None:
    """Refuse arguments that would change the items of a program.

    Raises:
        InputError: names the argument.
    """
    if arguments.precision is not None:
        raise InputError(
            f"{adapter.name} runs programs with shots, and precision= is for estimators: leave it out"
        )
    if arguments.pass_manager is not None:
        raise InputError(
            "pass_manager= would change the circuits of a program, to which samplexes and arguments "
            "belong: transpile the circuits before you append them"
        )
    for name in BINDING:
        if arguments.options.get(name) is not None:
            raise InputError(f"{name}= is for circuits: give an item its circuit_arguments")


def check_cuts(
    inputs: Sequence[CircuitInput],
    jobs: Sequence[PlannedJob],
    adapter: BackendAdapter,
    options: Mapping[str, Any],
) -> None:
    """Refuse jobs if the results of their shot pieces could not be merged.

    Args:
        inputs: all circuits of the set.
        jobs: how the circuits are cut.
        adapter: the adapter of the backend.
        options: run options.

    Raises:
        CircuitError: a circuit has results that cannot be merged; the message names both.
    """
    for span in {job.span: None for job in jobs if job.pieces > 1}:
        adapter.check_cut(inputs[span.start : span.stop], span.start, options)


@contextmanager
def gc_disabled() -> Iterator[None]:
    """Turn garbage collection off in a block: many copies trigger it often, but it finds nothing."""
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()


def _plan(
    inputs: Sequence[CircuitInput],
    adapter: BackendAdapter,
    requested: Limits,
    options: Mapping[str, Any],
) -> Plan:
    cutter = Cutter(adapter, requested, options)
    items = cutter.measure(inputs)
    for item, circuit_input in zip(items, inputs, strict=True):
        cutter.add(item, circuit_input.repeats)
    jobs = cutter.cut(last=True)
    return Plan(
        jobs=jobs,
        circuits=len(inputs),
        executions=sum(job.executions for job in jobs),
        payload_bytes=sum(job.payload_bytes for job in jobs) if cutter.measured else None,
        seconds_to_submit=0.0 if adapter.pace is None else adapter.pace.shortest(len(jobs)),
        qpu_seconds=adapter.qpu_seconds(jobs) if isinstance(adapter, RemoteAdapter) else None,
        points=None if all(item.points == 1 for item in items) else sum(item.points for item in items),
        precision=precision_range(inputs),
        notes=adapter.notes(inputs),
    )


def shots_range(inputs: Sequence[CircuitInput]) -> tuple[int, int] | None:
    """Return the fewest and the most shots of a circuit; None if the backend decides for any circuit."""
    shots = [circuit_input.shots for circuit_input in inputs if circuit_input.shots is not None]
    return (min(shots), max(shots)) if len(shots) == len(inputs) else None


def precision_range(inputs: Sequence[CircuitInput]) -> tuple[float, float] | None:
    """Return the least and greatest precision of a PUB; None if the estimator decides for any."""
    known = [circuit_input.precision for circuit_input in inputs if circuit_input.precision is not None]
    return (min(known), max(known)) if len(known) == len(inputs) else None


def storable_options(options: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the run options that JSON can hold, and the names of the others."""
    stored: dict[str, Any] = {}
    unstored = []
    for name, value in options.items():
        try:
            stored[name] = json.loads(json.dumps(value, allow_nan=False, default=_to_python))
        except (TypeError, ValueError):
            unstored.append(name)
    return stored, tuple(unstored)


def _to_python(value: Any) -> Any:
    """Convert a NumPy number to Python, as JSON needs it."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{type(value).__name__} is not JSON")


def job_records(
    planned: Sequence[PlannedJob],
    inputs: Sequence[CircuitInput],
    adapter: BackendAdapter,
    options: Mapping[str, Any],
    now: float,
    first: int = 0,
) -> list[JobRecord]:
    """Return a record for each planned job, with its seed.

    Args:
        planned: the jobs.
        inputs: their circuits.
        adapter: the adapter of the backend.
        options: run options.
        now: seconds since 1970.
        first: the index of the first of the circuits in the set.
    """
    records: list[JobRecord] = []
    rule = adapter.seed_rule
    single = adapter.seeds(1, options)
    seeds = single
    for row, job in enumerate(planned):
        if job.piece == 0:
            # Take new seeds for each span and range: random seeds must not be the same in the next one.
            seeds = single if job.pieces == 1 else adapter.seeds(job.pieces, options)
        seed = seeds[job.piece]
        if seed is not None:
            seed = move(rule, seed, job.place)
            seed = seed if job.points is None else point_seed(rule, seed, job.points.start)
        records.append(
            JobRecord(
                row,
                job.span,
                job.piece,
                job.pieces,
                job.shots,
                seed,
                since=now,
                points=job.points,
                pub_shape=() if job.points is None else inputs[job.span.start - first].shape,
                precision=job.precision,
            )
        )
    return records


def transpile_function(
    pass_manager: Any, adapter: BackendAdapter, options: Mapping[str, Any]
) -> Callable[[CircuitInput], CircuitInput] | None:
    """Return a function that transpiles one circuit and lets the adapter check the result.

    None without a pass manager.
    """
    if pass_manager is None:
        return None

    def transpile(circuit_input: CircuitInput) -> CircuitInput:
        # Transpile one circuit at a time: for a list Qiskit would fork processes from a thread.
        transpiled = laid_out(circuit_input, pass_manager.run(circuit_input.circuit))
        adapter.check([transpiled], options)
        return transpiled

    return transpile
