"""Sweeps: which a set offers, their values and intervals, and how they grow."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Parameter
from qiskit.primitives import (
    BaseSamplerV2,
    BitArray,
    DataBin,
    PrimitiveResult,
    SamplerPubResult,
    StatevectorEstimator,
)
from qiskit.primitives.containers.sampler_pub import SamplerPub
from qiskit.primitives.primitive_job import PrimitiveJob
from qiskit.providers.basic_provider import BasicSimulator
from qiskit.quantum_info import SparsePauliOp

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.frequencies import wilson
from qjm_widgets.core.outcomes import JobOutcome, PubOutcome
from qjm_widgets.errors import InputError
from qjm_widgets.plotting.drawing import Axes
from qjm_widgets.plotting.sweep import Sweep
from qjm_widgets.widgets.static_html import html_of
from tests.fakes import LIMIT, ScriptedBackend, marked, reach

SHOTS = 100


class Exact(BaseSamplerV2):
    """Of each point, the first ``value`` shots of bit 0 are 1; the other bits are the point's number."""

    def run(self, pubs: Any, *, shots: int | None = None) -> Any:
        coerced = [SamplerPub.coerce(pub, shots or SHOTS) for pub in pubs]
        job = PrimitiveJob(lambda: PrimitiveResult([self._result(pub) for pub in coerced]))
        job._submit()
        return job

    def _result(self, pub: SamplerPub) -> SamplerPubResult:
        first = next(iter(pub.parameter_values.data.values()))[..., 0]
        ones = np.arange(pub.shots) < first[..., None]
        number = np.arange(first.size).reshape(first.shape)[..., None]
        bits = pub.circuit.num_clbits
        data = (ones | number << 1) & (1 << bits) - 1
        array = BitArray(data[..., None].astype(np.uint8), bits)
        return SamplerPubResult(DataBin(meas=array, shape=pub.shape), {"shots": pub.shots})


def swept(names: str = "a", bits: int = 1) -> QuantumCircuit:
    circuit = QuantumCircuit(bits, name="swept")
    for name in names:
        circuit.rx(Parameter(name), 0)
    circuit.measure_all()
    return circuit


@pytest.fixture
def manager() -> Iterator[JobManager]:
    manager = JobManager(":memory:")
    yield manager
    manager.close()


def ran(manager: JobManager, circuits: Any, backend: Any = None, **options: Any) -> JobSet:
    job_set = manager.run(circuits, backend or Exact(), shots=SHOTS, name="s", **options)
    assert job_set.wait(LIMIT)
    return job_set


def test_a_pub_is_drawn_over_its_parameter_with_wilson_intervals(manager: JobManager) -> None:
    figure = ran(manager, [(swept(), [[90], [0], [25]])]).figure()
    (line,) = figure.data
    assert (line.x, line.y) == ((0, 25, 90), (0, 0.25, 0.9))
    assert line.error_y.arrayminus[0] == 0
    low, high = wilson(25, SHOTS)
    assert line.error_y.array[1] == pytest.approx(high - 0.25)
    assert line.error_y.arrayminus[1] == pytest.approx(0.25 - low)
    assert figure.layout.xaxis.title.text == "a"
    assert figure.layout.yaxis.title.text == "P(1)"
    assert "P(1) over a · 3 of 3 points" in figure.layout.title.text
    json.loads(figure.to_json())


def test_y_is_an_outcome_a_pattern_a_bit_or_several(manager: JobManager) -> None:
    job_set = ran(manager, [(swept(bits=3), [[90], [0], [25]])])
    each = job_set.figure()
    assert [line.name for line in each.data] == ["P(bit 0 = 1)", "P(bit 1 = 1)", "P(bit 2 = 1)"]
    assert [line.y for line in each.data] == [(0, 0.25, 0.9), (1, 0, 0), (0, 1, 0)]
    assert each.layout.yaxis.title.text == "P(bit = 1)"
    # In order of the parameter, the points are 1, 2 and 0.
    assert job_set.figure(y="011").data[0].y == (0, 0, 0)
    assert job_set.figure(y="010").data[0].y == (1, 0, 0)
    assert job_set.figure(y="?10").data[0].y == (1, 0, 0)
    assert job_set.figure(y=2).data[0].y == job_set.figure(y="bit 2").data[0].y == (0, 1, 0)
    outcomes = job_set.figure(y="outcomes").data
    assert len(outcomes) == 8
    assert [sum(shares) for shares in zip(*(line.y for line in outcomes), strict=True)] == [1, 1, 1]
    assert [line.name for line in job_set.figure(y=["000", "1??"]).data] == ["P(000)", "P(1??)"]


def test_circuits_that_share_a_number_in_their_metadata_are_a_sweep(manager: JobManager) -> None:
    circuits = []
    for basis in "XZ":
        for angle in (0.0, np.pi):
            circuit = QuantumCircuit(1, 1, metadata={"angle": angle, "basis": basis})
            circuit.rx(angle, 0)
            circuit.measure(0, 0)
            circuits.append(circuit)
    figure = ran(manager, circuits, BasicSimulator()).figure()
    assert [line.name for line in figure.data] == ["basis = X", "basis = Z"]
    assert all(line.y == (0, 1) for line in figure.data)
    assert figure.layout.xaxis.title.text == "angle"
    assert "4 of 4 circuits" in figure.layout.title.text


def test_copies_are_summed_and_others_are_shown_one_by_one(manager: JobManager) -> None:
    copies = [QuantumCircuit(1, 1, name=f"copy {index}") for index in range(3)]
    for circuit in copies:
        circuit.measure(0, 0)
    (bars,) = ran(manager, copies, BasicSimulator()).figure().data
    assert list(bars.y) == [3 * SHOTS]
    flipped = copies[0].copy(name="flipped")
    flipped.data.clear()
    flipped.x(0)
    flipped.measure(0, 0)
    job_set = ran(manager, [copies[0], flipped], BasicSimulator())
    (bars,) = job_set.figure().data
    assert (list(bars.x), list(bars.y)) == (["0"], [SHOTS])
    (line,) = job_set.figure(kind="sweep").data
    assert line.y == (0, 1)
    assert sum(job_set.figure(kind="counts").data[0].y) == 2 * SHOTS


def test_two_coordinates_on_a_grid_are_a_heat_map(manager: JobManager) -> None:
    values = {"a": np.arange(0, 60, 10)[:, None] + np.zeros(5), "b": np.zeros(6)[:, None] + np.arange(5)}
    job_set = ran(manager, [(swept("ab"), values)])
    (cells,) = job_set.figure().data
    assert cells.type == "heatmap"
    assert (list(cells.x), list(cells.y)) == ([0, 10, 20, 30, 40, 50], [0, 1, 2, 3, 4])
    assert [list(row) for row in cells.z] == [[0, 0.1, 0.2, 0.3, 0.4, 0.5]] * 5
    lines = job_set.figure(x="a").data
    assert [line.name for line in lines] == [f"b = {b}" for b in range(5)]
    assert all(line.y == (0, 0.1, 0.2, 0.3, 0.4, 0.5) for line in lines)
    assert len(job_set.figure(x="index").data[0].x) == 30


def test_it_grows_and_reads_each_job_once(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    circuits = [marked(value, bits=4) for value in range(6)]
    job_set = manager.run(circuits, backend, shots=10, max_circuits_per_job=2)
    assert job_set.wait(LIMIT, until="submitted")
    sweep = Sweep(job_set._state)
    read: list[int] = []
    get = job_set._state.outcomes.get
    job_set._state.outcomes.get = lambda row: (read.append(row), get(row))[1]  # type: ignore[method-assign]
    axes = Axes(None, ("bit 0",))
    empty = sweep.draw(axes, 100, 10)
    assert (empty.series, empty.there, empty.of, empty.ends) == ([], 0, 6, (0, 5))
    for row, shown in ((2, [np.nan] * 4 + [0, 1]), (0, [0, 1, np.nan, np.nan, 0, 1])):
        backend.sent[row].finish()
        reach(job_set, lambda row=row: job_set._state.jobs[row].status.final)
        drawing = sweep.draw(axes, 100, 10)
        (line,) = drawing.series
        assert list(line.x) == [0, 1, 2, 3, 4, 5]
        np.testing.assert_array_equal(line.y, shown)
    assert drawing.caption == "P(bit 0 = 1) over value · 4 of 6 circuits"
    assert sorted(set(read)) == [0, 2]
    assert read.count(0) == 1
    job_set.cancel()


def test_the_pieces_of_a_circuits_shots_are_one_point(manager: JobManager) -> None:
    job_set = ran(manager, [marked(1), marked(0)], ScriptedBackend(), max_shots_per_job=30)
    drawing = Sweep(job_set._state).draw(Axes(None, ("bit 0",)), 100, 10)
    assert drawing.series[0].y.tolist() == [0, 1]
    low, high = wilson(SHOTS, SHOTS)
    assert (drawing.series[0].low[1], drawing.series[0].high[1]) == pytest.approx((low, high))


def test_many_points_are_drawn_together(manager: JobManager) -> None:
    job_set = ran(manager, [(swept(), np.linspace(0, 100, 5_000)[:, None])])
    figure = job_set.figure(most=500)
    (line,) = figure.data
    assert len(line.x) == 500
    assert "5,000 of 5,000 points · up to 10 points drawn as one" in figure.layout.title.text
    np.testing.assert_allclose(line.y, np.ceil(np.array(line.x)) / 100, atol=0.01)
    # Ten points of 100 shots are known better than one.
    whole = job_set.figure(most=5_000).data[0]
    assert max(line.error_y.array) < 0.5 * max(whole.error_y.array)


def test_expectation_values_have_their_standard_errors(manager: JobManager) -> None:
    job_set = ran(manager, [(swept(), [[1], [2], [3]])])
    state = job_set._state
    data = {"evs": np.array([0.5, np.nan, -1.0]), "stds": np.array([0.1, 0.1, 0.0])}
    state.outcomes.put({0: JobOutcome([PubOutcome("swept", (3,), {}, data)])})
    (line,) = Sweep(state).draw(Axes(), 100, 10).series
    np.testing.assert_array_equal(line.y, [0.5, np.nan, -1])
    np.testing.assert_allclose(line.low, [0.4, np.nan, -1])
    np.testing.assert_allclose(line.high, [0.6, np.nan, -1])
    with pytest.raises(InputError, match="expectation values: y is 'value'"):
        job_set.figure(y="1")


def test_the_axis_of_a_parameter_has_its_name(manager: JobManager) -> None:
    circuit = QuantumCircuit(1)
    circuit.rx(Parameter("field"), 0)
    for values, observables in (([0, np.pi], [["Z"], ["I"]]), ([[[0]], [[np.pi]]], ["Z", "I"])):
        job_set = manager.run([(circuit, observables, values)], StatevectorEstimator(), name="s")
        assert job_set.wait(LIMIT)
        figure = job_set.figure()
        assert figure.layout.xaxis.title.text == "field"
        assert [line.x for line in figure.data] == [(0, np.pi)] * 2
        assert np.allclose([line.y for line in figure.data], [(1, -1), (1, 1)])


def test_an_estimators_series_are_its_observables_over_its_parameter(manager: JobManager) -> None:
    angle = Parameter("phi")
    circuit = QuantumCircuit(2)
    circuit.ry(angle, 0)
    circuit.cx(0, 1)
    sums = SparsePauliOp(["ZI", "XX"], [1, -0.5])
    angles = np.linspace(0, np.pi, 9)
    pub = (circuit, [["ZZ"], ["XX"], [sums]], {angle: angles})
    job_set = manager.run([pub], StatevectorEstimator(), precision=0.0, max_points_per_job=10)
    before = Sweep(job_set._state).draw(Axes(), 100, 10)
    assert (before.ends, before.shares) == ((0, np.pi), False)
    assert job_set.wait(LIMIT)
    figure = job_set.figure()
    assert [line.name for line in figure.data] == ["ZZ", "XX", "−0.5 XX + ZI"]
    assert figure.layout.xaxis.title.text == "phi"
    np.testing.assert_allclose(figure.data[0].y, np.ones(9), atol=1e-9)
    np.testing.assert_allclose(figure.data[1].y, np.sin(angles), atol=1e-9)
    assert job_set.figure(x=["phi", "axis 0"]).data[0].type == "heatmap"


def test_circuits_with_the_same_observables_have_series_over_their_number(manager: JobManager) -> None:
    pubs = []
    for angle in (0.0, np.pi / 2, np.pi):
        circuit = QuantumCircuit(1, metadata={"angle": angle})
        circuit.ry(angle, 0)
        pubs.append((circuit, ["Z", "X"]))
    job_set = manager.run(pubs, StatevectorEstimator(), precision=0.0)
    assert job_set.wait(LIMIT)
    lines = job_set.figure().data
    assert [line.name for line in lines] == ["Z", "X"]
    np.testing.assert_allclose([line.y for line in lines], [[1, 0, -1], [0, 1, 0]], atol=1e-9)


def test_before_the_first_result_a_sweep_says_what_it_is_over(manager: JobManager) -> None:
    backend = ScriptedBackend(hold=True)
    grid = [{"a": a, "b": b} for a in range(5) for b in range(6)]
    circuits = [marked(0, bits=4).copy() for _ in grid]
    for circuit, metadata in zip(circuits, grid, strict=True):
        circuit.metadata = metadata
    job_set = manager.run(circuits, backend, shots=10)
    drawing = Sweep(job_set._state).draw(Axes(), 2, 2)
    assert drawing.grid is not None
    assert drawing.caption == "0 of 30 circuits"
    job_set.cancel()


def test_wrong_axes_are_refused_with_what_there_is(manager: JobManager) -> None:
    job_set = ran(manager, [(swept(bits=2), [[1], [2]])])
    for arguments, text in (
        ({"x": "b"}, "x is one of 'a', 'index', not 'b'"),
        ({"x": ["a", "index"]}, "x is one of"),
        ({"x": 3}, "x is a name or a list of names, not 3"),
        ({"y": "012"}, "y is '0.1' for the shots"),
        ({"y": "011"}, "y is '011', and the outcomes have 2 bits"),
        ({"y": "bit 7"}, "the outcomes have 2 bits"),
        ({"y": "value"}, "counts, no values"),
        ({"kind": "map"}, "kind is 'counts' or 'sweep', not 'map'"),
        ({"kind": "sweep", "bits": [0]}, "x, y and expected numbers are arguments of a sweep"),
        ({"x": "a", "sort": "value"}, "x, y and expected numbers are arguments of a sweep"),
        ({"kind": "sweep", "most": 0}, "most is a number of"),
    ):
        with pytest.raises(InputError, match=text):
            job_set.figure(**arguments)
    with pytest.raises(InputError, match=r"the outcomes have 1 bit$"):
        ran(manager, [(swept(), [[1], [2]])]).figure(y="11")


def test_a_saved_notebook_has_it_as_a_table(manager: JobManager) -> None:
    text = html_of(ran(manager, [(swept("a"), [[90], [0], [25]])])._state)
    assert "<p>P(1) over a · 3 of 3 points</p>" in text
    assert "<th>a</th><th>P(1)</th>" in text
    assert "<tr><td>25</td><td>0.25</td></tr>" in text
    assert "Counts of 1 of 1 job" in text


def test_a_set_read_from_the_store_has_the_same_sweep(tmp_path: Any) -> None:
    with JobManager(tmp_path / "jobs.db") as manager:
        first = ran(manager, [(swept(), [[90], [0], [25]])])
        shown, set_id = first.figure().to_json(), first.job_set_id()
    with JobManager(tmp_path / "jobs.db") as manager:
        assert manager.retrieve_job_set(set_id).figure().to_json() == shown
