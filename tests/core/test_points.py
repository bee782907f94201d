"""PUBs cut along their points: the cut, its tags and seeds, and the results put together again."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from qjm_widgets.core.job_tags import Identity, identity_of, parse_identity
from qjm_widgets.core.lost import Lost
from qjm_widgets.core.outcomes import PubOutcome
from qjm_widgets.core.point_ranges import cut_points, fill_points, join_points, point_at, points_text
from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.core.seeds import AER_STEP, SeedRule, piece_seed, point_seed
from qjm_widgets.core.span_index import Cover, HeldRange
from qjm_widgets.core.splitting import Item, Limits, PlannedJob, split
from qjm_widgets.errors import InputError, LimitError, NotAvailableError
from tests.contract.store_fixtures import a_set

shapes = st.lists(st.integers(1, 5), max_size=3).map(tuple)
limits = st.builds(
    Limits,
    circuits=st.none() | st.integers(1, 9),
    shots=st.none() | st.integers(2, 30),
    executions=st.none() | st.integers(3, 300),
    payload_bytes=st.none() | st.integers(150, 900),
    points=st.none() | st.integers(1, 20),
    one_shots=st.booleans(),
)
items = st.lists(
    st.builds(
        lambda shots, points, fixed, size: Item(shots, points, fixed + points * size, None, size),
        st.none() | st.sampled_from([1, 7, 25]),
        st.sampled_from([0, 1, 1, 2, 5, 30]),
        st.integers(1, 100),
        st.integers(0, 20),
    ),
    max_size=6,
)


def cut(items: list[Item], limits: Limits) -> tuple[PlannedJob, ...]:
    try:
        return split(items, limits)
    except LimitError:  # a circuit is too large by itself
        assume(False)
        raise


def points_of(job: PlannedJob, items: list[Item]) -> int:
    if job.points is not None:
        return len(job.points)
    return sum(item.points for item in items[job.span.start : job.span.stop])


def shots_of(job: PlannedJob, item: Item) -> int:
    return (job.shots if job.shots is not None else item.shots) or 0


@given(items, limits)
def test_every_job_respects_every_limit(items: list[Item], limits: Limits) -> None:
    for job in cut(items, limits):
        inside = items[job.span.start : job.span.stop]
        points = [len(job.points)] if job.points else [item.points for item in inside]
        shots = [shots_of(job, item) for item in inside]
        executions = sum(map(math.prod, zip(points, shots, strict=True)))
        assert job.executions == executions
        assert limits.circuits is None or len(inside) <= limits.circuits
        assert limits.shots is None or max(shots) <= limits.shots
        assert limits.executions is None or executions <= limits.executions
        assert limits.payload_bytes is None or job.payload_bytes <= limits.payload_bytes
        assert limits.points is None or points_of(job, items) <= limits.points
        assert job.points is None or len(inside) == 1


@given(items, limits)
def test_every_point_runs_all_its_shots(items: list[Item], limits: Limits) -> None:
    got = [np.zeros(item.points, dtype=int) for item in items]
    held = [np.zeros(item.points, dtype=int) for item in items]
    for job in cut(items, limits):
        for circuit in range(*job.span):
            where = slice(*(job.points or (0, items[circuit].points)))
            got[circuit][where] += shots_of(job, items[circuit])
            held[circuit][where] += 1 if job.piece == 0 else 0
    for item, shots, jobs in zip(items, got, held, strict=True):
        assert (shots == (item.shots or 0)).all()
        assert (jobs == 1).all()


@given(items, limits)
def test_jobs_follow_the_circuits_then_the_points_then_the_pieces(
    items: list[Item], limits: Limits
) -> None:
    jobs = cut(items, limits)
    places = [(job.span, job.points or Span(0, 0), job.piece) for job in jobs]
    assert places == sorted(set(places))
    for _, same in itertools.groupby(jobs, lambda job: (job.span, job.points)):
        pieces = list(same)
        assert [job.piece for job in pieces] == list(range(len(pieces)))
        assert {job.pieces for job in pieces} == {len(pieces)}


def test_points_are_cut_before_shots() -> None:
    jobs = split([Item(shots=100, points=5)], Limits(executions=250))
    assert [(job.points, job.pieces, job.shots) for job in jobs] == [
        (Span(0, 2), 1, 100),
        (Span(2, 4), 1, 100),
        (Span(4, 5), 1, 100),
    ]
    jobs = split([Item(shots=100, points=2)], Limits(executions=60))
    assert [(job.points, job.piece, job.shots) for job in jobs] == [
        (Span(0, 1), 0, 50),
        (Span(0, 1), 1, 50),
        (Span(1, 2), 0, 50),
        (Span(1, 2), 1, 50),
    ]


def test_circuits_share_a_job_up_to_the_limit_on_points() -> None:
    jobs = split([Item(points=n) for n in (3, 3, 1, 9, 1, 1)], Limits(points=6))
    found = [(job.span, job.points) for job in jobs]
    assert found == [
        (Span(0, 2), None),
        (Span(2, 3), None),
        (Span(3, 4), Span(0, 6)),
        (Span(3, 4), Span(6, 9)),
        (Span(4, 6), None),
    ]


@pytest.mark.parametrize(
    ("item", "limits", "words"),
    [
        (Item(points=4, payload_bytes=94, point_bytes=1), Limits(payload_bytes=90), "one point is 91"),
        (Item(points=2_000_000), Limits(points=1), "2,000,000 points would be cut into 2,000,000 jobs"),
        (Item(shots=10, points=500_000), Limits(points=1, shots=1), "500,000 points would be cut"),
    ],
)
def test_what_cannot_be_cut_is_named(item: Item, limits: Limits, words: str) -> None:
    with pytest.raises(LimitError, match=f"circuit 1.*{words}"):
        split([Item(), item], limits)


# -- tags --------------------------------------------------------------------------------------------

numbers = st.integers(1, 10**6)


axes = st.lists(st.integers(1, 10**4), min_size=1, max_size=12)


@given(numbers, numbers, axes, st.integers(1, 99), st.sampled_from(["s", "e", "q"]), st.data())
def test_a_tag_says_the_points_and_fits(
    circuits: int, pieces: int, lengths: list[int], attempt: int, kind: str, data: Any
) -> None:
    shape = tuple(lengths)
    points = math.prod(shape)
    assume(points < 10**9)
    circuit = data.draw(st.integers(0, circuits - 1))
    first = data.draw(st.integers(0, points - 1))
    stop = data.draw(st.integers(first + 1, points))
    piece = data.draw(st.integers(0, pieces - 1))
    adapter = "ibm_executor" if kind == "q" else "ibm"
    record = replace(a_set(7, circuits=circuits), estimates=kind == "e", adapter=adapter)
    span, part = Span(circuit, circuit + 1), Span(first, stop)
    job = JobRecord(0, span, piece, pieces, attempt=attempt, points=part, pub_shape=shape)
    tag = identity_of(record, job)
    assert len(tag) <= 86
    expected = Identity(record.set_id, span, circuits, piece, pieces, attempt, part, shape)
    expected = expected._replace(estimates=kind == "e", program=kind == "q")
    found = parse_identity(tag)
    assert found == expected or (len(shape) > 3 and found == expected._replace(pub_shape=(points,)))


def test_a_short_tag_can_be_read_by_people() -> None:
    job = JobRecord(0, Span(3, 4), 1, 2, points=Span(0, 1000), pub_shape=(40, 500))
    tag = identity_of(a_set(1, circuits=5), job)
    assert tag.endswith(":3-4/5:p0-1000/40x500:s1/2:a1")
    tag = identity_of(replace(a_set(1, circuits=5), estimates=True), JobRecord(0, Span(3, 4)))
    assert tag.endswith(":3-4/5:e0/1:a1")
    tag = identity_of(replace(a_set(1, circuits=5), adapter="ibm_executor"), JobRecord(0, Span(3, 4)))
    assert tag.endswith(":3-4/5:q0/1:a1")


@pytest.mark.parametrize(
    "part",
    ["3-4/5:p5-5/9:s0/1:a1", "3-5/5:p0-5/9:s0/1:a1", "3-4/5:p0-10/9:s0/1:a1", "3.5.5.5.0.1.1.9"],
)
def test_a_tag_that_cannot_be_true_is_none(part: str) -> None:
    assert parse_identity(f"qjm:{'0' * 32}:{part}") is None


# -- seeds -------------------------------------------------------------------------------------------


def test_a_range_draws_what_it_would_in_one_run() -> None:
    assert point_seed(SeedRule.AER, 7, 5) == 7 + 5 * AER_STEP
    assert point_seed(SeedRule.AER_BY_SHOTS, 7, 5) == 7 + 5 * AER_STEP
    assert point_seed(SeedRule.SAME, 7, 5) == 7


@pytest.mark.parametrize("rule", [SeedRule.EACH_PUB, SeedRule.STREAM, SeedRule.UNKNOWN])
def test_ranges_elsewhere_have_seeds_of_their_own(rule: SeedRule) -> None:
    seeds = [point_seed(rule, 7, start) for start in range(200)]
    seeds += [piece_seed(rule, 7, piece) for piece in range(1, 200)]
    assert seeds[0] == 7
    assert len(set(seeds)) == len(seeds)


# -- which jobs hold which points --------------------------------------------------------------------


def a_job(row: int, points: Span | None, piece: int = 0, attempt: int = 1, **fields: Any) -> JobRecord:
    of = () if points is None else (10,)
    known: dict[str, Any] = {"pieces": 1, "status": Status.DONE, "points": points, "pub_shape": of}
    return JobRecord(row, Span(0, 1), piece, attempt=attempt, **{**known, **fields})


def test_ranges_of_one_circuit_follow_the_points() -> None:
    jobs = [a_job(0, Span(0, 5)), JobRecord(1, Span(1, 3)), a_job(2, Span(5, 10))]
    cover = Cover(jobs)
    assert cover.order == [0, 2, 1]
    assert cover.ranges_of(0) == [HeldRange(Span(0, 5), (0,)), HeldRange(Span(5, 10), (2,))]
    assert [cover.rows_of(circuit) for circuit in range(3)] == [(0, 2), (1,), (1,)]
    assert cover.ranges_of(1) == ()
    assert cover.holds(2, 0)
    assert not cover.holds(1, 0)


def test_pieces_may_be_cut_at_different_points() -> None:
    jobs = [a_job(0, Span(0, 5), 0), a_job(1, None, 1), a_job(2, Span(5, 10), 0)]
    assert Cover(jobs).ranges_of(0) == [
        HeldRange(Span(0, 5), (0, 1)),
        HeldRange(Span(5, 10), (2, 1)),
    ]


def test_the_newest_job_holds_points_that_ran_again() -> None:
    whole = JobRecord(0, Span(0, 1), status=Status.DONE)
    jobs = [whole, a_job(1, Span(0, 5), attempt=2), a_job(2, Span(5, 10), attempt=2)]
    assert Cover(jobs).rows_of(0) == (1, 2)
    # Of a range that nobody has, what was there before counts.
    assert Cover(jobs[:2]).ranges_of(0) == [
        HeldRange(Span(0, 5), (1,)),
        HeldRange(Span(5, 10), (0,)),
    ]


# -- results -----------------------------------------------------------------------------------------


def outcome_of(shape: tuple[int, ...], shots: int = 3, bits: int = 9) -> PubOutcome:
    chance = np.random.default_rng(0)
    array = chance.integers(0, 256, (*shape, shots, -(-bits // 8)), dtype=np.uint8)
    evs = np.asarray(chance.normal(size=shape))
    data = {"evs": evs, "many": np.stack([evs, 2 * evs], axis=-1), "lost": Lost("a thing")}
    return PubOutcome("c", shape, {"meas": (array, bits)}, data, {"shots": shots, "seed": 1})


@given(shapes, st.data())
def test_joining_is_the_inverse_of_cutting(shape: tuple[int, ...], data: Any) -> None:
    whole = outcome_of(shape)
    size = math.prod(shape)
    bounds = sorted({0, size, *data.draw(st.lists(st.integers(0, size), max_size=5))})
    ranges = [Span(*pair) for pair in itertools.pairwise(bounds)]
    parts = [(points, cut_points(whole, points)) for points in ranges]
    assert all(part.shape == (len(points),) for points, part in parts)
    joined = join_points(iter(parts), shape)
    assert joined.shape == shape
    assert joined.registers["meas"][1] == 9
    assert np.array_equal(joined.registers["meas"][0], whole.registers["meas"][0])
    for name in ("evs", "many"):
        assert joined.data[name].dtype == whole.data[name].dtype
        assert np.array_equal(joined.data[name], whole.data[name])
    assert all(isinstance(value, Lost) for value in joined.data["lost"].flat)
    assert joined.metadata == whole.metadata


@given(shapes.filter(bool), st.data())
def test_what_is_not_there_yet_is_nan(shape: tuple[int, ...], data: Any) -> None:
    whole = outcome_of(shape)
    first = data.draw(st.integers(0, math.prod(shape) - 1))
    points = Span(first, data.draw(st.integers(first + 1, math.prod(shape))))
    filled = fill_points([(points, cut_points(whole, points))], shape, "evs")
    assert filled.shape == shape
    there = np.zeros(math.prod(shape), dtype=bool)
    there[points.start : points.stop] = True
    assert np.array_equal(~np.isnan(filled).ravel(), there)
    assert np.array_equal(filled.ravel()[there], whole.data["evs"].ravel()[there])


@pytest.mark.parametrize(
    "other", [outcome_of((2,), shots=4), outcome_of((2,), bits=10), outcome_of((3,))]
)
def test_ranges_that_do_not_fit_are_an_error(other: PubOutcome) -> None:
    with pytest.raises(NotAvailableError, match="of the points of c"):
        join_points([(Span(0, 2), outcome_of((2,))), (Span(2, 4), other)], (4,))


@given(shapes, st.data())
def test_a_point_is_found_as_numpy_does(shape: tuple[int, ...], data: Any) -> None:
    loc = tuple(data.draw(st.integers(-size, size - 1)) for size in shape)
    assert point_at(0, shape, loc) == np.arange(math.prod(shape)).reshape(shape)[loc]


@pytest.mark.parametrize("loc", [None, 1, (1,), (0, 3), (-3, 0), (0, 0, 0), (0.5, 0), "01", (True, 0)])
def test_there_is_no_such_point(loc: Any) -> None:
    with pytest.raises(InputError, match="circuit 4"):
        point_at(4, (2, 3), loc)


def test_neighbouring_ranges_are_named_as_one() -> None:
    assert points_text([Span(0, 1)]) == "point 0"
    assert points_text([Span(0, 5), Span(5, 9), Span(11, 12)]) == "points 0–8, 11"
    assert points_text([Span(at, at + 1) for at in range(0, 10, 2)]) == "points 0, 2, 4, …"
