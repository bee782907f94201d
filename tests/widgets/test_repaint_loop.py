"""When panels are painted: once a beat, what is large between two, and nobody in another's way."""

from __future__ import annotations

import logging
import threading

import pytest

from qjm_widgets.widgets.repaint_loop import RepaintLoop

SECONDS = 30


class Painted:
    """Remembers what was painted, and says so many times that something is left."""

    def __init__(self, seen: list[str], name: str, left: int = 0) -> None:
        self._seen = seen
        self._name = name
        self._left = left
        self.over = threading.Event()

    def paint(self) -> bool:
        self._seen.append(self._name)
        if len([name for name in self._seen if name == self._name]) > self._left:
            self.over.set()
            return False
        return True


def test_a_mark_is_painted_once_however_often_it_came() -> None:
    pulse, seen = RepaintLoop(), list[str]()
    panel, other = Painted(seen, "panel"), Painted(seen, "other")
    with pulse._condition:  # no beat comes in between
        for _ in range(1000):
            pulse.mark(panel.paint)
        pulse.mark(other.paint)
    assert panel.over.wait(SECONDS)
    assert other.over.wait(SECONDS)
    assert seen == ["panel", "other"]


def test_what_is_large_comes_after_the_beat_though_it_was_marked_before() -> None:
    pulse, seen = RepaintLoop(), list[str]()
    large, small = Painted(seen, "large"), Painted(seen, "small")
    with pulse._condition:
        pulse.mark_between(large.paint)
        pulse.mark(small.paint)
    assert large.over.wait(SECONDS)
    assert seen == ["small", "large"]


@pytest.mark.parametrize("mark", ["mark", "mark_between"])
def test_what_is_left_is_painted_at_the_next_beats(mark: str) -> None:
    pulse, seen = RepaintLoop(), list[str]()
    panel = Painted(seen, "panel", left=3)
    getattr(pulse, mark)(panel.paint)
    assert panel.over.wait(SECONDS)
    assert seen == ["panel"] * 4


def test_one_that_fails_is_logged_and_the_others_are_painted(caplog: pytest.LogCaptureFixture) -> None:
    pulse, seen = RepaintLoop(), list[str]()
    panel = Painted(seen, "panel")

    def fail() -> bool:
        raise RuntimeError("no page")

    with caplog.at_level(logging.ERROR), pulse._condition:
        pulse.mark(fail)
        pulse.mark(panel.paint)
        pulse.flush()
    assert seen == ["panel"]
    assert "a panel could not be painted" in caplog.text
    assert "no page" in caplog.text


def test_a_flush_paints_all_at_once_and_nothing_is_painted_again() -> None:
    pulse, seen = RepaintLoop(), list[str]()
    large, small = Painted(seen, "large"), Painted(seen, "small")
    with pulse._condition:
        pulse.mark_between(large.paint)
        pulse.mark(small.paint)
        pulse.flush()
        assert seen == ["small", "large"]
    last = Painted(seen, "last")
    pulse.mark_between(last.paint)
    assert last.over.wait(SECONDS)
    assert seen == ["small", "large", "last"]
