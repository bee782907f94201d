"""When panels are repainted: once an interval, large messages between two, each panel by itself."""

from __future__ import annotations

import logging
import threading

import pytest

from qjm_widgets.widgets.repaint_loop import RepaintLoop

SECONDS = 30


class Painted:
    """Records its repaints; ``left`` times it has something left for the next one."""

    def __init__(self, seen: list[str], name: str, left: int = 0) -> None:
        self._seen = seen
        self._name = name
        self._left = left
        self.over = threading.Event()

    def repaint(self) -> bool:
        self._seen.append(self._name)
        if len([name for name in self._seen if name == self._name]) > self._left:
            self.over.set()
            return False
        return True


def test_a_panel_is_repainted_once_for_many_requests() -> None:
    loop, seen = RepaintLoop(), list[str]()
    panel, other = Painted(seen, "panel"), Painted(seen, "other")
    with loop._condition:  # no repaint comes between
        for _ in range(1000):
            loop.request(panel.repaint)
        loop.request(other.repaint)
    assert panel.over.wait(SECONDS)
    assert other.over.wait(SECONDS)
    assert seen == ["panel", "other"]


def test_idle_requests_follow_other_requests_even_if_earlier() -> None:
    loop, seen = RepaintLoop(), list[str]()
    large, small = Painted(seen, "large"), Painted(seen, "small")
    with loop._condition:
        loop.request_idle(large.repaint)
        loop.request(small.repaint)
    assert large.over.wait(SECONDS)
    assert seen == ["small", "large"]


@pytest.mark.parametrize("method", ["request", "request_idle"])
def test_what_is_left_is_sent_at_the_next_repaints(method: str) -> None:
    loop, seen = RepaintLoop(), list[str]()
    panel = Painted(seen, "panel", left=3)
    getattr(loop, method)(panel.repaint)
    assert panel.over.wait(SECONDS)
    assert seen == ["panel"] * 4


def test_a_failing_repaint_is_logged_and_others_continue(caplog: pytest.LogCaptureFixture) -> None:
    loop, seen = RepaintLoop(), list[str]()
    panel = Painted(seen, "panel")

    def fail() -> bool:
        raise RuntimeError("no page")

    with caplog.at_level(logging.ERROR), loop._condition:
        loop.request(fail)
        loop.request(panel.repaint)
        loop.flush()
    assert seen == ["panel"]
    assert "a panel could not be repainted" in caplog.text
    assert "no page" in caplog.text


def test_a_flush_repaints_everything_once() -> None:
    loop, seen = RepaintLoop(), list[str]()
    large, small = Painted(seen, "large"), Painted(seen, "small")
    with loop._condition:
        loop.request_idle(large.repaint)
        loop.request(small.repaint)
        loop.flush()
        assert seen == ["small", "large"]
    last = Painted(seen, "last")
    loop.request_idle(last.repaint)
    assert last.over.wait(SECONDS)
    assert seen == ["small", "large", "last"]
