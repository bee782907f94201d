"""Warnings of this package's threads, and those of the user beside them."""

import threading
import warnings

import pytest

from qjm_widgets._threads import CallQueue
from qjm_widgets._warnings import collect_warnings
from tests.fakes import LIMIT


def test_a_warning_of_the_user_is_shown_once_after_a_poll_began_during_a_submission() -> None:
    shown: list[str] = []
    submissions, polls = CallQueue("qjm-send-x"), CallQueue("qjm-poll-x")
    inside, polled, ended = threading.Event(), threading.Event(), threading.Event()
    collected: list[str] = []

    def submit() -> None:
        with collect_warnings() as texts:
            inside.set()
            assert polled.wait(LIMIT)
            warnings.warn("of the backend", stacklevel=1)
        collected.extend(texts)

    def submit_again() -> None:
        with collect_warnings():
            pass
        ended.set()

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        warnings.showwarning = lambda message, *where: shown.append(str(message))  # type: ignore[assignment]
        submissions.call(submit)
        assert inside.wait(LIMIT)
        polls.call(polled.set)  # a poll begins while a submission is under way
        submissions.call(submit_again)
        assert ended.wait(LIMIT)
        warnings.warn("of the user", stacklevel=1)
    submissions.stop()
    polls.stop()
    assert collected == ["of the backend"]
    assert shown == ["of the user"]


def test_a_thread_of_this_package_shows_no_warning(capsys: pytest.CaptureFixture[str]) -> None:
    queue, done = CallQueue("qjm-send-x"), threading.Event()

    def warn() -> None:
        warnings.warn("of a thread", stacklevel=1)
        done.set()

    with warnings.catch_warnings():
        warnings.simplefilter("always")
        queue.call(warn)
        assert done.wait(LIMIT)
    queue.stop()
    assert capsys.readouterr().err == ""
