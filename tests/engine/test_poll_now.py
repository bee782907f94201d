"""While polls fail, users see when the next one is, and can have it now."""

import re
import threading

import pytest

from qjm_widgets import JobManager, JobSet
from qjm_widgets.core.records import Status
from qjm_widgets.errors import InvalidStateError, ProviderError
from qjm_widgets.widgets.panel import Panel
from tests.clocks import JumpingClock
from tests.fakes import LIMIT, ScriptedBackend, ScriptedJob, reach
from tests.faults.backend_errors import answered
from tests.job_sets import start, wait_until_idle
from tests.scripted_adapter import ScriptedAdapter


def click(job_set: JobSet, button: str) -> None:
    """Send what the panel sends when a button is clicked."""
    panel = job_set.panel()
    assert isinstance(panel, Panel)
    panel._receive(panel, {"kind": "command", "v": 1, "id": "1", "do": button, "rows": None}, [])


def silent(manager: JobManager, adapter: ScriptedAdapter, seconds: str = "900") -> JobSet:
    """Return a set with a job for which the provider refuses to answer so long."""
    adapter.raises["observe"] = answered(429, seconds)
    job_set = start(manager, adapter, 1)
    reach(job_set, lambda: job_set._state.jobs[0].last_error)
    wait_until_idle(manager)
    return job_set


def test_a_report_says_when_it_asks_next(manager: JobManager, clock: JumpingClock) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = silent(manager, adapter)
    for text in (repr(job_set), job_set.report()):
        found = re.search(r"polling fails \((.*)\), asks again in (\d+) s", text)
        assert found, text
        assert "429" in found[1]
        assert 890 <= int(found[2]) <= 901
    adapter.raises.clear()
    clock.skip(902)
    wait_until_idle(manager)
    assert "asks again" not in repr(job_set) + job_set.report()


def test_the_panel_gets_the_time_of_the_next_poll(manager: JobManager, clock: JumpingClock) -> None:
    adapter = ScriptedAdapter(hold=True)
    job_set = silent(manager, adapter)
    panel = job_set.panel()
    assert isinstance(panel, Panel)
    stale = panel.snapshot["head"]["stale"]
    assert 890_000 < stale["next"] - 1000 * clock.time() < 901_000
    assert "429" in stale["text"]


@pytest.mark.parametrize("ask", [JobSet.poll, lambda job_set: click(job_set, "ask")])
def test_it_is_asked_at_once_on_request(ask: object, manager: JobManager, clock: JumpingClock) -> None:
    assert callable(ask)
    adapter = ScriptedAdapter(hold=True)
    job_set = silent(manager, adapter)
    polls = adapter.calls["observe"]
    ask(job_set)
    wait_until_idle(manager)
    assert adapter.calls["observe"] == polls + 1
    assert "asks again in" in repr(job_set)  # it failed again
    adapter.raises.clear()
    for job in adapter.sent:
        job.finish()
    ask(job_set)
    assert job_set.wait(LIMIT)
    assert job_set._state.numbers()[Status.DONE] == 1


def test_a_request_during_a_poll_is_a_poll_after_it(manager: JobManager, clock: JumpingClock) -> None:
    adapter = ScriptedAdapter(hold=True)
    gate = adapter.gates["observe"] = threading.Event()
    job_set = start(manager, adapter, 1)
    assert adapter.entered["observe"].wait(LIMIT)
    polled = [manager._engine.poll(job_set._state) for _ in range(3)]
    gate.set()
    for each in polled:
        each.result(LIMIT)
    assert adapter.calls["observe"] >= 2


class Vanishing(ScriptedJob):
    """A job that its provider does not know any more."""

    def status(self) -> None:  # type: ignore[override]
        raise ProviderError("there is no such job", 404)


def test_a_request_is_answered_if_nothing_is_polled_or_a_job_is_unknown(
    manager: JobManager, clock: JumpingClock
) -> None:
    backend = ScriptedBackend(hold=True)
    job_set = start(manager, backend, 2)
    reach(job_set, lambda: len(backend.sent) == 2)
    backend.sent[1].__class__ = Vanishing
    manager._engine.poll(job_set._state).result(LIMIT)
    assert "no such job" in str(job_set._state.jobs[1].last_error)
    assert job_set._state.jobs[0].last_error is None
    backend.sent[1].__class__ = ScriptedJob
    for job in backend.sent:
        job.finish()
    assert job_set.wait(LIMIT)
    manager._engine.poll(job_set._state).result(LIMIT)


def test_a_set_that_nobody_drives_is_not_asked(manager: JobManager, clock: JumpingClock) -> None:
    job_set = start(manager, ScriptedAdapter(), 1)
    assert job_set.wait(LIMIT)
    manager._engine.forget(job_set._state)
    manager._engine.poll(job_set._state).result(LIMIT)
    job_set._state.release()
    with pytest.raises(InvalidStateError, match="nobody drives"):
        job_set.poll()
