"""What a user expects of a sweep, as a function or as one number for each point."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import StatevectorEstimator, StatevectorSampler

from qjm_widgets import JobManager, JobSet
from qjm_widgets.errors import InputError
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.expected_curve import read_expected
from qjm_widgets.widgets.histograms import Histograms
from tests.fakes import LIMIT

ANGLES = np.linspace(0, 2 * np.pi, 12)


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def rabi(measured: bool = True) -> QuantumCircuit:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("theta"), 0)
    if measured:
        circuit.measure_all()
    return circuit


@pytest.fixture
def job_set(manager: JobManager) -> JobSet:
    job_set = manager.run([(rabi(), ANGLES)], StatevectorSampler(seed=1), shots=100)
    assert job_set.wait(LIMIT)
    return job_set


def names(figure: Any) -> list[str | None]:
    return [line.name for line in figure.data]


def test_a_function_of_the_coordinate_is_a_dashed_line(job_set: JobSet) -> None:
    figure = job_set.figure(expected=lambda theta: math.sin(theta / 2) ** 2)
    assert names(figure) == ["P(1)", "Expected"]
    curve = figure.data[1]
    assert (curve.line.dash, curve.mode) == ("dash", "lines")
    x = np.array(curve.x)
    assert (x[0], x[-1], len(x)) == (0, 2 * np.pi, 200)
    np.testing.assert_allclose(curve.y, np.sin(x / 2) ** 2)
    assert figure.layout.showlegend


def test_numbers_are_drawn_at_their_points_and_together_as_these(job_set: JobSet) -> None:
    numbers = np.sin(ANGLES / 2) ** 2
    curve = job_set.figure(expected=list(numbers)).data[1]
    np.testing.assert_allclose((curve.x, curve.y), (ANGLES, numbers))
    few = job_set.figure(expected=numbers, most=6).data[1]
    np.testing.assert_allclose(few.y, numbers.reshape(6, 2).mean(axis=1))
    by_index = job_set.figure(expected=numbers, x="index", y="0").data[1]
    np.testing.assert_allclose((by_index.x, by_index.y), (range(12), numbers))


def test_each_series_has_its_own_numbers(manager: JobManager) -> None:
    observables = [["Z"], ["Y"]]
    job_set = manager.run([(rabi(False), observables, ANGLES)], StatevectorEstimator(), precision=0.0)
    assert job_set.wait(LIMIT)
    expected = np.array([np.cos(ANGLES), -np.sin(ANGLES)])
    figure = job_set.figure(expected=expected)
    assert names(figure) == ["Z", "Y", "Expected, Z", "Expected, Y"]
    for values, curve in zip(figure.data[:2], figure.data[2:], strict=True):
        np.testing.assert_allclose(values.y, curve.y, atol=1e-9)
    with pytest.raises(InputError, match="expected has 3 values and the set has 24 points"):
        job_set.figure(expected=[0.5, 0.1, 0.2])


def test_a_panel_draws_it_over_the_axes_of_its_call(job_set: JobSet) -> None:
    curve = read_expected(math.sin, job_set._state, int, Axes())
    histograms = Histograms(job_set._state, curve)
    assert histograms.first == "sweep"

    def expected(axes: Axes) -> list[bool]:
        return [series["expected"] for series in histograms.build(axes)["series"]]

    assert expected(Axes()) == expected(Axes(("theta",), ("1",))) == [False, True]
    assert expected(Axes(("index",), None)) == [False]
    assert expected(Axes(None, ("0",))) == [False]
    assert job_set.panel(expected=math.sin).snapshot["sweeps"][0]["series"][1]["name"] == "Expected"


def test_before_the_first_result_it_is_there_already(manager: JobManager) -> None:
    from tests.sweeps import PointsSampler, sweep

    job_set = manager.run([(sweep(), ANGLES)], PointsSampler(hold=True), shots=10)
    assert names(job_set.figure(expected=math.sin)) == ["Expected"]
    job_set.cancel()


def test_a_function_that_fails_is_a_note(job_set: JobSet) -> None:
    figure = job_set.figure(expected=lambda theta: 1 / 0)
    assert len(figure.data) == 1
    assert "the function failed at 0: ZeroDivisionError" in figure.layout.title.text


def test_probabilities_of_outcomes_are_of_counts(manager: JobManager, job_set: JobSet) -> None:
    circuits = []
    for value in range(4):
        circuit = QuantumCircuit(2, metadata={"value": value})
        circuit.h(0)
        circuit.measure_all()
        circuits.append((circuit,))
    of_four = manager.run(circuits, StatevectorSampler(seed=1), shots=10)
    assert of_four.wait(LIMIT)
    assert of_four.figure(expected=[0.5, 0.5, 0, 0]).data[0].type == "bar"
    assert names(of_four.figure(expected=[0.5] * 4))[-1] == "Expected"
    with pytest.raises(InputError, match="these are of a sweep"):
        job_set.figure(kind="counts", expected=math.sin)
    with pytest.raises(InputError, match="are arguments of counts"):
        job_set.figure(circuit=0, expected=math.sin)
