"""Any ``BaseSamplerV2``: Qiskit's reference samplers, Aer's, and those of providers."""

from __future__ import annotations

import copy
import dataclasses
import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qjm_widgets._compat import backend_name, has_samplers
from qjm_widgets.backends import simulators
from qjm_widgets.backends.jobs import cancel_job, job_id, observe_job, retrieve_job
from qjm_widgets.backends.samplable import check_samplable
from qjm_widgets.backends.seeding import SEED, spread_seeds
from qjm_widgets.conversion.pubs import read_primitive_result
from qjm_widgets.core.errors import CircuitError, InputError
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.pacing import Pace
from qjm_widgets.core.ports import Observation, Submission, Work
from qjm_widgets.core.splitting import Limits


def is_sampler(thing: Any) -> bool:
    """Whether it is a V2 sampler: ``run(pubs, *, shots=None)``."""
    if not has_samplers():
        return False
    from qiskit.primitives import BaseSamplerV2

    if isinstance(thing, BaseSamplerV2):
        return True
    return takes_pubs(thing) and "shots" in inspect.signature(thing.run).parameters


def takes_pubs(thing: Any) -> bool:
    """Whether its ``run`` takes PUBs, as samplers and estimators do."""
    try:
        parameters = list(inspect.signature(thing.run).parameters)
    except (AttributeError, TypeError, ValueError):
        return False
    return parameters[:1] == ["pubs"]


class Sampler:
    """Runs jobs by ``sampler.run(pubs, shots=…)``."""

    kind = "sampler"
    pace: Pace | None = None
    finds = False
    settling = 0.0
    runs_inside_submit = False

    def __init__(self, sampler: Any) -> None:
        self.sampler = sampler
        backend = _backend_of(sampler)
        self.name = type(sampler).__name__
        if backend is not None:
            self.name += f"({backend_name(backend)})"
        self._local = simulators.is_local(sampler)
        self.account = type(sampler).__module__
        self.recipe = simulators.recipe(sampler)
        inner_local = backend is None or simulators.is_local(backend)
        self.survives_kernel = False if self._local and inner_local else None
        # Qiskit's own samplers start a thread a job, and several at once slow each other down.
        self.max_pending = 1 if self._local else None
        self.default_shots = _default_shots(sampler)
        self.limits = Limits()

    def check(self, works: Sequence[Work], options: Mapping[str, Any]) -> None:
        """Refuse circuits that measure nothing, lack values or are too wide, and unknown options."""
        self._check_options(options)
        backend = _backend_of(self.sampler)
        width = simulators.most_qubits(backend) if backend is not None else None
        for index, work in enumerate(works):
            circuit = work.circuit
            check_samplable(index, work)
            if width is not None and circuit.num_qubits > width:
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) has {circuit.num_qubits} qubits; "
                    f"{self.name} has {width}"
                )
        if backend is not None and simulators.is_local(backend):
            simulators.refuse_unknown_instructions(backend, works)

    def _check_options(self, options: Mapping[str, Any]) -> None:
        parameters = inspect.signature(self.sampler.run).parameters
        if any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters.values()):
            return
        for name in options:
            if name not in parameters:
                hint = "; seed the sampler itself" if name == SEED else ""
                raise InputError(f"{self.name}.run takes no option {name!r}{hint}")

    def check_cut(self, works: Sequence[Work], start: int, options: Mapping[str, Any]) -> None:
        """Whatever a sampler gives can be merged."""

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """The sampler's seed for the first piece, derived ones for the others."""
        given = seed_of(self.sampler)
        if given is None or not isinstance(given, int):
            return [None] * pieces  # no seed, or a Generator, which goes on by itself
        seeds = spread_seeds(given, pieces)
        if pieces > 1 and _reseeded(self.sampler, seeds[1]) is None:
            raise InputError(
                f"{self.name} has a seed and cannot be given another: every piece of the shots would "
                "draw the same samples; remove the seed or the limit on shots"
            )
        return seeds

    def submit(self, submission: Submission) -> Any:
        """Send a job; a primitive's job."""
        sampler = self.sampler
        if submission.seed is not None and submission.seed != seed_of(sampler):
            sampler = _reseeded(sampler, submission.seed)
        pubs = [(work.circuit, work.values, submission.shots or work.shots) for work in submission.works]
        names = [work.circuit.name for work in submission.works]
        return Sent(sampler.run(pubs, **submission.options), names)

    def job_id(self, handle: Any) -> str | None:
        """The job's id."""
        return job_id(handle.job)

    def observe(
        self, handles: Sequence[Any], report: Callable[[int, Observation | BaseException], None]
    ) -> None:
        """Ask each job."""
        for index, sent in enumerate(handles):
            report(index, observe_job(sent.job, sent.read, local=self._local))

    def retrieve(self, job_id: str, names: Sequence[str]) -> Any:
        """A job that was sent before, by the ``retrieve_job`` or ``job`` of the sampler's backend."""
        return Sent(retrieve_job(_backend_of(self.sampler), job_id), names)

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        """Samplers in general have no tags."""
        return []

    def cancel(self, handle: Any) -> bool:
        """Ask the job to stop."""
        return cancel_job(handle.job)


class Sent:
    """A job and the names of its circuits, after which its result is named."""

    __slots__ = ("job", "names")

    def __init__(self, job: Any, names: Sequence[str]) -> None:
        self.job = job
        self.names = names

    def read(self, result: Any) -> JobOutcome:
        """What its result holds."""
        return read_primitive_result(result, self.names, job_id(self.job))


def _backend_of(sampler: Any) -> Any:
    backend = getattr(sampler, "backend", None)
    return backend() if callable(backend) and not hasattr(backend, "run") else backend


def _default_shots(sampler: Any) -> int | None:
    for holder in (sampler, getattr(sampler, "options", None)):
        shots = getattr(holder, "default_shots", None)
        if isinstance(shots, int):
            return shots
    return None


def seed_of(sampler: Any) -> Any:
    """The seed that a sampler holds: a number, a generator, or None."""
    for holder, name in ((sampler, "seed"), (getattr(sampler, "options", None), SEED)):
        seed = getattr(holder, name, None)
        if seed is not None:
            return seed
    options = getattr(getattr(sampler, "options", None), "run_options", None)
    return options.get(SEED) if isinstance(options, dict) else None


def _reseeded(sampler: Any, seed: int | None) -> Any:
    """The same sampler with another seed, or None where that cannot be had."""
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
    # Whatever way it was set, the public attribute has to say so.
    return again if seed_of(again) == seed else None
