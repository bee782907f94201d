"""A backend that runs a recorded job set again, with the recorded times, failures and counts."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qiskit.providers import BackendV2, Options
from qiskit.result import Result
from qiskit.transpiler import Target

from qjm_widgets.classroom.clock import LessonClock
from qjm_widgets.classroom.errors import ClassroomError, RejectedError
from qjm_widgets.classroom.job import ClassroomJob
from qjm_widgets.classroom.recording import RecordedAttempt, RecordedJob, experiment, read_recording
from qjm_widgets.core.records import Status

if TYPE_CHECKING:
    from qjm_widgets.job_set import JobSet
    from qjm_widgets.manager import JobManager

#: The key in a circuit's metadata under which its index in the recording is kept.
_INDEX_KEY = "qjm_replay"


@dataclass(eq=False)
class _ReplayedJob:
    """One recorded attempt that is replayed. Times are in seconds of the lesson."""

    started: float
    ended: float
    error: str | None
    was_cancelled: bool
    qpu_seconds: float | None
    cancelled: bool = False


class _ReplayRunner:
    """A runner of recorded jobs, whose times are known from the start."""

    def update(self, job: _ReplayedJob, now: float) -> None:
        """Mark the job as cancelled after the time at which it was cancelled in the recording."""
        job.cancelled = job.cancelled or (job.was_cancelled and job.ended <= now)

    def queue_position(self, job: _ReplayedJob, now: float) -> int | None:
        """Return None: the queue is not recorded."""
        return None

    def seconds_to_start(self, job: _ReplayedJob, now: float) -> float:
        """Return the seconds until the job starts."""
        return max(0.0, job.started - now)

    def usage(self, job: _ReplayedJob, now: float) -> float | None:
        """Return the recorded usage; None until the job has ended, and if it was cancelled here."""
        return job.qpu_seconds if job.ended <= now else None

    def cancel(self, job: _ReplayedJob, now: float) -> bool:
        """End the job now; return False if it has ended."""
        if job.cancelled or job.ended <= now:
            return False
        job.ended, job.cancelled, job.error, job.qpu_seconds = now, True, None, None
        return True


class ReplayBackend(BackendV2):  # type: ignore[misc]
    """A backend that runs the circuits of a recorded set again, without computing anything.

    ``start()`` runs the whole set, cut and named as in the recording. You can also run some or all of
    ``circuits`` as on any backend: each job waits, runs, and fails or gives its counts as recorded.

    Args:
        bundle: the file that ``manager.export`` wrote.
        speed: seconds of the recording in one real second; with 60, an hour takes a minute.
        clock: a clock that several backends share or that a test advances; by default a new one with
            ``speed``.
        name: the backend's name; by default that of the recorded backend.

    Attributes:
        circuits: the circuits of the recording, in order.
        clock: the lesson's clock; ``clock.advance(600)`` skips ten minutes.

    Raises:
        BundleError: the file is damaged or not a bundle.
        InputError: the recording has arrays of parameter values, or ``speed`` is not a number.
    """

    def __init__(
        self,
        bundle: str | os.PathLike[str],
        *,
        speed: float = 1.0,
        clock: LessonClock | None = None,
        name: str | None = None,
    ) -> None:
        self.clock = LessonClock(speed) if clock is None else clock
        self._recording = read_recording(bundle)
        record = self._recording.record
        super().__init__(name=name or record.backend, description=f"A recording: {record.name}")
        self.circuits = [
            _marked(circuit_input.circuit, circuit_input.values, index)
            for index, circuit_input in enumerate(self._recording.inputs)
        ]
        if record.shots is not None:
            self._options.update_options(shots=record.shots[1])
        self._target = Target(num_qubits=max(circuit.num_qubits for circuit in self.circuits))
        self._runner = _ReplayRunner()
        self._attempts_replayed: dict[int, int] = {}
        self._replay_started = 0.0
        self._sent = 0
        self._lock = threading.RLock()

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    @property
    def target(self) -> Target:
        """A target with as many qubits as the widest circuit; every gate is allowed."""
        return self._target

    @property
    def max_circuits(self) -> int:
        """The most circuits in one recorded job."""
        return max(len(job.record.span) for job in self._recording.jobs)

    def start(self, manager: JobManager | None = None, *, name: str | None = None) -> JobSet:
        """Run the whole set again, cut as in the recording, and return without waiting for it.

        Args:
            manager: the manager that runs the set; by default ``default_manager()``.
            name: the set's name; by default that of the recording.
        """
        if manager is None:
            from qjm_widgets.manager import default_manager

            manager = default_manager()
        recording = self._recording
        self.rewind()
        most = [job.record.shots or 0 for job in recording.jobs if job.record.pieces > 1]
        circuits: list[Any] = self.circuits
        least_shots, most_shots = recording.record.shots or (0, 0)
        if least_shots != most_shots:
            pairs = zip(self.circuits, recording.inputs, strict=True)
            circuits = [(circuit, None, circuit_input.shots) for circuit, circuit_input in pairs]
        return manager.run(
            circuits,
            backend=self,
            name=name or recording.record.name,
            tags=recording.record.tags,
            shots=most_shots or None,
            max_circuits_per_job=self.max_circuits,
            max_shots_per_job=max(most) or None if most else None,
        )

    def rewind(self) -> None:
        """Replay each job from its first attempt again. Jobs that were submitted before go on."""
        with self._lock:
            self._attempts_replayed.clear()

    def run(self, run_input: Any, **options: Any) -> ClassroomJob:
        """Replay the recorded job that holds these circuits.

        Args:
            run_input: one or many of ``circuits``.
            options: ``shots`` selects among recorded jobs; all other options are ignored.

        Raises:
            RejectedError: a circuit is not of this recording, or no recorded job holds all of them.
            ClassroomError: the job was refused in the recording.
        """
        circuits = list(run_input) if isinstance(run_input, (list, tuple)) else [run_input]
        with self._lock:
            indices = [self._index(circuit) for circuit in circuits]
            job = self._choose(indices, options.get("shots"))
            now = self.clock.now()
            if not self._attempts_replayed:
                self._replay_started = now
            number = self._attempts_replayed.get(job.record.row, 0)
            self._attempts_replayed[job.record.row] = number + 1
            # After the last recorded attempt, each retry repeats that attempt.
            attempt = job.attempts[min(number, len(job.attempts) - 1)]
            if not attempt.accepted:
                raise _refusal(attempt.text or "the backend refused this job")
            self._sent += 1
            job_id = job.record.job_id if number == len(job.attempts) - 1 else None
            job_id = job_id or f"{self.name}-{job.record.row}-{self._sent}"
            replayed = self._replayed_job(attempt, now, again=number > 0)

            def compute() -> Result:
                return self._result(job, indices, job_id)

            return ClassroomJob(self, job_id, replayed, self._runner, self.clock, self._lock, compute)

    def _index(self, circuit: Any) -> int:
        index = (circuit.metadata or {}).get(_INDEX_KEY)
        if type(index) is not int or not 0 <= index < len(self.circuits):
            raise RejectedError(
                f"{circuit.name} is not a circuit of this recording: run some of backend.circuits"
            )
        return index

    def _choose(self, indices: Sequence[int], shots: Any) -> RecordedJob:
        """Return a recorded job that holds these circuits, if possible one with these shots.

        A job that was not replayed yet comes first, then one with attempts left, then one that did not
        succeed, then any. If these jobs are the whole span, their replay then begins anew.

        Raises:
            RejectedError: no recorded job holds all these circuits.
        """
        holding = [
            job for job in self._recording.jobs if all(index in job.record.span for index in indices)
        ]
        if not holding:
            # A provider gives the same error, after which the job is cut in halves.
            raise RejectedError(f"too many circuits: no recorded job held all of these {len(indices)}")
        fresh = [job for job in holding if job.record.row not in self._attempts_replayed]
        again = [job for job in holding if job.attempts[-1].status is not Status.DONE]
        unfinished = [
            job for job in holding if self._attempts_replayed.get(job.record.row, 0) < len(job.attempts)
        ]
        for jobs in (fresh, unfinished, again):
            if jobs:
                return next((job for job in jobs if job.record.shots == shots), jobs[0])
        whole = {job.record.span for job in holding} == {(indices[0], indices[-1] + 1)}
        if whole:  # all jobs succeeded: the set is run again
            self._attempts_replayed.clear()
        return holding[0]

    def _replayed_job(self, attempt: RecordedAttempt, now: float, *, again: bool) -> _ReplayedJob:
        started = (
            now + attempt.started - attempt.sent if again else self._replay_started + attempt.started
        )
        started = max(now, started)
        ended = started + attempt.ended - attempt.started
        error = None
        if attempt.status is None:
            error = "the recording ends before this job did"
        elif attempt.status is Status.ERROR:
            error = attempt.text or "it failed without a reason"
        return _ReplayedJob(
            started, ended, error, attempt.status is Status.CANCELLED, attempt.qpu_seconds
        )

    def _result(self, job: RecordedJob, indices: Sequence[int], job_id: str) -> Result:
        if job.outcome is None:
            raise ClassroomError("the recording has no result of this job")
        start = job.record.span.start
        found = [
            experiment(job.outcome.circuits[index - start], self.circuits[index].name)
            for index in indices
        ]
        return Result(
            backend_name=self.name,
            backend_version=str(job.outcome.info.get("backend_version") or ""),
            qobj_id=None,
            job_id=job_id,
            success=all(result.success for result in found),
            results=found,
        )


def _refusal(text: str) -> ClassroomError:
    """Return an error with the class name and the text of the recorded one."""
    kind, _, message = text.partition(": ")
    if not message or not kind.isidentifier():
        return ClassroomError(text)
    refusal: ClassroomError = type(kind, (ClassroomError,), {})(message)
    return refusal


def _marked(circuit: Any, values: Any, index: int) -> Any:
    """Assign the recorded parameter values; return the circuit with its index in the metadata."""
    if values is not None:
        circuit = values.bind(circuit, ())
    circuit.metadata = {**(circuit.metadata or {}), _INDEX_KEY: index}
    return circuit
