"""A real Qiskit backend for lessons: any simulator with a queue, run times, limits and failures."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from typing import Any

from qiskit.providers import BackendV2, Options
from qiskit.transpiler import Target

from qjm_widgets.backends.simulators import is_local
from qjm_widgets.classroom.clock import LessonClock
from qjm_widgets.classroom.conditions import Conditions, conditions
from qjm_widgets.classroom.errors import OutageError, PendingJobsError, RateLimitError, RejectedError
from qjm_widgets.classroom.job import ClassroomJob
from qjm_widgets.classroom.machine import Machine
from qjm_widgets.classroom.noise import noisy_simulator
from qjm_widgets.core.formatting import duration
from qjm_widgets.errors import BackendError, InputError

_SEED = "seed_simulator"


class ClassroomBackend(BackendV2):  # type: ignore[misc]
    """A simulator behind a queue.

    It takes jobs as a provider's backend does, and gives Qiskit jobs with ``status``, ``result``,
    ``cancel``, ``error_message`` and ``queue_position``. The same calls with the same seed give the same
    waiting, the same failures and the same counts.

    Args:
        simulator: any backend that computes at once; by default Qiskit's ``BasicSimulator``.
        preset: what the machine is like: ``"quiet"``, ``"busy-morning"``, ``"flaky"``, ``"outage"``,
            or ``Conditions`` of your own.
        speed: how often faster than life the lesson goes; 60 makes a minute of waiting a second.
        seed: of everything that is left to chance, the shots included.
        noise: instead of a simulator, the chance that a gate on two qubits errs (needs qiskit-aer).
        clock: a clock that several backends share, or one that a test drives; else ``speed`` makes one.
        name: the backend's name.
        max_circuits: circuits that it takes in one job; None: any number.
        changes: values of ``Conditions`` that differ from the preset's, such as ``failure=0.2``.

    Attributes:
        simulator: what computes.
        clock: the lesson's; ``clock.advance(600)`` skips ten minutes of it.
        conditions: what the machine is like.

    Raises:
        InputError: a preset, a name or a value is wrong; says which.
    """

    def __init__(
        self,
        simulator: Any = None,
        *,
        preset: str | Conditions = "quiet",
        speed: float = 1.0,
        seed: int = 2024,
        noise: float | None = None,
        clock: LessonClock | None = None,
        name: str = "classroom",
        max_circuits: int | None = None,
        **changes: Any,
    ) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise InputError(f"seed is a whole number, not {seed!r}")
        if max_circuits is not None and (type(max_circuits) is not int or max_circuits < 1):
            raise InputError(f"max_circuits is at least 1, or None; not {max_circuits!r}")
        self.conditions = conditions(preset, changes)
        self.clock = LessonClock(speed) if clock is None else clock
        self.simulator = _simulator(simulator, noise)
        super().__init__(name=name, description="A lesson's machine: a simulator behind a queue")
        self._max_circuits = max_circuits
        self._machine = Machine(self.conditions, seed)
        self._jobs: dict[str, ClassroomJob] = {}
        self._lock = threading.RLock()

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    @property
    def target(self) -> Target:
        """The simulator's."""
        return getattr(self.simulator, "target", None) or Target()

    @property
    def max_circuits(self) -> int | None:
        """Circuits that one job may hold; None: any number."""
        return self._max_circuits

    def run(self, run_input: Any, shots: int | None = None, **options: Any) -> ClassroomJob:
        """Queue a job.

        Args:
            run_input: one or many circuits.
            shots: of each circuit; by default ``options.shots``.
            options: handed to the simulator's ``run``.

        Raises:
            OutageError: the machine is down.
            RateLimitError: too many submissions in too short a time.
            PendingJobsError: too many of your jobs wait or run.
            RejectedError: it does not run one of the circuits or so many shots, or takes fewer circuits
                in one job.
        """
        circuits = list(run_input) if isinstance(run_input, (list, tuple)) else [run_input]
        wanted = self.options.shots if shots is None else shots
        with self._lock:
            self._check_state()
            self._check_circuits(circuits)
            if type(wanted) is not int or wanted < 1:
                raise RejectedError(f"shots is a whole number of at least 1, not {wanted!r}")
            now = self.clock.now()
            task = self._machine.accept(now, len(circuits), wanted)
            if _takes_seed(self.simulator):
                drawn = self._machine.draw("shots", task.number or 0).getrandbits(31)
                options.setdefault(_SEED, drawn)
            job_id = f"{self.name}-{task.number}"

            def compute() -> Any:
                result = self.simulator.run(circuits, shots=wanted, **options).result()
                result.backend_name, result.job_id = self.name, job_id
                return result

            job = ClassroomJob(self, job_id, task, self._machine, self.clock, self._lock, compute)
            self._jobs[job_id] = job
            return job

    def _check_state(self) -> None:
        now = self.clock.now()
        until = self._machine.down_until(now)
        if until is not None:
            raise OutageError(
                f"{self.name} is down; it is expected back in {duration(until - now)}",
                self.clock.real(until - now),
            )
        wait = self._machine.wait_for_rate(now)
        if wait > 0:
            jobs, seconds = self.conditions.rate or (0, 0.0)
            raise RateLimitError(
                f"{self.name} takes {jobs} jobs in {duration(seconds)}: come back in {duration(wait)}",
                self.clock.real(wait),
            )
        limit = self.conditions.pending_limit
        if limit is not None and self._machine.pending(now) >= limit:
            raise PendingJobsError(f"you have {limit} pending jobs, the most that {self.name} takes")

    def _check_circuits(self, circuits: Sequence[Any]) -> None:
        most = self._max_circuits
        if not circuits:
            raise RejectedError("a job holds at least one circuit")
        for place, circuit in enumerate(circuits):
            if not hasattr(circuit, "num_qubits"):
                raise RejectedError(f"item {place} is a {type(circuit).__name__} and no circuit")
        if most is not None and len(circuits) > most:
            raise RejectedError(f"too many circuits: {len(circuits)}; {self.name} takes {most} in a job")
        named = [i for i, circuit in enumerate(circuits) if circuit.name in self.conditions.reject]
        chosen = named[0] if named else self._machine.rejected(len(circuits))
        if chosen is not None:
            raise RejectedError(
                f"{self.name} rejected the job: it could not compile circuit {chosen} "
                f"({circuits[chosen].name}) of it"
            )

    def retrieve_job(self, job_id: str) -> ClassroomJob:
        """A job that was sent before, by its id.

        Raises:
            LookupError: it knows no such job; what another kernel sent is gone with it.
        """
        with self._lock:
            if job_id not in self._jobs:
                raise LookupError(f"{self.name} knows no job {job_id!r}")
            return self._jobs[job_id]

    def jobs(self) -> list[ClassroomJob]:
        """All jobs in the order in which they were accepted."""
        with self._lock:
            return list(self._jobs.values())


def _simulator(given: Any, noise: float | None) -> Any:
    if noise is not None:
        if given is not None:
            raise InputError("noise makes a simulator of its own: give noise or a simulator")
        return noisy_simulator(noise)
    if given is None:
        from qiskit.providers.basic_provider import BasicSimulator

        return BasicSimulator()
    if not callable(getattr(given, "run", None)) or isinstance(given, type):
        raise BackendError(f"{given!r} is no simulator: give a backend with run, such as AerSimulator()")
    return given


def _takes_seed(simulator: Any) -> bool:
    return is_local(simulator) or hasattr(getattr(simulator, "options", None), _SEED)
