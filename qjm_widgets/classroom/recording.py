"""What a bundle tells of a set that was run: its circuits, and how each attempt of each job went."""

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

_TAKEN = frozenset({Status.QUEUED, Status.RUNNING})


@dataclass(frozen=True)
class Attempt:
    """One attempt of a job. Times are seconds since the set was first sent.

    Attributes:
        sent: when it went out.
        accepted: whether the backend took it; ``text`` tells why not.
        started: when it began to run.
        ended: when it was over.
        status: how it ended; None where the recording was over before it was.
        text: its error.
        qpu_seconds: what the backend said that it used; None where it said nothing.
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
    """One job, with the result of its last attempt."""

    record: JobRecord
    attempts: tuple[Attempt, ...]
    outcome: JobOutcome | None


@dataclass(frozen=True)
class Recording:
    """A set that was run: ``jobs`` by row, ``works`` the circuits."""

    record: JobSetRecord
    jobs: tuple[RecordedJob, ...]
    works: tuple[CircuitInput, ...]


def read_recording(source: str | os.PathLike[str]) -> Recording:
    """The recording in a bundle.

    Raises:
        BundleError: the file is no bundle that can be believed.
        InputError: it is a bundle whose counts a backend cannot give.
    """
    bundle = read_bundle(source)
    first = min((line.at for line in bundle.history if line.status is Status.SENDING), default=0.0)
    jobs = tuple(_job(bundle, job, first) for job in bundle.jobs)
    works = tuple(_works(bundle))
    _refuse_sweeps(jobs)
    return Recording(bundle.record, jobs, works)


def _job(bundle: Bundle, record: JobRecord, first: float) -> RecordedJob:
    lines = [line for line in bundle.history if line.row == record.row]
    attempts = []
    for number in range(1, record.attempt + 1):
        own = [line for line in lines if line.attempt == number]
        attempts.append(_attempt(own, record if number == record.attempt else None, first))
    data = bundle.outcomes.get(record.row)
    return RecordedJob(record, tuple(attempts), None if data is None else decode_outcome(data))


def _attempt(lines: Sequence[StatusChange], last: JobRecord | None, first: float) -> Attempt:
    """An attempt by its history; of the last one the record knows the backend's own times."""
    times = {line.status: line.at for line in lines}  # of a job that was sent anew, the last time
    final = next((line for line in reversed(lines) if line.status.final), None)
    sent = times.get(Status.SENDING, first)
    ended = (last and last.finished_at) or (final.at if final else max([sent, *times.values()]))
    started = (last and last.running_at) or times.get(Status.RUNNING, ended)
    text = (last and last.error) or (final.text if final else None)
    return Attempt(
        sent=max(0.0, sent - first),
        accepted=final is None or final.status is not Status.ERROR or bool(times.keys() & _TAKEN),
        started=max(sent, started) - first,
        ended=max(sent, started, ended) - first,
        status=None if final is None else final.status,
        text=text,
        qpu_seconds=None if last is None else last.qpu_seconds,
    )


def _works(bundle: Bundle) -> list[CircuitInput]:
    works: list[CircuitInput | None] = [None] * bundle.record.circuits
    for block in bundle.blocks:
        found = read_block(block) if is_safe_to_read(block) else [None] * len(block.span)
        for circuit, (work, name) in enumerate(
            zip(found, read_names(block), strict=True), block.span.start
        ):
            works[circuit] = work if isinstance(work, CircuitInput) else _blank(name)
    return [work or _blank(f"circuit {index}") for index, work in enumerate(works)]


def _blank(name: str) -> CircuitInput:
    """For a circuit of which only the name was kept: it is never computed."""
    from qiskit import QuantumCircuit

    return CircuitInput(QuantumCircuit(name=name))


def _refuse_sweeps(jobs: Sequence[RecordedJob]) -> None:
    for job in jobs:
        for place, circuit in enumerate(job.outcome.circuits if job.outcome else ()):
            if isinstance(circuit, PubOutcome) and circuit.shape != ():
                raise InputError(
                    f"circuit {job.record.span.start + place} ran with an array of parameter values, "
                    "whose results a backend does not give: record its circuits with values assigned"
                )


def experiment(outcome: Any, name: str) -> Any:
    """What a circuit gave, as the ``ExperimentResult`` of a backend.

    Args:
        outcome: of the recording; None where the backend gave nothing.
        name: the circuit's.
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
