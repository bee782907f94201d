"""What samplers give beside bits: points of level 1, further arrays, metadata; stored, and merged."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from qiskit import ClassicalRegister, QuantumCircuit, primitives
from qiskit.circuit import Parameter

from qjm_widgets import JobManager, JobSetResults
from tests.comparison import difference
from tests.fakes import LIMIT

SHAPE = (2, 3)


class Points(primitives.BaseSamplerV2):  # type: ignore[misc]
    """Gives bits of two registers, and points of single shots and of averages.

    Attributes:
        given: the results, in the order of the jobs.
    """

    def __init__(self) -> None:
        self.given: list[Any] = []

    def run(self, pubs: Any, *, shots: int | None = None) -> Any:
        from qiskit.primitives.containers.sampler_pub import SamplerPub

        found = [self._pub(SamplerPub.coerce(pub, shots)) for pub in pubs]
        result = primitives.PrimitiveResult(found, {"version": 2})
        self.given.append(result)
        job = primitives.PrimitiveJob(lambda: result)
        job._submit()
        return job

    def _pub(self, pub: Any) -> Any:
        draw = np.random.default_rng(len(self.given))
        points = draw.normal(size=(*pub.shape, pub.shots, 2)).view() * (1 + 1j)
        data = primitives.DataBin(
            a=primitives.BitArray(draw.integers(2, size=(*pub.shape, pub.shots, 1), dtype=np.uint8), 1),
            b=primitives.BitArray(draw.integers(4, size=(*pub.shape, pub.shots, 2), dtype=np.uint8), 10),
            points=points,
            real=points.real.astype(np.float32),
            mean=points.mean(axis=-2),
            shape=pub.shape,
        )
        metadata = {
            "shots": pub.shots,
            "circuit_metadata": {"angle": np.float64(0.5), (0, 1): (2, 3)},
            "seconds": 1.5,
        }
        return primitives.SamplerPubResult(data, metadata)


def circuit_of() -> QuantumCircuit:
    angle = Parameter("angle")
    circuit = QuantumCircuit(2)
    circuit.add_register(ClassicalRegister(1, "a"), ClassicalRegister(10, "b"))
    circuit.rx(angle, 0)
    circuit.measure([0, 1], [0, 1])
    return circuit


def pub() -> Any:
    return (circuit_of(), np.zeros((*SHAPE, 1)))


def same(found: Any, expected: Any) -> None:
    assert list(found.data) == list(expected.data)
    assert found.data.shape == expected.data.shape
    for name in expected.data:
        if isinstance(expected.data[name], primitives.BitArray):
            assert found.data[name] == expected.data[name]
        else:
            assert not difference(found.data[name], expected.data[name])
    assert not difference(found.metadata, expected.metadata)


def test_results_of_a_sampler_are_the_same_from_store_and_bundle(tmp_path: Path) -> None:
    sampler = Points()
    with JobManager(tmp_path / "store.sqlite3") as manager, JobManager(":memory:") as other:
        job_set = manager.run([pub(), pub()], sampler, shots=20)
        results: list[JobSetResults] = [job_set.results(LIMIT), job_set.results(LIMIT, refresh=True)]
        manager.export(job_set, tmp_path / "set.qjm")
        results.append(other.load(tmp_path / "set.qjm").results(LIMIT))
        (given,) = sampler.given
        for found in results:
            for index in (0, 1):
                same(found.primitive_result(index), given[index])


def test_pieces_of_the_shots_are_joined_point_by_point() -> None:
    sampler = Points()
    with JobManager(":memory:") as manager:
        job_set = manager.run(pub(), sampler, shots=50, max_shots_per_job=20)
        found = job_set.results(LIMIT, refresh=True).primitive_result(0)
        counts = job_set.results(LIMIT).get_counts(0, loc=(1, 2), register="b")
    pieces = [result[0] for result in sampler.given]
    assert [piece.metadata["shots"] for piece in pieces] == [17, 17, 16]
    for name in ("a", "b"):
        assert found.data[name] == primitives.BitArray.concatenate_shots([p.data[name] for p in pieces])
    for name in ("points", "real"):
        assert not difference(found.data[name], np.concatenate([p.data[name] for p in pieces], axis=2))
    assert np.allclose(found.data["mean"], found.data["points"].mean(axis=-2))
    assert counts == found.data["b"].get_counts((1, 2))
    assert found.metadata["shots"] == 50
    assert found.metadata["seconds"] == 4.5
    assert found.metadata["circuit_metadata"] == pieces[0].metadata["circuit_metadata"]
