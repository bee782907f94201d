"""Circuits and clocks for lessons that a test drives."""

from __future__ import annotations

from qiskit import QuantumCircuit
from qiskit.providers import JobStatus

from qjm_widgets.classroom import ClassroomBackend, LessonClock
from qjm_widgets.classroom.job import ClassroomJob


def coin(name: str = "coin") -> QuantumCircuit:
    circuit = QuantumCircuit(1, 1, name=name)
    circuit.h(0)
    circuit.measure(0, 0)
    return circuit


def coins(number: int) -> list[QuantumCircuit]:
    return [coin(f"coin {index}") for index in range(number)]


def lesson(clock: LessonClock | None = None, **words: object) -> ClassroomBackend:
    """A machine whose clock moves when the test says; each job runs 10 seconds."""
    words = {"start_seconds": 10.0, "circuit_seconds": 0.0, "shot_seconds": 0.0, **words}
    return ClassroomBackend(clock=clock or LessonClock(speed=0), **words)  # type: ignore[arg-type]


def course(jobs: list[ClassroomJob], clock: LessonClock, seconds: int, step: float = 5) -> list[str]:
    """The jobs' statuses as letters (Queued, Running, Done, Error, Cancelled), every few seconds."""
    seen = ["".join(letter(job.status()) for job in jobs)]
    for _ in range(int(seconds / step)):
        clock.advance(step)
        seen.append("".join(letter(job.status()) for job in jobs))
    return seen


def letter(status: JobStatus) -> str:
    return status.name[0]
