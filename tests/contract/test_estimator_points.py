"""Estimators' PUBs that are cut along their points."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator
from qiskit.primitives.containers.estimator_pub import EstimatorPub
from qiskit.quantum_info import SparsePauliOp
from qiskit_aer.primitives import EstimatorV2 as AerEstimator

from qjm_widgets import JobManager
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import NotAvailableError
from tests.fakes import LIMIT, reach


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager._shut_down()


def ansatz() -> QuantumCircuit:
    circuit = QuantumCircuit(2, name="ansatz")
    circuit.ry(Parameter("t"), 0)
    circuit.cx(0, 1)
    return circuit


def pub() -> Any:
    """A PUB of shape (2, 3): two observables over three values."""
    observables = [[SparsePauliOp.from_list([("ZI", 0.5), ("XX", -1.25)])], [SparsePauliOp("IZ")]]
    return ansatz(), observables, np.array([0.1, 0.7, 1.9])


@pytest.mark.parametrize("make", [StatevectorEstimator, AerEstimator])
@pytest.mark.parametrize("points", [1, 2, 4, 6])
def test_values_come_back_in_the_shape_to_which_they_broadcast(
    manager: JobManager, make: Any, points: int
) -> None:
    plain = make().run([pub()]).result()[0]
    job_set = manager.run([pub(), pub()], make(), max_points_per_job=points)
    results = job_set.results(LIMIT)
    for index in range(2):
        assert results.evs(index).shape == (2, 3)
        assert np.allclose(results.evs(index), plain.data.evs)
        assert np.allclose(results.stds(index), plain.data.stds)
        assert results.primitive_result(index).data.shape == (2, 3)
    assert len(job_set.jobs_of(0)) == -(-6 // points)


def test_noise_differs_from_range_to_range(manager: JobManager) -> None:
    same = (ansatz(), SparsePauliOp("ZZ"), np.full(6, 0.3))
    job_set = manager.run([same], StatevectorEstimator(seed=7), precision=0.1, max_points_per_job=2)
    values = job_set.results(LIMIT).evs(0)
    assert len(set(values.tolist())) == 6
    plain = StatevectorEstimator(seed=7).run([same], precision=0.1).result()[0].data.evs
    assert np.array_equal(values[:2], plain[:2])


class Fails(StatevectorEstimator):  # type: ignore[misc]
    """An estimator that fails at one point."""

    def run(self, pubs: Any, *, precision: float | None = None) -> Any:
        taken = [EstimatorPub.coerce(pub, precision) for pub in pubs]
        if taken[0].parameter_values.as_array().ravel()[0] > 1:
            raise RuntimeError("out of luck")
        return super().run(taken, precision=precision)


def test_values_that_are_not_there_are_nan(manager: JobManager) -> None:
    job_set = manager.run([pub()], Fails(), max_points_per_job=2)
    reach(job_set, lambda: job_set._state.over)
    assert [job.points for job in job_set.jobs_of(0) if job.state is Status.ERROR] == [Span(2, 4)]
    partial = job_set.results(partial=True)
    lacking = [[False, False, True], [True, False, False]]
    assert np.isnan(partial.evs(0)).tolist() == lacking
    assert partial.missing(0).tolist() == lacking
    with pytest.raises(NotAvailableError, match="points 2–3"):
        job_set.results().evs(0)
    for ask in (partial.get_counts, partial.get_memory):
        with pytest.raises(NotAvailableError, match=r"circuit 0 \(ansatz\) has no counts: it has exp"):
            ask(0)
    with pytest.raises(NotAvailableError, match="expectation values"):
        partial.combine_results()


def test_a_set_that_was_closed_is_resumed(tmp_path: Path) -> None:
    plain = StatevectorEstimator().run([pub()]).result()[0]
    first = JobManager(tmp_path / "store")
    job_set = first.run([pub()], StatevectorEstimator(), max_points_per_job=4)
    assert job_set.wait(LIMIT)
    first._shut_down()
    with JobManager(tmp_path / "store") as second:
        again = second.retrieve_job_set(job_set.job_set_id())
        assert np.allclose(again.results().evs(0), plain.data.evs)
