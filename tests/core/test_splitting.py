"""Cutting circuits into jobs, and putting what the jobs gave back together."""

from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from qjm_widgets.core.records import Span
from qjm_widgets.core.splitting import Item, Limits, Plan, PlannedJob, join, split
from qjm_widgets.errors import InputError, LimitError

limits_of_one = st.none() | st.integers(1, 50)
limits = st.builds(
    Limits,
    circuits=limits_of_one,
    shots=st.none() | st.integers(1, 3000),
    executions=st.none() | st.integers(1, 20_000),
    payload_bytes=st.none() | st.integers(1, 5000),
    points=st.none() | st.integers(1, 50),
    one_shots=st.booleans(),
)
items = st.lists(
    st.builds(
        Item,
        shots=st.none() | st.sampled_from([1, 2, 7, 100, 1000, 1024]),
        points=st.just(1),
        point_bytes=st.just(0),
        payload_bytes=st.integers(0, 400),
    ),
    max_size=40,
)


def cut(items: list[Item], limits: Limits) -> tuple[PlannedJob, ...]:
    """The jobs; circuits that are beyond a limit by themselves have a test of their own."""
    try:
        return split(items, limits)
    except LimitError:
        assume(False)
        raise


def spans_of(jobs: tuple[PlannedJob, ...]) -> list[Span]:
    return list(dict.fromkeys(job.span for job in jobs))


def shots_of(job: PlannedJob, item: Item) -> int:
    """Shots of one circuit in a job."""
    return (job.shots if job.shots is not None else item.shots) or 0


@given(items, limits)
@example([Item(shots=1000)] * 5, Limits(circuits=2, shots=300))
def test_joining_is_the_inverse_of_splitting(items: list[Item], limits: Limits) -> None:
    jobs = cut(items, limits)
    held = [
        (job.span, job.piece, [(c, job.piece) for c in range(job.span.start, job.span.stop)])
        for job in jobs
    ]
    pieces = {c: job.pieces for job in jobs for c in range(job.span.start, job.span.stop)}
    whole = [[(c, piece) for piece in range(pieces[c])] for c in range(len(items))]
    assert join(held, len(items)) == whole
    assert join(reversed(held), len(items)) == whole


@given(items, limits)
def test_every_job_respects_every_limit(items: list[Item], limits: Limits) -> None:
    for job in cut(items, limits):
        inside = items[job.span.start : job.span.stop]
        shots = [shots_of(job, item) for item in inside]
        executions = sum(n * item.points for n, item in zip(shots, inside, strict=True))
        assert job.executions == executions
        assert job.payload_bytes == sum(item.payload_bytes for item in inside)
        assert limits.circuits is None or len(inside) <= limits.circuits
        assert limits.shots is None or max(shots) <= limits.shots
        assert limits.executions is None or executions <= limits.executions
        assert limits.payload_bytes is None or job.payload_bytes <= limits.payload_bytes
        assert limits.points is None or len(inside) <= limits.points
        if limits.one_shots:
            assert len({item.shots for item in inside}) == 1


@given(items, limits)
def test_the_shots_of_the_pieces_add_up(items: list[Item], limits: Limits) -> None:
    got = [0] * len(items)
    for job in cut(items, limits):
        for circuit in range(job.span.start, job.span.stop):
            got[circuit] += shots_of(job, items[circuit])
    assert got == [item.shots or 0 for item in items]


@given(items, limits)
def test_spans_are_ordered_and_cover_every_circuit_once(items: list[Item], limits: Limits) -> None:
    jobs = cut(items, limits)
    spans = spans_of(jobs)
    assert [c for span in spans for c in range(span.start, span.stop)] == list(range(len(items)))
    assert [(job.span, job.piece) for job in jobs] == sorted((j.span, j.piece) for j in jobs)
    for span in spans:
        of_span = [job for job in jobs if job.span == span]
        assert [job.piece for job in of_span] == list(range(of_span[0].pieces))
        assert all(job.pieces == len(of_span) for job in of_span)


@given(items, limits)
def test_no_more_pieces_than_the_limits_ask_for(items: list[Item], limits: Limits) -> None:
    for job in cut(items, limits):
        first = items[job.span.start]
        most = first.shots or 1
        if limits.shots is not None:
            most = min(most, limits.shots)
        if limits.executions is not None:
            most = min(most, limits.executions)
        assert job.pieces == max(1, -(-(first.shots or 1) // most))


@given(st.integers(0, 60), st.integers(1, 10), st.sampled_from([None, 100]))
def test_spans_are_filled_from_the_left(circuits: int, most: int, shots: int | None) -> None:
    jobs = split([Item(shots)] * circuits, Limits(circuits=most))
    assert [job.span for job in jobs] == [
        Span(at, min(at + most, circuits)) for at in range(0, circuits, most)
    ]


@given(st.lists(st.integers(1, 100), min_size=1, max_size=40), st.integers(100, 300))
def test_the_next_circuit_would_not_have_fitted(sizes: list[int], most: int) -> None:
    sized = [Item(payload_bytes=size) for size in sizes]
    for job in split(sized, Limits(payload_bytes=most))[:-1]:
        assert job.payload_bytes + sizes[job.span.stop] > most


def test_shots_are_cut_into_nearly_equal_pieces() -> None:
    jobs = split([Item(shots=1000)] * 2, Limits(shots=300))
    assert [(job.span, job.shots) for job in jobs] == [(Span(0, 2), 250)] * 4
    assert [job.shots for job in split([Item(shots=10)], Limits(shots=4))] == [4, 3, 3]


def test_executions_count_circuits_times_points_times_shots() -> None:
    jobs = split([Item(shots=100, points=3)] * 4, Limits(executions=700))
    assert [(job.span, job.executions) for job in jobs] == [(Span(0, 2), 600), (Span(2, 4), 600)]


def test_different_shots_share_a_job_where_the_backend_allows_it() -> None:
    mixed = [Item(shots=10), Item(shots=10), Item(shots=20)]
    (job,) = split(mixed, Limits(circuits=10))
    assert (job.span, job.shots, job.executions) == (Span(0, 3), None, 40)
    assert [job.shots for job in split(mixed, Limits(circuits=10, one_shots=True))] == [10, 20]


def test_no_circuits_give_no_jobs() -> None:
    assert split([], Limits(circuits=1)) == ()
    assert join([], 0) == []


@pytest.mark.parametrize(
    ("item", "limits", "words"),
    [
        (Item(payload_bytes=11), Limits(payload_bytes=10), ["circuit 1", "11 bytes", "10 bytes"]),
    ],
)
def test_a_circuit_beyond_a_limit_by_itself_is_named(
    item: Item, limits: Limits, words: list[str]
) -> None:
    with pytest.raises(LimitError) as caught:
        split([Item(shots=1), item], limits)
    for word in words:
        assert word in str(caught.value)


@pytest.mark.parametrize("value", [0, -1, True, 1.5, "3"])
@pytest.mark.parametrize("name", ["circuits", "shots", "executions", "payload_bytes", "points"])
def test_a_limit_is_a_whole_number_of_at_least_one(name: str, value: Any) -> None:
    with pytest.raises(LimitError, match=name) as caught:
        Limits(**{name: value})
    assert isinstance(caught.value, InputError)


@given(limits, limits)
def test_the_tighter_limits_satisfy_both(a: Limits, b: Limits) -> None:
    both = a.tighter(b)
    assert both == b.tighter(a)
    assert both.one_shots == (a.one_shots or b.one_shots)
    for name in ("circuits", "shots", "executions", "payload_bytes", "points"):
        known = [v for v in (getattr(a, name), getattr(b, name)) if v is not None]
        assert getattr(both, name) == (min(known) if known else None)


def test_a_plan_shows_its_jobs() -> None:
    jobs = split([Item(shots=1000)] * 1000, Limits(circuits=100))
    plan = Plan(jobs, 1000, 1_000_000, payload_bytes=5000, seconds_to_submit=12.4)
    text = "1,000 circuits in 10 jobs, 1,000,000 executions, 5,000 bytes, at least 12 s to submit"
    assert str(plan) == text
