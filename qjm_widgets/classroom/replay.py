"""A set that was recorded on real hardware runs again: with its waiting, running, failing and counts."""

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
from qjm_widgets.classroom.recording import Attempt, RecordedJob, experiment, read_recording
from qjm_widgets.core.records import Status

if TYPE_CHECKING:
    from qjm_widgets.job_set import JobSet
    from qjm_widgets.manager import JobManager

_MARK = "qjm_replay"
"""In a circuit's metadata: its index in the recording."""


@dataclass(eq=False)
class _Play:
    """One recorded attempt as it happens again, in seconds of the lesson."""

    started: float
    ended: float
    error: str | None
    cancels: bool
    qpu_seconds: float | None
    cancelled: bool = False


class _Tape:
    """What runs the recorded jobs: everything about them is known ahead."""

    def look(self, play: _Play, now: float) -> None:
        """A job that was cancelled then is cancelled now."""
        play.cancelled = play.cancelled or (play.cancels and play.ended <= now)

    def place(self, play: _Play, now: float) -> int | None:
        """Nobody wrote down the queue."""
        return None

    def wait(self, play: _Play, now: float) -> float:
        """Seconds until the job starts."""
        return max(0.0, play.started - now)

    def usage(self, play: _Play, now: float) -> float | None:
        """What was recorded, once the job has ended: a job that was stopped on the way has none."""
        return play.qpu_seconds if play.ended <= now else None

    def cancel(self, play: _Play, now: float) -> bool:
        """Let it end here, unless it has already."""
        if play.cancelled or play.ended <= now:
            return False
        play.ended, play.cancelled, play.error, play.qpu_seconds = now, True, None, None
        return True


class ReplayBackend(BackendV2):  # type: ignore[misc]
    """Runs the circuits of a recorded set again, without computing anything.

    ``start()`` runs the whole set as it was cut and named. Or run ``circuits``, all or some of them, as
    on any backend: each job waits, runs, and fails or gives its counts as when it was recorded.

    Args:
        bundle: the file that ``manager.export`` wrote.
        speed: how often faster than it was; 60 makes an hour a minute.
        clock: a clock that several backends share, or one that a test drives; else ``speed`` makes one.
        name: by default that of the backend on which it was recorded.

    Attributes:
        circuits: those of the recording, in order.
        clock: the lesson's; ``clock.advance(600)`` skips ten minutes of it.

    Raises:
        BundleError: the file is no bundle that can be believed.
        InputError: the recording holds arrays of parameter values, or speed is no number.
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
            _marked(work.circuit, work.values, index) for index, work in enumerate(self._recording.works)
        ]
        if record.shots is not None:
            self._options.update_options(shots=record.shots[1])
        self._target = Target(num_qubits=max(circuit.num_qubits for circuit in self.circuits))
        self._tape = _Tape()
        self._played: dict[int, int] = {}
        self._began = 0.0
        self._sent = 0
        self._lock = threading.RLock()

    @classmethod
    def _default_options(cls) -> Options:
        return Options(shots=1024)

    @property
    def target(self) -> Target:
        """As many qubits as the widest circuit has; nothing is computed, so any gate will do."""
        return self._target

    @property
    def max_circuits(self) -> int:
        """The most circuits that a recorded job holds."""
        return max(len(job.record.span) for job in self._recording.jobs)

    def start(self, manager: JobManager | None = None, *, name: str | None = None) -> JobSet:
        """Run the whole set once more, cut as it was; returns at once.

        Args:
            manager: where the set is kept; by default that of the user's own store.
            name: of the set; by default that of the recording.
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
            pairs = zip(self.circuits, recording.works, strict=True)
            circuits = [(circuit, None, work.shots) for circuit, work in pairs]
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
        """Play from the beginning: the next job is the first; what was sent before goes on."""
        with self._lock:
            self._played.clear()

    def run(self, run_input: Any, **options: Any) -> ClassroomJob:
        """Play the recorded job that holds these circuits.

        Args:
            run_input: one or many of ``circuits``.
            options: whatever a backend takes; the recording stays as it is.

        Raises:
            RejectedError: they are not circuits of one recorded job.
            ClassroomError: the job was refused when it was recorded.
        """
        circuits = list(run_input) if isinstance(run_input, (list, tuple)) else [run_input]
        with self._lock:
            indices = [self._index(circuit) for circuit in circuits]
            job = self._choose(indices, options.get("shots"))
            now = self.clock.now()
            if not self._played:
                self._began = now
            number = self._played.get(job.record.row, 0)
            self._played[job.record.row] = number + 1
            # What failed to the end fails in the same way however often it is sent again.
            attempt = job.attempts[min(number, len(job.attempts) - 1)]
            if not attempt.accepted:
                raise _refusal(attempt.text or "the backend refused this job")
            self._sent += 1
            job_id = job.record.job_id if number == len(job.attempts) - 1 else None
            job_id = job_id or f"{self.name}-{job.record.row}-{self._sent}"
            play = self._play(attempt, now, again=number > 0)

            def compute() -> Result:
                return self._result(job, indices, job_id)

            return ClassroomJob(self, job_id, play, self._tape, self.clock, self._lock, compute)

    def _index(self, circuit: Any) -> int:
        index = (circuit.metadata or {}).get(_MARK)
        if type(index) is not int or not 0 <= index < len(self.circuits):
            raise RejectedError(
                f"{circuit.name} is no circuit of this recording: run some of backend.circuits"
            )
        return index

    def _choose(self, indices: Sequence[int], shots: Any) -> RecordedJob:
        """The recorded job that holds these circuits: one that was not played yet, else one to retry."""
        holding = [
            job for job in self._recording.jobs if all(index in job.record.span for index in indices)
        ]
        if not holding:
            # As when it was recorded: the job was too large and was cut.
            raise RejectedError(f"too many circuits: no recorded job held all of these {len(indices)}")
        fresh = [job for job in holding if job.record.row not in self._played]
        again = [job for job in holding if job.attempts[-1].status is not Status.DONE]
        unfinished = [job for job in holding if self._played.get(job.record.row, 0) < len(job.attempts)]
        for jobs in (fresh, unfinished, again):
            if jobs:
                return next((job for job in jobs if job.record.shots == shots), jobs[0])
        whole = {job.record.span for job in holding} == {(indices[0], indices[-1] + 1)}
        if whole:  # all of it has been played to its good end: somebody runs the set anew
            self._played.clear()
        return holding[0]

    def _play(self, attempt: Attempt, now: float, *, again: bool) -> _Play:
        started = now + attempt.started - attempt.sent if again else self._began + attempt.started
        started = max(now, started)
        ended = started + attempt.ended - attempt.started
        error = None
        if attempt.status is None:
            error = "the recording ends here: the job was not over"
        elif attempt.status is Status.ERROR:
            error = attempt.text or "it failed without a reason"
        return _Play(started, ended, error, attempt.status is Status.CANCELLED, attempt.qpu_seconds)

    def _result(self, job: RecordedJob, indices: Sequence[int], job_id: str) -> Result:
        if job.outcome is None:
            raise ClassroomError("the recording holds no result of this job")
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
            success=all(each.success for each in found),
            results=found,
        )


def _refusal(text: str) -> ClassroomError:
    """An error that reads as the recorded one did: its kind and what it said."""
    kind, _, said = text.partition(": ")
    if not said or not kind.isidentifier():
        return ClassroomError(text)
    refusal: ClassroomError = type(kind, (ClassroomError,), {})(said)
    return refusal


def _marked(circuit: Any, values: Any, index: int) -> Any:
    """The circuit with its index; parameters that had one value each are assigned."""
    if values is not None:
        circuit = values.bind(circuit, ())
    circuit.metadata = {**(circuit.metadata or {}), _MARK: index}
    return circuit
