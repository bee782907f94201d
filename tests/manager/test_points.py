"""Sweeps: a PUB with many points becomes several jobs and comes back as one result."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter

from qjm_widgets import JobManager
from qjm_widgets.core.records import Span, Status
from qjm_widgets.errors import InputError, LimitError, NotAvailableError
from qjm_widgets.widgets import wire, wire_answers
from tests.fakes import LIMIT, reach
from tests.sweeps import PointsSampler, measured, sweep, values_of


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager._shut_down()


def test_a_sweep_comes_back_in_its_shape(manager: JobManager) -> None:
    sampler = PointsSampler()
    job_set = manager.run((sweep(), values_of(4, 5, 6)), sampler, shots=3, max_points_per_job=50)
    result = job_set.results(LIMIT).primitive_result("sweep")
    assert sampler.values() == [list(range(50)), list(range(50, 100)), list(range(100, 120))]
    assert result.data.shape == (4, 5, 6)
    assert (measured(result) == values_of(4, 5, 6)[..., None]).all()
    assert measured(result).shape == (4, 5, 6, 3)
    assert result.metadata == {"shots": 3}
    assert job_set.results().get_counts(0, loc=(1, 2, 3)) == {f"{1 * 30 + 2 * 6 + 3:016b}": 3}
    assert job_set.results().get_memory(0, loc=(-1, -1, -1)) == [f"{119:016b}"] * 3
    assert job_set.counts(0) == {f"{value:016b}": 3 for value in range(120)}
    assert job_set.counts() == job_set.counts(0)
    assert not job_set.results().missing(0).any()
    assert job_set.results().success


def test_sweeps_and_circuits_share_a_set(manager: JobManager) -> None:
    circuits = [(sweep("a"), values_of(2)), (sweep("b"), values_of(7)), (sweep("c"), 9.0)]
    sampler = PointsSampler()
    job_set = manager.run(circuits, sampler, shots=2, max_points_per_job=3)
    results = job_set.results(LIMIT)
    assert sampler.values() == [[0, 1], [0, 1, 2], [3, 4, 5], [6], [9]]
    assert [(job.span, job.points) for job in job_set.jobs_of("b")] == [
        (Span(1, 2), Span(0, 3)),
        (Span(1, 2), Span(3, 6)),
        (Span(1, 2), Span(6, 7)),
    ]
    shapes = [results.primitive_result(index).data.shape for index in range(3)]
    assert shapes == [(2,), (7,), ()]
    assert [results.missing(index).shape for index in range(3)] == shapes


def test_points_and_shots_are_cut_together(manager: JobManager) -> None:
    sampler = PointsSampler()
    cut = {"max_points_per_job": 2, "max_shots_per_job": 4}
    job_set = manager.run((sweep(), values_of(5)), sampler, shots=10, **cut)
    result = job_set.results(LIMIT).primitive_result(0)
    assert (measured(result) == np.repeat(values_of(5)[:, None], 10, axis=1)).all()
    assert result.metadata == {"shots": 10}
    assert [(job.points, job.piece, job.shots) for job in job_set._state.ordered()] == [
        (points, piece, shots)
        for points in (Span(0, 2), Span(2, 4), Span(4, 5))
        for piece, shots in enumerate((4, 3, 3))
    ]


def test_a_plan_says_points(manager: JobManager) -> None:
    plan = manager.plan(
        (sweep(), values_of(20, 1000)), PointsSampler(), shots=10, max_points_per_job=1000
    )
    assert str(plan) == "1 circuit with 20,000 points in 20 jobs, 200,000 executions"
    assert (plan.points, len(plan.jobs)) == (20_000, 20)
    assert plan.jobs[1].points == Span(1000, 2000)
    assert manager.plan(sweep().assign_parameters([1.0]), PointsSampler()).points is None


def test_a_large_payload_is_cut_along_its_points(manager: JobManager) -> None:
    values = np.random.default_rng(0).normal(size=(40, 25))
    whole = manager.plan((sweep(), values), PointsSampler(), shots=1, max_payload_bytes=10**9)
    plan = manager.plan(
        (sweep(), values), PointsSampler(), shots=1, max_payload_bytes=whole.payload_bytes // 3
    )
    assert 3 < len(plan.jobs) < 12
    assert max(job.payload_bytes for job in plan.jobs) <= whole.payload_bytes // 3


@pytest.mark.parametrize("limit", [0, -1, 1.5, "many", True])
def test_a_limit_on_points_is_a_whole_number(manager: JobManager, limit: Any) -> None:
    with pytest.raises(LimitError, match="the limit on points"):
        manager.run((sweep(), values_of(4)), PointsSampler(), max_points_per_job=limit)


def test_a_misspelt_limit_is_named(manager: JobManager) -> None:
    with pytest.raises(InputError, match="did you mean max_points_per_job="):
        manager.run((sweep(), values_of(4)), PointsSampler(), max_points=2)


def test_what_is_done_can_be_read(manager: JobManager) -> None:
    sampler = PointsSampler(hold=True)
    job_set = manager.run((sweep(), values_of(2, 3)), sampler, shots=2, max_points_per_job=2)
    reach(job_set, lambda: len(sampler.sent) == 3)
    sampler.sent[1].finish()
    reach(job_set, lambda: job_set._state.jobs[1].status is Status.DONE)
    results = job_set.results(partial=True)
    assert results.missing(0).tolist() == [[True, True, False], [False, True, True]]
    assert job_set.counts(0) == {f"{2:016b}": 2, f"{3:016b}": 2}
    assert results.get_counts(0, loc=(1, 0)) == {f"{3:016b}": 2}
    with pytest.raises(NotAvailableError, match=r"no result of points 4–5: job 2 .* is queued"):
        results.get_counts(0, loc=(1, 1))
    with pytest.raises(NotAvailableError, match="no result of points 0–1, 4–5: job 0 "):
        results.primitive_result(0)
    with pytest.raises(NotAvailableError, match=r"circuit 0 \(sweep\) has no expectation values"):
        results.evs(0)
    with pytest.raises(InputError, match=r"points of shape \(2, 3\): give loc="):
        results.get_counts(0)
    assert not results.success
    for job in sampler.sent:
        job.finish()
    assert job_set.results(LIMIT).success


def test_one_piece_of_the_shots_is_not_a_result(manager: JobManager) -> None:
    sampler = PointsSampler(hold=True)
    cut = {"max_points_per_job": 2, "max_shots_per_job": 2}
    job_set = manager.run((sweep(), values_of(4)), sampler, shots=4, **cut)
    reach(job_set, lambda: len(sampler.sent) == 4)
    for number in (0, 2, 3):
        sampler.sent[number].finish()
    reach(job_set, lambda: job_set._state.numbers()[Status.DONE] == 3)
    assert job_set.results(partial=True).missing(0).tolist() == [True, True, False, False]
    assert job_set.counts(0) == {f"{value:016b}": shots for value, shots in enumerate((2, 2, 4, 4))}


def test_a_sweep_that_is_too_large_is_halved_by_points(manager: JobManager) -> None:
    sampler = PointsSampler(most=3)
    job_set = manager.run((sweep(), values_of(2, 5)), sampler, shots=2)
    result = job_set.results(LIMIT).primitive_result(0)
    assert (measured(result) == values_of(2, 5)[..., None]).all()
    assert sampler.values() == [[0, 1], [2, 3, 4], [5, 6], [7, 8, 9]]
    assert [job.points for job in job_set.jobs_of(0)] == [
        Span(0, 2),
        Span(2, 5),
        Span(5, 7),
        Span(7, 10),
    ]
    assert "too large, cut in halves" in str([line.text for line in job_set.jobs_of(0)[0].history()])


def test_pieces_that_are_too_large_are_halved_each(manager: JobManager) -> None:
    sampler = PointsSampler(most=3)
    job_set = manager.run((sweep(), values_of(5)), sampler, shots=4, max_shots_per_job=2)
    result = job_set.results(LIMIT).primitive_result(0)
    assert measured(result).shape == (5, 4)
    assert (measured(result) == values_of(5)[:, None]).all()


def test_one_point_that_is_too_large_fails(manager: JobManager) -> None:
    job_set = manager.run((sweep(), values_of(2)), PointsSampler(most=0), shots=4)
    assert job_set.wait(LIMIT)
    assert {job.status for job in job_set._state.jobs} == {Status.ERROR}
    assert job_set.results(partial=True).failed() == [0]


def test_a_limit_on_shots_that_is_learned_cuts_ranges(manager: JobManager) -> None:
    sampler = PointsSampler(most_shots=6)
    job_set = manager.run((sweep(), values_of(4)), sampler, shots=12, max_points_per_job=2)
    result = job_set.results(LIMIT).primitive_result(0)
    assert measured(result).shape == (4, 12)
    assert (measured(result) == values_of(4)[:, None]).all()


def test_a_range_that_failed_is_sent_again(manager: JobManager) -> None:
    sampler = PointsSampler(hold=True)
    job_set = manager.run((sweep(), values_of(6)), sampler, shots=2, max_points_per_job=2)
    reach(job_set, lambda: len(sampler.sent) == 3)
    for job, text in zip(sampler.sent, ("", "out of luck", ""), strict=True):
        job.fail(text) if text else job.finish()
    assert job_set.wait(LIMIT)
    with pytest.raises(NotAvailableError, match=r"points 2–3: job 1 .* failed: .*out of luck"):
        job_set.results().primitive_result(0)
    assert "circuits 0 · points 2–3" in job_set.error_messages()
    sampler.hold = False
    assert job_set.retry() == 1
    result = job_set.results(LIMIT).primitive_result(0)
    assert (measured(result) == values_of(6)[:, None]).all()
    assert sampler.values()[3:] == [[2, 3]]


def test_the_report_and_the_panel_say_points(manager: JobManager) -> None:
    circuits = [sweep().assign_parameters([1.0]), (sweep(), values_of(25))]
    job_set = manager.run(circuits, PointsSampler(), shots=2, max_points_per_job=10)
    assert job_set.wait(LIMIT)
    report = job_set.report()
    assert "PointsSampler · 2 circuits with 26 points · 4 jobs · 2 shots" in report
    for text in ("circuits 0 ", "circuits 1 · points 0–9 ", "circuits 1 · points 20–24 "):
        assert text in report
    assert repr(job_set.jobs_of(1)[2]) == "<job 3: circuits 1 · points 20–24, done>"
    jobs = job_set._state.ordered()
    assert wire.runs(jobs) == [[0, 1, 1, 1], [1, 1, 1, 3, 0, 10, 25]]
    assert wire.row(2, jobs[2], 0.0, driven=True)["points"] == [10, 20]
    assert "points" not in wire.row(0, jobs[0], 0.0, driven=True)
    title = wire_answers.detail(2, jobs[2], [], str)["title"]
    assert title == "Job 2, circuit 1 · points 10–19 · first attempt"
    table = job_set.to_dataframe()
    assert table["first_point"].tolist()[1:] == [0, 10, 20]
    assert table["points"].tolist()[1:] == [10, 10, 5]


def test_parameters_given_apart_go_with_their_points(manager: JobManager) -> None:
    circuit = QuantumCircuit(16, name="two")
    circuit.rx(Parameter("a"), 0)
    circuit.rx(Parameter("b"), 0)
    circuit.measure_all()
    sampler = PointsSampler()
    values = {"a": values_of(3, 2), "b": values_of(3, 2, first=100)}
    manager.run((circuit, values), sampler, shots=1, max_points_per_job=4).wait(LIMIT)
    pairs = [pub.parameter_values.as_array(["a", "b"]) for job in sampler.sent for pub in job.pubs]
    assert [pair.tolist() for pair in pairs] == [
        [[0, 100], [1, 101], [2, 102], [3, 103]],
        [[4, 104], [5, 105]],
    ]
