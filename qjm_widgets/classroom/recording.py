"""Read a bundle as a recording: the circuits, and the attempts of each job."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qjm_widgets.bundle import Bundle, read_bundle
from qjm_widgets.bundle.validation import is_safe_to_read
from qjm_widgets.core.circuit_input import CircuitInput
from qjm_widgets.core.outcomes import JobOutcome, PubOutcome
from qjm_widgets.core.records import JobRecord, JobSetRecord, Status, StatusChange
from qjm_widgets.errors import InputError
from qjm_widgets.serialization.circuits import read_block, read_names
from qjm_widgets.serialization.outcomes import decode_outcome

_ACCEPTED = frozenset({Status.QUEUED, Status.RUNNING})


@dataclass(frozen=True)
class RecordedAttempt:
    """One attempt of a job. Times are seconds since the first submission of the set.

    Attributes:
        sent: when it was submitted.
        accepted: whether the backend accepted it; ``text`` is the reason if not.
        started: when it started to run.
        ended: when it ended.
        status: its last status; None if the recording ends before the attempt.
        text: its error, or None.
        qpu_seconds: seconds of quantum processor time that the backend reported; None if it did not.
    """

    sent: float
    accepted: bool
    started: float
    ended: float
    status: Status | None
    text: str | None
    qpu_seconds: float | None


@dataclass(frozen=True)
class RecordedJob:
    """One job with its attempts, and the outcome of the last one."""

    record: JobRecord
    attempts: tuple[RecordedAttempt, ...]
    outcome: JobOutcome | None


@dataclass(frozen=True)
class Recording:
    """A recorded set: ``jobs`` by row, and its circuits, ``inputs``."""

    record: JobSetRecord
    jobs: tuple[RecordedJob, ...]
    inputs: tuple[CircuitInput, ...]


def read_recording(source: str | os.PathLike[str]) -> Recording:
    """Read the recording in a bundle.

    Raises:
        BundleError: the file is damaged or not a bundle.
        InputError: it has results of arrays of parameter values, which a backend cannot return.
    """
    bundle = read_bundle(source)
    first = min((line.at for line in bundle.history if line.status is Status.SENDING), default=0.0)
    jobs = tuple(_job(bundle, job, first) for job in bundle.jobs)
    inputs = tuple(_read_inputs(bundle))
    _refuse_parameter_arrays(jobs)
    return Recording(bundle.record, jobs, inputs)


def _job(bundle: Bundle, record: JobRecord, first: float) -> RecordedJob:
    lines = [line for line in bundle.history if line.row == record.row]
    attempts = []
    for number in range(1, record.attempt + 1):
        own = [line for line in lines if line.attempt == number]
        attempts.append(_attempt(own, record if number == record.attempt else None, first))
    data = bundle.outcomes.get(record.row)
    return RecordedJob(record, tuple(attempts), None if data is None else decode_outcome(data))


def _attempt(lines: Sequence[StatusChange], last: JobRecord | None, first: float) -> RecordedAttempt:
    """Return an attempt from the lines of its history.

    For the last attempt of a job, ``last`` is the job's record, which has the times of the backend.
    """
    times = {line.status: line.at for line in lines}  # the last time if a status was repeated
    final = next((line for line in reversed(lines) if line.status.final), None)
    sent = times.get(Status.SENDING, first)
    ended = (last and last.finished_at) or (final.at if final else max([sent, *times.values()]))
    started = (last and last.running_at) or times.get(Status.RUNNING, ended)
    text = (last and last.error) or (final.text if final else None)
    return RecordedAttempt(
        sent=max(0.0, sent - first),
        accepted=final is None or final.status is not Status.ERROR or bool(times.keys() & _ACCEPTED),
        started=max(sent, started) - first,
        ended=max(sent, started, ended) - first,
        status=None if final is None else final.status,
        text=text,
        qpu_seconds=None if last is None else last.qpu_seconds,
    )


def _read_inputs(bundle: Bundle) -> list[CircuitInput]:
    inputs: list[CircuitInput | None] = [None] * bundle.record.circuits
    for block in bundle.blocks:
        found = read_block(block) if is_safe_to_read(block) else [None] * len(block.span)
        for circuit, (circuit_input, name) in enumerate(
            zip(found, read_names(block), strict=True), block.span.start
        ):
            inputs[circuit] = (
                circuit_input if isinstance(circuit_input, CircuitInput) else _empty_input(name)
            )
    return [
        circuit_input or _empty_input(f"circuit {index}") for index, circuit_input in enumerate(inputs)
    ]


def _empty_input(name: str) -> CircuitInput:
    """Return a placeholder for a circuit that cannot be read."""
    from qiskit import QuantumCircuit

    return CircuitInput(QuantumCircuit(name=name))


def _refuse_parameter_arrays(jobs: Sequence[RecordedJob]) -> None:
    for job in jobs:
        for place, circuit in enumerate(job.outcome.circuits if job.outcome else ()):
            if isinstance(circuit, PubOutcome) and circuit.shape != ():
                raise InputError(
                    f"circuit {job.record.span.start + place} ran with an array of parameter values, "
                    "for which a backend has no results: record circuits with assigned values"
                )


def experiment(outcome: Any, name: str) -> Any:
    """Convert a circuit's recorded outcome to the ``ExperimentResult`` of a backend.

    Args:
        outcome: the recorded outcome; None if the backend gave no result.
        name: the circuit's name.
    """
    from qiskit.result.models import ExperimentResult, ExperimentResultData

    from qjm_widgets._compat import experiment_header
    from qjm_widgets.serialization.qiskit_result import write_experiment

    if outcome is None:
        text = "the backend gave no result for this circuit"
        header = experiment_header({"name": name})
        return ExperimentResult(0, False, ExperimentResultData(), status=text, header=header)
    if not isinstance(outcome, PubOutcome):
        return write_experiment(outcome)
    sizes = [[register, bits] for register, (_, bits) in outcome.registers.items()]
    width = sum(bits for _, bits in outcome.registers.values())
    packed = outcome.packed()
    counts = {}
    if packed is not None:
        pairs = zip(packed.outcomes.tolist(), packed.counts.tolist(), strict=True)
        counts = {hex(value): count for value, count in pairs}
    return ExperimentResult(
        outcome.shots,
        True,
        ExperimentResultData(counts=counts),
        status="DONE",
        header=experiment_header({"name": name, "creg_sizes": sizes, "memory_slots": width}),
    )
