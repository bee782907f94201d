"""When jobs are asked for next, and how many go out together."""

from hypothesis import given
from hypothesis import strategies as st

from qjm_widgets.core.pacing import Polling, batch

times = st.floats(0, 1e6)


@given(times, st.booleans(), st.integers(1, 200))
def test_the_interval_grows_while_nothing_happens_up_to_a_bound(
    now: float, local: bool, questions: int
) -> None:
    polling = Polling.start(now, local=local)
    assert polling.due == now
    last = 0.0
    for _ in range(questions):
        polling = polling.asked(polling.due, took=0.0, news=False)
        assert last <= polling.interval <= polling.longest
        last = polling.interval
    assert questions < 100 or polling.interval == polling.longest


@given(times, st.booleans(), st.integers(0, 20))
def test_news_brings_the_shortest_interval_back(now: float, local: bool, before: int) -> None:
    polling = Polling.start(now, local=local)
    for _ in range(before):
        polling = polling.asked(now, took=0.0, news=False)
    polling = polling.asked(now, took=0.0, news=True)
    assert (polling.interval, polling.due) == (polling.shortest, now + polling.shortest)


@given(times, st.booleans())
def test_a_wish_brings_the_next_question_forward_never_back(now: float, local: bool) -> None:
    polling = Polling.start(now, local=local)
    for _ in range(10):
        polling = polling.asked(now, took=0.0, news=False)
    soon = polling.soon(now)
    assert soon.due == min(polling.due, now + polling.shortest)
    late = polling.soon(polling.due + 5.0)
    assert late.due == polling.due


@given(times, st.booleans(), st.floats(0, 100), st.booleans())
def test_asking_takes_a_small_part_of_the_time(now: float, local: bool, took: float, news: bool) -> None:
    polling = Polling.start(now, local=local).asked(now, took=took, news=news)
    assert polling.interval >= (20 if local else 2) * took


def test_a_provider_is_asked_with_more_patience() -> None:
    near, far = (Polling.start(0.0, local=local) for local in (True, False))
    assert near.shortest < far.shortest
    assert near.longest < far.longest


@given(st.floats(0, 1e3), st.floats(0, 1e3))
def test_slower_calls_go_out_in_smaller_batches_never_empty(a: float, b: float) -> None:
    slow, fast = max(a, b), min(a, b)
    assert 1 <= batch(slow) <= batch(fast) <= 64


def test_instant_calls_go_out_many_together_and_slow_ones_alone() -> None:
    assert batch(0.0) == 64
    assert batch(1.0) == 1
