"""A Qiskit backend for lessons: any simulator with a queue, run times, limits and failures."""

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

    It accepts jobs as a provider's backend does, and returns Qiskit jobs with ``status``, ``result``,
    ``cancel``, ``error_message`` and ``queue_position``. The same calls with the same seed give the same
    waiting times, the same failures and the same counts.

    Args:
        simulator: any backend that computes at once; by default Qiskit's ``BasicSimulator``.
        preset: the machine's conditions: ``"quiet"``, ``"busy-morning"``, ``"flaky"``, ``"outage"``, or
            a ``Conditions``.
        speed: seconds of the lesson in one real second; with 60, a minute of waiting takes a second.
        seed: the seed of all random numbers, those of the shots included.
        noise: instead of ``simulator``, the strength of the noise of an AerSimulator, from 0 to 1
            (needs qiskit-aer). It is the depolarizing parameter after a two-qubit gate (a tenth of it
            after a one-qubit gate), and the probability that a measured bit is flipped.
        clock: a clock that several backends share or that a test advances; by default a new one with
            ``speed``.
        name: the backend's name.
        max_circuits: the most circuits in one job; None means any number.
        changes: values of ``Conditions`` that differ from the preset's, such as ``failure=0.2``.

    Attributes:
        simulator: the simulator.
        clock: the lesson's clock; ``clock.advance(600)`` skips ten minutes.
        conditions: the machine's conditions.

    Raises:
        InputError: an argument is wrong; the message names it.
        BackendError: ``simulator`` is not a backend.
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
            raise InputError(f"seed must be a whole number, not {seed!r}")
        if max_circuits is not None and (type(max_circuits) is not int or max_circuits < 1):
            raise InputError(f"max_circuits must be at least 1, or None, not {max_circuits!r}")
        self.conditions = conditions(preset, changes)
        self.clock = LessonClock(speed) if clock is None else clock
        self.simulator = _simulator(simulator, noise)
        super().__init__(name=name, description="A simulator behind a queue, for lessons")
        self._max_circuits = max_circuits
        self._machine = Machine(self.conditions, seed)
        self._jobs: dict[str, ClassroomJob] = {}
        self._lock = threading.RLock()

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    @property
    def target(self) -> Target:
        """The simulator's target."""
        return getattr(self.simulator, "target", None) or Target()

    @property
    def max_circuits(self) -> int | None:
        """The most circuits in one job; None means any number."""
        return self._max_circuits

    def run(self, run_input: Any, shots: int | None = None, **options: Any) -> ClassroomJob:
        """Queue a job.

        Args:
            run_input: one or many circuits.
            shots: the shots of each circuit; by default ``options.shots``.
            options: passed to the simulator's ``run``.

        Raises:
            OutageError: the machine is down.
            RateLimitError: too many submissions in too short a time.
            PendingJobsError: too many of your jobs are queued or running.
            RejectedError: there are too many circuits, a circuit is rejected, or the shots are wrong.
        """
        circuits = list(run_input) if isinstance(run_input, (list, tuple)) else [run_input]
        shots_of_each = self.options.shots if shots is None else shots
        with self._lock:
            self._check_state()
            self._check_circuits(circuits)
            if type(shots_of_each) is not int or shots_of_each < 1:
                raise RejectedError(f"shots must be a whole number of at least 1, not {shots_of_each!r}")
            now = self.clock.now()
            task = self._machine.accept(now, len(circuits), shots_of_each)
            if _takes_seed(self.simulator):
                seed = self._machine.draw("shots", task.number or 0).getrandbits(31)
                options.setdefault(_SEED, seed)
            job_id = f"{self.name}-{task.number}"

            def compute() -> Any:
                result = self.simulator.run(circuits, shots=shots_of_each, **options).result()
                result.backend_name, result.job_id = self.name, job_id
                return result

            job = ClassroomJob(self, job_id, task, self._machine, self.clock, self._lock, compute)
            self._jobs[job_id] = job
            return job

    def _check_state(self) -> None:
        now = self.clock.now()
        until = self._machine.outage_end(now)
        if until is not None:
            raise OutageError(
                f"{self.name} is down; it is expected back in {duration(until - now)}",
                self.clock._real_seconds(until - now),
            )
        wait = self._machine.seconds_until_allowed(now)
        if wait > 0:
            jobs, seconds = self.conditions.rate or (0, 0.0)
            raise RateLimitError(
                f"{self.name} takes {jobs} jobs in {duration(seconds)}: try again in {duration(wait)}",
                self.clock._real_seconds(wait),
            )
        limit = self.conditions.pending_limit
        if limit is not None and self._machine.pending(now) >= limit:
            raise PendingJobsError(f"you have {limit} pending jobs, the most that {self.name} takes")

    def _check_circuits(self, circuits: Sequence[Any]) -> None:
        most = self._max_circuits
        if not circuits:
            raise RejectedError("a job needs at least one circuit")
        for place, circuit in enumerate(circuits):
            if not hasattr(circuit, "num_qubits"):
                raise RejectedError(f"item {place} is not a circuit but {type(circuit).__name__!r}")
        if most is not None and len(circuits) > most:
            raise RejectedError(f"too many circuits: {len(circuits)}; {self.name} takes {most} in a job")
        named = [i for i, circuit in enumerate(circuits) if circuit.name in self.conditions.reject]
        chosen = named[0] if named else self._machine.rejected(len(circuits))
        if chosen is not None:
            raise RejectedError(
                f"{self.name} rejected the job: it could not compile circuit {chosen} "
                f"({circuits[chosen].name})"
            )

    def retrieve_job(self, job_id: str) -> ClassroomJob:
        """Return a submitted job by its id.

        Raises:
            LookupError: there is no such job; jobs of another kernel end with that kernel.
        """
        with self._lock:
            if job_id not in self._jobs:
                raise LookupError(f"{self.name} has no job {job_id!r}")
            return self._jobs[job_id]

    def jobs(self) -> list[ClassroomJob]:
        """Return all jobs, in the order in which they were accepted."""
        with self._lock:
            return list(self._jobs.values())


def _simulator(given: Any, noise: float | None) -> Any:
    if noise is not None:
        if given is not None:
            raise InputError("noise makes its own simulator: give noise or a simulator, not both")
        return noisy_simulator(noise)
    if given is None:
        from qiskit.providers.basic_provider import BasicSimulator

        return BasicSimulator()
    if not callable(getattr(given, "run", None)) or isinstance(given, type):
        raise BackendError(
            f"{given!r} is not a simulator: give a backend with run, such as AerSimulator()"
        )
    return given


def _takes_seed(simulator: Any) -> bool:
    return is_local(simulator) or hasattr(getattr(simulator, "options", None), _SEED)
