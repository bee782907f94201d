"""Callbacks get every event in order, and delay no other."""

import logging
import threading

import pytest

from qjm_widgets.core.records import JobRecord, Span, Status
from qjm_widgets.state.events import EventBus, JobEvent
from tests.fakes import LIMIT


def events(number: int) -> list[JobEvent]:
    jobs = [JobRecord(row, Span(row, row + 1), status=Status.DONE) for row in range(number)]
    return [JobEvent("set", job, Status.RUNNING) for job in jobs]


def test_every_event_is_delivered_once_and_in_order() -> None:
    bus = EventBus()
    received: list[JobEvent] = []
    subscription = bus.subscribe(received.append)
    sent = events(500)
    for at in range(0, 500, 7):
        bus.publish(sent[at : at + 7])
    subscription.unsubscribe()
    subscription.join(LIMIT)
    assert received == sent


def test_a_raising_callback_is_logged_and_gets_the_next_event(
    caplog: pytest.LogCaptureFixture,
) -> None:
    bus = EventBus()
    received: list[int] = []

    def callback(event: JobEvent) -> None:
        received.append(event.job.row)
        if event.job.row == 0:
            raise RuntimeError("my own mistake")

    with caplog.at_level(logging.ERROR, "qjm_widgets"):
        subscription = bus.subscribe(callback)
        bus.publish(events(3))
        bus.close()
        subscription.join(LIMIT)
    assert received == [0, 1, 2]
    assert "my own mistake" in caplog.text


def test_a_slow_callback_delays_no_other_and_not_the_publisher() -> None:
    bus = EventBus()
    go_on, quick = threading.Event(), threading.Event()
    slow_heard: list[int] = []

    def slow(event: JobEvent) -> None:
        assert go_on.wait(LIMIT)
        slow_heard.append(event.job.row)

    def fast(event: JobEvent) -> None:
        if event.job.row == 2:
            quick.set()

    slow_subscription = bus.subscribe(slow)
    bus.subscribe(fast)
    bus.publish(events(3))
    assert quick.wait(LIMIT)
    assert slow_heard == []
    go_on.set()
    bus.close()
    slow_subscription.join(LIMIT)
    assert slow_heard == [0, 1, 2]


def test_leaving_the_with_block_ends_a_subscription() -> None:
    bus = EventBus()
    received: list[JobEvent] = []
    first, second = events(2)
    with bus.subscribe(received.append) as subscription:
        bus.publish([first])
    bus.publish([second])
    subscription.join(LIMIT)
    assert received == [first]


def test_a_callback_may_end_its_own_subscription() -> None:
    bus = EventBus()
    received: list[int] = []

    def once(event: JobEvent) -> None:
        received.append(event.job.row)
        subscription.unsubscribe()
        subscription.join(LIMIT)

    subscription = bus.subscribe(once)
    bus.publish(events(1))
    subscription.join(LIMIT)
    bus.publish(events(1))
    subscription.unsubscribe()
    assert received == [0]
