"""When jobs are polled next, and how many in one call."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qjm_widgets.core.backoff import Polling, batch

times = st.floats(0, 1e6)


@given(times, st.booleans(), st.integers(1, 200))
def test_the_interval_grows_while_nothing_happens_up_to_a_bound(
    now: float, local: bool, questions: int
) -> None:
    polling = Polling.start(now, local=local)
    assert polling.due == now
    last = 0.0
    for _ in range(questions):
        polling = polling.answered(polling.due, took=0.0, changed=False)
        assert last <= polling.interval <= polling.longest
        last = polling.interval
    assert questions < 100 or polling.interval == polling.longest


@given(times, st.booleans(), st.integers(0, 20))
def test_news_brings_the_shortest_interval_back(now: float, local: bool, before: int) -> None:
    polling = Polling.start(now, local=local)
    for _ in range(before):
        polling = polling.answered(now, took=0.0, changed=False)
    polling = polling.answered(now, took=0.0, changed=True)
    assert (polling.interval, polling.due) == (polling.shortest, now + polling.shortest)


@given(times, st.booleans())
def test_a_request_brings_the_next_poll_forward_never_back(now: float, local: bool) -> None:
    polling = Polling.start(now, local=local)
    for _ in range(10):
        polling = polling.answered(now, took=0.0, changed=False)
    soon = polling.soon(now)
    assert soon.due == min(polling.due, now + polling.shortest)
    late = polling.soon(polling.due + 5.0)
    assert late.due == polling.due


@given(times, st.booleans(), st.floats(0, 100), st.booleans())
def test_polling_takes_a_small_part_of_the_time(
    now: float, local: bool, took: float, changed: bool
) -> None:
    polling = Polling.start(now, local=local).answered(now, took=took, changed=changed)
    assert polling.interval >= (20 if local else 2) * took


def test_a_provider_is_polled_less_often() -> None:
    near, far = (Polling.start(0.0, local=local) for local in (True, False))
    assert near.shortest < far.shortest
    assert near.longest < far.longest


@given(st.floats(0, 1e3), st.floats(0, 1e3))
def test_slower_calls_are_sent_in_smaller_batches_never_empty(a: float, b: float) -> None:
    slow, fast = max(a, b), min(a, b)
    assert 1 <= batch(slow) <= batch(fast) <= 64


def test_instant_calls_are_sent_together_and_slow_ones_alone() -> None:
    assert batch(0.0) == 64
    assert batch(1.0) == 1


@given(st.integers(1, 8), st.integers(1, 16), st.floats(0.02, 1.0))
def test_jobs_of_one_queue_are_polled_when_half_of_them_should_have_ended(
    ended: int, left: int, took: float
) -> None:
    polling = Polling.start(0.0, local=True).sent(0.0, 0)
    polling = polling.answered(took, took=0.0, changed=True, ended=ended, left=left)
    expected = min(max(took / ended * left / 2, polling.shortest), polling.longest)
    assert polling.interval == pytest.approx(expected)
    # Another one behind them is no reason to ask sooner.
    assert polling.sent(took, left).due == polling.due


def test_the_first_of_them_and_all_of_a_provider_are_asked_for_soon() -> None:
    near = Polling.start(0.0, local=True).answered(5.0, took=0.0, changed=True, ended=2, left=1)
    assert near.sent(6.0, 0).due <= 6.0 + near.shortest
    far = Polling.start(0.0, local=False).answered(5.0, took=0.0, changed=True, ended=2, left=9)
    assert far.interval == far.shortest
    for _ in range(5):
        far = far.answered(6.0, took=0.0, changed=False)
    assert far.sent(6.0, 8).due == 6.0 + far.shortest
