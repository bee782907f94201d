"""A sweep of which every result is known: each shot of a point gives the point's value."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import BaseSamplerV2, BitArray, DataBin, PrimitiveResult, SamplerPubResult
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.providers import JobStatus

from tests.fakes import LIMIT

BITS = 16


def sweep(name: str = "sweep") -> QuantumCircuit:
    """A circuit with one parameter."""
    circuit = QuantumCircuit(BITS, name=name)
    circuit.rx(Parameter("t"), 0)
    circuit.measure_all()
    return circuit


def values_of(*shape: int, first: int = 0) -> np.ndarray:
    """The number of each point in flattened order, as its value."""
    size = int(np.prod(shape))
    return np.arange(first, first + size, dtype=float).reshape(shape)


class PointsJob:
    """A job of which everything is known."""

    def __init__(self, number: int, pubs: list[SamplerPub]) -> None:
        self.number = number
        self.pubs = pubs
        self.state = JobStatus.QUEUED
        self.text = ""

    def job_id(self) -> str:
        return f"sweep-{self.number}"

    def status(self) -> JobStatus:
        return self.state

    def cancel(self) -> None:
        self.state = JobStatus.CANCELLED

    def finish(self) -> None:
        self.state = JobStatus.DONE

    def fail(self, text: str) -> None:
        self.state, self.text = JobStatus.ERROR, text

    def result(self) -> PrimitiveResult:
        if self.state is JobStatus.ERROR:
            raise RuntimeError(self.text)
        return PrimitiveResult([_result(pub) for pub in self.pubs])


class PointsSampler(BaseSamplerV2):  # type: ignore[misc]
    """A sampler that answers at once, or when a test says so.

    Args:
        most: it refuses jobs of more points.
        most_shots: it refuses more shots.
        hold: jobs stay queued until the test ends them.

    Attributes:
        sent: the jobs in the order in which they were sent.
        refused: how many submissions were refused.
    """

    def __init__(self, *, most: int | None = None, most_shots: int | None = None, hold: bool = False):
        self.most = most
        self.most_shots = most_shots
        self.hold = hold
        self.sent: list[PointsJob] = []
        self.refused = 0
        self._lock = threading.Lock()

    def run(self, pubs: Iterable[Any], *, shots: int | None = None) -> PointsJob:
        taken = [SamplerPub.coerce(pub, shots or 100) for pub in pubs]
        points = sum(pub.parameter_values.size for pub in taken)
        if self.most is not None and points > self.most:
            self.refused += 1
            raise RuntimeError("413 Client Error: Payload Too Large")
        if self.most_shots is not None and max(pub.shots for pub in taken) > self.most_shots:
            self.refused += 1
            raise RuntimeError(f"the number of shots must be at most {self.most_shots}")
        with self._lock:
            job = PointsJob(len(self.sent), taken)
            if not self.hold:
                job.finish()
            self.sent.append(job)
        return job

    def values(self) -> list[list[int]]:
        """The values of the points of each job."""
        return [
            [int(value) for pub in job.pubs for value in pub.parameter_values.as_array().ravel()]
            for job in self.sent
        ]


def _result(pub: SamplerPub) -> SamplerPubResult:
    values = pub.parameter_values
    points = values.as_array() if values.num_parameters else np.zeros((*pub.shape, 1))
    points = points.astype(np.uint16).reshape(*pub.shape, 1, 1)
    shots = np.broadcast_to(points, (*pub.shape, pub.shots, 1)).astype(">u2")
    array = np.ascontiguousarray(shots).view(np.uint8)
    return SamplerPubResult(
        DataBin(meas=BitArray(array, BITS), shape=pub.shape), metadata={"shots": pub.shots}
    )


def measured(result: Any) -> np.ndarray:
    """What each shot of each point gave, as numbers, shape ``(*points, shots)``."""
    array = result.data.meas.array
    return np.ascontiguousarray(array).view(">u2")[..., 0].astype(int)


__all__ = ["LIMIT", "PointsJob", "PointsSampler", "measured", "sweep", "values_of"]
