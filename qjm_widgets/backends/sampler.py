"""The adapter of any ``BaseSamplerV2``: Qiskit's reference samplers, Aer's, and those of providers."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from numbers import Integral
from types import SimpleNamespace
from typing import Any

from qjm_widgets._compat import backend_name, has_samplers
from qjm_widgets.backends import simulators
from qjm_widgets.backends.backend_warnings import BackendWarnings
from qjm_widgets.backends.instruction_check import refuse_unknown_instructions
from qjm_widgets.backends.job_times import JobTimes, SentJob
from qjm_widgets.backends.limits import shots_range
from qjm_widgets.backends.option_names import run_arguments
from qjm_widgets.backends.qiskit_job import cancel_job, job_id, retrieve_job
from qjm_widgets.backends.sampler_input import check_samplable
from qjm_widgets.backends.seed_options import SEED, spread_seeds
from qjm_widgets.core.adapter_port import BackendAdapter
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.job_lifetime import JobLifetime
from qjm_widgets.core.observation import Observation
from qjm_widgets.core.option_names import KnownOptions
from qjm_widgets.core.seeds import SeedRule
from qjm_widgets.core.splitting import Limits
from qjm_widgets.core.submission import Submission
from qjm_widgets.errors import CircuitError, InputError
from qjm_widgets.serialization.canonical import canonical_text
from qjm_widgets.serialization.primitive_result import read_primitive_result


def is_sampler(thing: Any) -> bool:
    """Return whether an object is a V2 sampler: ``run(pubs, *, shots=None)``."""
    if not has_samplers():
        return False
    from qiskit.primitives import BaseSamplerV2

    if isinstance(thing, BaseSamplerV2):
        return True
    return takes_pubs(thing) and "shots" in inspect.signature(thing.run).parameters


def takes_pubs(thing: Any) -> bool:
    """Return whether an object's ``run`` takes PUBs, as samplers and estimators do."""
    try:
        parameters = list(inspect.signature(thing.run).parameters)
    except (AttributeError, TypeError, ValueError):
        return False
    return parameters[:1] == ["pubs"]


class Sampler(BackendAdapter):
    """The adapter that calls ``sampler.run(pubs, …)``."""

    kind = "sampler"

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        backend = _backend_of(sampler)
        self.name = type(sampler).__name__
        if backend is not None:
            self.name += f"({backend_name(backend)})"
        self._local = simulators.is_local(sampler)
        self.account = type(sampler).__module__
        self._warnings = BackendWarnings(self.name)
        inner_local = backend is None or simulators.computes_here(backend)
        self.lifetime = JobLifetime.KERNEL if self._local and inner_local else JobLifetime.UNKNOWN
        # Qiskit's samplers start a thread for each job; several at once slow each other down.
        self.max_pending = 1 if self._local else None
        most = shots_range(sampler)[1]
        if not inner_local:
            most = most or shots_range(backend)[1]
        self.limits = Limits(shots=most)
        self.refresh()

    def refresh(self) -> None:
        """Read the default shots and the recipe from the sampler."""
        self.default_shots = _default_shots(self.sampler)
        self.recipe = simulators.recipe(self.sampler)

    def check(self, inputs: Sequence[CircuitInput], options: Mapping[str, Any], start: int = 0) -> None:
        """Refuse circuits that the sampler cannot run.

        These are circuits that measure nothing, have free parameters, are too wide, or contain an
        instruction that a local simulator refuses.
        """
        backend = _backend_of(self.sampler)
        width = simulators.most_qubits(backend) if backend is not None else None
        for index, circuit_input in enumerate(inputs, start):
            circuit = circuit_input.circuit
            check_samplable(index, circuit_input, pointless=simulators.takes_no_points(self.sampler))
            if width is not None and circuit.num_qubits > width:
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) has {circuit.num_qubits} qubits; "
                    f"{self.name} has {width}"
                )
        if backend is not None and simulators.is_local(backend):
            refuse_unknown_instructions(backend, inputs, start)

    def identity(self) -> str:
        """Return the text of the primitive with its settings and its backend."""
        return canonical_text(self.sampler)

    def option_names(self) -> KnownOptions:
        """Return the parameters of its ``run``."""
        return run_arguments(self.sampler)

    @property
    def seed_rule(self) -> SeedRule:
        """The rule by which a run derives the seed of each PUB."""
        return _seed_rule(self.sampler)

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """Return the sampler's seed for the first piece, and seeds derived from it for the others."""
        given = seed_of(self.sampler)
        if not isinstance(given, Integral):
            return [None] * pieces  # no seed, or a Generator, which advances by itself
        seeds = spread_seeds(given, pieces, self.seed_rule, "the sampler's seed")
        if pieces > 1 and reseeded(self.sampler, seeds[1]) is None:
            raise InputError(
                f"{self.name} has a seed that cannot be changed: every piece of the shots would "
                "draw the same samples; remove the seed or the limit on shots"
            )
        return seeds

    def submit(self, submission: Submission) -> Any:
        """Submit a job and return its handle."""
        sampler = self.sampler
        if submission.seed is not None and submission.seed != seed_of(sampler):
            sampler = reseeded(sampler, submission.seed)
        pubs = [
            (circuit_input.circuit, circuit_input.values, submission.shots or circuit_input.shots)
            for circuit_input in submission.inputs
        ]
        names = [circuit_input.circuit.name for circuit_input in submission.inputs]
        times = JobTimes() if self.lifetime is JobLifetime.KERNEL else None
        with self._warnings.collected(submission.identity) as texts:
            job = sampler.run(pubs, **submission.options)
        return sent_job(job, names, times, texts)

    def job_id(self, handle: Any) -> str | None:
        """Return the job's id."""
        return job_id(handle.job)

    def native_job(self, handle: Any) -> Any:
        """Return the sampler's job object."""
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
        return sent_job(retrieve_job(_backend_of(self.sampler), job_id), names)

    def cancel(self, handle: Any) -> bool:
        """Request a cancellation; return False if the sampler refuses it."""
        return cancel_job(handle.job)


def sent_job(
    job: Any, names: Sequence[str], times: JobTimes | None = None, warnings: Sequence[str] = ()
) -> SentJob:
    """Return a handle; the circuits of its outcome get the given names."""
    return SentJob(
        job, lambda result: read_primitive_result(result, names, job_id(job)), times, warnings
    )


def _backend_of(sampler: Any) -> Any:
    backend = getattr(sampler, "backend", None)
    return backend() if callable(backend) and not hasattr(backend, "run") else backend


def computing(sampler: Any) -> Any:
    """Return the simulator that draws the samples; Aer's sampler has it in a private attribute."""
    backend = _backend_of(sampler)
    if backend is None and simulators.is_local(sampler):
        return getattr(sampler, "_backend", None)
    return backend


def _default_shots(sampler: Any) -> int | None:
    for holder in (sampler, getattr(sampler, "options", None)):
        shots = getattr(holder, "default_shots", None)
        if isinstance(shots, int):
            return shots
    return None


def seed_of(sampler: Any) -> Any:
    """Return the seed of a sampler or of its simulator: an integer, a generator, or None."""
    options = getattr(sampler, "options", None)
    inside = getattr(options, "run_options", None)
    holders = (
        (sampler, "seed"),
        (options, SEED),
        (SimpleNamespace(**inside) if isinstance(inside, dict) else None, SEED),
        (getattr(computing(sampler), "options", None), SEED),
    )
    seeds = (getattr(holder, name, None) for holder, name in holders)
    return next((seed for seed in seeds if seed is not None), None)


def _seed_rule(sampler: Any) -> SeedRule:
    """Return how a run of a sampler uses its seed."""
    seed, backend = seed_of(sampler), computing(sampler)
    if isinstance(seed, Integral) and reseeded(sampler, int(seed) + 1) is None:
        return SeedRule.SAME  # each job starts with the sampler's seed
    if backend is None or not simulators.is_local(sampler):
        own = type(sampler).__module__.startswith("qiskit.primitives.")
        return SeedRule.SAME if own else SeedRule.UNKNOWN
    rule = simulators.seed_rule(backend)
    return SeedRule.AER_BY_SHOTS if rule is SeedRule.AER else rule


def reseeded(sampler: Any, seed: int | None) -> Any:
    """Return the same sampler with another seed; None if its seed cannot be changed."""
    options = getattr(sampler, "options", None)
    if dataclasses.is_dataclass(options) and not isinstance(options, type) and hasattr(options, SEED):
        try:
            again = type(sampler)(backend=sampler.backend, options=dataclasses.asdict(options))
            setattr(again.options, SEED, seed)
        except (TypeError, AttributeError):
            return None
    else:
        again = copy.copy(sampler)
        if not hasattr(again, "_seed"):
            return None
        again._seed = seed
    # Check that the public attribute shows the new seed.
    return again if seed_of(again) == seed else None
