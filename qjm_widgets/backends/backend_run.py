"""The adapter of any backend with ``run``: BackendV2, and BackendV1 if the installed Qiskit has it."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from qjm_widgets._compat import backend_name, is_schedule
from qjm_widgets.backends import simulators
from qjm_widgets.backends.backend_warnings import BackendWarnings
from qjm_widgets.backends.bound_circuits import (
    BOUND,
    PARAMETER_BINDS,
    SENT,
    Bound,
    bind,
    bound_at,
    has_values,
    takes_binds,
)
from qjm_widgets.backends.instruction_check import refuse_unknown_instructions
from qjm_widgets.backends.job_times import JobTimes, SentJob
from qjm_widgets.backends.limits import (
    check_values,
    integer_or_none,
    limits_of,
    shots_range,
)
from qjm_widgets.backends.option_names import option_names, run_arguments
from qjm_widgets.backends.qiskit_job import cancel_job, job_id, retrieve_job
from qjm_widgets.backends.sampler_input import refuse_no_points
from qjm_widgets.backends.saved_states import refuse_cuts
from qjm_widgets.backends.seed_options import SEED, seed_option, spread_seeds
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.bound_points import group_points, points_by_name
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import CircuitError, InputError
from qjm_widgets.serialization.canonical import canonical_text
from qjm_widgets.serialization.qiskit_result import experiment_name, read_result

#: The most pending jobs of a local simulator: jobs that are not in its own queue can be cancelled.
_PENDING_LOCAL = 16
#: The parameters of ``run`` that take a job's name and tags, as backends of IBM's older providers have
#: them.
JOB_NAME, JOB_TAGS = "job_name", "job_tags"


def is_backend(thing: Any) -> bool:
    """Return whether an object is a backend: it has ``run`` and another attribute of backends."""
    return callable(getattr(thing, "run", None)) and (
        hasattr(thing, "options") or hasattr(thing, "target") or hasattr(thing, "configuration")
    )


class BackendRun(BackendAdapter):
    """The adapter that calls ``backend.run(circuits, shots=…, **options)``."""

    kind = "backend_run"

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.name = backend_name(backend)
        local = simulators.computes_here(backend)
        self.lifetime = JobLifetime.KERNEL if local else JobLifetime.UNKNOWN
        self.runs_inside_submit = simulators.runs_inside_submit(backend)
        self.max_pending = _PENDING_LOCAL if local and not simulators.has_queue(backend) else None
        self.limits = limits_of(backend)
        self._least_shots = shots_range(backend)[0]
        self._local = local
        self._computing = simulators.computing(backend)
        self.account = type(backend).__module__
        self._warnings = BackendWarnings(self.name)
        self._names_options = _takes(backend.run, SEED)
        self._takes_binds = takes_binds(backend)
        self._labels = run_arguments(backend).names & {JOB_NAME, JOB_TAGS}
        self.refresh()

    def refresh(self) -> None:
        """Read the default shots and the recipe from the backend's options."""
        options = getattr(self.backend, "options", None)
        self.default_shots = integer_or_none(getattr(options, "shots", None))
        self.recipe = simulators.recipe(self.backend)

    @property
    def seed_rule(self) -> SeedRule:
        """The rule by which a run derives the seed of each circuit."""
        return simulators.seed_rule(self._computing)

    def identity(self) -> str:
        """Return the text of what the backend declares, or of a user's own backend."""
        return canonical_text(self.backend)

    def option_names(self) -> KnownOptions:
        """Return the parameters of its ``run`` and its declared options."""
        return option_names(self.backend, self._computing)

    def check(self, inputs: Sequence[CircuitInput], options: Mapping[str, Any], start: int = 0) -> None:
        """Refuse option values that the backend refuses, and circuits that it cannot run.

        These are circuits that are too wide, have free parameters, too few shots or parameter values, or
        contain an instruction that a local simulator refuses.
        """
        check_values(self.backend, options)
        width = simulators.most_qubits(self._computing)
        for index, circuit_input in enumerate(inputs, start):
            circuit = circuit_input.circuit
            if is_schedule(circuit):
                if _takes_pulses(self.backend, self._local):
                    continue
                raise CircuitError(
                    f"item {index} ({circuit.name}) is a pulse schedule, which {self.name} does not run"
                )
            qubits = getattr(circuit, "num_qubits", None)
            if width is not None and qubits is not None and qubits > width:
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) has {qubits} qubits; {self.name} has {width}"
                )
            if (
                circuit_input.shots is not None
                and self._least_shots is not None
                and circuit_input.shots < self._least_shots
            ):
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) is to run {circuit_input.shots} shots; "
                    f"{self.name} takes {self._least_shots} or more"
                )
            if circuit_input.values is not None:
                refuse_no_points(index, circuit_input)
            elif self._local and getattr(circuit, "parameters", None):
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) has parameters without values: "
                    "give it with them, (circuit, values)"
                )
        if simulators.is_local(self._computing):
            circuits = [
                _bound_input(circuit_input)
                for circuit_input in inputs
                if not is_schedule(circuit_input.circuit)
            ]
            refuse_unknown_instructions(self._computing, circuits, start)

    def notes(self, inputs: Sequence[CircuitInput]) -> tuple[str, ...]:
        """Return what is done to parameter values."""
        if not has_values(inputs):
            return ()
        return (SENT if self._takes_binds else BOUND,)

    def check_cut(self, inputs: Sequence[CircuitInput], start: int, options: Mapping[str, Any]) -> None:
        """Refuse to cut the shots of circuits whose saved values could not be merged."""
        refuse_cuts(self._computing, inputs, start, options)

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """Return the user's seed for the first piece, and seeds derived from it for the others."""
        known = getattr(self.backend, "options", None)
        name = seed_option(options)
        given = options.get(name)
        if given is None:
            given = getattr(known, SEED, None)
        if given is None and not hasattr(known, SEED):
            return [None] * pieces
        if name == SEED and given is not None and not self._names_options:
            if pieces > 1:
                raise InputError(
                    f"{self.name} has its own seed and accepts none for a job: every piece of the "
                    "shots would draw the same samples; remove the seed or the limit on shots"
                )
            return [None]
        return spread_seeds(given, pieces, self.seed_rule, name)

    def submit(self, submission: Submission) -> Any:
        """Submit a job and return its handle."""
        options = dict(submission.options)
        if submission.shots is not None:
            options["shots"] = submission.shots
        if submission.seed is not None:
            options[seed_option(options)] = submission.seed
        bound = bind(submission.inputs, binds=self._takes_binds)
        if bound.binds is not None:
            options[PARAMETER_BINDS] = bound.binds
        self._add_labels(options, submission)
        names = [circuit_input.circuit.name for circuit_input in submission.inputs]
        times = None
        if self._local and not simulators.has_queue(self.backend):
            times = JobTimes(inside=self.runs_inside_submit)
        with self._warnings.collected(submission.identity) as texts:
            job = self.backend.run(bound.circuits, **options)
        if all(shape is None for shape in bound.shapes):
            return _sent(job, names, times, texts)
        read = functools.partial(_read_points, names=names, bound=bound)
        return SentJob(job, read, times, texts)

    def _add_labels(self, options: dict[str, Any], submission: Submission) -> None:
        """Add the job's name and the user's tags if ``run`` names such parameters.

        Values that the user gave as run options stay.
        """
        if JOB_NAME in self._labels:
            options.setdefault(JOB_NAME, f"{submission.name}_{submission.row}_")
        if JOB_TAGS in self._labels and submission.tags:
            options.setdefault(JOB_TAGS, list(submission.tags))

    def job_id(self, handle: Any) -> str | None:
        """Return the job's id."""
        return job_id(handle.job)

    def native_job(self, handle: Any) -> Any:
        """Return the backend's job object."""
        return handle.job

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Poll each job."""
        for index, sent in enumerate(handles):
            report(index, sent.observe(local=self._local))

    def call_when_ended(self, handle: Any, callback: Callable[[], None]) -> bool:
        """Call back when a job of this process has ended."""
        called: bool = self.lifetime is JobLifetime.KERNEL and handle.call_when_ended(callback)
        return called

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        """Return the handle of a job, which the backend, its provider or its service retrieves."""
        return SentJob(retrieve_job(self.backend, job_id), functools.partial(_read_any, names=names))

    def cancel(self, handle: Any) -> bool:
        """Request a cancellation; return False if the backend refuses it."""
        return cancel_job(handle.job)


def _sent(
    job: Any, names: Sequence[str], times: JobTimes | None = None, warnings: Sequence[str] = ()
) -> SentJob:
    """Return a handle. In its outcome, a circuit whose name the backend leaves out gets its name."""
    return SentJob(job, lambda result: read_result(result, names), times, warnings)


def _read_points(result: Any, names: Sequence[str], bound: Bound) -> JobOutcome:
    """Read a result with a circuit for each point."""
    return group_points(read_result(result, bound.names), names, bound.shapes)


def _read_any(result: Any, names: Sequence[str]) -> JobOutcome:
    """Read a result of a job of another kernel, which may have a circuit for each point."""
    shapes = points_by_name([experiment_name(each) for each in result.results or ()], names)
    if shapes is None:
        return read_result(result, names)
    expanded = [
        name
        for name, shape in zip(names, shapes, strict=True)
        for _ in range(1 if shape is None else shape[0])
    ]
    return group_points(read_result(result, expanded), names, shapes)


def _bound_input(circuit_input: CircuitInput) -> CircuitInput:
    """Return a circuit with the values of its first point, if it has values."""
    if circuit_input.values is None:
        return circuit_input
    return replace(circuit_input, circuit=bound_at(circuit_input, 0))


def _takes_pulses(backend: Any, local: bool) -> bool:
    """Return whether a backend runs pulse schedules; True for a remote one that does not state it."""
    stated = simulators.configured(backend, "open_pulse")
    return not local if stated is None else bool(stated)


def _takes(run: Any, option: str) -> bool:
    """Return whether ``run`` accepts an option by name; True if that is unknown."""
    try:
        parameters = inspect.signature(run).parameters
    except (TypeError, ValueError):
        return True
    kinds = {parameter.kind for parameter in parameters.values()}
    return option in parameters or inspect.Parameter.VAR_KEYWORD in kinds
