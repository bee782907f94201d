"""Any backend with ``run``: BackendV2, and BackendV1 where the installed Qiskit has it."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from qjm_widgets._compat import backend_name, is_schedule
from qjm_widgets.backends import simulators
from qjm_widgets.backends.jobs import cancel_job, job_id, observe_job, retrieve_job
from qjm_widgets.backends.saved_states import refuse_cuts
from qjm_widgets.backends.seeding import SEED, spread_seeds
from qjm_widgets.conversion.experiments import read_result
from qjm_widgets.core.errors import CircuitError, InputError
from qjm_widgets.core.outcomes import JobOutcome
from qjm_widgets.core.pacing import Pace
from qjm_widgets.core.ports import Observation, Submission, Work
from qjm_widgets.core.splitting import Limits

_PENDING_LOCAL = 16
"""Local simulators work through a queue of their own: what is not in it can still be cancelled."""


def is_backend(thing: Any) -> bool:
    """Whether it is a backend: it has ``run`` and what backends have beside it."""
    return callable(getattr(thing, "run", None)) and (
        hasattr(thing, "options") or hasattr(thing, "target") or hasattr(thing, "configuration")
    )


class BackendRun:
    """Runs jobs by ``backend.run(circuits, shots=…, **options)``."""

    kind = "backend_run"
    pace: Pace | None = None
    finds = False
    settling = 0.0

    def __init__(self, backend: Any) -> None:
        self.backend = backend
        self.name = backend_name(backend)
        local = simulators.is_local(backend)
        self.survives_kernel = False if local else None
        self.runs_inside_submit = simulators.runs_inside_submit(backend)
        self.max_pending = _PENDING_LOCAL if local and not simulators.has_queue(backend) else None
        self.default_shots = _whole(getattr(getattr(backend, "options", None), "shots", None))
        self.limits = Limits(circuits=_max_circuits(backend), shots=_max_shots(backend), one_shots=True)
        self._local = local
        self._computing = simulators.computing(backend)
        self.account = type(backend).__module__
        self.recipe = simulators.recipe(backend)
        self._names_options = _takes(backend.run, SEED)

    def check(self, works: Sequence[Work], options: Mapping[str, Any]) -> None:
        """Refuse circuits that are too wide, unbound, or have an instruction that it would refuse."""
        width = simulators.most_qubits(self._computing)
        for index, work in enumerate(works):
            circuit = work.circuit
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
            if work.values is not None:
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) comes with parameter values: "
                    f"{self.name} takes circuits only; give a sampler, or assign the parameters"
                )
            if self._local and getattr(circuit, "parameters", None) and "parameter_binds" not in options:
                raise CircuitError(
                    f"circuit {index} ({circuit.name}) has parameters without values: "
                    "assign them first, circuit.assign_parameters(values)"
                )
        if simulators.is_local(self._computing):
            circuits = [work for work in works if not is_schedule(work.circuit)]
            simulators.refuse_unknown_instructions(self._computing, circuits)

    def check_cut(self, works: Sequence[Work], start: int, options: Mapping[str, Any]) -> None:
        """Refuse to cut the shots of circuits that save the state of a single shot."""
        refuse_cuts(self._computing, works, start, options)

    def seeds(self, pieces: int, options: Mapping[str, Any]) -> list[int | None]:
        """The user's seed for the first piece, derived ones for the others."""
        known = getattr(self.backend, "options", None)
        given = options.get(SEED)
        if given is None:
            given = getattr(known, SEED, None)
        if given is None and not hasattr(known, SEED):
            return [None] * pieces
        if given is not None and not self._names_options and pieces > 1:
            raise InputError(
                f"{self.name} has a seed of its own and takes none for a job: every piece of the shots "
                "would draw the same samples; remove the seed or the limit on shots"
            )
        return spread_seeds(given, pieces)

    def submit(self, submission: Submission) -> Any:
        """Send a job; a job object with ``result``, ``status`` and ``job_id``."""
        options = dict(submission.options)
        if submission.shots is not None:
            options["shots"] = submission.shots
        if submission.seed is not None:
            options[SEED] = submission.seed
        circuits = [work.circuit for work in submission.works]
        return _Sent(self.backend.run(circuits, **options), [circuit.name for circuit in circuits])

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
        """A job that was sent before, by the backend's or its provider's ``retrieve_job`` or ``job``."""
        return _Sent(retrieve_job(self.backend, job_id), names)

    def find(self, identity: str, names: Sequence[str]) -> list[Any]:
        """Backends in general have no tags."""
        return []

    def cancel(self, handle: Any) -> bool:
        """Ask the job to stop."""
        return cancel_job(handle.job)


class _Sent:
    """A job and the names of its circuits: what its result lacks is named after them."""

    __slots__ = ("job", "names")

    def __init__(self, job: Any, names: Sequence[str]) -> None:
        self.job = job
        self.names = names

    def read(self, result: Any) -> JobOutcome:
        return read_result(result, self.names)


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _configuration(backend: Any) -> Any:
    configuration = getattr(backend, "configuration", None)
    return configuration() if callable(configuration) else None


def _takes_pulses(backend: Any, local: bool) -> bool:
    """Whether it runs pulse schedules; True where a remote one does not tell."""
    told = getattr(_configuration(backend), "open_pulse", None)
    return not local if told is None else bool(told)


def _max_circuits(backend: Any) -> int | None:
    most = _whole(getattr(backend, "max_circuits", None))
    if most is None:
        most = _whole(getattr(_configuration(backend), "max_experiments", None))
    return most if most and most > 0 else None


def _max_shots(backend: Any) -> int | None:
    if simulators.is_local(backend) and not hasattr(backend, "coupling_map"):
        return None
    most = _whole(getattr(_configuration(backend), "max_shots", None))
    return most if most and most > 0 else None


def _takes(run: Any, option: str) -> bool:
    """Whether ``run`` accepts the option by name; True where nobody can tell."""
    try:
        parameters = inspect.signature(run).parameters
    except (TypeError, ValueError):
        return True
    kinds = {parameter.kind for parameter in parameters.values()}
    return option in parameters or inspect.Parameter.VAR_KEYWORD in kinds
